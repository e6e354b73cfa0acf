"""The staff's server as Discord's REST API tells of it at the moment."""

from collections.abc import Callable
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec

from guildhall.adapters.discord_rest import DiscordRest
from guildhall.domains.attendance.directory import ADMINISTRATOR
from guildhall.domains.attendance.errors import BotNotInGuild, DiscordUnavailable
from guildhall.domains.identity.desk import StaffMember, StaffRole, Standing
from guildhall.domains.identity.desk.errors import NoStaffServer, StaffServerAway
from guildhall.domains.identity.desk.port import NOBODY

T = TypeVar("T")

MOST: Final = 1000
"""Members that Discord lists at once."""


class _Role(msgspec.Struct):
    id: str
    name: str
    position: int
    color: int = 0


class _User(msgspec.Struct):
    id: str
    username: str
    discriminator: str = "0"
    global_name: str | None = None
    avatar: str | None = None


class _Member(msgspec.Struct):
    user: _User
    roles: list[str]
    nick: str | None = None

    def shown(self) -> StaffMember:
        return StaffMember(
            int(self.user.id),
            self.user.username,
            self.nick or self.user.global_name or self.user.username,
            self.user.discriminator,
            self.user.avatar,
            tuple(map(int, self.roles)),
        )


class DiscordStaff:
    """The `StaffServer` of the guild that `guild_now` returns, which the bot is in; 0 is none."""

    def __init__(self, discord: DiscordRest, guild_now: Callable[[], int]) -> None:
        self._discord = discord
        self._guild_now = guild_now

    @property
    def guild_id(self) -> int:
        """The guild's id, 0 for none."""
        return self._guild_now()

    async def standing_of(self, discord_id: int) -> Standing:
        """Return how somebody stands, NOBODY for whoever is not there. Raises NoStaffServer, StaffServerAway."""
        guild_id = self.guild_id
        if not guild_id:
            raise NoStaffServer
        try:
            guild = await self._discord.guild(guild_id)
            member = await self._discord.read(f"/guilds/{guild_id}/members/{discord_id}", _Member)
        except BotNotInGuild as fault:
            raise NoStaffServer from fault
        except DiscordUnavailable as fault:
            raise _away(fault) from fault
        if member is None:
            return NOBODY
        held = frozenset({guild.id, *map(int, member.roles)})
        administers = guild.owner_id == discord_id or bool(guild.permissions_of(held) & ADMINISTRATOR)
        return Standing(held, administers)

    async def members(self, *, after: int, limit: int) -> list[StaffMember]:
        """Return up to 1000 members by id, from beyond `after`. Raises NoStaffServer, StaffServerAway."""
        return await self._members(f"?limit={limit}&after={after}")

    async def members_named(self, beginning: str) -> list[StaffMember]:
        """Return members, 1000 at most, one of whose names begins so, by id. Raises NoStaffServer, StaffServerAway."""
        return await self._members(f"/search?limit={MOST}&query={quote(beginning, safe='')}")

    async def roles(self) -> list[StaffRole]:
        """Return the roles, highest first. Raises NoStaffServer, StaffServerAway."""
        found = await self._listed("/roles", list[_Role])
        if found is None:
            raise NoStaffServer
        roles = [StaffRole(int(each.id), each.name, each.color, each.position) for each in found]
        return sorted(roles, key=lambda each: (-each.position, each.id))

    async def avatar_of(self, discord_id: int) -> str | None:
        """Return Discord's hash of anybody's picture, None for whoever has none. Raises StaffServerAway."""
        user = await self._read(f"/users/{discord_id}", _User)
        return user.avatar if user else None

    async def _members(self, query: str) -> list[StaffMember]:
        found = await self._listed(f"/members{query}", list[_Member])
        if found is None:
            await self.roles()
            raise StaffServerAway("Discord lists no members to a bot that lacks the Server Members intent")
        return sorted((each.shown() for each in found), key=lambda each: each.id)

    async def _listed(self, place: str, kind: type[T]) -> T | None:
        guild_id = self.guild_id
        return await self._read(f"/guilds/{guild_id}{place}", kind) if guild_id else None

    async def _read(self, path: str, kind: type[T]) -> T | None:
        try:
            return await self._discord.read(path, kind)
        except DiscordUnavailable as fault:
            raise _away(fault) from fault


def _away(fault: DiscordUnavailable) -> StaffServerAway:
    return StaffServerAway(fault.message, retry_after=int(str(fault.details["retry_after"])))
