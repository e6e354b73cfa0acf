"""The channels that take posts: adding, changing, removing, and whether the bot may post there at all."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from msgspec.structs import replace
from sqlalchemy import bindparam, delete, update

from guildhall.core import ids
from guildhall.core.actor import Actor
from guildhall.core.db import Database, Tx, command
from guildhall.domains import audit
from guildhall.domains.attendance.directory import EMBED_LINKS, SEND_MESSAGES, VIEW_CHANNEL, GuildDirectory
from guildhall.domains.attendance.models import Guild
from guildhall.domains.attendance.policy import access_guild, access_guild_to_change
from guildhall.domains.attendance.posting.errors import (
    BotMayNotPost,
    DestinationNotFound,
    NotAPostChannel,
    TooManyDestinations,
)
from guildhall.domains.attendance.posting.models import (
    MOST_DESTINATIONS,
    Destination,
    Frequency,
    LogType,
    LogTypes,
    Post,
    attendance_destinations,
)
from guildhall.domains.attendance.posting.queries import (
    DESTINATION,
    DESTINATION_OF_CHANNEL,
    DESTINATIONS,
    GIVEN_UP,
)
from guildhall.domains.attendance.posting.queueing import queue_settings
from guildhall.domains.attendance.posting.recurring import next_board

POST_KINDS: Final = frozenset({"text", "announcement"})
NEEDED: Final = VIEW_CHANNEL | SEND_MESSAGES | EMBED_LINKS

_destination = attendance_destinations.c.id == bindparam("destination")
CHANGE = command(
    update(attendance_destinations)
    .where(_destination)
    .values(types=bindparam("new_types"), frequency=bindparam("new_frequency"), board_due_at=bindparam("due"))
)
# The posts for it go with it.
REMOVE = command(
    delete(attendance_destinations).where(
        attendance_destinations.c.guild_id == bindparam("guild_id"), attendance_destinations.c.id == bindparam("id")
    )
)
RETIME = command(update(attendance_destinations).where(_destination).values(board_due_at=bindparam("due")))


async def list_destinations(tx: Tx, *, guild_id: int) -> list[Destination]:
    """Return a guild's destinations in order of addition."""
    return await tx.all(DESTINATIONS, guild_id=guild_id)


async def posts_given_up(tx: Tx, *, guild_id: int, limit: int = 50) -> list[Post]:
    """Return the posts of a guild that no channel took, the newest first, as long as they are kept."""
    return await tx.all(GIVEN_UP, guild_id=guild_id, limit=limit)


async def add_destination(
    database: Database,
    directory: GuildDirectory,
    actor: Actor,
    *,
    guild_id: int,
    channel_id: int,
    types: Mapping[LogType, bool] | None = None,
    frequency: Frequency = Frequency.OFF,
    now: datetime,
) -> Destination:
    """See that a channel may take posts, then let it, as `put_destination` does.

    Discord is asked between transactions, so that nobody waits for it. Raises what both raise.
    """
    await check_new_destination(database, directory, guild_id=guild_id, channel_id=channel_id)
    async with database.write() as tx:
        return await put_destination(
            tx, actor, guild_id=guild_id, channel_id=channel_id, types=types, frequency=frequency, now=now
        )


async def check_new_destination(
    database: Database, directory: GuildDirectory, *, guild_id: int, channel_id: int
) -> None:
    """See that a channel may take posts; one that does already is not asked about again. Raises as `check_channel`."""
    async with database.read() as tx:
        known = await tx.one(DESTINATION_OF_CHANNEL, guild_id=guild_id, channel_id=channel_id)
    if known is None:
        await check_channel(directory, guild_id=guild_id, channel_id=channel_id)


async def put_destination(
    tx: Tx,
    actor: Actor,
    *,
    guild_id: int,
    channel_id: int,
    types: Mapping[LogType, bool] | None = None,
    frequency: Frequency = Frequency.OFF,
    now: datetime,
) -> Destination:
    """Let a channel that was checked take posts; one that does already stays as it is. `types` turns some on or off.

    Raises GuildNotSeen, TooManyDestinations.
    """
    guild = await access_guild_to_change(tx, guild_id)
    there = await tx.all(DESTINATIONS, guild_id=guild_id)
    for destination in there:
        if destination.channel_id == channel_id:
            return destination
    if len(there) >= MOST_DESTINATIONS:
        raise TooManyDestinations
    wanted = _turned(LogTypes(), types or {})
    destination = Destination(
        id=ids.uuid(),
        guild_id=guild_id,
        channel_id=channel_id,
        types=wanted,
        frequency=frequency,
        board_due_at=next_board(guild.schedule, wanted, frequency, now),
        added_at=now,
        added_by=actor.user_id,
    )
    await tx.insert(destination)
    await _write_down(tx, actor, guild, None, destination, now)
    return destination


