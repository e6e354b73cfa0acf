"""What people do with a ticket: write, read, claim, hand over, move, close, open again and delete."""

from typing import Any, ClassVar, Final, Literal

from msgspec import UNSET, UnsetType

from guildhall.core.clock import Clock
from guildhall.core.db import Tx
from guildhall.core.errors import Forbidden, Invalid, InvalidField, Limited, MissingField
from guildhall.dialects.hazebot.ticket_errors import InvalidCategory
from guildhall.dialects.hazebot.ticket_opening import category_called
from guildhall.dialects.hazebot.ticket_staff import PersonId, staff_member
from guildhall.dialects.hazebot.ticket_wire import MessagePosted, MessageReply, MessageSent, Success, SuccessOnly
from guildhall.dialects.hazebot.ticket_work import Visitor, count_write, mark_read, write
from guildhall.dialects.hazebot.tickets import HIDDEN, ONE, OWN, TOKEN, visitor_of
from guildhall.domains import tickets
from guildhall.domains.identity import Permission
from guildhall.domains.tickets import Person, Ticket
from guildhall.domains.tickets.errors import (
    EmptyMessage,
    MessageTooLong,
    NotStaff,
    OwnerMayNotClose,
    TicketAlreadyOpen,
    TicketClaimed,
    TicketClosed,
    TicketOpen,
    TooManyOpen,
    TooManyReopens,
)
from guildhall.web.bodies import Body, Later
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import route

MANAGE: Final = Permission.MANAGE_TICKETS
WRITING: Final = (*HIDDEN, EmptyMessage, MessageTooLong, TicketClosed, TicketClaimed, Limited)
CLOSING: Final = (*HIDDEN, TicketClosed, InvalidField, OwnerMayNotClose)
REOPENING: Final = (OwnerMayNotClose, TicketOpen, TooManyReopens, TooManyOpen, TicketAlreadyOpen)
LONGEST_CLIENT_ID: Final = 64
LONGEST_CLOSING: Final = 2000


class MessageCreate(Body, frozen=True, kw_only=True):
    """Something to say; `message` wins where both are sent. `client_message_id` makes a repeat harmless."""

    refusals: ClassVar[dict[str, type[Invalid]]] = {"message": EmptyMessage, "content": EmptyMessage}

    message: str | None = None
    content: str | None = None
    client_message_id: str | None = None

    @property
    def text(self) -> str:
        """What is said."""
        return self.message if self.message is not None else self.content or ""

    def check(self) -> None:
        """Refuse a name for the message that is too long. Raises InvalidField."""
        if self.client_message_id is not None and not 1 <= len(self.client_message_id) <= LONGEST_CLIENT_ID:
            raise InvalidField("client_message_id has 1 to 64 characters", field="client_message_id")


class Closing(Body, frozen=True, kw_only=True):
    """What the owner is told at the end."""

    optional: ClassVar[bool] = True

    close_message: str | None = None

    def check(self) -> None:
        """Refuse a text that is too long. Raises InvalidField."""
        if self.close_message is not None and len(self.close_message) > LONGEST_CLOSING:
            raise InvalidField(f"close_message has at most {LONGEST_CLOSING} characters", field="close_message")


class Claiming(Body, frozen=True, kw_only=True):
    """Who takes a ticket, the caller unless told otherwise."""

    optional: ClassVar[bool] = True

    user_id: PersonId | None = None


class Assigning(Body, frozen=True, kw_only=True):
    """Whom a ticket is handed to."""

    assigned_to: PersonId


class TicketUpdate(Body, frozen=True, kw_only=True):
    """What is to be changed; each key does what the route of its name does."""

    status: Literal["open", "claimed", "closed", "Open", "Claimed", "Closed"] | UnsetType = UNSET
    assigned_to: PersonId | UnsetType | None = UNSET
    claimed_by: PersonId | UnsetType | None = UNSET
    type: str | UnsetType = UNSET

    def check(self) -> None:
        """Refuse a change of nothing. Raises MissingField."""
        if all(getattr(self, name) is UNSET for name in self.__struct_fields__):
            raise MissingField("Name at least one thing to change")


