"""Queueing posts: rows in the transaction that makes them news, so that both happen or neither.

A destination gets what its types say at that moment. Its posts go out in the order in which they are queued.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, update

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.domains import identity
from guildhall.domains.attendance.models import Session
from guildhall.domains.attendance.posting.models import (
    Author,
    BoardLine,
    Content,
    Destination,
    LogType,
    PeriodReset,
    SessionCompleted,
    SettingsChanged,
    SigningNews,
    attendance_destinations,
    new_post,
    type_of,
)
from guildhall.domains.attendance.posting.queries import DESTINATIONS_KEPT, TO_REMIND
from guildhall.domains.attendance.queries import FROZEN_PAGE, PERIOD_BY_ID, Entry
from guildhall.domains.attendance.signed.queries import active_key, pending_of

TOPIC: Final = "attendance.posts"
"""What a committed post announces that may go at once, so that the sender looks."""

TOP: Final = 20
"""Lines of a board in a post."""

GRACE: Final = timedelta(minutes=5)
"""What is not signed so long after it closed waits for somebody to open the key."""

REMIND: Final = timedelta(days=1)

REMINDED = command(
    update(attendance_destinations)
    .where(attendance_destinations.c.guild_id == bindparam("of_guild"))
    .values(reminded_at=bindparam("at"))
)


async def queue_sessions(tx: Tx, *, guild_id: int, sessions: Sequence[Session], now: datetime) -> None:
    """Tell of sessions of a guild that have just ended."""
    wanting = await _wanting(tx, guild_id, LogType.SESSION_COMPLETED)
    for session in sessions if wanting else ():
        seconds = session.second(session.left_at or session.joined_at)
        content = SessionCompleted(session.id, session.user_id, session.channel_id, seconds)
        await _put(tx, wanting, content, now)


async def queue_period(tx: Tx, *, guild_id: int, period_id: str, now: datetime) -> None:
    """Tell of a period that has just been archived: its final board and its hash.

    To be called before anything about the next period. Raises LookupError for a period that is not archived.
    """
    period = await tx.one(PERIOD_BY_ID, guild_id=guild_id, period_id=period_id)
    if period is None or period.ended_at is None or period.hash_v1 is None:
        raise LookupError("a period that is not archived has no final board")
    top = await tx.all(FROZEN_PAGE, period_id=period.id, offset=0, limit=TOP)
    content = PeriodReset(
        guild_id=period.guild_id,
        number=period.number,
        started_at=period.started_at,
        ended_at=period.ended_at,
        people=period.entry_count or 0,
        top=[line_of(each) for each in top],
        hash=period.hash_v1,
    )
    await queue(tx, guild_id, content, now=now)


async def queue_key_news(tx: Tx, actor: Actor, *, guild_id: int, key_id: str, what: str, now: datetime) -> None:
    """Tell that a key was generated, rotated, locked or unlocked, and by whom."""
    await queue(tx, guild_id, SigningNews(what, key_id, await _author(tx, actor)), now=now)


async def queue_settings(
    tx: Tx, actor: Actor, *, guild_id: int, what: str, old: object, new: object, now: datetime
) -> None:
    """Tell who changed which setting from what to what, as JSON values; `what` is a word such as mode or schedule."""
    await queue(tx, guild_id, SettingsChanged(what, old, new, await _author(tx, actor)), now=now)


async def guilds_to_remind(tx: Tx, *, now: datetime) -> list[int]:
    """Return guilds whose key was not open when something closed, and who were not told of it since a day ago."""
    return await tx.all(TO_REMIND, closed_before=now - GRACE, reminded_before=now - REMIND)


async def queue_reminder(tx: Tx, *, guild_id: int, now: datetime) -> None:
    """Tell how much waits in a guild for its key to be opened; nothing when nothing does."""
    key, pending = await active_key(tx, guild_id), await pending_of(tx, guild_id)
    await tx.run(REMINDED, of_guild=guild_id, at=now)
    if key is not None and (pending.sessions or pending.periods):
        content = SigningNews("waiting", key.id, sessions=pending.sessions, periods=pending.periods)
        await queue(tx, guild_id, content, now=now)


async def queue(tx: Tx, guild_id: int, content: Content, *, now: datetime) -> None:
    """Queue a post for every destination of a guild that wants posts of its type."""
    await _put(tx, await _wanting(tx, guild_id, type_of(content)), content, now)


async def _wanting(tx: Tx, guild_id: int, kind: LogType) -> list[Destination]:
    return [each for each in await tx.all(DESTINATIONS_KEPT, guild_id=guild_id) if each.types.wants(kind)]


async def _put(tx: Tx, destinations: Sequence[Destination], content: Content, now: datetime) -> None:
    for destination in destinations:
        post = new_post(destination, content, now)
        await tx.insert(post)
        # What is not ripe is found in time by whoever looks regularly.
        if post.ripe_at <= now:
            tx.announce(TOPIC, guild_id=str(destination.guild_id))


def line_of(entry: Entry) -> BoardLine:
    """Return a line of a board as a post has it."""
    return BoardLine(entry.rank, entry.user_id, entry.total_seconds)


async def _author(tx: Tx, actor: Actor) -> Author:
    """Return who acts: the ids of Discord's people are numbers, those of the house's own people are not."""
    if actor.user_id is None:
        return Author()
    if actor.user_id.isdecimal():
        return Author(user_id=int(actor.user_id))
    return Author(name=(await identity.names_of(tx, [actor.user_id])).get(actor.user_id))
