"""Our events at Google: created, changed, removed, whatever happened to them there."""

from dataclasses import replace
from datetime import timedelta

import pytest

from guildhall.adapters.google_calendar import MARKER, GoogleCalendar
from guildhall.domains.calendars.errors import CalendarChanged, CalendarRefused
from guildhall.domains.calendars.port import Kept
from guildhall.simulator.google_calendar import Calendar
from tests.calendars.google.conftest import ROOM, Adapt
from tests.calendars.google.events import EVENT_ID, HORIZON, OURS, later
from tests.services.google_calendar import GoogleServer

SOMEBODY = "boss@example.org"


async def test_an_event_is_created_under_our_id_and_changed_and_removed(
    calendar: GoogleCalendar, room: Calendar
) -> None:
    kept = await calendar.write(OURS, None)
    there = room.get(EVENT_ID)
    assert kept == Kept(EVENT_ID, there["etag"])
    assert (there["summary"], there["description"], there["location"]) == ("Standup", "Every day", "Ostrom Room")
    assert there["start"] == {"dateTime": "2026-03-03T14:00:00+01:00", "timeZone": "Europe/Brussels"}
    assert there["extendedProperties"] == {"private": {MARKER: EVENT_ID}}

    moved = await calendar.write(replace(later(OURS), description=None), kept)
    there = room.get(EVENT_ID)
    assert moved == Kept(EVENT_ID, there["etag"])
    assert moved.etag != kept.etag
    assert (there["start"]["dateTime"], there["description"]) == ("2026-03-03T15:00:00+01:00", "")

    with pytest.raises(CalendarChanged):
        await calendar.write(OURS, kept)
    with pytest.raises(CalendarChanged):
        await calendar.remove(kept)
    await calendar.remove(moved)
    assert room.get(EVENT_ID)["status"] == "cancelled"
    await calendar.remove(moved)
    await calendar.remove(Kept("neverwasthere", None))
    with pytest.raises(CalendarChanged):
        await calendar.write(OURS, Kept("neverwasthere", '"1"'))
    with pytest.raises(CalendarChanged):
        await calendar.write(OURS, moved)


async def test_a_create_that_finds_the_event_there_brings_it_up_to_date(
    calendar: GoogleCalendar, room: Calendar
) -> None:
    first = await calendar.write(OURS, None)
    again = await calendar.write(later(OURS), None)
    assert again.outside_id == first.outside_id
    assert room.get(EVENT_ID)["start"]["dateTime"] == "2026-03-03T15:00:00+01:00"

    await calendar.remove(again)
    restored = await calendar.write(OURS, None)
    there = room.get(EVENT_ID)
    assert (there["status"], there["etag"]) == ("confirmed", restored.etag)
    assert there["start"]["dateTime"] == "2026-03-03T14:00:00+01:00"


async def test_what_others_made_of_it_is_undone_where_it_is_ours_and_kept_where_it_is_theirs(
    calendar: GoogleCalendar, room: Calendar
) -> None:
    kept = await calendar.write(OURS, None)
    changed = room.change(
        EVENT_ID,
        {
            "start": {"date": "2026-03-03", "dateTime": None, "timeZone": None},
            "end": {"date": "2026-03-04", "dateTime": None, "timeZone": None},
            "recurrence": ["RRULE:FREQ=DAILY"],
            "transparency": "transparent",
            "colorId": "7",
        },
    )
    await calendar.write(OURS, replace(kept, etag=changed["etag"]))
    there = room.get(EVENT_ID)
    assert there["start"] == {"dateTime": "2026-03-03T14:00:00+01:00", "timeZone": "Europe/Brussels"}
    assert ("recurrence" in there, there["transparency"], there["colorId"]) == (False, "opaque", "7")


async def test_google_invites_when_somebody_is_impersonated_and_nobody_otherwise(
    google: GoogleServer, room: Calendar, adapt: Adapt
) -> None:
    room.roles[SOMEBODY] = "writer"
    ours = replace(OURS, attendees=("zoe@example.org", "max@example.org"))
    plain, calendar = adapt(), adapt(impersonate=SOMEBODY)
    assert (plain.invites, calendar.invites) == (False, True)

    kept = await calendar.write(ours, None)
    assert room.get(EVENT_ID)["creator"] == {"email": SOMEBODY}
    assert {(each["to"], each["kind"]) for each in google.simulator.invitations} == {
        ("zoe@example.org", "invitation"), ("max@example.org", "invitation"),
    }  # fmt: skip

    answered = room.respond(EVENT_ID, "zoe@example.org", "accepted")
    invited = [*answered["attendees"], {"email": ROOM, "resource": True}, {"email": "stranger@example.org"}]
    etag = room.change(EVENT_ID, {"attendees": invited})["etag"]
    with pytest.raises(CalendarChanged):
        await calendar.write(replace(ours, attendees=("Zoe@example.org",)), kept)
    kept = await calendar.write(
        replace(ours, attendees=("Zoe@example.org", "new@example.org")), replace(kept, etag=etag)
    )
    assert [(each["email"], each["responseStatus"]) for each in room.get(EVENT_ID)["attendees"]] == [
        ("zoe@example.org", "accepted"), ("new@example.org", "needsAction"), (ROOM, "needsAction"),
    ]  # fmt: skip
    assert ("max@example.org", "cancellation") in {(each["to"], each["kind"]) for each in google.simulator.invitations}

    # Without a person to act for, guests are left as they are and hear nothing.
    told = len(google.simulator.invitations)
    await plain.write(later(ours), kept)
    assert len(room.get(EVENT_ID)["attendees"]) == 3
    assert len(google.simulator.invitations) == told


async def test_an_event_that_was_deleted_outside_stays_so_until_it_is_created_again(
    calendar: GoogleCalendar, room: Calendar
) -> None:
    kept = await calendar.write(OURS, None)
    seen = await calendar.changes(None, **HORIZON)
    room.delete(EVENT_ID)
    with pytest.raises(CalendarChanged):
        await calendar.write(later(OURS, timedelta(hours=2)), kept)
    assert (await calendar.changes(seen.position, **HORIZON)).gone == (EVENT_ID,)
    await calendar.remove(kept)


async def test_a_calendar_that_is_not_shared_refuses_with_what_to_do(
    google: GoogleServer, room: Calendar, adapt: Adapt
) -> None:
    calendar, account = adapt(), google.account.email
    kept = await calendar.write(OURS, None)
    await calendar.check()

    room.roles[account] = "reader"
    for attempt in (calendar.check(), calendar.write(later(OURS), kept), calendar.remove(kept)):
        with pytest.raises(CalendarRefused, match=f"share it with {account} so that it can make changes"):
            await attempt
    await calendar.changes(None, **HORIZON)

    del room.roles[account]
    for attempt in (calendar.check(), calendar.write(later(OURS), kept), calendar.remove(kept)):
        with pytest.raises(CalendarRefused, match=f"share it with {account} so that it can make changes"):
            await attempt
    with pytest.raises(CalendarRefused, match="share it with"):
        await calendar.changes(None, **HORIZON)
    with pytest.raises(CalendarRefused, match="share it with"):
        await adapt("nobody@example.org").write(OURS, None)


async def test_what_makes_no_sense_to_google_is_refused_with_its_words(calendar: GoogleCalendar) -> None:
    with pytest.raises(CalendarRefused, match="time range is empty"):
        await calendar.write(replace(OURS, ends_at=OURS.starts_at - timedelta(hours=1)), None)
