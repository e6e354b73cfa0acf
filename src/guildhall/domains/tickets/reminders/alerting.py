"""Alerts: whoever asked for it is pinged when the user of a ticket writes."""

from datetime import datetime

from sqlalchemy import bindparam, delete, update
from sqlalchemy.dialects.postgresql import insert

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.domains import audit
from guildhall.domains.tickets.errors import TicketClosed
from guildhall.domains.tickets.models import Ticket
from guildhall.domains.tickets.relay.models import CHANNEL, Post, Say
from guildhall.domains.tickets.relay.queueing import in_discord, queue_post
from guildhall.domains.tickets.reminders.models import ReminderState, ticket_alerts, ticket_reminders
from guildhall.domains.tickets.reminders.queries import ALERTS

_alert = insert(ticket_alerts)
ASK = command(
    _alert.on_conflict_do_update(
        index_elements=[ticket_alerts.c.ticket_id, ticket_alerts.c.person_id],
        set_={"always": _alert.excluded["always"]},
    )
)
_of_ticket = ticket_alerts.c.ticket_id == bindparam("ticket")
CANCEL = command(delete(ticket_alerts).where(_of_ticket, ticket_alerts.c.person_id == bindparam("person")))
RUNG = command(delete(ticket_alerts).where(_of_ticket, ticket_alerts.c.always.is_(False)))
FORGET = command(delete(ticket_alerts).where(_of_ticket))
DROP_REMINDERS = command(
    update(ticket_reminders)
    .where(
        ticket_reminders.c.ticket_id == bindparam("of_ticket"),
        ticket_reminders.c.state == ReminderState.WAITING.value,
    )
    .values(state=ReminderState.DROPPED.value)
)


async def ask_for_alert(
    tx: Tx, actor: Actor, ticket: Ticket, *, person_id: str, always: bool = False, now: datetime
) -> None:
    """Ping somebody at the user's next message, or at each. The ticket is locked. Raises TicketClosed."""
    if ticket.closed:
        raise TicketClosed
    await tx.run(ASK, ticket_id=ticket.id, person_id=person_id, always=always)
    await audit.record(tx, actor, "ticket.alert_set", ticket.id, now=now, always=always)


async def cancel_alert(tx: Tx, actor: Actor, ticket: Ticket, *, person_id: str, now: datetime) -> bool:
    """Ping somebody no more; False for one who was not going to be. The ticket is locked."""
    cancelled = await tx.run(CANCEL, ticket=ticket.id, person=person_id) == 1
    if cancelled:
        await audit.record(tx, actor, "ticket.alert_cancelled", ticket.id, now=now)
    return cancelled


async def ring(tx: Tx, ticket: Ticket, *, now: datetime) -> None:
    """Ping whoever wanted to know that the user writes, below what they wrote."""
    alerts = await tx.all(ALERTS, ticket_id=ticket.id)
    if alerts and in_discord(ticket):
        people = [each.person_id for each in alerts]
        post = Post(say=Say.WORDS, words="desk.alert", fields={"user": ticket.user_name}, user_ids=people)
        await queue_post(tx, ticket, to=CHANNEL, post=post, now=now)
        await tx.run(RUNG, ticket=ticket.id)


async def forget_wishes(tx: Tx, ticket: Ticket) -> None:
    """Drop every reminder and alert of a ticket that closes."""
    await tx.run(FORGET, ticket=ticket.id)
    await tx.run(DROP_REMINDERS, of_ticket=ticket.id)
