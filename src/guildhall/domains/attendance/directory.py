"""What attendance asks Discord for, and who may manage a guild by it.

The port; an adapter fulfils it. What Discord cannot be asked for is refused and never taken from an old answer.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from guildhall.domains.attendance.errors import NotManager

ADMINISTRATOR: Final = 0x8
MANAGE_GUILD: Final = 0x20
VIEW_CHANNEL: Final = 0x400
SEND_MESSAGES: Final = 0x800
EMBED_LINKS: Final = 0x4000
EVERYTHING: Final = -1
VOICE_KINDS: Final = frozenset({"voice", "stage"})


@dataclass(frozen=True)
class GuildRole:
    """A role of a guild and the permissions that it gives.

    Those at a larger position stand higher. An integration, such as a bot, decides who has one that is `managed`.
    """

    id: int
    name: str
    permissions: int
    position: int
    managed: bool


@dataclass(frozen=True)
class Overwrite:
    """What a channel allows and denies a role or a member, whose id this is; everybody's is the guild's id."""

    id: int
    allow: int
    deny: int


@dataclass(frozen=True)
class DiscordGuild:
    """A guild that the bot is in."""

    id: int
    name: str
    owner_id: int
    roles: tuple[GuildRole, ...]

    def permissions_of(self, role_ids: Collection[int]) -> int:
        """Return what a member with these roles may do; everybody has the role whose id is the guild's."""
        held = 0
        for role in self.roles:
            if role.id == self.id or role.id in role_ids:
                held |= role.permissions
        return held

    def permissions_in(self, channel: "GuildChannel", user_id: int, role_ids: Collection[int]) -> int:
        """Return what a member with these roles may do in a channel, as Discord adds it up.

        The owner and administrators may do everything. For all others the channel's overwrites change what the guild
        gives: first that for everybody, then those of all their roles at once, of which what one allows no other
        denies, then their own.
        """
        held = self.permissions_of(role_ids)
        if user_id == self.owner_id or held & ADMINISTRATOR:
            return EVERYTHING
        for ids in ({self.id}, set(role_ids) - {self.id}, {user_id}):
            these = [each for each in channel.overwrites if each.id in ids]
            for each in these:
                held &= ~each.deny
            for each in these:
                held |= each.allow
        return held


@dataclass(frozen=True)
class GuildChannel:
    """A channel of a guild; `kind` is its type in a word, such as voice, stage or text."""

    id: int
    name: str
    kind: str
    parent_id: int | None
    position: int
    overwrites: tuple[Overwrite, ...] = ()

    @property
    def has_voice(self) -> bool:
        """Whether people can be in voice there."""
        return self.kind in VOICE_KINDS


@dataclass(frozen=True)
class GuildMember:
    """Somebody in a guild: the ids of their roles, and since when they have been there."""

    role_ids: frozenset[int]
    joined_at: datetime


@dataclass(frozen=True)
class Profile:
    """A member as others see them: their user name, what they are called in the guild, and the ids of their roles.

    `joined_at` is absent where Discord does not tell it.
    """

    username: str
    name: str
    role_ids: frozenset[int]
    is_bot: bool
    joined_at: datetime | None = None


class GuildDirectory(Protocol):
    """Guilds as Discord tells of them, not older than some seconds.

    Everything raises BotNotInGuild, and DiscordUnavailable when Discord cannot be asked.
    """

    async def own_id(self) -> int:
        """Return the id of the bot's own user."""

    async def guild(self, guild_id: int) -> DiscordGuild:
        """Return a guild."""

    async def roles_of_member(self, guild_id: int, user_id: int) -> frozenset[int]:
        """Return the ids of a member's roles. Raises NotMember."""

    async def roles_of_bot(self, guild_id: int) -> frozenset[int]:
        """Return the ids of the bot's own roles."""

    async def forget(self, guild_id: int) -> None:
        """Ask Discord anew about a guild from now on, for something in it has changed. Raises nothing."""

    async def forget_member(self, guild_id: int, user_id: int) -> None:
        """Ask Discord anew about a member from now on, for something about them has changed. Raises nothing."""

    async def name_of_member(self, guild_id: int, user_id: int) -> str:
        """Return what a member is called in the guild. Raises NotMember."""

    async def profile_of_member(self, guild_id: int, user_id: int) -> Profile:
        """Return a member as others see them. Raises NotMember."""

    async def channels(self, guild_id: int) -> list[GuildChannel]:
        """Return the channels of a guild that the bot can see, in Discord's order."""


async def check_manager(directory: GuildDirectory, *, guild_id: int, user_id: int) -> None:
    """Refuse who neither owns a guild nor is administrator nor holds Manage Server there.

    Raises BotNotInGuild, NotMember, NotManager, DiscordUnavailable.
    """
    guild = await directory.guild(guild_id)
    if user_id == guild.owner_id:
        return
    held = guild.permissions_of(await directory.roles_of_member(guild_id, user_id))
    if not held & (ADMINISTRATOR | MANAGE_GUILD):
        raise NotManager