@route("POST", ONE + "/send", permission=OWN, accepts=TOKEN, refusals=WRITING)
async def send_ticket_message(
    ticket_id: str, data: MessageCreate, call: Call, tx: Tx, house: House, clock: Clock
) -> MessageSent:
    """Write in a ticket."""
    return MessageSent(message=await _write(ticket_id, data, call, tx, house, clock))


@route("POST", ONE + "/messages", permission=OWN, accepts=TOKEN, refusals=WRITING)
async def post_ticket_message(
    ticket_id: str, data: MessageCreate, call: Call, tx: Tx, house: House, clock: Clock
) -> MessagePosted:
    """Write in a ticket, as older apps do."""
    return MessagePosted(data=await _write(ticket_id, data, call, tx, house, clock))


async def _write(ticket_id: str, data: MessageCreate, call: Call, tx: Tx, house: House, clock: Clock) -> MessageReply:
    data.check()
    visitor = visitor_of(call)
    await count_write(house, visitor)
    return await write(tx, house, visitor, ticket_id, data.text, data.client_message_id, now=clock.now())


@route("POST", ONE + "/mark-read", permission=OWN, accepts=TOKEN, refusals=HIDDEN)
async def mark_ticket_read(ticket_id: str, call: Call, tx: Tx) -> SuccessOnly:
    """Set the caller's read mark to the latest message."""
    await mark_read(tx, visitor_of(call), ticket_id)
    return SuccessOnly()


@route("POST", ONE + "/close", permission=OWN, accepts=TOKEN, refusals=CLOSING)
async def close_ticket(ticket_id: str, body: Later[Closing], call: Call, tx: Tx, house: House, clock: Clock) -> Success:
    """Close a ticket."""
    data, visitor = body.read_or(Closing()), visitor_of(call)
    data.check()
    ticket = await _held(tx, visitor, ticket_id)
    actor, said, now = visitor.actor, data.close_message, clock.now()
    if visitor.is_staff:
        await tickets.close_ticket(tx, actor, ticket, by=visitor.person.id, reason=said, now=now)
    else:
        await tickets.close_as_owner(tx, actor, ticket, rules=house.site.now.document.tickets, reason=said, now=now)
    return Success(message="Ticket closed")


@route("POST", ONE + "/reopen", permission=OWN, accepts=TOKEN, refusals=(*HIDDEN, *REOPENING))
async def reopen_ticket(ticket_id: str, call: Call, tx: Tx, house: House, clock: Clock) -> Success:
    """Open a closed ticket again."""
    visitor = visitor_of(call)
    await _reopen(tx, house, visitor, await _held(tx, visitor, ticket_id), clock)
    return Success(message="Ticket reopened")


@route(
    "POST", ONE + "/claim", permission=MANAGE, accepts=TOKEN, transaction="none",
    refusals=(*HIDDEN, TicketClosed, TicketClaimed, NotStaff),
)  # fmt: skip
async def claim_ticket(ticket_id: str, body: Later[Claiming], call: Call, house: House, clock: Clock) -> Success:
    """Take a ticket, or as an admin let somebody of the staff take it."""
    visitor = visitor_of(call)
    taker = await _taker(call, visitor, body.read_or(Claiming()).user_id)
    async with house.database.write() as tx:
        ticket = await _held(tx, visitor, ticket_id)
        await tickets.claim_ticket(tx, visitor.actor, ticket, taker, now=clock.now())
    return Success(message="Ticket claimed successfully")


@route(
    "POST", ONE + "/assign", permission=MANAGE, accepts=TOKEN, transaction="none",
    refusals=(*HIDDEN, TicketClosed, NotStaff),
)  # fmt: skip
async def assign_ticket(ticket_id: str, data: Assigning, call: Call, house: House, clock: Clock) -> Success:
    """Hand a ticket to somebody of the staff."""
    visitor, person = visitor_of(call), await staff_member(call, data.assigned_to)
    async with house.database.write() as tx:
        ticket = await _held(tx, visitor, ticket_id)
        await tickets.assign_ticket(tx, visitor.actor, ticket, person, now=clock.now())
    return Success(message="Ticket assigned successfully")


