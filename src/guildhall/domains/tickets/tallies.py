"""How many tickets there are of each kind, kept in the transactions that make, close, move and remove them."""

from typing import Final

from sqlalchemy import bindparam, update
from sqlalchemy.dialects.postgresql import insert

from guildhall.core.db import Tx, command
from guildhall.domains.tickets.models import SPANS, Ticket, ticket_tallies

_new = insert(ticket_tallies).values(
    {name: bindparam(name, type_=each.type) for name, each in ticket_tallies.c.items()}
)
ADD: Final = command(
    _new.on_conflict_do_update(
        index_elements=list(ticket_tallies.primary_key), set_={"count": ticket_tallies.c.count + _new.excluded["count"]}
    )
)
TAKE: Final = command(
    update(ticket_tallies)
    .where(*(each == bindparam(f"of_{each.name}") for each in ticket_tallies.primary_key))
    .values(count=ticket_tallies.c.count - 1)
)
UNCATEGORISED: Final = ""


async def count_in(tx: Tx, ticket: Ticket) -> None:
    """Count a ticket as what it is now."""
    category_id = ticket.category_id or UNCATEGORISED
    for span in SPANS:
        block = ticket.number // span
        await tx.run(ADD, span=span, block=block, category_id=category_id, closed=ticket.closed, count=1)


async def count_out(tx: Tx, ticket: Ticket) -> None:
    """Count a ticket no more as what it was."""
    category_id = ticket.category_id or UNCATEGORISED
    for span in SPANS:
        block = ticket.number // span
        await tx.run(TAKE, of_span=span, of_block=block, of_category_id=category_id, of_closed=ticket.closed)
