"""Guilds and their periods, fetched and judged in one step."""

from datetime import datetime, timedelta
from typing import Final

from guildhall.core.db import Tx
from guildhall.domains.attendance.errors import GuildNotSeen, PeriodHidden, PeriodNotFound
from guildhall.domains.attendance.models import Guild, Mode, Period, Tier, whole_second
from guildhall.domains.attendance.queries import CURRENT_PERIOD, GUILD, GUILD_LOCKED, GUILDS, LISTED, PERIOD
from guildhall.domains.attendance.tracking import Rules

FREE_ARCHIVES = 5
"""How many archived periods a guild of the free tier sees."""


FRESH: Final = timedelta(seconds=30)
"""How long after it was last heard of a watched guild counts as watched still: as long as a lease lasts."""


async def access_guild(tx: Tx, guild_id: int) -> Guild:
    """Return a guild. Raises GuildNotSeen."""
    return _known(await tx.one(GUILD, guild_id=guild_id))


async def list_guilds(tx: Tx, *, after: int = 0, limit: int = 500) -> list[Guild]:
    """Return a page of the guilds that were ever seen, the oldest first; `after` is the last of the page before."""
    return await tx.all(GUILDS, after=after, limit=limit)


async def access_guild_to_change(tx: Tx, guild_id: int) -> Guild:
    """Return a guild whose turn is held until the end of the transaction. Raises GuildNotSeen."""
    return _known(await tx.one(GUILD_LOCKED, guild_id=guild_id))


def _known(guild: Guild | None) -> Guild:
    if guild is None:
        raise GuildNotSeen
    return guild


async def access_current_period(tx: Tx, guild_id: int) -> Period:
    """Return the period that a guild is in. Raises GuildNotSeen."""
    period = await tx.one(CURRENT_PERIOD, guild_id=guild_id)
    if period is None:
        raise GuildNotSeen
    return period


async def access_period(tx: Tx, guild: Guild, number: int | None) -> Period:
    """Return a guild's period of a number, or the current one. Raises PeriodNotFound, PeriodHidden."""
    current = await access_current_period(tx, guild.guild_id)
    if number is None or number == current.number:
        return current
    period = await tx.one(PERIOD, guild_id=guild.guild_id, number=number) if 0 < number < current.number else None
    if period is None:
        raise PeriodNotFound
    if number <= hidden_archives(guild, current):
        raise PeriodHidden(tier_required=Tier.PRO.value)
    return period


def hidden_archives(guild: Guild, current: Period) -> int:
    """Return how many of the archived periods, from the first on, the guild's tier hides."""
    return max(0, current.number - 1 - FREE_ARCHIVES) if guild.tier is Tier.FREE else 0


async def rules_of(tx: Tx, guild: Guild) -> Rules:
    """Return which channels of a guild are tracked."""
    has_list = guild.mode in {Mode.ALLOWLIST, Mode.DENYLIST}
    listed = await tx.all(LISTED, guild_id=guild.guild_id) if has_list else []
    return Rules(guild.mode, frozenset(listed), guild.afk_channel_id)


def is_live(guild: Guild, at: datetime) -> bool:
    """Tell whether what happens in the guild is being seen at this instant."""
    return guild.watched and guild.witnessed_until is not None and at - guild.witnessed_until <= FRESH


def not_before(guild: Guild, period: Period, now: datetime) -> datetime:
    """Return the present second of a guild, which does not run back when the machine's clock does."""
    second = whole_second(now)
    return max(second, period.started_at, guild.witnessed_until or second)
