"""Rooms and closed days as an administrator sets them, and as the hub's configuration file does."""

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy import bindparam, delete, update

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command, insert_if_new
from guildhall.core.errors import InvalidField, ManagedByFile
from guildhall.domains import audit
from guildhall.domains.identity.names import clean_name
from guildhall.domains.rooms.models import (
    DEFAULT_OPENING,
    ClosedDay,
    Hours,
    Opening,
    Room,
    closed_days,
    rooms,
)
from guildhall.domains.rooms.queries import CLOSED, EVERY_ROOM, LAST_POSITION
from guildhall.domains.rooms.times import MINUTES_OF_DAY

LARGEST_CAPACITY = 100_000
MOST_AMENITIES = 50
FIRST_DAY, LAST_DAY = "0001-01-01", "9999-12-31"
CHANGEABLE = (
    "name", "short_name", "capacity", "amenities", "description", "calendar_id", "opening", "bookable",
    "max_advance_days", "refuse_past", "position", "managed_by_file", "archived_at",
)  # fmt: skip

MAKE = insert_if_new(rooms)
CHANGE = command(
    update(rooms)
    .where(rooms.c.id == bindparam("room_id"))
    .values({name: bindparam(f"new_{name}", type_=rooms.c[name].type) for name in CHANGEABLE})
)
OPEN_DAY = command(delete(closed_days).where(closed_days.c.day == bindparam("which")))
OPEN_FILE_DAYS = command(delete(closed_days).where(closed_days.c.managed_by_file.is_(True)))


class RoomPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How a room is to be. `short_name` None is the name; `opening` None is 08:00 to 22:00 every day."""

    name: str
    capacity: int
    short_name: str | None = None
    amenities: list[str] = []
    description: str | None = None
    calendar_id: str | None = None
    opening: Opening | None = None
    bookable: bool = True
    max_advance_days: int | None = None
    refuse_past: bool = False


DEFAULT_ROOMS: Sequence[tuple[str, RoomPlan]] = (
    ("ostrom", RoomPlan(name="Ostrom Room", short_name="Ostrom", capacity=12, amenities=["projector", "whiteboard"])),
    ("satoshi", RoomPlan(name="Satoshi Room", short_name="Satoshi", capacity=15)),
    ("phonebooth", RoomPlan(name="Phone Booth", capacity=1)),
    ("mush", RoomPlan(name="Mush Room", short_name="Mush", capacity=10)),
    ("angel", RoomPlan(name="Angel Room", short_name="Angel", capacity=12)),
    ("coworking", RoomPlan(name="Coworking", capacity=30, opening=Opening(Hours(19 * 60, 22 * 60)))),
    ("playroom", RoomPlan(name="Playroom", capacity=10)),
)


def checked_plan(plan: RoomPlan) -> RoomPlan:
    """Return a plan with its texts cleaned. Raises InvalidField for what no room can be."""
    return msgspec.structs.replace(
        plan,
        name=clean_name(plan.name, longest=100, field="name"),
        short_name=None if plan.short_name is None else clean_name(plan.short_name, longest=50, field="shortName"),
        capacity=_within(plan.capacity, LARGEST_CAPACITY, "capacity"),
        amenities=_valid_amenities(plan.amenities),
        description=_valid_description(plan.description),
        calendar_id=clean_name(plan.calendar_id, longest=255, field="calendarId") if plan.calendar_id else None,
        opening=_valid_opening(plan.opening or DEFAULT_OPENING),
        max_advance_days=None
        if plan.max_advance_days is None
        else _within(plan.max_advance_days, 36_500, "maxAdvanceDays"),
    )


def checked_reason(reason: str) -> str:
    """Return why a day is closed, cleaned. Raises InvalidField."""
    return clean_name(reason, longest=100, field="reason")


async def put_room(tx: Tx, actor: Actor, known: Room | None, *, room_id: str, plan: RoomPlan, now: datetime) -> Room:
    """Make a room, or replace its description and rules. Raises InvalidField, ManagedByFile.

    `known` comes from `access_room_to_change` in the same transaction.
    """
    if known is not None and known.managed_by_file:
        raise ManagedByFile
    return await _store(tx, actor, room_id, plan, known=known, by_file=False, now=now)


async def archive_room(tx: Tx, actor: Actor, room: Room, *, now: datetime) -> Room:
    """Take a room out of every list; its bookings stay. Raises ManagedByFile."""
    if room.managed_by_file:
        raise ManagedByFile
    archived = msgspec.structs.replace(room, archived_at=now, bookable=False)
    await _update(tx, archived)
    await audit.record(tx, actor, "room.archived", room.id, now=now)
    tx.announce("rooms", room=room.id)
    return archived


async def create_default_rooms(tx: Tx, actor: Actor, *, now: datetime) -> bool:
    """Make the default rooms in a house that never had any, and tell whether it did."""
    if await tx.all(EVERY_ROOM):
        return False
    for room_id, plan in DEFAULT_ROOMS:
        await _store(tx, actor, room_id, plan, known=None, by_file=False, now=now)
    return True


async def close_day(tx: Tx, actor: Actor, day: date, *, reason: str, now: datetime) -> None:
    """Close the whole house for a day; bookings that exist stay. Raises InvalidField, ManagedByFile."""
    text = checked_reason(reason)
    await _open(tx, day)
    await tx.insert(ClosedDay(day, text))
    await audit.record(tx, actor, "house.day_closed", day.isoformat(), now=now, reason=text)
    tx.announce("rooms", room=None)


async def reopen_day(tx: Tx, actor: Actor, day: date, *, now: datetime) -> None:
    """Open the house again on a day; a day that is open already is fine. Raises ManagedByFile."""
    await _open(tx, day)
    await audit.record(tx, actor, "house.day_opened", day.isoformat(), now=now)
    tx.announce("rooms", room=None)


async def apply_file(
    tx: Tx, actor: Actor, *, plans: Sequence[tuple[str, RoomPlan]], days: Sequence[ClosedDay], now: datetime
) -> None:
    """Make the rooms and closed days of the configuration file so, and read-only elsewhere.

    What an earlier file named and this one does not becomes changeable again. Raises InvalidField.
    """
    known = {room.id: room for room in await tx.all(EVERY_ROOM)}
    named = {room_id for room_id, _ in plans}
    let_go = [room for room in known.values() if room.managed_by_file and room.id not in named]
    for position, (room_id, plan) in enumerate(plans):
        await _store(tx, actor, room_id, plan, known=known.get(room_id), by_file=True, now=now, position=position)
    for room in let_go:
        await _update(tx, msgspec.structs.replace(room, managed_by_file=False))
    opened = await tx.run(OPEN_FILE_DAYS)
    for closed in days:
        await tx.run(OPEN_DAY, which=closed.day)
        await tx.insert(msgspec.structs.replace(closed, managed_by_file=True))
    if plans or days or let_go or opened:
        await audit.record(tx, actor, "house.file_applied", None, now=now, rooms=sorted(named), closed_days=len(days))
        tx.announce("rooms", room=None)


async def _store(
    tx: Tx,
    actor: Actor,
    room_id: str,
    plan: RoomPlan,
    *,
    known: Room | None,
    by_file: bool,
    now: datetime,
    position: int | None = None,
) -> Room:
    if position is None:
        position = known.position if known else (await tx.one(LAST_POSITION) or 0) + 1
    wanted = checked_plan(plan)
    room = Room(
        id=room_id,
        name=wanted.name,
        short_name=wanted.short_name or wanted.name[:50],
        capacity=wanted.capacity,
        amenities=wanted.amenities,
        description=wanted.description,
        calendar_id=wanted.calendar_id,
        opening=wanted.opening or DEFAULT_OPENING,
        bookable=wanted.bookable,
        max_advance_days=wanted.max_advance_days,
        refuse_past=wanted.refuse_past,
        position=position,
        managed_by_file=by_file,
        created_at=known.created_at if known else now,
    )
    if known == room:
        return room
    # When somebody made the room since it was looked for, what is left to do is to change it.
    made = known is None and await tx.run(MAKE, **msgspec.structs.asdict(room))
    if not made:
        await _update(tx, room)
    await audit.record(tx, actor, "room.created" if made else "room.changed", room_id, now=now, name=room.name)
    tx.announce("rooms", room=room_id)
    return room


async def _update(tx: Tx, room: Room) -> None:
    await tx.run(CHANGE, room_id=room.id, **{f"new_{name}": getattr(room, name) for name in CHANGEABLE})


async def _open(tx: Tx, day: date) -> None:
    closed = await tx.one(CLOSED, first=day, last=day)
    if closed is not None and closed.managed_by_file:
        raise ManagedByFile
    await tx.run(OPEN_DAY, which=day)


def _within(value: int, most: int, field: str) -> int:
    if not 1 <= value <= most:
        raise InvalidField(f"{field} is between 1 and {most}", field=field)
    return value


def _valid_amenities(amenities: list[str]) -> list[str]:
    if len(amenities) > MOST_AMENITIES:
        raise InvalidField(f"A room has at most {MOST_AMENITIES} amenities", field="amenities")
    return [clean_name(amenity, longest=50, field="amenities") for amenity in amenities]


def _valid_description(text: str | None) -> str | None:
    if text is not None and (len(text) > 2000 or any(unicodedata.category(char) == "Cs" for char in text)):  # noqa: PLR2004
        raise InvalidField("A description has at most 2000 characters", field="description")
    return text


def _valid_opening(opening: Opening) -> Opening:
    for hours in (opening.daily, *opening.weekdays.values()):
        if hours is not None and not 0 <= hours.opens < hours.closes <= MINUTES_OF_DAY:
            raise InvalidField("A room opens before it closes, on the same day", field="openingHours")
    return opening
