"""Fetch and authorise in one step."""

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.domains.identity import Permission
from guildhall.domains.tickets.snippets.errors import SnippetNotFound
from guildhall.domains.tickets.snippets.models import Snippet
from guildhall.domains.tickets.snippets.queries import SNIPPET_LOCKED


async def access_snippet_to_change(tx: Tx, actor: Actor, key: str) -> Snippet:
    """Return a snippet for those who manage them; its row stays locked. Raises SnippetNotFound."""
    found = await tx.one(SNIPPET_LOCKED, key=key)
    if found is None or not actor.may(Permission.MANAGE_SNIPPETS):
        raise SnippetNotFound
    return found
