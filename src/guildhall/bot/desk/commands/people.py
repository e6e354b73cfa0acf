"""Whom a command is about, as Discord knows them."""

from typing import TYPE_CHECKING, Final

import discord

from guildhall.bot.desk.commands.errors import NobodyThere
from guildhall.domains.attendance.errors import BotNotInGuild

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot

UNKNOWN: Final = frozenset({10007, 10013})
"""What Discord says of somebody who is no member, or nobody at all."""


def guild_of(bot: "HouseBot", guild_id: int | None) -> discord.Guild:
    """Return a guild that the bot is in. Raises BotNotInGuild."""
    guild = bot.get_guild(guild_id or 0)
    if guild is None:
        raise BotNotInGuild
    return guild


async def member_of(bot: "HouseBot", guild_id: int | None, user_id: int) -> discord.Member:
    """Return a member of a guild. Raises BotNotInGuild, NobodyThere."""
    try:
        return await guild_of(bot, guild_id).fetch_member(user_id)
    except discord.NotFound as fault:
        if fault.code not in UNKNOWN:
            raise
        raise NobodyThere from None
