"""Which slots a day has. Pure sums, no I/O.

A day without sign-ups has the slots of the plan in force, numbered by start. From its first sign-up on its slots are
fixed: what a later plan adds gets new, higher numbers, what it leaves out is closed, and nothing is ever renumbered.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count

from guildhall.domains.shifts.models import FixedSlot, PlannedSlot, ShiftPlan

MINUTES_OF_HOUR = 60


@dataclass(frozen=True)
class DaySlot:
    """A slot of a day: minutes since local midnight, places, and whether it takes sign-ups."""

    day: date
    index: int
    opens: int
    closes: int
    places: int
    closed: bool = False
    fixed: bool = False

    @property
    def minutes(self) -> int:
        """How long it lasts by the clock on the wall."""
        return self.closes - self.opens


def suggested_units(slot: DaySlot, hourly: int) -> int:
    """Return what the hours of a slot earn, in base units, where an hour earns `hourly` of them."""
    return slot.minutes * hourly // MINUTES_OF_HOUR


def plan_for(day: date, plans: Iterable[ShiftPlan]) -> ShiftPlan | None:
    """Return the plan in force on a day: of those that are valid by then, the latest."""
    return max((plan for plan in plans if plan.valid_from <= day), key=lambda plan: plan.valid_from, default=None)


def slots_of(day: date, plan: ShiftPlan | None, fixed: Sequence[FixedSlot], *, house_closed: bool) -> list[DaySlot]:
    """Return the slots of a day by start. On a day the house is closed, all of them are closed."""
    planned = plan.on(day) if plan else []
    if fixed:
        slots = _beside_fixed(day, planned, fixed)
    else:
        slots = [DaySlot(day, index, slot.opens, slot.closes, slot.places) for index, slot in enumerate(planned)]
    if house_closed:
        slots = [_shut(slot) for slot in slots]
    return sorted(slots, key=lambda slot: (slot.opens, slot.closes, slot.index))


def _beside_fixed(day: date, planned: Sequence[PlannedSlot], fixed: Sequence[FixedSlot]) -> list[DaySlot]:
    wanted = {(slot.opens, slot.closes): slot for slot in planned}
    kept = [
        DaySlot(
            day, each.slot, each.opens, each.closes, each.places,
            closed=(each.opens, each.closes) not in wanted, fixed=True,
        )
        for each in fixed
    ]  # fmt: skip
    known = {(each.opens, each.closes) for each in fixed}
    numbers = count(max(each.slot for each in fixed) + 1)
    added = [
        DaySlot(day, next(numbers), slot.opens, slot.closes, slot.places)
        for times, slot in wanted.items()
        if times not in known
    ]
    return kept + added


def _shut(slot: DaySlot) -> DaySlot:
    return DaySlot(slot.day, slot.index, slot.opens, slot.closes, slot.places, closed=True, fixed=slot.fixed)
