"""Entering a guild to manage it, what its tier opens, and ending its periods when they are due."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from guildhall.core.db import Database, Tx
from guildhall.core.jobs import JobContext
from guildhall.domains.attendance.errors import GuildNotSeen, NeedsPro
from guildhall.domains.attendance.models import Guild, Period, Tier
from guildhall.domains.attendance.policy import access_current_period, access_guild
from guildhall.domains.attendance.resets import due_guilds, reset_if_due
from guildhall.domains.attendance.scene import Scene
from guildhall.domains.attendance.watching import see_guild


async def enter_guild(database: Database, *, guild_id: int, tier: Tier, now: datetime, scene: Scene) -> None:
    """Make sure that a guild the bot is in is known, and that a period whose border has passed is behind it.

    `tier` is that of a guild which becomes known by this. Costs one short read when there is nothing to do.
    """
    async with database.read() as tx:
        period = await _current(tx, guild_id)
    if period is not None and not period.is_due(now):
        return
    async with database.write() as tx:
        await see_guild(tx, guild_id=guild_id, tier=tier, now=now)
        await reset_if_due(tx, guild_id=guild_id, now=now, scene=scene)


def resetter_of(scene: Scene) -> Callable[[JobContext], Awaitable[None]]:
    """Return the work of ending the periods whose border has passed, each in a transaction of its own."""

    async def end_due(context: JobContext) -> None:
        now = context.clock.now()
        async with context.database.read() as tx:
            due = await due_guilds(tx, now=now)
        for guild_id in due:
            async with context.database.write() as tx:
                await reset_if_due(tx, guild_id=guild_id, now=now, scene=scene)

    return end_due


async def _current(tx: Tx, guild_id: int) -> Period | None:
    try:
        return await access_current_period(tx, guild_id)
    except GuildNotSeen:
        return None


async def access_pro_guild(tx: Tx, guild_id: int) -> Guild:
    """Return a guild whose tier opens exports, roles, webhooks and proofs. Raises GuildNotSeen, NeedsPro."""
    guild = await access_guild(tx, guild_id)
    if guild.tier is not Tier.PRO:
        raise NeedsPro(tier_required=Tier.PRO.value)
    return guild
