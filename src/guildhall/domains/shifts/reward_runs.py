"""Rewarding the people of several shifts at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import InvalidField
from guildhall.domains import ledger
from guildhall.domains.ledger import InvalidAmount
from guildhall.domains.rooms import Hub
from guildhall.domains.shifts.models import Volunteer
from guildhall.domains.shifts.plans import DaySlot
from guildhall.domains.shifts.queries import WITHOUT_WALLET, volunteers_of
from guildhall.domains.shifts.rewards import MOST_PARTICIPANTS, RewardResult, reward
from guildhall.domains.shifts.rota import access_slot


@dataclass(frozen=True)
class Portion:
    """What the people of one slot are to be given; `participants` are public ids."""

    day: date
    index: int
    participants: Sequence[str]
    amount: Decimal


@dataclass(frozen=True)
class LeftOut:
    """Somebody who is signed up and gets nothing, and why."""

    volunteer: Volunteer
    reason: str


@dataclass(frozen=True)
class PortionPlan:
    """What a portion would come to: base units for each, and who goes without."""

    slot: DaySlot
    units: int
    gets: list[Volunteer]
    left_out: list[LeftOut]


@dataclass(frozen=True)
class PortionResult:
    """What came of a portion."""

    slot: DaySlot
    results: list[RewardResult]


async def plan_run(tx: Tx, actor: Actor, portions: Sequence[Portion], *, token: str, hub: Hub) -> list[PortionPlan]:
    """Return what a run would give to whom, and give nothing.

    Raises UnknownToken, SlotNotFound, and InvalidField, whose field is the day and number of the slot, for an amount.
    """
    most = (await ledger.access_token(tx, token)).most
    plans = []
    for portion in portions:
        slot, _ = await access_slot(tx, actor, portion.day, portion.index)
        there = await volunteers_of(tx, portion.day, portion.index)
        reasons = await _reasons(tx, portion, there, hub)
        gets = [each for each in there if each.alias not in reasons]
        left_out = [LeftOut(each, reasons[each.alias]) for each in there if each.alias in reasons]
        plans.append(PortionPlan(slot, _units(portion, most), gets, left_out))
    return plans


async def reward_run(
    tx: Tx, actor: Actor, portions: Sequence[Portion], *, token: str, hub: Hub, now: datetime
) -> list[PortionResult]:
    """Reward the people of several slots, all or, when one portion cannot be understood, none.

    Each person is rewarded for a slot once however often this is called, see `reward`. Raises what that raises, and
    SlotNotFound.
    """
    done = []
    for portion in portions:
        slot, _ = await access_slot(tx, actor, portion.day, portion.index)
        results: list[RewardResult] = []
        for first in range(0, len(portion.participants), MOST_PARTICIPANTS):
            some = portion.participants[first : first + MOST_PARTICIPANTS]
            results += await reward(
                tx, actor, slot=slot, participants=some, amount=portion.amount, token=token, hub=hub, now=now
            )
        done.append(PortionResult(slot, results))
    return done


async def _reasons(tx: Tx, portion: Portion, there: Sequence[Volunteer], hub: Hub) -> dict[str, str]:
    """Return why people of a slot go without, by public id."""
    no_wallet = await tx.all(WITHOUT_WALLET, day=portion.day, slot=portion.index) if hub.mints_on_chain else []
    return {
        **dict.fromkeys(no_wallet, "has no wallet"),
        **{each.alias: "not chosen" for each in there if each.alias not in portion.participants},
        **{each.alias: "rewarded already" for each in there if each.rewarded},
    }


def _units(portion: Portion, most: int) -> int:
    try:
        return ledger.base_units(portion.amount, most=most)
    except InvalidAmount as fault:
        raise InvalidField(fault.message, field=f"{portion.day}_{portion.index}") from fault
