"""When something is to happen, as people type it, without I/O."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from guildhall.bot.desk.commands.errors import UnreadableTime

DURATION: Final = re.compile(
    r"(?=\d)(?:(?P<weeks>\d{1,4})w)?(?:(?P<days>\d{1,4})d)?(?:(?P<hours>\d{1,5})h)?(?:(?P<minutes>\d{1,6})m)?"
    r"(?:(?P<seconds>\d{1,8})s)?",
    re.ASCII,
)
TIME_OF_DAY: Final = re.compile(r"(?P<hour>\d{1,2}):(?P<minute>\d{2})", re.ASCII)
DAY: Final = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})", re.ASCII)
LIKE_A_TIME: Final = re.compile(r"\d[\dwdhms:.\-T]*", re.ASCII)
"""What somebody meant as a time, whether or not it is one."""


def parse_moment(typed: str, *, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant, in UTC and after `now`, that somebody means: `2h30m`, `3d`, `17:30`, `2024-02-01 09:00`.

    A time of the day is today's, in `zone`; a day by itself is its first minute. Raises UnreadableTime for anything
    else, for what is over, and for a time that the clocks skip.
    """
    text = " ".join(typed.split())
    duration = DURATION.fullmatch(text)
    if duration is not None:
        return _later(now, timedelta(**{unit: int(number or 0) for unit, number in duration.groupdict().items()}))
    day, _, time = text.replace("T", " ").partition(" ")
    if DAY.fullmatch(day) is None:
        day, time = f"{now.astimezone(zone):%Y-%m-%d}", text
    return _at(day, time or "0:00", now=now, zone=zone)


def looks_like_a_time(word: str) -> bool:
    """Tell whether a word is meant as a time, so that one that is none is refused and not taken for something else."""
    return LIKE_A_TIME.fullmatch(word) is not None


def _later(now: datetime, by: timedelta) -> datetime:
    try:
        moment = now + by
    except OverflowError:
        raise UnreadableTime from None
    if moment <= now:
        raise UnreadableTime
    return moment


def _at(day: str, time: str, *, now: datetime, zone: ZoneInfo) -> datetime:
    of_day, of_time = DAY.fullmatch(day), TIME_OF_DAY.fullmatch(time)
    if of_day is None or of_time is None:
        raise UnreadableTime
    numbers = {**of_day.groupdict(), **of_time.groupdict()}
    try:
        shown = datetime(**{name: int(number) for name, number in numbers.items()}, tzinfo=zone)
        # When the clocks go back an hour is there twice: what is meant is the one that is still to come.
        for moment in (shown.astimezone(UTC), shown.replace(fold=1).astimezone(UTC)):
            if moment > now and moment.astimezone(zone).replace(tzinfo=None) == shown.replace(tzinfo=None):
                return moment
    except (ValueError, OverflowError):
        raise UnreadableTime from None
    raise UnreadableTime
