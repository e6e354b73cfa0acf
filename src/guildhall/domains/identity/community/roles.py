"""Roles in the community, and what each may do: the whole table, without a database."""

from collections.abc import Iterable, Mapping, Set as AbstractSet
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from guildhall.domains.identity.models import ADMIN_ROLES
from guildhall.domains.identity.permissions import Permission


class CommunityRole(StrEnum):
    """What somebody is in the community. Monitoring is no person but a service that looks on."""

    ADMIN = "admin"
    MODERATOR = "moderator"
    LOOTLING = "lootling"
    MONITORING = "monitoring"

    @property
    def is_staff(self) -> bool:
        """Whether they look after others."""
        return self in (CommunityRole.ADMIN, CommunityRole.MODERATOR)


MENU_HINT: Final = "all"
"""The word by which older apps decide whether to show the menu of staff; it opens nothing."""

OWN: Final = frozenset({Permission.PUBLIC, Permission.OWN_PROFILE, Permission.OWN_TICKETS})
"""What everybody may who has an account, on the server or not."""

MEMBER: Final = OWN | {Permission.USE_COMMUNITY}
MODERATOR: Final = MEMBER | {
    Permission.VIEW_DESK,
    Permission.LIST_TICKETS,
    Permission.VIEW_TICKETS,
    Permission.MANAGE_TICKETS,
    Permission.SEE_PEOPLE,
    Permission.DISABLE_PEOPLE,
    Permission.SEE_ANALYTICS,
    Permission.SEE_SERVER,
}
ADMIN: Final = MODERATOR | {
    Permission.DELETE_TICKETS,
    Permission.MANAGE_PEOPLE,
    Permission.SEE_ANALYTICS_IN_FULL,
    Permission.RESET_ANALYTICS,
    Permission.CHANGE_SERVER,
    Permission.MANAGE_CONFIG,
    Permission.MANAGE_BOT,
    Permission.MANAGE_SYSTEM,
}
MONITORING: Final = frozenset({Permission.PUBLIC, Permission.LIST_TICKETS, Permission.SEE_ANALYTICS})

SHOWN: Final[Mapping[CommunityRole, tuple[str, ...]]] = MappingProxyType(
    {
        CommunityRole.ADMIN: ("all",),
        CommunityRole.MODERATOR: (
            "tickets",
            "tickets_read",
            "users_read",
            "users_moderate",
            "analytics_read",
            "meme_generator",
            "mod",
        ),
        CommunityRole.LOOTLING: ("tickets_own", "meme_generator"),
        CommunityRole.MONITORING: ("health_check", "ping", "analytics_read", "tickets_read"),
    }
)
"""Names for the caller's screens. They are never read back."""


def permissions_of_role(role: CommunityRole, *, is_member: bool = True) -> frozenset[Permission]:
    """Return what a role opens; a lootling who is not on the server has their own things only."""
    if role is CommunityRole.LOOTLING:
        return MEMBER if is_member else OWN
    return {CommunityRole.ADMIN: ADMIN, CommunityRole.MODERATOR: MODERATOR, CommunityRole.MONITORING: MONITORING}[role]


def shown_permissions(role: CommunityRole) -> list[str]:
    """Return the names of what a role may do, for its screens."""
    return list(SHOWN[role])


def role_given(roles: Iterable[str]) -> CommunityRole | None:
    """Return the role in the community that a person's roles in the house are, the highest of several."""
    held = set(roles)
    if held & ADMIN_ROLES:
        return CommunityRole.ADMIN
    return next((each for each in (CommunityRole.MODERATOR, CommunityRole.LOOTLING) if each in held), None)


def role_on_server(role_ids: AbstractSet[int], *, admin_role: int, moderator_role: int) -> CommunityRole:
    """Return the role that roles on the server make; an id of 0 is no role and makes nobody anything."""
    held = role_ids - {0}
    if admin_role in held:
        return CommunityRole.ADMIN
    return CommunityRole.MODERATOR if moderator_role in held else CommunityRole.LOOTLING
