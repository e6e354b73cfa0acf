"""Periods: when they end, ending one now, and those that have ended."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import InvalidField, MissingField
from guildhall.dialects.attendance.guilds import GUARDED, GUILD, MANAGER, TOKEN, guild_of
from guildhall.dialects.attendance.wire import CurrentPeriod, Offset, Page, first_given, given
from guildhall.domains import attendance
from guildhall.domains.attendance import Anchor, Interval, Period, Policy, Weekday
from guildhall.domains.attendance.errors import UnknownZone
from guildhall.evidence.formats import instant
from guildhall.web.bodies import Body, QueryString
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import route


class ScheduleUpdate(Body, frozen=True, kw_only=True):
    """Some of what says when periods end."""

    interval: Interval | UnsetType = UNSET
    reset_interval: Interval | UnsetType = UNSET
    anchor: Anchor | UnsetType = UNSET
    anchor_mode: Anchor | UnsetType = UNSET
    timezone: str | UnsetType = UNSET
    hour: int | UnsetType = UNSET
    weekday: Weekday | UnsetType = UNSET
    day: int | UnsetType = UNSET
    month: int | UnsetType = UNSET

    @property
    def named(self) -> dict[str, Any]:
        """What was sent, under the names of the house. Raises MissingField when that is nothing."""
        named = given(self)
        if not named:
            raise MissingField("Nothing of the schedule is named", field="interval")
        for name, alias in (("interval", "reset_interval"), ("anchor", "anchor_mode")):
            named[name] = first_given(named.pop(name, UNSET), named.pop(alias, UNSET))
        return {name: value for name, value in named.items() if value is not UNSET}


class ScheduleReply(msgspec.Struct, frozen=True, kw_only=True):
    """The schedule and the next reset."""

    interval: Interval
    anchor: Anchor
    timezone: str
    hour: int
    weekday: Weekday
    day: int
    month: int
    next_reset_at: str | None


class ArchivedPeriod(msgspec.Struct, frozen=True, kw_only=True):
    """A period that has ended, with its signature once it has one."""

    period_id: str
    period_index: int
    started_at: str
    ended_at: str
    entry_count: int
    total_seconds: int
    signed: bool
    payload_hash: str
    signature: str | None
    signing_key_id: str | None
    signing_version: int = 1
    policy: Policy

    @classmethod
    def of(cls, period: Period) -> "ArchivedPeriod":
        """Show an archive."""
        if period.ended_at is None or period.policy is None:
            raise LookupError("an archived period has an end and a policy")
        return cls(
            period_id=period.id,
            period_index=period.number,
            started_at=instant(period.started_at),
            ended_at=instant(period.ended_at),
            entry_count=period.entry_count or 0,
            total_seconds=period.total_seconds or 0,
            signed=period.signature_v1 is not None,
            payload_hash=period.hash_v1 or "",
            signature=period.signature_v1,
            signing_key_id=period.signing_key_id,
            policy=period.policy,
        )


class ResetReply(msgspec.Struct, frozen=True):
    """The archive and the new period; `reset` is false when the period had begun in this very second."""

    reset: bool
    archived: ArchivedPeriod | None
    period: CurrentPeriod


class HistoryQuery(QueryString, frozen=True, kw_only=True):
    """A page of the archive."""

    limit: Page = 50
    offset: Offset = 0


class HistoryReply(msgspec.Struct, frozen=True):
    """The archive as far as the tier shows it."""

    periods: list[ArchivedPeriod]
    total: int
    hidden_periods: int


@route(
    "PATCH", f"{GUILD}/reset-interval", permission=MANAGER, accepts=TOKEN,
    refusals=(*GUARDED, MissingField, InvalidField, UnknownZone),
)  # fmt: skip
async def update_reset_interval(
    guild_id: str, data: ScheduleUpdate, tx: Tx, actor: Actor, house: House
) -> ScheduleReply:
    """Set how often periods end and where their borders lie."""
    schedule, period = await attendance.set_schedule(
        tx, actor, guild_id=int(guild_id), **data.named, now=house.clock.now(), scene=house.scene
    )
    return ScheduleReply(
        **msgspec.structs.asdict(schedule), next_reset_at=instant(period.ends_at) if period.ends_at else None
    )


async def see_period(call: Call) -> Period:
    """Return the period that is to end, as whoever asks sees it before they wait for their turn."""
    async with call.house.database.read() as tx:
        return await attendance.period_of(tx, guild_id=guild_of(call))


@route("POST", f"{GUILD}/reset-now", permission=MANAGER, accepts=TOKEN, prepare=see_period, refusals=GUARDED)
async def reset_period_now(guild_id: str, seen: Period, tx: Tx, actor: Actor, house: House) -> ResetReply:
    """End the current period now and archive it; calls that wait for one another tell of the same archive."""
    number, now = int(guild_id), house.clock.now()
    done = await attendance.reset_now(tx, actor, guild_id=number, period_id=seen.id, now=now, scene=house.scene)
    guild = await attendance.access_guild(tx, number)
    archived = ArchivedPeriod.of(done.archived) if done.archived else None
    return ResetReply(done.reset, archived, CurrentPeriod.of(done.period, guild.schedule))


@route("GET", f"{GUILD}/signing/history", permission=MANAGER, accepts=TOKEN, refusals=(*GUARDED, InvalidField))
async def list_archived_periods(guild_id: str, query: HistoryQuery, tx: Tx) -> HistoryReply:
    """List archived periods, newest first."""
    history = await attendance.history_of(tx, guild_id=int(guild_id), limit=query.limit, offset=query.offset)
    return HistoryReply([ArchivedPeriod.of(each) for each in history.periods], history.total, history.hidden)
