"""Stores with long histories: so many sessions, of which the same few thousand are of the present.

The present lies in the current period and in the last 28 days of the measured guild. What makes a store large lies in
older periods of that guild and in other guilds. Rows are as the server keeps them, but for the bytes and signatures of
sessions, which no figure reads.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.attendance.stage import add_guild, filling, make_store, present, without_indexes

OTHER_GUILDS = 500
OLD_PERIODS = 60
PEOPLE = 400
DAY = 86_400
MILLION = 1_000_000


@dataclass(frozen=True)
class History:
    """How many sessions there are, and how many of them in the present."""

    sessions: int
    present: int


# The first numbers are of the present; the others alternate between the guild's own past and other guilds. A session
# begins alone and ends muted.
NUMBERED = """
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :sessions),
placed AS (
    SELECT n, n < :present AS here, n % 2 AS own, n / 2 % :others AS other, n / 2 % :periods AS old,
        1200 + n * 37 % 9000 AS length, n % :people + 700000000000000000 AS person, n % 20 + 1000 AS channel
    FROM numbers
),
timed AS (
    SELECT *, CASE WHEN here THEN 0 WHEN own THEN 1 + old ELSE 1000 + other END AS period,
        CASE WHEN here OR own THEN :guild ELSE 1000 + other END AS guild,
        :now - CASE
            WHEN here THEN 27 * 86400 - n * (26 * 86400 / :present)
            WHEN own THEN (31 + 7 * old) * 86400 + n % (5 * 86400)
            ELSE 30 * 86400 + n % (1000 * 86400)
        END AS began
    FROM placed
)
"""
PERIOD = "printf('%08x-0000-4000-9000-000000000000', {})"
ALONE, MUTED_FROM = 300, 900


def _counted(way: int) -> str:
    """Return what counts of a session in one of the ways to count: muted time does not in odd ones, lone from 4 on."""
    return f"length - {way & 1} * (length - {MUTED_FROM}) - {way >> 2} * {ALONE}"


SESSIONS = (
    NUMBERED  # noqa: S608 (made of what stands here)
    + "INSERT INTO attendance_sessions (id, guild_id, user_id, channel_id, period_id, joined_at, left_at, end_reason, "
    + "source, carried, stretches, counted_until, paused, signing_state, "
    + ", ".join(f"counted_{way}" for way in range(8))
    + ") SELECT printf('%08x-0000-4000-8000-000000000000', n), guild, person, channel, "
    + PERIOD.format("period")
    + ", began * 1000000, (began + length) * 1000000, 'left', 'discord', 0, "
    + f"'[[0,128],[{ALONE},0],[{MUTED_FROM},1]]', (began + length) * 1000000, 255, 'signed', "
    + ", ".join(map(_counted, range(8)))
    + " FROM timed"
)
PERIODS = (
    "INSERT INTO attendance_periods (id, guild_id, number, started_at, ended_at, policy, entry_count, total_seconds, "  # noqa: S608 (likewise)
    f"signing_state) VALUES ({PERIOD.format('?')}, ?, ?, ?, ?, ?, 0, 0, ?)"
)
BASELINE_SESSIONS = (
    NUMBERED  # noqa: S608 (made of what stands here)
    + "INSERT INTO voice_sessions (id, guild_id, user_id, channel_id, period_id, joined_at, left_at, seconds) "
    + "SELECT n + 1, guild, person, channel, period + 1, strftime('%Y-%m-%d %H:%M:%S.000000', began, 'unixepoch'), "
    + "strftime('%Y-%m-%d %H:%M:%S.000000', began + length, 'unixepoch'), length FROM timed"
)


BASELINE_PERIODS = "INSERT INTO voice_periods (id, guild_id, started_at, ended_at) VALUES (?, ?, ?, ?)"


@dataclass(frozen=True)
class _Period:
    number: int
    guild_id: int
    index: int
    started: int
    ended: int | None


def fill_guildhall(folder: Path, guild_id: int, history: History) -> None:
    """Make the server's store in a folder, and fill it."""
    now = present() // MILLION
    with filling(make_store(folder)) as database:
        for each in (guild_id, *range(1000, 1000 + OTHER_GUILDS)):
            add_guild(database, each)
        for period in _periods(guild_id, now):
            ended = None if period.ended is None else period.ended * MILLION
            frozen = None if ended is None else "{}"
            state = "none" if ended is None else "signed"
            row = (period.number, period.guild_id, period.index, period.started * MILLION, ended, frozen, state)
            database.execute(PERIODS, row)
        with without_indexes(database, "attendance_sessions"):
            database.execute(SESSIONS, _named(history, guild_id, now))
        database.execute("ANALYZE")


def fill_baseline(file: Path, guild_id: int, history: History) -> None:
    """Fill the FastAPI baseline's store, whose tables are there, with the same."""
    now = present() // MILLION
    with filling(file) as database:
        for period in _periods(guild_id, now):
            times = (None if each is None else _text(each) for each in (period.started, period.ended))
            database.execute(BASELINE_PERIODS, (period.number + 1, period.guild_id, *times))
        with without_indexes(database, "voice_sessions"):
            database.execute(BASELINE_SESSIONS, _named(history, guild_id, now))
        database.execute("ANALYZE")


def _periods(guild_id: int, now: int) -> Iterator[_Period]:
    yield _Period(0, guild_id, OLD_PERIODS + 1, now - 30 * DAY, None)
    for old in range(OLD_PERIODS):
        began = now - (37 + 7 * old) * DAY
        yield _Period(1 + old, guild_id, OLD_PERIODS - old, began, began + 7 * DAY)
    for other in range(OTHER_GUILDS):
        yield _Period(1000 + other, 1000 + other, 1, now - 1100 * DAY, None)


def _text(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S.%f}"


def _named(history: History, guild_id: int, now: int) -> dict[str, int]:
    return {
        "sessions": history.sessions, "present": history.present, "others": OTHER_GUILDS, "periods": OLD_PERIODS,
        "people": PEOPLE, "guild": guild_id, "now": now,
    }  # fmt: skip
