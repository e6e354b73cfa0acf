"""Booking a room, and giving it back."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import bindparam, update

from guildhall.core import ids
from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.core.errors import InvalidField
from guildhall.domains import audit, calendars
from guildhall.domains.identity import address_for_invitations
from guildhall.domains.identity.errors import MissingUserId
from guildhall.domains.identity.names import valid_email
from guildhall.domains.rooms import availability
from guildhall.domains.rooms.errors import (
    InPast,
    InvalidRange,
    InvalidTime,
    OutsideOpeningHours,
    RoomBooked,
    RoomClosed,
    TooFarAhead,
)
from guildhall.domains.rooms.hub import Hub
from guildhall.domains.rooms.invitations import send_cancellation, send_invitation
from guildhall.domains.rooms.models import (
    LONGEST_BOOKING,
    BookedEvent,
    Booking,
    BookingState,
    Hours,
    Room,
    bookings,
)
from guildhall.domains.rooms.policy import runs_the_house
from guildhall.domains.rooms.queries import closed_between, event_with, events_in, first_clash, list_rooms, spans_of
from guildhall.domains.rooms.times import MIDNIGHT_END, MINUTES_OF_DAY, Span, clock_text, day_span, instant_at

LONGEST_TITLE = 200
LONGEST_DESCRIPTION = 5000
SHORTEST = timedelta(minutes=5)
MOST_ALTERNATIVES = 3

CANCEL = command(
    update(bookings)
    .where(bookings.c.id == bindparam("booking_id"), bookings.c.state == BookingState.LIVE.value)
    .values(
        state=BookingState.CANCELLED.value,
        sequence=bookings.c.sequence + 1,
        updated_at=bindparam("at"),
        cancelled_at=bindparam("at"),
        cancelled_by=bindparam("by"),
    )
)

MOVE = command(
    update(bookings)
    .where(bookings.c.id == bindparam("booking_id"), bookings.c.state == BookingState.LIVE.value)
    .values(
        starts_at=bindparam("start"),
        ends_at=bindparam("end"),
        sequence=bookings.c.sequence + 1,
        updated_at=bindparam("at"),
    )
)


@dataclass(frozen=True)
class Wish:
    """What somebody wants to book: a day of the hub's zone, and minutes since its midnight."""

    day: date
    start: int
    end: int
    title: str
    description: str | None = None
    private: bool = False
    email: str | None = None


async def book_room(tx: Tx, actor: Actor, room: Room, wish: Wish, *, hub: Hub, now: datetime) -> BookedEvent:
    """Reserve a room; of two that overlap, the earlier commit wins.

    `room` comes from `access_room(..., to_book=True)` in the same transaction. Raises RoomClosed, InvalidField,
    InvalidEmail, InvalidTime, InvalidRange, OutsideOpeningHours, InPast, TooFarAhead, RoomBooked.
    """
    if actor.user_id is None:
        raise MissingUserId
    span = _span_of(wish, hub.zone)
    closed = await closed_between(tx, wish.day, wish.day)
    hours = None if wish.day in closed else room.opening.on(wish.day)
    title, description = _valid_texts(wish)
    _check_bookable(actor, room, wish, span, hours, zone=hub.zone, now=now)
    await _check_free(tx, room, wish, span, closed_that_day=wish.day in closed, zone=hub.zone)
    booking = Booking(
        id=ids.event_id(),
        room_id=room.id,
        user_id=actor.user_id,
        title=title,
        description=description,
        private=wish.private,
        starts_at=span.start,
        ends_at=span.end,
        invite=await _invite_of(tx, actor.user_id, wish),
        created_at=now,
        updated_at=now,
    )
    await tx.insert(booking, clash=RoomBooked)
    await audit.record(tx, actor, "room.booked", booking.id, now=now, room=room.id)
    told = await calendars.event_changed(tx, calendars.room_target(booking.room_id), booking.id, now=now)
    if span.end > now and told not in hub.inviting:
        await send_invitation(tx, booking, room, hub=hub, now=now)
    _announce(tx, booking)
    return await event_with(tx, booking.id)


def check_wish(wish: Wish, *, zone: ZoneInfo) -> None:
    """Refuse what no room could ever be booked for. Raises InvalidField, InvalidTime, InvalidRange."""
    _valid_texts(wish)
    _span_of(wish, zone)


async def _invite_of(tx: Tx, user_id: str, wish: Wish) -> str | None:
    """Return where the invitation goes: the address of the call, else that of the profile if the person wants it."""
    return valid_email(wish.email) if wish.email is not None else await address_for_invitations(tx, user_id)


async def cancel_booking(tx: Tx, actor: Actor, booking: Booking, room: Room, *, hub: Hub, now: datetime) -> None:
    """Give the time back at once; the booking stays stored with who cancelled it and when."""
    await tx.run(CANCEL, booking_id=booking.id, at=now, by=actor.user_id)
    await audit.record(tx, actor, "room.booking_cancelled", booking.id, now=now, room=booking.room_id)
    told = await calendars.event_changed(tx, calendars.room_target(booking.room_id), booking.id, now=now)
    if booking.ends_at > now and told not in hub.inviting:
        await send_cancellation(tx, booking, room, hub=hub, now=now)
    _announce(tx, booking)


