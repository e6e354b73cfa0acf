"""Reading reminders and alerts."""

from typing import Final

from sqlalchemy import Integer, bindparam, select, text

from guildhall.core.db import query
from guildhall.domains.tickets.reminders.models import (
    Alert,
    Reminder,
    Spared,
    ticket_alerts,
    ticket_reminders,
    ticket_spared,
)

REMINDER_COLUMNS: Final = [ticket_reminders.c[name] for name in Reminder.__struct_fields__]
_waits = text("ticket_reminders.state = 'waiting'")

DUE = query(
    Reminder,
    select(*REMINDER_COLUMNS)
    .where(_waits, ticket_reminders.c.due_at <= bindparam("now"))
    .order_by(ticket_reminders.c.due_at)
    .limit(bindparam("limit", type_=Integer)),
)
WAITING_OF_TICKET = query(
    Reminder,
    select(*REMINDER_COLUMNS)
    .where(_waits, ticket_reminders.c.ticket_id == bindparam("ticket_id"))
    .order_by(ticket_reminders.c.due_at, ticket_reminders.c.id),
)
ALERTS = query(
    Alert,
    select(ticket_alerts)
    .where(ticket_alerts.c.ticket_id == bindparam("ticket_id"))
    .order_by(ticket_alerts.c.person_id),
)
SPARED = query(Spared, select(ticket_spared).where(ticket_spared.c.role_id == bindparam("role_id")))
