"""What changes in the calendar outside is heard here: others' events, and ours when somebody moves or deletes them."""

import asyncio
from datetime import timedelta

import pytest

from guildhall.core.actor import Actor
from guildhall.domains import audit, calendar_sync, calendars, rooms
from guildhall.domains.rooms import ImportedEvent
from guildhall.domains.rooms.errors import RoomBooked
from guildhall.domains.rooms.times import Span, day_span
from tests.calendars.door import Door, Request, open_door
from tests.calendars.world import DAY, ZONE, World, event_text, utc
from tests.services.radicale import Collection, RadicaleServer


async def imported(world: World) -> list[ImportedEvent]:
    async with world.database.read() as tx:
        room = await rooms.access_room(tx, calendar_sync.CALENDAR, "ostrom")
        events = await rooms.events_in(tx, room, day_span(DAY, ZONE, days=30))
    return [event for event in events if isinstance(event, ImportedEvent)]


async def listen_later(world: World, target: str = "room:ostrom") -> calendars.Link:
    """Listen again after some time, as an honest clock has it."""
    world.clock.advance(timedelta(minutes=5))
    return await world.listen(target)


def moved(text: str, hour: int, *, to: int) -> str:
    """Return a document as another program writes it that moves an event of one hour; hours are those of the day."""
    return text.replace(f"T{hour:02}0000", "T__0000").replace(f"T{hour + 1:02}0000", f"T{to + 1:02}0000").replace(
        "T__0000", f"T{to:02}0000"
    )  # fmt: skip


async def test_an_event_of_others_holds_the_room_until_it_moves_or_goes(
    world: World, ada: Actor, calendar: Collection
) -> None:
    await world.link(calendar)
    calendar.put("circle.ics", event_text("circle", "20260319T090000Z", "20260319T100000Z"))
    calendar.put("notes.ics", event_text("notes", "20260319T110000Z", "20260319T120000Z", "Free", "TRANSP:TRANSPARENT"))
    link = await world.listen()
    assert (link.state, link.error, link.synced_at) == ("working", None, world.clock.now())
    (event,) = await imported(world)
    assert (event.title, event.starts_at, event.ends_at) == ("Reading circle", utc(19, 9), utc(19, 10))
    with pytest.raises(RoomBooked):
        await world.book(ada, "10:30", "11:30")
    await world.book(ada, "12:00", "13:00")

    assert event.organiser is None
    organiser = 'ORGANIZER;CN="Fay Reign":mailto:fay@example.org'
    calendar.put("circle.ics", event_text("circle", "20260319T140000Z", "20260319T150000Z", "Later circle", organiser))
    assert (await listen_later(world)).error is None
    (event,) = await imported(world)
    assert (event.title, event.starts_at, event.organiser) == ("Later circle", utc(19, 14), "Fay Reign")
    await world.book(ada, "10:30", "11:30")

    calendar.delete("circle.ics")
    await listen_later(world)
    assert await imported(world) == []


async def test_what_vanished_while_nobody_listened_is_forgotten_on_the_next_day(
    world: World, calendar: Collection
) -> None:
    await world.link(calendar)
    calendar.put("circle.ics", event_text("circle", "20260319T090000Z", "20260319T100000Z"))
    calendar.put("other.ics", event_text("other", "20260320T090000Z", "20260320T100000Z"))
    await world.listen()
    calendar.delete("circle.ics")
    world.clock.advance(timedelta(days=1))
    await world.listen()
    assert [event.starts_at for event in await imported(world)] == [utc(20, 9)]


