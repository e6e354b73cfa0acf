"""The one row about the bot, and what it says."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec
from sqlalchemy import Boolean, CheckConstraint, Column, Integer, Table, Text, text

from guildhall.core.db import Day, UtcTime, metadata

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
    CheckConstraint("id = 1", name="one_row"),
)


class Phase(StrEnum):
    """How the bot does."""

    STOPPED = "stopped"
    STARTING = "starting"
    CONNECTED = "connected"
    WAITING = "waiting"
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

    def is_silent(self, now: datetime) -> bool:
        """Tell whether the process that ran the bot has said nothing for so long that it must be gone."""
        return self.phase in RUNNING and (self.reported_at is None or now - self.reported_at > SILENT)

    def identifies_left(self, now: datetime) -> int:
        """Return how many sessions may still begin today."""
        used = self.identifies if self.identify_day == now.date() else 0
        return max(0, IDENTIFIES_A_DAY - used)
