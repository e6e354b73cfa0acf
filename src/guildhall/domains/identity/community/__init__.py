"""The community's sign-in: accounts with passwords, tokens, roles, and who calls with a token."""

from guildhall.domains.identity.community.callers import (
    UNLINKED,
    Caller,
    Community,
    caller_again,
    caller_behind,
    caller_with_socket_pass,
    caller_with_token,
    look_anew,
    role_at_discord,
    role_of,
    socket_pass,
)
from guildhall.domains.identity.community.entering import (
    Arrival,
    CommunityDoor,
    Entry,
    come_in,
    log_in,
    monitoring_token,
    refresh,
)
from guildhall.domains.identity.community.environment import keep_accounts
from guildhall.domains.identity.community.roles import MENU_HINT, CommunityRole, permissions_of_role, shown_permissions

__all__ = [
    "MENU_HINT",
    "UNLINKED",
    "Arrival",
    "Caller",
    "Community",
    "CommunityDoor",
    "CommunityRole",
    "Entry",
    "caller_again",
    "caller_behind",
    "caller_with_socket_pass",
    "caller_with_token",
    "come_in",
    "keep_accounts",
    "log_in",
    "look_anew",
    "monitoring_token",
    "permissions_of_role",
    "refresh",
    "role_at_discord",
    "role_of",
    "shown_permissions",
    "socket_pass",
]
