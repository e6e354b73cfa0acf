"""How the desk does in a period: what came and went on each day, how soon people are answered, and by whom.

A day is one of the zone of the bot. Everything is read from the indexes of the period: how many tickets there ever were
makes no difference, and neither does how many there are in other periods.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from guildhall.core.db import Tx
from guildhall.core.db.schema import micros
from guildhall.domains.tickets.lists.listing import Wanted, count_tickets
from guildhall.domains.tickets.policy import Sight
from guildhall.domains.tickets.statistics.queries import (
    CATEGORY_NAMES,
    CLOSED,
    CLOSINGS,
    FIRST_REPLIES,
    NAME_OF_AUTHOR,
    OPENED,
    RATINGS,
    REPLIES,
    Closed,
    Reads,
    Work,
)
from guildhall.domains.tickets.tallies import UNCATEGORISED

PERIODS: Final = (7, 30, 90)
"""The lengths of a period, in days that end with today."""

SECOND: Final = 1_000_000
PERSON: Final = re.compile(r"[0-9]{1,20}|[0-9a-z]{26}")
"""An id of Discord or of the house; what else closes tickets is a word for how it happened."""

UNNAMED: Final = "No category"


@dataclass(frozen=True)
class DayCount:
    """What came and went on a day."""

    day: date
    opened: int
    closed: int


@dataclass(frozen=True)
class Share:
    """How many of the tickets that were closed are of a category; `part` is of all of them, between 0 and 1."""

    name: str
    count: int
    part: float


@dataclass(frozen=True)
class StaffWork:
    """What somebody did: replies, tickets closed, and how many seconds their first replies took on average.

    `rating` is the mean of what was given for it in the period, None when nobody rated.
    """

    person_id: str
    name: str
    replies: int
    closed: int
    response: int | None
    rating: float | None = None


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """The desk in a period; times are in seconds, and None where there was nothing to measure.

    `response` is from opening to the first reply and `resolution` from opening to closing, both of the tickets that
    were closed in the period. `closed_ever` is of all time; today, this week (from Monday) and this month are as they
    are in the zone. `rating` is the mean of what was given in the period, for `rated` closings. `staff` has those who
    closed most first.
    """

    open: int
    closed_ever: int
    closed_today: int
    closed_this_week: int
    closed_this_month: int
    response: int | None
    resolution: int | None
    rating: float | None
    rated: int
    activity: tuple[DayCount, ...]
    categories: tuple[Share, ...]
    staff: tuple[StaffWork, ...]

    @property
    def opened(self) -> int:
        """How many tickets were opened in the period."""
        return sum(each.opened for each in self.activity)

    @property
    def closed(self) -> int:
        """How many tickets were closed in the period."""
        return sum(each.closed for each in self.activity)

    @property
    def fastest(self) -> StaffWork | None:
        """Who answered soonest."""
        timed = [each for each in self.staff if each.response is not None]
        return min(timed, key=lambda each: each.response or 0, default=None)

    @property
    def most_replies(self) -> StaffWork | None:
        """Who replied most."""
        return max((each for each in self.staff if each.replies), key=lambda each: each.replies, default=None)

    @property
    def most_closed(self) -> StaffWork | None:
        """Who closed most."""
        return max((each for each in self.staff if each.closed), key=lambda each: each.closed, default=None)


async def statistics_of(tx: Tx, *, days: int, zone: ZoneInfo, sight: Sight, now: datetime) -> Statistics:
    """Return how the desk does in the last days, today among them, of the tickets in sight.

    Meant for `Database.long_read`: a busy period has many rows.
    """
    today = now.astimezone(zone).date()
    week, month = today - timedelta(days=today.weekday()), today.replace(day=1)
    begins = today - timedelta(days=days - 1)
    calendar = _days(min(begins, week, month), today)
    borders = [[micros(_midnight(each, zone)), micros(_midnight(each + timedelta(days=1), zone))] for each in calendar]
    opened = [each for each in await tx.all(OPENED[tx.engine], days=borders) if _covers(sight, each.category_id)]
    closed = [each for each in await tx.all(CLOSED[tx.engine], days=borders) if _covers(sight, each.category_id)]
    start, end = _midnight(begins, zone), _midnight(today + timedelta(days=1), zone)
    ratings = await _work(tx, RATINGS, sight, start, end)
    rated = sum(each.count for each in ratings)
    in_period = [each for each in closed if calendar[each.day] >= begins]
    return Statistics(
        open=await count_tickets(tx, Wanted(closed=False), sight=sight),
        closed_ever=await count_tickets(tx, Wanted(closed=True), sight=sight),
        closed_today=_sum_from(closed, calendar, today),
        closed_this_week=_sum_from(closed, calendar, week),
        closed_this_month=_sum_from(closed, calendar, month),
        response=_mean(sum(each.answer_micros for each in in_period), sum(each.answered for each in in_period)),
        resolution=_mean(sum(each.life_micros for each in in_period), sum(each.count for each in in_period)),
        rating=sum(each.value for each in ratings) / rated if rated else None,
        rated=rated,
        activity=tuple(
            DayCount(
                day,
                sum(each.count for each in opened if calendar[each.day] == day),
                sum(each.count for each in closed if calendar[each.day] == day),
            )
            for day in _days(begins, today)
        ),
        categories=await _shares(tx, in_period),
        staff=await _staff(tx, sight, start, end, ratings),
    )


async def _shares(tx: Tx, closed: Sequence[Closed]) -> tuple[Share, ...]:
    counts: dict[str, int] = defaultdict(int)
    for each in closed:
        counts[each.category_id] += each.count
    if not counts:
        return ()
    names = {each.id: each.name for each in await tx.all(CATEGORY_NAMES)}
    total = sum(counts.values())
    shares = (Share(names.get(id_, UNNAMED), count, count / total) for id_, count in counts.items())
    return tuple(sorted(shares, key=lambda each: (-each.count, each.name)))


async def _work(tx: Tx, reads: Reads, sight: Sight, begins: datetime, ends: datetime) -> list[Work]:
    limited = sight.categories is not None
    asked = {"categories": sorted(sight.categories or ())} if limited else {}
    return await tx.all(reads[tx.engine, limited], begins=begins, ends=ends, **asked)


async def _staff(tx: Tx, sight: Sight, begins: datetime, ends: datetime, ratings: list[Work]) -> tuple[StaffWork, ...]:
    def of_people(rows: list[Work]) -> dict[str, Work]:
        return {each.person_id: each for each in rows if PERSON.fullmatch(each.person_id)}

    replies, firsts, closings = [
        of_people(await _work(tx, reads, sight, begins, ends)) for reads in (REPLIES, FIRST_REPLIES, CLOSINGS)
    ]
    given = of_people(ratings)
    none = Work("", 0, 0)
    people = []
    for person_id in replies.keys() | closings.keys() | given.keys():
        written, first = replies.get(person_id, none), firsts.get(person_id, none)
        name = await tx.one(NAME_OF_AUTHOR, id=written.value) if written.count else None
        closed = closings.get(person_id, none).count
        response, rated = _mean(first.value, first.count), given.get(person_id, none)
        rating = rated.value / rated.count if rated.count else None
        people.append(StaffWork(person_id, name or person_id, written.count, closed, response, rating))
    return tuple(sorted(people, key=lambda each: (-each.closed, -each.replies, each.person_id)))


def _covers(sight: Sight, category_id: str) -> bool:
    return sight.categories is None or (category_id or UNCATEGORISED) in sight.categories


def _sum_from(closed: Iterable[Closed], calendar: Sequence[date], first: date) -> int:
    return sum(each.count for each in closed if calendar[each.day] >= first)


def _mean(total_micros: int, count: int) -> int | None:
    return round(total_micros / count / SECOND) if count else None


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=each) for each in range((last - first).days + 1)]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)
