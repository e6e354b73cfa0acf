"""Reads of links and of what calendars outside were told."""

import msgspec
from sqlalchemy import bindparam, func, literal, literal_column, select, union_all

from guildhall.core.db import Tx, query
from guildhall.domains.calendars.models import (
    Link,
    ToldCalendar,
    Trouble,
    Write,
    calendar_links,
    calendar_writes,
)

MOST_TROUBLES = 200


class WriteCounts(msgspec.Struct, frozen=True):
    """How many events a calendar is still to be told of, and of how many it was given up to tell it."""

    link_id: str
    waiting: int
    given_up: int


# Whoever is about to leave a write for a link keeps it from ending before that write is committed.
LINK_TO_TELL = query(
    ToldCalendar,
    select(calendar_links.c.id, calendar_links.c.kind)
    .where(calendar_links.c.target == bindparam("target"))
    .with_for_update(read=True, key_share=True),
)
LINK = query(Link, select(calendar_links).where(calendar_links.c.id == bindparam("id")))
LINK_OF = query(Link, select(calendar_links).where(calendar_links.c.target == bindparam("target")))
LINK_OF_LOCKED = query(
    Link, select(calendar_links).where(calendar_links.c.target == bindparam("target")).with_for_update()
)
LINKS = query(Link, select(calendar_links).order_by(calendar_links.c.target))
_one_write = (
    calendar_writes.c.link_id == bindparam("link_id"),
    calendar_writes.c.event_id == bindparam("event_id"),
)
WRITE = query(Write, select(calendar_writes).where(*_one_write))
WRITE_LOCKED = query(Write, select(calendar_writes).where(*_one_write).with_for_update())
WRITES = query(
    Write,
    select(calendar_writes)
    .where(calendar_writes.c.link_id == bindparam("link_id"))
    .order_by(calendar_writes.c.event_id),
)
WRITE_AT = query(
    Write,
    select(calendar_writes)
    .where(calendar_writes.c.link_id == bindparam("link_id"), calendar_writes.c.outside_id == bindparam("outside_id"))
    .limit(1),
)
DUE = query(
    WriteCounts,
    select(
        calendar_writes.c.link_id,
        (func.count() - func.count(calendar_writes.c.gave_up_at)).label("waiting"),
        func.count(calendar_writes.c.gave_up_at).label("given_up"),
    )
    .where(calendar_writes.c.wanted > calendar_writes.c.written)
    .group_by(calendar_writes.c.link_id),
)
_given_up = calendar_writes.c.gave_up_at.is_not(None)
TROUBLES = query(
    Trouble,
    union_all(
        select(
            calendar_links.c.target,
            literal_column("NULL").label("event_id"),
            calendar_links.c.failed_since.label("since"),
            calendar_links.c.error,
        ).where(calendar_links.c.failed_since.is_not(None)),
        select(
            calendar_links.c.target,
            calendar_writes.c.event_id,
            calendar_writes.c.failed_since.label("since"),
            calendar_writes.c.error,
        )
        .join_from(calendar_writes, calendar_links, calendar_links.c.id == calendar_writes.c.link_id)
        .where(_given_up),
    )
    .order_by("since")
    .limit(literal(MOST_TROUBLES)),
)


async def list_links(tx: Tx) -> list[Link]:
    """Return every link, by target."""
    return await tx.all(LINKS)


async def link_of(tx: Tx, target: str) -> Link | None:
    """Return the link of a target."""
    return await tx.one(LINK_OF, target=target)


async def is_linked(tx: Tx, link: Link) -> bool:
    """Tell whether a link has not ended since it was read."""
    return await tx.one(LINK, id=link.id) is not None


async def list_troubles(tx: Tx) -> list[Trouble]:
    """Return the calendars that fail now and the events given up after a week, longest first, at most 200."""
    return await tx.all(TROUBLES)


async def count_writes(tx: Tx) -> dict[str, WriteCounts]:
    """Return what is still to be told, by link; a link of which all is told is not in it."""
    return {each.link_id: each for each in await tx.all(DUE)}


async def writes_of(tx: Tx, link: Link) -> dict[str, Write]:
    """Return what a calendar was told, by event id."""
    return {write.event_id: write for write in await tx.all(WRITES, link_id=link.id)}


async def find_write(tx: Tx, link: Link, event_id: str) -> Write | None:
    """Return what a calendar was told of an event."""
    return await tx.one(WRITE, link_id=link.id, event_id=event_id)


async def find_write_at(tx: Tx, link: Link, outside_id: str) -> Write | None:
    """Return which event of ours a calendar keeps at a place of its own."""
    return await tx.one(WRITE_AT, link_id=link.id, outside_id=outside_id)
