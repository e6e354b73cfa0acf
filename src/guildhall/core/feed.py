"""The feed: what has happened, in order, for whoever follows from outside and comes back after a pause.

An entry is written as the last act of the transaction in which it happens, under the next number. Whoever takes a
number holds the row of numbers until they have committed, so the numbers have no gaps and appear in their order: a
reader who has seen up to one has missed nothing before it. Being last, that wait is no longer than a commit.

Entries carry ids and words for what became of them, and no more: what somebody may see of a thing is found out when it
is told. They live for a day, which is told by marks rather than by a time in each.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Integer,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from guildhall.core.db import JsonDoc, Tx, UtcTime, command, metadata, query, stored

TOLD: Final = "feed"
"""The topic under which is told that the feed has new entries."""

LIFE: Final = timedelta(hours=24)

Data = dict[str, str | int | bool | None]

feed = Table(
    "feed",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("data", JsonDoc, nullable=False),
)

feed_end = Table(
    "feed_end",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)
"""The number of the newest entry."""

feed_marks = Table(
    "feed_marks",
    metadata,
    Column("at", UtcTime, primary_key=True),
    Column("last", BigInteger, nullable=False),
)
"""How far the feed went at an instant, from time to time."""


class Entry(msgspec.Struct, frozen=True):
    """Something that has happened."""

    id: int
    name: str
    data: Data


@stored(feed_marks)
class Mark(msgspec.Struct, frozen=True):
    """How far the feed went at an instant."""

    at: datetime
    last: int


COUNT_UP = command(update(feed_end).values(last=feed_end.c.last + 1))
WRITE = command(
    insert(feed).from_select(
        ["id", "name", "data"],
        select(feed_end.c.last, bindparam("name", type_=Text), bindparam("data", type_=JsonDoc)),
    )
)
LAST = query(int, select(feed_end.c.last))
FIRST = query(int, select(func.min(feed.c.id)))
AFTER = query(
    Entry,
    select(feed).where(feed.c.id > bindparam("after")).order_by(feed.c.id).limit(bindparam("most", type_=Integer)),
)
MARK_BEFORE = query(
    Mark, select(feed_marks).where(feed_marks.c.at <= bindparam("border")).order_by(feed_marks.c.at.desc()).limit(1)
)
FORGET = command(delete(feed).where(feed.c.id <= bindparam("last")))
FORGET_MARKS = command(delete(feed_marks).where(feed_marks.c.at < bindparam("at")))


def tell(tx: Tx, name: str, **data: str | int | bool | None) -> None:
    """Put an entry into the feed when the transaction commits."""
    tx.at_end(COUNT_UP)
    tx.at_end(WRITE, name=name, data=data)
    tx.announce(TOLD)


async def last_id(tx: Tx) -> int:
    """Return the number of the newest entry, 0 before the first."""
    return await tx.one(LAST) or 0


async def is_whole_after(tx: Tx, after: int) -> bool:
    """Tell whether everything after an entry is still here, and the entry is one that has been told at all."""
    first, last = await tx.one(FIRST), await last_id(tx)
    return after <= last and (after == last or (first is not None and first <= after + 1))


async def entries_after(tx: Tx, after: int, *, most: int) -> list[Entry]:
    """Return the entries after a number, oldest first."""
    return await tx.all(AFTER, after=after, most=most)


async def forget_entries(tx: Tx, *, now: datetime) -> None:
    """Forget what is older than a day, as far as marks tell, and make a mark of now. Meant to be called every hour."""
    old = await tx.one(MARK_BEFORE, border=now - LIFE)
    if old is not None:
        await tx.run(FORGET, last=old.last)
        await tx.run(FORGET_MARKS, at=old.at)
    await tx.insert(Mark(now, await last_id(tx)))
