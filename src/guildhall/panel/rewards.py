"""Rewarding those who did the shifts of a week: chosen, looked at, confirmed once."""

import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError, InvalidField
from guildhall.domains import ledger, shifts
from guildhall.domains.identity import Permission
from guildhall.domains.ledger import Token
from guildhall.domains.rooms.times import parse_day
from guildhall.domains.shifts import Portion, RotaSlot
from guildhall.panel.forms import change, show
from guildhall.panel.office_tokens import read_amount
from guildhall.panel.pages import page
from guildhall.panel.templating import span_words
from guildhall.panel.week import week_of
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer
from guildhall.web.bodies import QueryString, read_form
from guildhall.web.calls import Call
from guildhall.web.house import House

RUN = "/panel/rewards"
GIVEN = re.compile(r"give_(\d{4}-\d\d-\d\d)_(\d{1,4})_(.+)", re.ASCII)

Fields = Mapping[str, str]


class Wanted(QueryString, frozen=True, kw_only=True):
    """Which week, which slot of its chosen day if only one, and in which token."""

    date: str = ""
    slot: str = ""
    token: str = ""


@show(RUN, permission=Permission.REWARD)
async def show_run(query: Wanted, call: Call, tx: Tx, house: House) -> Answer:
    """Show who may be rewarded in a week, or in one shift, with what the shifts suggest."""
    return await _choice(call, tx, house, {"date": query.date, "slot": query.slot, "token": query.token})


@change(RUN + "/preview", permission=Permission.REWARD, transaction="read")
async def preview_run(call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Show who would get how much, and who goes without."""
    fields = read_form(call.body, dict[str, str])
    try:
        portions = _portions(fields)
        plans = await shifts.plan_run(tx, actor, portions, token=fields.get("token", ""), hub=house.hub)
    except GuildhallError as error:
        return await _choice(call, tx, house, fields, error=error)
    return page(
        call,
        "rewards_preview.html",
        title="Shall this be given?",
        fields=fields,
        plans=plans,
        total=sum(plan.units * len(plan.gets) for plan in plans),
        people=len({each.alias for plan in plans for each in plan.gets}),
    )


@change(RUN, permission=Permission.REWARD)
async def reward_run(call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Give the rewards and show what came of each. A second submission gives nothing, and shows the same."""
    fields = read_form(call.body, dict[str, str])
    try:
        portions = _portions(fields)
        async with tx.savepoint():
            done = await shifts.reward_run(
                tx, actor, portions, token=fields.get("token", ""), hub=house.hub, now=house.clock.now()
            )
    except GuildhallError as error:
        return await _choice(call, tx, house, fields, error=error)
    return page(
        call,
        "rewards_done.html",
        title="Rewards",
        fields=fields,
        done=done,
        names={
            (each.day, each.slot, each.alias): each.display_name
            for portion in done
            for each in await shifts.volunteers_of(tx, portion.slot.day, portion.slot.index)
        },
    )


async def _choice(call: Call, tx: Tx, house: House, fields: Fields, *, error: GuildhallError | None = None) -> Answer:
    now = house.clock.now()
    today = now.astimezone(house.hub.zone).date()
    chosen, slot = parse_day(fields["date"]) if fields.get("date") else today, fields.get("slot", "")
    week = week_of(chosen, today)
    days = await shifts.rota_of(tx, chosen if slot else week.first, chosen if slot else week.last, hub=house.hub)
    tokens = await ledger.list_tokens(tx)
    token = next((each for each in tokens if each.code == fields.get("token")), tokens[0])
    refusal = Refusal.of(error) if error else None
    slots = [each for day in days for each in day.slots if each.volunteers and slot in ("", str(each.slot.index))]
    return page(
        call,
        "rewards.html",
        status=refusal.status if refusal else 200,
        title="Reward a shift" if slot else "Reward shifts",
        dates=span_words(week.first, week.last),
        week=week,
        slot=slot,
        fields=fields,
        slots=[
            (each, _amount(fields, each, token), each.span.end <= now, all(one.rewarded for one in each.volunteers))
            for each in slots
        ],
        is_given=_is_given(fields),
        marked=[f"{each.slot.day}_{each.slot.index}" for each in slots],
        tokens=tokens,
        token=token,
        refusal=refusal,
    )


def _amount(fields: Fields, each: RotaSlot, token: Token) -> str:
    """Return the amount that was entered for a slot, else what the token suggests for its hours."""
    name = f"amount_{each.slot.day}_{each.slot.index}"
    return fields.get(name) or ledger.amount_text(min(token.most, shifts.suggested_units(each.slot, token.hourly)))


def _is_given(fields: Fields) -> bool:
    """Tell whether the form was sent, so that what is not ticked in it was taken away on purpose."""
    return "csrf_token" in fields


def _portions(fields: Fields) -> list[Portion]:
    """Return what the form wants to give, a portion for each slot in which somebody is chosen. Raises InvalidField."""
    people = defaultdict[tuple[date, int], list[str]](list)
    for name in fields:
        if found := GIVEN.fullmatch(name):
            people[parse_day(found[1]), int(found[2])].append(found[3])
    if not people:
        raise InvalidField("Choose somebody to reward", field="")
    return [Portion(day, index, names, _entered(fields, f"{day}_{index}")) for (day, index), names in people.items()]


def _entered(fields: Fields, slot: str) -> Decimal:
    return read_amount(fields.get(f"amount_{slot}", ""), field=slot)