async def move_booking(
    tx: Tx, actor: Actor, booking: Booking, room: Room, span: Span, *, hub: Hub, now: datetime
) -> BookedEvent:
    """Give a booking another time, when that is free; whoever was invited hears of it.

    Opening hours are not asked: whoever moves it in the room's own calendar runs the house. `room` comes from
    `access_room(..., to_book=True)`. Raises InvalidRange, RoomBooked.
    """
    _check_length(span)
    clash = await first_clash(tx, room.id, span, but=booking.id)
    if clash is not None:
        raise _booked(room, clash, [], hub.zone)
    await tx.run(MOVE, clash=RoomBooked, booking_id=booking.id, start=span.start, end=span.end, at=now)
    await audit.record(tx, actor, "room.booking_moved", booking.id, now=now, room=room.id)
    moved = msgspec.structs.replace(
        booking, starts_at=span.start, ends_at=span.end, sequence=booking.sequence + 1, updated_at=now
    )
    told = await calendars.event_changed(tx, calendars.room_target(moved.room_id), moved.id, now=now)
    if span.end > now and told not in hub.inviting:
        await send_invitation(tx, moved, room, hub=hub, now=now)
    _announce(tx, moved)
    return await event_with(tx, booking.id)


def _span_of(wish: Wish, zone: ZoneInfo) -> Span:
    if wish.start == MINUTES_OF_DAY:
        raise InvalidTime(f"{MIDNIGHT_END} is only an end", field="start")
    span = Span(instant_at(wish.day, wish.start, zone), instant_at(wish.day, wish.end, zone))
    _check_length(span)
    return span


def _check_length(span: Span) -> None:
    if span.end <= span.start:
        raise InvalidRange
    if span.end - span.start < SHORTEST:
        raise InvalidRange("A booking lasts at least 5 minutes")
    if span.end - span.start > LONGEST_BOOKING:
        raise InvalidRange("A booking lies within one day")


def _valid_texts(wish: Wish) -> tuple[str, str | None]:
    title = wish.title.strip()
    if not 1 <= len(title) <= LONGEST_TITLE:
        raise InvalidField(f"A title has 1 to {LONGEST_TITLE} characters", field="title")
    if any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in title):
        raise InvalidField("A title has no control characters and no line breaks", field="title")
    if wish.description is not None and len(wish.description) > LONGEST_DESCRIPTION:
        raise InvalidField(f"A description has at most {LONGEST_DESCRIPTION} characters", field="description")
    return title, wish.description


def _check_bookable(
    actor: Actor, room: Room, wish: Wish, span: Span, hours: Hours | None, *, zone: ZoneInfo, now: datetime
) -> None:
    if room.refuse_past and span.start < now:
        raise InPast
    today = now.astimezone(zone).date()
    if room.max_advance_days is not None and (wish.day - today).days > room.max_advance_days:
        raise TooFarAhead(maxAdvanceDays=room.max_advance_days)
    if not runs_the_house(actor):
        _check_hours(room, wish, hours)
    if not room.takes_bookings:
        raise RoomClosed(f"{room.name} takes no bookings")


def _check_hours(room: Room, wish: Wish, hours: Hours | None) -> None:
    if hours is None:
        raise OutsideOpeningHours(f"The house is closed on {wish.day}")
    if not hours.opens <= wish.start < wish.end <= hours.closes:
        opens, closes = clock_text(hours.opens), clock_text(hours.closes)
        raise OutsideOpeningHours(
            f"{room.name} is open from {opens} to {closes}", openingHours={"start": opens, "end": closes}
        )


async def _check_free(tx: Tx, room: Room, wish: Wish, span: Span, *, closed_that_day: bool, zone: ZoneInfo) -> None:
    """Refuse with alternatives when the time is taken.

    The room's row is locked, so what this sees stays true until the insert; the database's own rule against overlaps
    stands behind it.
    """
    clash = await first_clash(tx, room.id, span)
    if clash is None:
        return
    free = [] if closed_that_day else await find_alternatives(tx, room, wish.day, span, zone=zone)
    raise _booked(room, clash, free, zone)


def _booked(room: Room, clash: Span, free: Sequence[tuple[Room, Span]], zone: ZoneInfo) -> RoomBooked:
    return RoomBooked(
        f"{room.name} is already booked from {_shown(clash.start, zone)} to {_shown(clash.end, zone)}",
        start=clash.start.astimezone(zone).isoformat(),
        end=clash.end.astimezone(zone).isoformat(),
        alternatives=[
            {
                "room": other.id,
                "start": each.start.astimezone(zone).isoformat(),
                "end": each.end.astimezone(zone).isoformat(),
            }
            for other, each in free
        ],
    )


async def find_alternatives(
    tx: Tx, room: Room, day: date, wanted: Span, *, zone: ZoneInfo
) -> Sequence[tuple[Room, Span]]:
    """Return up to three free spans of that length on the day: in the room, then in others at least as large."""
    others = [each for each in await list_rooms(tx) if each.id != room.id and each.capacity >= room.capacity]
    found: list[tuple[Room, Span]] = []
    for each in [room, *others]:
        busy = spans_of(await events_in(tx, each, day_span(day, zone)))
        spans = availability.alternatives(day, each.opening.on(day), busy, zone, wanted)
        found += [(each, span) for span in spans]
        if len(found) >= MOST_ALTERNATIVES:
            break
    return found[:MOST_ALTERNATIVES]


def _shown(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%H:%M}"


def _announce(tx: Tx, booking: Booking) -> None:
    tx.announce("rooms", room=booking.room_id, booking=booking.id)
