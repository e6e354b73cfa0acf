"""The plan of shifts as an administrator sets it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

import msgspec
from sqlalchemy import bindparam, delete, update

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command, insert_or_replace
from guildhall.core.errors import InvalidField, ManagedByFile
from guildhall.domains import audit
from guildhall.domains.rooms import Hub
from guildhall.domains.rooms.times import MINUTES_OF_DAY, parse_day, parse_minutes
from guildhall.domains.shifts.errors import PlanNotFound, PlanStays
from guildhall.domains.shifts.models import PlannedSlot, ShiftPlan, shift_plans
from guildhall.domains.shifts.plans import DaySlot
from guildhall.domains.shifts.queries import FIRST_FIXED_DAY, PLAN, PLANS
from guildhall.domains.shifts.rota import day_slots

MOST_SLOTS = 24
MOST_PLACES = 1000
FIRST_DAY = parse_day("1970-01-01")
PREVIEWED = timedelta(days=6)
FORGET_PLAN = command(delete(shift_plans).where(shift_plans.c.valid_from == bindparam("since")))
FREE_PLAN = command(
    update(shift_plans).where(shift_plans.c.valid_from == bindparam("since")).values(managed_by_file=False)
)
PUT_PLAN = insert_or_replace(shift_plans)

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


@dataclass(frozen=True)
class PlanDraft:
    """How the shifts are to be from a day on; weekdays (0 is Monday) that are named differ, without slots if empty."""

    valid_from: date
    daily: Sequence[PlannedSlot]
    weekdays: Mapping[int, Sequence[PlannedSlot]] = field(default_factory=dict)
    refuse_past: bool = False


class Change(StrEnum):
    """What a plan does to a slot of a day, against what the day has now."""

    SAME = "same"
    NEW = "new"
    CLOSES = "closes"
    GOES = "goes"


@dataclass(frozen=True)
class DayUnderPlan:
    """A day as a draft would have it. `fixed` days have sign-ups, so their slots can be closed but never go."""

    day: date
    slots: list[tuple[DaySlot, Change]]
    fixed: bool


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
    """Plan the shifts from a day on; a plan that began on the same day is replaced. Raises InvalidField, ManagedByFile.

    Days that somebody has signed up for keep their slots: what the plan adds comes after, what it leaves out is closed.
    """
    known = await tx.one(PLAN, valid_from=valid_from)
    if known is not None and known.managed_by_file:
        raise ManagedByFile
    return await _store(tx, actor, PlanDraft(valid_from, daily, weekdays or {}, refuse_past), by_file=False, now=now)


async def access_plan(tx: Tx, actor: Actor, valid_from: date) -> ShiftPlan:
    """Return the plan that begins on a day. Raises PlanNotFound."""
    del actor  # The route's permission decides who comes here.
    plan = await tx.one(PLAN, valid_from=valid_from)
    if plan is None:
        raise PlanNotFound
    return plan


async def remove_plan(tx: Tx, actor: Actor, plan: ShiftPlan, *, hub: Hub, now: datetime) -> None:
    """Remove a plan; the one before it takes its days. Raises ManagedByFile, PlanStays.

    Slots that people signed up for stay where they are, but those that the earlier plan does not know would close. For
    days to come that is what any change of a plan does. For days that have begun it would rewrite what was, so a plan
    under which somebody signed up for such a day stays. So does the only plan: a house without shifts has an empty one.
    """
    if plan.managed_by_file:
        raise ManagedByFile
    plans = await tx.all(PLANS)
    if len(plans) == 1:
        raise PlanStays("This is the only plan; for a house without shifts, leave its days empty")
    if await _has_history(tx, plan, plans, hub=hub, now=now):
        raise PlanStays
    await tx.run(FORGET_PLAN, since=plan.valid_from)
    await audit.record(tx, actor, "shift.plan_removed", plan.valid_from.isoformat(), now=now)
    tx.announce("shifts", day=None)


async def apply_plans(tx: Tx, actor: Actor, drafts: Sequence[PlanDraft], *, now: datetime) -> None:
    """Make the plans of the configuration file so, and read-only elsewhere. Raises InvalidField.

    A plan that an earlier file named and this one does not stays, and becomes changeable again.
    """
    named = {draft.valid_from for draft in drafts}
    for draft in drafts:
        await _store(tx, actor, draft, by_file=True, now=now)
    for plan in await tx.all(PLANS):
        if plan.managed_by_file and plan.valid_from not in named:
            await tx.run(FREE_PLAN, since=plan.valid_from)


async def week_under(tx: Tx, draft: PlanDraft, *, hub: Hub, now: datetime) -> list[DayUnderPlan]:
    """Return the first week, from today on, that a draft would shape, with what it changes. Raises InvalidField."""
    first = max(draft.valid_from, now.astimezone(hub.zone).date())
    others = [plan for plan in await tx.all(PLANS) if plan.valid_from != draft.valid_from]
    before = await day_slots(tx, first, first + PREVIEWED)
    after = await day_slots(tx, first, first + PREVIEWED, plans=[*others, _checked(draft, by_file=False, now=now)])
    return [_compare(day, before[day], slots) for day, slots in after.items()]


def checked_slots(slots: Sequence[PlannedSlot], where: str) -> list[PlannedSlot]:
    """Return the slots of a day by start. Raises InvalidField, whose field is `where` and the slot's position."""
    if len(slots) > MOST_SLOTS:
        raise InvalidField(f"A day has at most {MOST_SLOTS} shifts", field=f"{where}.{MOST_SLOTS}")
    seen: set[tuple[int, int]] = set()
    for position, slot in enumerate(slots):
        at = f"{where}.{position}"
        if not 0 <= slot.opens < slot.closes <= MINUTES_OF_DAY:
            raise InvalidField("A shift ends after it starts, on the same day", field=at)
        if not 0 <= slot.places <= MOST_PLACES:
            raise InvalidField(f"A shift has 0 to {MOST_PLACES} places", field=at)
        if (slot.opens, slot.closes) in seen:
            raise InvalidField("Another shift of the day has the same times", field=at)
        seen.add((slot.opens, slot.closes))
    return sorted(slots, key=lambda slot: (slot.opens, slot.closes))


