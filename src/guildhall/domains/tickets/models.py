"""Tickets, what is said in them, and who has read how far.

A person is named by the id that both desks show: their Discord id if one is linked, else their id in the house.
"""

from datetime import datetime
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
    Table,
    Text,
    UniqueConstraint,
    text,
)

from guildhall.core.db import UtcTime, metadata, stored

_live_relay: dict[str, Any] = {
    "sqlite_where": text("transport = 'relay' AND state != 'closed'"),
    "postgresql_where": text("transport = 'relay' AND state != 'closed'"),
}
_closes: dict[str, Any] = {
    "sqlite_where": text("close_at IS NOT NULL"),
    "postgresql_where": text("close_at IS NOT NULL"),
}
_quiet: dict[str, Any] = {
    "sqlite_where": text("quiet_since IS NOT NULL"),
    "postgresql_where": text("quiet_since IS NOT NULL"),
}
_replies: dict[str, Any] = {
    "sqlite_where": text("kind = 'staff' AND deleted_at IS NULL"),
    "postgresql_where": text("kind = 'staff' AND deleted_at IS NULL"),
}

_deleted: dict[str, Any] = {
    "sqlite_where": text("deleted_at IS NOT NULL"),
    "postgresql_where": text("deleted_at IS NOT NULL"),
}

_opening: dict[str, Any] = {"sqlite_where": text("state = 'opening'"), "postgresql_where": text("state = 'opening'")}

LONGEST_MESSAGE: Final = 4000
"""Characters of one message."""

SPANS: Final = (50_000, 1_000)
"""Tickets are counted by blocks of so many running numbers, so that a list's length and a page deep in it are found
soon: first in few large blocks, then in the small ones of the large block that has it."""

