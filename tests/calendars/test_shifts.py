"""Shifts in a calendar outside: one event for each slot that somebody signed up for."""

from datetime import timedelta
from decimal import Decimal

import pytest

from guildhall.core.actor import Actor
from guildhall.domains import audit, calendar_sync, calendars, shifts
from guildhall.domains.shifts import SignupState
from guildhall.domains.shifts.errors import AlreadyRewarded
from tests.calendars.world import DAY, HUB, World, event_text, utc
from tests.services.radicale import Collection

SLOT = "shift202603190000000000001"


async def sign_up(world: World, who: Actor, *, email: str | None = None) -> None:
    async with world.database.write() as tx:
        await shifts.sign_up(tx, who, day=DAY, index=1, email=email, hub=HUB, now=world.clock.now())


async def withdraw(world: World, who: Actor) -> None:
    async with world.database.write() as tx:
        await shifts.withdraw(tx, who, day=DAY, index=1, hub=HUB, now=world.clock.now())


async def state_of(world: World, who: Actor) -> SignupState:
    assert who.user_id is not None
    async with world.database.read() as tx:
        (own,) = await shifts.shifts_of(tx, who.user_id, DAY, DAY)
    return own.state


async def listen_later(world: World) -> calendars.Link:
    world.clock.advance(timedelta(minutes=5))
    return await world.listen("shifts")


def declined(text: str, address: str) -> str:
    """Return an event's document with somebody in it who will not come."""
    return text.replace("END:VEVENT", f"ATTENDEE;PARTSTAT=DECLINED:mailto:{address}\r\nEND:VEVENT")


def test_a_slot_has_an_event_id_that_every_calendar_takes() -> None:
    assert shifts.slot_event_id(DAY, 1) == SLOT
    assert len(SLOT) == 26
    assert set(SLOT) <= set("0123456789abcdefghijklmnopqrstuv")
    assert shifts.slot_of_event(SLOT) == (DAY, 1)
    for other in ("", SLOT[:-1], "shift202613990000000000001", "0" * 26):
        assert shifts.slot_of_event(other) is None


async def test_a_slot_has_one_event_with_its_people_and_its_trail_while_there_are_any(
    world: World, ada: Actor, calendar: Collection
) -> None:
    bob = await world.meet("bob", roles=["minter"])
    await sign_up(world, bob)
    await world.link(calendar, "shifts")
    await world.listen("shifts")
    assert await world.tell() == []
    assert calendar.names() == [f"{SLOT}.ics"], "who signed up before there was a calendar is in it too"
    world.clock.advance(timedelta(seconds=1))
    await sign_up(world, ada)
    assert await world.tell() == []
    event = calendar.event(f"{SLOT}.ics")
    assert str(event["SUMMARY"]) == "Volunteer shift: Bob, Ada"
    assert (event.start, event.end) == (utc(19, 10, 30), utc(19, 13, 30))
    trail = "02/03/2026 10:00: Bob <@bob> signed up\n02/03/2026 10:00: Ada <@ada> signed up"
    assert str(event["DESCRIPTION"]) == trail
    assert event["SEQUENCE"] == 2

    async with world.database.write() as tx:
        slot, _ = await shifts.access_slot(tx, bob, DAY, 1)
        names = [each.alias for each in (await shifts.rota_of(tx, DAY, DAY, hub=HUB))[0].slots[1].volunteers]
        await shifts.reward(
            tx, bob, slot=slot, participants=names[:1], amount=Decimal(3), token="CHT", hub=HUB, now=world.clock.now()
        )
    await withdraw(world, ada)
    assert await world.tell() == []
    event = calendar.event(f"{SLOT}.ics")
    assert str(event["SUMMARY"]) == "Volunteer shift: Bob"
    assert str(event["DESCRIPTION"]).splitlines()[2:] == [
        "02/03/2026 10:00: Bob <@bob> rewarded 3 CHT",
        "02/03/2026 10:00: Ada <@ada> cancelled",
    ]


