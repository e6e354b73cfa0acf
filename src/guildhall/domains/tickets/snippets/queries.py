"""Reading snippets."""

from sqlalchemy import bindparam, select

from guildhall.core.db import Tx, query
from guildhall.domains.tickets.snippets.models import Snippet, ticket_snippets

_of_key = select(ticket_snippets).where(ticket_snippets.c.key == bindparam("key"))

SNIPPETS = query(Snippet, select(ticket_snippets).order_by(ticket_snippets.c.key))
SNIPPET_LOCKED = query(Snippet, _of_key.with_for_update())


async def list_snippets(tx: Tx) -> list[Snippet]:
    """Return every snippet by its key."""
    return await tx.all(SNIPPETS)
