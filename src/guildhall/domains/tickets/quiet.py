"""Tickets in which nobody says anything after a reply: first their user is warned, then they close."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from sqlalchemy import bindparam, update

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.domains import audit
from guildhall.domains.site.sections import Document
from guildhall.domains.tickets.closing import close_ticket
from guildhall.domains.tickets.conversation import write_line
from guildhall.domains.tickets.models import Ticket, TicketState, Transport, tickets
from guildhall.domains.tickets.queries import QUIET
from guildhall.domains.tickets.relay.models import USER, Post, Say
from guildhall.domains.tickets.relay.queueing import in_discord, queue_post

WARN = command(update(tickets).where(tickets.c.id == bindparam("ticket")).values(warned_at=bindparam("at")))


class Step(Enum):
    """What is due in a quiet ticket."""

    WARN = auto()
    CLOSE = auto()


@dataclass(frozen=True)
class Patience:
    """How long a ticket may be quiet, and how long before its end its user is warned; zero for no warning.

    Nobody is closed without the whole of the warning's time, however late the warning came.
    """

    whole: timedelta
    warning: timedelta

    @classmethod
    def of(cls, document: Document) -> "Patience | None":
        """Return what the configuration says, None when quiet tickets stay open."""
        whole = timedelta(hours=document.tickets.inactivity_close_hours)
        return cls(whole, min(whole, timedelta(hours=document.tickets.inactivity_warning_hours))) if whole else None

    def step(self, ticket: Ticket, *, now: datetime) -> Step | None:
        """Return what is due in a ticket now."""
        quiet_since, warned_at = ticket.quiet_since, ticket.warned_at
        if quiet_since is None or ticket.state is not TicketState.OPEN:
            return None
        if not self.warning:
            return Step.CLOSE if quiet_since + self.whole <= now else None
        if warned_at is None or warned_at < quiet_since:
            return Step.WARN if quiet_since + self.whole - self.warning <= now else None
        return Step.CLOSE if max(quiet_since + self.whole, warned_at + self.warning) <= now else None


async def quiet_tickets(tx: Tx, patience: Patience, *, now: datetime, limit: int = 100) -> list[Ticket]:
    """Return tickets in which something may be due, the longest quiet first."""
    return await tx.all(
        QUIET,
        quiet_before=now - patience.whole + patience.warning,
        warned_before=now - patience.warning,
        over_before=now - patience.whole,
        limit=limit,
    )


async def end_patience(tx: Tx, actor: Actor, ticket: Ticket, patience: Patience, *, now: datetime) -> None:
    """Do in a ticket what is due there: warn its user, close it, or nothing. The ticket is locked."""
    step = patience.step(ticket, now=now)
    if step is Step.WARN:
        await _warn(tx, actor, ticket, now + patience.warning, now=now)
    elif step is Step.CLOSE:
        await close_ticket(tx, actor, ticket, by="inactivity", now=now)


async def _warn(tx: Tx, actor: Actor, ticket: Ticket, ends: datetime, *, now: datetime) -> None:
    await tx.run(WARN, ticket=ticket.id, at=now)
    if ticket.transport is Transport.RELAY and in_discord(ticket):
        fields = {"when": f"<t:{int(ends.timestamp())}:R>"}
        await queue_post(
            tx, ticket, to=USER, post=Post(say=Say.WORDS, words="desk.closes_soon", fields=fields), now=now
        )
    words = f"No answer yet: the ticket closes on {ends.astimezone(UTC):%Y-%m-%d at %H:%M} UTC if nobody writes."
    await write_line(tx, ticket, words, now=now)
    await audit.record(tx, actor, "ticket.close_warned", ticket.id, now=now, ends=ends.isoformat())
