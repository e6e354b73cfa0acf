"""How the desk does, in numbers."""

from collections.abc import Mapping
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

import msgspec

from guildhall.core.actor import Actor
from guildhall.core.errors import Invalid
from guildhall.dialects.rustmail.wire import REFUSED, SESSION, InvalidParameter
from guildhall.domains.identity import Permission
from guildhall.domains.tickets.categories import sight_of
from guildhall.domains.tickets.statistics import PERIODS, StaffWork, Statistics, statistics_of
from guildhall.web.bodies import QueryString
from guildhall.web.house import House
from guildhall.web.routing import route

MOST_CATEGORIES: Final = 10
MOST_STAFF: Final = 20


class Period(QueryString, frozen=True, kw_only=True):
    """How many days back."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = {"days": InvalidParameter}

    days: int = 30


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in one number each."""

    open_tickets: int
    total_closed: int
    closed_today: int
    closed_this_week: int
    closed_this_month: int
    avg_response_time_seconds: int | None
    avg_resolution_time_seconds: int | None
    avg_rating: float | None
    rating_count: int


class Activity(msgspec.Struct, frozen=True):
    """A day."""

    date: str
    created: int
    closed: int


class CategoryCount(msgspec.Struct, frozen=True):
    """A category's part of what was closed."""

    name: str
    count: int
    percentage: float


class StaffEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's work."""

    user_id: str
    username: str
    messages_count: int
    tickets_closed: int
    avg_response_time_seconds: int | None
    avg_rating: float | None

    @classmethod
    def of(cls, work: StaffWork) -> "StaffEntry":
        """Show somebody's work."""
        return cls(
            user_id=work.person_id,
            username=work.name,
            messages_count=work.replies,
            tickets_closed=work.closed,
            avg_response_time_seconds=work.response,
            avg_rating=_rounded(work.rating),
        )


class Performer(msgspec.Struct, frozen=True):
    """Who did best at something, and the figure."""

    user_id: str
    username: str
    value: int


class Performers(msgspec.Struct, frozen=True, kw_only=True):
    """Who did best; nobody where there was nothing to do."""

    fastest_responder: Performer | None
    most_messages: Performer | None
    most_tickets_closed: Performer | None


class StatisticsReply(msgspec.Struct, frozen=True, kw_only=True):
    """The desk in a period."""

    overview: Overview
    activity: list[Activity]
    categories: list[CategoryCount]
    staff_leaderboard: list[StaffEntry]
    top_performers: Performers

    @classmethod
    def of(cls, found: Statistics) -> "StatisticsReply":
        """Show the desk."""
        fastest, writer, closer = found.fastest, found.most_replies, found.most_closed
        return cls(
            overview=Overview(
                open_tickets=found.open,
                total_closed=found.closed_ever,
                closed_today=found.closed_today,
                closed_this_week=found.closed_this_week,
                closed_this_month=found.closed_this_month,
                avg_response_time_seconds=found.response,
                avg_resolution_time_seconds=found.resolution,
                avg_rating=_rounded(found.rating),
                rating_count=found.rated,
            ),
            activity=[Activity(each.day.isoformat(), each.opened, each.closed) for each in found.activity],
            categories=[
                CategoryCount(each.name, each.count, round(100 * each.part, 1))
                for each in found.categories[:MOST_CATEGORIES]
            ],
            staff_leaderboard=[StaffEntry.of(each) for each in found.staff[:MOST_STAFF]],
            top_performers=Performers(
                fastest_responder=_performer(fastest, fastest.response if fastest else None),
                most_messages=_performer(writer, writer.replies if writer else None),
                most_tickets_closed=_performer(closer, closer.closed if closer else None),
            ),
        )


@route(
    "GET", "/api/bot/statistics", permission=Permission.VIEW_DESK, accepts=SESSION, transaction="none",
    refusals=(*REFUSED, InvalidParameter),
)  # fmt: skip
async def get_statistics(query: Period, actor: Actor, house: House) -> StatisticsReply:
    """Summarise tickets, response times, categories and staff for a period."""
    if query.days not in PERIODS:
        raise InvalidParameter("days is 7, 30 or 90", field="days")
    async with house.database.read() as tx:
        sight = await sight_of(tx, actor)
    zone, now = ZoneInfo(house.site.now.document.bot.timezone), house.clock.now()
    found = await house.database.long_read(
        lambda tx: statistics_of(tx, days=query.days, zone=zone, sight=sight, now=now)
    )
    return StatisticsReply.of(found)


def _performer(work: StaffWork | None, value: int | None) -> Performer | None:
    return None if work is None or value is None else Performer(work.person_id, work.name, value)


def _rounded(rating: float | None) -> float | None:
    return None if rating is None else round(rating, 2)
