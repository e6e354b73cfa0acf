"""Destinations, the posts that wait for them, and what a post tells.

A post keeps facts, not words: names are looked up and the text is written when it is sent.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeAlias

import msgspec
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from guildhall.core.db import JsonDoc, UtcTime, metadata, stored

_waiting: dict[str, Any] = {"sqlite_where": text("state = 'waiting'"), "postgresql_where": text("state = 'waiting'")}
_has_due: dict[str, Any] = {
    "sqlite_where": text("board_due_at IS NOT NULL"),
    "postgresql_where": text("board_due_at IS NOT NULL"),
}

MOST_DESTINATIONS: Final = 10

attendance_destinations = Table(
    "attendance_destinations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("guild_id", BigInteger, ForeignKey("attendance_guilds.guild_id"), nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("types", JsonDoc, nullable=False),
    Column("frequency", Text, nullable=False),
    Column("board_due_at", UtcTime),
    Column("reminded_at", UtcTime),
    Column("added_at", UtcTime, nullable=False),
    Column("added_by", Text),
    Column("last_post_at", UtcTime),
    Column("last_error", Text),
    Column("refused_since", UtcTime),
    Column("failures", Integer, nullable=False),
    Column("next_try_at", UtcTime),
    UniqueConstraint("guild_id", "channel_id"),
    CheckConstraint("frequency IN ('off', 'hourly', 'daily', 'weekly', 'monthly')", name="frequency"),
    Index("ix_attendance_destinations_board_due_at", "board_due_at", **_has_due),
)

attendance_posts = Table(
    "attendance_posts",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("destination_id", Text, ForeignKey("attendance_destinations.id", ondelete="CASCADE"), nullable=False),
    Column("content", JsonDoc, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("ripe_at", UtcTime, nullable=False),
    # Several posts that go out as one message have the same nonce.
    Column("nonce", Text),
    Column("tried_at", UtcTime),
    Column("state", Text, nullable=False),
    Column("message_id", BigInteger),
    Column("ended_at", UtcTime),
    Column("error", Text),
    CheckConstraint("state IN ('waiting', 'posted', 'given_up')", name="state"),
    CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name="ended"),
    Index("ix_attendance_posts_destination_id_state_seq", "destination_id", "state", "seq"),
    Index("ix_attendance_posts_waiting", "ripe_at", "destination_id", **_waiting),
    Index("ix_attendance_posts_ended_at", "ended_at"),
)


class LogType(StrEnum):
    """What posts are about."""

    SESSION_COMPLETED = "session_completed"
    PERIOD_RESET = "period_reset"
    LEADERBOARD = "leaderboard"
    SIGNING = "signing"
    SETTINGS = "settings"


class Frequency(StrEnum):
    """How often the current board is posted."""

    OFF = "off"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class LogTypes(msgspec.Struct, frozen=True, kw_only=True):
    """Which posts a destination wants, one field for each `LogType`."""

    session_completed: bool = True
    period_reset: bool = True
    leaderboard: bool = False
    signing: bool = True
    settings: bool = False

    def wants(self, kind: LogType) -> bool:
        """Tell whether posts about this are wanted."""
        return bool(getattr(self, kind.value))


@stored(attendance_destinations)
class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """A channel that takes posts, and how posting to it goes.

    `board_due_at` is when the current board is posted next, `reminded_at` when something that waits for a signature was
    last told. `last_error` says why posts are not taken, since `refused_since`; `failures` counts attempts in a row for
    which Discord was away. Nothing is tried before `next_try_at`.
    """

    id: str
    guild_id: int
    channel_id: int
    types: LogTypes = LogTypes()
    frequency: Frequency = Frequency.OFF
    board_due_at: datetime | None = None
    reminded_at: datetime | None = None
    added_at: datetime
    added_by: str | None
    last_post_at: datetime | None = None
    last_error: str | None = None
    refused_since: datetime | None = None
    failures: int = 0
    next_try_at: datetime | None = None


class Author(msgspec.Struct, frozen=True):
    """Who did something: a Discord user by id, or somebody of the house by name; neither for the house itself."""

    user_id: int | None = None
    name: str | None = None


class BoardLine(msgspec.Struct, frozen=True):
    """A line of a board, in counted seconds."""

    rank: int
    user_id: int
    seconds: int


class SessionCompleted(msgspec.Struct, frozen=True, tag=LogType.SESSION_COMPLETED.value):
    """Who was where and how long, in seconds of presence."""

    session_id: str
    user_id: int
    channel_id: int
    seconds: int


class PeriodReset(msgspec.Struct, frozen=True, tag=LogType.PERIOD_RESET.value):
    """The top of a final board, with the hash of the whole record; `people` counts everybody on the board."""

    guild_id: int
    number: int
    started_at: datetime
    ended_at: datetime
    people: int
    top: list[BoardLine]
    hash: str


class Leaderboard(msgspec.Struct, frozen=True, tag=LogType.LEADERBOARD.value):
    """The top of a board as it stood when it was due; with `ended_at` it is the final one of a period."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    people: int
    top: list[BoardLine]


class SigningNews(msgspec.Struct, frozen=True, tag=LogType.SIGNING.value):
    """What happened to a key: generated, rotated, locked, unlocked; or waiting, with how much waits for it."""

    what: str
    key_id: str
    author: Author = Author()
    sessions: int = 0
    periods: int = 0


class SettingsChanged(msgspec.Struct, frozen=True, tag=LogType.SETTINGS.value):
    """Which setting was what and is what now, as JSON values, and who changed it."""

    what: str
    old: Any
    new: Any
    author: Author = Author()


Content: TypeAlias = SessionCompleted | PeriodReset | Leaderboard | SigningNews | SettingsChanged


def type_of(content: Content) -> LogType:
    """Return what a post is about."""
    return LogType(str(content.__struct_config__.tag))


class PostState(StrEnum):
    """Where a post stands."""

    WAITING = "waiting"
    POSTED = "posted"
    GIVEN_UP = "given_up"


@stored(attendance_posts)
class NewPost(msgspec.Struct, frozen=True):
    """A post before the database has numbered it."""

    destination_id: str
    content: Content
    created_at: datetime
    ripe_at: datetime
    state: PostState = PostState.WAITING


COMPANY: Final = timedelta(seconds=10)
"""How long a session's post waits for others, so that a burst of them becomes one message."""


def new_post(destination: Destination, content: Content, now: datetime) -> NewPost:
    """Return a post for a destination; one about a session ripens."""
    ripe_at = now + COMPANY if isinstance(content, SessionCompleted) else now
    return NewPost(destination.id, content, now, ripe_at)


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A post. Those of one destination go out in order of `seq`, none before it is ripe.

    `nonce` is stored before the first attempt, at `tried_at`; posts that share it are one message. `error` says why it
    was given up.
    """

    seq: int
    destination_id: str
    content: Content
    created_at: datetime
    ripe_at: datetime
    nonce: str | None
    tried_at: datetime | None
    state: PostState
    message_id: int | None
    ended_at: datetime | None
    error: str | None
