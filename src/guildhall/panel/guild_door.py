"""The door to a guild's pages: who may enter, and what Discord tells of the guild at this moment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from guildhall.domains import attendance, bot, identity
from guildhall.domains.attendance import GuildChannel
from guildhall.domains.attendance.errors import (
    BotNotInGuild,
    DiscordUnavailable,
    GuildNotSeen,
    NotManager,
    NotMember,
)
from guildhall.domains.identity import Permission
from guildhall.web.calls import Call
from guildhall.web.house import House

MANAGE: Final = Permission.MANAGE_GUILDS
GUILDS: Final = "/panel/guilds"
NUMBER: Final = re.compile(r"[0-9]{1,19}", re.ASCII)
LARGEST: Final = 2**63 - 1


@dataclass(frozen=True)
class Place:
    """A guild as its pages know it: its name, and its channels by id in Discord's order.

    `trouble` says in a sentence why Discord tells nothing of it now; there are no channels then.
    """

    guild_id: int
    name: str
    channels: Mapping[int, GuildChannel] = field(default_factory=dict)
    trouble: str = ""

    @property
    def path(self) -> str:
        """Where its pages are."""
        return f"{GUILDS}/{self.guild_id}"

    def channel_name(self, channel_id: int) -> str:
        """Return what a channel is called, or its number where nobody knows."""
        channel = self.channels.get(channel_id)
        return channel.name if channel else f"channel {channel_id}"


async def admit(call: Call) -> None:
    """Let in who may manage the guild of the path; its period is the present one afterwards.

    That is whom Discord says so of, and whoever runs the house. Everybody else finds no such place: GuildNotSeen.
    Raises DiscordUnavailable for those who cannot be judged now.
    """
    parts = call.request.path_params
    if call.route.permission is not MANAGE or "guild_id" not in parts:
        return
    place = await _entered(call, snowflake(parts["guild_id"]))
    house = call.house
    await attendance.enter_guild(
        house.database,
        guild_id=place.guild_id,
        tier=attendance.Tier(house.settings.attendance.default_tier),
        now=house.clock.now(),
        scene=house.scene,
    )
    call.request.scope["state"]["place"] = place


def place_of(call: Call) -> Place:
    """Return the guild that the call was let into."""
    place: Place = call.request.scope["state"]["place"]
    return place


def snowflake(text: str) -> int:
    """Return a number of Discord's that stands in an address. Raises GuildNotSeen for what can be none."""
    if not NUMBER.fullmatch(text) or not 1 <= int(text) <= LARGEST:
        raise GuildNotSeen
    return int(text)


async def discord_id_of(call: Call) -> int | None:
    """Return the id by which Discord knows whoever looks, None where they have linked no account of theirs."""
    async with call.house.database.read() as tx:
        return await identity.discord_id_of(tx, call.actor.user_id or "")


async def is_manager(house: House, *, guild_id: int, user_id: int) -> bool:
    """Tell whether somebody may manage a guild, by Discord; not where the bot is not. Raises DiscordUnavailable."""
    try:
        await attendance.check_manager(house.directory, guild_id=guild_id, user_id=user_id)
    except (BotNotInGuild, NotMember, NotManager):
        return False
    return True


async def _entered(call: Call, guild_id: int) -> Place:
    if not call.actor.may(Permission.MANAGE_SYSTEM):
        user_id = await discord_id_of(call)
        if user_id is None or not await is_manager(call.house, guild_id=guild_id, user_id=user_id):
            raise GuildNotSeen
        return await _told(call.house, guild_id)
    try:
        return await _told(call.house, guild_id)
    except (BotNotInGuild, DiscordUnavailable) as fault:
        # Whoever runs the house sees what it has stored, whatever Discord says of it.
        return await _remembered(call.house, guild_id, fault.message)


async def _told(house: House, guild_id: int) -> Place:
    guild = await house.directory.guild(guild_id)
    channels = await house.directory.channels(guild_id)
    return Place(guild_id, guild.name, {each.id: each for each in channels})


async def _remembered(house: House, guild_id: int, trouble: str) -> Place:
    async with house.database.read() as tx:
        await attendance.access_guild(tx, guild_id)
    return Place(guild_id, await name_of(house, guild_id), trouble=trouble)


async def name_of(house: House, guild_id: int) -> str:
    """Return what a guild is called, or its number where the bot has not heard its name lately."""
    names = await bot.names_of(house.cache, guild_id, [guild_id])
    return names[guild_id].shown if names else f"Guild {guild_id}"
