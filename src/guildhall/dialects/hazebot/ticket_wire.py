"""Tickets and messages as the dialect shows them: a pure translation of what the front desk keeps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import msgspec

from guildhall.domains.identity import KnownPerson
from guildhall.domains.tickets import Kind, Message, Ticket
from guildhall.domains.tickets.attachments import Attachment
from guildhall.web.pictures import picture_address

LONGEST_START: Final = 200
NO_CATEGORY: Final = "General"
HOUSE_ID: Final = "bot"
HOUSE_NAME: Final = "Guildhall"
HIDDEN_ID: Final = "staff"
"""Whom an owner is told has written an anonymous reply."""

UNNAMED_ROLE: Final = "moderator"
"""What staff are who hide their names, or of whom nothing else is known."""

NOBODY: Final = "hidden"
"""Whose ticket it is, for those who may not know."""


def moment(when: datetime) -> str:
    """Write an instant as the dialect does: UTC with a `Z`, in milliseconds."""
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"


def moment_or_none(when: datetime | None) -> str | None:
    """Write an instant, or none as none."""
    return None if when is None else moment(when)


def first_words(subject: str, description: str) -> str:
    """Return the first message of a ticket, in the form by which the app knows it."""
    return f"**Subject:** {subject}\n\n**Description:**\n{description}"


@dataclass(frozen=True)
class People:
    """Who the people of an answer are, by the ids that tickets name them by."""

    known: Mapping[str, KnownPerson] = field(default_factory=dict)

    def name(self, person_id: str | None) -> str | None:
        """Return somebody's display name, none for nobody, and the id of whom the house does not know."""
        if person_id is None:
            return None
        found = self.known.get(person_id)
        return found.display_name if found else person_id

    def picture(self, person_id: str | None) -> str | None:
        """Return where somebody's picture is, none when the house has not seen any."""
        found = self.known.get(person_id) if person_id else None
        return picture_address(found.person_id, found.avatar) if found and found.avatar else None


@dataclass(frozen=True)
class Reader:
    """Who reads an answer, and what they may know.

    `app` says that it is one of the apps that send their version, which have words of their own for where a ticket
    stands. `anonymous_name` stands for the staff who hide their names, for `own` readers: those who are not staff.
    """

    own: bool
    anonymous_name: str
    app: bool = False
    bare: bool = False
    """Whether texts and names are kept back."""


