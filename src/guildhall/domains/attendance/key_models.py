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
