"""Figures and lists cost the same few statements however much there is to show, and find their rows by an index."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from guildhall.core.db import Database, metadata
from guildhall.core.db.base import Tx
from guildhall.core.db.postgres import PostgresTx
from guildhall.core.db.sqlite import SqliteTx
from tests.dialects.attendance.asking import PASSPHRASE, Place, Voices
from tests.domains.test_plans import whole_tables
from tests.serving import Served

FILLING = """
INSERT INTO attendance_guilds (guild_id, mode, fairness, schedule, tier, watched, seen_at)
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 300)
    SELECT n, 'All', '{}', '{}', 'pro', false, 0 FROM numbers;
INSERT INTO attendance_tracked_channels (guild_id, channel_id, added_at)
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 6000)
    SELECT n % 300 + 1, n, 0 FROM numbers;
INSERT INTO attendance_presences (guild_id, user_id, channel_id, state)
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 6000)
    SELECT n % 300 + 1, n, n % 7, 0 FROM numbers;
INSERT INTO attendance_periods (id, guild_id, number, started_at, ended_at, entry_count, total_seconds, signing_state)
    WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 8999)
    SELECT 'period' || n, n / 30 + 1, n % 30 + 1, n, CASE WHEN n % 30 = 29 THEN NULL ELSE n + 1 END, 0, 0, 'none'
    FROM numbers;
INSERT INTO attendance_sessions (id, guild_id, user_id, channel_id, period_id, joined_at, left_at, end_reason, source,
        carried, stretches, counted_0, counted_1, counted_2, counted_3, counted_4, counted_5, counted_6, counted_7,
        counted_until, paused, signing_state)
    WITH RECURSIVE numbers(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < 40000)
    SELECT 'session' || n, n % 300 + 1, n, n % 7, 'period' || (n % 9000), n * 1000000, (n + 1) * 1000000, 'left',
        'discord', 0, '[[0,0]]', 1, 1, 1, 1, 1, 1, 1, 1, (n + 1) * 1000000, 255, 'signed'
    FROM numbers;
INSERT INTO attendance_board_entries (period_id, position, rank, user_id, total_seconds, session_count)
    WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 17999)
    SELECT 'period' || (n / 2), n % 2 + 1, n % 2 + 1, n % 2, 1, 1 FROM numbers
