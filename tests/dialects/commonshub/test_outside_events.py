"""Events of a room's own calendar hold the room, and are told as what they are."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from guildhall.core.actor import SYSTEM, Actor, ActorKind
from guildhall.domains import audit, notifications, rooms
from guildhall.domains.identity import Permission
from guildhall.domains.rooms import Conflict, Import
from guildhall.domains.rooms.errors import InvalidRange, RoomBooked
from guildhall.domains.rooms.times import Span
from tests.dialects.commonshub.asking import book, booked, refusal
from tests.serving import Served

ROOM = "ostrom"
DAY = "2026-03-19"
CARETAKER = Actor(ActorKind.SYSTEM, permissions=frozenset({Permission.MANAGE_ROOMS}))
AVAILABILITY = f"/v1/rooms/{ROOM}/availability?date={DAY}"


def span(start: str, end: str) -> Span:
    """Return the time between two instants that are written with their offsets."""
    return Span(*(datetime.fromisoformat(text).astimezone(UTC) for text in (start, end)))


RECITAL = span(f"{DAY}T14:30+01:00", f"{DAY}T15:30+01:00")


async def keep(served: Served, *spans: Span, name: str = "recital", title: str = "Recital") -> Sequence[Conflict]:
    """Import an event with these times."""
    house = served.house
    event = Import(source="caldav", outside_id=name, title=title, organiser="Choir", spans=spans)
    async with house.database.write() as tx:
        room = await rooms.access_room(tx, SYSTEM, ROOM, to_book=True)
        return await rooms.keep_outside_event(tx, SYSTEM, room, event, now=house.clock.now())


async def shown(client: httpx.AsyncClient, day: str = DAY) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the titles and starts of a day's events, and its free time."""
    answer = (await client.get(f"/v1/rooms/{ROOM}/availability?date={day}")).json()
    return (
        [(each["title"], each["start"]) for each in answer["events"]],
        [(each["start"], each["end"]) for each in answer["availableSlots"]],
    )


async def test_an_outside_event_holds_the_room_and_can_only_be_changed_outside(
    served: Served, person: httpx.AsyncClient, master: httpx.AsyncClient
) -> None:
    assert await keep(served, RECITAL) == []
    answer = (await person.get(AVAILABILITY)).json()
    (event,) = answer["events"]
    assert {key: event[key] for key in ("title", "bookedBy", "userId", "source", "allDay", "private")} == {
        "title": "Recital", "bookedBy": "Choir", "userId": None, "source": "caldav", "allDay": False, "private": False,
    }  # fmt: skip
    assert (event["start"], event["end"]) == (f"{DAY}T14:30:00+01:00", f"{DAY}T15:30:00+01:00")
    assert answer["availableSlots"] == [{"start": "08:00", "end": "14:30"}, {"start": "15:30", "end": "22:00"}]

    refused = await book(person)
    assert refusal(refused) == (409, "room_booked")
    assert refused.json()["details"]["start"] == event["start"]
    assert {each["room"] for each in refused.json()["details"]["alternatives"]} >= {ROOM}
    await booked(person, start="13:30", end="14:30")
    await booked(person, start="15:30", end="16:30")

    for client in (person, master):
        assert refusal(await client.delete(f"/v1/rooms/{ROOM}/book/{event['id']}")) == (403, "external_event")
    assert refusal(await person.delete(f"/v1/rooms/mush/book/{event['id']}")) == (404, "booking_not_found")

    slots = (await person.get(f"/v1/shifts/{DAY}")).json()["slots"]
    meanwhile = {slot["index"]: [each["title"] for each in slot["roomEvents"]] for slot in slots}
    assert (meanwhile[1], meanwhile[2]) == (["Team Standup"], ["Recital", "Team Standup"])
    assert "SUMMARY:Recital" in (await person.get(f"/v1/rooms/{ROOM}/calendar.ics")).text


async def test_an_outside_event_follows_its_calendar(served: Served, person: httpx.AsyncClient) -> None:
    later = Span(RECITAL.start + timedelta(days=7), RECITAL.end + timedelta(days=7))
    await keep(served, RECITAL, later)
    ids = [(await person.get(AVAILABILITY)).json()["events"][0]["id"]]
    await keep(served, RECITAL, later, title="Concert")
    ids.append((await person.get(AVAILABILITY)).json()["events"][0]["id"])
    assert ids[0] == ids[1]
    assert (await shown(person))[0] == [("Concert", f"{DAY}T14:30:00+01:00")]
    await keep(served, later, title="Concert")
    assert (await shown(person))[0] == []
    assert (await shown(person, "2026-03-26"))[0] == [("Concert", "2026-03-26T14:30:00+01:00")]
    await keep(served, RECITAL, name="other", title="")
    async with served.house.database.write() as tx:
        room = await rooms.access_room(tx, SYSTEM, ROOM, to_book=True)
        gone = await rooms.forget_outside_events(tx, SYSTEM, room, but={"other"}, now=served.house.clock.now())
    assert gone == ["recital"]
    assert (await shown(person, "2026-03-26"))[0] == []
    assert (await shown(person))[0] == [("Busy", f"{DAY}T14:30:00+01:00")]
    await keep(served, name="other")
    assert (await shown(person))[0] == []


