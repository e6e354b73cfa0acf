"""What verified roles keep: rules, what they gave to whom, and for whom a rule is to be judged anew."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from guildhall.core.db import UtcTime, metadata, stored
from guildhall.core.errors import InvalidField

EVERYBODY: Final = 0
"""Stands for everybody of a guild where somebody is marked; Discord gives this id to nobody."""

LONGEST: Final = 315_360_000
LAST_RANK: Final = 1000
MOST_DAYS: Final = 366

_pending: dict[str, Any] = {
    "sqlite_where": text("due_at IS NOT NULL"),
    "postgresql_where": text("due_at IS NOT NULL"),
}

attendance_role_rules = Table(
    "attendance_role_rules",
    metadata,
    Column("id", Text, primary_key=True),
    Column("guild_id", BigInteger, ForeignKey("attendance_guilds.guild_id"), nullable=False),
    Column("role_id", BigInteger, nullable=False),
    Column("scope", Text, nullable=False),
    Column("days", Integer),
    Column("min_seconds", Integer, nullable=False),
    Column("top_n", Integer),
    Column("min_active_days", Integer),
    Column("revoke", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("assignable", Boolean, nullable=False),
    Column("problem", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", Text),
    UniqueConstraint("guild_id", "role_id", "scope"),
    CheckConstraint("scope IN ('current_period', 'last_period', 'last_days', 'lifetime')", name="scope"),
    CheckConstraint("(scope = 'last_days') = (days IS NOT NULL)", name="days"),
)

attendance_role_grants = Table(
    "attendance_role_grants",
    metadata,
    Column("guild_id", BigInteger, ForeignKey("attendance_guilds.guild_id"), primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("role_id", BigInteger, primary_key=True, autoincrement=False),
    # The rule that asked for it last. It may be gone: what it gave stays.
    Column("rule_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("asked_at", UtcTime, nullable=False),
    # When Discord is to be told next; nothing waits where it is empty.
    Column("due_at", UtcTime),
    Column("given_at", UtcTime),
    Column("taken_at", UtcTime),
    Column("problem", Text),
    CheckConstraint(
        "state IN ('asked', 'giving', 'given', 'own', 'taking', 'taken', 'away', 'refused')",
        name="state",
    ),
    CheckConstraint("(state IN ('asked', 'giving', 'taking')) = (due_at IS NOT NULL)", name="due"),
    Index("ix_attendance_role_grants_due", "guild_id", "due_at", **_pending),
    Index("ix_attendance_role_grants_guild_id_role_id", "guild_id", "role_id", "state"),
)

attendance_role_marks = Table(
    "attendance_role_marks",
    metadata,
    Column("guild_id", BigInteger, ForeignKey("attendance_guilds.guild_id"), primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("mark", Text, nullable=False),
)


class Scope(StrEnum):
    """Over what time a rule looks: local days, today among them, for `last_days`."""

    CURRENT_PERIOD = "current_period"
    LAST_PERIOD = "last_period"
    LAST_DAYS = "last_days"
    LIFETIME = "lifetime"


class GrantState(StrEnum):
    """Where the role of a person stands.

    `asked`: nothing was done yet. `giving`: the person did not have it, and Discord is being told. `own`: they had it
    already, so it is not ours to take. `away`: they are not in the guild. `refused`: Discord does not let the bot.
    """

    ASKED = "asked"
    GIVING = "giving"
    GIVEN = "given"
    OWN = "own"
    TAKING = "taking"
    TAKEN = "taken"
    AWAY = "away"
    REFUSED = "refused"


UNDER_WAY: Final = frozenset({GrantState.ASKED, GrantState.GIVING, GrantState.TAKING})
HOLDING: Final = frozenset({GrantState.GIVEN, GrantState.OWN})


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule asks for, and what it gives."""

    role_id: int
    min_seconds: int
    scope: Scope = Scope.CURRENT_PERIOD
    days: int | None = None
    top_n: int | None = None
    min_active_days: int | None = None
    revoke: bool = False
    enabled: bool = True

    def check(self) -> None:
        """Raise InvalidField for the first figure that is out of bounds, or missing."""
        _check("min_seconds", self.min_seconds, 0, LONGEST)
        _check("days", self.days, 1, MOST_DAYS)
        _check("top_n", self.top_n, 1, LAST_RANK)
        _check("min_active_days", self.min_active_days, 1, MOST_DAYS)
        if self.scope is Scope.LAST_DAYS and self.days is None:
            raise InvalidField("days is needed with last_days", field="days")


def _check(field: str, value: int | None, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        raise InvalidField(f"{field} lies between {least} and {most}", field=field)


@stored(attendance_role_rules)
class Rule(Terms, frozen=True, kw_only=True):
    """A rule of a guild. `assignable` and `problem` tell whether the bot could give the role when it was last tried."""

    id: str
    guild_id: int
    assignable: bool
    problem: str | None
    created_at: datetime
    created_by: str | None


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A role of a person, as far as rules are concerned with it."""

    guild_id: int
    user_id: int
    role_id: int
    rule_id: str
    state: GrantState
    due_at: datetime | None
    given_at: datetime | None
    problem: str | None


class Mark(msgspec.Struct, frozen=True):
    """Says that rules are to be judged for a person or EVERYBODY; whoever is marked again has another `mark`."""

    user_id: int
    mark: str
