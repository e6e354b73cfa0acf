"""What the hub's configuration file says of rooms and closed days. Pure: a file in, plans out. See docs/hub.toml."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import msgspec

from guildhall.core.errors import InvalidField
from guildhall.core.toml_file import Place, TomlFile
from guildhall.domains.rooms.administration import RoomPlan, checked_plan, checked_reason
from guildhall.domains.rooms.errors import InvalidTime
from guildhall.domains.rooms.models import ROOM_ID, ClosedDay, Hours, Opening
from guildhall.domains.rooms.times import parse_minutes

SECTIONS = ("rooms", "closed_days")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class FileHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Opening hours as the file writes them."""

    start: str
    end: str


class FileRoom(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A room as the file writes it; its calendar is read by the domain of calendars."""

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
    calendar: dict[str, Any] | None = None


class FileDay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A closed day as the file writes it."""

    day: date
    reason: str


@dataclass(frozen=True)
class HubFile:
    """What the file says: rooms by id, in its order, and the days on which the house is closed."""

    rooms: list[tuple[str, RoomPlan]]
    closed_days: list[ClosedDay]


def read_hub_file(file: TomlFile) -> HubFile:
    """Read the rooms and closed days of the configuration file. Raises FileFaulty with the line in question."""
    rooms = [(room_id, _plan(file, room_id)) for room_id in file.names("rooms")]
    return HubFile(rooms, [_closed_day(file, number) for number in range(file.count("closed_days"))])


def _plan(file: TomlFile, room_id: str) -> RoomPlan:
    place = ("rooms", room_id)
    if not ROOM_ID.fullmatch(room_id):
        raise file.fault(place, "a room's id has small letters, digits and hyphens")
    room = file.read(place, FileRoom)
    weekdays = {
        WEEKDAYS.index(day): None if isinstance(hours, str) else _hours(file, (*place, "weekdays", day), hours)
        for day, hours in room.weekdays.items()
    }
    plan = RoomPlan(
        name=room.name,
        capacity=room.capacity,
        short_name=room.short_name,
        amenities=room.amenities,
        description=room.description,
        calendar_id=room.calendar_id,
        opening=Opening(_hours(file, (*place, "opening_hours"), room.opening_hours), weekdays),
        bookable=room.bookable,
        max_advance_days=room.max_advance_days,
        refuse_past=room.refuse_past,
    )
    try:
        return checked_plan(plan)
    except InvalidField as fault:
        # The file spells the fields of the domain with underscores.
        name = CAPITAL.sub("_", str(fault.details.get("field", ""))).lower()
        raise file.fault((*place, name), fault.message) from fault


def _closed_day(file: TomlFile, number: int) -> ClosedDay:
    closed = file.read(("closed_days", number), FileDay)
    with file.blaming("closed_days", number):
        return ClosedDay(closed.day, checked_reason(closed.reason))


def _hours(file: TomlFile, place: Place, hours: FileHours) -> Hours:
    try:
        return Hours(parse_minutes(hours.start), parse_minutes(hours.end))
    except InvalidTime as fault:
        raise file.fault(place, fault.message) from fault
