"""What is read: boards, figures of people and channels, heatmaps, who is there, sessions; and what the reads cost."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from guildhall.core.db import Database, Query
from guildhall.domains import attendance
from guildhall.domains.attendance import Cursor, State, queries
from guildhall.domains.attendance.errors import UnknownZone
from guildhall.domains.attendance.heatmaps import in_buckets
from guildhall.domains.attendance.records import Policy
from tests.domains.attendance.guild import ADA, AFK, BEN, CLEO, HALL, MANAGER, START, STUDIO, Guild, open_guild
from tests.domains.test_plans import plan_of, whole_tables


@pytest.fixture
async def guild(database: Database) -> Guild:
    """A morning: ADA a hundred seconds in two rooms, BEN and CLEO fifty each, 9 was there for no second."""
    guild = await open_guild(database)
    await guild.voice(0, CLEO, HALL)
    await guild.voice(0, ADA, HALL)
    await guild.voice(0, 9, HALL)
    await guild.voice(0, 9, None)
    await guild.voice(50, CLEO, None)
    await guild.voice(60, ADA, STUDIO)
    await guild.voice(100, ADA, None)
    await guild.voice(100, BEN, HALL)
    await guild.voice(150, BEN, None)
    return guild


async def test_equal_totals_share_a_rank_and_nobody_with_nothing_is_on_the_board(guild: Guild) -> None:
    board = await guild.ask(attendance.board_of, now=guild.now)
    assert [(each.rank, each.user_id, each.total_seconds, each.session_count) for each in board.entries] == [
        (1, ADA, 100, 2),
        (2, BEN, 50, 1),
        (2, CLEO, 50, 1),
    ]
    await guild.voice(200, 9, HALL)
    guild.at = 210
    board = await guild.ask(attendance.board_of, now=guild.now)
    assert [each.rank for each in board.entries] == [1, 2, 2, 4]


async def test_pages_of_a_board_running_and_frozen(guild: Guild) -> None:
    for number in (None, 1):
        if number:
            await guild.do(attendance.reset_now, MANAGER)
        for offset, people in (0, [ADA, BEN]), (2, [CLEO]), (5, []):
            page = await guild.ask(attendance.board_of, number=number, limit=2, offset=offset, now=guild.now)
            assert [each.user_id for each in page.entries] == people
            assert page.total == 3
            assert page.policy == Policy()
    assert (await guild.ask(attendance.board_of, now=guild.now)).total == 0


async def test_figures_of_a_person(guild: Guild) -> None:
    figures = await guild.ask(attendance.figures_of_user, user_id=ADA, now=guild.now)
    assert (figures.total_seconds, figures.session_count, figures.rank) == (100, 2, 1)
    assert [(each.channel_id, each.total_seconds, each.session_count) for each in figures.channels] == [
        (HALL, 60, 1),
        (STUDIO, 40, 1),
    ]
    for nobody in (9, 999):
        figures = await guild.ask(attendance.figures_of_user, user_id=nobody, now=guild.now)
        assert (figures.total_seconds, figures.session_count, figures.rank, figures.channels) == (0, 0, None, [])


async def test_figures_of_a_channel(guild: Guild) -> None:
    hall = await guild.ask(attendance.figures_of_channel, channel_id=HALL, now=guild.now)
    assert (hall.total_seconds, hall.session_count, hall.unique_users, hall.known) == (160, 3, 3, True)
    assert [(each.user_id, each.total_seconds) for each in hall.top_users] == [(ADA, 60), (BEN, 50), (CLEO, 50)]
    await guild.do(attendance.reset_now, MANAGER)
    later = await guild.ask(attendance.figures_of_channel, channel_id=HALL, now=guild.now)
    assert (later.total_seconds, later.unique_users, later.known) == (0, 0, True)
    before = await guild.ask(attendance.figures_of_channel, channel_id=HALL, number=1, now=guild.now)
    assert before.total_seconds == 160
    assert not (await guild.ask(attendance.figures_of_channel, channel_id=999, now=guild.now)).known


async def test_who_is_in_tracked_channels_the_fullest_first(guild: Guild) -> None:
    for person, channel in (ADA, STUDIO), (BEN, HALL), (CLEO, HALL), (9, AFK):
        await guild.voice(200, person, channel)
    occupied = await guild.ask(attendance.occupancy_of)
    assert [(each.channel_id, each.user_ids) for each in occupied] == [(HALL, [BEN, CLEO]), (STUDIO, [ADA])]
    assert {each.user_id for each in await guild.ask(attendance.voices_of)} == {ADA, BEN, CLEO, 9}


async def test_sessions_come_newest_first_page_by_page(guild: Guild) -> None:
    await guild.voice(160, BEN, STUDIO)
    guild.at = 170
    seen: list[tuple[int, int]] = []
    cursor = None
    while page := await guild.ask(attendance.sessions_of, limit=2, cursor=cursor, now=guild.now):
        seen += [(line.session.user_id, line.counted_seconds) for line in page]
        cursor = Cursor(page[-1].session.joined_at, page[-1].session.id)
    assert [person for person, _ in seen[:3]] == [BEN, BEN, ADA]
    assert sorted(seen) == [(9, 0), (ADA, 40), (ADA, 60), (BEN, 10), (BEN, 50), (CLEO, 50)]
    mine = await guild.ask(attendance.sessions_of, user_id=ADA, now=guild.now)
    assert [(line.session.channel_id, line.duration_seconds) for line in mine] == [(STUDIO, 40), (HALL, 60)]
    assert [
        line.session.user_id for line in await guild.ask(attendance.sessions_of, channel_id=STUDIO, now=guild.now)
    ] == [BEN, ADA]
    both = await guild.ask(attendance.sessions_of, channel_id=STUDIO, user_id=ADA, now=guild.now)
    assert [line.session.number for line in both] == [1]
    since, until = START + timedelta(seconds=60), START + timedelta(seconds=160)
    between = await guild.ask(attendance.sessions_of, since=since, until=until, now=guild.now)
    assert [line.session.user_id for line in between] == [BEN, ADA]
    await guild.do(attendance.reset_now, MANAGER)
    assert [line.session.user_id for line in await guild.ask(attendance.sessions_of, number=2, now=guild.now)] == [BEN]
    assert len(await guild.ask(attendance.sessions_of, number=1, now=guild.now)) == 6


async def test_the_heatmap_has_the_same_seconds_as_the_boards(guild: Guild) -> None:
    await guild.fairness(pause_when_solo=True, min_session_seconds=10)
    await guild.do(attendance.reset_now, MANAGER)
    await guild.voice(4000, ADA, HALL)
    await guild.voice(4000, BEN, HALL, State.SELF_MUTE)
    guild.at = 9000
    heatmap = await guild.ask(attendance.heatmap_of, timezone="Asia/Kathmandu", now=guild.now)
    boards = [await guild.board(1), await guild.board()]
    assert boards[0] == {ADA: 50, CLEO: 50}
    assert sum(each.seconds for each in heatmap.buckets) == sum(sum(board.values()) for board in boards)
    # Tuesday, 10:06:40 in UTC, which is 15:51:40 there.
    assert [(index, each.people) for index, each in enumerate(heatmap.buckets) if each.seconds] == [
        (24 + 14, 2),
        (24 + 15, 2),
        (24 + 16, 2),
        (24 + 17, 2),
    ]
    ada = await guild.ask(attendance.heatmap_of, user_id=ADA, now=guild.now)
    assert sum(each.seconds for each in ada.buckets) == 50 + 5000
    assert ada.timezone == "UTC"
    studio = await guild.ask(attendance.heatmap_of, channel_id=STUDIO, now=guild.now)
    assert sum(each.seconds for each in studio.buckets) == 0
    with pytest.raises(UnknownZone):
        await guild.ask(attendance.heatmap_of, timezone="Mars/Olympus", now=guild.now)


SUNDAY = 6 * 24


def seconds_by_hour(zone: str, first: datetime, last: datetime) -> dict[int, int]:
    span = (ADA, int(first.timestamp()), int(last.timestamp()))
    buckets = in_buckets([span], first - timedelta(days=2), last + timedelta(days=2), ZoneInfo(zone))
    return {index: each.seconds for index, each in enumerate(buckets) if each.seconds}


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        # The clocks go forward at 01:00 UTC: there is no hour from 2 to 3.
        ("Europe/Brussels", datetime(2026, 3, 29, tzinfo=UTC), {1: 3600, 3: 3600, 4: 1800}),
        # They go back: the hour from 2 to 3 is there twice.
        ("Europe/Brussels", datetime(2026, 10, 24, 23, tzinfo=UTC), {1: 3600, 2: 5400}),
        # Half an hour back, in the middle of an hour.
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 14, tzinfo=UTC), {1: 5400, 2: 3600}),
        ("Asia/Kathmandu", datetime(2026, 3, 28, 19, 15, tzinfo=UTC), {1: 3600, 2: 3600, 3: 1800}),
    ],
)
def test_hours_are_split_where_the_clocks_of_the_zone_show_a_new_one(
    zone: str, day: datetime, hours: dict[int, int]
) -> None:
    length = sum(hours.values())
    assert seconds_by_hour(zone, day, day + timedelta(seconds=length)) == {
        144 + hour: each for hour, each in hours.items()
    }


async def test_reads_take_as_many_statements_however_much_there_is(guild: Guild) -> None:
    texts: list[str] = []
    guild.database.observe = texts.append

    async def statements(read: Callable[..., Awaitable[object]], **named: object) -> int:
        texts.clear()
        await guild.ask(read, now=guild.now, **named)
        return len(texts)

    assert await statements(attendance.board_of) == 3
    assert await statements(attendance.figures_of_user, user_id=ADA) == 4
    assert await statements(attendance.figures_of_channel, channel_id=HALL) == 3
    assert await statements(attendance.heatmap_of) == 3
    assert await statements(attendance.sessions_of) == 3


FILLING = """
CREATE TEMPORARY TABLE numbers (n BIGINT);
INSERT INTO numbers WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 20000)
    SELECT n FROM counted;