async def test_an_event_over_a_booking_is_kept_beside_it_and_told_to_the_administrators_once(
    world: World, ada: Actor, calendar: Collection
) -> None:
    await world.meet("boss", email="boss@hub.test", roles=["admin"])
    await world.link(calendar)
    booked = await world.book(ada)
    calendar.put("circle.ics", event_text("circle", "20260319T093000Z", "20260319T103000Z"))
    await world.listen()
    assert (await world.booking(booked.id)).state == "live"
    (mail,) = await world.mails("boss@hub.test")
    assert mail.subject == "Two events in Ostrom Room"
    assert "Booked here: Yoga, Thursday 19 March 2026, 10:00 to 11:00" in mail.text
    assert "Outside: Reading circle, Thursday 19 March 2026, 10:30 to 11:30" in mail.text
    async with world.database.read() as tx:
        assert [each.booking_id for each in await rooms.list_conflicts(tx, since=world.clock.now())] == [booked.id]
    calendar.put("circle.ics", event_text("circle", "20260319T094500Z", "20260319T103000Z"))
    await listen_later(world)
    world.clock.advance(timedelta(days=1))
    await world.listen()
    assert len(await world.mails("boss@hub.test")) == 1
    assert await world.mails("ada@hub.test") == []


async def test_an_event_of_ours_moved_outside_takes_its_booking_along(
    world: World, ada: Actor, calendar: Collection
) -> None:
    await world.link(calendar)
    booked = await world.book(ada, email="guest@hub.test")
    name = f"{booked.id}.ics"
    await world.tell()
    await listen_later(world)
    assert await world.waiting() == [], "what we wrote ourselves is no news"
    calendar.put(name, moved(calendar.text(name), 10, to=15))
    await listen_later(world)
    after = await world.booking(booked.id)
    assert (after.starts_at, after.ends_at, after.sequence) == (utc(19, 14), utc(19, 15), 1)
    assert len(await world.mails("guest@hub.test")) == 2, "who is invited hears of the new time"
    assert await world.tell() == []
    assert calendar.event(name)["SEQUENCE"] == 1
    await listen_later(world)
    assert await world.waiting() == []
    async with world.database.read() as tx:
        (entry, *_) = await audit.page_of_entries(tx, limit=5, target=booked.id)
    assert (entry.actor, entry.action, entry.user_id) == ("calendar", "room.booking_moved", None)


async def test_an_event_of_ours_moved_where_it_cannot_be_is_put_back(
    world: World, ada: Actor, calendar: Collection
) -> None:
    await world.link(calendar)
    booked = await world.book(ada)
    other = await world.book(ada, "15:00", "16:00", title="Choir")
    name = f"{booked.id}.ics"
    await world.tell()
    await listen_later(world)
    as_written = calendar.event(name)
    for text in (
        moved(calendar.text(name), 10, to=15),
        calendar.text(name).replace("SUMMARY:Yoga", "SUMMARY:Yoga\r\nTRANSP:TRANSPARENT"),
        calendar.text(name).replace("SUMMARY:Yoga", "SUMMARY:Yoga\r\nRRULE:FREQ=DAILY;COUNT=3"),
        calendar.text(name).replace("SUMMARY:Yoga", "SUMMARY:Something else"),
    ):
        calendar.put(name, text)
        assert (await listen_later(world)).error is None
        assert await world.tell() == []
        event = calendar.event(name)
        assert (event.start, event.end, event["SUMMARY"]) == (as_written.start, as_written.end, as_written["SUMMARY"])
        assert "RRULE" not in event
        assert "TRANSP" not in event
        await listen_later(world)
        assert await world.waiting() == [], "putting back is an end"
    assert (await world.booking(booked.id)).starts_at == utc(19, 9)
    assert (await world.booking(other.id)).sequence == 0
    assert await imported(world) == []


