"""What becomes of posts: taken to be sent, posted, refused for now, or given up. Each step is one transaction's.

Before the first attempt a message gets its nonce, which is stored; however often it is tried, it is the same message.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from sqlalchemy import bindparam, delete, update

from guildhall.core import ids
from guildhall.core.db import Command, Tx, command
from guildhall.domains.attendance.models import whole_second
from guildhall.domains.attendance.posting.models import (
    Destination,
    Post,
    PostState,
    SessionCompleted,
    attendance_destinations,
    attendance_posts,
)
from guildhall.domains.attendance.posting.queries import DESTINATION_TO_SERVE, WAITING_POSTS

MOST_ALONE: Final = 5
TOGETHER: Final = 200
NONCE_LENGTH: Final = 22

HOURLY: Final = timedelta(hours=1)
LONGEST_REFUSED: Final = timedelta(hours=24)
SHORTEST_REST, LONGEST_REST = timedelta(seconds=2), timedelta(minutes=5)
KEPT: Final = timedelta(days=7)

_waits = attendance_posts.c.state == PostState.WAITING.value
_of_destination = attendance_posts.c.destination_id == bindparam("of_destination")
_destination = attendance_destinations.c.id == bindparam("destination")
TAKE = command(
    update(attendance_posts)
    .where(attendance_posts.c.seq == bindparam("number"), _waits, attendance_posts.c.nonce.is_(None))
    .values(nonce=bindparam("new_nonce"), tried_at=bindparam("at"))
)


def _ending(state: PostState) -> Command:
    return command(
        update(attendance_posts)
        .where(_of_destination, _waits, attendance_posts.c.nonce == bindparam("by_nonce"))
        .values(state=state.value, message_id=bindparam("message"), ended_at=bindparam("at"), error=bindparam("words"))
    )


POSTED, UNFIT = _ending(PostState.POSTED), _ending(PostState.GIVEN_UP)
GIVE_UP = command(
    update(attendance_posts)
    .where(_of_destination, _waits, attendance_posts.c.created_at <= bindparam("made_before"))
    .values(state=PostState.GIVEN_UP.value, ended_at=bindparam("at"), error=bindparam("words"))
)
WELL = command(
    update(attendance_destinations)
    .where(_destination)
    .values(last_post_at=bindparam("at"), last_error=None, refused_since=None, failures=0, next_try_at=None)
)
TROUBLED = command(
    update(attendance_destinations)
    .where(_destination)
    .values(
        last_error=bindparam("words"),
        refused_since=bindparam("since"),
        failures=bindparam("count"),
        next_try_at=bindparam("again_at"),
    )
)
FORGET = command(delete(attendance_posts).where(attendance_posts.c.ended_at <= bindparam("ended_before")))


@dataclass(frozen=True)
class Batch:
    """The posts of one message, and when it was first tried."""

    destination: Destination
    posts: Sequence[Post]
    nonce: str
    tried_at: datetime


async def take_batch(tx: Tx, destination_id: str, *, now: datetime) -> Batch | None:
    """Return the next message for a destination, None when nothing is ripe or the destination rests."""
    destination = await tx.one(DESTINATION_TO_SERVE, id=destination_id)
    posts = await tx.all(WAITING_POSTS, destination_id=destination_id, limit=TOGETHER)
    if destination is None or not posts or (destination.next_try_at is not None and destination.next_try_at > now):
        return None
    first = posts[0]
    if first.nonce is not None and first.tried_at is not None:
        same = [post for post in posts if post.nonce == first.nonce]
        return Batch(destination, same, first.nonce, first.tried_at)
    group = _group(posts, now)
    if not group:
        return None
    nonce = ids.base62(NONCE_LENGTH)
    for post in group:
        await tx.run(TAKE, number=post.seq, new_nonce=nonce, at=now)
    return Batch(destination, group, nonce, now)


def _group(posts: Sequence[Post], now: datetime) -> Sequence[Post]:
    """Return the posts that become the next message, none while that cannot be known.

    A session's post waits as long as another may join it: until it is ripe, or something else follows. One from the
    future does not wait: the clock was set back since.
    """
    first = posts[0]
    if not isinstance(first.content, SessionCompleted):
        return posts[:1]
    row = list(takewhile(lambda post: isinstance(post.content, SessionCompleted), posts))
    if first.created_at <= now < first.ripe_at and len(row) == len(posts) < TOGETHER:
        return []
    company = [post for post in row if post.created_at < first.ripe_at]
    return company if len(company) > MOST_ALONE else company[:1]


async def note_posted(tx: Tx, batch: Batch, message_id: int, *, now: datetime) -> None:
    """Write down that a message is there; whatever troubled its channel is over."""
    await _end(tx, POSTED, batch, message=message_id, words=None, at=now)
    await tx.run(WELL, destination=batch.destination.id, at=whole_second(now))


async def note_unfit(tx: Tx, batch: Batch, words: str, *, now: datetime) -> None:
    """Give up a message that Discord will never take, so that others come through behind it."""
    await _end(tx, UNFIT, batch, message=None, words=words, at=now)
    await tx.run(TROUBLED, destination=batch.destination.id, words=words, since=None, count=0, again_at=None)


async def note_refused(tx: Tx, batch: Batch, words: str, *, now: datetime) -> None:
    """Let a channel that is gone or closed rest for an hour, and give up what it has refused for a day."""
    destination = batch.destination
    since = destination.refused_since or now
    await tx.run(TROUBLED, destination=destination.id, words=words, since=since, count=0, again_at=now + HOURLY)
    if since <= now - LONGEST_REFUSED:
        made_before = now - LONGEST_REFUSED
        await tx.run(GIVE_UP, of_destination=destination.id, made_before=made_before, at=now, words=words)


async def note_away(tx: Tx, batch: Batch, pause: timedelta, *, now: datetime) -> None:
    """Let a channel rest while Discord is away: twice as long each time, and no shorter than it asked for."""
    destination = batch.destination
    rest = max(pause, min(SHORTEST_REST * 2 ** min(destination.failures, 10), LONGEST_REST))
    await tx.run(
        TROUBLED,
        destination=destination.id,
        words=destination.last_error,
        since=destination.refused_since,
        count=destination.failures + 1,
        again_at=now + rest,
    )


async def forget_posts(tx: Tx, *, now: datetime) -> None:
    """Remove what was posted or given up a week ago."""
    await tx.run(FORGET, ended_before=now - KEPT)


async def _end(tx: Tx, ending: Command, batch: Batch, *, message: int | None, words: str | None, at: datetime) -> None:
    of_destination, by_nonce = batch.destination.id, batch.nonce
    await tx.run(ending, of_destination=of_destination, by_nonce=by_nonce, message=message, words=words, at=at)
