"""Rewards of shifts: minting, the rewards of a slot, and what a person was given."""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import Invalid, InvalidField, MissingField
from guildhall.core.idempotency import IdempotencyKeyReused
from guildhall.dialects.commonshub.auth import FOR_USER, READER
from guildhall.dialects.commonshub.following import look_until
from guildhall.dialects.commonshub.shifts import slot_number
from guildhall.dialects.commonshub.wire import HubBody, Page, Reply, cursor_of, position_of, utc
from guildhall.domains import identity, ledger, shifts
from guildhall.domains.identity import Permission
from guildhall.domains.identity.errors import MissingRole, MissingUserId
from guildhall.domains.ledger import InvalidAmount, UnknownToken
from guildhall.domains.rooms.errors import InvalidDate
from guildhall.domains.rooms.times import parse_day
from guildhall.domains.shifts import Reward, RewardRefusal, RewardResult, RewardState
from guildhall.domains.shifts.errors import InvalidSlot, SlotNotFound, TooManyParticipants
from guildhall.web.bodies import Later, QueryString
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import route

Amount = Annotated[Decimal, Meta(extra_json_schema={"exclusiveMinimum": 0, "maximum": 100})]


class RewardCreate(HubBody, frozen=True, kw_only=True):
    """Whom to give how much of which token."""

    refusals: ClassVar[dict[str, type[Invalid]]] = {
        "participants": TooManyParticipants,
        "amountPerUser": InvalidAmount,
        "token": UnknownToken,
    }
    exact: ClassVar[bool] = True
    participants: list[str]
    amount_per_user: Amount
    token: str


class RewardReply(Reply, frozen=True, kw_only=True):
    """What came of one participant; `success` only when the mint is final."""

    user_id: str
    username: str | None
    amount: int | float
    tx_hash: str | None
    success: bool
    status: Literal["confirmed", "pending", "failed", "refused"]
    already_rewarded: bool | UnsetType = UNSET
    error: RewardRefusal | None = None
    message: str | None = None

    @classmethod
    def of(cls, result: RewardResult) -> "RewardReply":
        """Show the result of a participant."""
        return cls(
            user_id=result.name,
            username=result.username,
            amount=ledger.amount_number(result.amount),
            tx_hash=result.tx_hash,
            success=result.state is RewardState.CONFIRMED,
            status=result.status,
            already_rewarded=result.repeated,
            error=result.refusal,
            message=result.reason,
        )

    @classmethod
    def of_stored(cls, reward: Reward) -> "RewardReply":
        """Show a reward as it stands now."""
        return msgspec.structs.replace(cls.of(RewardResult.of(reward, repeated=False)), already_rewarded=UNSET)


class RewardResults(Reply, frozen=True):
    """One result for each participant."""

    results: list[RewardReply]


class OwnReward(RewardReply, frozen=True, kw_only=True):
    """A reward with the slot it was for."""

    date: str
    slot_index: int
    token: str
    created_at: str

    @classmethod
    def of_own(cls, reward: Reward) -> "OwnReward":
        """Show a reward to the person who has it."""
        return cls(
            **msgspec.structs.asdict(RewardReply.of_stored(reward)),
            date=reward.day.isoformat(),
            slot_index=reward.slot,
            token=reward.token,
            created_at=utc(reward.rewarded_at),
        )


class BalanceReply(Reply, frozen=True):
    """What a person holds of a token."""

    token: str
    amount: int | float


class RewardList(Reply, frozen=True, kw_only=True):
    """Balances, and a page of rewards, newest first."""

    balances: list[BalanceReply]
    rewards: list[OwnReward]
    next_cursor: str | None


class PageQuery(QueryString, frozen=True, kw_only=True, rename="camel"):
    """Which part of a list."""

    limit: Page = 50
    cursor: str | None = None


