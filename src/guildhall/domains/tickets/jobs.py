"""What happens to tickets by itself, in time."""

from guildhall.core.actor import SYSTEM
from guildhall.core.jobs import JobContext
from guildhall.domains.tickets.closing import close_ticket, due_to_close
from guildhall.domains.tickets.queries import TICKET_LOCKED


async def close_due(context: JobContext) -> None:
    """Close tickets whose planned end has come, each in a transaction of its own, so that none holds up another."""
    now = context.clock.now()
    async with context.database.read() as tx:
        due = await due_to_close(tx, now=now)
    for each in due:
        async with context.database.write() as tx:
            ticket = await tx.one(TICKET_LOCKED, id=each.id)
            # Whoever closed it, or planned otherwise, since it was looked for has the last word.
            if ticket is not None and ticket.close_at == each.close_at:
                await close_ticket(
                    tx,
                    SYSTEM,
                    ticket,
                    by=ticket.close_planned_by or "schedule",
                    reason=ticket.close_planned_reason,
                    silent=ticket.close_planned_silent,
                    now=now,
                )
