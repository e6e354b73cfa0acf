"""Opening a ticket for somebody who did not ask for it themselves: by staff, or by another system."""

from dataclasses import dataclass
from datetime import datetime

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.domains.tickets.blocks import block_of
from guildhall.domains.tickets.categories import Category
from guildhall.domains.tickets.errors import UserBlocked
from guildhall.domains.tickets.models import Origin, Person, Ticket, Transport
from guildhall.domains.tickets.opening import open_ticket
from guildhall.domains.tickets.relay.queueing import queue_welcome


@dataclass(frozen=True)
class Guest:
    """A member of the community, named by Discord's id; the server's own id is among those of their roles."""

    person: Person
    role_ids: frozenset[str]


async def open_for(
    tx: Tx,
    actor: Actor,
    guest: Guest,
    *,
    guild_id: int,
    origin: Origin,
    category: Category | None = None,
    subject: str | None = None,
    assigned_to: str | None = None,
    silent: bool = False,
    now: datetime,
) -> Ticket:
    """Open a relayed ticket, whose channel is still to be made.

    Menu, office hours and gates are for those who come themselves; a block holds for all. Raises UserBlocked,
    TicketAlreadyOpen, InvalidField.
    """
    category_id = category.id if category else None
    user_id = guest.person.id
    if await block_of(tx, user_id=user_id, role_ids=guest.role_ids, category_id=category_id, now=now) is not None:
        raise UserBlocked
    ticket = await open_ticket(
        tx,
        actor,
        guild_id=guild_id,
        person=guest.person,
        origin=origin,
        transport=Transport.RELAY,
        needs_channel=True,
        category_id=category_id,
        category_name=category.name if category else None,
        subject=subject,
        assigned_to=assigned_to,
        silent=silent,
        now=now,
    )
    if origin is Origin.EXTERNAL:
        # Whom staff open a ticket for hears of it with the first reply.
        await queue_welcome(tx, ticket, now=now)
    return ticket
