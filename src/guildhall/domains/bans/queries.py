"""Reads about bans."""

from sqlalchemy import bindparam, func, select

from guildhall.core.db import Tx, query
from guildhall.domains.bans.models import Ban, guild_bans

MOST = 1000

BANS = query(Ban, select(guild_bans).order_by(guild_bans.c.entry_id.desc()).limit(MOST))
BANS_OF = query(
    Ban,
    select(guild_bans)
    .where(guild_bans.c.user_id == bindparam("user"))
    .order_by(guild_bans.c.entry_id.desc())
    .limit(MOST),
)
LAST = query(int, select(func.max(guild_bans.c.entry_id)).where(guild_bans.c.guild_id == bindparam("guild")))


async def list_bans(tx: Tx) -> list[Ban]:
    """Return the latest thousand bans, newest first."""
    return await tx.all(BANS)


async def bans_of(tx: Tx, user_id: int) -> list[Ban]:
    """Return the bans of a user of Discord's, newest first."""
    return await tx.all(BANS_OF, user=user_id)


async def last_known(tx: Tx, guild_id: int) -> int:
    """Return the entry of the latest ban that is known of a guild, 0 for none."""
    return await tx.one(LAST, guild=guild_id) or 0