async def _has_history(tx: Tx, plan: ShiftPlan, plans: Iterable[ShiftPlan], *, hub: Hub, now: datetime) -> bool:
    """Tell whether anybody ever signed up for a day that has begun and that this plan shapes."""
    later = [each.valid_from - timedelta(days=1) for each in plans if each.valid_from > plan.valid_from]
    last = min([*later, now.astimezone(hub.zone).date()])
    return await tx.one(FIRST_FIXED_DAY, first=plan.valid_from, last=last) is not None


async def _store(tx: Tx, actor: Actor, draft: PlanDraft, *, by_file: bool, now: datetime) -> ShiftPlan:
    plan = _checked(draft, by_file=by_file, now=now)
    known = await tx.one(PLAN, valid_from=plan.valid_from)
    if known is not None and msgspec.structs.replace(known, created_at=now) == plan:
        return known
    await tx.run(PUT_PLAN, **{name: getattr(plan, name) for name in plan.__struct_fields__})
    await audit.record(tx, actor, "shift.plan_set", plan.valid_from.isoformat(), now=now, slots=len(plan.daily))
    tx.announce("shifts", day=None)
    return plan


def _checked(draft: PlanDraft, *, by_file: bool, now: datetime) -> ShiftPlan:
    return ShiftPlan(
        valid_from=draft.valid_from,
        daily=checked_slots(draft.daily, "slots"),
        weekdays={day: checked_slots(slots, f"weekdays.{day}") for day, slots in draft.weekdays.items()},
        refuse_past=draft.refuse_past,
        created_at=now,
        managed_by_file=by_file,
    )


def _compare(day: date, before: Sequence[DaySlot], after: Sequence[DaySlot]) -> DayUnderPlan:
    was = {(slot.opens, slot.closes): slot for slot in before}
    slots = [(slot, _change(was.pop((slot.opens, slot.closes), None), slot)) for slot in after]
    slots += [(slot, Change.GOES) for slot in was.values()]
    return DayUnderPlan(
        day, sorted(slots, key=lambda pair: (pair[0].opens, pair[0].closes)), any(slot.fixed for slot in after)
    )


def _change(before: DaySlot | None, slot: DaySlot) -> Change:
    if before is None:
        return Change.NEW
    return Change.CLOSES if slot.closed and not before.closed else Change.SAME
