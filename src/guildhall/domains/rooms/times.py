"""Days and times of day in the hub's zone. Pure sums, no I/O.

A day is worked on as the stretch of real time between two local midnights, so that the 23 and 25 hour days of clock
changes need no special care: intervals are UTC instants, and only their edges are written as local times.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from guildhall.domains.rooms.errors import InvalidDate, InvalidRange, InvalidTime, RangeTooLong

DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
MIDNIGHT_END = "24:00"
MINUTES_OF_DAY = 24 * 60
CLOCK_TEXTS = [f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in range(MINUTES_OF_DAY + 1)]
LONGEST_RANGE = 62
DEFAULT_RANGE = 7
FIRST_YEAR, LAST_YEAR = 1970, 9998


class Span(NamedTuple):
    """A stretch of time, [start, end), as UTC instants."""

    start: datetime
    end: datetime

    def touches(self, other: "Span") -> bool:
        """Tell whether the two share an instant; one that begins where the other ends does not."""
        return self.start < other.end and other.start < self.end


def parse_day(text: str) -> date:
    """Read YYYY-MM-DD. Raises InvalidDate for another form, and for a day that no calendar of ours reaches."""
    if not DATE.fullmatch(text):
        raise InvalidDate
    try:
        day = date.fromisoformat(text)
    except ValueError as fault:
        raise InvalidDate(f"There is no {text} in the calendar") from fault
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InvalidDate(f"A date lies between the years {FIRST_YEAR} and {LAST_YEAR}")
    return day


def parse_minutes(text: str) -> int:
    """Read HH:MM, or 24:00, as minutes since midnight. Raises InvalidTime."""
    if text == MIDNIGHT_END:
        return MINUTES_OF_DAY
    found = TIME.fullmatch(text)
    if found is None:
        raise InvalidTime
    return int(found[1]) * 60 + int(found[2])


def clock_text(minutes: int) -> str:
    """Write minutes since midnight as HH:MM; the end of the day is 24:00."""
    return CLOCK_TEXTS[minutes]


def instant_at(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """Return the UTC instant at which a clock in the zone shows this time: the first, when it is shown twice.

    Raises InvalidTime for a time that the clocks skip that day.
    """
    local = local_time(day, minutes, zone)
    instant = local.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise InvalidTime(f"The clocks skip {clock_text(minutes)} on {day}")
    return instant


def local_time(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """Return the wall-clock time of a day; 1440 minutes is the next midnight."""
    midnight = datetime.combine(day, time(), zone)
    return midnight + timedelta(minutes=minutes)


def day_span(day: date, zone: ZoneInfo, *, days: int = 1) -> Span:
    """Return the real time between the midnights that enclose a day, or a run of days."""
    last = day + timedelta(days=days)
    return Span(local_time(day, 0, zone).astimezone(UTC), local_time(last, 0, zone).astimezone(UTC))


def day_range(first: str | None, last: str | None, *, today: date) -> tuple[date, date]:
    """Read a range of days: from today when only its end is given, for a week when only its start is.

    Raises InvalidDate, InvalidRange, RangeTooLong.
    """
    start = parse_day(first) if first is not None else today
    end = parse_day(last) if last is not None else start + timedelta(days=DEFAULT_RANGE - 1)
    if end < start:
        raise InvalidRange("The last day comes before the first")
    if (end - start).days >= LONGEST_RANGE:
        raise RangeTooLong(f"A range has at most {LONGEST_RANGE} days", limit=LONGEST_RANGE)
    return start, end


def minutes_of(instant: datetime, day: date, zone: ZoneInfo) -> int:
    """Return what a clock in the zone shows at an instant, as minutes since the day's midnight, cut to 0..1440."""
    local = instant.astimezone(zone)
    if local.date() < day:
        return 0
    return MINUTES_OF_DAY if local.date() > day else local.hour * 60 + local.minute
