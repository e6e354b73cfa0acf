"""The figures that rules look at, read in a fixed number of statements and added up apart from the database."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from guildhall.core.db import Tx
from guildhall.domains.attendance.boards import EPOCH
from guildhall.domains.attendance.heatmaps import MICROSECONDS, counted_time
from guildhall.domains.attendance.models import SECOND, Guild, Period, whole_second
from guildhall.domains.attendance.policy import access_current_period, is_live
from guildhall.domains.attendance.queries import (
    ATTENDED_SINCE,
    FROZEN_BOARD,
    PERIOD,
    POLICIES,
    RUNNING_BOARD,
    Attended,
)
from guildhall.domains.attendance.records import Policy
from guildhall.domains.attendance.roles.conditions import (
    Figure,
    Figures,
    Tally,
    Window,
    begin_of_days,
    midnights_between,
    ranked,
    window_of,
)
from guildhall.domains.attendance.roles.models import Rule, Scope
from guildhall.domains.attendance.roles.queries import ARCHIVED_TOTALS, ATTENDED_BY
from guildhall.domains.attendance.states import way_of

ALL: Final = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What was read: totals by period, and the sessions of whomever days are counted for.

    Open sessions count up to `until`: a role that is given stays, so nobody gets it for time in which nobody saw them.
    """

    guild: Guild
    current: Period
    last: Period | None
    now: datetime
    until: datetime
    running: Mapping[int, int]
    frozen: Mapping[int, int]
    archived: Mapping[int, int]
    attended: Sequence[Attended]
    policies: Mapping[str, Policy]

    @property
    def zone(self) -> ZoneInfo:
        """Whose midnights divide days."""
        return ZoneInfo(self.guild.schedule.timezone)


async def read_facts(
    tx: Tx, guild: Guild, rules: Sequence[Rule], *, people: Collection[int] | None, now: datetime
) -> Facts:
    """Read what these rules look at, for some people or, where there are none named, for everybody."""
    now = whole_second(now)
    until = now if is_live(guild, now) else min(now, guild.witnessed_until or now)
    current = await access_current_period(tx, guild.guild_id)
    last = await tx.one(PERIOD, guild_id=guild.guild_id, number=current.number - 1)
    scopes = {rule.scope for rule in rules}
    running: dict[int, int] = {}
    if scopes & {Scope.CURRENT_PERIOD, Scope.LIFETIME}:
        policy = guild.fairness
        summing = {"period_id": current.id, "minimum": policy.min_session_seconds, "now": until}
        lines = await tx.all(RUNNING_BOARD[way_of(policy)], **summing, limit=ALL, offset=0)
        running = {each.user_id: each.total_seconds for each in lines}
    frozen: dict[int, int] = {}
    if Scope.LAST_PERIOD in scopes and last is not None:
        entries = await tx.all(FROZEN_BOARD, period_id=last.id)
        frozen = {each.user_id: each.total_seconds for each in entries}
    archived: dict[int, int] = {}
    if Scope.LIFETIME in scopes:
        totals = await tx.all(ARCHIVED_TOTALS, guild_id=guild.guild_id)
        archived = {each.user_id: each.total_seconds for each in totals}
    attended = await _attended(tx, guild, current, last, rules, people, now)
    ids = list({each.period_id for each in attended})
    known = await tx.all(POLICIES[tx.engine], ids=ids) if ids else []
    return Facts(
        guild=guild,
        current=current,
        last=last,
        now=now,
        until=until,
        running=running,
        frozen=frozen,
        archived=archived,
        attended=attended,
        policies={each.id: each.policy or guild.fairness for each in known},
    )


async def _attended(
    tx: Tx,
    guild: Guild,
    current: Period,
    last: Period | None,
    rules: Sequence[Rule],
    people: Collection[int] | None,
    now: datetime,
) -> list[Attended]:
    by_days = [rule for rule in rules if _needs_sessions(rule)]
    if not by_days:
        return []
    zone = ZoneInfo(guild.schedule.timezone)
    begins = {
        Scope.CURRENT_PERIOD: current.started_at,
        Scope.LAST_PERIOD: last.started_at if last else now,
        Scope.LIFETIME: EPOCH,
    }
    since = min(begin_of_days(rule.days, now, zone) if rule.days else begins[rule.scope] for rule in by_days)
    # A rank is nothing without the others.
    if people is None or any(rule.scope is Scope.LAST_DAYS and rule.top_n for rule in by_days):
        return await tx.all(ATTENDED_SINCE, guild_id=guild.guild_id, since=since, user_id=None, channel_id=None)
    return await tx.all(ATTENDED_BY[tx.engine], guild_id=guild.guild_id, since=since, people=list(people))


def _needs_sessions(rule: Rule) -> bool:
    """Tell whether sums are not enough."""
    return rule.scope is Scope.LAST_DAYS or rule.min_active_days is not None


def figures_of(facts: Facts, rules: Iterable[Rule]) -> dict[Window, Figures]:
    """Add up the figures of each window that rules look at. Takes a while where there are many sessions."""
    by_days: dict[Window, bool] = {}
    for rule in rules:
        window = window_of(rule)
        by_days[window] = by_days.get(window, False) or _needs_sessions(rule)
    return {window: _figures(facts, window, by_days=needed) for window, needed in by_days.items()}


def _figures(facts: Facts, window: Window, *, by_days: bool) -> Figures:
    tally = _tally(facts, window) if by_days else Tally()
    scope, _ = window
    if scope is Scope.LAST_DAYS:
        totals: Mapping[int, int] = tally.seconds
    elif scope is Scope.CURRENT_PERIOD:
        totals = facts.running
    elif scope is Scope.LAST_PERIOD:
        totals = facts.frozen
    else:
        totals = _added(facts.archived, facts.running)
    ranks = ranked(totals)
    return {person: Figure(totals[person], ranks.get(person), tally.active_days(person)) for person in totals}


def _added(some: Mapping[int, int], more: Mapping[int, int]) -> dict[int, int]:
    return {person: some.get(person, 0) + more.get(person, 0) for person in some.keys() | more.keys()}


def _tally(facts: Facts, window: Window) -> Tally:
    """Return the counted time of a window by person, each session under the policy of its own period."""
    scope, days = window
    zone, now, until = facts.zone, int(facts.now.timestamp()), int(facts.until.timestamp())
    sessions: Iterable[Attended] = facts.attended
    since = EPOCH
    if scope is Scope.LAST_DAYS:
        since = begin_of_days(days or 1, facts.now, zone)
    elif scope is not Scope.LIFETIME:
        period = facts.current if scope is Scope.CURRENT_PERIOD else facts.last
        sessions = [each for each in sessions if period is not None and each.period_id == period.id]
    first = min((each.joined_at for each in facts.attended), default=0)
    begin = max(since, EPOCH + first // MICROSECONDS * SECOND)
    midnights = midnights_between(begin, facts.now, zone)
    tally = Tally()
    for session in sessions:
        for presence in counted_time(session, facts.policies[session.period_id], until):
            tally.add(presence, int(since.timestamp()), now, midnights)
    return tally