async def check_channel(directory: GuildDirectory, *, guild_id: int, channel_id: int) -> None:
    """See that a channel is one for posts, and that the bot may post there.

    Raises NotAPostChannel, BotMayNotPost, BotNotInGuild, DiscordUnavailable.
    """
    channels = await directory.channels(guild_id)
    channel = next((each for each in channels if each.id == channel_id), None)
    if channel is None or channel.kind not in POST_KINDS:
        raise NotAPostChannel
    guild, own_id = await directory.guild(guild_id), await directory.own_id()
    roles = await directory.roles_of_member(guild_id, own_id)
    if guild.permissions_in(channel, own_id, roles) & NEEDED != NEEDED:
        raise BotMayNotPost


async def change_destination(
    tx: Tx,
    actor: Actor,
    *,
    guild_id: int,
    destination_id: str,
    types: Mapping[LogType, bool] | None = None,
    frequency: Frequency | None = None,
    now: datetime,
) -> Destination:
    """Turn some types of posts on or off, or choose how often the board comes, from now on.

    Raises GuildNotSeen, DestinationNotFound.
    """
    guild = await access_guild_to_change(tx, guild_id)
    before = await tx.one(DESTINATION, guild_id=guild_id, id=destination_id)
    if before is None:
        raise DestinationNotFound
    wanted, often = _turned(before.types, types or {}), frequency or before.frequency
    if (wanted, often) == (before.types, before.frequency):
        return before
    after = replace(before, types=wanted, frequency=often, board_due_at=next_board(guild.schedule, wanted, often, now))
    await tx.run(CHANGE, destination=before.id, new_types=wanted, new_frequency=often.value, due=after.board_due_at)
    await _write_down(tx, actor, guild, before, after, now)
    return after


async def remove_destination(tx: Tx, actor: Actor, *, guild_id: int, destination_id: str, now: datetime) -> None:
    """Let a channel take no more posts; those that wait for it are dropped.

    Raises GuildNotSeen, DestinationNotFound.
    """
    guild = await access_guild_to_change(tx, guild_id)
    before = await tx.one(DESTINATION, guild_id=guild_id, id=destination_id)
    if before is None:
        raise DestinationNotFound
    await tx.run(REMOVE, guild_id=guild_id, id=destination_id)
    await _write_down(tx, actor, guild, before, None, now)


async def retime_boards(tx: Tx, *, guild_id: int, now: datetime) -> None:
    """Let the boards of a guild come when its new schedule says. Raises GuildNotSeen."""
    guild = await access_guild(tx, guild_id)
    for each in await tx.all(DESTINATIONS, guild_id=guild_id):
        due = next_board(guild.schedule, each.types, each.frequency, now)
        await tx.run(RETIME, destination=each.id, due=due)


def _turned(types: LogTypes, changes: Mapping[LogType, bool]) -> LogTypes:
    return replace(types, **{kind.value: wanted for kind, wanted in changes.items()})


async def _write_down(
    tx: Tx, actor: Actor, guild: Guild, before: Destination | None, after: Destination | None, now: datetime
) -> None:
    old, new = _told(before), _told(after)
    await audit.record(tx, actor, "attendance.destination", str(guild.guild_id), now=now, old=old, new=new)
    await queue_settings(tx, actor, guild_id=guild.guild_id, what="destination", old=old, new=new, now=now)
    tx.announce("attendance", guild_id=str(guild.guild_id))


def _told(destination: Destination | None) -> dict[str, object] | None:
    if destination is None:
        return None
    wanted = [kind.value for kind in LogType if destination.types.wants(kind)]
    return {"channel": str(destination.channel_id), "types": wanted, "frequency": destination.frequency.value}
