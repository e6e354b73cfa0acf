"""Who is to have which role: figures held against the conditions of rules. Pure sums, no I/O."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from guildhall.domains.attendance.heatmaps import Presence
from guildhall.domains.attendance.roles.models import HOLDING, Grant, GrantState, Rule, Scope
from guildhall.domains.attendance.schedules import instant_of

HOUR: Final = 3600
MINUTE: Final = 60
DAY: Final = timedelta(days=1)

Window = tuple[Scope, int | None]
"""Over what time a rule looks: its scope, and its number of days."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What a person has in a window: counted seconds, rank by them, local days with any. Without seconds, no rank."""

    seconds: int = 0
    rank: int | None = None
    active_days: int = 0


NOTHING: Final = Figure()
Figures = Mapping[int, Figure]
"""Figures by person."""


def window_of(rule: Rule) -> Window:
    """Return over what time a rule looks."""
    return rule.scope, rule.days


def holds(rule: Rule, figure: Figure) -> bool:
    """Tell whether all conditions of a rule hold."""
    in_top = rule.top_n is None or (figure.rank is not None and figure.rank <= rule.top_n)
    return in_top and figure.seconds >= rule.min_seconds and figure.active_days >= (rule.min_active_days or 0)


def ranked(totals: Mapping[int, int]) -> dict[int, int]:
    """Return everybody's rank by their seconds; equal ones share it, and those without any have none."""
    ranks: dict[int, int] = {}
    rank, last = 0, None
    counted = sorted(((seconds, person) for person, seconds in totals.items() if seconds > 0), reverse=True)
    for position, (seconds, person) in enumerate(counted, start=1):
        rank = rank if seconds == last else position
        ranks[person], last = rank, seconds
    return ranks


def begin_of_days(days: int, now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the first of so many local days begins, of which today is the last."""
    return _midnight(now.astimezone(zone).date() - (days - 1) * DAY, zone)


@dataclass
class Tally:
    """Counted seconds and local days of people."""

    seconds: dict[int, int] = field(default_factory=dict)
    days: dict[int, set[int]] = field(default_factory=dict)

    def add(self, presence: Presence, since: int, until: int, midnights: Sequence[int]) -> None:
        """Add what of a stretch of counted time lies in [since, until), split at midnights."""
        person, start, end = presence
        start, end = max(start, since), min(end, until)
        if start >= end:
            return
        self.seconds[person] = self.seconds.get(person, 0) + end - start
        first, last = bisect_right(midnights, start), bisect_right(midnights, end - 1)
        self.days.setdefault(person, set()).update(range(first, last + 1))

    def active_days(self, person: int) -> int:
        """Return on how many local days a person has counted time."""
        return len(self.days.get(person, ()))


def midnights_between(since: datetime, until: datetime, zone: ZoneInfo) -> list[int]:
    """Return when local days begin, in seconds since 1970, from the day of `since` up to `until`."""
    day, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    found: list[int] = []
    while day <= last:
        found.append(int(_midnight(day, zone).timestamp()))
        day += DAY
    return found


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return instant_of(datetime.combine(day, time()), zone)


@dataclass(frozen=True)
class Decisions:
    """What rules come to: whom each gives its role, from whom each takes it back, and who may have lost it.

    `doubtful` have had the role, and are to have it by this rule: whoever left the guild and came back since, has it no
    more.
    """

    give: dict[str, set[int]] = field(default_factory=dict)
    take: dict[str, set[int]] = field(default_factory=dict)
    doubtful: list[tuple[str, Grant]] = field(default_factory=list)


def decide(
    rules: Sequence[Rule],
    figures: Mapping[Window, Figures],
    people: Collection[int],
    grants: Iterable[Grant],
    *,
    present: Collection[int],
) -> Decisions:
    """Return what the rules come to for these people. What is under way is left to end.

    A role is for whoever meets one of the rules that give it. The rule that gave it takes it back, if it takes back at
    all, once no rule holds. `present` are those who were just in the guild, so that nobody else who was away is asked
    for again and again.
    """
    decisions = Decisions()
    known = {(each.user_id, each.role_id): each for each in grants}
    for role_id, alike in _by_role(rules).items():
        for person in people:
            met = next((rule for rule in alike if holds(rule, figures[window_of(rule)].get(person, NOTHING))), None)
            grant = known.get((person, role_id))
            if met is None:
                _take(decisions, alike, grant)
            elif _lacks_it(grant, is_there=person in present):
                decisions.give.setdefault(met.id, set()).add(person)
            elif grant is not None and person in present and grant.state in HOLDING:
                decisions.doubtful.append((met.id, grant))
    return decisions


def _lacks_it(grant: Grant | None, *, is_there: bool) -> bool:
    """Tell whether a person is to be given a role that nothing was done about, or that came to nothing."""
    if grant is None or grant.state in {GrantState.TAKEN, GrantState.REFUSED}:
        return True
    return grant.state is GrantState.AWAY and is_there


def _by_role(rules: Sequence[Rule]) -> dict[int, list[Rule]]:
    alike: dict[int, list[Rule]] = {}
    for rule in rules:
        alike.setdefault(rule.role_id, []).append(rule)
    return alike


def _take(decisions: Decisions, alike: Sequence[Rule], grant: Grant | None) -> None:
    if grant is None or grant.state is not GrantState.GIVEN:
        return
    giver = next((rule for rule in alike if rule.id == grant.rule_id), None)
    if giver is not None and giver.revoke:
        decisions.take.setdefault(giver.id, set()).add(grant.user_id)


def in_words(rule: Rule) -> str:
    """Return the conditions of a rule as a person would say them."""
    said = []
    if rule.min_seconds or (rule.top_n is None and rule.min_active_days is None):
        said.append(f"at least {span(rule.min_seconds)} {_when(rule)}")
    if rule.top_n is not None:
        said.append(f"in the top {rule.top_n}{'' if said else f' {_when(rule)}'}")
    if rule.min_active_days is not None:
        days = "1 day" if rule.min_active_days == 1 else f"{rule.min_active_days} days"
        said.append(f"there on at least {days}{'' if said else f' {_when(rule)}'}")
    return " and ".join(said) if len(said) < 3 else f"{', '.join(said[:-1])} and {said[-1]}"  # noqa: PLR2004 (a list of three takes a comma)


def _when(rule: Rule) -> str:
    match rule.scope:
        case Scope.CURRENT_PERIOD:
            return "in this period"
        case Scope.LAST_PERIOD:
            return "in the last finished period"
        case Scope.LIFETIME:
            return "in all time"
        case Scope.LAST_DAYS:
            return "today" if rule.days == 1 else f"in the last {rule.days} days"


def span(seconds: int) -> str:
    """Return a length of time in words, such as 1 h 30 min."""
    hours, rest = divmod(seconds, HOUR)
    minutes, left = divmod(rest, MINUTE)
    parts = [f"{number} {unit}" for number, unit in ((hours, "h"), (minutes, "min"), (left, "s")) if number]
    return " ".join(parts) or "0 s"
