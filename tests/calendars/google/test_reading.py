"""What is heard from a calendar at Google."""

from datetime import UTC, datetime, timedelta

import pytest

from guildhall.adapters import google_calendar
from guildhall.adapters.google_calendar import GoogleCalendar
from guildhall.domains.calendars.errors import CalendarUnavailable
from guildhall.domains.calendars.port import Changes, OutsideEvent
from guildhall.simulator.google_calendar import Calendar
from tests.calendars.google.conftest import ROOM
from tests.calendars.google.events import EVENT_ID, HORIZON, OURS, SINCE, UNTIL, timed, whole_day
from tests.services.google_calendar import GoogleServer

FOREIGN = "foreign@example.org"
NINE = datetime(2026, 3, 4, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def of(changes: Changes) -> dict[str, OutsideEvent]:
    return {each.outside_id: each for each in changes.events}


async def test_the_first_look_names_everything_and_the_next_ones_what_changed(
    calendar: GoogleCalendar, room: Calendar
) -> None:
    await calendar.write(OURS, None)
    foreign = room.insert(timed("2026-03-04T09:00:00", "2026-03-04T10:00:00"), by=FOREIGN, name="Fay Reign")
    room.insert(timed("2026-02-01T09:00:00", "2026-02-01T10:00:00"), by=FOREIGN)
    first = await calendar.changes(None, **HORIZON)
    assert first.complete
    assert set(of(first)) == {EVENT_ID, foreign["id"]}
    assert of(first)[foreign["id"]] == OutsideEvent(
        outside_id=foreign["id"], etag=foreign["etag"], own_id=None, title="Foreign", spans=((NINE, NINE + HOUR),),
        blocks=True, declined=frozenset(), organiser="Fay Reign",
    )  # fmt: skip
    assert of(first)[EVENT_ID].own_id == EVENT_ID

    nothing = await calendar.changes(first.position, **HORIZON)
    assert (nothing.events, nothing.gone, nothing.complete) == ((), (), False)

    moved = timed("2026-03-04T11:00:00", "2026-03-04T12:00:00")
    room.change(foreign["id"], {"start": moved["start"], "end": moved["end"]})
    second = await calendar.changes(nothing.position, **HORIZON)
    assert [each.spans for each in second.events] == [((NINE + 2 * HOUR, NINE + 3 * HOUR),)]
    room.delete(foreign["id"])
    third = await calendar.changes(second.position, **HORIZON)
    assert (third.events, third.gone, third.complete) == ((), (foreign["id"],), False)
    # A position can be used again: what was heard may have been lost before it was written down.
    assert (await calendar.changes(nothing.position, **HORIZON)).gone == (foreign["id"],)


async def test_everything_is_read_anew_when_the_token_is_too_old_or_no_token_or_of_another_day(
    calendar: GoogleCalendar, room: Calendar, google: GoogleServer
) -> None:
    room.insert(timed("2026-03-04T09:00:00", "2026-03-04T10:00:00"), by=FOREIGN)
    position = (await calendar.changes(None, **HORIZON)).position
    next_day = {"since": SINCE + timedelta(days=1), "until": UNTIL + timedelta(days=1)}
    again = await calendar.changes(position, **next_day)
    assert (len(again.events), again.complete) == (1, True)
    assert not (await calendar.changes(again.position, **next_day)).complete

    room.expire_sync_tokens()
    fresh = await calendar.changes(position, **HORIZON)
    assert (len(fresh.events), fresh.complete) == (1, True)
    assert not (await calendar.changes(fresh.position, **HORIZON)).complete

    day = position.partition(" ")[0]
    assert (await calendar.changes(f"{day} nonsense", **HORIZON)).complete
    assert (await calendar.changes("nonsense", **HORIZON)).complete
    asked = [each["query"] for each in google.simulator.requests if each["path"].endswith("/events")]
    assert all(("syncToken" in each) != ("timeMin" in each) for each in asked)
    assert not any("singleEvents" in each or "timeMax" in each for each in asked)


async def test_long_calendars_come_in_pages(
    calendar: GoogleCalendar, room: Calendar, google: GoogleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(google_calendar, "PAGE", 3)
    for _ in range(7):
        room.insert(timed("2026-03-04T09:00:00", "2026-03-04T10:00:00"), by=FOREIGN)
    weekly = room.insert(
        timed("2026-03-04T09:00:00", "2026-03-04T10:00:00", recurrence=["RRULE:FREQ=WEEKLY;COUNT=8"]), by=FOREIGN
    )
    found = await calendar.changes(None, **HORIZON)
    assert (len(found.events), len(of(found)[weekly["id"]].spans)) == (8, 8)
    asked = [each["query"] for each in google.simulator.requests if each["path"].endswith("/events")]
    assert len(asked) == 3
    assert not (await calendar.changes(found.position, **HORIZON)).complete


async def test_a_series_is_one_event_with_every_date_within_the_horizon(
    calendar: GoogleCalendar, room: Calendar
) -> None:
    weekly = room.insert(
        timed("2026-02-18T09:00:00", "2026-02-18T10:00:00", recurrence=["RRULE:FREQ=WEEKLY"]), by=FOREIGN
    )
    first = await calendar.changes(None, **HORIZON)
    spans = of(first)[weekly["id"]].spans
    assert (len(spans), spans[0]) == (57, (NINE, NINE + HOUR))
    assert all(ends > SINCE and starts < UNTIL for starts, ends in spans)
    # The clocks change on 29 March: nine o'clock comes an hour earlier in UTC.
    assert (datetime(2026, 4, 1, 7, tzinfo=UTC), datetime(2026, 4, 1, 8, tzinfo=UTC)) in spans

    room.delete(f"{weekly['id']}_20260304T080000Z")
    moved = timed("2026-03-12T15:00:00", "2026-03-12T16:00:00")
    room.change(f"{weekly['id']}_20260311T080000Z", {"start": moved["start"], "end": moved["end"]})
    room.change(f"{weekly['id']}_20260318T080000Z", {"transparency": "transparent"})
    second = await calendar.changes(first.position, **HORIZON)
    assert ([each.outside_id for each in second.events], second.gone) == ([weekly["id"]], ())
    left = second.events[0].spans
    assert len(left) == 55
    assert left[:2] == (
        (datetime(2026, 3, 12, 14, tzinfo=UTC), datetime(2026, 3, 12, 15, tzinfo=UTC)),
        (datetime(2026, 3, 25, 8, tzinfo=UTC), datetime(2026, 3, 25, 9, tzinfo=UTC)),
    )
    assert of(await calendar.changes(None, **HORIZON))[weekly["id"]].spans == left

    room.delete(weekly["id"])
    third = await calendar.changes(second.position, **HORIZON)
    assert (third.events, third.gone) == ((), (weekly["id"],))
    assert (await calendar.changes(None, **HORIZON)).events == ()


async def test_a_series_that_is_over_or_free_time_takes_no_time(calendar: GoogleCalendar, room: Calendar) -> None:
    daily = timed("2026-03-04T09:00:00", "2026-03-04T10:00:00", recurrence=["RRULE:FREQ=DAILY;COUNT=3"])
    free = room.insert({**daily, "transparency": "transparent"}, by=FOREIGN)
    position = (await calendar.changes(None, **HORIZON)).position
    ending = room.insert(daily, by=FOREIGN)
    heard = await calendar.changes(position, **HORIZON)
    assert len(of(heard)[ending["id"]].spans) == 3
    past = timed("2026-01-04T09:00:00", "2026-01-04T10:00:00")
    room.change(ending["id"], {"start": past["start"], "end": past["end"]})
    heard = await calendar.changes(heard.position, **HORIZON)
    assert (of(heard)[ending["id"]].spans, of(heard)[ending["id"]].blocks) == ((), False)
    everything = of(await calendar.changes(None, **HORIZON))
    assert (everything[free["id"]].spans, everything[free["id"]].blocks) == ((), False)


async def test_dates_of_a_series_that_is_somebody_elses_stand_for_themselves(
    calendar: GoogleCalendar, room: Calendar
) -> None:
    weekly = room.insert(
        timed("2026-03-04T09:00:00", "2026-03-04T10:00:00", recurrence=["RRULE:FREQ=WEEKLY"]), by=FOREIGN
    )
    one_date = f"{weekly['id']}_20260311T080000Z"
    room.change(one_date, {"summary": "Only this one"})
    # The room was invited to one date: its calendar holds this one, and no series.
    del room.events[weekly["id"]], room.numbers[weekly["id"]]
    first = await calendar.changes(None, **HORIZON)
    assert [(each.outside_id, each.title) for each in first.events] == [(one_date, "Only this one")]
    room.delete(one_date)
    assert (await calendar.changes(first.position, **HORIZON)).gone == (one_date,)


async def test_free_declined_and_empty_events_do_not_block(calendar: GoogleCalendar, room: Calendar) -> None:
    at = ("2026-03-04T09:00:00", "2026-03-04T10:00:00")
    guests = [{"email": ROOM, "responseStatus": "declined"}, {"email": "Zoe@Example.org", "responseStatus": "declined"}]
    others = [{"email": ROOM, "responseStatus": "accepted"}, {"email": "max@example.org", "responseStatus": "declined"}]
    made = {
        "free": room.insert(timed(*at, transparency="transparent"), by=FOREIGN),
        "declined": room.insert(timed(*at, attendees=guests), by=FOREIGN),
        "accepted": room.insert(timed(*at, attendees=others), by=FOREIGN),
        "empty": room.insert(timed(at[0], at[0]), by=FOREIGN),
    }
    found = of(await calendar.changes(None, **HORIZON))
    assert {name: found[each["id"]].blocks for name, each in made.items()} == {
        "free": False, "declined": False, "accepted": True, "empty": False,
    }  # fmt: skip
    assert found[made["accepted"]["id"]].declined == {"max@example.org"}
    assert found[made["declined"]["id"]].declined == {ROOM, "zoe@example.org"}
    assert found[made["empty"]["id"]].spans == ()


async def test_whole_days_run_from_midnight_to_midnight_of_the_zone(calendar: GoogleCalendar, room: Calendar) -> None:
    # The night in which the clocks go forward: the day has 23 hours.
    short = room.insert(whole_day("2026-03-29", "2026-03-30"), by=FOREIGN)
    daily = room.insert(whole_day("2026-03-28", "2026-03-29", recurrence=["RRULE:FREQ=DAILY;COUNT=3"]), by=FOREIGN)
    found = of(await calendar.changes(None, **HORIZON))
    sunday = (datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC))
    assert found[short["id"]].spans == (sunday,)
    assert found[daily["id"]].spans == (
        (datetime(2026, 3, 27, 23, tzinfo=UTC), sunday[0]), sunday, (sunday[1], datetime(2026, 3, 30, 22, tzinfo=UTC)),
    )  # fmt: skip


async def test_who_declines_our_event_is_named(calendar: GoogleCalendar, room: Calendar) -> None:
    await calendar.write(OURS, None)
    room.change(EVENT_ID, {"attendees": [{"email": "Zoe@example.org"}, {"email": "max@example.org"}]})
    position = (await calendar.changes(None, **HORIZON)).position
    room.respond(EVENT_ID, "zoe@example.org", "declined")
    (ours,) = (await calendar.changes(position, **HORIZON)).events
    assert (ours.own_id, ours.blocks) == (EVENT_ID, True)
    assert ours.declined == {"zoe@example.org"}


async def test_a_copy_of_our_event_is_somebody_elses(calendar: GoogleCalendar, room: Calendar) -> None:
    await calendar.write(OURS, None)
    ours = room.get(EVENT_ID)
    copy = room.insert({name: value for name, value in ours.items() if name != "id"}, by=FOREIGN)
    found = of(await calendar.changes(None, **HORIZON))
    assert (found[EVENT_ID].own_id, found[copy["id"]].own_id) == (EVENT_ID, None)


async def test_times_that_cannot_be_read_are_worth_another_try(calendar: GoogleCalendar, room: Calendar) -> None:
    made = room.insert(timed("2026-03-04T09:00:00", "2026-03-04T10:00:00"), by=FOREIGN)
    position = (await calendar.changes(None, **HORIZON)).position
    room.change(made["id"], {"summary": "Moved"})
    made["start"]["timeZone"] = room.events[made["id"]]["start"]["timeZone"] = "Nowhere/Land"
    with pytest.raises(CalendarUnavailable, match="times of the event"):
        await calendar.changes(position, **HORIZON)
