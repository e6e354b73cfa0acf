"""Links to calendars outside, what each was told of our events, and which conflicts were told."""

import re
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from guildhall.core.db import UtcTime, metadata, stored
from guildhall.core.outbox import Queue

CALENDARS = Queue("calendars", at_once=4, poll=timedelta(seconds=1))
"""A lane of its own: a calendar that answers slowly keeps no mail waiting, and nobody waits for a calendar."""

SHIFTS = "shifts"
"""The target of the shift plan."""
TARGET = re.compile(r"shifts|room:(?P<room>[a-z0-9][a-z0-9-]{0,63})")

calendar_links = Table(
    "calendar_links",
    metadata,
    Column("id", Text, primary_key=True),
    Column("target", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("username", Text),
    Column("secret", Text),
    Column("managed_by_file", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("position", Text),
    Column("synced_at", UtcTime),
    Column("failed_since", UtcTime),
    Column("error", Text),
    UniqueConstraint("target"),
    CheckConstraint("kind IN ('caldav', 'google')", name="kind"),
)

calendar_writes = Table(
    "calendar_writes",
    metadata,
    Column("link_id", Text, ForeignKey("calendar_links.id"), nullable=False),
    Column("event_id", Text, nullable=False),
    Column("outside_id", Text),
    Column("etag", Text),
    # How often the event has changed here, and which of those changes the calendar outside has been told.
    Column("wanted", Integer, nullable=False),
    Column("written", Integer, nullable=False),
    Column("written_at", UtcTime),
    Column("attempts", Integer, nullable=False),
    Column("failed_since", UtcTime),
    Column("gave_up_at", UtcTime),
    Column("error", Text),
    PrimaryKeyConstraint("link_id", "event_id"),
    CheckConstraint("written <= wanted", name="order"),
    Index("ix_calendar_writes_link_id_outside_id", "link_id", "outside_id"),
    Index(
        "ix_calendar_writes_due",
        "link_id",
        "gave_up_at",
        sqlite_where=text("wanted > written"),
        postgresql_where=text("wanted > written"),
    ),
    Index(
        "ix_calendar_writes_gave_up_at",
        "gave_up_at",
        sqlite_where=text("gave_up_at IS NOT NULL"),
        postgresql_where=text("gave_up_at IS NOT NULL"),
    ),
)

calendar_conflicts = Table(
    "calendar_conflicts",
    metadata,
    Column("link_id", Text, ForeignKey("calendar_links.id"), nullable=False),
    Column("outside_id", Text, nullable=False),
    Column("booking_id", Text, nullable=False),
    Column("told_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("link_id", "outside_id", "booking_id"),
)


class CalendarKind(StrEnum):
    """What sort of calendar it is: whoever opens it needs to know, nobody else."""

    CALDAV = "caldav"
    GOOGLE = "google"


class LinkState(StrEnum):
    """Whether the calendar has been heard of yet, and whether its last answer was one."""

    NEW = "new"
    WORKING = "working"
    FAILING = "failing"


def room_target(room_id: str) -> str:
    """Return the target of a room."""
    return f"room:{room_id}"


def room_of(target: str) -> str | None:
    """Return the room that a target is, or None for the shift plan."""
    found = TARGET.fullmatch(target)
    return found["room"] if found else None


@stored(calendar_links)
class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A calendar outside that shows a room or the shift plan.

    `secret` is the sealed password. `position` is where listening goes on; `failed_since` is the first failure after
    the last success, `error` tells the last one.
    """

    id: str
    target: str
    kind: CalendarKind
    address: str
    username: str | None
    secret: str | None
    managed_by_file: bool
    created_at: datetime
    position: str | None = None
    synced_at: datetime | None = None
    failed_since: datetime | None = None
    error: str | None = None

    @property
    def room_id(self) -> str | None:
        """The room it shows, or None for the shift plan."""
        return room_of(self.target)

    @property
    def state(self) -> LinkState:
        """How it does."""
        if self.failed_since is not None:
            return LinkState.FAILING
        return LinkState.NEW if self.synced_at is None else LinkState.WORKING


@stored(calendar_writes)
class Write(msgspec.Struct, frozen=True, kw_only=True):
    """What a calendar outside was told of one event of ours.

    `wanted` counts the changes here, `written` is the one it was told last, at `written_at`; `outside_id` None means
    that it holds none. `failed_since` is the first failure since, `gave_up_at` when nobody tried any longer.
    """

    link_id: str
    event_id: str
    outside_id: str | None = None
    etag: str | None = None
    wanted: int
    written: int
    written_at: datetime | None = None
    attempts: int = 0
    failed_since: datetime | None = None
    gave_up_at: datetime | None = None
    error: str | None = None

    @property
    def is_due(self) -> bool:
        """Whether it changed here since it was written."""
        return self.wanted > self.written


class ToldCalendar(msgspec.Struct, frozen=True):
    """The link of a calendar that is to be told of a change, and the calendar's kind."""

    id: str
    kind: CalendarKind


class CalendarPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How a room or the shift plan is to be linked.

    `target` is `room:<id>` or `shifts`, `address` a CalDAV collection or the id of a Google calendar. CalDAV has a user
    and a password; a password of None is the one that the link to the same address has already.
    """

    target: str
    kind: CalendarKind
    address: str
    username: str | None = None
    password: str | None = None


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Something an administrator should look at: a calendar that fails, or an event it was never told.

    `event_id` None is the calendar as a whole.
    """

    target: str
    event_id: str | None
    since: datetime
    error: str
