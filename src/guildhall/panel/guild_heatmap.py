"""When people are there: counted time by weekday and hour, drawn here and readable as a table."""

from dataclasses import dataclass
from typing import Annotated, Final
from zoneinfo import available_timezones

import msgspec

from guildhall.core.db import Tx
from guildhall.domains import attendance
from guildhall.domains.attendance import Heatmap
from guildhall.domains.attendance.errors import UnknownZone
from guildhall.panel.forms import show
from guildhall.panel.guild_door import MANAGE, place_of, snowflake
from guildhall.panel.guild_words import duration_words
from guildhall.panel.guilds import GUILD, guild_page
from guildhall.panel.words import WEEKDAYS, Refusal
from guildhall.web.answers import Answer
from guildhall.web.bodies import QueryString
from guildhall.web.calls import Call
from guildhall.web.house import House

HOURS: Final = 24
LEVELS: Final = 5
SPANS: Final = {7: "last 7 days", 28: "last 4 weeks", 91: "last 13 weeks", 365: "last year"}
ZONES: Final = ("UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")))
"""The zones that are offered; any other that exists may be written."""


class OfHeatmap(QueryString, frozen=True, kw_only=True):
    """Over how many days, in which zone, and in which channel; empty is the guild's own zone, and every channel."""

    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 28
    zone: Annotated[str, msgspec.Meta(max_length=64)] = ""
    channel: str = ""


@dataclass(frozen=True)
class Cell:
    """An hour of the week: how full it is from 0 to 5, its duration, and all about it in words."""

    level: int
    seconds: int
    words: str


@dataclass(frozen=True)
class Drawn:
    """A heatmap as it is drawn: a row for each weekday. `summary` says in a sentence what one sees."""

    heatmap: Heatmap
    rows: list[tuple[str, list[Cell]]]
    total: int
    summary: str


@show(GUILD + "/heatmap", permission=MANAGE)
async def show_heatmap(query: OfHeatmap, call: Call, tx: Tx, house: House) -> Answer:
    """Show at which hours of the week people are there."""
    place = place_of(call)
    guild = await attendance.access_guild(tx, place.guild_id)
    channel = snowflake(query.channel) if query.channel else None
    refusal = None
    try:
        zone = query.zone.strip() or guild.schedule.timezone
        heat = await attendance.heatmap_of(
            tx, guild_id=place.guild_id, days=query.days, timezone=zone, channel_id=channel, now=house.clock.now()
        )
    except UnknownZone as error:
        refusal = Refusal.of(error, fields={"timezone": "zone"})
        heat = await attendance.heatmap_of(
            tx, guild_id=place.guild_id, days=query.days, channel_id=channel, now=house.clock.now()
        )
    return guild_page(
        call,
        "guild_heatmap.html",
        guild,
        title="Heatmap",
        refusal=refusal,
        heat=drawn(heat),
        chosen=query,
        zone_name=query.zone.strip() or heat.timezone,
        spans=SPANS,
        zones=ZONES,
        voice_channels=[each for each in place.channels.values() if each.has_voice],
    )


def drawn(heatmap: Heatmap) -> Drawn:
    """Return a heatmap ready to be drawn, each hour measured against the fullest one."""
    most = max(each.seconds for each in heatmap.buckets)
    cells = [
        Cell(-(-each.seconds * LEVELS // most) if most else 0, each.seconds, _words(place, each.seconds, each.people))
        for place, each in enumerate(heatmap.buckets)
    ]
    rows = [(day, cells[place * HOURS : (place + 1) * HOURS]) for place, day in enumerate(WEEKDAYS)]
    fullest = max(range(len(cells)), key=lambda place: cells[place].seconds)
    summary = f"The fullest hour is {cells[fullest].words}." if most else "Nobody had counted time in these days."
    return Drawn(heatmap, rows, sum(each.seconds for each in heatmap.buckets), summary)


def _words(place: int, seconds: int, people: int) -> str:
    day, hour = divmod(place, HOURS)
    when = f"{WEEKDAYS[day]} {hour:02d}:00 to {(hour + 1) % HOURS:02d}:00"
    if not seconds:
        return f"{when}: nobody"
    return f"{when}: {duration_words(seconds)}, {people} {'person' if people == 1 else 'people'}"
