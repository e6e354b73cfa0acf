"""Reading ratings, and to whom they are credited."""

from sqlalchemy import bindparam, func, literal_column, select

from guildhall.core.db import query
from guildhall.domains.tickets.models import ticket_messages
from guildhall.domains.tickets.ratings.models import Rating, ticket_ratings

NEWEST_RATING = query(
    Rating,
    select(ticket_ratings)
    .where(ticket_ratings.c.ticket_id == bindparam("ticket_id"))
    .order_by(ticket_ratings.c.closing.desc())
    .limit(1),
)
MOST_REPLIES = query(
    str,
    select(ticket_messages.c.author_id)
    .where(
        ticket_messages.c.ticket_id == bindparam("ticket_id"),
        ticket_messages.c.kind == literal_column("'staff'"),
        ticket_messages.c.deleted_at.is_(None),
        ticket_messages.c.author_id.is_not(None),
    )
    .group_by(ticket_messages.c.author_id)
    # Of two with as many, it is whoever wrote last.
    .order_by(func.count().desc(), func.max(ticket_messages.c.id).desc())
    .limit(1),
)
