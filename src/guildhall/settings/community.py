"""Settings of the community's apps: their tokens, and the accounts that the environment names."""

from dataclasses import dataclass, field
from typing import Literal

from guildhall.settings.declaring import setting


@dataclass(frozen=True, kw_only=True)
class NamedAccount:
    """An account that the environment names; `role` is admin, moderator or lootling."""

    name: str
    password: str = field(repr=False)
    role: str


@dataclass(frozen=True, kw_only=True)
class CommunitySettings:
    """Sign-in of the community's apps, and the tokens they get."""

    jwt_secret: str = setting(
        "JWT_SECRET", default="", secret=True, help="Key that tokens are signed with; SECRET_KEY when unset."
    )
    token_days: int = setting("TOKEN_DAYS", default=7, help="Days that a token is valid, 1 to 7.")
    extra_users: str = setting(
        "API_EXTRA_USERS",
        default="",
        secret=True,
        help="Accounts that are kept as this says at every start: `name:password`, by comma; no commas in passwords.",
    )
    extra_role: Literal["admin", "moderator", "lootling"] = setting(
        "API_EXTRA_USERS_ROLE", default="moderator", help="Role of these accounts."
    )
    extra_roles: tuple[str, ...] = setting(
        "API_EXTRA_USERS_ROLES", default=(), help="Roles of single ones: `name=admin`, by comma."
    )
    monitoring_secret: str = setting(
        "API_MONITORING_SECRET",
        default="",
        secret=True,
        help="What a monitoring service shows to get a token of 90 days; another secret ends these, none forbids them.",
    )
    staff_menu_hint: bool = setting(
        "HAZEBOT_STAFF_MENU_HINT",
        default=True,
        help="Whether older apps are told to show moderators the menu of staff; it opens nothing.",
    )
    oauth_bind: bool = setting(
        "HAZEBOT_OAUTH_BIND",
        default=True,
        help="Whether only the browser that began to sign in with Discord may finish; off for apps on another site.",
    )
    legacy_mobile_state: bool = setting(
        "HAZEBOT_LEGACY_MOBILE_STATE",
        default=True,
        help="Whether the app for Android may sign in with the bare state `mobile`, as older ones do.",
    )
    socket_rest_grant: bool = setting(
        "HAZEBOT_SOCKET_REST_GRANT",
        default=False,
        help="Whether apps on phones, whose sockets show no token, may follow a ticket whose messages were read with a "
        "token from the same address in the last ten minutes.",
    )
    frontend_url: str = setting(
        "DISCORD_OAUTH_FRONTEND_URL",
        default="",
        help="Where people go on to, with their token, who signed in with Discord on the web; the panel when unset.",
    )
    analytics_url: str = setting(
        "DISCORD_OAUTH_ANALYTICS_URL", default="", help="The same for the analytics page; the panel when unset."
    )
    ios_url: str = setting("OAUTH_IOS_URL", default="hazebot://oauth", help="The same for the app on iOS.")

    def accounts(self) -> tuple[NamedAccount, ...]:
        """Return the further accounts. Raises ValueError, which says what is wrong without telling a password."""
        roles = dict(_pair(each, "=", "API_EXTRA_USERS_ROLES") for each in self.extra_roles)
        pairs = [_pair(each, ":", "API_EXTRA_USERS") for each in self.extra_users.split(",") if each.strip()]
        names = [name.casefold() for name, _ in pairs]
        if len(set(names)) < len(names):
            raise ValueError("API_EXTRA_USERS: names somebody twice")
        for name, role in roles.items():
            if name.casefold() not in names:
                raise ValueError(f"API_EXTRA_USERS_ROLES: {name!r} is not in API_EXTRA_USERS")
            if role not in ("admin", "moderator", "lootling"):
                raise ValueError(f"API_EXTRA_USERS_ROLES: {role!r} is none of admin, moderator, lootling")
        given = {name.casefold(): role for name, role in roles.items()}
        return tuple(
            NamedAccount(name=name, password=password, role=given.get(name.casefold(), self.extra_role))
            for name, password in pairs
        )


def _pair(text: str, sign: str, variable: str) -> tuple[str, str]:
    name, found, value = text.strip().partition(sign)
    if not (found and name.strip() and value):
        raise ValueError(f"{variable}: must be a list of name{sign}value by comma")
    return name.strip(), value
