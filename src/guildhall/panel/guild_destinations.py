"""The channels of a guild that are told what happens, what each wants to hear, and what could not be told."""

from dataclasses import dataclass
from typing import Final

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError
from guildhall.domains import attendance
from guildhall.domains.attendance import GuildChannel, posting
from guildhall.domains.attendance.posting import Destination, Frequency, LogType, Post
from guildhall.domains.attendance.posting.errors import BotMayNotPost, NotAPostChannel, TooManyDestinations
from guildhall.panel.forms import change, show
from guildhall.panel.guild_door import MANAGE, Place, place_of, snowflake
from guildhall.panel.guilds import GUILD, guild_page
from guildhall.panel.pages import told
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form
from guildhall.web.calls import Call
from guildhall.web.house import House

DESTINATIONS: Final = GUILD + "/destinations"
DESTINATION: Final = DESTINATIONS + "/{destination_id}"
KINDS: Final = frozenset({"text", "announcement"})
MOST_GIVEN_UP: Final = 20
TYPES: Final = (
    (LogType.SESSION_COMPLETED, "Sessions that end", "who, where and how long, with the session's id"),
    (LogType.PERIOD_RESET, "Final boards", "when a period ends"),
    (LogType.LEADERBOARD, "The current board", "as often as is chosen below"),
    (LogType.SIGNING, "Signing", "the key made, locked, unlocked or replaced, and what waits"),
    (LogType.SETTINGS, "Settings", "who changed what"),
)
FREQUENCIES: Final = (
    (Frequency.OFF, "never"),
    (Frequency.HOURLY, "every hour"),
    (Frequency.DAILY, "every day"),
    (Frequency.WEEKLY, "every week"),
    (Frequency.MONTHLY, "every month"),
)


class NewDestination(Form, frozen=True, kw_only=True):
    """The channel that shall take posts."""

    channel: str = ""


class DestinationForm(Form, frozen=True, kw_only=True):
    """What a channel wants to hear; a box that is not ticked is not sent."""

    session_completed: str = ""
    period_reset: str = ""
    leaderboard: str = ""
    signing: str = ""
    settings: str = ""
    frequency: Frequency = Frequency.OFF

    @property
    def types(self) -> dict[LogType, bool]:
        """Which types of posts are wanted."""
        return {kind: getattr(self, kind.value) == "yes" for kind in LogType}


@dataclass(frozen=True)
class GivenUp:
    """A post that no channel took: for which one, and why."""

    post: Post
    channel: str


@show(DESTINATIONS, permission=MANAGE)
async def show_destinations(call: Call, tx: Tx) -> Answer:
    """Show the channels that take posts."""
    return await _page(call, tx)


@change(DESTINATIONS, permission=MANAGE, transaction="none")
async def add_destination(form: NewDestination, call: Call, actor: Actor, house: House) -> Answer:
    """Let a channel take posts."""
    place = place_of(call)
    try:
        await posting.add_destination(
            house.database,
            house.directory,
            actor,
            guild_id=place.guild_id,
            channel_id=snowflake(form.channel),
            now=house.clock.now(),
        )
    except (BotMayNotPost, NotAPostChannel, TooManyDestinations) as error:
        async with house.database.read() as tx:
            return await _page(call, tx, error=error)
    return redirect(told(_path(place), "destination-saved"))


@change(DESTINATION, permission=MANAGE)
async def save_destination(
    destination_id: str, form: DestinationForm, call: Call, tx: Tx, actor: Actor, house: House
) -> Answer:
    """Choose what a channel is told."""
    place = place_of(call)
    await posting.change_destination(
        tx,
        actor,
        guild_id=place.guild_id,
        destination_id=destination_id,
        types=form.types,
        frequency=form.frequency,
        now=house.clock.now(),
    )
    return redirect(told(_path(place), "destination-saved"))


@change(DESTINATION + "/remove", permission=MANAGE)
async def remove_destination(destination_id: str, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Let a channel take no more posts."""
    place = place_of(call)
    await posting.remove_destination(
        tx, actor, guild_id=place.guild_id, destination_id=destination_id, now=house.clock.now()
    )
    return redirect(told(_path(place), "destination-removed"))


async def _page(call: Call, tx: Tx, *, error: GuildhallError | None = None) -> Answer:
    place = place_of(call)
    destinations = await posting.list_destinations(tx, guild_id=place.guild_id)
    names = {each.id: _name(place, each.channel_id) for each in destinations}
    given_up = await posting.posts_given_up(tx, guild_id=place.guild_id, limit=MOST_GIVEN_UP)
    return guild_page(
        call,
        "guild_destinations.html",
        await attendance.access_guild(tx, place.guild_id),
        title="Destinations",
        refusal=Refusal.of(error) if error else None,
        destinations=[(each, names[each.id]) for each in destinations],
        free=_free(place, destinations),
        given_up=[GivenUp(each, names.get(each.destination_id, "")) for each in given_up],
        types=TYPES,
        frequencies=FREQUENCIES,
    )


def _free(place: Place, destinations: list[Destination]) -> list[GuildChannel]:
    """Return the channels that could take posts and do not yet."""
    taken = {each.channel_id for each in destinations}
    return [each for each in place.channels.values() if each.kind in KINDS and each.id not in taken]


def _name(place: Place, channel_id: int) -> str:
    return f"#{place.channels[channel_id].name}" if channel_id in place.channels else place.channel_name(channel_id)


def _path(place: Place) -> str:
    return f"{place.path}/destinations"
