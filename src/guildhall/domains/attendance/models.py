"""What attendance keeps: guilds, their lists, who is in voice, periods, sessions, final boards.

The ids of guilds, users and channels are Discord's own numbers. Every measured instant is a whole second.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from guildhall.core.db import JsonDoc, UtcTime, metadata, stored
from guildhall.domains.attendance.records import Policy
from guildhall.domains.attendance.schedules import Schedule
from guildhall.domains.attendance.states import WAYS, Stretches

SECOND: Final = timedelta(seconds=1)

_open: dict[str, Any] = {"sqlite_where": text("left_at IS NULL"), "postgresql_where": text("left_at IS NULL")}
_current: dict[str, Any] = {"sqlite_where": text("ended_at IS NULL"), "postgresql_where": text("ended_at IS NULL")}
_pending: dict[str, Any] = {
    "sqlite_where": text("signing_state = 'pending'"),
    "postgresql_where": text("signing_state = 'pending'"),
}


def _signing_columns() -> list[Column[Any]]:
    """Return the columns of what is signed: empty while it is open, and with bytes and hashes once it has closed."""
    return [
        Column("bytes_v1", LargeBinary),
        Column("bytes_v2", LargeBinary),
        Column("hash_v1", Text),
        Column("hash_v2", Text),
        Column("signature_v1", Text),
        Column("signature_v2", Text),
        Column("signing_key_id", Text),
        Column("signed_at", UtcTime),
        Column("salt", LargeBinary),
        Column("signing_state", Text, nullable=False),
    ]


attendance_guilds = Table(
    "attendance_guilds",
    metadata,
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("mode", Text, nullable=False),
    Column("fairness", JsonDoc, nullable=False),
    Column("schedule", JsonDoc, nullable=False),
    Column("tier", Text, nullable=False),
    Column("afk_channel_id", BigInteger),
    Column("watched", Boolean, nullable=False),
    Column("witnessed_until", UtcTime),
    Column("seen_at", UtcTime, nullable=False),
    CheckConstraint("mode IN ('Off', 'Allowlist', 'Denylist', 'All')", name="mode"),
    CheckConstraint("tier IN ('free', 'pro')", name="tier"),
    Index("ix_attendance_guilds_witnessed_until", "witnessed_until"),
)

attendance_tracked_channels = Table(
    "attendance_tracked_channels",
    metadata,
    Column("guild_id", BigInteger, ForeignKey("attendance_guilds.guild_id"), primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger, primary_key=True, autoincrement=False),
    Column("added_at", UtcTime, nullable=False),
    Column("added_by", Text),
)

attendance_presences = Table(
    "attendance_presences",
    metadata,
    Column("guild_id", BigInteger, ForeignKey("attendance_guilds.guild_id"), primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("state", Integer, nullable=False),
    Index("ix_attendance_presences_guild_id_channel_id", "guild_id", "channel_id"),
)

attendance_periods = Table(
    "attendance_periods",
    metadata,
    Column("id", Text, primary_key=True),
    Column("guild_id", BigInteger, ForeignKey("attendance_guilds.guild_id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime),
    Column("ended_at", UtcTime),
    # What follows is frozen when the period is archived.
    Column("policy", JsonDoc),
    Column("entry_count", Integer),
    Column("total_seconds", BigInteger),
    *_signing_columns(),
    UniqueConstraint("guild_id", "number"),
    CheckConstraint("ended_at >= started_at", name="order"),
    CheckConstraint("signing_state IN ('none', 'pending', 'signed')", name="signing_state"),
    Index("uq_attendance_periods_current", "guild_id", unique=True, **_current),
    Index("ix_attendance_periods_ends_at", "ends_at", **_current),
    Index("ix_attendance_periods_pending", "guild_id", "ended_at", **_pending),
)

COUNTED: Final = tuple(f"counted_{way}" for way in WAYS)
"""The columns with the counted seconds of a session in each way to count."""

attendance_sessions = Table(
    "attendance_sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("period_id", Text, ForeignKey("attendance_periods.id"), nullable=False),
    Column("joined_at", UtcTime, nullable=False),
    Column("left_at", UtcTime),
    Column("end_reason", Text),
    Column("source", Text, nullable=False),
    Column("continued_from", Text),
    Column("carried", Integer, nullable=False),
    Column("stretches", JsonDoc, nullable=False),
    # The sums up to `counted_until`, from which those ways run on whose bit is not in `paused`.
    *(Column(name, Integer, nullable=False) for name in COUNTED),
    Column("counted_until", UtcTime, nullable=False),
    Column("paused", Integer, nullable=False),
    *_signing_columns(),
    CheckConstraint("left_at >= joined_at", name="order"),
    CheckConstraint("(left_at IS NULL) = (end_reason IS NULL)", name="ended"),
    CheckConstraint("source IN ('discord', 'webhook')", name="source"),
    CheckConstraint("signing_state IN ('none', 'pending', 'signed')", name="signing_state"),
    Index("uq_attendance_sessions_open", "guild_id", "user_id", unique=True, **_open),
    # A board is summed from this index alone, so that it does not pay for the wide rows.
    Index(
        "ix_attendance_sessions_board",
        "period_id",
        "user_id",
        "channel_id",
        "carried",
        "end_reason",
        "counted_until",
        "paused",
        *COUNTED,
    ),
    Index("ix_attendance_sessions_guild_id_left_at", "guild_id", "left_at"),
    Index("ix_attendance_sessions_guild_id_joined_at", "guild_id", "joined_at", "id"),
    Index("ix_attendance_sessions_guild_id_user_id_joined_at", "guild_id", "user_id", "joined_at", "id"),
    Index("ix_attendance_sessions_guild_id_channel_id_joined_at", "guild_id", "channel_id", "joined_at", "id"),
    Index("ix_attendance_sessions_pending", "guild_id", "left_at", **_pending),
)

attendance_board_entries = Table(
    "attendance_board_entries",
    metadata,
    Column("period_id", Text, ForeignKey("attendance_periods.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("rank", Integer, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("total_seconds", Integer, nullable=False),
    Column("session_count", Integer, nullable=False),
    UniqueConstraint("period_id", "user_id"),
    Index("ix_attendance_board_entries_user_id", "user_id", "period_id"),
)

attendance_outside_sessions = Table(
    "attendance_outside_sessions",
    metadata,
    Column("external_id", Text, primary_key=True),
    Column("session_id", Text, ForeignKey("attendance_sessions.id"), nullable=False),
    Column("received_at", UtcTime, nullable=False),
)


class Mode(StrEnum):
    """Which voice channels are tracked."""

    OFF = "Off"
    ALLOWLIST = "Allowlist"
    DENYLIST = "Denylist"
    ALL = "All"


class Tier(StrEnum):
    """What a guild may see and use."""

    FREE = "free"
    PRO = "pro"


class EndReason(StrEnum):
    """Why a session ended."""

    LEFT = "left"
    MOVED = "moved"
    RESET = "reset"
    UNTRACKED = "untracked"
    GAP = "gap"
    LOST = "lost"
    BOT_REMOVED = "bot_removed"
    RECORDED = "recorded"


class Source(StrEnum):
    """Who saw a session."""

    DISCORD = "discord"
    WEBHOOK = "webhook"


class SigningState(StrEnum):
    """Whether what has closed is signed; what is open has nothing to sign."""

    NONE = "none"
    PENDING = "pending"
    SIGNED = "signed"


@stored(attendance_guilds)
class Guild(msgspec.Struct, frozen=True, kw_only=True):
    """A guild and its settings.

    `witnessed_until` is the instant up to which the house knows what happened in it; time does not run back behind it.
    `watched` tells that a connection is thought to be open.
    """

    guild_id: int
    mode: Mode = Mode.OFF
    fairness: Policy = Policy()
    schedule: Schedule = Schedule()
    tier: Tier
    afk_channel_id: int | None = None
    watched: bool = False
    witnessed_until: datetime | None = None
    seen_at: datetime


@stored(attendance_tracked_channels)
class TrackedChannel(msgspec.Struct, frozen=True):
    """A channel on the list, since when and by whom."""

    guild_id: int
    channel_id: int
    added_at: datetime
    added_by: str | None


class Voice(msgspec.Struct, frozen=True):
    """Where a person is in voice, tracked or not, and the raw states of their connection."""

    user_id: int
    channel_id: int
    state: int


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of time with a board of its own; the current one of a guild has no `ended_at`.

    `ends_at` is the border that its schedule gives it, if any. What `policy` and the figures say is frozen with the
    archive.
    """

    id: str
    guild_id: int
    number: int
    started_at: datetime
    ends_at: datetime | None
    ended_at: datetime | None = None
    policy: Policy | None = None
    entry_count: int | None = None
    total_seconds: int | None = None
    signing_state: SigningState = SigningState.NONE
    hash_v1: str | None = None
    signature_v1: str | None = None
    signing_key_id: str | None = None
    signed_at: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Tell whether its border has passed."""
        return self.ended_at is None and self.ends_at is not None and self.ends_at <= now


@stored(attendance_periods)
class NewPeriod(msgspec.Struct, frozen=True):
    """A period as it begins."""

    id: str
    guild_id: int
    number: int
    started_at: datetime
    ends_at: datetime | None
    signing_state: SigningState = SigningState.NONE


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One person in one channel within one period; `left_at` is absent while it is open.

    `carried` is what the earlier parts of the same visit counted, when resets have split it.
    """

    id: str
    guild_id: int
    user_id: int
    channel_id: int
    period_id: str
    joined_at: datetime
    left_at: datetime | None = None
    end_reason: EndReason | None = None
    source: Source = Source.DISCORD
    continued_from: str | None = None
    carried: int = 0
    stretches: Stretches
    signing_state: SigningState = SigningState.NONE

    def second(self, instant: datetime) -> int:
        """Return the number of seconds from joining to an instant."""
        return (instant - self.joined_at) // SECOND

    @property
    def last_change(self) -> datetime:
        """When the last known state began: the session ends no earlier."""
        return self.joined_at + self.stretches[-1][0] * SECOND


@stored(attendance_outside_sessions)
class OutsideSession(msgspec.Struct, frozen=True):
    """The sender's id of a session that was received from outside."""

    external_id: str
    session_id: str
    received_at: datetime


def whole_second(instant: datetime) -> datetime:
    """Cut an instant to the second."""
    return instant.replace(microsecond=0)


def fields_of(row: msgspec.Struct) -> dict[str, Any]:
    """Return the values of a struct by name."""
    return {name: getattr(row, name) for name in row.__struct_fields__}
