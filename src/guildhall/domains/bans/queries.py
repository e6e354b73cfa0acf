"""Reads about bans."""

from sqlalchemy import bindparam, func, select

from guildhall.core.db import Tx, query
from guildhall.domains.bans.models import Ban, Sighting, guild_ban_sightings, guild_bans

MOST = 1000

_user = guild_bans.c.user_id == bindparam("user")
_seen = guild_ban_sightings.c.user_id == bindparam("user")
BANS = query(Ban, select(guild_bans).order_by(guild_bans.c.entry_id.desc()).limit(MOST))
BANS_OF = query(Ban, select(guild_bans).where(_user).order_by(guild_bans.c.entry_id.desc()).limit(MOST))
LAST = query(int, select(func.max(guild_bans.c.entry_id)).where(guild_bans.c.guild_id == bindparam("guild")))
SIGHTINGS = query(Sighting, select(guild_ban_sightings).order_by(guild_ban_sightings.c.seen_at.desc()).limit(MOST))
SIGHTINGS_OF = query(
    Sighting, select(guild_ban_sightings).where(_seen).order_by(guild_ban_sightings.c.seen_at.desc()).limit(MOST)
)
LATEST = query(
    Ban,
    select(guild_bans)
    .where(guild_bans.c.guild_id == bindparam("guild"), _user)
    .order_by(guild_bans.c.entry_id.desc())
    .limit(1),
)
SEEN_AROUND = (
    guild_ban_sightings.c.guild_id == bindparam("guild"),
    _seen,
    guild_ban_sightings.c.seen_at >= bindparam("since"),
    guild_ban_sightings.c.seen_at <= bindparam("until"),
)
"""The sightings of one ban: Discord's time and the house's are not quite the same."""

SEEN = query(
    Sighting,
    select(guild_ban_sightings).where(*SEEN_AROUND).order_by(guild_ban_sightings.c.seen_at.desc()).limit(1),
)


async def list_bans(tx: Tx) -> list[Ban]:
    """Return the latest thousand bans, newest first."""
    return _together(await tx.all(BANS), await tx.all(SIGHTINGS))


async def bans_of(tx: Tx, user_id: int) -> list[Ban]:
    """Return the bans of a user of Discord's, newest first."""
    return _together(await tx.all(BANS_OF, user=user_id), await tx.all(SIGHTINGS_OF, user=user_id))


def _together(read: list[Ban], seen: list[Sighting]) -> list[Ban]:
    bans = [*read, *(each.ban for each in seen)]
    return sorted(bans, key=lambda each: each.entry_id, reverse=True)[:MOST]


async def last_known(tx: Tx, guild_id: int) -> int:
    """Return the entry of the latest ban that is known of a guild, 0 for none."""
    return await tx.one(LAST, guild=guild_id) or 0
