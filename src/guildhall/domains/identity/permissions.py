"""Who may do what: permissions of roles, and the ceiling of each credential.

A person's permissions are those of their roles and their grants. A credential never lends more than its ceiling
allows, whoever holds it; a dialect may narrow it further by the credentials its routes accept.
"""

from collections.abc import Iterable
from enum import StrEnum

from guildhall.core.actor import Credential


class Permission(StrEnum):
    """What a route may ask for. PUBLIC is held by everybody and is said aloud."""

    PUBLIC = "public"
    READ_HUB = "hub.read"
    BOOK_ROOMS = "rooms.book"
    MANAGE_ROOMS = "rooms.manage"
    SIGN_UP = "shifts.sign_up"
    REWARD = "shifts.reward"
    SEE_LEDGER = "ledger.see"
    USE_ACTIONS = "actions.use"
    OWN_PROFILE = "profile.own"
    DEVICE_LOGIN = "device.log_in"
    APPROVE_DEVICE = "device.approve"
    MANAGE_PEOPLE = "people.manage"
    MANAGE_APPS = "apps.manage"
    MANAGE_GUILDS = "guilds.manage"
    USE_PANEL = "panel.use"
    SEE_AUDIT = "audit.see"
    MANAGE_JOBS = "jobs.manage"
    MANAGE_SYSTEM = "system.manage"


MEMBER = frozenset(
    {
        Permission.PUBLIC,
        Permission.READ_HUB,
        Permission.BOOK_ROOMS,
        Permission.SIGN_UP,
        Permission.USE_ACTIONS,
        Permission.OWN_PROFILE,
        Permission.APPROVE_DEVICE,
        Permission.DEVICE_LOGIN,
        # In which guilds, Discord decides.
        Permission.MANAGE_GUILDS,
        Permission.USE_PANEL,
    }
)
EVERYTHING = frozenset(Permission)
# Tokens are given by those whom the house made minters, and by nobody because of another role.
ADMINISTRATOR = EVERYTHING - {Permission.REWARD}

OF_ROLE: dict[str, frozenset[Permission]] = {
    "super_admin": ADMINISTRATOR,
    "admin": ADMINISTRATOR,
    "minter": MEMBER | {Permission.REWARD, Permission.SEE_LEDGER},
    "moderator": MEMBER | {Permission.SEE_AUDIT},
}
"""Roles that carry more than membership; any other role is a label."""

CEILING: dict[Credential, frozenset[Permission]] = {
    Credential.NONE: frozenset({Permission.PUBLIC}),
    Credential.MASTER_KEY: EVERYTHING
    - {
        Permission.OWN_PROFILE,
        Permission.BOOK_ROOMS,
        Permission.SIGN_UP,
        Permission.APPROVE_DEVICE,
        Permission.REWARD,
        Permission.USE_PANEL,
    },
    Credential.MASTER_KEY_FOR_USER: EVERYTHING - {Permission.USE_PANEL},
    Credential.APP_SECRET: frozenset(
        {Permission.PUBLIC, Permission.READ_HUB, Permission.USE_ACTIONS, Permission.DEVICE_LOGIN}
    ),
    Credential.APP_SECRET_FOR_USER: EVERYTHING - {Permission.USE_PANEL, Permission.MANAGE_APPS},
    Credential.API_KEY: EVERYTHING - {Permission.USE_PANEL, Permission.MANAGE_APPS, Permission.MANAGE_SYSTEM},
    Credential.SESSION: EVERYTHING,
    # A stolen token must not make further ones.
    Credential.TOKEN: EVERYTHING - {Permission.USE_PANEL, Permission.MANAGE_APPS, Permission.APPROVE_DEVICE},
}


def permissions_of(
    credential: Credential, roles: Iterable[str] = (), grants: Iterable[str] = ()
) -> frozenset[Permission]:
    """Return what a person with these roles and grants may do through this credential."""
    held = MEMBER.union(*(OF_ROLE.get(role, frozenset()) for role in roles))
    known = {Permission(grant) for grant in grants if grant in Permission.__members__.values()}
    return (held | known) & CEILING[credential]
