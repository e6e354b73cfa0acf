"""The one row about the bot, what Discord was told of its commands, and the cogs of operators."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec
from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Integer, Table, Text, text

from guildhall.core.db import Day, JsonDoc, UtcTime, metadata, stored

IDENTIFIES_A_DAY: Final = 1000
"""How many sessions Discord lets a bot begin in a day; with more it takes the token away."""

SILENT: Final = timedelta(seconds=60)
"""How long after its last report a running bot is believed to run still: two of its leases."""

bot_state = Table(
    "bot_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("wanted", Boolean, nullable=False),
    Column("asked", Integer, nullable=False),
    Column("phase", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", UtcTime),
    Column("reported_at", UtcTime),
    Column("latency_ms", Integer),
    Column("heard_at", UtcTime),
    Column("reconnects", Integer, nullable=False, server_default=text("0")),
    Column("guilds", Integer, nullable=False, server_default=text("0")),
    Column("faulty_events", Integer, nullable=False, server_default=text("0")),
    Column("identify_day", Day),
    Column("identifies", Integer, nullable=False, server_default=text("0")),
    Column("done", Integer, nullable=False, server_default=text("0")),
    Column("failure", Text),
    CheckConstraint("id = 1", name="one_row"),
)

bot_registrations = Table(
    "bot_registrations",
    metadata,
    Column("application_id", BigInteger, primary_key=True, autoincrement=False),
    Column("guild_id", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", Text, nullable=False),
    Column("commands", Integer, nullable=False),
    Column("registered_at", UtcTime),
    Column("failure", Text),
    Column("failed_at", UtcTime),
)

bot_cogs = Table(
    "bot_cogs",
    metadata,
    Column("name", Text, primary_key=True),
    Column("wanted", Boolean, nullable=False),
    Column("asked", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("loaded_at", UtcTime),
    Column("error", Text),
    Column("error_at", UtcTime),
)

bot_memories = Table(
    "bot_memories",
    metadata,
    Column("cog", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", JsonDoc, nullable=False),
)


class Phase(StrEnum):
    """How the bot does."""

    STOPPED = "stopped"
    STARTING = "starting"
    CONNECTED = "connected"
    WAITING = "waiting"
    FAILED = "failed"


class Failure(StrEnum):
    """Why the bot does not run although it is wanted, for programs."""

    TOKEN_INVALID = "token_invalid"  # noqa: S105 (the name of a fault)
    INTENTS_MISSING = "intents_missing"
    NOT_CONFIGURED = "not_configured"
    UNREACHABLE = "unreachable"
    BROKEN = "broken"


class Course(StrEnum):
    """How the bot does on the way to what is wanted of it."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    RECONNECTING = "reconnecting"
    STOPPING = "stopping"
    FAILED = "failed"


RUNNING: Final = frozenset({Phase.STARTING, Phase.CONNECTED})


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What a process tells of the bot that it runs.

    `reconnects` and `faulty_events` are counted since the bot was started; `heard_at` is the last event of any kind.
    """

    latency_ms: int | None = None
    heard_at: datetime | None = None
    reconnects: int = 0
    guilds: int = 0
    faulty_events: int = 0


class BotState(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the bot shall run, how it does and why, for an operator.

    `asked` counts how often somebody started or stopped it: whoever was refused by Discord tries again when it grows.
    `done` is the order among them that the process which runs the bot has heard, and which all else here is about.
    """

    wanted: bool = True
    asked: int = 0
    phase: Phase = Phase.STOPPED
    reason: str = "It has not been started yet."
    since: datetime | None = None
    reported_at: datetime | None = None
    latency_ms: int | None = None
    heard_at: datetime | None = None
    reconnects: int = 0
    guilds: int = 0
    faulty_events: int = 0
    identify_day: date | None = None
    identifies: int = 0
    done: int = 0
    failure: Failure | None = None

    @property
    def course(self) -> Course:
        """How it does on the way to what is wanted of it."""
        if not self.wanted:
            return Course.STOPPED if self.phase in {Phase.STOPPED, Phase.FAILED} else Course.STOPPING
        if self.failure in PERMANENT:
            return Course.FAILED
        return COURSES[self.phase]

    def is_settled(self, asked: int) -> bool:
        """Tell whether an order, or a later one, has come to its end: the bot is connected, stands still or failed."""
        return self.done >= asked and self.phase is not Phase.STARTING

    def is_silent(self, now: datetime) -> bool:
        """Tell whether the process that ran the bot has said nothing for so long that it must be gone."""
        return self.phase in RUNNING and (self.reported_at is None or now - self.reported_at > SILENT)

    def identifies_left(self, now: datetime) -> int:
        """Return how many sessions may still begin today."""
        used = self.identifies if self.identify_day == now.date() else 0
        return max(0, IDENTIFIES_A_DAY - used)


PERMANENT: Final = frozenset({Failure.TOKEN_INVALID, Failure.INTENTS_MISSING, Failure.NOT_CONFIGURED})
COURSES: Final = MappingProxyType(
    {
        Phase.STOPPED: Course.STOPPED,
        Phase.STARTING: Course.STARTING,
        Phase.CONNECTED: Course.RUNNING,
        Phase.WAITING: Course.RECONNECTING,
        Phase.FAILED: Course.FAILED,
    }
)

EVERYWHERE: Final = 0
"""What stands for a guild where commands are registered for all guilds."""


@stored(bot_registrations)
class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """What Discord was last told of an application's commands, everywhere or in one guild.

    `hash` is that of the commands which Discord knows, empty before the first time. `failure` says in a sentence why
    the last try went wrong; a try that goes well forgets it.
    """

    application_id: int
    guild_id: int
    hash: str = ""
    commands: int = 0
    registered_at: datetime | None = None
    failure: str | None = None
    failed_at: datetime | None = None


@stored(bot_cogs)
class Cog(msgspec.Struct, frozen=True, kw_only=True):
    """A cog that somebody asked for once.

    `asked` counts how often, `done` which of those the bot has acted on. `loaded_at` is None while it is not loaded.
    An `error` may stand beside it: a reload that failed left the cog as it was before.
    """

    name: str
    wanted: bool
    asked: int = 0
    done: int = 0
    loaded_at: datetime | None = None
    error: str | None = None
    error_at: datetime | None = None

    @property
    def waits(self) -> bool:
        """Whether the bot has not acted on what was asked last."""
        return self.done < self.asked


@stored(bot_memories)
class Remembered(msgspec.Struct, frozen=True):
    """Something that a cog keeps."""

    cog: str
    key: str
    value: object
