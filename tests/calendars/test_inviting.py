"""Who invites people: the calendar outside where it does so by itself, otherwise a mail of ours."""

from dataclasses import replace

from guildhall.core.actor import SYSTEM, Actor
from guildhall.domains import calendars, identity, rooms, shifts
from guildhall.domains.calendars import SHIFTS, CalendarKind, CalendarPlan
from guildhall.domains.rooms.times import Span
from tests.calendars.world import BOX, DAY, HUB, ROOM, World, utc

GUEST = "guest@hub.test"
INVITED = ["Invitation: Yoga", "Invitation: Yoga", "Cancelled: Yoga"]
SIGNED_UP = ["Invitation: Volunteer shift", "Cancelled: Volunteer shift"]


async def invite_move_and_cancel(world: World, who: Actor) -> list[str]:
    """Do everything with a booking that its guest should hear of, and return what we mailed them, oldest first."""
    before = len(await world.mails(GUEST))
    booking = await world.book(who, email=GUEST)
    async with world.database.write() as tx:
        room = await rooms.access_room(tx, who, "ostrom", to_book=True)
        held = await rooms.access_booking_to_cancel(tx, who, room, booking.id)
        later = Span(utc(19, 14), utc(19, 15))
        await rooms.move_booking(tx, who, held, room, later, hub=world.hub, now=world.clock.now())
    await world.cancel(who, booking.id)
    return [mail.subject for mail in reversed(await world.mails(GUEST))][before:]


async def sign_up_and_withdraw(world: World, who: Actor) -> list[str]:
    """Do the same with a sign-up."""
    before = len(await world.mails(GUEST))
    now = world.clock.now()
    async with world.database.write() as tx:
        await shifts.sign_up(tx, who, day=DAY, index=0, email=GUEST, hub=world.hub, now=now)
        await shifts.withdraw(tx, who, day=DAY, index=0, hub=world.hub, now=now)
    return [mail.subject for mail in reversed(await world.mails(GUEST))][before:]


async def test_whoever_is_invited_by_their_calendar_gets_no_mail_from_us(world: World, ada: Actor) -> None:
    world.hub = replace(HUB, inviting=frozenset({CalendarKind.GOOGLE}))
    assert await invite_move_and_cancel(world, ada) == INVITED
    assert await sign_up_and_withdraw(world, ada) == SIGNED_UP
    for target in (ROOM, SHIFTS):
        plan = CalendarPlan(target=target, kind=CalendarKind.GOOGLE, address="hub@group.calendar.google.com")
        async with world.database.write() as tx:
            await calendars.link_calendar(tx, SYSTEM, plan, box=BOX, now=world.clock.now())
    assert await invite_move_and_cancel(world, ada) == []
    assert await sign_up_and_withdraw(world, ada) == []
    world.hub = HUB
    assert await invite_move_and_cancel(world, ada) == INVITED
    assert await sign_up_and_withdraw(world, ada) == SIGNED_UP


async def test_whoever_wants_it_is_invited_to_what_they_book_at_the_address_of_their_profile(
    world: World, ada: Actor
) -> None:
    await world.book(ada)
    async with world.database.write() as tx:
        user = await identity.access_self(tx, ada, to_change=True)
        await identity.want_invitations(tx, ada, user, wanted=True, now=world.clock.now())
    assert await world.mails("ada@hub.test") == []
    booking = await world.book(ada, "12:00", "13:00")
    await world.book(ada, "14:00", "15:00", email=GUEST)
    await world.cancel(ada, booking.id)
    assert [mail.subject for mail in await world.mails("ada@hub.test")] == ["Cancelled: Yoga", "Invitation: Yoga"]
    assert [mail.subject for mail in await world.mails(GUEST)] == ["Invitation: Yoga"]
