"""Calendars to subscribe to: of a room, and of a person at a secret address. Read as a calendar program reads them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from icalendar import Calendar, Event

from guildhall.settings import Settings
from tests.clock import SettableClock
from tests.dialects.commonshub.asking import acting_for, booked, refusal
from tests.dialects.commonshub.stored import everything_stored
from tests.serving import PROVIDER_ID, Served, serving, settings_for

OSTROM = "/v1/rooms/ostrom/calendar.ics"
BRUSSELS = ZoneInfo("Europe/Brussels")
HOST = "http://hub.test"


async def read(client: httpx.AsyncClient, path: str = OSTROM) -> Calendar:
    """Return a calendar as a program reads it, with a definition for every zone it names."""
    answer = await client.get(path.removeprefix(HOST))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    calendar = Calendar.from_ical(answer.content)
    assert isinstance(calendar, Calendar)
    assert calendar.get_missing_tzids() == set()
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))
    return calendar


def entries(calendar: Calendar) -> dict[str, dict[str, Any]]:
    """Return what a program shows of each entry, by its title."""
    return {
        str(event["summary"]): {
            "uid": str(event["uid"]),
            "sequence": event.sequence,
            "status": str(event["status"]),
            "start": event.start,
            "end": event.end,
        }
        for event in calendar.events
    }


async def rotate(client: httpx.AsyncClient, **headers: str) -> str:
    """Make a feed for the acting person, and return its path."""
    answer = await client.post("/v1/users/me/calendar-feed", headers=headers or None)
    assert answer.status_code == 200, answer.text
    url: str = answer.json()["calendarFeedUrl"]
    assert url.startswith(f"{HOST}/v1/feeds/")
    return url.removeprefix(HOST)


async def test_everybody_reads_the_calendar_of_a_room(
    person: httpx.AsyncClient, stranger: httpx.AsyncClient, clock: SettableClock
) -> None:
    empty = await read(stranger)
    assert (str(empty["x-wr-calname"]), str(empty["version"]), empty.events) == ("Ostrom Room", "2.0", [])
    text = "Line one\nLine two, ünïcode ☃ " + "x" * 200
    event = await booked(person, title="Board; with, commas\\", description=text)
    await booked(person, date="2026-07-01", title="Summer")
    await booked(person, "mush", title="elsewhere")
    calendar = await read(stranger)
    assert sorted(entries(calendar)) == ["Board; with, commas\\", "Summer"]
    board: Event = calendar.events[0]
    assert str(board["uid"]) == f"{event['eventId']}@hub.test"
    assert str(board["description"]) == text
    assert (str(board["location"]), str(board["status"]), board.sequence) == ("Ostrom Room", "CONFIRMED", 0)
    assert board.start == datetime(2026, 3, 19, 14, tzinfo=BRUSSELS)
    assert board.end == datetime(2026, 3, 19, 15, tzinfo=BRUSSELS)
    assert board.stamp == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert entries(calendar)["Summer"]["start"].utcoffset() == timedelta(hours=2)
    assert "attendee" not in board


async def test_a_cancelled_booking_stays_for_thirty_days_as_cancelled(
    person: httpx.AsyncClient, stranger: httpx.AsyncClient, clock: SettableClock
) -> None:
    event = await booked(person)
    before = entries(await read(stranger))["Team Standup"]
    cancelled_at = clock.advance(timedelta(days=1))
    await person.delete(f"/v1/rooms/ostrom/book/{event['eventId']}")
    await booked(person, title="Instead")
    both = await read(stranger)
    after = entries(both)["Team Standup"]
    assert after == {**before, "sequence": 1, "status": "CANCELLED"}
    assert entries(both)["Instead"]["status"] == "CONFIRMED"
    (stamp,) = [each.stamp for each in both.events if each["status"] == "CANCELLED"]
    assert stamp == cancelled_at
    clock.set(cancelled_at + timedelta(days=30) - timedelta(seconds=1))
    assert "Team Standup" in entries(await read(stranger))
    clock.set(cancelled_at + timedelta(days=30))
    assert list(entries(await read(stranger))) == ["Instead"]


async def test_a_calendar_reaches_90_days_back_and_400_ahead(
    person: httpx.AsyncClient, stranger: httpx.AsyncClient, clock: SettableClock
) -> None:
    today = clock.now().date()
    days = {"long ago": -91, "back": -89, "ahead": 399, "too far": 401, "for ever": 2_900_000}
    for title, offset in days.items():
        day = (today + timedelta(days=offset)).isoformat()
        await booked(person, date=day, title=title)
        gone = await booked(person, date=day, title=f"{title}, cancelled", start="16:00", end="17:00")
        await person.delete(f"/v1/rooms/ostrom/book/{gone['eventId']}")
    feed = await rotate(person)
    for path in (OSTROM, feed):
        assert sorted(entries(await read(stranger, path))) == ["ahead", "ahead, cancelled", "back", "back, cancelled"]


async def test_a_private_booking_is_busy_in_the_calendar_of_the_room_and_named_in_ones_own(
    person: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    event = await booked(person, title="Surprise", description="cake", private=True)
    (busy,) = (await read(stranger)).events
    assert (str(busy["summary"]), "description" in busy) == ("Busy", False)
    (own,) = (await read(stranger, await rotate(person))).events
    assert (str(own["summary"]), str(own["description"])) == ("Surprise", "cake")
    assert str(own["uid"]) == str(busy["uid"]) == f"{event['eventId']}@hub.test"
    await person.delete(f"/v1/rooms/ostrom/book/{event['eventId']}")
    (busy,) = (await read(stranger)).events
    assert (str(busy["summary"]), str(busy["status"])) == ("Busy", "CANCELLED")


async def test_a_program_that_has_the_calendar_is_told_so(
    person: httpx.AsyncClient, stranger: httpx.AsyncClient, clock: SettableClock
) -> None:
    await booked(person)
    for path in (OSTROM, await rotate(person)):
        first = await stranger.get(path)
        tag = first.headers["etag"]
        assert first.headers["last-modified"] == "Mon, 02 Mar 2026 09:00:00 GMT"
        clock.advance(timedelta(minutes=1))
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = await stranger.get(path, headers={"If-None-Match": known})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), known
        head = await stranger.head(path)
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)
        assert head.headers["content-length"] == first.headers["content-length"]
        for other in ('"other"', "", tag.strip('"')):
            again = await stranger.get(path, headers={"If-None-Match": other})
            assert (again.status_code, again.content) == (200, first.content), other
    stale = (await stranger.get(OSTROM)).headers["etag"]
    await booked(person, start="16:00", end="17:00")
    changed = await stranger.get(OSTROM, headers={"If-None-Match": stale})
    assert (changed.status_code, changed.headers["last-modified"]) == (200, "Mon, 02 Mar 2026 09:02:00 GMT")


async def test_a_feed_is_a_persons_own_bookings_at_an_address_that_nobody_guesses(
    person: httpx.AsyncClient, app: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    other = acting_for("777", "zoe")
    assert (await person.get("/v1/users/me")).json()["calendarFeedUrl"] is None
    feed, others = await rotate(person), await rotate(app, **other)
    assert feed != others
    assert (await person.get("/v1/users/me")).json()["calendarFeedUrl"] == HOST + feed
    assert entries(await read(stranger, feed)) == {}
    await booked(person)
    await booked(app, "mush", title="Zoe's", headers=other)
    calendar = await read(stranger, feed)
    assert str(calendar["x-wr-calname"]) == "Xavier Damman, shifts and bookings"
    assert list(entries(calendar)) == ["Team Standup"]
    assert [str(event["location"]) for event in calendar.events] == ["Ostrom Room"]
    assert list(entries(await read(stranger, others))) == ["Zoe's"]
    token = feed.split("/")[3]
    for unknown in (token[:-1], token + "A", "x" * 43, "%00" * 40, token.swapcase()):
        answer = await stranger.get(f"/v1/feeds/{unknown}/shifts.ics")
        assert answer.status_code == 404
        assert answer.json()["error"] in {"feed_not_found", "not_found"}


async def test_a_new_feed_kills_the_old_address(person: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    feeds = [await rotate(person) for _ in range(3)]
    assert len(set(feeds)) == 3
    for dead in feeds[:-1]:
        assert refusal(await stranger.get(dead)) == (404, "feed_not_found")
    await read(stranger, feeds[-1])
    together = await asyncio.gather(*(rotate(person) for _ in range(8)))
    alive = [feed for feed in together if (await stranger.get(feed)).status_code == 200]
    assert [HOST + feed for feed in alive] == [(await person.get("/v1/users/me")).json()["calendarFeedUrl"]]


async def test_the_address_of_a_feed_cannot_be_read_from_the_database(
    person: httpx.AsyncClient, served: Served, settings: Settings
) -> None:
    token = (await rotate(person)).split("/")[3]
    kept = everything_stored(settings.database_url)
    assert PROVIDER_ID in kept
    assert token not in kept


class TestWithoutPublicCalendars:
    @pytest.fixture
    def settings(self, settings: Settings, database_url: str) -> Settings:
        return settings_for(database_url, settings.store.data_dir, COMMONSHUB_PUBLIC_CALENDARS="false")

    async def test_a_rooms_calendar_is_not_there_and_a_persons_is(
        self, person: httpx.AsyncClient, stranger: httpx.AsyncClient
    ) -> None:
        for client in (stranger, person):
            assert refusal(await client.get(OSTROM)) == (404, "room_not_found")
        await read(stranger, await rotate(person))


async def test_a_calendar_is_the_same_document_after_a_restart(settings: Settings, clock: SettableClock) -> None:
    documents = []
    for _ in range(2):
        async with serving(settings, clock=clock) as served, served.client() as client:
            documents.append((await client.get(OSTROM)).content)
    assert documents[0] == documents[1]
