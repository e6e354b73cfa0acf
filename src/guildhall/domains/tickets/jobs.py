"""What happens to tickets by itself, in time."""

from collections.abc import Awaitable, Callable

from guildhall.core.actor import SYSTEM
from guildhall.core.jobs import JobContext
from guildhall.domains.site import Configuration
from guildhall.domains.tickets.closing import close_ticket, due_to_close
from guildhall.domains.tickets.queries import TICKET_LOCKED
from guildhall.domains.tickets.quiet import Patience, end_patience, quiet_tickets


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


def quiet_closer_of(site: Configuration) -> Callable[[JobContext], Awaitable[None]]:
    """Return the job that warns people of whom nothing is heard after a reply, and then closes their tickets."""

    async def close_quiet(context: JobContext) -> None:
        patience, now = Patience.of(site.now.document), context.clock.now()
        if patience is None:
            return
        async with context.database.read() as tx:
            quiet = await quiet_tickets(tx, patience, now=now)
        for each in quiet:
            async with context.database.write() as tx:
                ticket = await tx.one(TICKET_LOCKED, id=each.id)
                if ticket is not None:
                    await end_patience(tx, SYSTEM, ticket, patience, now=now)

    return close_quiet