async def follow_rewards(call: Call, body: bytes) -> bytes:
    """Wait a little for mints that an answer tells to be pending, and tell what has become of them."""
    reply = msgspec.json.decode(body, type=RewardResults)
    pending = {each.user_id for each in reply.results if each.status == "pending"}
    if not pending:
        return body
    path = call.request.path_params
    day, slot = parse_day(path["date"]), slot_number(path["slot_index"])

    async def look(tx: Tx) -> dict[str, Reward]:
        return {each.alias: each for each in await shifts.rewards_of_slot(tx, day, slot) if each.alias in pending}

    found = await look_until(call.house, look, lambda seen: RewardState.PENDING not in {r.state for r in seen.values()})
    results = [
        RewardReply.of(RewardResult.of(found[each.user_id], repeated=bool(each.already_rewarded)))
        if each.user_id in pending
        else each
        for each in reply.results
    ]
    return msgspec.json.encode(RewardResults(results))


@route(
    "POST", "/v1/shifts/{date}/{slot_index}/reward", permission=Permission.REWARD, accepts=FOR_USER,
    refusals=(
        MissingUserId, MissingRole, InvalidDate, InvalidSlot, SlotNotFound, MissingField, TooManyParticipants,
        InvalidAmount, UnknownToken, IdempotencyKeyReused,
    ),
    follow=follow_rewards,
)  # fmt: skip
async def reward_shift(
    date: str, slot_index: str, data: Later[RewardCreate], tx: Tx, actor: Actor, house: House
) -> RewardResults:
    """Mint the token reward of a shift, at most once per participant."""
    slot, _ = await shifts.access_slot(tx, actor, parse_day(date), slot_number(slot_index))
    wanted = data.read()
    results = await shifts.reward(
        tx,
        actor,
        slot=slot,
        participants=wanted.participants,
        amount=wanted.amount_per_user,
        token=wanted.token,
        hub=house.hub,
        now=house.clock.now(),
    )
    return RewardResults([RewardReply.of(result) for result in results])


@route(
    "GET", "/v1/shifts/{date}/{slot_index}/reward", permission=Permission.READ_HUB, accepts=READER,
    refusals=(InvalidDate, InvalidSlot, SlotNotFound),
)  # fmt: skip
async def list_shift_rewards(date: str, slot_index: str, tx: Tx, actor: Actor) -> RewardResults:
    """List the rewards of a slot."""
    slot, _ = await shifts.access_slot(tx, actor, parse_day(date), slot_number(slot_index))
    given = await shifts.rewards_of_slot(tx, slot.day, slot.index)
    return RewardResults([RewardReply.of_stored(each) for each in given])


@route(
    "GET", "/v1/users/me/rewards", permission=Permission.OWN_PROFILE, accepts=FOR_USER, transaction="none",
    refusals=(MissingUserId, InvalidField),
)  # fmt: skip
async def list_my_rewards(query: PageQuery, actor: Actor, house: House) -> RewardList:
    """List the acting user's token balances and rewards, newest reward first."""
    if house.chain is not None:
        await _look_at_wallet(house, house.chain, actor)
    async with house.database.read() as tx:
        user = await identity.access_self(tx, actor)
        found = await shifts.rewards_of(tx, user.id, before=position_of(query.cursor), limit=query.limit + 1)
        balances = await shifts.balances_of_person(tx, user, hub=house.hub)
    page = found[: query.limit]
    return RewardList(
        balances=[BalanceReply(each.token, ledger.amount_number(each.amount)) for each in balances],
        rewards=[OwnReward.of_own(each) for each in page],
        next_cursor=cursor_of(page[-1].seq) if len(found) > query.limit else None,
    )


async def _look_at_wallet(house: House, chain: ledger.Chain, actor: Actor) -> None:
    async with house.database.read() as tx:
        user = await identity.access_self(tx, actor)
    if user.wallet is not None:
        await ledger.refresh_balances(house.database, chain, user.wallet, now=house.clock.now())