INSERT INTO attendance_guilds (guild_id, mode, fairness, schedule, tier, watched, seen_at)
    SELECT n, 'All', '{}', '{}', 'pro', false, 0 FROM numbers WHERE n <= 50;
INSERT INTO attendance_periods (id, guild_id, number, started_at, ends_at, ended_at, signing_state)
    SELECT 'period' || n, n % 50 + 1, n / 50 + 1, n, n, CASE WHEN n < 950 THEN n END, 'none'
    FROM numbers WHERE n < 1000;
INSERT INTO attendance_sessions (id, guild_id, user_id, channel_id, period_id, joined_at, left_at, end_reason, source,
        carried, stretches, counted_0, counted_1, counted_2, counted_3, counted_4, counted_5, counted_6, counted_7,
        counted_until, paused, signing_state)
    SELECT 'session' || n, n % 50 + 1, n % 400, n % 20, 'period' || (n % 999 + 1), n * 1000000, n * 1000000 + 900,
        'left', 'discord', 0, '[[0,0]]', 1, 1, 1, 1, 1, 1, 1, 1, n, 255, 'signed'
    FROM numbers;
INSERT INTO attendance_presences (guild_id, user_id, channel_id, state) SELECT n % 50 + 1, n, n % 20, 0 FROM numbers;
INSERT INTO attendance_board_entries (period_id, position, rank, user_id, total_seconds, session_count)
    SELECT 'period' || (n % 900 + 1), n / 900 + 1, 1, n, 1, 1 FROM numbers;
