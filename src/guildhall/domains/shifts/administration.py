"""The plan of shifts as an administrator sets it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import bindparam, delete

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.core.errors import InvalidField
from guildhall.domains import audit
from guildhall.domains.rooms.errors import InvalidTime
from guildhall.domains.rooms.times import MINUTES_OF_DAY, parse_day, parse_minutes
from guildhall.domains.shifts.models import PlannedSlot, ShiftPlan, shift_plans
from guildhall.domains.shifts.queries import PLANS

MOST_SLOTS = 24
MOST_PLACES = 1000
FIRST_DAY = parse_day("1970-01-01")
FORGET_PLAN = command(delete(shift_plans).where(shift_plans.c.valid_from == bindparam("since")))

DEFAULT_TIMES = (
    ("08:30", "11:30"),
    ("11:30", "14:30"),
    ("14:30", "17:30"),
    ("17:30", "20:30"),
    ("20:30", "22:30"),
)
DEFAULT_SLOTS = [PlannedSlot(parse_minutes(start), parse_minutes(end)) for start, end in DEFAULT_TIMES]


async def create_default_plan(tx: Tx, actor: Actor, *, now: datetime) -> bool:
    """Plan five shifts of three places for every day in a house that never had a plan, and tell whether it did."""
    if await tx.one(PLANS):
        return False
    await set_plan(tx, actor, valid_from=FIRST_DAY, daily=DEFAULT_SLOTS, now=now)
    return True


async def set_plan(
    tx: Tx,
    actor: Actor,
    *,
    valid_from: date,
    daily: Sequence[PlannedSlot],
    weekdays: Mapping[int, Sequence[PlannedSlot]] | None = None,
    refuse_past: bool = False,
    now: datetime,
) -> ShiftPlan:
    """Plan the shifts from a day on; a plan that began on the same day is replaced. Raises InvalidTime, InvalidField.

    Days that somebody has signed up for keep their slots: what the plan adds comes after, what it leaves out is closed.
    """
    plan = ShiftPlan(
        valid_from=valid_from,
        daily=_valid_slots(daily),
        weekdays={day: _valid_slots(slots) for day, slots in (weekdays or {}).items()},
        refuse_past=refuse_past,
        created_at=now,
    )
    await tx.run(FORGET_PLAN, since=valid_from)
    await tx.insert(plan)
    await audit.record(tx, actor, "shift.plan_set", valid_from.isoformat(), now=now, slots=len(plan.daily))
    tx.announce("shifts", day=None)
    return plan


def _valid_slots(slots: Sequence[PlannedSlot]) -> list[PlannedSlot]:
    if len(slots) > MOST_SLOTS:
        raise InvalidField(f"A day has at most {MOST_SLOTS} shifts", field="slots")
    for slot in slots:
        if not 0 <= slot.opens < slot.closes <= MINUTES_OF_DAY:
            raise InvalidTime("A shift ends after it starts, on the same day", field="slots")
        if not 0 <= slot.places <= MOST_PLACES:
            raise InvalidField(f"A shift has 0 to {MOST_PLACES} places", field="places")
    if len({(slot.opens, slot.closes) for slot in slots}) != len(slots):
        raise InvalidField("Two shifts have the same times", field="slots")
    return sorted(slots, key=lambda slot: (slot.opens, slot.closes))
