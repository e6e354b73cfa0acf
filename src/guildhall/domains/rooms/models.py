"""Rooms, the days the house is closed, bookings, and what other calendars say of the rooms."""

import re
from datetime import date, datetime, timedelta
from enum import StrEnum

import msgspec
from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text

from guildhall.core.db import Day, JsonDoc, UtcTime, metadata, stored

ROOM_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
LONGEST_BOOKING = timedelta(hours=26)
"""No booking is longer: it lies within one day, and a day has 25 hours when the clocks go back.

The bound is what lets an index on the start find every booking that touches a day without reading older ones.
"""

rooms = Table(
    "rooms",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("short_name", Text, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("amenities", JsonDoc, nullable=False),
    Column("description", Text),
    Column("calendar_id", Text),
    Column("opening", JsonDoc, nullable=False),
    Column("bookable", Boolean, nullable=False),
    Column("max_advance_days", Integer),
    Column("refuse_past", Boolean, nullable=False),
    Column("position", Integer, nullable=False),
    Column("managed_by_file", Boolean, nullable=False),
    Column("archived_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
    CheckConstraint("capacity >= 1", name="capacity"),
)

closed_days = Table(
    "closed_days",
    metadata,
    Column("day", Day, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("managed_by_file", Boolean, nullable=False),
)

bookings = Table(
    "bookings",
    metadata,
    Column("id", Text, primary_key=True),
    Column("room_id", Text, ForeignKey("rooms.id"), nullable=False),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("private", Boolean, nullable=False),
    Column("starts_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime, nullable=False),
    Column("state", Text, nullable=False),
    Column("invite", Text),
    Column("sequence", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("cancelled_at", UtcTime),
    Column("cancelled_by", Text),
    CheckConstraint("state IN ('live', 'cancelled')", name="state"),
    CheckConstraint("ends_at > starts_at", name="order"),
    CheckConstraint(f"ends_at - starts_at <= {LONGEST_BOOKING // timedelta(microseconds=1)}", name="length"),
    Index(
        "ix_bookings_room_id_starts_at",
        "room_id",
        "starts_at",
        "ends_at",
        sqlite_where=text("state = 'live'"),
        postgresql_where=text("state = 'live'"),
    ),
    Index(
        "ix_bookings_starts_at",
        "starts_at",
        "ends_at",
        sqlite_where=text("state = 'live'"),
        postgresql_where=text("state = 'live'"),
    ),
    Index(
        "ix_bookings_user_id_starts_at",
        "user_id",
        "starts_at",
        sqlite_where=text("state = 'live'"),
        postgresql_where=text("state = 'live'"),
    ),
    Index(
        "ix_bookings_room_id_cancelled_at",
        "room_id",
        "cancelled_at",
        sqlite_where=text("state = 'cancelled'"),
        postgresql_where=text("state = 'cancelled'"),
    ),
    Index(
        "ix_bookings_user_id_cancelled_at",
        "user_id",
        "cancelled_at",
        sqlite_where=text("state = 'cancelled'"),
        postgresql_where=text("state = 'cancelled'"),
    ),
)

imported_events = Table(
    "imported_events",
    metadata,
    Column("id", Text, primary_key=True),
    # A long event lies here in pieces that are no longer than a booking, so that the same bound finds both.
    Column("piece", Integer, primary_key=True, autoincrement=False),
    Column("room_id", Text, ForeignKey("rooms.id"), nullable=False),
    Column("source", Text, nullable=False),
    Column("outside_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("organiser", Text),
    Column("starts_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime, nullable=False),
    Column("busy_from", UtcTime, nullable=False),
    Column("busy_to", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    CheckConstraint("ends_at > starts_at", name="order"),
    CheckConstraint("busy_from >= starts_at AND busy_to <= ends_at AND busy_to > busy_from", name="piece"),
    CheckConstraint(f"busy_to - busy_from <= {LONGEST_BOOKING // timedelta(microseconds=1)}", name="length"),
    Index("ix_imported_events_room_id_busy_from", "room_id", "busy_from", "busy_to"),
    Index("ix_imported_events_busy_from", "busy_from", "busy_to"),
    Index("ix_imported_events_room_id_outside_id", "room_id", "outside_id"),
)


class Hours(msgspec.Struct, frozen=True):
    """Opening hours of a day, in minutes since local midnight; 1440 is midnight at its end."""

    opens: int
    closes: int


class Opening(msgspec.Struct, frozen=True):
    """When a room is open: every day alike, but for the weekdays named (0 is Monday; None is closed)."""

    daily: Hours
    weekdays: dict[int, Hours | None] = {}

    def on(self, day: date) -> Hours | None:
        """Return the hours of a day, or None when the room stays closed."""
        return self.weekdays.get(day.weekday(), self.daily)


DEFAULT_OPENING = Opening(Hours(8 * 60, 22 * 60))


@stored(rooms)
class Room(msgspec.Struct, frozen=True, kw_only=True):
    """A bookable room. `max_advance_days` None is no limit; `managed_by_file` makes it read-only elsewhere."""

    id: str
    name: str
    short_name: str
    capacity: int
    amenities: list[str] = []
    description: str | None = None
    calendar_id: str | None = None
    opening: Opening = DEFAULT_OPENING
    bookable: bool = True
    max_advance_days: int | None = None
    refuse_past: bool = False
    position: int = 0
    managed_by_file: bool = False
    archived_at: datetime | None = None
    created_at: datetime

    @property
    def takes_bookings(self) -> bool:
        """Whether new bookings are accepted at all."""
        return self.bookable and self.archived_at is None


@stored(closed_days)
class ClosedDay(msgspec.Struct, frozen=True):
    """A day on which the whole house is closed."""

    day: date
    reason: str
    managed_by_file: bool = False


class BookingState(StrEnum):
    """A booking is live until it is cancelled, and is never deleted."""

    LIVE = "live"
    CANCELLED = "cancelled"


@stored(bookings)
class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """A room reserved from `starts_at` up to, not including, `ends_at`. `invite` is where invitations go."""

    id: str
    room_id: str
    user_id: str
    title: str
    description: str | None
    private: bool
    starts_at: datetime
    ends_at: datetime
    state: BookingState = BookingState.LIVE
    invite: str | None = None
    sequence: int = 0
    created_at: datetime
    updated_at: datetime
    cancelled_at: datetime | None = None
    cancelled_by: str | None = None


class BookedEvent(msgspec.Struct, frozen=True):
    """A booking with the names of the person who made it, as calendars show it."""

    id: str
    room_id: str
    user_id: str
    title: str
    description: str | None
    private: bool
    starts_at: datetime
    ends_at: datetime
    state: BookingState
    sequence: int
    created_at: datetime
    updated_at: datetime
    alias: str
    username: str
    display_name: str


@stored(imported_events)
class ImportedPiece(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an imported event: all of it, unless it is longer than a booking can be."""

    id: str
    piece: int
    room_id: str
    source: str
    outside_id: str
    title: str
    organiser: str | None
    starts_at: datetime
    ends_at: datetime
    busy_from: datetime
    busy_to: datetime
    changed_at: datetime


class ImportedEvent(msgspec.Struct, frozen=True):
    """What a calendar outside says of a room: it holds the time, and can be changed only there.

    `source` is the kind of that calendar. Each occurrence of a recurring event is one.
    """

    id: str
    room_id: str
    source: str
    outside_id: str
    title: str
    organiser: str | None
    starts_at: datetime
    ends_at: datetime
    changed_at: datetime


class Conflict(msgspec.Struct, frozen=True):
    """An imported event and a live booking that hold the same room at the same time."""

    id: str
    room_id: str
    source: str
    title: str
    starts_at: datetime
    ends_at: datetime
    booking_id: str
    booking_title: str
    booking_starts_at: datetime
    booking_ends_at: datetime
    booked_by: str


RoomEvent = BookedEvent | ImportedEvent
"""Whatever holds a room."""
