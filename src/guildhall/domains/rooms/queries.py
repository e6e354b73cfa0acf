"""Reads of rooms and bookings. Every read of bookings is bounded by time, so it costs the days asked for."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, and_, bindparam, func, literal_column, or_, select

from guildhall.core.db import Tx, query
from guildhall.domains.identity.models import users
from guildhall.domains.rooms.models import (
    LONGEST_BOOKING,
    BookedEvent,
    Booking,
    BookingState,
    ClosedDay,
    Conflict,
    ImportedEvent,
    ImportedPiece,
    Room,
    RoomEvent,
    bookings,
    closed_days,
    imported_events,
    rooms,
)
from guildhall.domains.rooms.times import Span

EVENT_COLUMNS = [
    users.c[name] if name in ("alias", "username", "display_name") else bookings.c[name]
    for name in BookedEvent.__struct_fields__
]
MOST_OWN = 1000
MOST_CONFLICTS = 200

_Conditions = list[ColumnElement[bool]]


def _in_state(state: BookingState) -> ColumnElement[bool]:
    # The state is written out, because an index over the rows of one state serves only statements that name it: for a
    # parameter SQLite would plan anew at each execution, and PostgreSQL could never keep a plan.
    return bookings.c.state == literal_column(f"'{state.value}'")


def _touching(start: Column[Any] = bookings.c.starts_at, end: Column[Any] = bookings.c.ends_at) -> _Conditions:
    # The first bound follows from the longest booking; without it the index would be read from its beginning.
    return [
        start > bindparam("earliest", required=True, type_=start.type),
        start < bindparam("until"),
        end > bindparam("since"),
    ]


def _events(*where: ColumnElement[bool]) -> Select[Any]:
    return select(*EVENT_COLUMNS).join_from(bookings, users, users.c.id == bookings.c.user_id).where(*where)


_live = _in_state(BookingState.LIVE)
_cancelled = _in_state(BookingState.CANCELLED)
_in_order = (bookings.c.starts_at, bookings.c.id)

ROOM = query(Room, select(rooms).where(rooms.c.id == bindparam("id")))
# The row stays locked to the end of the transaction; a new booking's foreign key does not have to wait for it.
ROOM_LOCKED = query(Room, select(rooms).where(rooms.c.id == bindparam("id")).with_for_update(key_share=True))
ALL_ROOMS = query(Room, select(rooms).where(rooms.c.archived_at.is_(None)).order_by(rooms.c.position, rooms.c.id))
EVERY_ROOM = query(Room, select(rooms).order_by(rooms.c.position, rooms.c.id))
LAST_POSITION = query(int, select(func.max(rooms.c.position)))
CLOSED = query(
    ClosedDay,
    select(closed_days)
    .where(closed_days.c.day.between(bindparam("first"), bindparam("last")))
    .order_by(closed_days.c.day),
)
# The live bookings of one room never overlap, so their starts alone are an order, which the index has.
EVENTS_OF_ROOM = query(
    BookedEvent,
    _events(bookings.c.room_id == bindparam("room_id"), _live, *_touching()).order_by(bookings.c.starts_at),
)
EVENTS_OF_USER = query(
    BookedEvent,
    _events(bookings.c.user_id == bindparam("user_id"), _live, *_touching()).order_by(*_in_order).limit(MOST_OWN),
)
CANCELLED_OF_ROOM = query(
    BookedEvent,
    _events(
        bookings.c.room_id == bindparam("room_id"),
        _cancelled,
        bookings.c.cancelled_at > bindparam("cancelled_after"),
        *_touching(),
    ).order_by(*_in_order),
)
CANCELLED_OF_USER = query(
    BookedEvent,
    _events(
        bookings.c.user_id == bindparam("user_id"),
        _cancelled,
        bookings.c.cancelled_at > bindparam("cancelled_after"),
        *_touching(),
    ).order_by(*_in_order),
)
EVENTS_IN_HOUSE = query(BookedEvent, _events(_live, *_touching()).order_by(*_in_order))
BOOKING_LOCKED = query(
    Booking,
    select(bookings)
    .where(bookings.c.id == bindparam("id"), bookings.c.room_id == bindparam("room_id"), _live)
    .with_for_update(),
)
EVENT = query(BookedEvent, _events(bookings.c.id == bindparam("id")))
FIRST_CLASH = query(
    Booking,
    select(bookings)
    .where(bookings.c.room_id == bindparam("room_id"), bookings.c.id != bindparam("but"), _live, *_touching())
    .order_by(bookings.c.starts_at)
    .limit(1),
)

_imported = select(*(imported_events.c[name] for name in ImportedEvent.__struct_fields__))
_of_room = imported_events.c.room_id == bindparam("room_id")
_held = _touching(imported_events.c.busy_from, imported_events.c.busy_to)
IMPORTED_OF_ROOM = query(
    ImportedEvent, _imported.where(_of_room, *_held).order_by(imported_events.c.starts_at, imported_events.c.id)
)
IMPORTED_IN_HOUSE = query(
    ImportedEvent, _imported.where(*_held).order_by(imported_events.c.starts_at, imported_events.c.id)
)
FIRST_HELD = query(ImportedEvent, _imported.where(_of_room, *_held).order_by(imported_events.c.busy_from).limit(1))
IMPORTED = query(ImportedEvent, _imported.where(imported_events.c.id == bindparam("id"), _of_room).limit(1))
PIECES = query(
    ImportedPiece, select(imported_events).where(_of_room, imported_events.c.outside_id == bindparam("outside_id"))
)
OUTSIDE_IDS = query(str, select(imported_events.c.outside_id).where(_of_room).distinct())
_longest: ColumnElement[Any] = literal_column(str(LONGEST_BOOKING // timedelta(microseconds=1)))
_same_time = and_(
    bookings.c.room_id == imported_events.c.room_id,
    _live,
    bookings.c.starts_at > imported_events.c.busy_from - _longest,
    bookings.c.starts_at < imported_events.c.busy_to,
    bookings.c.ends_at > imported_events.c.busy_from,
    # Of two pieces of one event that a booking touches, the first.
    or_(imported_events.c.piece == 0, imported_events.c.busy_from <= bookings.c.starts_at),
)
_conflicts = (
    select(
        *(imported_events.c[name] for name in ("id", "room_id", "source", "title", "starts_at", "ends_at")),
        bookings.c.id.label("booking_id"),
        bookings.c.title.label("booking_title"),
        bookings.c.starts_at.label("booking_starts_at"),
        bookings.c.ends_at.label("booking_ends_at"),
        users.c.display_name.label("booked_by"),
    )
    .select_from(imported_events.join(bookings, _same_time).join(users, users.c.id == bookings.c.user_id))
    .order_by(bookings.c.starts_at, bookings.c.id)
    .limit(MOST_CONFLICTS)
)
CONFLICTS = query(
    Conflict,
    _conflicts.where(
        imported_events.c.busy_from > bindparam("earliest"),
        imported_events.c.busy_to > bindparam("since"),
        bookings.c.starts_at > bindparam("earliest"),
        bookings.c.ends_at > bindparam("since"),
    ),
)


def bounds(span: Span) -> dict[str, datetime]:
    """Return the parameters that bound a read to what touches a span."""
    return {"earliest": span.start - LONGEST_BOOKING, "since": span.start, "until": span.end}


async def list_rooms(tx: Tx) -> list[Room]:
    """Return the rooms that take bookings, in the order the hub set."""
    return [room for room in await tx.all(ALL_ROOMS) if room.bookable]


async def every_room(tx: Tx) -> list[Room]:
    """Return all rooms, archived and closed ones too."""
    return await tx.all(EVERY_ROOM)


async def closed_between(tx: Tx, first: date, last: date) -> dict[date, ClosedDay]:
    """Return the days in a range on which the whole house is closed."""
    found = await tx.all(CLOSED, first=first, last=last)
    return {closed.day: closed for closed in found}


async def events_in(tx: Tx, room: Room, span: Span) -> list[RoomEvent]:
    """Return the live bookings of a room and its imported events that touch a span, by start."""
    booked = await tx.all(EVENTS_OF_ROOM, room_id=room.id, **bounds(span))
    return _together(booked, await tx.all(IMPORTED_OF_ROOM, room_id=room.id, **bounds(span)))


async def events_in_house(tx: Tx, span: Span) -> list[RoomEvent]:
    """Return the live bookings and the imported events of all rooms that touch a span, by start."""
    booked = await tx.all(EVENTS_IN_HOUSE, **bounds(span))
    return _together(booked, await tx.all(IMPORTED_IN_HOUSE, **bounds(span)))


def _together(booked: list[BookedEvent], imported: list[ImportedEvent]) -> list[RoomEvent]:
    """Put events in order of their starts; several pieces of one are one."""
    once = {event.id: event for event in imported}
    return sorted([*booked, *once.values()], key=lambda event: (event.starts_at, event.id)) if once else [*booked]


async def bookings_of(tx: Tx, user_id: str, span: Span) -> list[BookedEvent]:
    """Return a person's live bookings that touch a span, by start, at most a thousand."""
    return await tx.all(EVENTS_OF_USER, user_id=user_id, **bounds(span))


async def event_with(tx: Tx, booking_id: str) -> BookedEvent:
    """Return a booking, live or cancelled, with the names of its owner. It must exist."""
    event = await tx.one(EVENT, id=booking_id)
    if event is None:
        raise LookupError(f"booking {booking_id} does not exist")
    return event


async def first_clash(tx: Tx, room_id: str, span: Span, *, but: str = "") -> Span | None:
    """Return the time of the first thing that holds a room within a span, other than the booking `but`."""
    booking = await tx.one(FIRST_CLASH, room_id=room_id, but=but, **bounds(span))
    imported = await tx.one(FIRST_HELD, room_id=room_id, **bounds(span))
    held = [Span(each.starts_at, each.ends_at) for each in (booking, imported) if each is not None]
    return min(held, default=None)


async def outside_ids_of(tx: Tx, room: Room) -> list[str]:
    """Return what the calendar outside calls the events that were imported into a room."""
    return await tx.all(OUTSIDE_IDS, room_id=room.id)


def spans_of(events: Iterable[RoomEvent]) -> list[Span]:
    """Return the time that events hold."""
    return [Span(event.starts_at, event.ends_at) for event in events]
