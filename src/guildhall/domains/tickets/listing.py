"""Lists of tickets: filtered, sorted, page by page, with how many there are. No list reads a message, but to search."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Any, Final

from sqlalchemy import Boolean, ColumnElement, Integer, Select, Text, and_, bindparam, func, select, text

from guildhall.core.db import JsonDoc, Query, Tx, query
from guildhall.domains.tickets.models import BLOCK, Ticket, ticket_tags, ticket_tallies, tickets
from guildhall.domains.tickets.policy import Sight
from guildhall.domains.tickets.queries import Tally

NOBODY: Final = ""
"""As a claimer: tickets that nobody has claimed."""


class Sort(StrEnum):
    """By what a list is sorted; the running number has the order of creation."""

    CREATED = "created_at"
    CLOSED = "closed_at"
    USER = "user_name"
    LAST_MESSAGE = "last_message_at"


@dataclass(frozen=True)
class Wanted:
    """Which tickets a list is about. None leaves a question open; `claimed_by` may be NOBODY."""

    closed: bool | None = None
    category_id: str | None = None
    user_id: str | None = None
    claimed_by: str | None = None
    tag: str | None = None
    words: str | None = None

    @property
    def is_tallied(self) -> bool:
        """Whether tickets of this kind are counted already."""
        return self.user_id is None and self.claimed_by is None and self.tag is None and not self.words


# A text stands where a condition does, because SQLAlchemy has no words for these.
IN_SIGHT: Final[dict[str, Any]] = {
    "postgresql": text("coalesce(category_id, '') = ANY(ARRAY(SELECT jsonb_array_elements_text(:categories)))"),
    "sqlite": text("coalesce(category_id, '') IN (SELECT value FROM json_each(:categories))"),
}
CONTAINING: Final[dict[str, Any]] = {
    "postgresql": text(r"""
        tickets.id IN (
            SELECT ticket_id FROM ticket_messages
            WHERE to_tsvector('simple', regexp_replace(content, '\W+', ' ', 'g'))
            @@ plainto_tsquery('simple', regexp_replace(:words, '\W+', ' ', 'g'))
            AND kind IN ('user', 'staff') AND deleted_at IS NULL
            UNION
            SELECT named.id FROM tickets AS named
            WHERE to_tsvector(
                'simple', regexp_replace(named.user_name || ' ' || coalesce(named.subject, ''), '\W+', ' ', 'g')
            )
            @@ plainto_tsquery('simple', regexp_replace(:words, '\W+', ' ', 'g'))
        )
    """),
    "sqlite": text("tickets.id IN (SELECT ticket_id FROM ticket_search WHERE ticket_search MATCH :words)"),
}


@dataclass(frozen=True)
class TicketPage:
    """A page of a list, and how many tickets the whole of it has."""

    tickets: list[Ticket]
    total: int


@dataclass(frozen=True)
class _Shape:
    """Which questions a list asks: each shape is a statement of its own, so that each has its index."""

    engine: str
    closed: bool
    category: bool
    user: bool
    claimed: bool
    unclaimed: bool
    tag: bool
    words: bool
    limited: bool
    below: bool
    sort: Sort
    ascending: bool


async def list_tickets(
    tx: Tx,
    wanted: Wanted,
    *,
    sight: Sight,
    sort: Sort = Sort.CREATED,
    ascending: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> TicketPage:
    """Return a page of the tickets that somebody sees."""
    if sight.own is not None:
        wanted = _of(wanted, sight.own)
    values = _values(tx.engine, wanted, sight)
    tallies = await _tallies(tx, wanted, sight) if wanted.is_tallied else None
    shape = _shape(tx.engine, wanted, sight, sort, ascending=ascending)
    if tallies is None:
        total = await tx.one(_counting(shape), **values) or 0
        found = await tx.all(_listing(shape), **values, limit=limit, offset=offset)
        return TicketPage(found, total)
    total = sum(tally.count for tally in tallies)
    if offset >= total:
        return TicketPage([], total)
    if sort is not Sort.CREATED:
        return TicketPage(await tx.all(_listing(shape), **values, limit=limit, offset=offset), total)
    border, skip = _leap(tallies, offset, ascending=ascending)
    found = await tx.all(_listing(replace(shape, below=True)), **values, border=border, limit=limit, offset=skip)
    return TicketPage(found, total)


async def count_tickets(tx: Tx, wanted: Wanted, *, sight: Sight) -> int:
    """Return how many tickets there are."""
    if wanted.is_tallied and sight.own is None:
        return sum(tally.count for tally in await _tallies(tx, wanted, sight))
    shape = _shape(tx.engine, wanted, sight, Sort.CREATED, ascending=False)
    return await tx.one(_counting(shape), **_values(tx.engine, wanted, sight)) or 0


def _of(wanted: Wanted, person: str) -> Wanted:
    return Wanted(wanted.closed, wanted.category_id, person, wanted.claimed_by, wanted.tag, wanted.words)


def _leap(tallies: Iterable[Tally], offset: int, *, ascending: bool) -> tuple[int, int]:
    """Return at which number a page begins to be looked for, and how many tickets it skips from there."""
    skipped = 0
    border = 0
    for tally in sorted(tallies, key=lambda each: each.block, reverse=not ascending):
        border = tally.block * BLOCK if ascending else (tally.block + 1) * BLOCK - 1
        if skipped + tally.count > offset:
            break
        skipped += tally.count
    return border, offset - skipped


async def _tallies(tx: Tx, wanted: Wanted, sight: Sight) -> list[Tally]:
    categories: list[str] | None = None if sight.categories is None else sorted(sight.categories)
    if wanted.category_id is not None:
        seen = categories is None or wanted.category_id in categories
        categories = [wanted.category_id] if seen else []
    found = _counted(tx.engine, wanted.closed is not None, categories is not None)
    return await tx.all(found, closed=bool(wanted.closed), categories=categories or [])


@cache
def _counted(engine: str, closed: bool, categories: bool) -> Query[Tally]:  # noqa: FBT001 (a shape, not an option)
    rows = select(ticket_tallies.c.block, func.sum(ticket_tallies.c.count).label("count"))
    if closed:
        rows = rows.where(ticket_tallies.c.closed == bindparam("closed", type_=Boolean))
    if categories:
        rows = rows.where(_in_sight(engine))
    having = func.sum(ticket_tallies.c.count) > text("0")
    return query(Tally, rows.group_by(ticket_tallies.c.block).having(having))


def _shape(engine: str, wanted: Wanted, sight: Sight, sort: Sort, *, ascending: bool) -> _Shape:
    return _Shape(
        engine=engine,
        closed=wanted.closed is not None,
        category=wanted.category_id is not None,
        user=wanted.user_id is not None,
        claimed=bool(wanted.claimed_by),
        unclaimed=wanted.claimed_by == NOBODY,
        tag=wanted.tag is not None,
        words=bool(wanted.words),
        limited=sight.categories is not None,
        below=False,
        sort=sort,
        ascending=ascending,
    )


def _values(engine: str, wanted: Wanted, sight: Sight) -> dict[str, Any]:
    return {
        "closed": bool(wanted.closed),
        "category_id": wanted.category_id,
        "user_id": wanted.user_id,
        "claimed_by": wanted.claimed_by,
        "tag": wanted.tag,
        "words": _phrases(engine, wanted.words or ""),
        "categories": sorted(sight.categories or ()),
    }


def _phrases(engine: str, words: str) -> str:
    """Return words as an engine searches for them: all of them, in any order, and none is a command."""
    if engine == "postgresql":
        return words
    return " ".join('"' + word.replace('"', '""') + '"' for word in words.split())


@cache
def _listing(shape: _Shape) -> Query[Ticket]:
    column = tickets.c.number if shape.sort is Sort.CREATED else tickets.c[shape.sort.value]
    order = [column] if shape.sort is Sort.CREATED else [column, tickets.c.id]
    turned = [each.asc() if shape.ascending else each.desc() for each in order]
    rows = _where(select(tickets), shape).order_by(*turned)
    return query(Ticket, rows.limit(bindparam("limit", type_=Integer)).offset(bindparam("offset", type_=Integer)))


@cache
def _counting(shape: _Shape) -> Query[int]:
    return query(int, _where(select(func.count()).select_from(tickets), shape))


def _where(rows: Select[Any], shape: _Shape) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = []
    if shape.closed:
        conditions.append(tickets.c.closed == bindparam("closed", type_=Boolean))
    if shape.category:
        conditions.append(tickets.c.category_id == bindparam("category_id", type_=Text))
    if shape.user:
        conditions.append(tickets.c.user_id == bindparam("user_id", type_=Text))
    if shape.claimed:
        conditions.append(tickets.c.claimed_by == bindparam("claimed_by", type_=Text))
    if shape.unclaimed:
        conditions.append(tickets.c.claimed_by.is_(None))
    if shape.tag:
        tagged = select(ticket_tags.c.ticket_id).where(ticket_tags.c.tag == bindparam("tag", type_=Text))
        conditions.append(tickets.c.id.in_(tagged))
    if shape.limited:
        conditions.append(_in_sight(shape.engine))
    if shape.words:
        conditions.append(CONTAINING[shape.engine].bindparams(bindparam("words", type_=Text)))
    if shape.below:
        border = bindparam("border", type_=Integer)
        conditions.append(tickets.c.number >= border if shape.ascending else tickets.c.number <= border)
    return rows.where(and_(*conditions)) if conditions else rows


def _in_sight(engine: str) -> Any:  # noqa: ANN401 (see IN_SIGHT)
    return IN_SIGHT[engine].bindparams(bindparam("categories", type_=JsonDoc))
