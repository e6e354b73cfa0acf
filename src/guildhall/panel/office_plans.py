"""Plans of shifts: the list of them, and the form of one with the week that it would make."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError, InvalidField
from guildhall.domains import rooms, shifts
from guildhall.domains.identity import Permission
from guildhall.domains.rooms.errors import InvalidDate, InvalidTime
from guildhall.domains.rooms.times import clock_text, parse_day, parse_minutes
from guildhall.domains.shifts import PlanDraft, PlannedSlot, ShiftPlan
from guildhall.panel.forms import change, show, whole_number
from guildhall.panel.pages import file_words, page, told
from guildhall.panel.words import WEEKDAYS, Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import QueryString, read_form
from guildhall.web.calls import Call
from guildhall.web.house import House

PLANS = "/panel/office/plans"
MANAGE = Permission.MANAGE_ROOMS
DAILY = "daily"
ROW = re.compile(r"(?:opens|closes)_(\w+)_(\d{1,3})", re.ASCII)
SPARE = 2
"""Empty rows below the shifts of a day."""

Fields = Mapping[str, str]


class Copied(QueryString, frozen=True, kw_only=True):
    """The plan that a new one begins as."""

    like: str = ""


@show(PLANS, permission=MANAGE)
async def list_plans(call: Call, tx: Tx, house: House) -> Answer:
    """List the plans by the day on which they begin."""
    today = _today(house)
    plans = await shifts.list_plans(tx)
    return page(
        call,
        "office_plans.html",
        title="Shift plans",
        plans=plans,
        in_force=shifts.plan_for(today, plans),
        today=today,
        differing=_differing,
        times=_times,
        by_file=file_words(house),
    )


@show(PLANS + "/new", permission=MANAGE)
async def show_new_plan(query: Copied, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Show the form of a new plan, from tomorrow on, filled with the one in force."""
    tomorrow = _today(house) + timedelta(days=1)
    if query.like:
        known: ShiftPlan | None = await shifts.access_plan(tx, actor, parse_day(query.like))
    else:
        known = shifts.plan_for(tomorrow, await shifts.list_plans(tx))
    return await _form(call, tx, house, None, {"valid_from": tomorrow.isoformat(), **(_filled(known) if known else {})})


