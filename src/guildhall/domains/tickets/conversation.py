"""What is said in a ticket: written once, whatever the number of places where it is read."""

from dataclasses import dataclass, replace as changed
from datetime import datetime
from typing import Final

from msgspec.structs import replace
from sqlalchemy import bindparam, insert, update

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command, insert_if_new, query
from guildhall.domains import audit
from guildhall.domains.tickets.attachments import KeptFile, attach_files
from guildhall.domains.tickets.errors import (
    EmptyMessage,
    MessageDeleted,
    MessageNotFound,
    MessageTooLong,
    NotMessageAuthor,
    TicketClaimed,
    TicketClosed,
)
from guildhall.domains.tickets.models import (
    LONGEST_MESSAGE,
    SPOKEN,
    Delivery,
    Kind,
    Message,
    Origin,
    Person,
    Revision,
    Role,
    Source,
    Ticket,
    TicketState,
    ticket_messages,
    ticket_participants,
    tickets,
)
from guildhall.domains.tickets.news import tell_of_message, tell_of_ticket
from guildhall.domains.tickets.queries import MESSAGE_COLUMNS, MESSAGE_LOCKED, MESSAGE_OF_CLIENT, NEWEST_OF_TICKET
from guildhall.domains.tickets.reading import mark_read
from guildhall.domains.tickets.relay.models import Copy, CopyRole
from guildhall.domains.tickets.relay.queueing import (
    destinations_of,
    in_discord,
    queue_changes,
    queue_copies,
    queue_name,
    queue_welcome,
)
from guildhall.domains.tickets.reminders.alerting import ring

LONGEST_WORDS: Final = 200
"""How much of the newest message a list shows."""

BEGUN_BY_STAFF: Final = frozenset({Origin.STAFF, Origin.PANEL, Origin.CHANNEL})
"""Their users are not written to before the first reply."""

_NEW = (
    "ticket_id",
    "kind",
    "author_id",
    "author_name",
    "anonymous",
    "content",
    "number",
    "source",
    "client_id",
    "created_at",
    "delivery",
)
WRITE = query(
    Message,
    insert(ticket_messages)
    .values({name: bindparam(name, type_=ticket_messages.c[name].type) for name in _NEW})
    .returning(*MESSAGE_COLUMNS),
)
_ticket = tickets.c.id == bindparam("ticket")
NOTE_MESSAGE = command(
    update(tickets)
    .where(_ticket)
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in (
                "state",
                "message_count",
                "reply_count",
                "first_reply_at",
                "last_message_at",
                "last_message_by",
                "last_words",
                "claimed_by",
                "assigned_to",
                "quiet_since",
                "close_at",
                "close_planned_by",
                "close_planned_reason",
                "close_planned_silent",
            )
        }
    )
)
NOTE_WORDS = command(update(tickets).where(_ticket).values(last_words=bindparam("words")))
JOIN = insert_if_new(ticket_participants)
_message = ticket_messages.c.id == bindparam("message")
EDIT = command(
    update(ticket_messages).where(_message).values(content=bindparam("new_content"), edited_at=bindparam("at"))
)
DELETE = command(update(ticket_messages).where(_message).values(deleted_at=bindparam("at"), deleted_by=bindparam("by")))


@dataclass(frozen=True)
class Written:
    """Where in Discord somebody wrote a message."""

    channel_id: int
    discord_id: int


@dataclass(frozen=True)
class Draft:
    """What somebody wants to say, in words, files or both.

    `client_id` is what the sender calls it, so that a repeat is known; `written` is where in Discord it is already.
    `attachments` come from `FileStore.keep_file`.
    """

    content: str
    source: Source
    anonymous: bool = False
    client_id: str | None = None
    attachments: tuple[KeptFile, ...] = ()
    written: Written | None = None

    @property
    def says_something(self) -> bool:
        """Whether there is a word in it, or a file."""
        return bool(self.content.strip() or self.attachments)

    @property
    def written_in(self) -> int | None:
        """The channel of Discord that it was written in."""
        return self.written.channel_id if self.written else None


async def write_as_user(
    tx: Tx, actor: Actor, ticket: Ticket, person: Person, draft: Draft, *, keeps_open: bool = False, now: datetime
) -> Message:
    """Write what the user says; it ends a hold. The ticket is locked.

    With `keeps_open` the ticket does not close any more at a time that somebody planned.
    Raises EmptyMessage, MessageTooLong, InvalidField, TicketClosed.
    """
    return await _write(tx, actor, ticket, Kind.USER, person, draft, keeps_open=keeps_open, now=now)


