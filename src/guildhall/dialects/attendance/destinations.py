"""Log destinations: the channels that are told what happens."""

from collections.abc import Mapping

import msgspec
from msgspec import UNSET, UnsetType

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import InvalidField, MissingField
from guildhall.dialects.attendance.guilds import GUARDED, GUILD, MANAGER, TOKEN, channel_names
from guildhall.dialects.attendance.wire import Ok, Snowflake, SnowflakeIn, snowflake
from guildhall.domains.attendance import posting
from guildhall.domains.attendance.posting import Destination, Frequency, LogType, LogTypes
from guildhall.domains.attendance.posting.errors import (
    BotMayNotPost,
    DestinationNotFound,
    NotAPostChannel,
    TooManyDestinations,
)
from guildhall.evidence.formats import instant
from guildhall.web.bodies import Body
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
    def of(cls, destination: Destination, names: Mapping[int, str]) -> "DestinationReply":
        """Show a destination."""
        return cls(
            id=destination.id,
            channel_id=str(destination.channel_id),
            channel_name=names.get(destination.channel_id),
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
    names = await channel_names(house, int(guild_id))
    async with house.database.read() as tx:
        found = await posting.list_destinations(tx, guild_id=int(guild_id))
    return Destinations([DestinationReply.of(each, names) for each in found])


@route(
    "POST", f"{GUILD}/log-destinations", permission=MANAGER, accepts=TOKEN, transaction="none",
    refusals=(*GUARDED, MissingField, InvalidField, NotAPostChannel, BotMayNotPost, TooManyDestinations),
)  # fmt: skip
async def add_log_destination(guild_id: str, data: DestinationCreate, actor: Actor, house: House) -> DestinationReply:
    """Let a channel take posts; adding it again changes nothing."""
    channel_id = snowflake(data.channel_id, "channel_id")
    destination = await posting.add_destination(
        house.database,
        house.directory,
        actor,
        guild_id=int(guild_id),
        channel_id=channel_id,
        types=None if data.types is UNSET else _types(data.types),
        frequency=_frequency(data.frequency),
        now=house.clock.now(),
    )
    return DestinationReply.of(destination, await channel_names(house, int(guild_id)))


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
    "PATCH", f"{DESTINATION}/types", permission=MANAGER, accepts=TOKEN, transaction="none",
    refusals=(*GUARDED, MissingField, InvalidField, DestinationNotFound),
)  # fmt: skip
async def update_log_types(
    guild_id: str, destination_id: str, data: TypesUpdate, actor: Actor, house: House
) -> DestinationReply:
    """Turn one type of posts on or off, or several."""
    return await _change(house, actor, guild_id, destination_id, types=_wanted(data))


@route(
    "PATCH", f"{DESTINATION}/frequency", permission=MANAGER, accepts=TOKEN, transaction="none",
    refusals=(*GUARDED, MissingField, InvalidField, DestinationNotFound),
)  # fmt: skip
async def update_log_frequency(
    guild_id: str, destination_id: str, data: FrequencyUpdate, actor: Actor, house: House
) -> DestinationReply:
    """Choose how often the board comes."""
    return await _change(house, actor, guild_id, destination_id, frequency=_frequency(data.frequency))


async def _change(
    house: House,
    actor: Actor,
    guild_id: str,
    destination_id: str,
    *,
    types: Mapping[LogType, bool] | None = None,
    frequency: Frequency | None = None,
) -> DestinationReply:
    # Discord is asked before the transaction, which holds the guild's turn, begins.
    names = await channel_names(house, int(guild_id))
    async with house.database.write() as tx:
        destination = await posting.change_destination(
            tx,
            actor,
            guild_id=int(guild_id),
            destination_id=destination_id.lower(),
            types=types,
            frequency=frequency,
            now=house.clock.now(),
        )
    return DestinationReply.of(destination, names)


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
