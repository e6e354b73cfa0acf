"""How sessions and periods are written down: the one place where they begin, change, end and get their bytes."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, insert, update

from guildhall.core import ids
from guildhall.core.db import Tx, command
from guildhall.domains.attendance.consequences import period_archived, sessions_ended
from guildhall.domains.attendance.key_models import Unsigned
from guildhall.domains.attendance.models import (
    COUNTED,
    EndReason,
    Guild,
    NewPeriod,
    Period,
    Session,
    SigningState,
    attendance_board_entries,
    attendance_periods,
    attendance_sessions,
    fields_of,
)
from guildhall.domains.attendance.queries import FINAL_BOARD, FROZEN_BOARD, HASHES, PERIOD_BY_ID
from guildhall.domains.attendance.records import (
    Bytes,
    PeriodFacts,
    SessionFacts,
    hash_of,
    period_bytes,
    session_bytes,
    sessions_hash,
)
from guildhall.domains.attendance.scene import Scene
from guildhall.domains.attendance.schedules import next_border
from guildhall.domains.attendance.states import NOTHING_RUNS, PAUSED_WAYS, counted_in_all_ways, way_of
from guildhall.domains.attendance.tracking import Changes, Start

SALT_BYTES: Final = 32
SUMS: Final = (*COUNTED, "counted_until", "paused")
SIGNABLE: Final = ("bytes_v1", "bytes_v2", "hash_v1", "hash_v2", "salt")


def _new(*names: str) -> dict[str, Any]:
    return {name: bindparam(f"new_{name}") for name in names}


_session = attendance_sessions.c.id == bindparam("session_id")
START = command(
    insert(attendance_sessions).values({name: bindparam(name) for name in (*Session.__struct_fields__, *SUMS)})
)
CHANGE = command(update(attendance_sessions).where(_session).values(_new("stretches", *SUMS)))
END = command(
    update(attendance_sessions)
    .where(_session)
    .values(_new("left_at", "end_reason", "stretches", *SUMS, *SIGNABLE, "signing_state"))
)
PUT_INTO_PERIOD = command(update(attendance_sessions).where(_session).values(_new("period_id")))
_FROZEN = ("period_id", "position", "rank", "user_id", "total_seconds", "session_count")
FREEZE = [command(insert(attendance_board_entries).from_select(_FROZEN, board)) for board in FINAL_BOARD]
ARCHIVE = command(
    update(attendance_periods)
    .where(attendance_periods.c.id == bindparam("ended_id"), attendance_periods.c.ended_at.is_(None))
    .values(_new("ended_at", "policy", "entry_count", "total_seconds", *SIGNABLE, "signing_state"))
)


async def write_changes(
    tx: Tx, scene: Scene, changes: Changes, *, guild_id: int, period_id: str, now: datetime
) -> None:
    """Write down what became of sessions. Those that end come first: a person has one open session."""
    await end_sessions(tx, scene, changes.ended, guild_id=guild_id, now=now)
    for session in changes.changed:
        await tx.run(CHANGE, session_id=session.id, **_renamed({"stretches": session.stretches, **_sums(session)}))
    for start in changes.started:
        await insert_session(tx, _begun(start, guild_id, period_id))
    if changes.ended or changes.started:
        tx.announce("attendance", guild_id=str(guild_id))


async def insert_session(tx: Tx, session: Session) -> None:
    """Write down a session that is not stored yet."""
    await tx.run(START, **fields_of(session), **_sums(session))


async def end_sessions(tx: Tx, scene: Scene, sessions: Sequence[Session], *, guild_id: int, now: datetime) -> None:
    """Write down the end of sessions of a guild, with the bytes that are signed, and all that follows from it."""
    if sessions:
        records = [await _end_session(tx, session) for session in sessions]
        await sessions_ended(tx, scene, guild_id, sessions, records, now=now)


async def _end_session(tx: Tx, session: Session) -> Unsigned:
    left_at = _left(session)
    facts = SessionFacts(
        session.id,
        session.guild_id,
        session.user_id,
        session.channel_id,
        session.period_id,
        session.joined_at,
        left_at,
        session.source,
        EndReason(session.end_reason or ""),
    )
    signable = _signable(session_bytes(facts))
    values = {
        "left_at": left_at,
        "end_reason": session.end_reason,
        "stretches": session.stretches,
        "signing_state": SigningState.PENDING,
        **_sums(session),
        **signable,
    }
    await tx.run(END, session_id=session.id, **_renamed(values))
    return _unsigned(session.id, left_at, signable)


async def open_period(tx: Tx, guild: Guild, *, new_id: str, number: int, started_at: datetime) -> Period:
    """Begin a period of a guild."""
    ends_at = next_border(guild.schedule, started_at, started_at)
    new = NewPeriod(new_id, guild.guild_id, number, started_at, ends_at)
    await tx.insert(new)
    return Period(id=new.id, guild_id=new.guild_id, number=number, started_at=started_at, ends_at=ends_at)


async def archive_period(
    tx: Tx, scene: Scene, guild: Guild, period: Period, *, ended_at: datetime, now: datetime
) -> Period:
    """Freeze a period whose sessions have all ended: its policy, its board, and the bytes that are signed."""
    policy = guild.fairness
    freeze = FREEZE[way_of(policy)]
    await tx.run(freeze, period_id=period.id, now=ended_at, minimum=policy.min_session_seconds)
    entries = [each.for_the_record() for each in await tx.all(FROZEN_BOARD, period_id=period.id)]
    hashes = {each.id: each.hash_v2 for each in await tx.all(HASHES, period_id=period.id)}
    facts = PeriodFacts(
        period.id,
        period.guild_id,
        period.number,
        period.started_at,
        ended_at,
        entries,
        policy,
        sessions_hash(hashes),
    )
    signable = _signable(period_bytes(facts))
    values = {
        "ended_at": ended_at,
        "policy": policy,
        "entry_count": len(entries),
        "total_seconds": sum(each.total_seconds for each in entries),
        "signing_state": SigningState.PENDING,
        **signable,
    }
    await tx.run(ARCHIVE, ended_id=period.id, **_renamed(values))
    await period_archived(tx, scene, period, _unsigned(period.id, ended_at, signable), now=now)
    archived = await tx.one(PERIOD_BY_ID, guild_id=period.guild_id, period_id=period.id)
    if archived is None:
        raise LookupError("a period vanished while it was archived")
    return archived


async def put_into_period(tx: Tx, sessions: Sequence[Session], period_id: str) -> None:
    """Move open sessions, which began at or after a border, to the period that begins there."""
    for session in sessions:
        await tx.run(PUT_INTO_PERIOD, session_id=session.id, new_period_id=period_id)


def _begun(start: Start, guild_id: int, period_id: str) -> Session:
    return Session(
        id=ids.uuid(),
        guild_id=guild_id,
        user_id=start.user_id,
        channel_id=start.channel_id,
        period_id=period_id,
        joined_at=start.at,
        stretches=((0, start.state),),
    )


def _sums(session: Session) -> dict[str, Any]:
    """Return the sums of a session up to its end, or up to its last change if it is open, and what runs on from there.

    With them a board is one statement over closed and open sessions alike.
    """
    until = session.left_at or session.last_change
    counted = counted_in_all_ways(session.stretches, session.second(until))
    paused = NOTHING_RUNS if session.left_at else PAUSED_WAYS[session.stretches[-1][1]]
    return {**dict(zip(COUNTED, counted, strict=True)), "counted_until": until, "paused": paused}


def _signable(signed: Bytes) -> dict[str, Any]:
    return {
        "bytes_v1": signed.v1,
        "bytes_v2": signed.v2,
        "hash_v1": hash_of(signed.v1),
        "hash_v2": hash_of(signed.v2),
        "salt": secrets.token_bytes(SALT_BYTES),
    }


def _unsigned(record_id: str, closed_at: datetime, signable: dict[str, Any]) -> Unsigned:
    return Unsigned(
        record_id,
        closed_at,
        signable["bytes_v1"],
        signable["bytes_v2"],
        signable["hash_v2"],
        signable["salt"],
    )


def _left(session: Session) -> datetime:
    if session.left_at is None:
        raise ValueError("a session without an end has nothing to sign")
    return session.left_at


def _renamed(values: dict[str, Any]) -> dict[str, Any]:
    return {f"new_{name}": value for name, value in values.items()}
