"""Which roles the bot may give: those below its own, where it holds Manage Roles. Pure sums, no I/O."""

from dataclasses import dataclass
from typing import Final

from guildhall.domains.attendance.directory import ADMINISTRATOR, DiscordGuild, GuildRole
from guildhall.domains.attendance.roles.errors import RoleNotGivable, RoleUnknown

MANAGE_ROLES: Final = 0x10000000

GONE: Final = "The role is gone from Discord."
NOT_GIVABLE: Final = "An integration decides who has this role."
MAY_NOT: Final = "The bot lacks the permission Manage Roles."
TOO_HIGH: Final = "The role does not stand below the bot's own: move the bot's role above it."


@dataclass(frozen=True)
class Standing:
    """A guild as Discord tells of it, and the ids of the bot's own roles there."""

    guild: DiscordGuild
    own: frozenset[int]

    @property
    def givable(self) -> list[GuildRole]:
        """The roles that people can be given at all, the highest first."""
        found = [each for each in self.guild.roles if self._is_givable(each)]
        return sorted(found, key=_height, reverse=True)

    def check_givable(self, role_id: int) -> None:
        """Refuse a role that can never be given. Raises RoleUnknown, RoleNotGivable."""
        role = self._role(role_id)
        if role is None:
            raise RoleUnknown(field="role_id")
        if not self._is_givable(role):
            raise RoleNotGivable(field="role_id")

    def problem_with(self, role_id: int) -> str | None:
        """Return why the bot may not give a role now, None when it may."""
        role = self._role(role_id)
        if role is None:
            return GONE
        if not self._is_givable(role):
            return NOT_GIVABLE
        if not self.guild.permissions_of(self.own) & (ADMINISTRATOR | MANAGE_ROLES):
            return MAY_NOT
        highest = max((_height(each) for each in self.guild.roles if each.id in self.own), default=(0, 0))
        return None if _height(role) < highest else TOO_HIGH

    def _is_givable(self, role: GuildRole) -> bool:
        return not role.managed and role.id != self.guild.id

    def _role(self, role_id: int) -> GuildRole | None:
        return next((each for each in self.guild.roles if each.id == role_id), None)


def _height(role: GuildRole) -> tuple[int, int]:
    """Return how high a role stands; of two at one position the older is higher."""
    return role.position, -role.id
