"""Who may do what: permissions of roles, and the ceiling of each credential.

A person's permissions are those of their roles and their grants. A credential never lends more than its ceiling
allows, whoever holds it; a dialect may narrow it further by the credentials its routes accept.
"""

from collections.abc import Iterable, Set as AbstractSet
from enum import StrEnum

from guildhall.core.actor import Credential


class Permission(StrEnum):
    """What a route may ask for. PUBLIC is everybody's and is said aloud; RULE_DESK makes a super admin."""

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
    VIEW_DESK = "desk.view"
    RULE_DESK = "desk.rule"
    VIEW_TICKETS = "tickets.view"
    MANAGE_TICKETS = "tickets.manage"
    MANAGE_BOT = "bot.manage"
    MANAGE_CONFIG = "config.manage"
    MANAGE_DESK_KEYS = "desk_keys.manage"
    MANAGE_DESK_GRANTS = "desk_grants.manage"
    MANAGE_CATEGORIES = "categories.manage"
    MANAGE_SNIPPETS = "snippets.manage"
    MANAGE_BLOCKS = "blocks.manage"
    VIEW_BANS = "bans.view"
    INTEGRATION_READ = "integration.read"
    INTEGRATION_CREATE = "integration.create"
    INTEGRATION_UPDATE = "integration.update"
    OWN_TICKETS = "tickets.own"
    LIST_TICKETS = "tickets.list"
    DELETE_TICKETS = "tickets.delete"
    USE_COMMUNITY = "community.use"
    SEE_PEOPLE = "people.see"
    DISABLE_PEOPLE = "people.disable"
    SEE_ANALYTICS = "analytics.see"
    SEE_ANALYTICS_IN_FULL = "analytics.see_in_full"
    RESET_ANALYTICS = "analytics.reset"
    SEE_SERVER = "server.see"
    CHANGE_SERVER = "server.change"


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
INTEGRATION = frozenset({Permission.INTEGRATION_READ, Permission.INTEGRATION_CREATE, Permission.INTEGRATION_UPDATE})
"""What other systems may do with tickets; no person has it."""

COMMUNITY = frozenset(
    {
        Permission.OWN_TICKETS,
        Permission.LIST_TICKETS,
        Permission.DELETE_TICKETS,
        Permission.USE_COMMUNITY,
        Permission.SEE_PEOPLE,
        Permission.DISABLE_PEOPLE,
        Permission.SEE_ANALYTICS,
        Permission.SEE_ANALYTICS_IN_FULL,
        Permission.RESET_ANALYTICS,
        Permission.SEE_SERVER,
        Permission.CHANGE_SERVER,
    }
)
"""What a role in the community opens, to its tokens alone; see `community.roles`."""

PERSONAL = EVERYTHING - INTEGRATION - COMMUNITY
DESK = frozenset(
    {
        Permission.VIEW_DESK,
        Permission.VIEW_TICKETS,
        Permission.MANAGE_TICKETS,
        Permission.MANAGE_BOT,
        Permission.MANAGE_CONFIG,
        Permission.MANAGE_DESK_KEYS,
        Permission.MANAGE_DESK_GRANTS,
        Permission.MANAGE_CATEGORIES,
        Permission.MANAGE_SNIPPETS,
        Permission.MANAGE_BLOCKS,
        Permission.VIEW_BANS,
        Permission.SEE_AUDIT,
    }
)
"""What is given at the front desk, to people and to roles of the staff server. Who holds RULE_DESK holds all of it."""

# Tokens are given by those whom the house made minters, and by nobody because of another role.
ADMINISTRATOR = PERSONAL - {Permission.REWARD}

OF_ROLE: dict[str, frozenset[Permission]] = {
    "super_admin": ADMINISTRATOR,
    "admin": ADMINISTRATOR,
    "minter": MEMBER | {Permission.REWARD, Permission.SEE_LEDGER},
    "moderator": MEMBER | {Permission.SEE_AUDIT},
}
"""Roles that carry more than membership; any other role is a label."""

CEILING: dict[Credential, frozenset[Permission]] = {
    Credential.NONE: frozenset({Permission.PUBLIC}),
    Credential.MASTER_KEY: PERSONAL
    - {
        Permission.OWN_PROFILE,
        Permission.BOOK_ROOMS,
        Permission.SIGN_UP,
        Permission.APPROVE_DEVICE,
        Permission.REWARD,
        Permission.USE_PANEL,
    },
    Credential.MASTER_KEY_FOR_USER: PERSONAL - {Permission.USE_PANEL},
    Credential.APP_SECRET: frozenset(
        {Permission.PUBLIC, Permission.READ_HUB, Permission.USE_ACTIONS, Permission.DEVICE_LOGIN}
    ),
    Credential.APP_SECRET_FOR_USER: PERSONAL - {Permission.USE_PANEL, Permission.MANAGE_APPS},
    Credential.API_KEY: PERSONAL - {Permission.USE_PANEL, Permission.MANAGE_APPS, Permission.MANAGE_SYSTEM},
    Credential.SESSION: PERSONAL,
    # A stolen token must not make further ones.
    Credential.TOKEN: (PERSONAL | COMMUNITY)
    - {Permission.USE_PANEL, Permission.MANAGE_APPS, Permission.APPROVE_DEVICE},
    Credential.INTEGRATION_KEY: INTEGRATION | {Permission.PUBLIC},
    # Whom Discord vouches for, when they use a command there.
    Credential.DISCORD: DESK | {Permission.PUBLIC, Permission.RULE_DESK},
}


def permissions_of(
    credential: Credential, roles: Iterable[str] = (), grants: Iterable[str] = ()
) -> frozenset[Permission]:
    """Return what a person with these roles and grants may do through this credential."""
    held = MEMBER.union(*(OF_ROLE.get(role, frozenset()) for role in roles))
    known = {Permission(grant) for grant in grants if grant in Permission.__members__.values()}
    return lent(credential, held | known)


def lent(credential: Credential, held: AbstractSet[Permission]) -> frozenset[Permission]:
    """Return what a credential opens for whoever holds these permissions, and what follows from them."""
    followed = set(held)
    if Permission.RULE_DESK in held:
        followed |= DESK
    if Permission.MANAGE_TICKETS in held:
        followed.add(Permission.VIEW_TICKETS)
    if followed & DESK:
        followed.add(Permission.VIEW_DESK)
    return frozenset(followed) & CEILING[credential]
