"""The reads behind statistics, each from an index that has all it needs, and from no period but the asked one."""

from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Integer, Select, Text, TextClause, bindparam, func, literal_column, select, text

from guildhall.core.db import JsonDoc, Query, UtcTime, query
from guildhall.domains.tickets.categories.models import ticket_categories
from guildhall.domains.tickets.lists.queries import IN_SIGHT
from guildhall.domains.tickets.models import ticket_messages, tickets
from guildhall.domains.tickets.ratings.models import ticket_ratings


class Opened(msgspec.Struct, frozen=True):
    """How many tickets of a category were opened on a day; `day` is its place among the days that are asked for."""

    day: int
    category_id: str
    count: int


class Closed(msgspec.Struct, frozen=True):
    """How many were closed, how many of those had been answered, and after how long all of it."""

    day: int
    category_id: str
    count: int
    answered: int
    answer_micros: int
    life_micros: int


class Work(msgspec.Struct, frozen=True):
    """How much somebody did, and a value of it, which is another one for each read."""

    person_id: str
    count: int
    value: int


class CategoryName(msgspec.Struct, frozen=True):
    """What a category is called."""

    id: str
    name: str


def _by_day(kind: type[Any], sqlite: TextClause, postgresql: TextClause) -> dict[str, Query[Any]]:
    """Return a read of days, which are given as pairs of instants; SQLAlchemy has no words for such a list."""
    types = {each.name: Text if each.type is str else BigInteger for each in msgspec.structs.fields(kind)}
    days = bindparam("days", type_=JsonDoc)
    return {
        "sqlite": query(kind, sqlite.bindparams(days).columns(**types)),
        "postgresql": query(kind, postgresql.bindparams(days).columns(**types)),
    }


# The cross join keeps SQLite from beginning with the tickets.
OPENED: Final = _by_day(
    Opened,
    text("""
        SELECT days.key AS day, coalesce(category_id, '') AS category_id, count(*) AS count
        FROM json_each(:days) AS days CROSS JOIN tickets
        WHERE created_at >= json_extract(days.value, '$[0]') AND created_at < json_extract(days.value, '$[1]')
        GROUP BY 1, 2
    """),
    text("""
        SELECT days.place - 1 AS day, coalesce(category_id, '') AS category_id, count(*) AS count
        FROM jsonb_array_elements(:days) WITH ORDINALITY AS days(value, place) CROSS JOIN tickets
        WHERE created_at >= CAST(days.value ->> 0 AS BIGINT) AND created_at < CAST(days.value ->> 1 AS BIGINT)
        GROUP BY 1, 2
    """),
)
CLOSED: Final = _by_day(
    Closed,
    text("""
        SELECT days.key AS day, coalesce(category_id, '') AS category_id, count(*) AS count,
            count(first_reply_at) AS answered,
            coalesce(sum(first_reply_at - created_at), 0) AS answer_micros, sum(closed_at - created_at) AS life_micros
        FROM json_each(:days) AS days CROSS JOIN tickets
        WHERE closed_at >= json_extract(days.value, '$[0]') AND closed_at < json_extract(days.value, '$[1]')
        GROUP BY 1, 2
    """),
    text("""
        SELECT days.place - 1 AS day, coalesce(category_id, '') AS category_id, count(*) AS count,
            count(first_reply_at) AS answered,
            CAST(coalesce(sum(first_reply_at - created_at), 0) AS BIGINT) AS answer_micros,
            CAST(sum(closed_at - created_at) AS BIGINT) AS life_micros
        FROM jsonb_array_elements(:days) WITH ORDINALITY AS days(value, place) CROSS JOIN tickets
        WHERE closed_at >= CAST(days.value ->> 0 AS BIGINT) AND closed_at < CAST(days.value ->> 1 AS BIGINT)
        GROUP BY 1, 2
    """),
)

Reads = dict[tuple[str, bool], Query[Work]]
"""A read by engine, and by whether it is of some categories only."""

_begins, _ends = bindparam("begins", type_=UtcTime), bindparam("ends", type_=UtcTime)
_reply = (
    ticket_messages.c.kind == literal_column("'staff'"),
    ticket_messages.c.deleted_at.is_(None),
    ticket_messages.c.created_at >= _begins,
    ticket_messages.c.created_at < _ends,
)


def _seen(rows: Select[*tuple[Any, ...]], limited: Select[*tuple[Any, ...]]) -> Reads:
    of_some = {
        engine: limited.where(condition.bindparams(bindparam("categories", type_=JsonDoc)))
        for engine, condition in IN_SIGHT.items()
    }
    return {
        **{(engine, False): query(Work, rows) for engine in of_some},
        **{(engine, True): query(Work, each) for engine, each in of_some.items()},
    }


_of_ticket = ticket_messages.join(tickets, tickets.c.id == ticket_messages.c.ticket_id)
_author = ticket_messages.c.author_id.label("person_id")
_replies = (
    select(_author, func.count().label("count"), func.max(ticket_messages.c.id).label("value"))
    .where(*_reply)
    .group_by(ticket_messages.c.author_id)
)
# Whoever sees everything need not look at the ticket of each reply.
REPLIES: Final = _seen(_replies, _replies.select_from(_of_ticket))
"""Who replied how often; the value is the number of their newest message."""

_wait = literal_column("CAST(sum(ticket_messages.created_at - tickets.created_at) AS BIGINT)", BigInteger)
_firsts = (
    select(_author, func.count().label("count"), _wait.label("value"))
    .select_from(_of_ticket)
    .where(*_reply, ticket_messages.c.number == literal_column("1"))
    .group_by(ticket_messages.c.author_id)
)
FIRST_REPLIES: Final = _seen(_firsts, _firsts)
"""Who was the first to reply how often; the value is how many microseconds people waited for it in all."""

_closings = (
    select(
        tickets.c.closed_by.label("person_id"),
        func.count().label("count"),
        literal_column("0", BigInteger).label("value"),
    )
    .where(tickets.c.closed_at >= _begins, tickets.c.closed_at < _ends, tickets.c.closed_by != tickets.c.user_id)
    .group_by(tickets.c.closed_by)
)
CLOSINGS: Final = _seen(_closings, _closings)
"""Who closed how many tickets of others; there is no value."""

_ratings = (
    select(
        literal_column("coalesce(ticket_ratings.staff_id, '')", Text).label("person_id"),
        func.count().label("count"),
        literal_column("sum(ticket_ratings.score)", BigInteger).label("value"),
    )
    .select_from(ticket_ratings.join(tickets, tickets.c.id == ticket_ratings.c.ticket_id))
    .where(ticket_ratings.c.rated_at >= _begins, ticket_ratings.c.rated_at < _ends, tickets.c.deleted_at.is_(None))
    .group_by(ticket_ratings.c.staff_id)
)
RATINGS: Final = _seen(_ratings, _ratings)
"""How often tickets were rated that are credited to somebody, or to nobody; the value is the sum of what was given."""

NAME_OF_AUTHOR = query(
    str, select(ticket_messages.c.author_name).where(ticket_messages.c.id == bindparam("id", type_=Integer))
)
CATEGORY_NAMES = query(CategoryName, select(ticket_categories.c.id, ticket_categories.c.name))
