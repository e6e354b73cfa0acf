"""Sessions and periods put into the store as closed ones, without anybody having been in voice."""

import dataclasses
from typing import Any

from sqlalchemy import bindparam, insert, update

from guildhall.core.db import Command, Tx, command
from guildhall.domains.attendance.models import (
    COUNTED,
    attendance_board_entries,
    attendance_guilds,
    attendance_periods,
    attendance_sessions,
)
from guildhall.domains.attendance.records import (
    Bytes,
    PeriodFacts,
    SessionFacts,
    hash_of,
    period_bytes,
    session_bytes,
)
from tests.domains.attendance.examples import GUILD, PERIOD


def _insert(table: Any, values: dict[str, Any]) -> Command:  # noqa: ANN401 (a table)
    return command(insert(table).values({name: bindparam(name, type_=table.c[name].type) for name in values}))


async def _put(tx: Tx, table: Any, values: dict[str, Any]) -> None:  # noqa: ANN401 (whatever the callee takes)
    await tx.run(_insert(table, values), **values)


def _signable(made: Bytes) -> dict[str, Any]:
    return {
        "bytes_v1": made.v1,
        "bytes_v2": made.v2,
        "hash_v1": hash_of(made.v1),
        "hash_v2": hash_of(made.v2),
        "salt": bytes(range(32)),
        "signing_state": "pending",
    }


async def open_guild(tx: Tx, guild_id: int = GUILD, period: PeriodFacts = PERIOD) -> None:
    """A guild with its current period."""
    guild = {"guild_id": guild_id, "mode": "All", "fairness": {}, "schedule": {}, "tier": "pro", "watched": False}
    await _put(tx, attendance_guilds, {**guild, "seen_at": period.started_at})
    open_period = {"id": period.period_id, "guild_id": guild_id, "number": period.number, "signing_state": "none"}
    await _put(tx, attendance_periods, {**open_period, "started_at": period.started_at})


async def put_session(tx: Tx, facts: SessionFacts) -> None:
    """A session that has closed and waits for its signature."""
    closed = {**_common(facts), "left_at": facts.left_at, "end_reason": facts.end_reason}
    await _put(tx, attendance_sessions, {**closed, **_signable(session_bytes(facts))})


async def put_open_session(tx: Tx, facts: SessionFacts) -> None:
    """A session that is still open."""
    await _put(tx, attendance_sessions, {**_common(facts), "signing_state": "none"})


def _common(facts: SessionFacts) -> dict[str, Any]:
    given = {name: value for name, value in dataclasses.asdict(facts).items() if name not in ("left_at", "end_reason")}
    sums = {**dict.fromkeys(COUNTED, facts.duration_seconds), "counted_until": facts.left_at, "paused": 0}
    return {"id": given.pop("session_id"), **given, **sums, "carried": 0, "stretches": [[0, 0]]}


async def archive(tx: Tx, facts: PeriodFacts) -> None:
    """The period as it has been archived, waiting for its signature."""
    values = {
        "ended_at": facts.ended_at,
        "policy": facts.policy,
        "entry_count": len(facts.entries),
        **_signable(period_bytes(facts)),
    }
    table = attendance_periods
    names = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in values}
    change = command(update(table).where(table.c.id == bindparam("period")).values(names))
    await tx.run(change, period=facts.period_id, **{f"new_{name}": value for name, value in values.items()})
    for position, entry in enumerate(facts.entries):
        line = {"period_id": facts.period_id, "position": position, **dataclasses.asdict(entry)}
        await _put(tx, attendance_board_entries, line)
