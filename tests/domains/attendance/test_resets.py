"""How periods end: at their border, by hand, late, many times at once."""

import asyncio
from datetime import datetime, timedelta

import pytest

from guildhall.core.db import Database
from guildhall.core.errors import InvalidField
from guildhall.domains import attendance
from guildhall.domains.attendance import Anchor, Interval, Policy, Tier
from guildhall.domains.attendance.errors import PeriodHidden, PeriodNotFound, UnknownZone
from tests.domains.attendance.guild import ADA, BEN, HALL, MANAGER, SCENE, START, STUDIO, Guild, open_guild

HOUR = 3600


@pytest.fixture
async def guild(database: Database) -> Guild:
    """A guild whose periods last an hour."""
    guild = await open_guild(database)
    await guild.do(attendance.set_schedule, MANAGER, interval=Interval.HOURLY, anchor=Anchor.ROLLING)
    return guild


async def seconds_of_periods(guild: Guild) -> list[tuple[int, int | None]]:
    history = await guild.ask(attendance.history_of)
    current = await guild.ask(attendance.period_of)
    return [
        (int((each.started_at - START).total_seconds()), seconds_since_start(each.ended_at))
        for each in [*history.periods[::-1], current]
    ]


def seconds_since_start(instant: datetime | None) -> int | None:
    return None if instant is None else int((instant - START).total_seconds())


async def test_a_reset_splits_sessions_at_its_border_and_freezes_the_board(guild: Guild) -> None:
    await guild.voice(10, ADA, HALL)
    await guild.voice(3500, BEN, STUDIO)
    await guild.beat(3590)
    await guild.voice(3700, ADA, None)
    assert await guild.board(1) == {ADA: 3590, BEN: 100}
    assert await guild.board() == {ADA: 100, BEN: 100}
    assert await guild.story() == [
        (ADA, HALL, 10, 3600, "reset"),
        (ADA, HALL, 3600, 3700, "left"),
        (BEN, STUDIO, 3500, 3600, "reset"),
        (BEN, STUDIO, 3600, None, None),
    ]
    first, second = [line.session for line in await guild.sessions() if line.session.user_id == ADA]
    assert (second.continued_from, first.number, second.number) == (first.id, 1, 2)
    history = await guild.ask(attendance.history_of)
    (archived,) = history.periods
    assert (archived.entry_count, archived.total_seconds, archived.policy) == (2, 3690, Policy())
    assert archived.signing_state == "pending"
    assert archived.hash_v1 is not None


async def test_archived_figures_never_change(guild: Guild) -> None:
    await guild.voice(0, ADA, HALL)
    await guild.beat(3600)
    await guild.do(attendance.reset_if_due)
    await guild.fairness(pause_when_solo=True)
    assert await guild.board(1) == {ADA: 3600}
    assert await guild.board() == {}
    archived = await guild.ask(attendance.figures_of_user, user_id=ADA, number=1, now=guild.now)
    assert (archived.total_seconds, archived.rank) == (3600, 1)
    assert [each.total_seconds for each in archived.channels] == [3600]


async def test_a_part_that_a_reset_cut_off_is_never_too_short(guild: Guild) -> None:
    await guild.fairness(min_session_seconds=60)
    await guild.voice(3580, ADA, HALL)
    await guild.voice(3595, BEN, HALL)
    await guild.beat(3600)
    await guild.voice(3645, ADA, None)
    await guild.voice(3650, BEN, None)
    assert await guild.board(1) == {ADA: 20, BEN: 5}
    assert await guild.board() == {ADA: 45}, "together with what it had before, only one of the visits is long enough"


async def test_a_border_that_passed_in_a_gap_waits_until_it_is_known_who_reached_it(guild: Guild) -> None:
    await guild.voice(0, ADA, HALL)
    await guild.voice(0, BEN, HALL)
    await guild.beat(3550)
    guild.at = 3700
    period = await guild.do(attendance.reset_if_due)
    assert period.number == 1
    del guild.here[BEN]
    await guild.picture(3720)
    assert await guild.board(1) == {ADA: 3600, BEN: 3550}
    assert await guild.board() == {ADA: 120}


async def test_when_the_gap_is_too_long_the_border_passes_without_those_who_were_there(guild: Guild) -> None:
    await guild.voice(0, ADA, HALL)
    await guild.beat(3550)
    guild.at = 3851
    assert (await guild.do(attendance.reset_if_due)).number == 2
    await guild.picture(3860)
    assert await guild.board(1) == {ADA: 3550}
    assert await seconds_of_periods(guild) == [(0, 3600), (3600, None)]
    assert await guild.story() == [(ADA, HALL, 0, 3550, "gap"), (ADA, HALL, 3860, None, None)]


async def test_after_a_long_sleep_no_empty_periods_are_made(guild: Guild) -> None:
    await guild.voice(0, ADA, HALL)
    await guild.beat(100)
    await guild.picture(10 * HOUR + 5)
    assert await seconds_of_periods(guild) == [(0, HOUR), (10 * HOUR, None)]
    assert await guild.board(1) == {ADA: 100}


