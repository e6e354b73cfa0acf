"""Rating how a ticket was worked on, and saying why."""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace
from sqlalchemy import bindparam, update

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.core.errors import InvalidField
from guildhall.domains import audit
from guildhall.domains.tickets.errors import AlreadyRated, RatingOver
from guildhall.domains.tickets.models import Ticket
from guildhall.domains.tickets.news import tell_of_ticket
from guildhall.domains.tickets.ratings.models import BEST, WORST, Rating, ticket_ratings
from guildhall.domains.tickets.ratings.queries import MOST_REPLIES, NEWEST_RATING
from guildhall.domains.tickets.relay.models import LOG, Post, Say
from guildhall.domains.tickets.relay.queueing import queue_post

LONGEST_COMMENT: Final = 1000

COMMENT = command(
    update(ticket_ratings)
    .where(
        ticket_ratings.c.ticket_id == bindparam("ticket"),
        ticket_ratings.c.closing == bindparam("of_closing"),
        ticket_ratings.c.comment.is_(None),
    )
    .values(comment=bindparam("words"))
)


async def rate_ticket(
    tx: Tx, actor: Actor, ticket: Ticket, *, closing: int, score: int, hours: int, now: datetime
) -> Rating:
    """Rate a closing of a ticket, within so many hours of it. The ticket is locked.

    It is credited to whoever has claimed the ticket, else to whoever replied most. `closing` is how often the ticket
    had been opened again by then. Raises InvalidField, RatingOver, AlreadyRated.
    """
    if not WORST <= score <= BEST:
        raise InvalidField(f"A rating is between {WORST} and {BEST}", field="score")
    _check_open(ticket, closing, hours, now)
    staff_id = ticket.claimed_by or await tx.one(MOST_REPLIES, ticket_id=ticket.id)
    rating = Rating(ticket_id=ticket.id, closing=closing, score=score, staff_id=staff_id, rated_at=now)
    await tx.insert(rating, clash=AlreadyRated)
    await audit.record(tx, actor, "ticket.rated", ticket.id, now=now, score=score, staff=staff_id)
    await _tell(tx, ticket, "desk.log.rated", {"score": str(score)}, now=now)
    return rating


async def comment_on_rating(
    tx: Tx, actor: Actor, ticket: Ticket, *, closing: int, text: str, hours: int, now: datetime
) -> Rating:
    """Say why the ticket was rated so, once. The ticket is locked. Raises InvalidField, RatingOver, AlreadyRated."""
    words = text.strip()
    if not words or len(words) > LONGEST_COMMENT:
        raise InvalidField(f"A comment has 1 to {LONGEST_COMMENT} characters", field="comment")
    _check_open(ticket, closing, hours, now)
    rating = await tx.one(NEWEST_RATING, ticket_id=ticket.id)
    if rating is None or rating.closing != closing:
        raise RatingOver
    if await tx.run(COMMENT, ticket=ticket.id, of_closing=closing, words=words) == 0:
        raise AlreadyRated
    await audit.record(tx, actor, "ticket.rating_explained", ticket.id, now=now)
    await _tell(tx, ticket, "desk.log.commented", {"comment": words}, now=now)
    return replace(rating, comment=words)


def _check_open(ticket: Ticket, closing: int, hours: int, now: datetime) -> None:
    is_this_one = ticket.closed_at is not None and ticket.reopen_count == closing
    if not is_this_one or ticket.closed_at is None or now > ticket.closed_at + timedelta(hours=hours):
        raise RatingOver


async def _tell(tx: Tx, ticket: Ticket, words: str, fields: dict[str, str], *, now: datetime) -> None:
    known = {"number": str(ticket.number), "user": ticket.user_name, "ticket": ticket.id}
    post = Post(say=Say.WORDS, words=words, fields={**known, **fields})
    await queue_post(tx, ticket, to=LOG, post=post, now=now)
    tell_of_ticket(tx, "updated", ticket)