@change(PLANS + "/new", permission=MANAGE)
async def create_plan(call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Make a plan, or show the week that it would make."""
    fields = read_form(call.body, dict[str, str])
    try:
        valid_from = parse_day(fields.get("valid_from", ""))
    except InvalidDate as error:
        return await _form(call, tx, house, None, fields, error=error)
    if "preview" not in fields and any(plan.valid_from == valid_from for plan in await shifts.list_plans(tx)):
        taken = InvalidField("Another plan begins on this day; change that one", field="valid_from")
        return await _form(call, tx, house, None, fields, error=taken)
    return await _save(call, tx, actor, house, None, fields, valid_from)


@show(PLANS + "/{valid_from}", permission=MANAGE)
async def show_plan(valid_from: str, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Show the form of a plan."""
    plan = await shifts.access_plan(tx, actor, parse_day(valid_from))
    return await _form(call, tx, house, plan, _filled(plan))


@change(PLANS + "/{valid_from}", permission=MANAGE)
async def save_plan(valid_from: str, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Change a plan, or show the week that it would make."""
    plan = await shifts.access_plan(tx, actor, parse_day(valid_from))
    return await _save(call, tx, actor, house, plan, read_form(call.body, dict[str, str]), plan.valid_from)


@change(PLANS + "/{valid_from}/remove", permission=MANAGE)
async def remove_plan(valid_from: str, tx: Tx, actor: Actor, house: House) -> Answer:
    """Remove a plan."""
    plan = await shifts.access_plan(tx, actor, parse_day(valid_from))
    await shifts.remove_plan(tx, actor, plan, hub=house.hub, now=house.clock.now())
    return redirect(told(PLANS, "plan-removed"))


async def _save(
    call: Call, tx: Tx, actor: Actor, house: House, plan: ShiftPlan | None, fields: Fields, valid_from: date
) -> Answer:
    if "preview" in fields:
        return await _form(call, tx, house, plan, fields)
    try:
        draft = _draft(fields, valid_from)
        async with tx.savepoint():
            await shifts.set_plan(
                tx,
                actor,
                valid_from=draft.valid_from,
                daily=draft.daily,
                weekdays=draft.weekdays,
                refuse_past=draft.refuse_past,
                now=house.clock.now(),
            )
    except GuildhallError as error:
        return await _form(call, tx, house, plan, fields, error=error)
    return redirect(told(PLANS, "plan-saved"))


async def _form(
    call: Call,
    tx: Tx,
    house: House,
    plan: ShiftPlan | None,
    fields: Fields,
    *,
    error: GuildhallError | None = None,
) -> Answer:
    week, closed = [], {}
    try:
        draft = _draft(fields, plan.valid_from if plan else parse_day(fields.get("valid_from", "")))
        week = await shifts.week_under(tx, draft, hub=house.hub, now=house.clock.now())
        closed = await rooms.closed_between(tx, week[0].day, week[-1].day)
    except GuildhallError as fault:
        error = error or fault
    refusal = Refusal.of(error, fields=_beside(fields)) if error else None
    return page(
        call,
        "office_plan.html",
        status=refusal.status if refusal else 200,
        title=_title(plan) if plan else "A new plan",
        plan=plan,
        fields=fields,
        days=[(DAILY, "Every day"), *((str(number), day) for number, day in enumerate(WEEKDAYS))],
        known=list(_beside(fields).values()),
        rows={group: _rows(fields, group) for group in (DAILY, *map(str, range(len(WEEKDAYS))))},
        week=week,
        closed=closed,
        today=_today(house),
        by_file=file_words(house) if plan and plan.managed_by_file else "",
        refusal=refusal,
    )


def _title(plan: ShiftPlan) -> str:
    if plan.valid_from == shifts.FIRST_DAY:
        return "Shifts from the beginning"
    return f"Shifts from {plan.valid_from.day} {plan.valid_from:%B %Y}"


def _draft(fields: Fields, valid_from: date) -> PlanDraft:
    """Return the plan that the form states. Raises InvalidField."""
    weekdays = {
        number: _slots(fields, str(number)) if fields[f"mode_{number}"] == "own" else []
        for number in range(len(WEEKDAYS))
        if fields.get(f"mode_{number}", DAILY) != DAILY
    }
    return PlanDraft(valid_from, _slots(fields, DAILY), weekdays, bool(fields.get("refuse_past")))


def _slots(fields: Fields, group: str) -> list[PlannedSlot]:
    found = []
    for row in _filled_rows(fields, group):
        at = f"{group}_{row}"
        try:
            opens, closes = parse_minutes(fields[f"opens_{at}"]), _end(fields.get(f"closes_{at}", ""))
        except InvalidTime as fault:
            raise InvalidField(fault.message, field=at) from fault
        found.append(PlannedSlot(opens, closes, whole_number(fields.get(f"places_{at}", ""), field=at)))
    return found


def _end(text: str) -> int:
    # A time field cannot say 24:00: midnight as the end is the day's own.
    return parse_minutes("24:00" if text == "00:00" else text)


def _filled_rows(fields: Fields, group: str) -> list[int]:
    """Return the numbers of the rows that say something; a row without a start and an end is none."""
    named = [(ROW.fullmatch(name), value) for name, value in fields.items()]
    return sorted({int(found[2]) for found, value in named if found and found[1] == group and value})


def _rows(fields: Fields, group: str) -> Sequence[int]:
    """Return the numbers of the rows to show: those filled, and some more."""
    filled = _filled_rows(fields, group)
    first = filled[-1] + 1 if filled else 0
    return [*filled, *range(first, first + SPARE)]


def _beside(fields: Fields) -> dict[str, str]:
    """Return which row of the form each slot of the plan came from, by the name that the domain uses for it."""
    groups = {"slots": DAILY, **{f"weekdays.{number}": str(number) for number in range(len(WEEKDAYS))}}
    return {"date": "valid_from"} | {
        f"{name}.{position}": f"{group}_{row}"
        for name, group in groups.items()
        for position, row in enumerate(_filled_rows(fields, group))
    }


def _filled(plan: ShiftPlan) -> dict[str, str]:
    """Return the fields of a form that states a plan."""
    fields = _slot_fields(DAILY, plan.daily)
    for number, slots in plan.weekdays.items():
        fields |= {f"mode_{number}": "own" if slots else "none", **_slot_fields(str(number), slots)}
    return fields | ({"refuse_past": "yes"} if plan.refuse_past else {})


def _slot_fields(group: str, slots: Sequence[PlannedSlot]) -> dict[str, str]:
    fields = {}
    for row, slot in enumerate(slots):
        fields[f"opens_{group}_{row}"] = clock_text(slot.opens)
        fields[f"closes_{group}_{row}"] = clock_text(slot.closes).replace("24:00", "00:00")
        fields[f"places_{group}_{row}"] = str(slot.places)
    return fields


def _times(slots: Sequence[PlannedSlot]) -> str:
    """Write the slots of a day in one line."""
    shown = [f"{clock_text(slot.opens)}\N{EN DASH}{clock_text(slot.closes)}" for slot in slots]
    return ", ".join(shown) or "no shifts"


def _differing(plan: ShiftPlan) -> list[tuple[str, str]]:
    """Return the weekdays that differ, with what they have."""
    return [(WEEKDAYS[number], _times(slots)) for number, slots in sorted(plan.weekdays.items())]


def _today(house: House) -> date:
    return house.clock.now().astimezone(house.hub.zone).date()
