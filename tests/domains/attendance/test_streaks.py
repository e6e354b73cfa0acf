"""Days in a row, by the calendar of the guild."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from guildhall.domains.attendance.queries import Attended
from guildhall.domains.attendance.records import Policy
from guildhall.domains.attendance.streaks import Streak, days_of, streak_in

TODAY = date(2026, 3, 31)
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def ago(*days: int) -> set[date]:
    return {TODAY - timedelta(days=each) for each in days}


@pytest.mark.parametrize(
    ("days", "streak"),
    [
        (set(), Streak(0, 0)),
        (ago(0), Streak(1, 1)),
        (ago(1), Streak(1, 1)),
        (ago(2), Streak(0, 1)),
        (ago(0, 1, 2), Streak(3, 3)),
        (ago(1, 2, 4, 5, 6, 7), Streak(2, 4)),
        (ago(0, 2, 3), Streak(1, 2)),
        (ago(*range(400)), Streak(400, 400)),
    ],
)
def test_a_streak_ends_today_or_yesterday_and_the_longest_is_known(days: set[date], streak: Streak) -> None:
    assert streak_in(days, TODAY) == streak


def attended(start: datetime, end: datetime | None, stretches: list[tuple[int, int]] | None = None) -> Attended:
    micros = [None if each is None else int(each.timestamp()) * 1_000_000 for each in (start, end)]
    assert micros[0] is not None
    return Attended(7, "p", micros[0], micros[1], None, 0, tuple(stretches or [(0, 0)]))


@pytest.mark.parametrize(
    ("zone", "start", "end", "days"),
    [
        ("UTC", datetime(2026, 3, 30, 23, tzinfo=UTC), datetime(2026, 3, 31, 1, tzinfo=UTC), ago(0, 1)),
        ("Asia/Tokyo", datetime(2026, 3, 30, 23, tzinfo=UTC), datetime(2026, 3, 31, 1, tzinfo=UTC), ago(0)),
        ("UTC", datetime(2026, 3, 30, 23, tzinfo=UTC), datetime(2026, 3, 31, 0, tzinfo=UTC), ago(1)),
        ("UTC", datetime(2026, 3, 28, 1, tzinfo=UTC), None, ago(0, 1, 2, 3)),
        ("Europe/Brussels", datetime(2026, 3, 28, 23, 30, tzinfo=UTC), datetime(2026, 3, 29, 2, tzinfo=UTC), ago(2)),
        ("UTC", datetime(2026, 3, 30, 1, tzinfo=UTC), datetime(2026, 3, 30, 1, tzinfo=UTC), set()),
    ],
)
def test_a_day_counts_when_some_second_of_it_in_the_guilds_zone_does(
    zone: str, start: datetime, end: datetime | None, days: set[date]
) -> None:
    assert days_of([attended(start, end)], {"p": Policy()}, NOW, ZoneInfo(zone)) == days


def test_time_that_does_not_count_makes_no_day() -> None:
    muted = attended(datetime(2026, 3, 30, 1, tzinfo=UTC), datetime(2026, 3, 30, 2, tzinfo=UTC), [(0, 1)])
    short = attended(datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 3, 29, 1, 1, tzinfo=UTC))
    strict = {"p": Policy(pause_on_mute=True, min_session_seconds=3600)}
    assert days_of([muted, short], strict, NOW, ZoneInfo("UTC")) == set()
    assert days_of([muted, short], {"p": Policy()}, NOW, ZoneInfo("UTC")) == ago(1, 2)
