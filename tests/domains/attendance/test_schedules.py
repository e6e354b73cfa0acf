"""When periods end, on calendars with summer time and leap days."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from guildhall.domains.attendance.schedules import (
    Anchor,
    Interval,
    Schedule,
    Weekday,
    instant_of,
    latest_border,
    next_border,
)

BRUSSELS = "Europe/Brussels"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def calendar(interval: Interval, **settings: object) -> Schedule:
    return Schedule(interval=interval, anchor=Anchor.CALENDAR, **{"timezone": BRUSSELS, **settings})  # type: ignore[arg-type]  # options of a test


def rolling(interval: Interval, timezone: str = BRUSSELS) -> Schedule:
    return Schedule(interval=interval, anchor=Anchor.ROLLING, timezone=timezone)


def test_periods_that_are_off_have_no_border() -> None:
    schedule = Schedule(interval=Interval.OFF)
    assert next_border(schedule, at("2026-03-02"), at("2026-03-19")) is None
    assert latest_border(schedule, at("2026-03-02"), at("2027-03-19")) == at("2026-03-02")


@pytest.mark.parametrize(
    ("schedule", "after", "border"),
    [
        (Schedule(), "2026-03-19T12:00", "2026-03-23T00:00"),
        (Schedule(), "2026-03-23T00:00", "2026-03-30T00:00"),
        (Schedule(), "2026-03-22T23:59:59", "2026-03-23T00:00"),
        (calendar(Interval.WEEKLY), "2026-03-19T12:00", "2026-03-22T23:00"),
        # The clocks went forward in the night from Saturday to Sunday.
        (calendar(Interval.WEEKLY), "2026-03-22T23:00", "2026-03-29T22:00"),
        (calendar(Interval.WEEKLY, weekday=Weekday.SUNDAY, hour=5), "2026-03-22T23:00", "2026-03-29T03:00"),
        (calendar(Interval.HOURLY), "2026-03-19T12:20:30", "2026-03-19T13:00"),
        (calendar(Interval.HOURLY, timezone="Asia/Kathmandu"), "2026-03-19T12:20:30", "2026-03-19T13:15"),
        (calendar(Interval.DAILY, hour=18), "2026-03-19T17:00", "2026-03-20T17:00"),
        # 02:00 does not exist that day: the first time after it is 03:00, an hour as long after midnight.
        (calendar(Interval.DAILY, hour=2), "2026-03-28T12:00", "2026-03-29T01:00"),
        (calendar(Interval.DAILY, hour=2), "2026-03-29T01:00", "2026-03-30T00:00"),
        # 02:00 is shown twice that day: the first one counts, the second one is no border.
        (calendar(Interval.DAILY, hour=2), "2026-10-24T12:00", "2026-10-25T00:00"),
        (calendar(Interval.DAILY, hour=2), "2026-10-25T00:00", "2026-10-26T01:00"),
        (calendar(Interval.HOURLY), "2026-10-25T00:30", "2026-10-25T02:00"),
        (calendar(Interval.HOURLY), "2026-03-29T00:30", "2026-03-29T01:00"),
        (calendar(Interval.MONTHLY, day=31), "2026-01-31T12:00", "2026-02-27T23:00"),
        (calendar(Interval.MONTHLY, day=31), "2028-02-10T12:00", "2028-02-28T23:00"),
        (calendar(Interval.MONTHLY, day=15), "2026-12-20T12:00", "2027-01-14T23:00"),
        (calendar(Interval.YEARLY, day=29, month=2, timezone="UTC"), "2026-01-10T12:00", "2026-02-28T00:00"),
        (calendar(Interval.YEARLY, day=29, month=2, timezone="UTC"), "2027-02-28T00:00", "2028-02-29T00:00"),
        (
            calendar(Interval.YEARLY, day=1, month=1, timezone="Pacific/Auckland"),
            "2026-06-10T12:00",
            "2026-12-31T11:00",
        ),
    ],
)
def test_the_next_border_on_the_calendar(schedule: Schedule, after: str, border: str) -> None:
    assert next_border(schedule, at("2020-01-01"), at(after)) == at(border)


@pytest.mark.parametrize(
    ("schedule", "start", "after", "border"),
    [
        (rolling(Interval.HOURLY), "2026-03-19T12:20:30", "2026-03-19T12:20:30", "2026-03-19T13:20:30"),
        (rolling(Interval.HOURLY), "2026-03-19T12:20:30", "2026-03-19T15:20:30", "2026-03-19T16:20:30"),
        (rolling(Interval.DAILY), "2026-03-28T12:00", "2026-03-28T12:00", "2026-03-29T12:00"),
        (rolling(Interval.WEEKLY), "2026-03-25T12:00", "2026-03-25T12:00", "2026-04-01T12:00"),
        # The same local time a month later, though summer time has begun.
        (rolling(Interval.MONTHLY), "2026-03-19T11:00", "2026-03-19T11:00", "2026-04-19T10:00"),
        (rolling(Interval.MONTHLY), "2026-01-31T11:00", "2026-01-31T11:00", "2026-02-28T11:00"),
        (rolling(Interval.YEARLY), "2028-02-29T11:00", "2028-02-29T11:00", "2029-02-28T11:00"),
        # 02:30 does not exist on the day the clocks go forward.
        (rolling(Interval.MONTHLY), "2026-02-28T23:30", "2026-02-28T23:30", "2026-03-31T22:30"),
        (rolling(Interval.MONTHLY), "2027-02-28T01:30", "2027-02-28T01:30", "2027-03-28T01:00"),
    ],
)
def test_the_next_border_counted_from_the_start(schedule: Schedule, start: str, after: str, border: str) -> None:
    assert next_border(schedule, at(start), at(after)) == at(border)


def test_after_a_long_sleep_the_latest_border_is_the_one_that_would_have_come_by_itself() -> None:
    monday = at("2026-03-02")
    assert latest_border(Schedule(), monday, at("2026-03-30")) == at("2026-03-30")
    assert latest_border(Schedule(), monday, at("2026-03-29T23:59:59")) == at("2026-03-23")
    assert latest_border(Schedule(), monday, monday) == monday
    # From the 31st over the 28th of February, each from the start of the one before.
    assert latest_border(rolling(Interval.MONTHLY), at("2026-01-31T11:00"), at("2026-04-01")) == at("2026-03-28T11:00")


def test_a_day_that_a_zone_skipped_begins_the_next() -> None:
    skipped = datetime(2011, 12, 30, 12)  # noqa: DTZ001 (a local time)
    assert instant_of(skipped, ZoneInfo("Pacific/Apia")) == at("2011-12-30T10:00")


@given(
    st.builds(
        Schedule,
        interval=st.sampled_from([each for each in Interval if each is not Interval.OFF]),
        anchor=st.sampled_from(Anchor),
        timezone=st.sampled_from([BRUSSELS, "UTC", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu"]),
        hour=st.integers(0, 23),
        weekday=st.sampled_from(Weekday),
        day=st.integers(1, 31),
        month=st.integers(1, 12),
    ),
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 (made aware below)
    st.integers(0, 400 * 86_400),
)
def test_borders_come_one_after_another_and_none_is_left_out(schedule: Schedule, start: datetime, later: int) -> None:
    started_at = start.replace(tzinfo=UTC, microsecond=0)
    after = started_at + timedelta(seconds=later)
    border = next_border(schedule, started_at, after)
    assert border is not None
    assert border > after
    assert border - after <= timedelta(days=367)
    assert next_border(schedule, started_at, border - timedelta(seconds=1)) == border
    assert next_border(schedule, started_at, after + (border - after) / 2) == border
