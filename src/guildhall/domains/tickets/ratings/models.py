"""Ratings of tickets."""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text

from guildhall.core.db import UtcTime, metadata, stored

WORST: Final = 1
BEST: Final = 5

ticket_ratings = Table(
    "ticket_ratings",
    metadata,
    Column("ticket_id", Text, ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True),
    # How often the ticket had been opened again when it was closed: each closing is rated once.
    Column("closing", Integer, primary_key=True, autoincrement=False),
    Column("score", Integer, nullable=False),
    Column("comment", Text),
    Column("staff_id", Text),
    Column("rated_at", UtcTime, nullable=False),
    CheckConstraint("score BETWEEN 1 AND 5", name="score"),
    Index("ix_ticket_ratings_rated_at", "rated_at", "staff_id", "score", "ticket_id"),
)


@stored(ticket_ratings)
class Rating(msgspec.Struct, frozen=True, kw_only=True):
    """What the user of a ticket gave for a closing of it, from 1 to 5, and to whom of the staff that is credited."""

    ticket_id: str
    closing: int
    score: int
    comment: str | None = None
    staff_id: str | None
    rated_at: datetime
