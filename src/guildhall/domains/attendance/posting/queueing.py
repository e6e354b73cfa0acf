"""Queueing posts: rows in the transaction that makes them news, so that both happen or neither.

A destination gets what its types say at that moment. Its posts go out in the order in which they are queued.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, update

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.domains import identity
from guildhall.domains.attendance.models import SECOND, Period, Session
from guildhall.domains.attendance.posting.models import (
    Author,
    BoardLine,
    Content,
    NewPost,
    PeriodReset,
    SessionCompleted,
    SettingsChanged,
    SigningNews,
    attendance_destinations,
    type_of,
)
from guildhall.domains.attendance.posting.queries import DESTINATIONS_KEPT, TO_REMIND
from guildhall.domains.attendance.queries import FROZEN_PAGE, Entry
from guildhall.domains.attendance.signed.queries import active_key, pending_of

TOPIC: Final = "attendance.posts"
"""What a committed post announces, so that the sender looks at once."""

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


async def queue_session(tx: Tx, session: Session, *, now: datetime) -> None:
    """Tell of a session that has ended. Raises ValueError for one that has not."""
    if session.left_at is None:
        raise ValueError("a session that is open is no news yet")
    seconds = (session.left_at - session.joined_at) // SECOND
    content = SessionCompleted(session.id, session.user_id, session.channel_id, seconds)
    await queue(tx, session.guild_id, content, now=now)


async def queue_period(tx: Tx, period: Period, *, now: datetime) -> None:
    """Tell of an archived period: its final board and its hash. To be called before anything about the next period.

    Raises ValueError for a period that is not archived.
    """
    if period.ended_at is None or period.hash_v1 is None:
        raise ValueError("a period that runs has no final board")
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
    await queue(tx, period.guild_id, content, now=now)


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
    kind = type_of(content)
    wanting = [each for each in await tx.all(DESTINATIONS_KEPT, guild_id=guild_id) if each.types.wants(kind)]
    for destination in wanting:
        await tx.insert(NewPost(destination.id, content, now))
    if wanting:
        tx.announce(TOPIC, guild_id=str(guild_id))


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