async def test_an_event_of_ours_deleted_outside_cancels_its_booking_unless_it_is_over(
    world: World, ada: Actor, calendar: Collection
) -> None:
    await world.link(calendar)
    booked = await world.book(ada, email="guest@hub.test")
    past = await world.book(ada, "08:00", "09:00")
    await world.tell()
    await listen_later(world)
    world.clock.set(utc(19, 8, 30))
    calendar.delete(f"{booked.id}.ics")
    calendar.delete(f"{past.id}.ics")
    await listen_later(world)
    assert (await world.booking(booked.id)).state == "cancelled"
    assert (await world.booking(past.id)).state == "live"
    assert [mail.calendar_method for mail in await world.mails("guest@hub.test")] == ["CANCEL", "REQUEST"]
    async with world.database.read() as tx:
        (entry, *_) = await audit.page_of_entries(tx, limit=5, target=booked.id)
    assert (entry.actor, entry.action) == ("calendar", "room.booking_cancelled")
    assert await world.tell() == []
    await listen_later(world)
    assert (await world.waiting(), calendar.names()) == ([], [])
    world.clock.advance(timedelta(days=1))
    await world.listen()
    assert (await world.waiting(), calendar.names()) == ([], [])


async def test_a_copy_of_our_event_is_an_event_of_others(world: World, ada: Actor, calendar: Collection) -> None:
    await world.link(calendar)
    booked = await world.book(ada)
    await world.tell()
    copy = calendar.text(f"{booked.id}.ics").replace(f"UID:{booked.id}", "UID:copy")
    calendar.put("copy.ics", moved(copy, 10, to=17))
    await listen_later(world)
    (event,) = await imported(world)
    assert event.starts_at == utc(19, 16)
    assert (await world.booking(booked.id)).starts_at == utc(19, 9)
    assert await world.waiting() == []


async def test_what_is_written_while_the_calendar_is_asked_is_left_for_the_next_look(
    world: World, ada: Actor, calendar: Collection
) -> None:
    await world.link(calendar)
    await world.listen()
    booked = await world.book(ada)
    await world.tell()
    # The clock has not moved since the write, so it cannot be told which of the two came first.
    before = await world.link_of()
    name = f"{booked.id}.ics"
    calendar.put(name, moved(calendar.text(name), 10, to=15))
    after = await world.listen()
    assert before is not None
    assert after.position == before.position
    assert (await world.booking(booked.id)).starts_at == utc(19, 9)
    await listen_later(world)
    assert (await world.booking(booked.id)).starts_at == utc(19, 14)


async def test_a_change_here_wins_over_one_outside_at_the_same_time(
    world: World, ada: Actor, calendar: Collection
) -> None:
    await world.link(calendar)
    booked = await world.book(ada)
    await world.tell()
    await listen_later(world)
    name = f"{booked.id}.ics"
    calendar.put(name, moved(calendar.text(name), 10, to=15))
    async with world.database.write() as tx:
        room = await rooms.access_room(tx, ada, "ostrom", to_book=True)
        own = await rooms.access_booking_to_cancel(tx, ada, room, booked.id)
        span = Span(utc(19, 17), utc(19, 18))
        await rooms.move_booking(tx, ada, own, room, span, hub=world.scene.hub, now=world.clock.now())
    await listen_later(world)
    assert await world.tell() == []
    assert calendar.event(name).start == utc(19, 17)
    assert (await world.booking(booked.id)).starts_at == utc(19, 17)


async def test_a_change_here_survives_that_the_event_is_deleted_outside_at_the_same_time(
    world: World, ada: Actor, calendar: Collection
) -> None:
    await world.link(calendar)
    booked = await world.book(ada)
    await world.tell()
    await listen_later(world)
    calendar.delete(f"{booked.id}.ics")
    async with world.database.write() as tx:
        room = await rooms.access_room(tx, ada, "ostrom", to_book=True)
        own = await rooms.access_booking_to_cancel(tx, ada, room, booked.id)
        span = Span(utc(19, 17), utc(19, 18))
        await rooms.move_booking(tx, ada, own, room, span, hub=world.scene.hub, now=world.clock.now())
    (fault,) = await world.tell()
    assert isinstance(fault, calendars.CalendarChanged)
    await listen_later(world)
    assert await world.tell() == []
    assert calendar.event(f"{booked.id}.ics").start == utc(19, 17)
    assert (await world.booking(booked.id)).state == "live"


