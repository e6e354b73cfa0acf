"""What the hub's configuration file says of shifts. Pure: a file in, drafts of plans out. See docs/hub.toml."""

from datetime import date
from typing import Literal

import msgspec

from guildhall.core.errors import InvalidField
from guildhall.core.toml_file import Place, TomlFile
from guildhall.domains.rooms.errors import InvalidTime
from guildhall.domains.rooms.hub_file import WEEKDAYS, Weekday
from guildhall.domains.rooms.times import parse_minutes
from guildhall.domains.shifts.administration import PlanDraft, checked_slots
from guildhall.domains.shifts.models import PlannedSlot

SECTIONS = ("shift_plans",)


class FileSlot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A slot as the file writes it."""

    start: str
    end: str
    places: int = 3


class FilePlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan as the file writes it."""

    valid_from: date
    slots: list[FileSlot]
    weekdays: dict[Weekday, list[FileSlot] | Literal["closed"]] = msgspec.field(default_factory=dict)
    refuse_past: bool = False


def read_plans(file: TomlFile) -> list[PlanDraft]:
    """Read the shift plans of the configuration file. Raises FileFaulty with the line in question."""
    drafts: dict[date, PlanDraft] = {}
    for number in range(file.count("shift_plans")):
        place = ("shift_plans", number)
        plan = file.read(place, FilePlan)
        with file.blaming(*place):
            if plan.valid_from in drafts:
                raise InvalidField("Another plan begins on the same day", field="valid_from")
            drafts[plan.valid_from] = _draft(file, place, plan)
    return list(drafts.values())


def _draft(file: TomlFile, place: Place, plan: FilePlan) -> PlanDraft:
    own = {
        day: _slots(file, (*place, "weekdays", day), [] if isinstance(slots, str) else slots)
        for day, slots in plan.weekdays.items()
    }
    return PlanDraft(
        plan.valid_from,
        checked_slots(_slots(file, (*place, "slots"), plan.slots), "slots"),
        {WEEKDAYS.index(day): checked_slots(slots, f"weekdays.{day}") for day, slots in own.items()},
        plan.refuse_past,
    )


def _slots(file: TomlFile, place: Place, slots: list[FileSlot]) -> list[PlannedSlot]:
    found = []
    for position, slot in enumerate(slots):
        try:
            found.append(PlannedSlot(parse_minutes(slot.start), parse_minutes(slot.end), slot.places))
        except InvalidTime as fault:
            raise file.fault((*place, position), fault.message) from fault
    return found
