"""Fetch and authorise in one step: who sees which tickets, and who may change them."""

from dataclasses import dataclass

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.domains.tickets.errors import NotTicketOwner, TicketNotFound
from guildhall.domains.tickets.models import Ticket
from guildhall.domains.tickets.queries import TICKET, TICKET_LOCKED
from guildhall.domains.tickets.tallies import UNCATEGORISED


@dataclass(frozen=True)
class Sight:
    """Which tickets somebody sees: all, those of some categories, or only those of one person.

    `categories` has the ids of visible categories, and the empty text for tickets without one; None means every ticket.
    """

    categories: frozenset[str] | None = None
    own: str | None = None

    def covers(self, ticket: Ticket) -> bool:
        """Tell whether a ticket is among them."""
        if self.own is not None and ticket.user_id != self.own:
            return False
        return self.categories is None or (ticket.category_id or UNCATEGORISED) in self.categories


EVERYTHING = Sight()


async def access_ticket(tx: Tx, actor: Actor, ticket_id: str, *, sight: Sight) -> Ticket:
    """Return a ticket for looking at. Raises TicketNotFound, also for one out of sight, and NotTicketOwner."""
    del actor  # What they see was found out with their permissions.
    return _seen(await tx.one(TICKET, id=ticket_id), sight)


async def access_ticket_to_change(tx: Tx, actor: Actor, ticket_id: str, *, sight: Sight) -> Ticket:
    """Return a ticket locked until the transaction ends. Raises TicketNotFound, NotTicketOwner."""
    del actor
    return _seen(await tx.one(TICKET_LOCKED, id=ticket_id), sight)


def _seen(ticket: Ticket | None, sight: Sight) -> Ticket:
    if ticket is None:
        raise TicketNotFound
    if sight.own is not None and ticket.user_id != sight.own:
        raise NotTicketOwner
    if not sight.covers(ticket):
        raise TicketNotFound
    return ticket