async def test_an_event_that_lasts_for_ages_holds_the_room_as_far_as_anybody_looks(
    world: World, calendar: Collection
) -> None:
    await world.link(calendar)
    calendar.put("closed.ics", event_text("closed", ";VALUE=DATE:19000101", ";VALUE=DATE:29990101", "Closed"))
    assert (await world.listen()).error is None
    (event,) = await imported(world)
    assert event.ends_at - event.starts_at == timedelta(days=490)


async def test_one_process_listens_at_a_time_and_a_calendar_that_fails_stops_no_other(
    world: World, ada: Actor, calendar: Collection
) -> None:
    await world.link(calendar)
    await world.link(calendar.url + "nothing-here/", "room:satoshi")
    calendar.put("circle.ics", event_text("circle", "20260319T090000Z", "20260319T100000Z"))
    listener = calendar_sync.Listener(world.scene)
    await asyncio.gather(*(listener.listen_to_all(world.context(f"turn-{number}")) for number in range(3)))
    assert len(await imported(world)) == 1
    async with world.database.read() as tx:
        good, bad = await calendars.list_links(tx)
        (entries,) = [
            await audit.page_of_entries(tx, limit=9, action="room.event_imported"),
        ]
    assert (good.state, bad.state, bad.failed_since) == ("working", "failing", world.clock.now())
    assert bad.error is not None
    assert "404" in bad.error
    assert len(entries) == 1


async def test_when_a_calendar_is_unlinked_its_events_let_go_of_the_room(
    world: World, ada: Actor, calendar: Collection
) -> None:
    await world.link(calendar)
    calendar.put("circle.ics", event_text("circle", "20260319T090000Z", "20260319T100000Z"))
    await world.listen()
    async with world.database.write() as tx:
        await calendars.unlink_calendar(tx, ada, "room:ostrom", now=world.clock.now())
    await calendar_sync.Listener(world.scene).clear(world.context("clear"), calendars.TargetRef("room:ostrom"))
    assert await imported(world) == []
    await world.book(ada)


async def test_a_calendar_that_was_lost_is_filled_again_and_empties_no_room(
    world: World, ada: Actor, calendar: Collection
) -> None:
    await world.link(calendar)
    booked = [await world.book(ada, f"{hour}:00", f"{hour + 1}:00") for hour in range(10, 13)]
    await world.tell()
    await listen_later(world)
    names = calendar.names()
    assert len(names) == 3
    for name in names:
        calendar.delete(name)
    world.clock.advance(timedelta(days=1))
    await world.listen()
    assert [(await world.booking(each.id)).state for each in booked] == ["live"] * 3
    assert await world.tell() == []
    assert calendar.names() == names
    await listen_later(world)
    calendar.delete(names[0])
    world.clock.advance(timedelta(days=1))
    await world.listen()
    assert sorted([(await world.booking(each.id)).state for each in booked]) == ["cancelled", "live", "live"]


async def test_a_calendar_that_is_unlinked_while_it_is_heard_leaves_nothing(
    world: World, ada: Actor, radicale: RadicaleServer, calendar: Collection
) -> None:
    async def unlink_meanwhile(door: Door, request: Request) -> bytes:
        if b"multiget" in request.body:
            async with world.database.write() as tx:
                await calendars.unlink_calendar(tx, ada, "room:ostrom", now=world.clock.now())
            await listener.clear(world.context("clear"), ref)
        return await door.let_through(request)

    listener, ref = calendar_sync.Listener(world.scene), calendars.TargetRef("room:ostrom")
    calendar.put("circle.ics", event_text("circle", "20260319T090000Z", "20260319T100000Z"))
    async with open_door(radicale.origin, unlink_meanwhile) as door:
        await world.link(door.url(calendar.url))
        await listener.listen(world.context("turn"), ref)
    assert await imported(world) == []
