"""How tickets begin: a row with a number, then a channel where the transport needs one."""

from datetime import datetime
from typing import Final

from msgspec.structs import replace
from sqlalchemy import bindparam, delete, update

from guildhall.core import ids
from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.core.errors import InvalidField
from guildhall.domains import audit
from guildhall.domains.tickets.errors import TicketAlreadyOpen, TooManyOpen
from guildhall.domains.tickets.models import (
    Origin,
    Participant,
    Person,
    Priority,
    Role,
    Ticket,
    TicketState,
    Transport,
    ticket_numbers,
    tickets,
)
from guildhall.domains.tickets.news import tell_of_ticket
from guildhall.domains.tickets.queries import LAST_NUMBER_LOCKED, LIVE_RELAY, OPEN_OF_PERSON
from guildhall.domains.tickets.relay.models import CHANNEL, Post, Say
from guildhall.domains.tickets.relay.queueing import queue_opening, queue_post
from guildhall.domains.tickets.tallies import count_in, count_out

LONGEST_SUBJECT: Final = 200

COUNT_UP = command(update(ticket_numbers).values(last=ticket_numbers.c.last + 1))
_ticket = tickets.c.id == bindparam("ticket")
CHANNEL_MADE = command(
    update(tickets)
    .where(_ticket, tickets.c.state == TicketState.OPENING.value)
    .values(channel_id=bindparam("channel"), state=TicketState.OPEN.value)
)
TURN_DIRECT = command(
    update(tickets)
    .where(
        _ticket,
        tickets.c.state == TicketState.OPENING.value,
        tickets.c.origin == Origin.BUTTON.value,
        tickets.c.transport == Transport.RELAY.value,
    )
    .values(transport=Transport.DIRECT.value)
)
DISCARD = command(delete(tickets).where(tickets.c.id == bindparam("id"), tickets.c.state == TicketState.OPENING.value))


async def open_ticket(
    tx: Tx,
    actor: Actor,
    *,
    guild_id: int,
    person: Person,
    origin: Origin,
    transport: Transport,
    needs_channel: bool,
    category_id: str | None = None,
    category_name: str | None = None,
    subject: str | None = None,
    language: str | None = None,
    assigned_to: str | None = None,
    silent: bool = False,
    most_open: int = 1,
    now: datetime,
) -> Ticket:
    """Open a ticket for a person. One that `needs_channel` is `opening` until there is one.

    A person has one live relayed ticket in a guild, and of direct ones `most_open`. Raises InvalidField,
    TicketAlreadyOpen, TooManyOpen.
    """
    subject = _valid_subject(subject)
    # Whoever opens at the same moment waits here for this number, and then sees what was opened.
    await tx.run(COUNT_UP)
    number = await tx.one(LAST_NUMBER_LOCKED)
    if number is None:
        raise LookupError("the row that numbers tickets is made by the migration")
    if transport is Transport.RELAY:
        await _check_no_live_relay(tx, guild_id, person.id)
    else:
        await check_open(tx, person.id, most_open)
    ticket = Ticket(
        id=ids.ulid(),
        number=number,
        guild_id=guild_id,
        user_id=person.id,
        user_name=person.name,
        origin=origin,
        transport=transport,
        category_id=category_id,
        category_name=category_name,
        subject=subject,
        state=TicketState.OPENING if needs_channel else TicketState.OPEN,
        priority=Priority.NORMAL,
        assigned_to=assigned_to,
        language=language,
        silent=silent,
        created_at=now,
    )
    await tx.insert(ticket, clash=TicketAlreadyOpen)
    await tx.insert(Participant(ticket.id, person.id, person.name, Role.USER))
    await count_in(tx, ticket)
    if needs_channel:
        await queue_opening(tx, ticket, now=now)
    await audit.record(tx, actor, "ticket.opened", ticket.id, now=now, number=number, origin=origin, user=person.id)
    tell_of_ticket(tx, "opened", ticket)
    return ticket


async def check_open(tx: Tx, user_id: str, most_open: int) -> None:
    """Refuse a further direct ticket to whoever has as many open as they may. Raises TooManyOpen."""
    # Whoever holds this row opens no other ticket meanwhile, and nobody else does.
    await tx.one(LAST_NUMBER_LOCKED)
    open_ones = await tx.all(OPEN_OF_PERSON, user_id=user_id)
    if sum(each.transport is Transport.DIRECT for each in open_ones) >= most_open:
        raise TooManyOpen


async def note_channel(tx: Tx, ticket: Ticket, channel_id: int | None) -> Ticket:
    """Take in that the channel of an opening ticket is there, or with None that it does without; nothing for others."""
    if await tx.run(CHANNEL_MADE, ticket=ticket.id, channel=channel_id) == 0:
        return ticket
    ticket = replace(ticket, channel_id=channel_id, state=TicketState.OPEN)
    tell_of_ticket(tx, "updated", ticket)
    return ticket


async def turn_direct(tx: Tx, actor: Actor, ticket: Ticket, *, now: datetime) -> None:
    """Let a ticket that somebody asked for with a button be talked about in one place that they see too.

    For whoever takes no direct messages. Nothing happens to a ticket that has its channel, or came another way.
    """
    if await tx.run(TURN_DIRECT, ticket=ticket.id) == 0:
        return
    direct = replace(ticket, transport=Transport.DIRECT)
    welcome = Post(say=Say.WELCOME, user_ids=[ticket.user_id])
    await queue_post(tx, direct, to=CHANNEL, post=welcome, now=now)
    await audit.record(tx, actor, "ticket.turned_direct", ticket.id, now=now, number=ticket.number)
    tell_of_ticket(tx, "updated", direct)


async def discard_ticket(tx: Tx, actor: Actor, ticket: Ticket, *, reason: str, now: datetime) -> None:
    """Remove a ticket whose channel Discord refuses for good; its number is not used again."""
    if await tx.run(DISCARD, id=ticket.id):
        await count_out(tx, ticket)
        await audit.record(tx, actor, "ticket.discarded", ticket.id, now=now, number=ticket.number, reason=reason)
        tell_of_ticket(tx, "deleted", ticket)


async def _check_no_live_relay(tx: Tx, guild_id: int, user_id: str) -> None:
    live = await tx.one(LIVE_RELAY, guild_id=guild_id, user_id=user_id)
    if live is not None:
        channel = {"channel_id": str(live.channel_id)} if live.channel_id else {}
        raise TicketAlreadyOpen(ticket_id=live.id, **channel)


def _valid_subject(subject: str | None) -> str | None:
    text = " ".join((subject or "").split())
    if len(text) > LONGEST_SUBJECT:
        raise InvalidField(f"A subject has at most {LONGEST_SUBJECT} characters", field="subject")
    return text or None
