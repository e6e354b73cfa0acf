"""Reads of the transparency log."""

from sqlalchemy import Integer, bindparam, select

from guildhall.core.db import query
from guildhall.domains.attendance.models import attendance_sessions
from guildhall.domains.attendance.tlog.models import (
    LogCheckpoint,
    LogEntry,
    LogTile,
    StoredLogKey,
    attendance_log_checkpoints,
    attendance_log_entries,
    attendance_log_keys,
    attendance_log_tiles,
)

_position = attendance_log_entries.c.position

LOG_KEY = query(StoredLogKey, select(attendance_log_keys))
# Whoever appends to the log locks the row of its key, so that appending takes turns.
LOG_KEY_LOCKED = query(StoredLogKey, select(attendance_log_keys).with_for_update())
HEAD = query(
    LogCheckpoint,
    select(attendance_log_checkpoints).order_by(attendance_log_checkpoints.c.size.desc()).limit(1),
)
QUEUED = query(
    LogEntry,
    select(attendance_log_entries)
    .where(_position.is_(None))
    .order_by(attendance_log_entries.c.id)
    .limit(bindparam("limit", type_=Integer)),
)
ENTRIES = query(
    LogEntry,
    select(attendance_log_entries)
    .where(_position >= bindparam("first"), _position < bindparam("end"))
    .order_by(_position),
)
ENTRY_OF = query(LogEntry, select(attendance_log_entries).where(attendance_log_entries.c.record_id == bindparam("id")))
ENTRIES_OF_PERIOD = query(
    LogEntry,
    select(attendance_log_entries)
    .join_from(
        attendance_sessions, attendance_log_entries, attendance_sessions.c.id == attendance_log_entries.c.record_id
    )
    .where(attendance_sessions.c.period_id == bindparam("period_id")),
)
TILE = query(
    LogTile,
    select(attendance_log_tiles).where(
        attendance_log_tiles.c.level == bindparam("level"), attendance_log_tiles.c.tile == bindparam("tile")
    ),
)
