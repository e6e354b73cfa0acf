"""Rewarding those who did a shift: once for each slot and person, whoever asks how often."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.domains import audit, identity, ledger
from guildhall.domains.identity import Permission, User
from guildhall.domains.identity.errors import MissingRole, UserNotFound
from guildhall.domains.shifts.errors import TooManyParticipants
from guildhall.domains.shifts.models import NewLine, NewReward, Reward, SignupState
from guildhall.domains.shifts.plans import DaySlot
from guildhall.domains.shifts.queries import LAST_SIGNUP_STATE, LIVE_SIGNUPS_LOCKED, SLOT_LOCKED, rewards_of_slot

MOST_PARTICIPANTS = 100


class RewardRefusal(StrEnum):
    """Why one participant was not rewarded."""

    USER_NOT_FOUND = "user_not_found"
    NOT_SIGNED_UP = "not_signed_up"
    DECLINED = "declined"
    ALREADY_REWARDED = "already_rewarded"


@dataclass(frozen=True)
class RewardResult:
    """What came of one participant: the amount asked for, in base units, and the entry or why there is none.

    `name` is the public id of the person, or what was given for one nobody knows. `repeated` tells that the reward had
    been given before.
    """

    name: str
    username: str | None
    amount: int
    tx_hash: str | None = None
    repeated: bool = False
    refusal: RewardRefusal | None = None
    reason: str | None = None


@dataclass(frozen=True)
class _Run:
    """One call for rewards of a slot, with what was given before and who is signed up."""

    slot: DaySlot
    amount: int
    token: str
    given: Mapping[str, Reward]
    signed_up: frozenset[str]
    minter: User
    now: datetime


async def reward(
    tx: Tx, actor: Actor, *, slot: DaySlot, participants: Sequence[str], amount: Decimal, token: str, now: datetime
) -> list[RewardResult]:
    """Mint an amount for each participant of a slot, and return one result for each, in order.

    Somebody who is named twice counts once. Whoever was given the same before has that result again; what cannot be
    given to one of them is a result too and does not keep it from the others. Raises MissingRole, MissingUserId,
    TooManyParticipants, UnknownToken, InvalidAmount.
    """
    if not actor.may(Permission.REWARD):
        raise MissingRole
    minter = await identity.access_self(tx, actor)
    if not 1 <= len(participants) <= MOST_PARTICIPANTS:
        raise TooManyParticipants(limit=MOST_PARTICIPANTS)
    given_token = await ledger.access_token(tx, token)
    units = ledger.base_units(amount, most=given_token.most)
    # Calls for one slot take turns here, so the second one sees what the first one gave.
    await tx.one(SLOT_LOCKED, day=slot.day, slot=slot.index)
    signed_up = frozenset(await tx.all(LIVE_SIGNUPS_LOCKED, day=slot.day, slot=slot.index))
    given = {each.user_id: each for each in await rewards_of_slot(tx, slot.day, slot.index)}
    run = _Run(slot, units, token, given, signed_up, minter, now)
    people = await _people(tx, actor, participants)
    judged = {name: await _known_result(tx, run, name, user) for name, user in people.items()}
    fresh = [user for name, user in people.items() if user is not None and judged[name] is None]
    minted = await _mint(tx, actor, run, fresh) if fresh else {}
    return [result or minted[name] for name, result in judged.items()]


async def balances_of_person(tx: Tx, user: User) -> list[ledger.Balance]:
    """Return what a person holds, by token."""
    return await ledger.balances_of(tx, _account_of(user))


def _account_of(user: User) -> str:
    return f"user:{user.alias}"


async def _people(tx: Tx, actor: Actor, participants: Sequence[str]) -> dict[str, User | None]:
    """Return whom the names mean, by public id, in the order in which they are first named."""
    people: dict[str, User | None] = {}
    for name in dict.fromkeys(participants):
        try:
            user = await identity.access_user(tx, actor, name)
        except UserNotFound:
            people.setdefault(name, None)
        else:
            people.setdefault(user.alias, user)
    return people


async def _known_result(tx: Tx, run: _Run, name: str, user: User | None) -> RewardResult | None:
    """Return the result of somebody for whom nothing is minted now: given before, or refused. Else None."""
    if user is None:
        return _refused(run, name, None, RewardRefusal.USER_NOT_FOUND, "Nobody is known by this id")
    before = run.given.get(user.id)
    if before is not None:
        if (before.amount, before.token) == (run.amount, run.token):
            return RewardResult(name, user.username, before.amount, before.tx_hash, repeated=True)
        reason = f"Already rewarded with {ledger.amount_text(before.amount)} {before.token}"
        return _refused(run, name, user, RewardRefusal.ALREADY_REWARDED, reason)
    if user.id in run.signed_up:
        return None
    if await tx.one(LAST_SIGNUP_STATE, user_id=user.id, day=run.slot.day, slot=run.slot.index) is SignupState.DECLINED:
        return _refused(run, name, user, RewardRefusal.DECLINED, "Declined the shift")
    return _refused(run, name, user, RewardRefusal.NOT_SIGNED_UP, "Not signed up for the shift")


def _refused(run: _Run, name: str, user: User | None, refusal: RewardRefusal, reason: str) -> RewardResult:
    return RewardResult(name, user.username if user else None, run.amount, refusal=refusal, reason=reason)


async def _mint(tx: Tx, actor: Actor, run: _Run, people: Sequence[User]) -> dict[str, RewardResult]:
    """Mint for people who have nothing yet, and return their results by public id."""
    day, index = run.slot.day.isoformat(), run.slot.index
    wanted = [
        ledger.Mint(run.token, run.amount, _account_of(user), f"reward:{day}:{index}:{user.alias}") for user in people
    ]
    entries = await ledger.mint(tx, wanted, now=run.now)
    for user, entry in zip(people, entries, strict=True):
        await _write_down(tx, actor, run, user, entry)
    tx.announce("shifts", day=day, slot=index)
    return {
        user.alias: RewardResult(user.alias, user.username, run.amount, entry.tx_hash)
        for user, entry in zip(people, entries, strict=True)
    }


async def _write_down(tx: Tx, actor: Actor, run: _Run, user: User, entry: ledger.Entry) -> None:
    day, slot = run.slot.day, run.slot.index
    new = NewReward(
        day=day,
        slot=slot,
        user_id=user.id,
        token=run.token,
        amount=run.amount,
        tx_hash=entry.tx_hash,
        rewarded_by=run.minter.id,
        rewarded_at=run.now,
    )
    await tx.insert(new)
    what = f"{ledger.amount_text(run.amount)} {run.token}"
    await tx.insert(NewLine(day, slot, run.now, user.username, user.display_name, f"rewarded {what}"))
    await audit.record(tx, actor, "shift.rewarded", user.id, now=run.now, ref=entry.ref, amount=what)
