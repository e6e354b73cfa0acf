"""When periods end: borders that roll from the start of a period, or lie on the calendar. Pure sums, no I/O.

Borders are UTC instants; the calendar's are written in local time of a zone. A local time that the clocks skip means
the instant at which they skip it, one that they show twice means the first of the two.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import count
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

SECOND: Final = timedelta(seconds=1)
MONTHS: Final = 12


class Interval(StrEnum):
    """How often periods end; off means only when somebody ends them."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"
    OFF = "off"


class Anchor(StrEnum):
    """Whether a period's length counts from its own start or its border lies on the calendar."""

    ROLLING = "rolling"
    CALENDAR = "calendar"


class Weekday(StrEnum):
    """The days of the week, Monday first."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


WEEKDAYS: Final = tuple(Weekday)
LENGTHS: Final = {
    Interval.HOURLY: timedelta(hours=1),
    Interval.DAILY: timedelta(days=1),
    Interval.WEEKLY: timedelta(days=7),
}
MONTHS_OF: Final = {Interval.MONTHLY: 1, Interval.YEARLY: MONTHS}


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """How often the periods of a guild end and where; what the interval does not use is kept all the same."""

    interval: Interval = Interval.WEEKLY
    anchor: Anchor = Anchor.CALENDAR
    timezone: str = "UTC"
    hour: int = 0
    weekday: Weekday = Weekday.MONDAY
    day: int = 1
    month: int = 1


def next_border(schedule: Schedule, started_at: datetime, after: datetime) -> datetime | None:
    """Return the first border after an instant for a period that began at `started_at`; None without an interval."""
    if schedule.interval is Interval.OFF:
        return None
    if schedule.anchor is Anchor.CALENDAR:
        return _next_on_calendar(schedule, after)
    return _next_rolling(schedule, started_at, max(started_at, after))


def latest_border(schedule: Schedule, border: datetime, now: datetime) -> datetime:
    """Return the last border not after `now` of the periods that would have followed one another from a border on."""
    while (following := next_border(schedule, border, border)) is not None and following <= now:
        border = following
    return border


def _next_rolling(schedule: Schedule, started_at: datetime, after: datetime) -> datetime:
    length = LENGTHS.get(schedule.interval)
    if length is not None:
        return started_at + ((after - started_at) // length + 1) * length
    zone = ZoneInfo(schedule.timezone)
    local = started_at.astimezone(zone).replace(tzinfo=None)
    step = MONTHS_OF[schedule.interval]
    borders = (instant_of(_months_later(local, months), zone) for months in count(step, step))
    return next(border for border in borders if border > after)


def _next_on_calendar(schedule: Schedule, after: datetime) -> datetime:
    zone = ZoneInfo(schedule.timezone)
    # The day before, because a border that the clocks skipped may lie later than its local time says.
    since = after.astimezone(zone).replace(tzinfo=None) - timedelta(days=1)
    borders = (instant_of(local, zone) for local in _local_borders(schedule, since))
    return next(border for border in borders if border > after)


def _local_borders(schedule: Schedule, since: datetime) -> Iterator[datetime]:
    """Yield the local times of borders in order, from one before `since` on."""
    if schedule.interval is Interval.HOURLY:
        hour = since.replace(minute=0, second=0, microsecond=0)
        yield from (hour + timedelta(hours=number) for number in count())
    for day in _days(schedule, since.date()):
        yield datetime.combine(day, time(schedule.hour))


def _days(schedule: Schedule, since: date) -> Iterator[date]:
    """Yield the days of borders in order, from one not after `since` on."""
    if schedule.interval is Interval.DAILY:
        yield from (since + timedelta(days=number) for number in count())
    if schedule.interval is Interval.WEEKLY:
        back = (since.weekday() - WEEKDAYS.index(schedule.weekday)) % len(WEEKDAYS)
        yield from (since + timedelta(days=7 * number - back) for number in count())
    for number in count(-1):
        if schedule.interval is Interval.MONTHLY:
            year, month = divmod(since.year * MONTHS + since.month - 1 + number, MONTHS)
            yield _clipped(year, month + 1, schedule.day)
        else:
            yield _clipped(since.year + number, schedule.month, schedule.day)


def _months_later(local: datetime, months: int) -> datetime:
    year, month = divmod(local.year * MONTHS + local.month - 1 + months, MONTHS)
    return datetime.combine(_clipped(year, month + 1, local.day), local.time())


def _clipped(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


def instant_of(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the UTC instant of a local time without offset."""
    instant = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local:
        return instant
    return _change_between(local.replace(tzinfo=zone, fold=1).astimezone(UTC), instant, zone)


def _change_between(early: datetime, late: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant at which the zone's offset changes, which lies after `early` and not after `late`."""
    before = early.astimezone(zone).utcoffset()
    while late - early > SECOND:
        middle = early + (late - early) // 2 // SECOND * SECOND
        if middle.astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late
