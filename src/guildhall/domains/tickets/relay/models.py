"""What passes between Discord and the desk: what came in, where each message stands there, and what waits to go out."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

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
    text,
)

from guildhall.core.db import JsonDoc, UtcTime, metadata, stored
from guildhall.domains.tickets.attachments.models import KeptFile
from guildhall.domains.tickets.models import LONGEST_MESSAGE, FormAnswer, Origin

_serial = BigInteger().with_variant(Integer, "sqlite")
_waiting: dict[str, Any] = {"sqlite_where": text("state = 'waiting'"), "postgresql_where": text("state = 'waiting'")}

ticket_incoming = Table(
    "ticket_incoming",
    metadata,
    # Discord's own id of the message: however often it is heard, it is one.
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("lane", BigInteger, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("author_id", Text, nullable=False),
    Column("author_name", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("attachments", JsonDoc, nullable=False),
    Column("reply_to", BigInteger),
    Column("heard_at", UtcTime, nullable=False),
    Column("state", Text, nullable=False),
    CheckConstraint("state IN ('waiting', 'done')", name="state"),
    Index("ix_ticket_incoming_waiting", "lane", "message_id", **_waiting),
    Index("ix_ticket_incoming_heard_at", "heard_at"),
)

ticket_intakes = Table(
    "ticket_intakes",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("user_name", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("category_id", Text),
    Column("language", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("answers", JsonDoc, nullable=False),
    Column("begun_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime, nullable=False),
    CheckConstraint("step IN ('choosing', 'answered', 'form', 'confirming')", name="step"),
    CheckConstraint("origin IN ('dm', 'button')", name="origin"),
    Index("ix_ticket_intakes_ends_at", "ends_at"),
)
"""Who has written, or pressed a button, and has no ticket yet; what they wrote waits among what came in."""

ticket_notices = Table(
    "ticket_notices",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("at", UtcTime, nullable=False),
)
"""When somebody was last told something that is not to be told each time."""

ticket_cursors = Table(
    "ticket_cursors",
    metadata,
    Column("channel_id", BigInteger, primary_key=True, autoincrement=False),
    # Whose direct messages these are; none for the channel of a ticket.
    Column("user_id", Text),
    Column("last_seen", BigInteger, nullable=False),
    Column("active_at", UtcTime, nullable=False),
    Index("ix_ticket_cursors_user_id", "user_id"),
    Index("ix_ticket_cursors_active_at", "active_at"),
)
"""How far each channel has been read."""

ticket_copies = Table(
    "ticket_copies",
    metadata,
    Column("discord_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("message_id", _serial, ForeignKey("ticket_messages.id", ondelete="CASCADE"), nullable=False),
    Column("part", Integer, nullable=False),
    Column("role", Text, nullable=False),
    CheckConstraint("role IN ('written', 'copied')", name="role"),
    Index("ix_ticket_copies_message_id", "message_id", "channel_id", "part"),
)

ticket_posts = Table(
    "ticket_posts",
    metadata,
    Column("seq", _serial, primary_key=True, autoincrement=True),
    Column("ticket_id", Text, ForeignKey("tickets.id", ondelete="CASCADE")),
    Column("target", Text, nullable=False),
    # One lane for each place: what is for the same place goes out in order.
    Column("lane", Text, nullable=False),
    Column("user_id", Text),
    Column("message_id", _serial, ForeignKey("ticket_messages.id", ondelete="CASCADE")),
    Column("payload", JsonDoc, nullable=False),
    Column("nonce", Text),
    Column("attempts", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("queued_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("tried_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("error", Text),
    CheckConstraint("target IN ('channel', 'user', 'log')", name="target"),
    CheckConstraint("state IN ('waiting', 'sent', 'failed')", name="state"),
    CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name="ended"),
    Index("ix_ticket_posts_waiting", "lane", "seq", **_waiting),
    Index("ix_ticket_posts_ticket_id", "ticket_id"),
    Index("ix_ticket_posts_message_id", "message_id"),
    Index("ix_ticket_posts_ended_at", "ended_at"),
    sqlite_autoincrement=True,
)


ticket_invitations = Table(
    "ticket_invitations",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("message_id", BigInteger),
    Column("looks", Text),
    CheckConstraint("id = 1", name="one_row"),
)
"""The one message on the server from which people open tickets."""


class Target(StrEnum):
    """Where a post goes: the ticket's channel, its user's direct messages, or the log channel."""

    CHANNEL = "channel"
    USER = "user"
    LOG = "log"


CHANNEL: Final = Target.CHANNEL
USER: Final = Target.USER
LOG: Final = Target.LOG


class Say(StrEnum):
    """What a post does.

    `message` shows a message of the ticket as it reads when it goes out, `edit` brings its copies in that place up to
    how it reads then, `delete` removes them. `text` and `words` say something of the house's; `recap`, `welcome`,
    `closed` and `history` are built from the ticket and the configuration. `end` does to the channel what the
    configuration says of closed tickets, `name` gives it the name that follows from the ticket as it is then.
    `transcript` is a file with all that was said, for whoever reads it there; `reminder` are words in a colour of
    their own. `remove` takes away what the bot has said somewhere, which `fields` name. `deed` is what
    somebody did in Discord.
    """

    MESSAGE = "message"
    EDIT = "edit"
    DELETE = "delete"
    TEXT = "text"
    WORDS = "words"
    RECAP = "recap"
    WELCOME = "welcome"
    CLOSED = "closed"
    HISTORY = "history"
    END = "end"
    NAME = "name"
    TRANSCRIPT = "transcript"
    REMINDER = "reminder"
    REMOVE = "remove"
    DEED = "deed"


class Button(StrEnum):
    """What people can press below a post."""

    REOPEN = "reopen"
    RETRY = "retry"
    FURTHER = "further"
    MENU = "menu"
    RATE = "rate"
    CLOSE = "close"
    KEEP = "keep"


class Difference(msgspec.Struct, frozen=True):
    """What a deed changed: Discord's name for it, and how it was and is, as it is shown in any language."""

    key: str
    shown: str