async def write_as_staff(
    tx: Tx,
    actor: Actor,
    ticket: Ticket,
    person: Person,
    draft: Draft,
    *,
    only_claimer: bool = False,
    overrules: bool = False,
    now: datetime,
) -> Message:
    """Write a reply to the user, with the next number of its ticket. The ticket is locked.

    With `only_claimer` the first reply claims the ticket, and the replies of others are refused unless they `overrule`.
    Raises EmptyMessage, MessageTooLong, InvalidField, TicketClosed, TicketClaimed.
    """
    if only_claimer and ticket.claimed_by not in {None, person.id} and not overrules:
        raise TicketClaimed
    claims = only_claimer and ticket.claimed_by is None
    return await _write(tx, actor, ticket, Kind.STAFF, person, draft, claims=claims, now=now)


async def write_note(tx: Tx, actor: Actor, ticket: Ticket, person: Person, draft: Draft, *, now: datetime) -> Message:
    """Write a note that only staff see. The ticket is locked.

    Raises EmptyMessage, MessageTooLong, InvalidField, TicketClosed.
    """
    return await _write(tx, actor, ticket, Kind.NOTE, person, draft, now=now)


async def write_line(tx: Tx, ticket: Ticket, text: str, *, now: datetime) -> Message:
    """Write what the house says of a ticket, such as that somebody has claimed it."""
    message = await _insert(tx, ticket, Kind.SYSTEM, None, Draft(text, Source.HOUSE), now)
    tell_of_message(tx, "created", ticket, message)
    return message


async def edit_message(
    tx: Tx, actor: Actor, ticket: Ticket, message_id: int, *, person: Person, content: str, now: datetime
) -> Message:
    """Change what a message says; what it said is kept. The ticket is locked.

    Raises MessageNotFound, NotMessageAuthor, MessageDeleted, EmptyMessage, MessageTooLong.
    """
    message = await access_message(tx, ticket, message_id)
    check_may_edit(message, person)
    content = valid_content(content)
    if content == message.content:
        return message
    await tx.insert(Revision(message.id, now, message.content, person.id))
    await tx.run(EDIT, message=message.id, new_content=content, at=now)
    await audit.record(tx, actor, "ticket.message_edited", ticket.id, now=now, message=message.id)
    edited = replace(message, content=content, edited_at=now)
    await _note_newest(tx, ticket)
    await queue_changes(tx, ticket, edited, now=now)
    tell_of_message(tx, "updated", ticket, edited)
    return edited


async def delete_message(
    tx: Tx, actor: Actor, ticket: Ticket, message_id: int, *, person: Person, overrules: bool = False, now: datetime
) -> Message:
    """Mark a message as deleted; staff still read it. Done twice it is done once. The ticket is locked.

    Raises MessageNotFound, and NotMessageAuthor for another's unless they `overrule`.
    """
    message = await access_message(tx, ticket, message_id)
    if message.author_id != person.id and not overrules:
        raise NotMessageAuthor
    if message.deleted_at is not None:
        return message
    await tx.run(DELETE, message=message.id, at=now, by=person.id)
    details = {"message": message.id, "author": message.author_id}
    await audit.record(tx, actor, "ticket.message_deleted", ticket.id, now=now, **details)
    deleted = replace(message, deleted_at=now, deleted_by=person.id)
    await _note_newest(tx, ticket)
    await queue_changes(tx, ticket, deleted, now=now)
    tell_of_message(tx, "deleted", ticket, deleted)
    return deleted


def check_may_edit(message: Message, person: Person) -> None:
    """Let through whoever wrote a message that is still there. Raises NotMessageAuthor, MessageDeleted."""
    if message.author_id != person.id:
        raise NotMessageAuthor
    if message.deleted_at is not None:
        raise MessageDeleted


async def access_message(tx: Tx, ticket: Ticket, message_id: int) -> Message:
    """Return a message that a person wrote in a ticket, locked. Raises MessageNotFound."""
    message = await tx.one(MESSAGE_LOCKED, ticket_id=ticket.id, id=message_id)
    if message is None or message.kind is Kind.SYSTEM:
        raise MessageNotFound
    return message


def valid_content(content: str, *, may_be_empty: bool = False) -> str:
    """Return a text without the space around it. Raises EmptyMessage, MessageTooLong."""
    bare = content.strip()
    if not bare and not may_be_empty:
        raise EmptyMessage
    if len(bare) > LONGEST_MESSAGE:
        raise MessageTooLong
    return bare


