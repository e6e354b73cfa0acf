"""Reminders that are due."""

from guildhall.core.jobs import JobContext
from guildhall.domains.tickets.queries import TICKET_LOCKED
from guildhall.domains.tickets.reminders.queries import DUE
from guildhall.domains.tickets.reminders.reminding import fire_reminder

AT_ONCE = 100


async def remind_due(context: JobContext) -> None:
    """Say every reminder whose time has come, each in a transaction of its own, so that none holds up another."""
    now = context.clock.now()
    async with context.database.read() as tx:
        due = await tx.all(DUE, now=now, limit=AT_ONCE)
    for each in due:
        async with context.database.write() as tx:
            ticket = await tx.one(TICKET_LOCKED, id=each.ticket_id)
            if ticket is not None:
                await fire_reminder(tx, ticket, each, now=now)