async def test_what_has_not_changed_is_not_written_again(served: Served) -> None:
    await keep(served, RECITAL)

    async def imports() -> int:
        async with served.house.database.read() as tx:
            return len(await audit.page_of_entries(tx, limit=10, action="room.event_imported"))

    await keep(served, RECITAL)
    assert await imports() == 1
    await keep(served, RECITAL, title="Concert")
    assert await imports() == 2


async def test_an_event_of_many_days_is_one_event_on_each_of_them(served: Served, person: httpx.AsyncClient) -> None:
    await keep(served, span("2026-03-10T00:00+01:00", "2026-04-05T00:00+02:00"), title="Works")
    for day in ("2026-03-10", "2026-03-19", "2026-03-29", "2026-04-04"):
        answer = (await person.get(f"/v1/rooms/{ROOM}/availability?date={day}")).json()
        assert [(each["title"], each["start"], each["end"], each["allDay"]) for each in answer["events"]] == [
            ("Works", "2026-03-10T00:00:00+01:00", "2026-04-05T00:00:00+02:00", True)
        ]
        assert answer["availableSlots"] == []
        assert refusal(await book(person, date=day, start="08:00", end="09:00")) == (409, "room_booked")
    assert (await shown(person, "2026-04-05"))[0] == []
    whole = (await person.get(f"/v1/rooms/{ROOM}/availability?from=2026-03-09&to=2026-04-06")).json()
    assert len(whole["events"]) == 1
    assert [day["date"] for day in whole["days"] if not day["events"]] == ["2026-03-09", "2026-04-05", "2026-04-06"]


async def test_a_clash_leaves_the_booking_alone_and_is_listed_until_it_is_over(
    served: Served, person: httpx.AsyncClient
) -> None:
    standup = await booked(person)
    (conflict,) = await keep(served, RECITAL, span("2026-03-19T08:00+01:00", "2026-03-19T09:00+01:00"))
    assert (conflict.booking_id, conflict.title, conflict.booking_title) == (
        standup["eventId"], "Recital", "Team Standup",
    )  # fmt: skip
    assert [title for title, _ in (await shown(person))[0]] == ["Recital", "Team Standup", "Recital"]
    async with served.house.database.read() as tx:
        assert await rooms.list_conflicts(tx, since=RECITAL.start) == [conflict]
        assert await rooms.list_conflicts(tx, since=RECITAL.end) == []
    await person.delete(f"/v1/rooms/{ROOM}/book/{standup['eventId']}")
    async with served.house.database.read() as tx:
        assert await rooms.list_conflicts(tx, since=RECITAL.start) == []


async def test_a_booking_moves_only_to_free_time(served: Served, person: httpx.AsyncClient) -> None:
    house = served.house
    standup = await booked(person, email="ada@example.org")
    await booked(person, start="16:00", end="17:00")
    await keep(served, span(f"{DAY}T10:00+01:00", f"{DAY}T11:00+01:00"))

    async def move(start: str, end: str) -> None:
        async with house.database.write() as tx:
            room = await rooms.access_room(tx, SYSTEM, ROOM, to_book=True)
            booking = await rooms.access_booking_to_cancel(tx, CARETAKER, room, standup["eventId"])
            moved = span(start, end)
            await rooms.move_booking(tx, CARETAKER, booking, room, moved, hub=house.hub, now=house.clock.now())

    for start, end, refused in (
        ("15:30", "16:30", RoomBooked),
        ("10:30", "12:00", RoomBooked),
        ("12:00", "12:00", InvalidRange),
        ("12:00", "12:04", InvalidRange),
    ):
        with pytest.raises(refused):
            await move(f"{DAY}T{start}+01:00", f"{DAY}T{end}+01:00")
    assert ("Team Standup", standup["start"]) in (await shown(person))[0]
    await move(f"{DAY}T14:30+01:00", f"{DAY}T16:00+01:00")
    assert ("Team Standup", f"{DAY}T14:30:00+01:00") in (await shown(person))[0]
    async with house.database.read() as tx:
        moved, invited = await notifications.page_of_mails(tx, limit=10)
    assert "SEQUENCE:0" in (invited.calendar or "")
    assert "SEQUENCE:1" in (moved.calendar or "")
    assert "DTSTART;TZID=Europe/Brussels:20260319T143000" in (moved.calendar or "")


async def test_of_a_booking_and_an_import_at_once_neither_is_overlooked(
    served: Served, person: httpx.AsyncClient
) -> None:
    for days in range(8):
        later = Span(RECITAL.start + timedelta(days=days), RECITAL.end + timedelta(days=days))
        day = later.start.date().isoformat()
        answer, conflicts = await asyncio.gather(book(person, date=day), keep(served, later, name=f"recital {days}"))
        assert (answer.status_code, len(conflicts)) in ((200, 1), (409, 0))
