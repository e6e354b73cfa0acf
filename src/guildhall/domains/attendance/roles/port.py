"""What verified roles ask of Discord; an adapter fulfils it."""

from datetime import timedelta
from typing import Protocol

from guildhall.domains.attendance.directory import GuildDirectory, GuildMember
from guildhall.domains.attendance.roles.hierarchy import Standing


class RoleDesk(GuildDirectory, Protocol):
    """Where roles are given and taken back. Giving twice is giving once.

    Everything raises NotMember, BotNotInGuild, DiscordUnavailable. To give and to take also raise RoleRefused, and
    return for how long Discord wants to be left alone before the next.
    """

    async def member(self, guild_id: int, user_id: int) -> GuildMember:
        """Return a member as they are at this moment."""

    async def give_role(self, guild_id: int, user_id: int, role_id: int, *, reason: str) -> timedelta:
        """Give a member a role; the reason goes into Discord's audit log."""

    async def take_role(self, guild_id: int, user_id: int, role_id: int, *, reason: str) -> timedelta:
        """Take a role from a member."""


async def standing_of(directory: GuildDirectory, guild_id: int) -> Standing:
    """Return the roles of a guild and the bot's place among them. Raises BotNotInGuild, DiscordUnavailable."""
    return Standing(await directory.guild(guild_id), await directory.roles_of_bot(guild_id))
