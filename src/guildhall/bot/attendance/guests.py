"""Who uses a command: in which guild they are, whether they may manage it, and what people there are called."""

import asyncio
from collections.abc import Collection

import discord

from guildhall.bot.tree import Interaction
from guildhall.domains import attendance, bot as bot_domain
from guildhall.domains.attendance.errors import BotNotInGuild
from guildhall.domains.bot import Name

MOST_ASKED = 12
"""People whose names Discord is asked for at once."""


def guild_of(interaction: Interaction) -> discord.Guild:
    """Return the guild that a command was used in. Raises BotNotInGuild."""
    guild = interaction.client.get_guild(interaction.guild_id or 0)
    if guild is None:
        raise BotNotInGuild
    return guild


async def enter(interaction: Interaction) -> int:
    """Make sure that the guild of a command is known and its period the present one. Returns its id."""
    house, guild_id = interaction.client.house, guild_of(interaction).id
    tier = attendance.Tier(house.settings.attendance.default_tier)
    await attendance.enter_guild(house.database, guild_id=guild_id, tier=tier, now=house.clock.now(), scene=house.scene)
    return guild_id


async def enter_as_manager(interaction: Interaction) -> int:
    """Do the same for somebody who may manage the guild, whatever Discord's client let them choose.

    Raises BotNotInGuild, NotMember, NotManager, DiscordUnavailable.
    """
    house, guild_id = interaction.client.house, guild_of(interaction).id
    await attendance.check_manager(house.directory, guild_id=guild_id, user_id=interaction.user.id)
    return await enter(interaction)


async def names_in(interaction: Interaction, user_ids: Collection[int]) -> dict[int, Name]:
    """Return what people are called in the guild; who is not there any more has no name."""
    cache, guild = interaction.client.house.cache, guild_of(interaction)
    known = await bot_domain.names_of(cache, guild.id, user_ids)
    missing = [each for each in user_ids if each not in known][:MOST_ASKED]
    asked = await asyncio.gather(*(_name_of(guild, each) for each in missing))
    found = {user_id: name for user_id, name in zip(missing, asked, strict=True) if name is not None}
    await bot_domain.remember_names(cache, guild.id, found)
    return known | found


async def _name_of(guild: discord.Guild, user_id: int) -> Name | None:
    try:
        member = await guild.fetch_member(user_id)
    except discord.HTTPException:
        # They left, or Discord fails: an answer without a name is better than none.
        return None
    return Name(member.display_name, member.avatar.url if member.avatar else None, member.name)
