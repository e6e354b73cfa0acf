"""The hub's configuration file: rooms and closed days in TOML. Pure: text in, plans out.

An example:

closed_days = [{ day = 2026-12-25, reason = "Christmas" }]

[rooms.ostrom]
name = "Ostrom Room"
capacity = 12
opening_hours = { start = "08:00", end = "22:00" }
weekdays = { saturday = { start = "10:00", end = "18:00" }, sunday = "closed" }
"""

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeVar

import msgspec

from guildhall.core.errors import Invalid
from guildhall.domains.rooms.administration import RoomPlan
from guildhall.domains.rooms.errors import InvalidTime
from guildhall.domains.rooms.models import ROOM_ID, ClosedDay, Hours, Opening
from guildhall.domains.rooms.times import parse_minutes

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PLACE = re.compile(r" - at `\$\.?(\w*)[^`]*`$")

T = TypeVar("T")
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class HubFileFaulty(Invalid):
    """The hub's configuration file cannot be used; the text names the line and what is wrong there."""

    code = "hub_file_faulty"


class FileHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Opening hours as the file writes them."""

    start: str
    end: str


class FileRoom(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A room as the file writes it."""

    name: str
    capacity: int
    short_name: str | None = None
    amenities: list[str] = msgspec.field(default_factory=list)
    description: str | None = None
    calendar_id: str | None = None
    opening_hours: FileHours = FileHours("08:00", "22:00")
    weekdays: dict[Weekday, FileHours | Literal["closed"]] = msgspec.field(default_factory=dict)
    bookable: bool = True
    max_advance_days: int | None = None
    refuse_past: bool = False


class FileDay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A closed day as the file writes it."""

    day: date
    reason: str


@dataclass(frozen=True)
class HubFile:
    """What the file says: rooms by id, in its order, and the days on which the house is closed."""

    rooms: list[tuple[str, RoomPlan]]
    closed_days: list[ClosedDay]


def read_hub_file(text: str) -> HubFile:
    """Read the configuration file. Raises HubFileFaulty with the line in question."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise HubFileFaulty(f"The file is not valid TOML: {fault}") from fault
    unknown = sorted(set(content) - {"rooms", "closed_days"})
    if unknown:
        raise _fault(text, "", unknown[0], "is not a setting of this file")
    rooms = content.get("rooms", {})
    days = content.get("closed_days", [])
    if not isinstance(rooms, dict) or not isinstance(days, list):
        raise HubFileFaulty("`rooms` holds a table for each room, `closed_days` a list")
    return HubFile(
        [(room_id, _plan(text, room_id, room)) for room_id, room in rooms.items()],
        [_closed_day(text, day) for day in days],
    )


def _plan(text: str, room_id: str, content: object) -> RoomPlan:
    header = f"[rooms.{room_id}]"
    if not ROOM_ID.fullmatch(room_id):
        raise _fault(text, header, "", "a room's id has small letters, digits and hyphens")
    room = _convert(text, header, "", content, FileRoom)
    try:
        opening = Opening(
            _hours(room.opening_hours),
            {
                WEEKDAYS.index(day): None if isinstance(hours, str) else _hours(hours)
                for day, hours in room.weekdays.items()
            },
        )
    except InvalidTime as fault:
        raise _fault(text, header, "opening_hours", str(fault)) from fault
    return RoomPlan(
        name=room.name,
        capacity=room.capacity,
        short_name=room.short_name,
        amenities=room.amenities,
        description=room.description,
        calendar_id=room.calendar_id,
        opening=opening,
        bookable=room.bookable,
        max_advance_days=room.max_advance_days,
        refuse_past=room.refuse_past,
    )


def _closed_day(text: str, content: object) -> ClosedDay:
    closed = _convert(text, "", "closed_days", content, FileDay)
    return ClosedDay(closed.day, closed.reason)


def _hours(hours: FileHours) -> Hours:
    return Hours(parse_minutes(hours.start), parse_minutes(hours.end))


def _convert(text: str, header: str, key: str, value: object, kind: type[T]) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as fault:
        place = PLACE.search(str(fault))
        raise _fault(text, header, key or (place[1] if place else ""), PLACE.sub("", str(fault))) from fault


def _fault(text: str, header: str, key: str, reason: str) -> HubFileFaulty:
    """Point at the first line after the room's header that sets the key, or at the header itself."""
    lines = dict(enumerate(text.splitlines(), 1))
    start = next((number for number, line in lines.items() if header and line.strip() == header), 1)
    setting = re.compile(rf"\s*{re.escape(key)}\s*=") if key else None
    number = next((each for each, line in lines.items() if each >= start and setting and setting.match(line)), start)
    where = " ".join(part for part in (header, key) if part)
    return HubFileFaulty(f"Line {number}: {where}: {reason}")
