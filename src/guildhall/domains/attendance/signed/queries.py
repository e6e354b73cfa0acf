"""Reads of keys, of attempts to unlock, and of what is signed or waits for it."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Integer, Select, Table, bindparam, func, literal_column, select

from guildhall.core.db import Tx, query
from guildhall.domains.attendance.key_models import (
    Pending,
    PeriodRecord,
    SealedSeed,
    SessionRecord,
    SigningKey,
    UnlockAttempt,
    Unsigned,
    attendance_keys,
    attendance_seeds,
    attendance_unlock_attempts,
)
from guildhall.domains.attendance.models import attendance_board_entries, attendance_periods, attendance_sessions
from guildhall.domains.attendance.records import BoardEntry

_of_guild = attendance_keys.c.guild_id == bindparam("guild_id")
_active = _of_guild & attendance_keys.c.retired_at.is_(None)

KEYS = query(
    SigningKey,
    select(attendance_keys).where(_of_guild).order_by(attendance_keys.c.created_at.desc(), attendance_keys.c.id.desc()),
)
ACTIVE_KEY = query(SigningKey, select(attendance_keys).where(_active))
ACTIVE_KEY_LOCKED = query(SigningKey, select(attendance_keys).where(_active).with_for_update())
SEED = query(SealedSeed, select(attendance_seeds).where(attendance_seeds.c.key_id == bindparam("key_id")))
LAST_ATTEMPTS = query(
    UnlockAttempt,
    select(attendance_unlock_attempts)
    .where(attendance_unlock_attempts.c.guild_id == bindparam("guild_id"))
    .order_by(attendance_unlock_attempts.c.at.desc())
    .limit(bindparam("limit", type_=Integer)),
)
KEY = query(SigningKey, select(attendance_keys).where(attendance_keys.c.id == bindparam("id"), _of_guild))
# Signing shares the row with other signing, and keeps rotation out until its commit.
ACTIVE_KEY_SHARED = query(SigningKey, select(attendance_keys).where(_active).with_for_update(read=True))


def _pending(table: Table) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    # The state is written out, because the index over what waits serves only statements that name it.
    return table.c.guild_id == bindparam("guild_id"), table.c.signing_state == literal_column("'pending'")


def _unsigned(table: Table, closed: str) -> Select[Any]:
    return select(
        table.c.id, table.c[closed].label("closed_at"), *(table.c[name] for name in Unsigned.__struct_fields__[2:])
    )


def _oldest(table: Table, closed: str) -> Select[Any]:
    first = _unsigned(table, closed).where(*_pending(table)).order_by(table.c[closed], table.c.id).limit(1)
    return first.with_for_update(skip_locked=True)


OLDEST_SESSION = query(Unsigned, _oldest(attendance_sessions, "left_at"))
OLDEST_PERIOD = query(Unsigned, _oldest(attendance_periods, "ended_at"))
PENDING = query(
    Pending,
    select(
        select(func.count()).select_from(attendance_sessions).where(*_pending(attendance_sessions)).label("sessions"),
        select(func.count()).select_from(attendance_periods).where(*_pending(attendance_periods)).label("periods"),
        select(func.min(attendance_sessions.c.left_at))
        .where(*_pending(attendance_sessions))
        .scalar_subquery()
        .label("oldest_session"),
        select(func.min(attendance_periods.c.ended_at))
        .where(*_pending(attendance_periods))
        .scalar_subquery()
        .label("oldest_period"),
    ),
)
_sessions = select(*(attendance_sessions.c[name] for name in SessionRecord.__struct_fields__))
SESSION_RECORD = query(SessionRecord, _sessions.where(attendance_sessions.c.id == bindparam("id")))
SESSIONS_OF_PERIOD = query(
    SessionRecord,
    _sessions.where(attendance_sessions.c.period_id == bindparam("period_id")).order_by(attendance_sessions.c.id),
)
PERIOD_RECORD = query(
    PeriodRecord,
    select(*(attendance_periods.c[name] for name in PeriodRecord.__struct_fields__)).where(
        attendance_periods.c.guild_id == bindparam("guild_id"), attendance_periods.c.number == bindparam("number")
    ),
)


class BoardLine(msgspec.Struct, frozen=True):
    """A line of a final board."""

    rank: int
    user_id: int
    total_seconds: int
    session_count: int


BOARD = query(
    BoardLine,
    select(*(attendance_board_entries.c[name] for name in BoardLine.__struct_fields__))
    .where(attendance_board_entries.c.period_id == bindparam("period_id"))
    .order_by(attendance_board_entries.c.position),
)


async def keys_of(tx: Tx, guild_id: int) -> list[SigningKey]:
    """Return every key the guild ever had, newest first."""
    return await tx.all(KEYS, guild_id=guild_id)


async def active_key(tx: Tx, guild_id: int) -> SigningKey | None:
    """Return the key the guild signs with, locked or not, or None before the first one."""
    return await tx.one(ACTIVE_KEY, guild_id=guild_id)


async def pending_of(tx: Tx, guild_id: int) -> Pending:
    """Return how much of a guild waits for a signature."""
    return await tx.one(PENDING, guild_id=guild_id) or Pending(0, 0)


async def board_of(tx: Tx, period_id: str) -> list[BoardEntry]:
    """Return the final board of an archived period, as it is signed."""
    lines = await tx.all(BOARD, period_id=period_id)
    return [BoardEntry(each.rank, each.user_id, each.total_seconds, each.session_count) for each in lines]
