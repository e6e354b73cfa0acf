"""Writing, changing, deleting and using snippets."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec.structs import replace
from sqlalchemy import bindparam, delete, update
from sqlalchemy.dialects.postgresql import insert

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command, query
from guildhall.domains import audit
from guildhall.domains.tickets.snippets.errors import DuplicateKey, InvalidSnippet, SnippetNotFound
from guildhall.domains.tickets.snippets.models import Snippet, ticket_snippets
from guildhall.domains.tickets.snippets.rendering import check_variables, render_snippet

KEY: Final = re.compile(r"[a-z0-9_-]{1,64}")
LONGEST_CONTENT: Final = 4000

_new = insert(ticket_snippets).values(
    {
        column.name: bindparam(column.name, type_=column.type)
        for column in ticket_snippets.columns
        if not column.primary_key
    }
)
WRITE = query(
    Snippet, _new.on_conflict_do_nothing(index_elements=[ticket_snippets.c.key]).returning(*ticket_snippets.columns)
)
_this = ticket_snippets.c.id == bindparam("snippet")
CHANGE = command(
    update(ticket_snippets)
    .where(_this)
    .values(content=bindparam("text"), anonymous=bindparam("is_anonymous"), updated_at=bindparam("now"))
)
DELETE = command(delete(ticket_snippets).where(_this))
USE = query(
    Snippet,
    update(ticket_snippets)
    .where(ticket_snippets.c.key == bindparam("of_key"))
    .values(uses=ticket_snippets.c.uses + 1)
    .returning(*ticket_snippets.columns),
)


async def create_snippet(
    tx: Tx, actor: Actor, *, key: str, content: str, anonymous: bool = False, now: datetime
) -> Snippet:
    """Write a snippet; of two with one key the first stays. Raises InvalidSnippet, UnknownVariable, DuplicateKey."""
    if not KEY.fullmatch(key):
        raise InvalidSnippet(field="key")
    made = await tx.one(
        WRITE,
        key=key,
        content=_checked(content),
        anonymous=anonymous,
        uses=0,
        created_by=actor.user_id,
        created_at=now,
        updated_at=now,
    )
    if made is None:
        raise DuplicateKey
    await audit.record(tx, actor, "snippet.created", str(made.id), now=now, key=key, content=made.content)
    return made


async def change_snippet(
    tx: Tx, actor: Actor, snippet: Snippet, *, content: str, anonymous: bool, now: datetime
) -> Snippet:
    """Change a snippet, which is locked. Raises InvalidSnippet, UnknownVariable."""
    changed = replace(snippet, content=_checked(content), anonymous=anonymous)
    if changed == snippet:
        return snippet
    await tx.run(CHANGE, snippet=snippet.id, text=changed.content, is_anonymous=anonymous, now=now)
    old, new = ({"content": each.content, "anonymous": each.anonymous} for each in (snippet, changed))
    await audit.record(tx, actor, "snippet.changed", str(snippet.id), now=now, key=snippet.key, old=old, new=new)
    return replace(changed, updated_at=now)


async def delete_snippet(tx: Tx, actor: Actor, snippet: Snippet, *, now: datetime) -> None:
    """Delete a snippet, which is locked."""
    await tx.run(DELETE, snippet=snippet.id)
    await audit.record(tx, actor, "snippet.deleted", str(snippet.id), now=now, key=snippet.key, content=snippet.content)


async def use_snippet(tx: Tx, key: str, values: Mapping[str, str], args: Sequence[str] = ()) -> tuple[str, bool]:
    """Count a use, and return the text to send and whether it is sent anonymously.

    Takes what `render_snippet` takes, and belongs into the transaction that writes the reply. Raises SnippetNotFound,
    MissingArgument.
    """
    found = await tx.one(USE, of_key=key)
    if found is None:
        raise SnippetNotFound
    return render_snippet(found.content, values, args), found.anonymous


async def note_use(tx: Tx, key: str) -> None:
    """Count a use of a snippet whose text somebody has sent, maybe changed; one that is gone has no uses to count."""
    await tx.one(USE, of_key=key)


def _checked(content: str) -> str:
    text = content.strip()
    if not 1 <= len(text) <= LONGEST_CONTENT:
        raise InvalidSnippet(field="content")
    check_variables(text)
    return text
