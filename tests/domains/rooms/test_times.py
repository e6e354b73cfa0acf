"""Days and times of day: read, written, and turned into instants and back."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from guildhall.domains.rooms.errors import InvalidDate, InvalidRange, InvalidTime, RangeTooLong
from guildhall.domains.rooms.times import (
    LONGEST_RANGE,
    Span,
    clock_text,
    day_range,
    day_span,
    instant_at,
    minutes_of,
    parse_day,
    parse_minutes,
)

BRUSSELS = ZoneInfo("Europe/Brussels")
# The hub may stand anywhere: half hours, the other side of the date line, midnights that the clocks skip.
ZONES = st.sampled_from(
    ["Europe/Brussels", "Asia/Kolkata", "Pacific/Apia", "America/Sao_Paulo", "Australia/Lord_Howe", "UTC"]
).map(ZoneInfo)
DAYS = st.dates(date(1970, 1, 1), date(2037, 12, 31))
MINUTES = st.integers(0, 1439)


@given(st.integers(0, 1440))
def test_minutes_are_read_as_they_are_written(minutes: int) -> None:
    assert parse_minutes(clock_text(minutes)) == minutes


@given(st.text(max_size=8))
def test_nothing_else_is_a_time(text: str) -> None:
    try:
        assert clock_text(parse_minutes(text)) == text
    except InvalidTime:
        assert text not in {clock_text(minutes) for minutes in range(1441)}


@given(st.dates(date(1970, 1, 1), date(9998, 12, 31)))
def test_days_are_read_as_they_are_written(day: date) -> None:
    assert parse_day(day.isoformat()) == day


@pytest.mark.parametrize(
    "text", ["2026-02-29", "2026-2-28", "20260228", "2026-W09-1", "1969-12-31", "9999-01-01", "-026-01-01", "", " "]
)
def test_other_texts_are_no_days(text: str) -> None:
    with pytest.raises(InvalidDate):
        parse_day(text)


@given(DAYS, MINUTES, ZONES)
def test_an_instant_shows_the_time_it_was_made_of_and_a_skipped_time_has_none(
    day: date, minutes: int, zone: ZoneInfo
) -> None:
    try:
        instant = instant_at(day, minutes, zone)
    except InvalidTime:
        # No clock of the day ever shows it: neither hand of a repeated hour is this time.
        wall = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minutes)
        for fold in (0, 1):
            back = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC).astimezone(zone)
            assert back.replace(tzinfo=None, fold=0) != wall
        return
    local = instant.astimezone(zone)
    assert (local.date(), local.hour * 60 + local.minute, local.fold) == (day, minutes, 0), (
        "a repeated hour is the first"
    )
    assert minutes_of(instant, day, zone) == minutes
    assert minutes_of(instant, day + timedelta(days=1), zone) == 0
    assert minutes_of(instant, day - timedelta(days=1), zone) == 1440


def test_the_clocks_of_brussels_in_2026() -> None:
    assert instant_at(date(2026, 3, 29), 119, BRUSSELS) == datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
    for skipped in (120, 150, 179):
        with pytest.raises(InvalidTime, match="skip"):
            instant_at(date(2026, 3, 29), skipped, BRUSSELS)
    assert instant_at(date(2026, 3, 29), 180, BRUSSELS) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert instant_at(date(2026, 10, 25), 150, BRUSSELS) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert instant_at(date(2026, 10, 25), 180, BRUSSELS) == datetime(2026, 10, 25, 2, tzinfo=UTC)
    assert instant_at(date(2026, 3, 19), 1440, BRUSSELS) == instant_at(date(2026, 3, 20), 0, BRUSSELS)


@given(DAYS, st.integers(1, 62))
def test_a_run_of_days_is_its_days_one_after_the_other(day: date, count: int) -> None:
    days = [day_span(day + timedelta(days=offset), BRUSSELS) for offset in range(count)]
    assert day_span(day, BRUSSELS, days=count) == Span(days[0].start, days[-1].end)
    assert all(before.end == after.start for before, after in pairwise(days))
    assert {(span.end - span.start) // timedelta(hours=1) for span in days} <= {23, 24, 25}


@given(DAYS, st.integers(-5, 70))
def test_a_range_has_at_most_62_days(first: date, more: int) -> None:
    last = first + timedelta(days=more)
    try:
        assert day_range(first.isoformat(), last.isoformat(), today=first) == (first, last)
        assert 0 <= more < LONGEST_RANGE
    except InvalidRange:
        assert more < 0
    except RangeTooLong:
        assert more >= LONGEST_RANGE


def test_a_range_begins_today_and_lasts_a_week_unless_it_says_otherwise() -> None:
    today = date(2026, 12, 28)
    assert day_range(None, "2026-12-28", today=today) == (today, today)
    assert day_range("2026-12-20", None, today=today) == (date(2026, 12, 20), date(2026, 12, 26))
    assert day_range(None, None, today=today) == (today, date(2027, 1, 3))


Spans = st.tuples(st.integers(0, 50), st.integers(1, 20)).map(
    lambda pair: Span(datetime.fromtimestamp(pair[0], UTC), datetime.fromtimestamp(sum(pair), UTC))
)


@given(Spans, Spans)
def test_spans_touch_when_they_share_an_instant(one: Span, other: Span) -> None:
    instants = [set(range(int(span.start.timestamp()), int(span.end.timestamp()))) for span in (one, other)]
    assert one.touches(other) == other.touches(one) == bool(instants[0] & instants[1])
