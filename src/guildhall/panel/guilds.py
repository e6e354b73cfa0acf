"""Guilds of Discord: those that one may manage, and the frame that all pages of one guild have."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import msgspec

from guildhall.domains import attendance
from guildhall.domains.attendance import Guild
from guildhall.domains.identity import Permission
from guildhall.panel.forms import show
from guildhall.panel.guild_door import GUILDS, LARGEST, MANAGE, discord_id_of, is_manager, name_of, place_of
from guildhall.panel.office_bot import MODES
from guildhall.panel.pages import PER_PAGE, page
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import QueryString
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.sse import EventStream

GUILD: Final = GUILDS + "/{guild_id}"


@dataclass(frozen=True)
class Tab:
    """A page in the row above every page of a guild; `path` follows the guild's own."""

    name: str
    path: str


TABS: Final = (
    Tab("Overview", ""),
    Tab("Leaderboard", "/board"),
    Tab("Heatmap", "/heatmap"),
    Tab("Archive", "/archive"),
    Tab("Tracking", "/tracking"),
    Tab("Signing", "/signing"),
    Tab("Roles", "/roles"),
    Tab("Webhook", "/webhook"),
    Tab("Destinations", "/destinations"),
)


@dataclass(frozen=True)
class ListedGuild:
    """A guild in the list: its address, name and mode, and whether it is being watched now."""

    path: str
    name: str
    mode: str
    watched: bool


class After(QueryString, frozen=True, kw_only=True):
    """The last guild of the page before."""

    after: Annotated[int, msgspec.Meta(ge=0, le=LARGEST)] = 0


@show(GUILDS, permission=MANAGE, transaction="none")
async def list_guilds(query: After, call: Call, house: House) -> Answer:
    """List the guilds that one may manage; into the only one, go straight.

    A page looks at so many guilds and shows those of them that are open to whoever asks.
    """
    async with house.database.read() as tx:
        found = await attendance.list_guilds(tx, after=query.after, limit=PER_PAGE + 1)
    looked_at, more = found[:PER_PAGE], len(found) > PER_PAGE
    keeps_house = call.actor.may(Permission.MANAGE_SYSTEM)
    discord_id = None if keeps_house else await discord_id_of(call)
    shown = looked_at if keeps_house else await _manageable(house, looked_at, discord_id)
    if len(shown) == 1 and not more and not query.after:
        return redirect(f"{GUILDS}/{shown[0].guild_id}")
    return page(
        call,
        "guilds.html",
        title="Attendance",
        guilds=[await _listed(house, each) for each in shown],
        after=looked_at[-1].guild_id if more else None,
        linked=keeps_house or discord_id is not None,
    )


@show(GUILD + "/live", permission=MANAGE, transaction="none")
async def follow_guild(call: Call, house: House) -> Answer:
    """Tell, for as long as somebody looks, that something has happened in the guild."""
    mine = str(place_of(call).guild_id)
    return EventStream(house.events, "attendance", only=lambda event: event.data.get("guild_id") == mine)


def guild_page(
    call: Call,
    template: str,
    guild: Guild,
    *,
    title: str,
    refusal: Refusal | None = None,
    **context: Any,  # noqa: ANN401 (whatever the template asks for)
) -> Answer:
    """Return a page of a guild in its frame, with times in the guild's own zone."""
    return page(
        call,
        template,
        status=refusal.status if refusal else 200,
        title=title,
        refusal=refusal,
        guild=guild,
        place=place_of(call),
        tabs=TABS,
        live=attendance.is_live(guild, call.house.clock.now()),
        zone=ZoneInfo(guild.schedule.timezone),
        **context,
    )


async def _manageable(house: House, guilds: list[Guild], discord_id: int | None) -> list[Guild]:
    """Return those of some guilds that somebody may manage, by Discord. Raises DiscordUnavailable."""
    if discord_id is None:
        return []
    asked = (is_manager(house, guild_id=each.guild_id, user_id=discord_id) for each in guilds)
    found = await asyncio.gather(*asked)
    return [guild for guild, may in zip(guilds, found, strict=True) if may]


async def _listed(house: House, guild: Guild) -> ListedGuild:
    name = await name_of(house, guild.guild_id)
    live = attendance.is_live(guild, house.clock.now())
    return ListedGuild(f"{GUILDS}/{guild.guild_id}", name, MODES[guild.mode], live)
