"""On how many days in a row somebody was there."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from guildhall.core.db import Tx
from guildhall.domains.attendance.heatmaps import counted_time
from guildhall.domains.attendance.models import whole_second
from guildhall.domains.attendance.policy import access_guild
from guildhall.domains.attendance.queries import ATTENDED_BY, POLICIES, Attended
from guildhall.domains.attendance.records import Policy

LONGEST: Final = timedelta(days=400)
"""How far back is looked: a streak of a year still shows whole."""

DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Streak:
    """Days in a row with counted time: those up to today or yesterday, and the most there were in thirteen months."""

    days: int
    longest: int


async def streak_of(tx: Tx, *, guild_id: int, user_id: int, now: datetime) -> Streak:
    """Return a person's streak, by the days of the guild's time zone. Raises GuildNotSeen."""
    guild = await access_guild(tx, guild_id)
    until = whole_second(now)
    attended = await tx.all(ATTENDED_BY, guild_id=guild_id, user_id=user_id, since=until - LONGEST)
    ids = list({each.period_id for each in attended})
    policies = {each.id: each.policy or guild.fairness for each in await tx.all(POLICIES[tx.engine], ids=ids)}
    zone = ZoneInfo(guild.schedule.timezone)
    days = await asyncio.to_thread(days_of, attended, policies, until, zone)
    return streak_in(days, until.astimezone(zone).date())


def days_of(attended: Iterable[Attended], policies: Mapping[str, Policy], until: datetime, zone: ZoneInfo) -> set[date]:
    """Return the local days on which time counted."""
    days: set[date] = set()
    for session in attended:
        for _, start, end in counted_time(session, policies[session.period_id], int(until.timestamp())):
            if end > start:
                day, last = _local_day(start, zone), _local_day(end - 1, zone)
                days.update(day + DAY * each for each in range((last - day).days + 1))
    return days


def streak_in(days: Collection[date], today: date) -> Streak:
    """Return the streak in a set of days. One that reached yesterday still holds: today is not over."""
    lengths: dict[date, int] = {}
    for day in sorted(days):
        lengths[day] = lengths.get(day - DAY, 0) + 1
    return Streak(lengths.get(today) or lengths.get(today - DAY, 0), max(lengths.values(), default=0))


def _local_day(second: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(second, UTC).astimezone(zone).date()
