"""When people are there: counted seconds by weekday and hour of a time zone."""

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from guildhall.core.db import Tx
from guildhall.domains.attendance.errors import UnknownZone
from guildhall.domains.attendance.models import EndReason, whole_second
from guildhall.domains.attendance.policy import access_guild
from guildhall.domains.attendance.queries import ATTENDED_SINCE, POLICIES, Attended
from guildhall.domains.attendance.records import Policy
from guildhall.domains.attendance.states import PAUSING, pieces, way_of

HOURS: Final = 24
BUCKETS: Final = 7 * HOURS
HOUR: Final = timedelta(hours=1)
QUARTER: Final = timedelta(minutes=15)
MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True)
class Bucket:
    """An hour of the week: its counted seconds, and of how many people."""

    seconds: int
    people: int


@dataclass(frozen=True)
class Heatmap:
    """The 168 hours of a week, Monday 00 first, over [since, until)."""

    timezone: str
    since: datetime
    until: datetime
    buckets: list[Bucket]


Presence = tuple[int, int, int]
"""A stretch of counted time: whose it is, and [since, until) in seconds since 1970."""


async def heatmap_of(
    tx: Tx,
    *,
    guild_id: int,
    days: int = 28,
    timezone: str | None = None,
    user_id: int | None = None,
    channel_id: int | None = None,
    now: datetime,
) -> Heatmap:
    """Return the counted seconds of the last days by weekday and hour, each under the policy of its own period.

    Raises GuildNotSeen, UnknownZone.
    """
    if timezone is not None and timezone not in available_timezones():
        raise UnknownZone(field="timezone")
    guild = await access_guild(tx, guild_id)
    until = whole_second(now)
    since = until - timedelta(days=days)
    attended = await tx.all(ATTENDED_SINCE, guild_id=guild_id, since=since, user_id=user_id, channel_id=channel_id)
    ids = list({each.period_id for each in attended})
    policies = {each.id: each.policy or guild.fairness for each in await tx.all(POLICIES[tx.engine], ids=ids)}
    zone = ZoneInfo(timezone or guild.schedule.timezone)
    # A year of a busy guild takes a second to add up, in which others want to be served.
    buckets = await asyncio.to_thread(_add_up, attended, policies, since, until, zone)
    return Heatmap(zone.key, since, until, buckets)


def _add_up(
    attended: Iterable[Attended], policies: Mapping[str, Policy], since: datetime, until: datetime, zone: ZoneInfo
) -> list[Bucket]:
    present = int(until.timestamp())
    counted = (
        presence for session in attended for presence in counted_time(session, policies[session.period_id], present)
    )
    return in_buckets(counted, since, until, zone)


def counted_time(session: Attended, policy: Policy, until: int) -> list[Presence]:
    """Return the stretches of a session that count under a policy; none for one that is dropped. Open ones end now."""
    pausing = PAUSING[way_of(policy)]
    joined = session.joined_at // MICROSECONDS
    left = until if session.left_at is None else session.left_at // MICROSECONDS
    seconds = max(left - joined, session.stretches[-1][0])
    counted = [
        (session.user_id, joined + start, joined + end)
        for start, end, state in pieces(session.stretches, seconds)
        if not state & pausing
    ]
    if session.end_reason is EndReason.RESET or not policy.min_session_seconds:
        return counted
    visit = session.carried + sum(end - start for _, start, end in counted)
    return counted if visit >= policy.min_session_seconds else []


def in_buckets(counted: Iterable[Presence], since: datetime, until: datetime, zone: ZoneInfo) -> list[Bucket]:
    """Return the 168 hours of the week with what lies within [since, until), split where local hours begin."""
    borders, hours = _local_hours(since, until, zone)
    first, last = borders[0], int(until.timestamp())
    borders.append(last)
    seconds = [0] * BUCKETS
    people: list[set[int]] = [set() for _ in range(BUCKETS)]
    for person, start, end in counted:
        at, stop = max(start, first), min(end, last)
        index = bisect_right(borders, at) - 1
        while at < stop:
            step = min(stop, borders[index + 1])
            seconds[hours[index]] += step - at
            people[hours[index]].add(person)
            at, index = step, index + 1
    return [Bucket(total, len(them)) for total, them in zip(seconds, people, strict=True)]


def _local_hours(since: datetime, until: datetime, zone: ZoneInfo) -> tuple[list[int], list[int]]:
    """Return where local hours begin in [since, until), from `since` on, and which hour of the week each is."""
    borders: list[int] = []
    hours: list[int] = []
    at = since
    while at < until or not borders:
        local = at.astimezone(zone)
        borders.append(int(at.timestamp()))
        hours.append(local.weekday() * HOURS + local.hour)
        at = _next_hour(at, zone)
    return borders, hours


def _next_hour(at: datetime, zone: ZoneInfo) -> datetime:
    """Return when the next local hour begins; clocks that change within an hour may begin another one earlier."""
    local = at.astimezone(zone)
    into = timedelta(minutes=local.minute, seconds=local.second)
    border = at + HOUR - into
    if border.astimezone(zone).utcoffset() == local.utcoffset():
        return border
    # Clocks change at quarters of an hour.
    following = at - into % QUARTER + QUARTER
    while following < border and following.astimezone(zone).utcoffset() == local.utcoffset():
        following += QUARTER
    return following
