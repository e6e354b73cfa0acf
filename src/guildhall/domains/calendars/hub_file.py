"""What the hub's configuration file says of calendars outside. Pure: a file in, plans out. See docs/hub.toml."""

from collections.abc import Mapping
from typing import Any

import msgspec

from guildhall.core.errors import InvalidField
from guildhall.core.toml_file import Place, TomlFile
from guildhall.domains.calendars.links import check_plan
from guildhall.domains.calendars.models import SHIFTS, CalendarKind, CalendarPlan, room_target

SECTIONS = ("shifts",)


class FileShifts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says of all shifts."""

    calendar: dict[str, Any] | None = None


class FileCalendar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A calendar as the file writes it. A file is no place for a password: it names the variable that holds it."""

    kind: CalendarKind
    address: str
    username: str | None = None
    password_env: str | None = None


def read_calendars(file: TomlFile, variables: Mapping[str, str]) -> list[CalendarPlan]:
    """Read the links of the configuration file; `variables` are the environment. Raises FileFaulty with the line."""
    found: dict[str, Place] = {
        room_target(room_id): ("rooms", room_id, "calendar")
        for room_id in file.names("rooms")
        if "calendar" in file.read(("rooms", room_id), dict[str, Any])
    }
    if file.has("shifts") and file.read(("shifts",), FileShifts).calendar is not None:
        found[SHIFTS] = ("shifts", "calendar")
    return [_plan(file, place, target, variables) for target, place in found.items()]


def _plan(file: TomlFile, place: Place, target: str, variables: Mapping[str, str]) -> CalendarPlan:
    written = file.read(place, FileCalendar)
    with file.blaming(*place):
        plan = CalendarPlan(
            target=target,
            kind=written.kind,
            address=written.address,
            username=written.username,
            password=_password(written, variables),
        )
        check_plan(plan)
    return plan


def _password(written: FileCalendar, variables: Mapping[str, str]) -> str | None:
    """Return the password that the file points at. Raises InvalidField."""
    if written.kind is CalendarKind.GOOGLE and written.password_env is not None:
        raise InvalidField("A Google calendar is opened by the hub's service account alone", field="password_env")
    if written.kind is CalendarKind.GOOGLE:
        return None
    if written.password_env is None:
        raise InvalidField("A CalDAV calendar needs password_env, the name of a variable", field="password_env")
    password = variables.get(written.password_env)
    if not password:
        raise InvalidField(f"The environment has no variable {written.password_env}", field="password_env")
    return password