@route(
    "PUT", ONE, permission=MANAGE, accepts=TOKEN, transaction="none",
    refusals=(
        *HIDDEN, *REOPENING, TicketClosed, TicketClaimed, NotStaff, InvalidCategory, InvalidField,
        MissingField,
    ),
)  # fmt: skip
async def update_ticket(ticket_id: str, data: TicketUpdate, call: Call, house: House, clock: Clock) -> Success:
    """Change where a ticket stands, who has it, or its category; all of it or nothing."""
    data.check()
    visitor = visitor_of(call)
    taker = await _taker(call, visitor, data.claimed_by) if isinstance(data.claimed_by, str | int) else None
    holder = await staff_member(call, data.assigned_to) if isinstance(data.assigned_to, str | int) else None
    async with house.database.write() as tx:
        ticket = await _held(tx, visitor, ticket_id)
        await _update(tx, house, visitor, ticket, data, taker, holder, clock)
    return Success(message="Ticket updated successfully")


async def _update(
    tx: Tx,
    house: House,
    visitor: Visitor,
    ticket: Ticket,
    data: TicketUpdate,
    taker: Person | None,
    holder: Person | None,
    clock: Clock,
) -> None:
    """Do what each key says: first what opens the ticket, last what closes it."""
    actor, now = visitor.actor, clock.now()
    status = "" if data.status is UNSET else data.status.lower()
    if status == "open":
        ticket = await _open(tx, house, visitor, ticket, clock)
    if data.type is not UNSET:
        category = await category_called(tx, data.type)
        named: dict[str, Any] = {
            "category_id": category.id if category else None,
            "category_name": category.name if category else None,
        }
        ticket = await tickets.move_ticket(tx, actor, ticket, **named, now=now)
    if data.claimed_by is None:
        ticket = await tickets.release_ticket(tx, actor, ticket, now=now)
    if taker is not None or status == "claimed":
        ticket = await tickets.claim_ticket(tx, actor, ticket, taker or visitor.person, now=now)
    if data.assigned_to is not UNSET:
        ticket = await tickets.assign_ticket(tx, actor, ticket, holder, now=now)
    if status == "closed":
        await tickets.close_ticket(tx, actor, ticket, by=visitor.person.id, now=now)


@route("DELETE", ONE, permission=Permission.DELETE_TICKETS, accepts=TOKEN, refusals=HIDDEN)
async def delete_ticket(ticket_id: str, call: Call, tx: Tx, clock: Clock) -> Success:
    """Delete a ticket with all that was said in it."""
    visitor = visitor_of(call)
    ticket = await _held(tx, visitor, ticket_id)
    await tickets.delete_ticket(tx, visitor.actor, ticket, by=visitor.person.id, now=clock.now())
    return Success(message="Ticket deleted")


async def _held(tx: Tx, visitor: Visitor, ticket_id: str) -> Ticket:
    return await tickets.access_ticket_to_change(tx, visitor.actor, ticket_id, sight=visitor.sight)


async def _open(tx: Tx, house: House, visitor: Visitor, ticket: Ticket, clock: Clock) -> Ticket:
    """Open a closed ticket again, or give back one that is claimed. Raises TicketOpen for one that is just open."""
    if ticket.claimed_by is None or ticket.closed:
        return await _reopen(tx, house, visitor, ticket, clock)
    return await tickets.release_ticket(tx, visitor.actor, ticket, now=clock.now())


async def _reopen(tx: Tx, house: House, visitor: Visitor, ticket: Ticket, clock: Clock) -> Ticket:
    """Open a closed ticket again; staff are held by no limit."""
    actor, now = visitor.actor, clock.now()
    if visitor.is_staff:
        return await tickets.reopen_ticket(tx, actor, ticket, now=now)
    return await tickets.reopen_as_owner(tx, actor, ticket, rules=house.site.now.document.tickets, now=now)


async def _taker(call: Call, visitor: Visitor, given: PersonId | None) -> Person:
    """Return who takes a ticket: the caller, or whom an admin names. Raises Forbidden, NotStaff."""
    if given is None:
        return visitor.person
    person = await staff_member(call, given)
    if person.id != visitor.person.id and not visitor.is_admin:
        raise Forbidden
    return person
