"""The community's sign-in: accounts with passwords, tokens, roles, and who calls with a token."""

from guildhall.domains.identity.community.callers import (
    UNLINKED,
    Caller,
    Community,
    caller_again,
    caller_with_socket_pass,
    caller_with_token,
    socket_pass,
)
from guildhall.domains.identity.community.roles import MENU_HINT, CommunityRole, permissions_of_role

__all__ = [
    "MENU_HINT",
    "UNLINKED",
    "Caller",
    "Community",
    "CommunityRole",
    "caller_again",
    "caller_with_socket_pass",
    "caller_with_token",
    "permissions_of_role",
    "socket_pass",
]