class LoggedDeed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry of a guild's audit log, with what everybody and everything was called when it was read.

    `action` is Discord's name for it, or its number where it has none here. `by` and `target` are written as they are
    shown; `place` is the channel, `count` how often it was done, where Discord says so. `guild` is told only where the
    house works in two guilds.
    """

    entry_id: int
    action: str
    by: str = ""
    target: str = ""
    place: str = ""
    count: str = ""
    reason: str = ""
    guild: str = ""
    differences: list[Difference] = []


class Post(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to be said.

    `text` is said as it is; `words` is a key of the bot's catalogues, filled in with `fields` and said in the language
    of whoever reads it. `role_ids` and `user_ids` are the only ones that the post may ping; `spared` has, by role, who
    does not want to be pinged for it.
    """

    say: Say = Say.TEXT
    text: str = ""
    words: str = ""
    fields: dict[str, str] = {}
    role_ids: list[str] = []
    user_ids: list[str] = []
    spared: dict[str, list[str]] = {}
    buttons: list[Button] = []
    deed: LoggedDeed | None = None


class PostState(StrEnum):
    """Where a post stands."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


@stored(ticket_posts)
class NewPost(msgspec.Struct, frozen=True, kw_only=True):
    """A post before the database has numbered it. Without a ticket it is for `user_id` or the log."""

    ticket_id: str | None
    target: Target
    lane: str
    user_id: str | None
    message_id: int | None
    payload: Post
    attempts: int = 0
    state: PostState = PostState.WAITING
    queued_at: datetime
    due_at: datetime


class QueuedPost(NewPost, frozen=True, kw_only=True):
    """A post. Those of one lane go out in order of `seq`.

    `nonce` is stored before the first attempt at `tried_at`; however often it is tried, it is the same post.
    """

    seq: int
    nonce: str | None
    tried_at: datetime | None
    ended_at: datetime | None
    error: str | None


class CopyRole(StrEnum):
    """Whether somebody wrote the message there, or the bot has copied it there."""

    WRITTEN = "written"
    COPIED = "copied"


@stored(ticket_copies)
class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """A message of Discord's that shows a message of a ticket, or a part of it."""

    discord_id: int
    channel_id: int
    message_id: int
    part: int
    role: CopyRole


class Attached(msgspec.Struct, frozen=True):
    """A file that came with a message: where it can be fetched for now, and how large it is in bytes, 0 for unknown.

    Once it was fetched it is `kept`; `lost` are the words that stand in its place when it will never be.
    """

    name: str
    content_type: str | None
    address: str
    size: int
    kept: KeptFile | None = None
    lost: str | None = None

    @property
    def is_pending(self) -> bool:
        """Whether it is still to be fetched."""
        return self.kept is None and self.lost is None


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """A message as Discord told it, stored before anything is done about it.

    `lane` is the user whose direct message it is, or the channel of a ticket: what is in one is handled in order.
    """

    message_id: int
    lane: int
    channel_id: int
    author_id: str
    author_name: str
    content: str
    attachments: list[Attached]
    reply_to: int | None
    heard_at: datetime

    @property
    def is_pending(self) -> bool:
        """Whether files of it are still to be fetched."""
        return any(each.is_pending for each in self.attachments)

    @property
    def files(self) -> tuple[KeptFile, ...]:
        """The files of it that are kept."""
        return tuple(each.kept for each in self.attachments if each.kept is not None)

    def text(self, content: str) -> str:
        """Return a text for it, with the names of files that are not kept."""
        lost = "\n".join(each.lost for each in self.attachments if each.lost is not None)
        room = LONGEST_MESSAGE - len(lost) - 1
        return f"{content[:room]}\n{lost}".strip() if lost else content[:LONGEST_MESSAGE]


class Step(StrEnum):
    """How far somebody is who has no ticket yet.

    They choose a category, read its answer, fill in its form, or look once more at what they chose and filled in.
    """

    CHOOSING = "choosing"
    ANSWERED = "answered"
    FORM = "form"
    CONFIRMING = "confirming"


@stored(ticket_intakes)
class Intake(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who has no ticket yet.

    After `ends_at` it goes on without them, or ends if they only pressed a button.
    """

    user_id: str
    user_name: str
    step: Step
    category_id: str | None
    language: str
    origin: Origin
    answers: list[FormAnswer]
    begun_at: datetime
    ends_at: datetime


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """How far a channel was read."""

    channel_id: int
    user_id: str | None
    last_seen: int
    active_at: datetime


@stored(ticket_invitations)
class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """The message, which has no `message_id` while nobody knows whether it is there. `looks` is a hash of its content.

    However often it is posted under its `nonce`, within some minutes it is one message.
    """

    id: int = 1
    channel_id: int
    nonce: str
    message_id: int | None = None
    looks: str | None = None
