"""Rewarding those who did a shift: once for each slot and person, whoever asks how often."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.domains import audit, calendars, identity, ledger
from guildhall.domains.identity import Permission, User
from guildhall.domains.identity.errors import MissingRole, UserNotFound
from guildhall.domains.rooms import Hub
from guildhall.domains.shifts.calendars import slot_event_id
from guildhall.domains.shifts.errors import TooManyParticipants
from guildhall.domains.shifts.models import NewLine, NewReward, Reward, RewardState, SignupState
from guildhall.domains.shifts.plans import DaySlot
from guildhall.domains.shifts.queries import LAST_SIGNUP_STATE, LIVE_SIGNUPS_LOCKED, SLOT_LOCKED, rewards_of_slot

MOST_PARTICIPANTS = 100


class RewardRefusal(StrEnum):
    """Why one participant was not rewarded."""

    USER_NOT_FOUND = "user_not_found"
    NOT_SIGNED_UP = "not_signed_up"
    DECLINED = "declined"
    NO_WALLET = "no_wallet"
    ALREADY_REWARDED = "already_rewarded"
    MINT_FAILED = "mint_failed"


@dataclass(frozen=True)
class RewardResult:
    """What came of one participant: the amount asked for, in base units, and the reward's state or why there is none.

    `name` is the public id of the person, or what was given for one nobody knows. `repeated` tells that the reward had
    been given before. Without `state` there is no reward; one that failed has a `refusal` too.
    """

    name: str
    username: str | None
    amount: int
    tx_hash: str | None = None
    repeated: bool = False
    state: RewardState | None = RewardState.CONFIRMED
    refusal: RewardRefusal | None = None
    reason: str | None = None

    @classmethod
    def of(cls, reward: Reward, *, repeated: bool) -> "RewardResult":
        """Return the result of somebody who has a reward, as it stands now."""
        result = cls(reward.alias, reward.username, reward.amount, reward.tx_hash, repeated, reward.state)
        if reward.state is not RewardState.FAILED:
            return result
        return replace(result, refusal=RewardRefusal.MINT_FAILED, reason=reward.said)

    @property
    def status(self) -> Literal["confirmed", "pending", "failed", "refused"]:
        """The state in the words of the APIs."""
        return self.state.value if self.state else "refused"


@dataclass(frozen=True)
class _Run:
    """One call for rewards of a slot, with what was given before and who is signed up."""

    slot: DaySlot
    amount: int
    token: ledger.Token
    given: Mapping[str, Reward]
    signed_up: frozenset[str]
    minter: User
    on_chain: bool
    now: datetime


async def reward(
    tx: Tx,
    actor: Actor,
    *,
    slot: DaySlot,
    participants: Sequence[str],
    amount: Decimal,
    token: str,
    hub: Hub,
    now: datetime,
) -> list[RewardResult]:
    """Mint an amount for each participant of a slot, and return one result for each, in order.

    In the embedded ledger the tokens are there at once. On a chain the mints are queued, and leave after the commit.
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
    run = _Run(slot, units, given_token, given, signed_up, minter, hub.mints_on_chain, now)
    people = await _people(tx, actor, participants)
    judged = {name: await _known_result(tx, run, name, user) for name, user in people.items()}
    fresh = [user for name, user in people.items() if user is not None and judged[name] is None]
    minted = await _mint(tx, actor, run, fresh) if fresh else {}
    return [result or minted[name] for name, result in judged.items()]


async def balances_of_person(tx: Tx, user: User, *, hub: Hub) -> list[ledger.Balance]:
    """Return what a person holds, by token, in the ledger in use: on a chain, what their wallet was last seen with."""
    if not hub.mints_on_chain:
        return await ledger.balances_of(tx, _account_of(user))
    return await ledger.balances_on_chain(tx, user.wallet) if user.wallet else []


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
        if (before.amount, before.token) == (run.amount, run.token.code):
            return RewardResult.of(before, repeated=True)
        reason = f"Already rewarded with {ledger.amount_text(before.amount)} {before.token}"
        return _refused(run, name, user, RewardRefusal.ALREADY_REWARDED, reason)
    if user.id not in run.signed_up:
        return await _not_signed_up(tx, run, name, user)
    if run.on_chain and user.wallet is None:
        return _refused(run, name, user, RewardRefusal.NO_WALLET, "Has no wallet in their profile")
    return None


