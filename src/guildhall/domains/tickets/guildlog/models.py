"""How far the audit log of a guild was read, and which of its latest entries were taken in."""

from datetime import timedelta
from typing import Final

import msgspec
from sqlalchemy import BigInteger, Column, Index, Table

from guildhall.core.db import UtcTime, metadata, stored

guild_log_cursors = Table(
    "guild_log_cursors",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("begun_after", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
)

guild_log_entries = Table(
    "guild_log_entries",
    metadata,
    Column("entry_id", BigInteger, primary_key=True, autoincrement=False),
    Column("taken_at", UtcTime, nullable=False),
    Index("ix_guild_log_entries_taken_at", "taken_at"),
)
"""Entries that were taken in: the gateway tells them again after a lost connection, and REST lists them too."""

DISORDER: Final = (timedelta(minutes=1) // timedelta(milliseconds=1)) << 22
"""By how much ids may be out of order when the gateway tells of entries; they count milliseconds above bit 22."""


@stored(guild_log_cursors)
class LogCursor(msgspec.Struct, frozen=True, kw_only=True):
    """How far a log was read. What is not younger than `begun_after` is from before anybody wanted to be told."""

    guild_id: int
    begun_after: int
    last_seen: int

    @property
    def read_after(self) -> int:
        """After which entry the log is read when something may have been missed."""
        return max(self.begun_after, self.last_seen - DISORDER)
