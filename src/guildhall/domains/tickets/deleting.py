"""Deleting a ticket with all that was said in it."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace
from sqlalchemy import bindparam, delete, update

from guildhall.core.actor import SYSTEM, Actor
from guildhall.core.db import Tx, command
from guildhall.core.jobs import JobContext
from guildhall.domains import audit
from guildhall.domains.site import Configuration
from guildhall.domains.tickets.closing import close_ticket
from guildhall.domains.tickets.models import Ticket, tickets
from guildhall.domains.tickets.news import tell_of_ticket
from guildhall.domains.tickets.queries import DUE_TO_DELETE, DUE_TO_WIPE, TICKET_LOCKED
from guildhall.domains.tickets.tallies import count_out

REST: Final = timedelta(minutes=10)
"""How long a deleted ticket stays, unseen, so that what is still on its way to Discord finds its row."""

AT_ONCE: Final = 100

HIDE = command(
    update(tickets)
    .where(tickets.c.id == bindparam("ticket"))
    .values(deleted_at=bindparam("at", type_=tickets.c.deleted_at.type))
)
# What belongs to a ticket goes with it.
WIPE = command(delete(tickets).where(tickets.c.id == bindparam("ticket"), tickets.c.deleted_at.is_not(None)))


async def delete_ticket(tx: Tx, actor: Actor, ticket: Ticket, *, by: str, now: datetime) -> None:
    """Let a ticket vanish from every place at once; a job wipes it, and its number is not used again.

    One that is open is closed first, so that its channel goes too. The ticket is locked.
    """
    if not ticket.closed:
        ticket = await close_ticket(tx, actor, ticket, by=by, silent=True, now=now)
    await tx.run(HIDE, ticket=ticket.id, at=now)
    await count_out(tx, ticket)
    await audit.record(tx, actor, "ticket.deleted", ticket.id, now=now, number=ticket.number, user=ticket.user_id)
    tell_of_ticket(tx, "deleted", replace(ticket, deleted_at=now))


def deleter_of(site: Configuration) -> Callable[[JobContext], Awaitable[None]]:
    """Return the job that deletes tickets which were closed as many days ago as the configuration says."""

    async def delete_old(context: JobContext) -> None:
        days, now = site.now.document.tickets.auto_delete_after_close_days, context.clock.now()
        before = now - timedelta(days=days)
        while days:
            async with context.database.read() as tx:
                due = await tx.all(DUE_TO_DELETE, before=before, limit=AT_ONCE)
            if not due:
                return
            for ticket_id in due:
                async with context.database.write() as tx:
                    ticket = await tx.one(TICKET_LOCKED, id=ticket_id)
                    # Whoever opened it again since it was looked for has the last word.
                    if ticket is not None and ticket.closed_at is not None and ticket.closed_at <= before:
                        await delete_ticket(tx, SYSTEM, ticket, by="age", now=now)

    return delete_old


async def wipe_deleted(context: JobContext) -> None:
    """Remove what was deleted a while ago, each ticket in a transaction of its own, so that none holds up another."""
    async with context.database.read() as tx:
        due = await tx.all(DUE_TO_WIPE, before=context.clock.now() - REST, limit=AT_ONCE)
    for ticket_id in due:
        async with context.database.write() as tx:
            await tx.run(WIPE, ticket=ticket_id)
