"""The keys of guilds, their encrypted seeds, and attempts to unlock."""

from datetime import datetime

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from guildhall.core.db import UtcTime, metadata, stored
from guildhall.domains.attendance.records import Policy

_active = text("retired_at IS NULL")

attendance_keys = Table(
    "attendance_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("retired_at", UtcTime),
    Column("previous_key_id", Text, ForeignKey("attendance_keys.id")),
    Column("cross_signature", Text),
    Index(None, "guild_id", "created_at"),
    # One active key for each guild, however many ask for one at the same time.
    Index("uq_attendance_keys_guild_id", "guild_id", unique=True, sqlite_where=_active, postgresql_where=_active),
)

# Apart from the keys, so that no read of a key can carry its seed, and so that a retired key has none.
attendance_seeds = Table(
    "attendance_seeds",
    metadata,
    Column("key_id", Text, ForeignKey("attendance_keys.id"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("memory_kib", Integer, nullable=False),
    Column("passes", Integer, nullable=False),
    Column("lanes", Integer, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

attendance_unlock_attempts = Table(
    "attendance_unlock_attempts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index(None, "guild_id", "at"),
)


@stored(attendance_keys)
class SigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """The public half of a guild's key. A retired one stays for ever, so that what it signed can be checked.

    `cross_signature` is the previous key's signature over the change to this one, when that key was unlocked.
    """

    id: str
    guild_id: int
    public_key: str
    created_at: datetime
    retired_at: datetime | None = None
    previous_key_id: str | None = None
    cross_signature: str | None = None

    @property
    def active(self) -> bool:
        """Whether the guild signs with it now."""
        return self.retired_at is None


@stored(attendance_seeds)
class SealedSeed(msgspec.Struct, frozen=True, kw_only=True):
    """A seed as it is stored: encrypted, with the parameters by which the passphrase becomes its key."""

    key_id: str
    version: int
    memory_kib: int
    passes: int
    lanes: int
    salt: bytes
    nonce: bytes
    sealed: bytes


@stored(attendance_unlock_attempts)
class UnlockAttempt(msgspec.Struct, frozen=True):
    """A passphrase that was tried and was wrong, or is being tried."""

    id: str
    guild_id: int
    at: datetime


class SigningColumns(msgspec.Struct, frozen=True, kw_only=True):
    """What a session or period has of its signing: nothing while it is open, then its bytes, then its signatures."""

    bytes_v1: bytes | None
    bytes_v2: bytes | None
    hash_v1: str | None
    hash_v2: str | None
    signature_v1: str | None
    signature_v2: str | None
    signing_key_id: str | None
    signed_at: datetime | None
    salt: bytes | None


class SessionRecord(SigningColumns, frozen=True, kw_only=True):
    """A session as its columns have it, with its signing."""

    id: str
    guild_id: int
    user_id: int
    channel_id: int
    period_id: str
    joined_at: datetime
    left_at: datetime | None
    source: str
    end_reason: str | None


class PeriodRecord(SigningColumns, frozen=True, kw_only=True):
    """A period as its columns have it, with its signing."""

    id: str
    guild_id: int
    number: int
    started_at: datetime
    ended_at: datetime | None
    entry_count: int | None
    policy: Policy | None


class Unsigned(msgspec.Struct, frozen=True):
    """A closed record that waits for its signature."""

    id: str
    closed_at: datetime
    bytes_v1: bytes
    bytes_v2: bytes
    hash_v2: str
    salt: bytes


class Pending(msgspec.Struct, frozen=True):
    """How much of a guild waits for a signature, and since when the oldest of each does."""

    sessions: int
    periods: int
    oldest_session: datetime | None = None
    oldest_period: datetime | None = None

    @property
    def oldest(self) -> datetime | None:
        """Since when anything waits."""
        waiting = [each for each in (self.oldest_session, self.oldest_period) if each is not None]
        return min(waiting, default=None)