async def test_the_event_goes_with_the_last_of_its_people_and_comes_back(
    world: World, ada: Actor, calendar: Collection
) -> None:
    await world.link(calendar, "shifts")
    await sign_up(world, ada)
    await world.tell()
    await withdraw(world, ada)
    assert await world.tell() == []
    assert calendar.names() == []
    await listen_later(world)
    assert await world.waiting() == []
    await sign_up(world, ada)
    assert await world.tell() == []
    assert calendar.event(f"{SLOT}.ics")["SEQUENCE"] == 3


async def test_somebody_who_declines_outside_gives_the_place_back(
    world: World, ada: Actor, calendar: Collection
) -> None:
    bob = await world.meet("bob")
    await world.link(calendar, "shifts")
    await sign_up(world, ada)
    await sign_up(world, bob, email="Bob.Private@else.test")
    await world.tell()
    await listen_later(world)
    name = f"{SLOT}.ics"
    calendar.put(name, declined(calendar.text(name), "bob.private@ELSE.test"))
    assert (await listen_later(world)).error is None
    assert (await state_of(world, bob), await state_of(world, ada)) == (SignupState.DECLINED, SignupState.LIVE)
    async with world.database.read() as tx:
        *_, line = await shifts.lines_of(tx, DAY, 1)
        (entry,) = await audit.page_of_entries(tx, limit=5, action="shift.declined")
    assert shifts.line_text(line, HUB) == "02/03/2026 10:10: Bob <@bob> declined (via calendar)"
    assert entry.actor == "calendar"
    assert [mail.calendar_method for mail in await world.mails("Bob.Private@else.test")] == ["CANCEL", "REQUEST"]
    assert await world.tell() == []
    event = calendar.event(name)
    assert str(event["SUMMARY"]) == "Volunteer shift: Ada"
    assert "ATTENDEE" not in event

    calendar.put(name, declined(calendar.text(name), "ada@hub.test"))
    await listen_later(world)
    assert await world.tell() == []
    assert (await state_of(world, ada), calendar.names()) == (SignupState.DECLINED, [])


async def test_who_was_rewarded_cannot_decline_and_the_event_is_put_back(
    world: World, ada: Actor, calendar: Collection
) -> None:
    minter = await world.meet("minter", roles=["minter"])
    await world.link(calendar, "shifts")
    await sign_up(world, ada)
    async with world.database.write() as tx:
        slot, _ = await shifts.access_slot(tx, minter, DAY, 1)
        await shifts.reward(
            tx,
            minter,
            slot=slot,
            participants=["u_ada"],
            amount=Decimal(3),
            token="CHT",
            hub=HUB,
            now=world.clock.now(),
        )
    await world.tell()
    await listen_later(world)
    name = f"{SLOT}.ics"
    calendar.put(name, declined(calendar.text(name), "ada@hub.test"))
    assert (await listen_later(world)).error is None
    assert await state_of(world, ada) is SignupState.LIVE
    assert await world.tell() == []
    assert "ATTENDEE" not in calendar.event(name)
    with pytest.raises(AlreadyRewarded):
        async with world.database.write() as tx:
            await shifts.decline(
                tx, calendar_sync.CALENDAR, day=DAY, index=1, user_id="u_ada", hub=HUB, now=world.clock.now()
            )


async def test_a_shift_moved_or_deleted_outside_is_put_back(world: World, ada: Actor, calendar: Collection) -> None:
    await world.link(calendar, "shifts")
    await sign_up(world, ada)
    await world.tell()
    await listen_later(world)
    name = f"{SLOT}.ics"
    calendar.put(name, calendar.text(name).replace("T113000", "T123000"))
    await listen_later(world)
    assert await world.tell() == []
    assert calendar.event(name).start == utc(19, 10, 30)
    world.clock.advance(timedelta(minutes=1))
    calendar.delete(name)
    await listen_later(world)
    assert await world.tell() == []
    assert calendar.event(name).start == utc(19, 10, 30)
    assert await state_of(world, ada) is SignupState.LIVE
    calendar.put("party.ics", event_text("party", "20260319T090000Z", "20260319T100000Z"))
    assert (await listen_later(world)).error is None
    assert calendar.names() == ["party.ics", name], "what others keep there is theirs"
    world.clock.set(utc(25, 9))
    calendar.delete(name)
    await listen_later(world)
    assert await world.waiting() == [], "what is over may be tidied up"
