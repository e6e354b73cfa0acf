"""What changes here is told to the calendar outside: once, the newest, and however often it fails before."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from guildhall.core.actor import SYSTEM, Actor
from guildhall.core.jobs import JobRefused
from guildhall.domains import calendars, rooms
from guildhall.domains.calendars import CalendarChanged, CalendarRefused
from guildhall.domains.rooms.times import Span
from tests.calendars.world import HUB, World, event_text, utc
from tests.services.radicale import Collection


async def test_a_booking_appears_moves_and_vanishes_outside(world: World, ada: Actor, calendar: Collection) -> None:
    unlinked = await world.book(ada, "08:00", "09:00")
    assert await world.waiting() == [], "nothing is queued for a room without a calendar"
    await world.link(calendar)
    booked = await world.book(ada, title="Yoga, Ærøskøbing", description="Bring a mat;\nand a friend, please")
    assert await world.tell() == []
    name = f"{booked.id}.ics"
    assert calendar.names() == [name]
    event = calendar.event(name)
    assert (str(event["UID"]), event["SEQUENCE"]) == (f"{booked.id}@hub.test", 0)
    assert (str(event["SUMMARY"]), str(event["LOCATION"])) == ("Yoga, Ærøskøbing", "Ostrom Room")
    assert str(event["DESCRIPTION"]) == "Bring a mat;\nand a friend, please"
    assert str(event["X-GUILDHALL-EVENT"]) == booked.id
    assert (event.start, event.end) == (booked.starts_at, booked.ends_at)
    (write,) = (await world.writes()).values()
    assert (write.outside_id is not None, write.wanted, write.written, write.attempts) == (True, 1, 1, 0)

    async with world.database.write() as tx:
        room = await rooms.access_room(tx, ada, "ostrom", to_book=True)
        own = await rooms.access_booking_to_cancel(tx, ada, room, booked.id)
        await rooms.move_booking(tx, ada, own, room, Span(utc(19, 12), utc(19, 13)), hub=HUB, now=world.clock.now())
    assert await world.tell() == []
    event = calendar.event(name)
    assert (event.start, event.end, event["SEQUENCE"]) == (utc(19, 12), utc(19, 13), 1)

    await world.cancel(ada, booked.id)
    assert await world.tell() == []
    assert calendar.names() == []
    assert await world.writes() == {}, "nothing is left to remember"
    assert (await world.booking(unlinked.id)).state == "live"


async def test_of_a_private_booking_the_calendar_outside_learns_only_that_the_room_is_busy(
    world: World, ada: Actor, calendar: Collection
) -> None:
    await world.link(calendar)
    booked = await world.book(ada, private=True, title="Therapy", description="With Dr. Freud")
    await world.tell()
    event = calendar.event(f"{booked.id}.ics")
    assert str(event["SUMMARY"]) == "Busy"
    assert "DESCRIPTION" not in event


async def test_a_late_write_writes_the_newest_state_and_later_ones_find_it_done(
    world: World, ada: Actor, calendar: Collection
) -> None:
    await world.link(calendar)
    booked = await world.book(ada)
    await world.cancel(ada, booked.id)
    first, second = await world.waiting()
    assert await world.try_write(second) is None
    assert calendar.names() == []
    assert await world.try_write(first) is None
    assert (calendar.names(), await world.writes()) == ([], {})


async def test_two_jobs_for_one_event_at_once_take_turns(world: World, ada: Actor, calendar: Collection) -> None:
    await world.link(calendar)
    booked = await world.book(ada)
    for hour in range(12, 20):
        async with world.database.write() as tx:
            room = await rooms.access_room(tx, ada, "ostrom", to_book=True)
            own = await rooms.access_booking_to_cancel(tx, ada, room, booked.id)
            span = Span(utc(19, hour), utc(19, hour + 1))
            await rooms.move_booking(tx, ada, own, room, span, hub=HUB, now=world.clock.now())
    jobs = await world.waiting()
    assert len(jobs) == 9
    assert await asyncio.gather(*map(world.try_write, jobs)) == [None] * 9
    event = calendar.event(f"{booked.id}.ics")
    assert (event.start, event["SEQUENCE"]) == (utc(19, 19), 8)
    (write,) = (await world.writes()).values()
    assert write.written == write.wanted == 9


async def test_a_create_whose_answer_was_lost_finds_its_event_there_and_counts_as_done(
    world: World, ada: Actor, calendar: Collection
) -> None:
    await world.link(calendar)
    booked = await world.book(ada)
    name = f"{booked.id}.ics"
    marker = f"X-GUILDHALL-EVENT:{booked.id}"
    calendar.put(
        name, event_text(f"{booked.id}@hub.test", "20260319T050000Z", "20260319T060000Z", "An earlier state", marker)
    )
    assert await world.tell() == []
    assert calendar.names() == [name]
    assert str(calendar.event(name)["SUMMARY"]) == "Yoga"
    # A cancelled booking whose create arrived and was never answered is found by whoever listens, and removed.
    async with world.database.write() as tx:
        link = await calendars.link_of(tx, "room:ostrom")
        write = await calendars.find_write(tx, link, booked.id) if link else None
        assert write is not None
        await calendars.note_seen(tx, write, None)
    await world.cancel(ada, booked.id)
    assert await world.tell() == []
    assert calendar.names() == [name], "nothing knows of it any more"
    assert await world.writes() == {}
    assert (await world.listen()).error is None
    assert await world.tell() == []
    assert calendar.names() == []


async def test_an_event_changed_outside_meanwhile_is_looked_at_before_it_is_written_over(
    world: World, ada: Actor, calendar: Collection
) -> None:
    await world.link(calendar)
    await world.listen()
    booked = await world.book(ada)
    await world.tell()
    name = f"{booked.id}.ics"
    world.clock.advance(timedelta(minutes=1))
    calendar.put(name, calendar.text(name).replace("SUMMARY:Yoga", "SUMMARY:Yodelling"))
    async with world.database.write() as tx:
        await calendars.event_changed(tx, "room:ostrom", booked.id, now=world.clock.now())
    (fault,) = await world.tell()
    assert isinstance(fault, CalendarChanged)
    (write,) = (await world.writes()).values()
    assert (write.attempts, write.failed_since, write.gave_up_at) == (1, world.clock.now(), None)
    assert len(await world.waiting(calendars.LISTEN.name)) == 2, "one since it was linked, one for this"
    assert (await world.listen()).error is None
    assert await world.tell() == []
    assert str(calendar.event(name)["SUMMARY"]) == "Yoga"


async def test_what_fails_for_a_week_is_given_up_and_shown_until_it_changes_again(
    world: World, ada: Actor, calendar: Collection
) -> None:
    await world.link(calendar, password="wrong")
    booked = await world.book(ada)
    (job,) = await world.waiting()
    assert isinstance(await world.try_write(job), CalendarRefused)
    async with world.database.read() as tx:
        assert await calendars.list_troubles(tx) == []
    world.clock.advance(timedelta(days=6, hours=23))
    assert isinstance(await world.try_write(job), CalendarRefused)
    world.clock.advance(timedelta(hours=1))
    assert isinstance(await world.try_write(job), JobRefused), "no further attempt is made"
    async with world.database.read() as tx:
        (trouble,) = await calendars.list_troubles(tx)
    assert (trouble.target, trouble.event_id) == ("room:ostrom", booked.id)
    assert "password" in trouble.error
    assert sum(calendars.WRITE.backoff, timedelta()) > timedelta(days=7), "attempts last as long as the patience"

    assert (await world.listen()).state == "failing"
    async with world.database.read() as tx:
        assert [each.event_id for each in await calendars.list_troubles(tx)] == [booked.id, None]
    await world.link(calendar)
    await world.cancel(ada, booked.id)
    assert await world.tell() == []
    assert (await world.listen()).state == "working"
    async with world.database.read() as tx:
        assert await calendars.list_troubles(tx) == []


async def test_linking_tells_of_what_is_booked_already_and_unlinking_forgets(
    world: World, ada: Actor, calendar: Collection
) -> None:
    booked = await world.book(ada)
    await world.link(calendar)
    assert (await world.listen()).state == "working"
    assert await world.tell() == []
    assert calendar.names() == [f"{booked.id}.ics"]
    async with world.database.write() as tx:
        await calendars.unlink_calendar(tx, SYSTEM, "room:ostrom", now=world.clock.now())
        with pytest.raises(calendars.CalendarNotLinked):
            await calendars.unlink_calendar(tx, SYSTEM, "room:ostrom", now=world.clock.now())
    await world.cancel(ada, booked.id)
    assert await world.waiting() == []
    assert calendar.names() == [f"{booked.id}.ics"], "what is outside stays there"
    assert msgspec.json.decode((await world.waiting(calendars.CLEAR.name))[0].payload) == {"target": "room:ostrom"}
