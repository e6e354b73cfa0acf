"""Log destinations: the channels that are told what happens."""

from collections.abc import Collection, Mapping

import msgspec
from msgspec import UNSET, UnsetType

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import InvalidField, MissingField
from guildhall.dialects.attendance.guilds import GUARDED, GUILD, MANAGER, TOKEN, find_channels, guild_of
from guildhall.dialects.attendance.wire import Ok, Snowflake, SnowflakeIn, snowflake
from guildhall.domains.attendance import GuildChannel, posting
from guildhall.domains.attendance.posting import Destination, Frequency, LogType, LogTypes
from guildhall.domains.attendance.posting.errors import (
    BotMayNotPost,
    DestinationNotFound,
    NotAPostChannel,
    TooManyDestinations,
)
from guildhall.evidence.formats import instant
from guildhall.web.bodies import Body, read_body
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import route

DESTINATION = f"{GUILD}/log-destinations/{{destination_id}}"


class DestinationReply(msgspec.Struct, frozen=True, kw_only=True):
    """A channel that takes posts; its name is null when it is gone from Discord."""

    id: str
    channel_id: Snowflake
    channel_name: str | None
    types: LogTypes
    frequency: str
    last_post_at: str | None
    last_error: str | None

    @classmethod
    def of(cls, destination: Destination, channels: Collection[GuildChannel]) -> "DestinationReply":
        """Show a destination; `channels` are those that the guild has now."""
        return cls(
            id=destination.id,
            channel_id=str(destination.channel_id),
            channel_name=next((each.name for each in channels if each.id == destination.channel_id), None),
            types=destination.types,
            frequency=destination.frequency.value,
            last_post_at=instant(destination.last_post_at) if destination.last_post_at else None,
            last_error=destination.last_error,
        )


class Destinations(msgspec.Struct, frozen=True):
    """Every channel that takes posts, in order of addition."""

    destinations: list[DestinationReply]


class DestinationCreate(Body, frozen=True, kw_only=True):
    """A channel that shall take posts."""

    channel_id: SnowflakeIn
    types: dict[str, bool] | UnsetType = UNSET
    frequency: str = Frequency.OFF.value


class TypesUpdate(Body, frozen=True, kw_only=True):
    """One type of posts, or several."""

    log_type: str | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    types: dict[str, bool] | UnsetType = UNSET


class FrequencyUpdate(Body, frozen=True, kw_only=True):
    """How often the board comes."""

    frequency: str


@route("GET", f"{GUILD}/log-destinations", permission=MANAGER, accepts=TOKEN, transaction="none", refusals=GUARDED)
async def list_log_destinations(guild_id: str, house: House) -> Destinations:
    """Show the channels that take posts."""
    channels = await house.directory.channels(int(guild_id))
    async with house.database.read() as tx:
        found = await posting.list_destinations(tx, guild_id=int(guild_id))
    return Destinations([DestinationReply.of(each, channels) for each in found])


async def check_channel(call: Call) -> list[GuildChannel]:
    """See that a new channel may take posts, before a transaction holds the guild's turn. Raises as the route."""
    house, guild_id = call.house, guild_of(call)
    channel_id = snowflake(read_body(call.body, DestinationCreate).channel_id, "channel_id")
    await posting.check_new_destination(house.database, house.directory, guild_id=guild_id, channel_id=channel_id)
    return await find_channels(call)


@route(
    "POST", f"{GUILD}/log-destinations", permission=MANAGER, accepts=TOKEN, prepare=check_channel,
    refusals=(*GUARDED, MissingField, InvalidField, NotAPostChannel, BotMayNotPost, TooManyDestinations),
)  # fmt: skip
async def add_log_destination(
    guild_id: str, data: DestinationCreate, channels: list[GuildChannel], tx: Tx, actor: Actor, house: House
) -> DestinationReply:
    """Let a channel take posts; adding it again changes nothing."""
    destination = await posting.put_destination(
        tx,
        actor,
        guild_id=int(guild_id),
        channel_id=snowflake(data.channel_id, "channel_id"),
        types=None if data.types is UNSET else _types(data.types),
        frequency=_frequency(data.frequency),
        now=house.clock.now(),
    )
    return DestinationReply.of(destination, channels)


@route(
    "DELETE", DESTINATION, permission=MANAGER, accepts=TOKEN, refusals=(*GUARDED, DestinationNotFound),
)  # fmt: skip
async def remove_log_destination(guild_id: str, destination_id: str, tx: Tx, actor: Actor, house: House) -> Ok:
    """Let a channel take no more posts; what waits for it is dropped."""
    await posting.remove_destination(
        tx, actor, guild_id=int(guild_id), destination_id=destination_id.lower(), now=house.clock.now()
    )
    return Ok()


@route(
    "PATCH", f"{DESTINATION}/types", permission=MANAGER, accepts=TOKEN, prepare=find_channels,
    refusals=(*GUARDED, MissingField, InvalidField, DestinationNotFound),
)  # fmt: skip
async def update_log_types(
    guild_id: str,
    destination_id: str,
    data: TypesUpdate,
    channels: list[GuildChannel],
    tx: Tx,
    actor: Actor,
    house: House,
) -> DestinationReply:
    """Turn one type of posts on or off, or several."""
    changed = await posting.change_destination(
        tx,
        actor,
        guild_id=int(guild_id),
        destination_id=destination_id.lower(),
        types=_wanted(data),
        now=house.clock.now(),
    )
    return DestinationReply.of(changed, channels)


@route(
    "PATCH", f"{DESTINATION}/frequency", permission=MANAGER, accepts=TOKEN, prepare=find_channels,
    refusals=(*GUARDED, MissingField, InvalidField, DestinationNotFound),
)  # fmt: skip
async def update_log_frequency(
    guild_id: str,
    destination_id: str,
    data: FrequencyUpdate,
    channels: list[GuildChannel],
    tx: Tx,
    actor: Actor,
    house: House,
) -> DestinationReply:
    """Choose how often the board comes."""
    changed = await posting.change_destination(
        tx,
        actor,
        guild_id=int(guild_id),
        destination_id=destination_id.lower(),
        frequency=_frequency(data.frequency),
        now=house.clock.now(),
    )
    return DestinationReply.of(changed, channels)


def _wanted(data: TypesUpdate) -> dict[LogType, bool]:
    """Return which types are turned on or off. Raises MissingField, InvalidField."""
    wanted = {} if data.types is UNSET else _types(data.types)
    if data.log_type is not UNSET and data.enabled is not UNSET:
        wanted |= _types({data.log_type: data.enabled}, field="log_type")
    elif data.types is UNSET:
        missing = "log_type" if data.log_type is UNSET else "enabled"
        raise MissingField(f"The field '{missing}' is missing", field=missing)
    return wanted


def _types(given: Mapping[str, bool], *, field: str = "types") -> dict[LogType, bool]:
    """Return types by their names. Raises InvalidField for an unknown one, and for none at all."""
    known = {kind.value: kind for kind in LogType}
    if not given or not given.keys() <= known.keys():
        raise InvalidField(f"{field} names some of {', '.join(known)}", field=field)
    return {known[name]: wanted for name, wanted in given.items()}


def _frequency(word: str) -> Frequency:
    """Return a frequency by its name. Raises InvalidField."""
    known = {each.value: each for each in Frequency}
    if word not in known:
        raise InvalidField(f"frequency is one of {', '.join(known)}", field="frequency")
    return known[word]