async def test_a_border_before_the_gap_comes_before_what_the_gap_ends(guild: Guild) -> None:
    await guild.voice(3500, ADA, HALL)
    await guild.beat(3610)
    del guild.here[ADA]
    await guild.picture(3650)
    assert await guild.story() == [(ADA, HALL, 3500, 3600, "reset"), (ADA, HALL, 3600, 3610, "lost")]


async def test_a_period_that_began_in_this_second_is_not_reset_again(guild: Guild) -> None:
    await guild.beat(0)
    first = await guild.do(attendance.reset_now, MANAGER)
    assert (first.reset, first.archived, first.period.number) == (False, None, 1)
    await guild.beat(10.2)
    done = await guild.do(attendance.reset_now, MANAGER)
    assert done.reset
    guild.at = 10.9
    again = await guild.do(attendance.reset_now, MANAGER)
    assert (again.reset, again.archived, again.period) == (False, done.archived, done.period)


async def test_ten_calls_at_once_make_one_archive_and_get_the_same_answer(guild: Guild) -> None:
    await guild.voice(10, ADA, HALL)
    await guild.beat(20)
    seen = await guild.ask(attendance.period_of)

    async def reset(delay: int) -> attendance.Reset:
        async with guild.database.write() as tx:
            return await attendance.reset_now(
                tx, MANAGER, guild_id=1, period_id=seen.id, now=guild.now + timedelta(seconds=delay), scene=SCENE
            )

    answers = await asyncio.gather(*(reset(number // 3) for number in range(10)))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0].reset
    assert (await guild.ask(attendance.history_of)).total == 1
    async with guild.database.write() as tx:
        with pytest.raises(PeriodNotFound):
            await attendance.reset_now(
                tx, MANAGER, guild_id=1, period_id="of another guild", now=guild.now, scene=SCENE
            )


@pytest.mark.parametrize("leave_first", [True, False])
async def test_a_reset_and_a_leave_in_the_same_second_lose_and_double_nothing(guild: Guild, leave_first: bool) -> None:  # noqa: FBT001 (a parameter of the test)
    await guild.voice(10, ADA, HALL)
    await guild.beat(30)
    if leave_first:
        await guild.voice(30, ADA, None)
    await guild.do(attendance.reset_now, MANAGER)
    if not leave_first:
        await guild.voice(30, ADA, None)
    assert await guild.board(1) == {ADA: 20}
    assert await guild.board() == {}


async def test_a_reset_by_hand_counts_nobody_beyond_what_was_seen(guild: Guild) -> None:
    await guild.voice(0, ADA, HALL)
    await guild.beat(60)
    guild.at = 200
    answer = await guild.do(attendance.reset_now, MANAGER)
    assert answer.reset
    assert await guild.board(1) == {ADA: 60}
    assert await guild.beat(210) == {1}


async def test_changing_the_schedule_resets_nothing(guild: Guild) -> None:
    guild.at = 100
    schedule, period = await guild.do(
        attendance.set_schedule, MANAGER, anchor=Anchor.CALENDAR, interval=Interval.DAILY, timezone="Europe/Brussels"
    )
    assert (schedule.hour, schedule.timezone) == (0, "Europe/Brussels")
    assert period.ends_at == START.replace(hour=23)
    assert period.number == 1
    _, period = await guild.do(attendance.set_schedule, MANAGER, interval=Interval.OFF)
    assert period.ends_at is None
    for wrong, error in ({"timezone": "../etc"}, UnknownZone), ({"hour": 24}, InvalidField), ({"day": 0}, InvalidField):
        with pytest.raises(error):
            await guild.do(attendance.set_schedule, MANAGER, **wrong)


async def test_guilds_that_are_due_are_found(guild: Guild) -> None:
    async with guild.database.read() as tx:
        assert await attendance.due_guilds(tx, now=START + timedelta(seconds=3599)) == []
        assert await attendance.due_guilds(tx, now=START + timedelta(seconds=3600)) == [1]


async def test_the_free_tier_hides_older_archives_and_keeps_them(guild: Guild) -> None:
    for number in range(1, 9):
        await guild.beat(number * 10)
        await guild.do(attendance.reset_now, MANAGER)
    await guild.do(attendance.set_tier, MANAGER, tier=Tier.FREE)
    history = await guild.ask(attendance.history_of)
    assert ([each.number for each in history.periods], history.total, history.hidden) == ([8, 7, 6, 5, 4], 5, 3)
    with pytest.raises(PeriodHidden) as hidden:
        await guild.board(3)
    assert hidden.value.details == {"tier_required": "pro"}
    for unknown in (0, -1, 10):
        with pytest.raises(PeriodNotFound):
            await guild.board(unknown)
    await guild.do(attendance.set_tier, MANAGER, tier=Tier.PRO)
    page = await guild.ask(attendance.history_of, limit=2, offset=3)
    assert [each.number for each in page.periods] == [5, 4]
    assert await guild.board(3) == {}
