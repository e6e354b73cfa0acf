"""How many tickets there are of each kind, kept in the transactions that make, close, move and remove them."""

from typing import Final

from sqlalchemy import bindparam, update
from sqlalchemy.dialects.postgresql import insert

from guildhall.core.db import Tx, command
from guildhall.domains.tickets.models import Ticket, ticket_tallies

_new = insert(ticket_tallies).values(
    {name: bindparam(name, type_=ticket_tallies.c[name].type) for name in ("category_id", "closed", "block", "count")}
)
ADD: Final = command(
    _new.on_conflict_do_update(
        index_elements=list(ticket_tallies.primary_key), set_={"count": ticket_tallies.c.count + _new.excluded["count"]}
    )
)
TAKE: Final = command(
    update(ticket_tallies)
    .where(
        ticket_tallies.c.category_id == bindparam("of_category"),
        ticket_tallies.c.closed == bindparam("is_closed"),
        ticket_tallies.c.block == bindparam("of_block"),
    )
    .values(count=ticket_tallies.c.count - 1)
)
UNCATEGORISED: Final = ""


async def count_in(tx: Tx, ticket: Ticket) -> None:
    """Count a ticket as what it is now."""
    category_id = ticket.category_id or UNCATEGORISED
    await tx.run(ADD, category_id=category_id, closed=ticket.closed, block=ticket.block, count=1)


async def count_out(tx: Tx, ticket: Ticket) -> None:
    """Count a ticket no more as what it was."""
    category_id = ticket.category_id or UNCATEGORISED
    await tx.run(TAKE, of_category=category_id, is_closed=ticket.closed, of_block=ticket.block)
