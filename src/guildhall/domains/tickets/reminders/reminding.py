"""Reminders: asked for, called off, said in the ticket's channel when they are due."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, delete, insert, update

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command, insert_if_new, query
from guildhall.core.errors import InvalidField
from guildhall.domains import audit
from guildhall.domains.tickets.errors import InvalidTime, ReminderNotFound, TicketClosed
from guildhall.domains.tickets.models import Ticket
from guildhall.domains.tickets.relay.models import CHANNEL, Post, Say
from guildhall.domains.tickets.relay.queueing import in_discord, queue_post
from guildhall.domains.tickets.reminders.models import (
    NewReminder,
    Reminder,
    ReminderState,
    ticket_reminders,
    ticket_spared,
)
from guildhall.domains.tickets.reminders.queries import REMINDER_COLUMNS, SPARED, WAITING_OF_TICKET

LONGEST: Final = 1000
MOST_ROLES: Final = 10
FURTHEST: Final = timedelta(days=366)

_waits = ticket_reminders.c.state == ReminderState.WAITING.value
ASK = query(
    Reminder,
    insert(ticket_reminders)
    .values({name: bindparam(name, type_=ticket_reminders.c[name].type) for name in NewReminder.__struct_fields__})
    .returning(*REMINDER_COLUMNS),
)
DROP = command(
    update(ticket_reminders)
    .where(
        ticket_reminders.c.id == bindparam("reminder"), ticket_reminders.c.ticket_id == bindparam("of_ticket"), _waits
    )
    .values(state=ReminderState.DROPPED.value)
)
FIRE = command(
    update(ticket_reminders)
    .where(ticket_reminders.c.id == bindparam("reminder"), _waits)
    .values(state=ReminderState.DONE.value)
)
SPARE = insert_if_new(ticket_spared)
SPARE_NO_MORE = command(
    delete(ticket_spared).where(
        ticket_spared.c.role_id == bindparam("role"), ticket_spared.c.person_id == bindparam("person")
    )
)


async def remind(
    tx: Tx,
    actor: Actor,
    ticket: Ticket,
    *,
    author_id: str,
    at: datetime,
    text: str,
    role_ids: Sequence[str] = (),
    now: datetime,
) -> Reminder:
    """Have somebody, and whoever has one of the roles, reminded of something in a ticket. The ticket is locked.

    Raises TicketClosed, InvalidTime, InvalidField.
    """
    if ticket.closed:
        raise TicketClosed
    if not now < at <= now + FURTHEST:
        raise InvalidTime
    words = text.strip()
    if not words or len(words) > LONGEST or len(role_ids) > MOST_ROLES:
        raise InvalidField(f"A reminder has 1 to {LONGEST} characters and {MOST_ROLES} roles", field="text")
    reminder = await tx.one(
        ASK,
        ticket_id=ticket.id,
        author_id=author_id,
        text=words,
        role_ids=list(dict.fromkeys(role_ids)),
        due_at=at,
        state=ReminderState.WAITING,
    )
    if reminder is None:
        raise LookupError("an insert that returns its row has one")
    await audit.record(tx, actor, "ticket.reminder_set", ticket.id, now=now, reminder=reminder.id, at=at.isoformat())
    return reminder


async def reminders_of(tx: Tx, ticket: Ticket) -> list[Reminder]:
    """Return what people are still to be reminded of in a ticket, the next first."""
    return await tx.all(WAITING_OF_TICKET, ticket_id=ticket.id)


async def drop_reminder(tx: Tx, actor: Actor, ticket: Ticket, reminder_id: int, *, now: datetime) -> None:
    """Call a reminder off. The ticket is locked. Raises ReminderNotFound, also for one that is done."""
    if await tx.run(DROP, reminder=reminder_id, of_ticket=ticket.id) == 0:
        raise ReminderNotFound
    await audit.record(tx, actor, "ticket.reminder_dropped", ticket.id, now=now, reminder=reminder_id)


async def fire_reminder(tx: Tx, ticket: Ticket, reminder: Reminder, *, now: datetime) -> None:
    """Say a reminder in the ticket's channel, once, however often this is called. The ticket is locked."""
    if await tx.run(FIRE, reminder=reminder.id) == 0 or not in_discord(ticket):
        return
    spared = {
        role_id: [each.person_id for each in await tx.all(SPARED, role_id=role_id)] for role_id in reminder.role_ids
    }
    post = Post(
        say=Say.REMINDER,
        words="desk.reminder",
        fields={"text": reminder.text, "id": str(reminder.id)},
        user_ids=[reminder.author_id],
        role_ids=reminder.role_ids,
        spared={role_id: people for role_id, people in spared.items() if people},
    )
    await queue_post(tx, ticket, to=CHANNEL, post=post, now=now)


async def spare_from_role(tx: Tx, actor: Actor, *, person_id: str, role_id: str, spared: bool, now: datetime) -> None:
    """Let the reminders of a role leave somebody alone, or no more."""
    if spared:
        await tx.run(SPARE, role_id=role_id, person_id=person_id)
    else:
        await tx.run(SPARE_NO_MORE, role=role_id, person=person_id)
    await audit.record(tx, actor, "reminders.subscribed", person_id, now=now, role=role_id, subscribed=not spared)
