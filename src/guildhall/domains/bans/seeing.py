"""Bans that the bot sees happen, and how they come together with what the audit log says of them.

The gateway tells whose ban it is, and the bot knows what place they had; the log tells by whom and why. Either may come
first, and the log may be closed to the bot.
"""

from datetime import timedelta
from typing import Final

import msgspec
from sqlalchemy import bindparam, delete, update

from guildhall.core.db import Tx, command, insert_if_new
from guildhall.domains.bans.models import Ban, Sighting, guild_ban_sightings, guild_bans
from guildhall.domains.bans.queries import LATEST, SEEN, SEEN_AROUND

SAME: Final = timedelta(minutes=5)
"""How far apart Discord's time and the house's may be for one and the same ban."""

KEEP = insert_if_new(guild_bans)
KEEP_SIGHTING = insert_if_new(guild_ban_sightings)
FORGET_SEEN = command(delete(guild_ban_sightings).where(*SEEN_AROUND))
COMPLETE = command(
    update(guild_bans)
    .where(guild_bans.c.entry_id == bindparam("entry"))
    .values(
        {name: bindparam(f"new_{name}", type_=guild_bans.c[name].type) for name in ("nickname", "roles", "joined_at")}
    )
)


async def note_sighting(tx: Tx, sighting: Sighting) -> None:
    """Keep a ban that was seen, with the record of the audit log if there is one already."""
    latest = await tx.one(LATEST, guild=sighting.guild_id, user=sighting.user_id)
    if latest is None or abs(latest.banned_at - sighting.seen_at) > SAME:
        await tx.run(KEEP_SIGHTING, **msgspec.structs.asdict(sighting))
    elif latest.roles is None:
        await _complete(tx, latest, sighting)


async def keep_read(tx: Tx, ban: Ban) -> None:
    """Keep a ban of the audit log, with what was known of the member if it was seen. Nothing happens a second time."""
    if not await tx.run(KEEP, **msgspec.structs.asdict(ban)):
        return
    since, until = ban.banned_at - SAME, ban.banned_at + SAME
    sighting = await tx.one(SEEN, guild=ban.guild_id, user=ban.user_id, since=since, until=until)
    if sighting is not None:
        await _complete(tx, ban, sighting)
        await tx.run(FORGET_SEEN, guild=ban.guild_id, user=ban.user_id, since=since, until=until)


async def _complete(tx: Tx, ban: Ban, sighting: Sighting) -> None:
    await tx.run(
        COMPLETE,
        entry=ban.entry_id,
        new_nickname=sighting.nickname,
        new_roles=sighting.roles,
        new_joined_at=sighting.joined_at,
    )