"""
PERIOD: dict[str, Any] = {"period_id": "period7", "now": START, "minimum": 0}
LISTING: dict[str, Any] = {
    "guild_id": 7,
    "since": START,
    "until": START,
    "before_time": START,
    "before_id": "x",
    "limit": 50,
}
READS: dict[str, tuple[Query[Any] | dict[str, Query[Any]], dict[str, Any]]] = {
    "a guild": (queries.GUILD_LOCKED, {"guild_id": 7}),
    "the current period": (queries.CURRENT_PERIOD, {"guild_id": 7}),
    "a page of periods": (queries.HISTORY, {"guild_id": 7, "newest": 9, "oldest": 2, "limit": 50}),
    "guilds that are due": (queries.DUE_GUILDS, {"now": datetime(1970, 1, 1, tzinfo=UTC), "limit": 100}),
    "guilds that are lost": (queries.LOST_GUILDS, {"before": START, "limit": 100}),
    "people around somebody": (queries.VOICES_AROUND, {"guild_id": 7, "user_id": 7, "channel_id": 3}),
    "open sessions": (queries.OPEN_SESSIONS, {"guild_id": 7}),
    "open sessions of some": (queries.OPEN_SESSIONS_OF, {"guild_id": 7, "people": [6, 7]}),
    "a running board": (queries.RUNNING_BOARD[3], {**PERIOD, "limit": 50, "offset": 0}),
    "a running line": (queries.RUNNING_LINE[3], {**PERIOD, "user_id": 7}),
    "a frozen page": (queries.FROZEN_PAGE, {"period_id": "period7", "offset": 3, "limit": 50}),
    "a frozen line": (queries.FROZEN_LINE, {"period_id": "period7", "user_id": 7}),
    "channels of somebody": (queries.CHANNELS_OF_USER[0], {**PERIOD, "user_id": 7}),
    "a channel": (queries.USERS_OF_CHANNEL[0], {**PERIOD, "channel_id": 7, "limit": 10}),
    "what a heatmap needs": (
        queries.ATTENDED_SINCE,
        {"guild_id": 7, "since": START, "user_id": None, "channel_id": None},
    ),
    "policies": (queries.POLICIES, {"ids": ["period7"]}),
    "hashes": (queries.HASHES, {"period_id": "period7"}),
    "an overlap": (queries.OVERLAP, {"guild_id": 7, "user_id": 7, "earliest": START, "since": START, "until": START}),
    "a known channel": (queries.IS_CHANNEL_KNOWN, {"guild_id": 7, "channel_id": 7}),
    "sessions": (queries.SESSIONS, LISTING),
    "sessions of somebody": (queries.SESSIONS_OF_USER, {**LISTING, "user_id": 7}),
    "sessions in a channel": (queries.SESSIONS_IN_CHANNEL, {**LISTING, "channel_id": 7}),
}
SMALL = {"attendance_guilds", "attendance_periods"}
"""Tables with so few rows here that PostgreSQL rightly reads them whole."""


@pytest.fixture
async def full(database: Database) -> Database:
    """A database with thousands of sessions."""
    async with database.write() as tx:
        for statement in filter(str.strip, FILLING.split(";")):
            await tx._execute(statement, [])
    async with database.write() as tx:
        await tx._execute("ANALYZE", [])
    return database


async def test_every_read_finds_its_rows_by_an_index(full: Database) -> None:
    found = {}
    async with full.read() as tx:
        for name, (read, params) in READS.items():
            plan = await plan_of(tx, read[tx.engine] if isinstance(read, dict) else read, params)
            if any(table.startswith("attendance_") for table in set(whole_tables(plan)) - SMALL):
                found[name] = plan
    assert not found, "\n".join(f"{name}:\n{plan}\n" for name, plan in found.items())


async def test_a_board_is_summed_from_its_index_alone(full: Database) -> None:
    async with full.read() as tx:
        plan = await plan_of(tx, queries.RUNNING_BOARD[7], {**PERIOD, "limit": 50, "offset": 0})
    if full.engine == "sqlite":
        assert "USING COVERING INDEX ix_attendance_sessions_board" in plan
    else:
        assert "ix_attendance_sessions_board" in plan
