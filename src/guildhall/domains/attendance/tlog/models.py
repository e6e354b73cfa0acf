"""The log's key, its entries, the tiles of its tree, and every checkpoint it has signed."""

from datetime import datetime

import msgspec
from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, LargeBinary, Table, Text, text

from guildhall.core.db import UtcTime, metadata, stored

_queued = text("position IS NULL")

attendance_log_keys = Table(
    "attendance_log_keys",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    CheckConstraint("id = 1", name="single"),
)

# An entry without a position is queued. The entry stays for ever; `record_id` goes when its record is erased.
attendance_log_entries = Table(
    "attendance_log_entries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("record_id", Text, unique=True),
    Column("entry", LargeBinary, nullable=False),
    Column("position", BigInteger, unique=True),
    Index("ix_attendance_log_entries_queued", "id", sqlite_where=_queued, postgresql_where=_queued),
)

attendance_log_tiles = Table(
    "attendance_log_tiles",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("tile", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
)

# One checkpoint for each size: a log that had signed two trees of one size would have two histories.
attendance_log_checkpoints = Table(
    "attendance_log_checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    Column("signed_at", UtcTime, nullable=False),
)


class StoredLogKey(msgspec.Struct, frozen=True):
    """The log's key: its public half, and its seed encrypted by the house."""

    id: int
    public_key: bytes
    sealed: str
    created_at: datetime


@stored(attendance_log_entries)
class LogEntry(msgspec.Struct, frozen=True):
    """What the log says of a record, and where it stands."""

    id: str
    record_id: str | None
    entry: bytes
    position: int | None = None


@stored(attendance_log_tiles)
class LogTile(msgspec.Struct, frozen=True):
    """A tile with the hashes it has so far."""

    level: int
    tile: int
    hashes: bytes


@stored(attendance_log_checkpoints)
class LogCheckpoint(msgspec.Struct, frozen=True):
    """A state of the log that was signed and published."""

    size: int
    root: bytes
    note: str
    signed_at: datetime
