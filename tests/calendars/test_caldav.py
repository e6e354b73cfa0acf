"""The CalDAV adapter: what it makes of other people's events, and how it gets on with servers of several kinds."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from guildhall.adapters.caldav import CalDavCalendar
from guildhall.domains.calendars import CalendarRefused, CalendarUnavailable, OutsideEvent
from tests.calendars.door import Door, Request, open_door, plain
from tests.calendars.world import ZONE, event_text, utc
from tests.services.radicale import PASSWORD, USER, Collection, RadicaleServer

SINCE, UNTIL = utc(1, 0), utc(1, 0) + timedelta(days=400)
BRUSSELS = ";TZID=Europe/Brussels:"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


def opened(url: str, client: httpx.AsyncClient, *, password: str = PASSWORD) -> CalDavCalendar:
    return CalDavCalendar(url, username=USER, password=password, zone=ZONE, client=client)


async def read(calendar: Collection, client: httpx.AsyncClient, document: str) -> OutsideEvent:
    """Return a document as the adapter reads it."""
    calendar.put("event.ics", document)
    (event,) = (await opened(calendar.url, client).changes(None, since=SINCE, until=UNTIL)).events
    return event


def hours(event: OutsideEvent) -> list[str]:
    """Return when each occurrence begins, in UTC."""
    return [f"{start:%d.%m. %H:%M}" for start, _ in event.spans]


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("20260322T090000", ["22.03. 08:00", "29.03. 07:00", "05.04. 07:00"]),
        ("20261018T090000", ["18.10. 07:00", "25.10. 08:00", "01.11. 08:00"]),
    ],
)
async def test_a_weekly_event_keeps_its_time_of_day_when_the_clocks_change(
    calendar: Collection, client: httpx.AsyncClient, first: str, expected: list[str]
) -> None:
    end = first.replace("T09", "T10")
    event = await read(
        calendar, client, event_text("weekly", BRUSSELS + first, BRUSSELS + end, "Weekly", "RRULE:FREQ=WEEKLY;COUNT=3")
    )
    assert hours(event) == expected
    assert all(end - start == timedelta(hours=1) for start, end in event.spans)
    assert event.blocks


async def test_occurrences_that_are_left_out_moved_or_cancelled_are_so(
    calendar: Collection, client: httpx.AsyncClient
) -> None:
    series = event_text(
        "series", BRUSSELS + "20260302T090000", BRUSSELS + "20260302T100000", "Series", "RRULE:FREQ=DAILY;COUNT=5",
        "EXDATE;TZID=Europe/Brussels:20260303T090000",
    )  # fmt: skip
    changed = event_text(
        "series", BRUSSELS + "20260304T150000", BRUSSELS + "20260304T160000", "Later",
        "RECURRENCE-ID;TZID=Europe/Brussels:20260304T090000",
    )  # fmt: skip
    dropped = event_text(
        "series", BRUSSELS + "20260305T090000", BRUSSELS + "20260305T100000", "Not today", "STATUS:CANCELLED",
        "RECURRENCE-ID;TZID=Europe/Brussels:20260305T090000",
    )  # fmt: skip
    parts = [text.split("BEGIN:VEVENT", 1)[1].rsplit("END:VCALENDAR")[0] for text in (changed, dropped)]
    document = series.replace("END:VCALENDAR", "".join(f"BEGIN:VEVENT{part}" for part in parts) + "END:VCALENDAR")
    event = await read(calendar, client, document)
    assert hours(event) == ["02.03. 08:00", "04.03. 14:00", "06.03. 08:00"]
    assert event.title == "Series"


async def test_days_and_times_without_a_zone_are_those_of_the_house(
    calendar: Collection, client: httpx.AsyncClient
) -> None:
    day = await read(calendar, client, event_text("day", ";VALUE=DATE:20260329", ";VALUE=DATE:20260330", "Clock day"))
    assert day.spans == ((utc(28, 23), utc(29, 22)),), "a day of 23 hours"
    floating = await read(calendar, client, event_text("day", "20260401T100000", "20260401T110000"))
    assert hours(floating) == ["01.04. 08:00"]
    no_end = event_text("day", ";VALUE=DATE:20260401", ";VALUE=DATE:20260402").replace(
        "DTEND;VALUE=DATE:20260402\r\n", ""
    )
    assert (await read(calendar, client, no_end)).spans == ((utc(31, 22), utc(1, 22, month=4)),)
    endless = event_text("day", "20200101T080000Z", "20200101T090000Z", "Daily", "RRULE:FREQ=DAILY")
    event = await read(calendar, client, endless)
    assert len(event.spans) == 400
    assert event.spans[0][0] == utc(1, 8)


@pytest.mark.parametrize(
    ("line", "blocks"),
    [
        ("STATUS:CONFIRMED", True),
        ("STATUS:CANCELLED", False),
        ("TRANSP:TRANSPARENT", False),
        ("ATTENDEE;PARTSTAT=DECLINED:mailto:Guest@Else.test", True),
        ("ATTENDEE;CUTYPE=ROOM;PARTSTAT=DECLINED:mailto:ostrom@hub.test", False),
        (f"ATTENDEE;PARTSTAT=DECLINED:mailto:{USER}", False),
    ],
)
async def test_what_is_cancelled_free_or_declined_by_the_room_holds_nothing(
    calendar: Collection, client: httpx.AsyncClient, line: str, *, blocks: bool
) -> None:
    event = await read(calendar, client, event_text("one", "20260319T090000Z", "20260319T100000Z", "One", line))
    assert event.blocks is blocks
    assert len(event.spans) == 1
    assert event.declined == ({line.rpartition("mailto:")[2].lower()} if "DECLINED" in line else frozenset())


async def test_an_event_that_cannot_be_read_hides_no_other(calendar: Collection, client: httpx.AsyncClient) -> None:
    good = event_text("good", "20260319T090000Z", "20260319T100000Z", "Good")
    calendar.put("often.ics", event_text("often", "20260319T090000Z", "20260319T090100Z", "", "RRULE:FREQ=SECONDLY"))
    minutes = ",".join(str(minute) for minute in range(60))
    rule = f"RRULE:FREQ=DAILY;BYHOUR=8,9;BYMINUTE={minutes}"
    calendar.put("minutes.ics", event_text("minutes", "20260319T090000Z", "20260319T090100Z", "", rule))
    calendar.put("task.ics", good.replace("VEVENT", "VTODO").replace("DTEND", "DUE").replace("good", "task"))
    calendar.put("good.ics", good)
    changes = await opened(calendar.url, client).changes(None, since=SINCE, until=UNTIL)
    found = sorted((event.title, len(event.spans), event.blocks) for event in changes.events)
    assert found == [*[("Busy", 0, False)] * 3, ("Good", 1, True)]


async def test_only_what_changed_is_named_again_and_the_next_day_everything(
    calendar: Collection, client: httpx.AsyncClient
) -> None:
    outside = opened(calendar.url, client)
    for name in ("a", "b"):
        calendar.put(f"{name}.ics", event_text(name, "20260319T090000Z", "20260319T100000Z"))
    first = await outside.changes(None, since=SINCE, until=UNTIL)
    assert (len(first.events), first.complete) == (2, True)
    again = await outside.changes(first.position, since=SINCE, until=UNTIL)
    assert (again.events, again.gone, again.complete) == ((), (), False)
    calendar.put("a.ics", event_text("a", "20260319T110000Z", "20260319T120000Z"))
    calendar.delete("b.ics")
    after = await outside.changes(first.position, since=SINCE, until=UNTIL)
    assert [event.outside_id.rpartition("/")[2] for event in after.events] == ["a.ics"]
    assert [place.rpartition("/")[2] for place in after.gone] == ["b.ics"]
    for position in (
        first.position.replace("sync/", "sync/0"),
        "not a position",
        after.position.replace(SINCE.date().isoformat(), "2026-02-28"),
    ):
        whole = await outside.changes(position, since=SINCE, until=UNTIL)
        assert (len(whole.events), whole.complete) == (1, True)
        assert "token" in whole.position


async def test_a_server_without_tokens_is_asked_for_its_versions(
    radicale: RadicaleServer, calendar: Collection, client: httpx.AsyncClient
) -> None:
    async def no_tokens(door: Door, request: Request) -> bytes:
        if b"sync-collection" in request.body:
            return plain(403, b'<error xmlns="DAV:"><supported-report/></error>')
        return await door.let_through(request)

    async with open_door(radicale.origin, no_tokens) as door:
        outside = opened(door.url(calendar.url), client)
        for number in range(120):
            calendar.put(f"{number:03}.ics", event_text(str(number), "20260319T090000Z", "20260319T100000Z"))
        first = await outside.changes(None, since=SINCE, until=UNTIL)
        assert (len(first.events), first.complete) == (120, True)
        asked = len(door.seen)
        assert (await outside.changes(first.position, since=SINCE, until=UNTIL)).events == ()
        assert len(door.seen) == asked + 1, "one question when nothing has changed"
        calendar.put("007.ics", event_text("7", "20260319T110000Z", "20260319T120000Z"))
        calendar.delete("008.ics")
        after = await outside.changes(first.position, since=SINCE, until=UNTIL)
        assert [event.outside_id.rpartition("/")[2] for event in after.events] == ["007.ics"]
        assert [place.rpartition("/")[2] for place in after.gone] == ["008.ics"]
        assert not after.complete


async def test_a_server_that_names_a_few_at_a_time_is_asked_until_it_has_named_all(
    radicale: RadicaleServer, calendar: Collection, client: httpx.AsyncClient
) -> None:
    places = [calendar.url.removeprefix(radicale.origin) + name for name in ("a.ics", "b.ics")]
    named = "<response><href>{}</href><propstat><prop><getetag>x</getetag></prop>{}</propstat></response>"
    fine = "<status>HTTP/1.1 200 OK</status>"
    cut = f"<response><href>{calendar.url}</href><status>HTTP/1.1 507 Insufficient Storage</status></response>"
    pages = {
        b"<ns0:sync-token />": f"{named.format(places[0], fine)}{cut}<sync-token>more</sync-token>",
        b"<ns0:sync-token>more<": f"{named.format(places[1], fine)}<sync-token>all</sync-token>",
    }

    async def a_few(door: Door, request: Request) -> bytes:
        for token, page in pages.items():
            if token in request.body:
                return plain(207, f'<multistatus xmlns="DAV:">{page}</multistatus>'.encode())
        return await door.let_through(request)

    for name in ("a", "b"):
        calendar.put(f"{name}.ics", event_text(name, "20260319T090000Z", "20260319T100000Z"))
    async with open_door(radicale.origin, a_few) as door:
        changes = await opened(door.url(calendar.url), client).changes(None, since=SINCE, until=UNTIL)
    assert sorted(event.outside_id for event in changes.events) == places
    assert '"token":"all"' in changes.position


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ("200 OK", "500 Internal Server Error"),
        ("</href><propstat>", "</href><status>HTTP/1.1 503 Busy</status><propstat>"),
        ("b.ics", "c.ics"),
    ],
)
async def test_an_event_that_is_named_and_not_given_is_not_taken_for_deleted(
    radicale: RadicaleServer, calendar: Collection, client: httpx.AsyncClient, found: str, said: str
) -> None:
    async def forgetful(door: Door, request: Request) -> bytes:
        answer = await door.let_through(request)
        if b"multiget" not in request.body:
            return answer
        return plain(207, answer.split(b"\r\n\r\n", 1)[1].replace(found.encode(), said.encode()))

    calendar.put("a.ics", event_text("a", "20260319T090000Z", "20260319T100000Z"))
    calendar.put("b.ics", event_text("b", "20260319T090000Z", "20260319T100000Z"))
    async with open_door(radicale.origin, forgetful) as door:
        outside = opened(door.url(calendar.url), client)
        with pytest.raises(CalendarUnavailable, match="does not give an event that it named"):
            await outside.changes(None, since=SINCE, until=UNTIL)


async def test_a_proxy_that_calls_the_calendar_otherwise_does_not_matter(
    radicale: RadicaleServer, calendar: Collection, client: httpx.AsyncClient
) -> None:
    async def elsewhere(door: Door, request: Request) -> bytes:
        answer = await door.let_through(request)
        return plain(207, answer.split(b"\r\n\r\n", 1)[1].replace(b"<href>/hub/", b"<href>/dav/people/hub/"))

    calendar.put("a b.ics", event_text("a", "20260319T090000Z", "20260319T100000Z"))
    async with open_door(radicale.origin, elsewhere) as door:
        outside = opened(door.url(calendar.url), client)
        changes = await outside.changes(None, since=SINCE, until=UNTIL)
        place = calendar.url.removeprefix(radicale.origin) + "a%20b.ics"
        assert [event.outside_id for event in changes.events] == [place]


async def test_check_tells_a_calendar_from_what_is_none(
    radicale: RadicaleServer, calendar: Collection, client: httpx.AsyncClient
) -> None:
    await opened(calendar.url, client).check()
    for url, password, words in (
        (calendar.url, "wrong", "does not accept the user or the password"),
        (f"{radicale.origin}/{USER}/", PASSWORD, "no calendar at this address"),
        (f"{calendar.url}nothing/", PASSWORD, "no calendar at this address"),
        (f"{radicale.origin}/somebody/else/", PASSWORD, "does not allow this"),
    ):
        with pytest.raises(CalendarRefused, match=words):
            await opened(url, client, password=password).check()

    async def read_only(door: Door, request: Request) -> bytes:
        answer = await door.let_through(request)
        return plain(207, answer.split(b"\r\n\r\n", 1)[1].replace(b"<all />", b"").replace(b"<write", b"<see"))

    async with open_door(radicale.origin, read_only) as door:
        with pytest.raises(CalendarRefused, match="not written"):
            await opened(door.url(calendar.url), client).check()
