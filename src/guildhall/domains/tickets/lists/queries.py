"""The statements behind lists of tickets: each shape of a list is one of its own, so that each has its index."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

import msgspec
from sqlalchemy import Boolean, ColumnElement, Integer, Select, Text, and_, bindparam, cast, func, select, text

from guildhall.core.db import JsonDoc, Query, UtcTime, query
from guildhall.domains.tickets.models import Ticket, ticket_tags, ticket_tallies, tickets


class Sort(StrEnum):
    """By what a list is sorted; the running number has the order of creation."""

    CREATED = "created_at"
    CLOSED = "closed_at"
    USER = "user_name"
    LAST_MESSAGE = "last_message_at"


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


CHANGED_SINCE: Final[Any] = text(
    "tickets.id IN (SELECT target FROM audit_entries WHERE at >= :since AND action >= 'ticket.' AND action < 'ticket/')"
).bindparams(bindparam("since", type_=UtcTime))
"""Whatever happens to a ticket is in the audit log, so that no ticket has to keep when it was changed."""


class Tally(msgspec.Struct, frozen=True):
    """How many of the tickets that a list asks for have their numbers in a block."""

    block: int
    count: int


@dataclass(frozen=True)
class Shape:
    """Which questions a list asks, and in which order it answers."""

    engine: str
    closed: bool
    category: bool
    user: bool
    claimed: bool
    unclaimed: bool
    taken: bool
    tag: bool
    words: bool
    changed: bool
    limited: bool
    below: bool
    sort: Sort
    ascending: bool


@cache
def tallying(engine: str, closed: bool, categories: bool) -> Query[Tally]:  # noqa: FBT001 (a shape, not an option)
    """Return the read of how many tickets lie in each of some blocks of numbers."""
    rows = _of_kind(
        select(ticket_tallies.c.block, func.sum(ticket_tallies.c.count).label("count")), engine, closed, categories
    )
    first, last = bindparam("first", type_=Integer), bindparam("last", type_=Integer)
    having = func.sum(ticket_tallies.c.count) > text("0")
    within = rows.where(ticket_tallies.c.block >= first, ticket_tallies.c.block <= last)
    return query(Tally, within.group_by(ticket_tallies.c.block).having(having))


@cache
def summing(engine: str, closed: bool, categories: bool) -> Query[int]:  # noqa: FBT001 (as above)
    """Return the read of how many tickets there are of a kind, in all blocks together."""
    # A sum of integers would be a number of another type on PostgreSQL.
    total = cast(func.coalesce(func.sum(ticket_tallies.c.count), text("0")), Integer)
    return query(int, _of_kind(select(total.label("count")), engine, closed, categories))


def _of_kind(rows: Select[Any], engine: str, closed: bool, categories: bool) -> Select[Any]:  # noqa: FBT001 (as above)
    rows = rows.where(ticket_tallies.c.span == bindparam("span", type_=Integer))
    if closed:
        rows = rows.where(ticket_tallies.c.closed == bindparam("closed", type_=Boolean))
    return rows.where(_in_sight(engine)) if categories else rows


@cache
def listing(shape: Shape) -> Query[Ticket]:
    """Return the read of a page."""
    column = tickets.c.number if shape.sort is Sort.CREATED else tickets.c[shape.sort.value]
    order = [column] if shape.sort is Sort.CREATED else [column, tickets.c.id]
    turned = [each.asc() if shape.ascending else each.desc() for each in order]
    rows = _where(select(tickets), shape).order_by(*turned)
    return query(Ticket, rows.limit(bindparam("limit", type_=Integer)).offset(bindparam("offset", type_=Integer)))


@cache
def counting(shape: Shape) -> Query[int]:
    """Return the read of how many tickets a list has."""
    return query(int, _where(select(func.count()).select_from(tickets), shape))


def _where(rows: Select[Any], shape: Shape) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = [tickets.c.deleted_at.is_(None)]
    if shape.closed:
        conditions.append(tickets.c.closed == bindparam("closed", type_=Boolean))
    if shape.category:
        conditions.append(tickets.c.category_id == bindparam("category_id", type_=Text))
    if shape.user:
        conditions.append(tickets.c.user_id == bindparam("user_id", type_=Text))
    conditions += _claimed(shape)
    if shape.tag:
        tagged = select(ticket_tags.c.ticket_id).where(ticket_tags.c.tag == bindparam("tag", type_=Text))
        conditions.append(tickets.c.id.in_(tagged))
    if shape.limited:
        conditions.append(_in_sight(shape.engine))
    conditions += _looked_for(shape)
    if shape.below:
        border = bindparam("border", type_=Integer)
        conditions.append(tickets.c.number >= border if shape.ascending else tickets.c.number <= border)
    return rows.where(and_(*conditions))


def _looked_for(shape: Shape) -> list[ColumnElement[bool]]:
    found = [CONTAINING[shape.engine].bindparams(bindparam("words", type_=Text))] if shape.words else []
    return [*found, CHANGED_SINCE] if shape.changed else found


def _claimed(shape: Shape) -> list[ColumnElement[bool]]:
    asked = (
        (shape.claimed, tickets.c.claimed_by == bindparam("claimed_by", type_=Text)),
        (shape.unclaimed, tickets.c.claimed_by.is_(None)),
        (shape.taken, tickets.c.claimed_by.is_not(None)),
    )
    return [condition for wanted, condition in asked if wanted]


def _in_sight(engine: str) -> Any:  # noqa: ANN401 (see IN_SIGHT)
    return IN_SIGHT[engine].bindparams(bindparam("categories", type_=JsonDoc))