"""
SMALL = {
    "attendance_keys", "attendance_log_checkpoints", "attendance_log_entries", "attendance_destinations",
    "attendance_role_rules", "attendance_webhooks", "attendance_webhook_deliveries",
}  # fmt: skip
"""Tables with next to nothing in this house, which PostgreSQL rightly reads whole; SQLite takes its indexes anyway."""


@contextmanager
def counted(served: Served) -> Iterator[list[str]]:
    """Gather every statement that the server sends meanwhile."""
    statements: list[str] = []
    served.house.database.observe = statements.append
    try:
        yield statements
    finally:
        served.house.database.observe = None


def reads(place: Place, session_id: str) -> dict[str, int]:
    """Return what is read, each with the most statements that it may cost."""
    return {
        "overview": 8,
        "leaderboard": 6,
        "leaderboard?period_index=1": 6,
        f"stats?user_id={place.member}": 8,
        f"stats?user_id={place.member}&period_index=1": 8,
        f"channel-stats?channel_id={place.lounge}": 6,
        "analytics/heatmap": 5,
        f"analytics/heatmap?user_id={place.member}": 5,
        "analytics/live-occupancy": 5,
        "sessions": 5,
        f"sessions?user_id={place.member}": 5,
        f"sessions?channel_id={place.lounge}": 5,
        f"sessions?user_id={place.member}&channel_id={place.lounge}": 5,
        "sessions?period_index=1": 5,
        f"sessions/{session_id}/receipt": 8,
        "tracked-channels": 4,
        "channels": 3,
        "fairness": 3,
        "signing/history": 4,
        "signing/status": 7,
        "signing/public-key": 3,
        "subscription": 3,
        "log-destinations": 4,
        "verified-roles": 4,
        "webhooks/settings": 4,
        "webhooks/deliveries": 4,
        "bot-present": 1,
    }


@pytest.fixture
async def session_id(manager: httpx.AsyncClient, voices: Voices, place: Place) -> str:
    """A signed session of an archived period, and a running period in which somebody was and is."""
    await manager.patch("tracking-mode", json={"mode": "All"})
    await manager.post("signing/generate-keys", json={"passphrase": PASSPHRASE})
    await voices.begin()
    await voices.visited(place.member, place.lounge, timedelta(minutes=20))
    assert (await manager.post("reset-now")).json()["archived"]["signed"]
    await voices.visited(place.steward, place.lounge, timedelta(minutes=20))
    await voices.moved(place.member, place.workshop)
    await voices.passes(timedelta(minutes=1))
    listed = (await manager.get("sessions?period_index=1")).json()["sessions"]
    named: str = listed[0]["session_id"]
    return named


async def test_reads_need_as_many_statements_for_much_as_for_little(
    served: Served, manager: httpx.AsyncClient, voices: Voices, place: Place, session_id: str
) -> None:
    wanted = reads(place, session_id)

    async def measured() -> dict[str, int]:
        found = {}
        for path in wanted:
            with counted(served) as seen:
                answer = await manager.get(path)
            assert answer.status_code == 200, answer.text
            found[path] = len(seen)
        return found

    few = await measured()
    assert {path: number for path, number in few.items() if number > wanted[path]} == {}
    for number in range(3):
        for person in range(12):
            await voices.moved(str(1000 + person), place.lounge if person % 2 else place.workshop)
        await voices.passes(timedelta(minutes=2))
        for person in range(12):
            await voices.moved(str(1000 + person), None)
        if number < 2:
            await manager.post("reset-now")
    for person in range(6):
        await voices.moved(str(1000 + person), place.lounge)
    for channel in (place.lounge, place.workshop):
        await manager.post("tracked-channels", json={"channel_id": channel})
    await manager.post("signing/rotate-keys", json={"passphrase": PASSPHRASE})
    assert len((await manager.get("sessions?limit=200")).json()["sessions"]) > 30
    assert await measured() == few


async def test_no_read_looks_at_a_whole_table(
    manager: httpx.AsyncClient,
    anybody: httpx.AsyncClient,
    place: Place,
    session_id: str,
    database: Database,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await fill(database, database_url)
    asked = remembered(monkeypatch, database)
    for path in reads(place, session_id):
        assert (await manager.get(path)).status_code == 200, path
    for path in (f"session/{session_id}", f"period/{place.guild}/1", f"keys/{place.guild}"):
        assert (await anybody.get(f"/verify/{path}")).status_code == 200, path
    monkeypatch.undo()
    assert len(asked) > 20
    async with database.read() as tx:
        found = {text: await plan_of(tx, text, arguments) for text, arguments in asked.items()}
    # Of checkpoints only the newest is read, which is at the end of their index.
    judged = metadata.tables.keys() - (SMALL if database.engine == "postgresql" else {"attendance_log_checkpoints"})
    whole = {text: plan for text, plan in found.items() if judged & set(whole_tables(plan))}
    assert not whole, "\n".join(f"{text}\n{plan}\n" for text, plan in whole.items())


def remembered(monkeypatch: pytest.MonkeyPatch, database: Database) -> dict[str, list[Any]]:
    """Return what gathers the text of every read from now on, each with the arguments of its last use."""
    kind: type[Tx] = SqliteTx if database.engine == "sqlite" else PostgresTx
    fetch, asked = kind._fetch, dict[str, list[Any]]()

    async def remember(tx: Tx, text: str, arguments: list[Any]) -> list[Any]:
        asked[text] = arguments
        return await fetch(tx, text, arguments)

    monkeypatch.setattr(kind, "_fetch", remember)
    return asked


async def plan_of(tx: Tx, text: str, arguments: list[Any]) -> str:
    """Return how the database would find the rows."""
    if tx.engine == "postgresql":
        # On disks without moving parts, a row here and there costs little more than a row after the other.
        await tx._execute("SET random_page_cost = 1.1", [])
    explain = "EXPLAIN QUERY PLAN " if tx.engine == "sqlite" else "EXPLAIN "
    return "\n".join(str(row[-1]) for row in await tx._fetch(explain + text, arguments))


async def fill(database: Database, database_url: str) -> None:
    """Put in other guilds with a long past, and let the engine know what there is."""
    async with database.write() as tx:
        for statement in FILLING.split(";"):
            await tx._execute(statement, [])
    if database.engine == "postgresql":
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
    else:
        async with database.write() as tx:
            await tx._execute("ANALYZE", [])
