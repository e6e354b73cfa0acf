"""Taking in what audit logs tell: each entry once, and in the same transaction the post that tells staff of it."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, delete, update

from guildhall.core.db import Tx, command, insert_if_new
from guildhall.domains.tickets.guildlog.models import LogCursor, guild_log_cursors, guild_log_entries
from guildhall.domains.tickets.guildlog.queries import CURSOR, CURSOR_LOCKED
from guildhall.domains.tickets.relay.models import LoggedDeed, Post, Say
from guildhall.domains.tickets.relay.queueing import queue_for_log

KEPT: Final = timedelta(days=7)

_guild = guild_log_cursors.c.guild_id == bindparam("guild")
BEGIN = insert_if_new(guild_log_cursors)
END = command(delete(guild_log_cursors).where(_guild))
MOVE_ON = command(
    update(guild_log_cursors)
    .where(_guild, guild_log_cursors.c.last_seen < bindparam("entry"))
    .values(last_seen=bindparam("entry"))
)
TAKE = insert_if_new(guild_log_entries)
FORGET = command(delete(guild_log_entries).where(guild_log_entries.c.taken_at <= bindparam("before")))


async def cursor_of(tx: Tx, guild_id: int) -> LogCursor | None:
    """Return how far a guild's log was read, None while nobody wants to be told of it."""
    return await tx.one(CURSOR, guild=guild_id)


async def begin_log(tx: Tx, guild_id: int, *, after: int) -> None:
    """Want to be told of a guild's log from now on, of what is younger than an entry. Nothing happens a second time."""
    await tx.run(BEGIN, guild_id=guild_id, begun_after=after, last_seen=after)


async def end_log(tx: Tx, guild_id: int) -> None:
    """Want to be told no more: whoever begins again does not hear of what happens meanwhile."""
    await tx.run(END, guild=guild_id)


async def note_deed(tx: Tx, guild_id: int, deed: LoggedDeed, *, is_told: bool, now: datetime) -> None:
    """Take in an entry of a guild's log, and let staff be told of it; `is_told` is false for what they do not want.

    Nothing happens for an entry that was taken in before, that is from before the log was begun, or while nobody
    wants to be told.
    """
    cursor = await tx.one(CURSOR_LOCKED, guild=guild_id)
    if cursor is None or deed.entry_id <= cursor.begun_after:
        return
    if not await tx.run(TAKE, entry_id=deed.entry_id, taken_at=now):
        return
    await tx.run(MOVE_ON, guild=guild_id, entry=deed.entry_id)
    if is_told:
        await queue_for_log(tx, Post(say=Say.DEED, deed=deed), now=now)


async def forget_told(tx: Tx, *, now: datetime) -> None:
    """Forget which entries were taken in a week ago: nobody tells them again."""
    await tx.run(FORGET, before=now - KEPT)
