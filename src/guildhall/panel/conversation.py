"""What both sides of the front desk share: what was said in a ticket as one side reads it, and lists of tickets."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Final

import msgspec

from guildhall.core.db import Tx
from guildhall.domains import tickets
from guildhall.domains.tickets import CLOSING_WORDS, Delivery, Kind, Message, Page, Ticket, TicketState
from guildhall.domains.tickets.attachments import Attachment, attachments_of
from guildhall.domains.tickets.transcripts import Audience
from guildhall.panel.pages import PER_PAGE
from guildhall.web.bodies import QueryString
from guildhall.web.calls import Call
from guildhall.web.transcripts import TranscriptForm

PER_THREAD: Final = 100
NEWEST: Final = 2**62
"""More than any message's id."""

LARGEST: Final = 2**31 - 1
PageNumber = Annotated[int, msgspec.Meta(ge=1, le=LARGEST // PER_PAGE)]

STATES: Final = {
    TicketState.OPENING: "opening",
    TicketState.OPEN: "open",
    TicketState.ON_HOLD: "on hold",
    TicketState.CLOSED: "closed",
}
Work = Callable[[Ticket], Awaitable[object]]
"""What a form does with a ticket, which is locked."""


class Earlier(QueryString, frozen=True, kw_only=True):
    """Which part of a conversation: what was said before a message, or the newest."""

    before: Annotated[int, msgspec.Meta(ge=1, le=NEWEST)] = NEWEST


class TranscriptAsked(QueryString, frozen=True, kw_only=True):
    """In which form, for which side, and whether to be saved rather than shown."""

    form: TranscriptForm = TranscriptForm.HTML
    audience: Audience = Audience.STAFF
    save: bool = False


@dataclass(frozen=True)
class Said:
    """A message with its files as somebody reads it. `look` is its side; `mark` says what is special about it.

    What is `own` may be changed and deleted by whoever reads it. `delivery` says how far a reply is on its way to
    Discord, and `failure` why it did not get there.
    """

    id: int
    look: str
    author: str
    words: str
    at: datetime
    mark: str = ""
    deleted: bool = False
    own: bool = False
    delivery: Delivery | None = None
    failure: str = ""
    files: list[Attachment] = field(default_factory=list)


@dataclass(frozen=True)
class Thread:
    """A part of a conversation, the oldest first; `earlier` is the message before which there is more."""

    said: list[Said]
    earlier: int | None


@dataclass(frozen=True)
class ListedTicket:
    """A line of a list."""

    ticket: Ticket
    unread: int
    tags: list[str]
    path: str

    @property
    def state(self) -> str:
        """Where it stands, in a word."""
        return STATES[self.ticket.state]


async def thread_for_staff(tx: Tx, ticket: Ticket, before: int, *, me: str) -> Thread:
    """Return what was said, with notes, lines of the house and what was deleted, for somebody of the staff."""
    found = await tickets.messages_of(tx, ticket, before=before, limit=PER_THREAD)
    return await _thread(tx, found, [_as_staff_read(each, me) for each in found.messages])


async def thread_for_owner(tx: Tx, ticket: Ticket, before: int) -> Thread:
    """Return what was said to and by the ticket's person; notes, and who is behind "Staff", stay with the staff."""
    found = await tickets.messages_of(tx, ticket, before=before, limit=PER_THREAD)
    return await _thread(tx, found, [said for each in found.messages if (said := _as_owner_reads(each)) is not None])


async def listed(tx: Tx, page: list[Ticket], person_id: str, path: str) -> list[ListedTicket]:
    """Return tickets as lines of a list, with what somebody has not read of each."""
    unread = await tickets.unread_of(tx, page, person_id)
    tags = await tickets.tags_of(tx, page)
    return [ListedTicket(each, unread[each.id], tags[each.id], f"{path}/{each.id}") for each in page]


async def note_reading(call: Call, ticket: Ticket, person_id: str) -> None:
    """Note that somebody has the page of a ticket before them; nothing is written when they knew all of it."""
    database = call.house.database
    async with database.read() as tx:
        unread = await tickets.unread_of(tx, [ticket], person_id)
    if unread[ticket.id]:
        async with database.write() as tx:
            await tickets.mark_read(tx, ticket, person_id)


async def _thread(tx: Tx, found: Page, said: list[Said]) -> Thread:
    files = await attachments_of(tx, (each.id for each in said))
    with_files = [replace(each, files=files[each.id]) for each in said]
    return Thread(with_files, found.messages[0].id if found.has_more else None)


def _as_staff_read(message: Message, me: str) -> Said:
    author = f"{message.author_name}, as Staff" if message.anonymous else message.author_name
    words = message.content.replace("**", "") if message.kind is Kind.SYSTEM else message.content
    mark = "deleted" if message.deleted_at else "edited" if message.edited_at else ""
    deleted = message.deleted_at is not None
    return Said(
        message.id,
        message.kind.value,
        author,
        words,
        message.created_at,
        mark,
        deleted=deleted,
        own=message.author_id == me and not deleted,
        delivery=message.delivery if message.kind is Kind.STAFF and not deleted else None,
        failure=message.delivery_error or "",
    )


def _as_owner_reads(message: Message) -> Said | None:
    """Return a message as the ticket's person reads it, and None for what is not meant for them."""
    if message.deleted_at is not None or message.kind is Kind.NOTE:
        return None
    if message.kind is Kind.SYSTEM:
        if not message.content.startswith(CLOSING_WORDS):
            return None
        words = f"Closed: {message.content.removeprefix(CLOSING_WORDS)}"
        return Said(message.id, message.kind.value, "", words, message.created_at)
    author = "Staff" if message.anonymous else message.author_name
    mark = "edited" if message.edited_at else ""
    return Said(message.id, message.kind.value, author, message.content, message.created_at, mark)
