"""Reads of verified roles. Those of a run cost the same few statements however many people it is about."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    select,
    text,
    type_coerce,
    union_all,
)

from guildhall.core.db import JsonDoc, UtcTime, query
from guildhall.domains.attendance.models import (
    attendance_board_entries as board_entries,
    attendance_guilds as guilds,
    attendance_periods as periods,
    attendance_presences as presences,
    attendance_sessions as sessions,
)
from guildhall.domains.attendance.queries import Attended
from guildhall.domains.attendance.roles.models import (
    Grant,
    GrantState,
    Mark,
    Rule,
    attendance_role_grants as grants,
    attendance_role_marks as marks,
    attendance_role_rules as rules,
)

_of_guild = bindparam("guild_id", type_=BigInteger)
_user_ids = bindparam("people", type_=JsonDoc)
AMONG_PEOPLE = {
    "postgresql": text("user_id = ANY(ARRAY(SELECT CAST(jsonb_array_elements_text(:people) AS BIGINT)))").bindparams(
        _user_ids
    ),
    "sqlite": text("user_id IN (SELECT value FROM json_each(:people))").bindparams(_user_ids),
}
"""Who is meant, as one JSON list, because a statement has a fixed number of parameters."""

# ------------------------------------------------------------------------------------------------ rules

_rules = (
    select(*(rules.c[name] for name in Rule.__struct_fields__))
    .where(rules.c.guild_id == _of_guild)
    .order_by(rules.c.created_at, rules.c.role_id, rules.c.scope)
)
RULES = query(Rule, _rules)
RULE = query(Rule, _rules.where(rules.c.id == bindparam("rule_id")))
RULE_LIKE = query(Rule, _rules.where(rules.c.role_id == bindparam("role_id"), rules.c.scope == bindparam("scope")))
RULE_COUNT = query(int, select(func.count()).select_from(rules).where(rules.c.guild_id == _of_guild))

_at_work = (
    rules.c.enabled.is_(True),
    exists().where(guilds.c.guild_id == rules.c.guild_id, guilds.c.tier == literal_column("'pro'")),
)
GUILDS_WITH_RULES = query(int, select(rules.c.guild_id).where(*_at_work).distinct().order_by(rules.c.guild_id))


# ------------------------------------------------------------------------------------------------ marks


class Standby(msgspec.Struct, frozen=True):
    """Whether a guild has rules that work, and whether anybody is marked already; each 1 or 0."""

    working: int
    marked: int


def _one_if(condition: Any) -> Any:  # noqa: ANN401 (SQLAlchemy's expressions)
    return cast(condition, Integer)


STANDBY = query(
    Standby,
    select(
        _one_if(exists().where(rules.c.guild_id == _of_guild, *_at_work)).label("working"),
        _one_if(exists().where(marks.c.guild_id == _of_guild)).label("marked"),
    ),
)
MARKS = query(Mark, select(marks.c.user_id, marks.c.mark).where(marks.c.guild_id == _of_guild))


def _each_of(engine: str) -> Any:  # noqa: ANN401 (SQLAlchemy's expressions)
    """Return the ids of a JSON list as a table."""
    if engine == "sqlite":
        return func.json_each(_user_ids).table_valued("value")
    return func.jsonb_array_elements_text(_user_ids).table_valued("value")


def _marked(engine: str) -> Select[Any]:
    people = _each_of(engine)
    columns: list[ColumnElement[Any]] = [
        _of_guild.label("guild_id"),
        cast(people.c.value, BigInteger).label("user_id"),
        bindparam("mark", type_=Text).label("mark"),
    ]
    # SQLite takes the conflict clause that follows for the condition of a join, where there is no other.
    return select(*columns).select_from(people).where(text("1 = 1"))


MARKED = {engine: _marked(engine) for engine in ("sqlite", "postgresql")}
"""Not yet statements: these people, to be marked."""

# Not yet a statement: everybody who is in voice in a guild, to be marked.
IN_VOICE: Select[Any] = select(
    presences.c.guild_id, presences.c.user_id, bindparam("mark", type_=Text).label("mark")
).where(presences.c.guild_id == _of_guild)

# ------------------------------------------------------------------------------------------------ grants

_grants = select(*(grants.c[name] for name in Grant.__struct_fields__)).where(grants.c.guild_id == _of_guild)
GRANTS = query(Grant, _grants)
GRANTS_OF = {engine: query(Grant, _grants.where(among)) for engine, among in AMONG_PEOPLE.items()}
# Those whom the rise of others may cost the role: what a rule gave that looks at ranks and takes back.
OVERTAKEN = query(
    int,
    select(grants.c.user_id)
    .join(rules, rules.c.id == grants.c.rule_id)
    .where(
        grants.c.guild_id == _of_guild,
        grants.c.state == literal_column(f"'{GrantState.GIVEN.value}'"),
        rules.c.top_n.is_not(None),
        rules.c.revoke.is_(True),
    ),
)
PENDING = query(
    Grant,
    _grants.where(grants.c.due_at <= bindparam("now", type_=UtcTime))
    .order_by(grants.c.due_at, grants.c.user_id, grants.c.role_id)
    .limit(bindparam("limit", type_=Integer)),
)
NEXT_DUE = query(
    datetime,
    select(func.min(grants.c.due_at)).where(grants.c.guild_id == _of_guild, grants.c.due_at.is_not(None)),
)
HOLDERS = query(
    Grant,
    _grants.where(grants.c.rule_id == bindparam("rule_id"))
    .order_by(grants.c.asked_at.desc(), grants.c.user_id)
    .limit(bindparam("limit", type_=Integer)),
)


class Holding(msgspec.Struct, frozen=True):
    """How many people stand in a state by a rule."""

    rule_id: str
    state: GrantState
    people: int


HOLDINGS = query(
    Holding,
    select(grants.c.rule_id, grants.c.state, func.count().label("people"))
    .where(grants.c.guild_id == _of_guild)
    .group_by(grants.c.rule_id, grants.c.state),
)


def _asked(engine: str) -> Select[Any]:
    people = _each_of(engine)
    now = bindparam("now", type_=UtcTime)
    columns: list[ColumnElement[Any]] = [
        _of_guild.label("guild_id"),
        cast(people.c.value, BigInteger).label("user_id"),
        bindparam("role_id", type_=BigInteger).label("role_id"),
        bindparam("rule_id", type_=Text).label("rule_id"),
        literal_column(f"'{GrantState.ASKED.value}'", Text).label("state"),
        now.label("asked_at"),
        now.label("due_at"),
    ]
    return select(*columns).select_from(people).where(text("1 = 1"))


ASKED = {engine: _asked(engine) for engine in ("sqlite", "postgresql")}
"""Not yet statements: a row for each person who is to have a role."""


# ------------------------------------------------------------------------------------------------ figures


class Total(msgspec.Struct, frozen=True):
    """What a person's archived periods come to."""

    user_id: int
    total_seconds: int


# Each archived period counts as its own policy froze it.
ARCHIVED_TOTALS = query(
    Total,
    select(board_entries.c.user_id, cast(func.sum(board_entries.c.total_seconds), BigInteger).label("total_seconds"))
    .join(periods, periods.c.id == board_entries.c.period_id)
    .where(periods.c.guild_id == _of_guild)
    .group_by(board_entries.c.user_id),
)

_attended = select(
    *(
        type_coerce(sessions.c[name], BigInteger).label(name) if name.endswith("_at") else sessions.c[name]
        for name in Attended.__struct_fields__
    )
).where(sessions.c.guild_id == _of_guild)
ATTENDED_BY = {
    engine: query(
        Attended,
        union_all(
            _attended.where(sessions.c.left_at > bindparam("since"), among),
            _attended.where(sessions.c.left_at.is_(None), among),
        ),
    )
    for engine, among in AMONG_PEOPLE.items()
}
"""Sessions of some people, in any period, that ended after an instant or are open."""