tickets = Table(
    "tickets",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("guild_id", BigInteger, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("user_name", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("transport", Text, nullable=False),
    Column("category_id", Text),
    Column("category_name", Text),
    Column("subject", Text),
    Column("state", Text, nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("label", Text),
    Column("priority", Text, nullable=False),
    Column("claimed_by", Text),
    Column("assigned_to", Text),
    Column("language", Text),
    Column("channel_id", BigInteger),
    Column("silent", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("first_reply_at", UtcTime),
    Column("last_message_at", UtcTime),
    Column("last_message_by", Text),
    Column("last_words", Text),
    Column("message_count", Integer, nullable=False),
    Column("reply_count", Integer, nullable=False),
    Column("closed_at", UtcTime),
    Column("closed_by", Text),
    Column("close_reason", Text),
    Column("close_at", UtcTime),
    Column("close_planned_by", Text),
    Column("close_planned_reason", Text),
    Column("close_planned_silent", Boolean, nullable=False),
    Column("reopen_count", Integer, nullable=False),
    Column("user_reopen_count", Integer, nullable=False),
    Column("user_left", Boolean, nullable=False),
    # Since when nobody has said anything after a reply, and when the user was warned that the ticket will close.
    Column("quiet_since", UtcTime),
    Column("warned_at", UtcTime),
    # Nobody sees a ticket any more that has been deleted; a job wipes it.
    Column("deleted_at", UtcTime),
    CheckConstraint("state IN ('opening', 'open', 'on_hold', 'closed')", name="state"),
    CheckConstraint("(state = 'closed') = closed", name="closed"),
    CheckConstraint("(closed_at IS NULL) = (state != 'closed')", name="closed_at"),
    CheckConstraint("transport IN ('relay', 'direct')", name="transport"),
    CheckConstraint("priority IN ('low', 'normal', 'high', 'urgent')", name="priority"),
    Index("uq_tickets_live_relay", "guild_id", "user_id", unique=True, **_live_relay),
    Index("ix_tickets_closed_number", "closed", "number"),
    Index("ix_tickets_category_id_closed_number", "category_id", "closed", "number"),
    Index("ix_tickets_user_id_closed_number", "user_id", "closed", "number"),
    Index("ix_tickets_claimed_by_closed_number", "claimed_by", "closed", "number"),
    Index("ix_tickets_closed_at", "closed_at", "id"),
    # Statistics of a period are read from these alone, and from nothing outside the period.
    Index("ix_tickets_statistics", "closed_at", "category_id", "created_at", "first_reply_at", "closed_by", "user_id"),
    Index("ix_tickets_created_at", "created_at", "category_id"),
    Index("ix_tickets_last_message_at", "last_message_at", "id"),
    Index("ix_tickets_user_name", "user_name", "id"),
    Index("ix_tickets_channel_id", "channel_id"),
    Index("ix_tickets_close_at", "close_at", **_closes),
    Index("ix_tickets_quiet_since", "quiet_since", **_quiet),
    Index("ix_tickets_deleted_at", "deleted_at", **_deleted),
    Index("ix_tickets_opening", "number", **_opening),
)

ticket_numbers = Table(
    "ticket_numbers",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)
"""The number of the newest ticket: a row of its own, because a number is never used again."""

ticket_tallies = Table(
    "ticket_tallies",
    metadata,
    # How many numbers a block has, and which one it is: number // span.
    Column("span", Integer, primary_key=True, autoincrement=False),
    Column("block", Integer, primary_key=True, autoincrement=False),
    # The empty text stands for tickets without a category.
    Column("category_id", Text, primary_key=True),
    Column("closed", Boolean, primary_key=True),
    Column("count", Integer, nullable=False),
)
"""How many tickets there are of each kind, by blocks of their numbers: a list tells its length without counting it."""

ticket_tags = Table(
    "ticket_tags",
    metadata,
    Column("ticket_id", Text, ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", Text, primary_key=True),
    Index("ix_ticket_tags_tag", "tag", "ticket_id"),
)

ticket_participants = Table(
    "ticket_participants",
    metadata,
    Column("ticket_id", Text, ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    CheckConstraint("role IN ('user', 'staff')", name="role"),
)

ticket_messages = Table(
    "ticket_messages",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("ticket_id", Text, ForeignKey("tickets.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("author_id", Text),
    Column("author_name", Text, nullable=False),
    Column("anonymous", Boolean, nullable=False),
    Column("content", Text, nullable=False),
    Column("number", Integer),
    Column("source", Text, nullable=False),
    # What the sender calls the message, so that the same one sent again is known.
    Column("client_id", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("edited_at", UtcTime),
    Column("deleted_at", UtcTime),
    Column("deleted_by", Text),
    Column("delivery", Text),
    Column("delivery_error", Text),
    UniqueConstraint("ticket_id", "number"),
    UniqueConstraint("ticket_id", "author_id", "client_id"),
    CheckConstraint("kind IN ('user', 'staff', 'note', 'system')", name="kind"),
    CheckConstraint("delivery IN ('pending', 'delivered', 'failed')", name="delivery"),
    Index("ix_ticket_messages_ticket_id", "ticket_id", "id"),
    Index("ix_ticket_messages_replies", "created_at", "author_id", "number", "ticket_id", **_replies),
)

ticket_revisions = Table(
    "ticket_revisions",
    metadata,
    Column(
        "message_id",
        BigInteger().with_variant(Integer, "sqlite"),
        ForeignKey("ticket_messages.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("at", UtcTime, primary_key=True),
    Column("content", Text, nullable=False),
    Column("by", Text),
)

ticket_read_marks = Table(
    "ticket_read_marks",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("ticket_id", Text, ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True),
    # How many messages of user and staff there were; what came since is unread.
    Column("seen", Integer, nullable=False),
)

ticket_languages = Table(
    "ticket_languages",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("language", Text, nullable=False),
)
"""In which language the desk speaks to whoever has chosen one."""


class TicketState(StrEnum):
    """Where a ticket stands; `opening` lasts until its channel is there."""

    OPENING = "opening"
    OPEN = "open"
    ON_HOLD = "on_hold"
    CLOSED = "closed"


class Origin(StrEnum):
    """How a ticket came to be."""

    DM = "dm"
    STAFF = "staff"
    PANEL = "panel"
    EXTERNAL = "external"
    BUTTON = "button"
    CHANNEL = "channel"
    WEB = "web"
    IMPORT = "import"


class Transport(StrEnum):
    """Relayed between a direct message and a staff channel, or said by both in one place."""

    RELAY = "relay"
    DIRECT = "direct"


class Priority(StrEnum):
    """How much a ticket presses."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Kind(StrEnum):
    """Who a message is from and for: notes are for staff alone, system lines come from the house."""

    USER = "user"
    STAFF = "staff"
    NOTE = "note"
    SYSTEM = "system"


SPOKEN: Final = frozenset({Kind.USER, Kind.STAFF})
"""What passes between user and staff; only this is counted."""


class Source(StrEnum):
    """Where a message was written."""

    DISCORD = "discord"
    PANEL = "panel"
    RUSTMAIL = "rustmail"
    HAZEBOT = "hazebot"
    EXTERNAL = "external"
    HOUSE = "house"


class Delivery(StrEnum):
    """How far a message is on its way to Discord; one that goes nowhere has none."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Role(StrEnum):
    """On which side of a ticket somebody is."""

    USER = "user"
    STAFF = "staff"


class Person(msgspec.Struct, frozen=True):
    """Somebody by their id and the name they have now."""

    id: str
    name: str


@stored(tickets)
class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket.

    `message_count` counts what user and staff said, deleted words included; `reply_count` is the number of the last
    staff reply. `close_at` is when it closes by itself, as somebody planned. Persons are in `claimed_by`,
    `assigned_to` and `closed_by`, which may be a word such as `inactivity` too. `quiet_since` is when staff replied, or
    took up a ticket that rested, while nobody has said anything since.
    """

    id: str
    number: int
    guild_id: int
    user_id: str
    user_name: str
    origin: Origin
    transport: Transport
    category_id: str | None = None
    category_name: str | None = None
    subject: str | None = None
    state: TicketState
    closed: bool = False
    label: str | None = None
    priority: Priority = Priority.NORMAL
    claimed_by: str | None = None
    assigned_to: str | None = None
    language: str | None = None
    channel_id: int | None = None
    silent: bool = False
    created_at: datetime
    first_reply_at: datetime | None = None
    last_message_at: datetime | None = None
    last_message_by: Role | None = None
    last_words: str | None = None
    message_count: int = 0
    reply_count: int = 0
    closed_at: datetime | None = None
    closed_by: str | None = None
    close_reason: str | None = None
    close_at: datetime | None = None
    close_planned_by: str | None = None
    close_planned_reason: str | None = None
    close_planned_silent: bool = False
    reopen_count: int = 0
    user_reopen_count: int = 0
    user_left: bool = False
    quiet_since: datetime | None = None
    warned_at: datetime | None = None
    deleted_at: datetime | None = None


class FormAnswer(msgspec.Struct, frozen=True):
    """What somebody filled in, with the label they saw."""

    key: str
    label: str
    value: str


@stored(ticket_participants)
class Participant(msgspec.Struct, frozen=True):
    """Somebody who has said something in a ticket."""

    ticket_id: str
    person_id: str
    name: str
    role: Role


@stored(ticket_tags)
class Tagged(msgspec.Struct, frozen=True):
    """A tag of a ticket."""

    ticket_id: str
    tag: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was said, whatever the number of its copies in Discord.

    `content` is what was written, without any prefix. `number` counts the staff replies of the ticket.
    """

    id: int
    ticket_id: str
    kind: Kind
    author_id: str | None
    author_name: str
    anonymous: bool
    content: str
    number: int | None
    source: Source
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    deleted_by: str | None
    delivery: Delivery | None
    delivery_error: str | None


@stored(ticket_revisions)
class Revision(msgspec.Struct, frozen=True):
    """What a message said until that instant, and who changed it then."""

    message_id: int
    at: datetime
    content: str
    by: str | None


@stored(ticket_read_marks)
class ReadMark(msgspec.Struct, frozen=True):
    """How much of a ticket somebody has seen."""

    person_id: str
    ticket_id: str
    seen: int