class AttachmentReply(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a message; `size` is in bytes, `url` opens it without a token for a week."""

    id: str
    filename: str
    size: int
    content_type: str
    url: str

    @classmethod
    def of(cls, file: Attachment, url: str) -> "AttachmentReply":
        """Show a file with the address by which it is fetched."""
        return cls(id=file.id, filename=file.name, size=file.size, content_type=file.content_type, url=url)


class MessageReply(msgspec.Struct, frozen=True, kw_only=True):
    """A message; `is_admin` says that staff wrote it, `is_bot` that it is a line of the house."""

    id: str
    author_id: str
    author_name: str
    author_avatar: str | None = None
    content: str
    timestamp: str
    is_admin: bool
    is_bot: bool
    role: str | None
    display_content: str
    attachments: list[AttachmentReply]
    edited_at: str | None

    @classmethod
    def of(
        cls, message: Message, reader: Reader, people: People, *, role: str, files: list[AttachmentReply]
    ) -> "MessageReply":
        """Show a message to a reader; `role` is what its author is where that is staff."""
        author_id, name, shown = _author(message, reader, role)
        return cls(
            id=str(message.id),
            author_id=author_id,
            author_name=name,
            author_avatar=people.picture(author_id),
            content=message.content,
            timestamp=moment(message.created_at),
            is_admin=message.kind is Kind.STAFF,
            is_bot=message.kind is Kind.SYSTEM,
            role=shown,
            display_content=message.content,
            attachments=files,
            edited_at=moment_or_none(message.edited_at),
        )


def _author(message: Message, reader: Reader, role: str) -> tuple[str, str, str | None]:
    if message.kind is Kind.SYSTEM or message.author_id is None:
        return HOUSE_ID, HOUSE_NAME, None
    if message.kind is Kind.USER:
        return message.author_id, message.author_name, None
    if message.anonymous and reader.own:
        return HIDDEN_ID, reader.anonymous_name, UNNAMED_ROLE
    return message.author_id, message.author_name, role


class TicketReply(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket; `status` in the words of who asks, `state` in those that are the same for everybody."""

    ticket_id: str
    user_id: str
    user_name: str
    status: str
    created_at: str
    last_message: str
    unread_count: int
    state: str
    ticket_num: int
    channel_id: str | None
    username: str
    display_name: str
    avatar_url: str | None = None
    type: str
    closed_at: str | None
    claimed_by: str | None
    claimed_by_name: str | None
    claimed_by_avatar: str | None = None
    assigned_to: str | None
    assigned_to_name: str | None
    assigned_to_avatar: str | None = None
    initial_message: str | None = None
    reopen_count: int
    subject: str | None
    closed_by: str | None
    last_message_at: str | None

    @classmethod
    def of(cls, ticket: Ticket, unread: int, people: People, reader: Reader) -> "TicketReply":
        """Show a ticket to a reader."""
        state = state_of(ticket)
        owner = people.known.get(ticket.user_id)
        shown = owner.display_name if owner else ticket.user_name
        staff = (None, None) if reader.bare else (ticket.claimed_by, ticket.assigned_to)
        return cls(
            ticket_id=ticket.id,
            user_id=NOBODY if reader.bare else ticket.user_id,
            user_name="" if reader.bare else shown,
            status=state if reader.app else "closed" if ticket.closed else "open",
            created_at=moment(ticket.created_at),
            last_message="" if reader.bare else (ticket.last_words or "")[:LONGEST_START],
            unread_count=unread,
            state=state,
            ticket_num=ticket.number,
            channel_id=str(ticket.channel_id) if ticket.channel_id else None,
            username="" if reader.bare else owner.username if owner else ticket.user_name,
            display_name="" if reader.bare else shown,
            avatar_url=None if reader.bare else people.picture(ticket.user_id),
            type=ticket.category_name or NO_CATEGORY,
            closed_at=moment_or_none(ticket.closed_at),
            claimed_by=staff[0],
            claimed_by_name=people.name(staff[0]),
            claimed_by_avatar=people.picture(staff[0]),
            assigned_to=staff[1],
            assigned_to_name=people.name(staff[1]),
            assigned_to_avatar=people.picture(staff[1]),
            reopen_count=ticket.reopen_count,
            subject=None if reader.bare else ticket.subject,
            closed_by=None if reader.bare else ticket.closed_by,
            last_message_at=moment_or_none(ticket.last_message_at),
        )


def state_of(ticket: Ticket) -> str:
    """Return where a ticket stands; one that rests is open."""
    if ticket.closed:
        return "Closed"
    return "Claimed" if ticket.claimed_by else "Open"


def people_in(tickets: Iterable[Ticket]) -> set[str]:
    """Return the ids of all whose names are shown with these tickets."""
    return {name for each in tickets for name in (each.user_id, each.claimed_by, each.assigned_to) if name}


class TicketDetail(TicketReply, frozen=True, kw_only=True):
    """A ticket with its newest messages, the oldest of them first."""

    user_avatar: str | None = None
    messages: list[MessageReply]


class TicketList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of tickets, and how many there are."""

    tickets: list[TicketReply]
    total: int
    limit: int | None
    offset: int


class MessageList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of messages, the oldest first."""

    messages: list[MessageReply]
    from_cache: bool = False


class MessageSent(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was written."""

    success: bool = True
    message: MessageReply


class MessagePosted(msgspec.Struct, frozen=True, kw_only=True):
    """The same for older apps."""

    success: bool = True
    message: str = "Message sent successfully"
    data: MessageReply


class TicketCreated(msgspec.Struct, frozen=True, kw_only=True):
    """A new ticket; its channel may follow."""

    success: bool = True
    ticket_id: str
    ticket_num: int
    channel_id: str | None
    message: str


class Success(msgspec.Struct, frozen=True, kw_only=True):
    """It is done."""

    success: bool = True
    message: str


class SuccessOnly(msgspec.Struct, frozen=True, kw_only=True):
    """It is done, and there is nothing to say."""

    success: bool = True
