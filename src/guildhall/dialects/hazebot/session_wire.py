"""What is told of a session: who somebody is, what they may do, until when."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec

from guildhall.domains.identity.community import Arrival, CommunityRole, Entry
from guildhall.web.bodies import Body

Permissions = list[str]


class LoginRequest(Body, frozen=True, kw_only=True):
    """A name and a password."""

    username: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class SecretRequest(Body, frozen=True, kw_only=True):
    """What a monitoring service shows."""

    secret: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class LoginResult(msgspec.Struct, frozen=True, kw_only=True):
    """A token, and who has it."""

    token: str
    user: str
    role: CommunityRole
    discord_id: str
    permissions: Permissions
    user_id: str
    role_name: str
    auth_type: str
    expires_at: str

    @classmethod
    def of(cls, entry: Entry) -> "LoginResult":
        """Show what somebody gets who signs in."""
        return cls(**_told(entry), auth_type=entry.caller.auth_type)


class RefreshResult(LoginResult, frozen=True, kw_only=True):
    """A fresh token, and who has it."""

    @classmethod
    def renewed(cls, entry: Entry, permissions: Permissions) -> "RefreshResult":
        """Show what somebody gets for a token that still counts."""
        return cls(**{**_told(entry), "permissions": permissions}, auth_type="refreshed")


class DiscordUser(msgspec.Struct, frozen=True):
    """Somebody as Discord knows them."""

    id: str
    username: str
    global_name: str | None
    avatar: str | None


class OAuthResult(LoginResult, frozen=True, kw_only=True):
    """A token, and who has it at Discord."""

    discord_user: DiscordUser

    @classmethod
    def arrived(cls, entry: Entry, arrival: Arrival) -> "OAuthResult":
        """Show what somebody gets who comes from Discord."""
        account = arrival.account
        user = DiscordUser(str(account.id), account.username, account.display_name, account.avatar)
        return cls(**_told(entry), auth_type=entry.caller.auth_type, discord_user=user)


class TokenState(msgspec.Struct, frozen=True, kw_only=True):
    """A token that is valid now."""

    valid: bool = True
    user: str
    role: CommunityRole
    expires_at: str


class CurrentSession(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is signed in."""

    user: str
    discord_id: str
    role: CommunityRole
    role_name: str
    permissions: Permissions
    auth_type: str
    avatar_url: str | None
    user_id: str
    username: str
    global_name: str | None
    roles: list[CommunityRole]
    session_id: str
    expires_at: str


class LoggedOut(msgspec.Struct, frozen=True):
    """The session is over."""

    message: str = "Logged out successfully"
    success: bool = True


class MonitoringToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token of a monitoring service."""

    token: str
    expires: str
    expires_in_days: int = 90
    permissions: Permissions
    note: str = "Send it as bearer token. Another API_MONITORING_SECRET ends it."


class Pong(msgspec.Struct, frozen=True, kw_only=True):
    """The token counts, and the session goes on."""

    success: bool = True
    message: str = "pong"
    your_username: str
    your_role: CommunityRole
    your_session_id: str
    your_permissions: Permissions
    timestamp: str


class AuthUrl(msgspec.Struct, frozen=True):
    """Where to go to sign in with Discord, and for how many seconds that counts."""

    auth_url: str
    platform: Literal["web", "android", "ios", "analytics"]
    expires_in: int


def second(moment: datetime) -> str:
    """Write an instant to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _told(entry: Entry) -> dict[str, Any]:
    caller = entry.caller
    return {
        "token": entry.token,
        "user": caller.name,
        "role": caller.role,
        "discord_id": caller.shown_discord_id,
        "permissions": caller.shown_permissions,
        "user_id": caller.person_id,
        "role_name": caller.role.title(),
        "expires_at": second(caller.expires_at),
    }
