"""People, the names other systems know them by, and what proves who they are."""

from datetime import datetime
from enum import StrEnum

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from guildhall.core.db import JsonDoc, UtcTime, metadata, stored

users = Table(
    "users",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("alias", Text, nullable=False, unique=True),
    Column("username", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("sign_in_name", Text, unique=True),
    Column("password_hash", Text),
    Column("email", Text),
    Column("email_verified", Boolean, nullable=False),
    Column("wants_invitations", Boolean, nullable=False, server_default=false()),
    Column("wallet", Text),
    Column("disabled_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
    # Lower-cased names and address in one text; the index for searching inside words is made by the migration,
    # because the two engines have different ones.
    Column("search", Text, nullable=False),
)

identities = Table(
    "identities",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False, index=True),
    Column("created_at", UtcTime, nullable=False),
    Column("label", Text),
    Column("avatar", Text),
)

spent_states = Table(
    "spent_states",
    metadata,
    Column("state_hash", Text, primary_key=True),
    Column("expires_at", UtcTime, nullable=False),
    Index("ix_spent_states_expires_at", "expires_at"),
)

user_roles = Table(
    "user_roles",
    metadata,
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True),
    Column("role", Text, primary_key=True),
    Index("ix_user_roles_role", "role"),
)

user_grants = Table(
    "user_grants",
    metadata,
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True),
    Column("permission", Text, primary_key=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("last_seen_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("ip", Text),
    Column("user_agent", Text),
    Column("kind", Text, nullable=False, server_default="browser"),
    Column("way", Text, nullable=False, server_default="password"),
    # An ended session is kept for a while, so that its tokens can be told from those of another server.
    Column("ended_at", UtcTime),
    Index("ix_sessions_user_id_last_seen_at", "user_id", "last_seen_at"),
    Index("ix_sessions_ended_at", "ended_at"),
    Index("ix_sessions_expires_at", "expires_at"),
)

environment_accounts = Table(
    "environment_accounts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    # The password and role that the environment gave last: only what it changes is applied again.
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
)

apps = Table(
    "apps",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("secret_hash", Text, nullable=False, unique=True),
    Column("created_at", UtcTime, nullable=False),
    Column("last_used_at", UtcTime),
    Column("revoked_at", UtcTime),
    # Only the app of the command line has it: its secret is shown again, all others are readable once.
    Column("sealed_secret", Text),
    CheckConstraint("kind IN ('trusted', 'device')", name="kind"),
    Index(
        "ix_apps_created_at",
        "created_at",
        "id",
        sqlite_where=text("revoked_at IS NULL"),
        postgresql_where=text("revoked_at IS NULL"),
    ),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("key_hash", Text, nullable=False, unique=True),
    Column("preview", Text, nullable=False),
    Column("permissions", JsonDoc, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("last_used_at", UtcTime),
    Column("revoked_at", UtcTime),
)

master_key = Table(
    "master_key",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key_hash", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    CheckConstraint("id = 1", name="only_one"),
)

sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("window_ends_at", UtcTime, nullable=False),
    Index("ix_sign_in_attempts_window_ends_at", "window_ends_at"),
)

calendar_feeds = Table(
    "calendar_feeds",
    metadata,
    Column("user_id", Text, ForeignKey("users.id"), primary_key=True),
    Column("token_hash", Text, nullable=False),
    Column("sealed_token", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("token_hash"),
)

user_tokens = Table(
    "user_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("app_id", Text, ForeignKey("apps.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("created_at", UtcTime, nullable=False),
    Column("last_used_at", UtcTime),
    Column("revoked_at", UtcTime),
    Index("ix_user_tokens_user_id_created_at", "user_id", "created_at"),
)

device_logins = Table(
    "device_logins",
    metadata,
    Column("id", Text, primary_key=True),
    Column("device_hash", Text, nullable=False, unique=True),
    Column("user_code", Text, nullable=False),
    Column("app_id", Text, ForeignKey("apps.id"), nullable=False),
    Column("client_name", Text),
    Column("ip", Text),
    Column("state", Text, nullable=False),
    Column("user_id", Text, ForeignKey("users.id")),
    Column("interval", Integer, nullable=False),
    Column("polled_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    CheckConstraint("state IN ('pending', 'approved', 'denied', 'used', 'expired')", name="state"),
    # A code is unique among those that wait to be typed.
    Index(
        "uq_device_logins_user_code",
        "user_code",
        unique=True,
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    Index("ix_device_logins_user_code_created_at", "user_code", "created_at"),
    Index("ix_device_logins_app_id_state", "app_id", "state"),
    Index("ix_device_logins_state_expires_at", "state", "expires_at"),
    Index("ix_device_logins_expires_at", "expires_at"),
)

code_misses = Table(
    "code_misses",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id"), nullable=False),
    Column("ip", Text),
    Column("at", UtcTime, nullable=False),
    Index("ix_code_misses_user_id_at", "user_id", "at"),
    Index("ix_code_misses_ip_at", "ip", "at"),
    Index("ix_code_misses_at", "at"),
)

ADMIN_ROLES = frozenset({"admin", "super_admin"})


class User(msgspec.Struct, frozen=True):
    """One person, the same in every dialect. `alias` is the public id of the APIs, `id` stays inside."""

    seq: int
    id: str
    alias: str
    username: str
    display_name: str
    sign_in_name: str | None
    email: str | None
    email_verified: bool
    wants_invitations: bool
    wallet: str | None
    disabled_at: datetime | None
    created_at: datetime


@stored(users)
class NewUser(msgspec.Struct, frozen=True, kw_only=True):
    """A person before the database has numbered them."""

    id: str
    alias: str
    username: str
    display_name: str
    sign_in_name: str | None = None
    password_hash: str | None = None
    email: str | None = None
    email_verified: bool = False
    wallet: str | None = None
    disabled_at: datetime | None = None
    created_at: datetime
    search: str


@stored(identities)
class Identity(msgspec.Struct, frozen=True):
    """The name by which another system knows a person; `label` is how they were called there when it was linked.

    `avatar` is that system's hash of the picture that they had when they signed in last.
    """

    provider: str
    external_id: str
    user_id: str
    created_at: datetime
    label: str | None = None
    avatar: str | None = None


@stored(user_roles)
class UserRole(msgspec.Struct, frozen=True):
    """A role that a person holds."""

    user_id: str
    role: str


@stored(user_grants)
class UserGrant(msgspec.Struct, frozen=True):
    """A permission that a person holds beside those of their roles."""

    user_id: str
    permission: str


class SessionKind(StrEnum):
    """What holds a session: a browser its cookie, a program tokens."""

    BROWSER = "browser"
    PROGRAM = "program"


@stored(sessions)
class Session(msgspec.Struct, frozen=True):
    """One signed-in browser or program. Only a hash of the cookie's value is kept.

    `way` is by which the person proved who they are: "password" or "discord".
    """

    id: str
    token_hash: str
    user_id: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ip: str | None
    user_agent: str | None
    kind: SessionKind = SessionKind.BROWSER
    way: str = "password"
    ended_at: datetime | None = None


class AppKind(StrEnum):
    """Trusted apps act for people; a device app may only start device logins."""

    TRUSTED = "trusted"
    DEVICE = "device"


@stored(apps)
class App(msgspec.Struct, frozen=True):
    """A program that vouches for its users. `provider` names the system its user ids come from."""

    id: str
    name: str
    provider: str
    kind: AppKind
    secret_hash: str
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    sealed_secret: str | None = None


@stored(api_keys)
class ApiKey(msgspec.Struct, frozen=True):
    """A key that acts for its owner within the listed permissions."""

    id: str
    user_id: str
    name: str
    key_hash: str
    preview: str
    permissions: list[str]
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


@stored(user_tokens)
class UserToken(msgspec.Struct, frozen=True):
    """What a device login handed out: a program acts as its person with it."""

    id: str
    user_id: str
    app_id: str
    name: str
    token_hash: str
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


@stored(environment_accounts)
class EnvironmentAccount(msgspec.Struct, frozen=True):
    """What the environment said last of an account that it names."""

    name: str
    user_id: str
    password_hash: str
    role: str


class DeviceState(StrEnum):
    """How far a device login has come."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    USED = "used"
    EXPIRED = "expired"


@stored(device_logins)
class DeviceLogin(msgspec.Struct, frozen=True, kw_only=True):
    """A program that waits for a person to type its code. `interval` is how many seconds it waits between polls."""

    id: str
    device_hash: str
    user_code: str
    app_id: str
    client_name: str | None
    ip: str | None
    state: DeviceState = DeviceState.PENDING
    user_id: str | None = None
    interval: int
    polled_at: datetime | None = None
    created_at: datetime
    expires_at: datetime


@stored(code_misses)
class CodeMiss(msgspec.Struct, frozen=True):
    """A code that somebody typed and no device shows."""

    id: str
    user_id: str
    ip: str | None
    at: datetime


@stored(calendar_feeds)
class CalendarFeed(msgspec.Struct, frozen=True):
    """The secret address of a person's calendar: a hash to find it by, and the sealed value to show them again."""

    user_id: str
    token_hash: str
    sealed_token: str
    created_at: datetime


class Attempts(msgspec.Struct, frozen=True):
    """Sign-ins tried for a name or from an address in the present window."""

    count: int
    window_ends_at: datetime


def search_text(username: str, display_name: str, email: str | None) -> str:
    """Return the text in which a search for a person looks."""
    return " ".join(part.casefold() for part in (username, display_name, email or ""))
