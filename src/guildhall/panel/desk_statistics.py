"""How the desk does: what comes and goes, how soon people are answered, about what, and by whom."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from guildhall.core.actor import Actor
from guildhall.domains.identity import Permission
from guildhall.domains.tickets.categories import sight_of
from guildhall.domains.tickets.statistics import PERIODS, DayCount, Statistics, statistics_of
from guildhall.panel.charts import Day, PairsChart, pairs_chart
from guildhall.panel.forms import show
from guildhall.panel.pages import page
from guildhall.panel.templating import day_words
from guildhall.web.answers import Answer
from guildhall.web.bodies import QueryString
from guildhall.web.calls import Call
from guildhall.web.house import House

STATISTICS: Final = "/panel/desk/statistics"
MOST_CATEGORIES: Final = 8
MOST_PEOPLE: Final = 12
USUAL: Final = 30


class OfPeriod(QueryString, frozen=True, kw_only=True):
    """How many days back; what is no period stands for the usual one."""

    days: int = USUAL


@show(STATISTICS, permission=Permission.VIEW_DESK, transaction="none")
async def show_statistics(query: OfPeriod, call: Call, actor: Actor, house: House) -> Answer:
    """Show the desk in numbers and charts."""
    days = query.days if query.days in PERIODS else USUAL
    async with house.database.read() as tx:
        sight = await sight_of(tx, actor)
    zone, now = ZoneInfo(house.site.now.document.bot.timezone), house.clock.now()
    found = await house.database.long_read(lambda tx: statistics_of(tx, days=days, zone=zone, sight=sight, now=now))
    return page(
        call,
        "desk_statistics.html",
        title="Statistics",
        found=found,
        days=days,
        periods=PERIODS,
        zone_name=zone.key,
        chart=_chart(found),
        summary=_summary(found, days),
        shares=found.categories[:MOST_CATEGORIES],
        widest=max((each.count for each in found.categories), default=1),
        people=found.staff[:MOST_PEOPLE],
        best=_best(found),
    )


def _chart(found: Statistics) -> PairsChart:
    return pairs_chart([Day(each.opened, each.closed, _words(each), _label(each.day)) for each in found.activity])


def _words(each: DayCount) -> str:
    return f"{day_words(each.day)}: {each.opened} opened, {each.closed} closed"


def _label(day: date) -> str:
    return f"{day.day} {day:%b}"


def _summary(found: Statistics, days: int) -> str:
    """Say in a sentence what the chart shows."""
    busiest = max(found.activity, key=lambda each: each.opened)
    words = f"In {days} days {found.opened} tickets were opened and {found.closed} closed"
    return f"{words}; most came on {day_words(busiest.day)}, {busiest.opened}." if busiest.opened else f"{words}."


def _best(found: Statistics) -> Mapping[str, Sequence[str]]:
    """Return what somebody did best of all, by their id."""
    words: defaultdict[str, list[str]] = defaultdict(list)
    for who, what in (
        (found.most_closed, "closed most"),
        (found.most_replies, "wrote most"),
        (found.fastest, "answers soonest"),
    ):
        if who is not None and len(found.staff) > 1:
            words[who.person_id].append(what)
    return words