async def _write(
    tx: Tx,
    actor: Actor,
    ticket: Ticket,
    kind: Kind,
    person: Person,
    draft: Draft,
    *,
    claims: bool = False,
    keeps_open: bool = False,
    now: datetime,
) -> Message:
    draft = changed(draft, content=valid_content(draft.content, may_be_empty=bool(draft.attachments)))
    if draft.client_id is not None:
        known = await tx.one(MESSAGE_OF_CLIENT, ticket_id=ticket.id, author_id=person.id, client_id=draft.client_id)
        if known is not None:
            return known
    if ticket.closed:
        raise TicketClosed
    if kind is Kind.STAFF and ticket.reply_count == 0 and ticket.origin in BEGUN_BY_STAFF and in_discord(ticket):
        await queue_welcome(tx, ticket, now=now)
    message = await _insert(tx, ticket, kind, person, draft, now)
    await attach_files(tx, message.id, draft.attachments)
    role = Role.USER if kind is Kind.USER else Role.STAFF
    await tx.run(JOIN, ticket_id=ticket.id, person_id=person.id, name=person.name, role=role)
    if kind in SPOKEN:
        words = message.content or ", ".join(file.name for file in draft.attachments)
        if keeps_open and ticket.close_at is not None:
            await audit.record(tx, actor, "ticket.close_planned", ticket.id, now=now, at=None)
        noted = _after(ticket, message, words, claimer=person.id if claims else None, keeps_open=keeps_open)
        await _note_spoken(tx, ticket, noted)
        if noted.claimed_by != ticket.claimed_by or noted.state is not ticket.state:
            await queue_name(tx, noted, now=now)
        ticket = noted
        await mark_read(tx, ticket, person.id)
    if kind is Kind.USER:
        await ring(tx, ticket, now=now)
    await audit.record(tx, actor, f"ticket.{_ACTS[kind]}", ticket.id, now=now, message=message.id)
    tell_of_message(tx, "created", ticket, message)
    return message


_ACTS: Final = {Kind.USER: "user_wrote", Kind.STAFF: "replied", Kind.NOTE: "noted"}


async def _insert(tx: Tx, ticket: Ticket, kind: Kind, person: Person | None, draft: Draft, now: datetime) -> Message:
    message = await tx.one(
        WRITE,
        ticket_id=ticket.id,
        kind=kind,
        author_id=person.id if person else None,
        author_name=person.name if person else "",
        anonymous=draft.anonymous,
        content=draft.content,
        number=ticket.reply_count + 1 if kind is Kind.STAFF else None,
        source=draft.source,
        client_id=draft.client_id,
        created_at=now,
        delivery=Delivery.PENDING if kind is not Kind.SYSTEM and _travels(ticket, kind, draft) else None,
    )
    if message is None:
        raise LookupError("an insert that returns its row has one")
    if draft.written is not None:
        at = draft.written
        role = CopyRole.WRITTEN
        await tx.insert(
            Copy(discord_id=at.discord_id, channel_id=at.channel_id, message_id=message.id, part=0, role=role)
        )
    await queue_copies(tx, ticket, message, written_in=draft.written_in)
    return message


def _travels(ticket: Ticket, kind: Kind, draft: Draft) -> bool:
    return bool(destinations_of(ticket, kind, written_in=draft.written_in))


def _after(ticket: Ticket, message: Message, words: str, *, claimer: str | None, keeps_open: bool) -> Ticket:
    """Return a ticket as it is once a message was written in it."""
    is_reply = message.kind is Kind.STAFF
    awake = TicketState.OPEN if ticket.state is TicketState.ON_HOLD and not is_reply else ticket.state
    noted = replace(
        ticket,
        state=awake,
        message_count=ticket.message_count + 1,
        reply_count=ticket.reply_count + is_reply,
        first_reply_at=ticket.first_reply_at or (message.created_at if is_reply else None),
        last_message_at=message.created_at,
        last_message_by=Role.STAFF if is_reply else Role.USER,
        last_words=words[:LONGEST_WORDS],
        claimed_by=claimer or ticket.claimed_by,
        assigned_to=claimer or ticket.assigned_to,
        quiet_since=message.created_at if is_reply else None,
    )
    if not keeps_open:
        return noted
    return replace(noted, close_at=None, close_planned_by=None, close_planned_reason=None, close_planned_silent=False)


async def _note_spoken(tx: Tx, ticket: Ticket, noted: Ticket) -> None:
    """Bring a ticket's row up to a message that was just written."""
    await tx.run(
        NOTE_MESSAGE,
        ticket=ticket.id,
        new_state=noted.state,
        new_message_count=noted.message_count,
        new_reply_count=noted.reply_count,
        new_first_reply_at=noted.first_reply_at,
        new_last_message_at=noted.last_message_at,
        new_last_message_by=noted.last_message_by,
        new_last_words=noted.last_words,
        new_claimed_by=noted.claimed_by,
        new_assigned_to=noted.assigned_to,
        new_quiet_since=noted.quiet_since,
        new_close_at=noted.close_at,
        new_close_planned_by=noted.close_planned_by,
        new_close_planned_reason=noted.close_planned_reason,
        new_close_planned_silent=noted.close_planned_silent,
    )
    shown = [(each.claimed_by, each.state, each.close_at) for each in (ticket, noted)]
    if shown[0] != shown[1]:
        tell_of_ticket(tx, "updated", noted)


async def _note_newest(tx: Tx, ticket: Ticket) -> None:
    """Let lists show the start of the newest message that is still there."""
    newest = await tx.one(NEWEST_OF_TICKET, ticket_id=ticket.id)
    await tx.run(NOTE_WORDS, ticket=ticket.id, words=newest.content[:LONGEST_WORDS] if newest else None)
