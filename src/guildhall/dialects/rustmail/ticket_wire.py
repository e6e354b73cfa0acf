"""Tickets and messages as the dialect shows them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from guildhall.dialects.rustmail.wire import epoch, epoch_or_none, utc
from guildhall.domains.tickets import Details, Kind, Message, Participant, Revision, Source, Ticket
from guildhall.domains.tickets.attachments import Attachment
from guildhall.domains.tickets.categories import FormAnswer
from guildhall.domains.tickets.ratings import Rating

SOURCES = {
    Source.DISCORD: "discord",
    Source.PANEL: "panel",
    Source.RUSTMAIL: "panel",
    Source.HAZEBOT: "web",
    Source.EXTERNAL: "api",
    Source.HOUSE: "panel",
}


KEY: Final = "api_key:"
"""How the id begins of another system that works on tickets; it is followed by the number of its key."""


def is_person(author_id: str | None) -> bool:
    """Tell whether somebody is a person, and no other system."""
    return author_id is not None and not author_id.startswith(KEY)


def utc_or_none(moment: datetime | None) -> str | None:
    """Write an instant, or none as none."""
    return None if moment is None else utc(moment)


class TicketReply(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket; `status` is 1 until it is closed."""

    id: str
    user_id: str
    user_name: str
    channel_id: str | None
    created_at: str
    status: int
    message_count: int
    number: int
    state: str
    subject: str | None
    category_id: str | None
    category_name: str | None
    origin: str
    transport: str
    label: str | None
    tags: list[str]
    priority: str
    claimed_by: str | None
    assigned_to: str | None
    last_message_at: str | None
    last_message_by: str | None
    user_left: bool
    closed_at: str | None
    closed_by: str | None
    close_reason: str | None
    reopen_count: int
    scheduled_close_at: str | None

    @classmethod
    def of(cls, ticket: Ticket, tags: list[str]) -> "TicketReply":
        """Show a ticket with its tags."""
        return cls(
            id=ticket.id,
            user_id=ticket.user_id,
            user_name=ticket.user_name,
            channel_id=str(ticket.channel_id) if ticket.channel_id else None,
            created_at=utc(ticket.created_at),
            status=int(not ticket.closed),
            message_count=ticket.message_count,
            number=ticket.number,
            state=ticket.state,
            subject=ticket.subject,
            category_id=ticket.category_id,
            category_name=ticket.category_name,
            origin=ticket.origin,
            transport=ticket.transport,
            label=ticket.label,
            tags=tags,
            priority=ticket.priority,
            claimed_by=ticket.claimed_by,
            assigned_to=ticket.assigned_to,
            last_message_at=utc_or_none(ticket.last_message_at),
            last_message_by=ticket.last_message_by,
            user_left=ticket.user_left,
            closed_at=utc_or_none(ticket.closed_at),
            closed_by=ticket.closed_by,
            close_reason=ticket.close_reason,
            reopen_count=ticket.reopen_count,
            scheduled_close_at=utc_or_none(ticket.close_at),
        )


class ParticipantReply(msgspec.Struct, frozen=True):
    """Somebody who has said something in a ticket."""

    id: str
    name: str
    role: str

    @classmethod
    def of(cls, participant: Participant) -> "ParticipantReply":
        """Show a participant."""
        return cls(participant.person_id, participant.name, participant.role)


class RatingReply(msgspec.Struct, frozen=True):
    """What its user gave for a ticket, from 1 to 5."""

    score: int
    comment: str | None
    rated_at: str

    @classmethod
    def of(cls, rating: Rating) -> "RatingReply":
        """Show a rating."""
        return cls(rating.score, rating.comment, utc(rating.rated_at))


class TicketDetail(TicketReply, frozen=True, kw_only=True):
    """A ticket with what a page about it shows."""

    participants: list[ParticipantReply]
    form_answers: list[FormAnswer]
    rating: RatingReply | None
    previous_tickets: int

    @classmethod
    def with_details(cls, ticket: Ticket, details: Details, answers: list[FormAnswer]) -> "TicketDetail":
        """Show a ticket with its details and the form that was filled in."""
        return cls(
            **msgspec.structs.asdict(TicketReply.of(ticket, details.tags)),
            participants=[ParticipantReply.of(each) for each in details.participants if is_person(each.person_id)],
            form_answers=answers,
            rating=RatingReply.of(details.rating) if details.rating else None,
            previous_tickets=details.previous_tickets,
        )