async def _not_signed_up(tx: Tx, run: _Run, name: str, user: User) -> RewardResult:
    if await tx.one(LAST_SIGNUP_STATE, user_id=user.id, day=run.slot.day, slot=run.slot.index) is SignupState.DECLINED:
        return _refused(run, name, user, RewardRefusal.DECLINED, "Declined the shift")
    return _refused(run, name, user, RewardRefusal.NOT_SIGNED_UP, "Not signed up for the shift")


def _refused(run: _Run, name: str, user: User | None, refusal: RewardRefusal, reason: str) -> RewardResult:
    username = user.username if user else None
    return RewardResult(name, username, run.amount, state=None, refusal=refusal, reason=reason)


async def _mint(tx: Tx, actor: Actor, run: _Run, people: Sequence[User]) -> dict[str, RewardResult]:
    """Mint for people who have nothing yet, and return their results by public id."""
    day, slot = run.slot.day, run.slot.index
    refs = [f"reward:{day.isoformat()}:{slot}:{user.alias}" for user in people]
    made = await (_queue if run.on_chain else _enter)(tx, run, people, refs)
    what = f"{ledger.amount_text(run.amount)} {run.token.code}"
    for user, ref, new in zip(people, refs, made, strict=True):
        await tx.insert(new)
        await tx.insert(NewLine(day, slot, run.now, user.username, user.display_name, f"rewarded {what}"))
        await audit.record(tx, actor, "shift.rewarded", user.id, now=run.now, ref=ref, amount=what)
    await calendars.event_changed(tx, calendars.SHIFTS, slot_event_id(day, slot), now=run.now)
    tx.announce("shifts", day=day.isoformat(), slot=slot)
    state = RewardState.PENDING if run.on_chain else RewardState.CONFIRMED
    return {
        user.alias: RewardResult(user.alias, user.username, run.amount, new.tx_hash, state=state)
        for user, new in zip(people, made, strict=True)
    }


async def _enter(tx: Tx, run: _Run, people: Sequence[User], refs: Sequence[str]) -> list[NewReward]:
    """Write the entries of the embedded ledger."""
    accounts = map(_account_of, people)
    wanted = [
        ledger.Mint(run.token.code, run.amount, account, ref) for account, ref in zip(accounts, refs, strict=True)
    ]
    entries = await ledger.mint(tx, wanted, now=run.now)
    return [_new_reward(run, user, tx_hash=entry.tx_hash) for user, entry in zip(people, entries, strict=True)]


async def _queue(tx: Tx, run: _Run, people: Sequence[User], refs: Sequence[str]) -> list[NewReward]:
    """Queue the mints for the wallets as they are now; somebody without one has been refused."""
    wanted = [
        ledger.Mint(run.token.code, run.amount, str(user.wallet), ref) for user, ref in zip(people, refs, strict=True)
    ]
    mints = await ledger.queue_mints(tx, run.token, wanted, now=run.now)
    return [_new_reward(run, user, mint_id=mint.id) for user, mint in zip(people, mints, strict=True)]


def _new_reward(run: _Run, user: User, *, tx_hash: str | None = None, mint_id: str | None = None) -> NewReward:
    return NewReward(
        day=run.slot.day,
        slot=run.slot.index,
        user_id=user.id,
        token=run.token.code,
        amount=run.amount,
        rewarded_by=run.minter.id,
        rewarded_at=run.now,
        tx_hash=tx_hash,
        mint_id=mint_id,
    )