class TicketResult(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket after a change."""

    success: bool = True
    ticket: TicketReply


class RevisionReply(msgspec.Struct, frozen=True):
    """What a message said, until then."""

    content: str
    edited_at: str

    @classmethod
    def of(cls, revision: Revision) -> "RevisionReply":
        """Show a revision."""
        return cls(revision.content, utc(revision.at))


class AttachmentReply(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a message."""

    id: str
    filename: str
    content_type: str
    size: int
    sha256: str
    url: str
    stored: bool = True

    @classmethod
    def of(cls, file: Attachment, url: str) -> "AttachmentReply":
        """Show a file, and where it is."""
        return cls(
            id=file.id,
            filename=file.name,
            content_type=file.content_type,
            size=file.size,
            sha256=file.sha256,
            url=url,
        )


class MessageReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message; `revisions` are there when they are asked for."""

    id: int
    ticket_id: str
    number: int | None
    kind: str
    author_id: str | None
    author_name: str
    anonymous: bool
    content: str
    created_at: str
    edited_at: str | None
    deleted_at: str | None
    attachments: list[AttachmentReply]
    delivery: str
    delivery_error: str | None
    source: str
    revisions: list[RevisionReply] | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(
        cls,
        message: Message,
        revisions: list[Revision] | msgspec.UnsetType = msgspec.UNSET,
        *,
        files: Sequence[AttachmentReply] = (),
    ) -> "MessageReply":
        """Show a message with its files."""
        earlier = revisions if revisions is msgspec.UNSET else [RevisionReply.of(each) for each in revisions]
        return cls(
            id=message.id,
            ticket_id=message.ticket_id,
            number=message.number,
            kind=message.kind,
            author_id=message.author_id if is_person(message.author_id) else None,
            author_name=message.author_name,
            anonymous=message.anonymous,
            content=message.content,
            created_at=utc(message.created_at),
            edited_at=utc_or_none(message.edited_at),
            deleted_at=utc_or_none(message.deleted_at),
            attachments=[*files],
            delivery=message.delivery or "none",
            delivery_error=message.delivery_error,
            source=SOURCES[message.source],
            revisions=earlier,
        )


class MessageList(msgspec.Struct, frozen=True):
    """A page of what was said."""

    messages: list[MessageReply]
    has_more: bool


class ThreadMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message in the shape of later clients."""

    id: int
    thread_id: str
    user_id: int
    user_name: str
    is_anonymous: bool
    dm_message_id: str | None
    inbox_message_id: str | None
    message_number: int | None
    created_at: str
    content: str
    is_internal: bool

    @classmethod
    def of(cls, message: Message) -> "ThreadMessage":
        """Show a message; who is not on Discord has the id 0."""
        return cls(
            id=message.id,
            thread_id=message.ticket_id,
            user_id=_as_number(message.author_id),
            user_name=message.author_name,
            is_anonymous=message.anonymous,
            dm_message_id=None,
            inbox_message_id=None,
            message_number=message.number,
            created_at=f"{message.created_at:%Y-%m-%d %H:%M:%S}",
            content=message.content,
            is_internal=message.kind in {Kind.NOTE, Kind.SYSTEM},
        )


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket in the shape of later clients."""

    id: str
    user_id: int
    user_name: str
    channel_id: str
    created_at: int
    new_message_number: int
    status: int
    user_left: bool
    closed_at: int | None
    closed_by: str | None
    category_id: str | None
    category_name: str | None
    required_permissions: None
    messages: list[ThreadMessage]

    @classmethod
    def of(cls, ticket: Ticket, messages: list[Message]) -> "Thread":
        """Show a ticket with its messages, of which lists have none."""
        return cls(
            id=ticket.id,
            user_id=_as_number(ticket.user_id),
            user_name=ticket.user_name,
            channel_id=str(ticket.channel_id or ""),
            created_at=epoch(ticket.created_at),
            new_message_number=ticket.reply_count + 1,
            status=int(not ticket.closed),
            user_left=ticket.user_left,
            closed_at=epoch_or_none(ticket.closed_at),
            closed_by=ticket.closed_by,
            category_id=ticket.category_id,
            category_name=ticket.category_name,
            required_permissions=None,
            messages=[ThreadMessage.of(each) for each in messages],
        )


def _as_number(person_id: str | None) -> int:
    return int(person_id) if person_id and person_id.isdecimal() else 0
