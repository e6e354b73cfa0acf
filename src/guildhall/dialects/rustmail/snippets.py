"""Snippets: list, write, change, delete."""

from collections.abc import Mapping
from typing import ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from guildhall.core.actor import Actor
from guildhall.core.clock import Clock
from guildhall.core.db import Tx
from guildhall.core.errors import Invalid, InvalidField, MissingField
from guildhall.dialects.rustmail.authors import authors_of
from guildhall.dialects.rustmail.wire import REFUSED, REFUSED_TO_WRITE, SESSION, Success, utc
from guildhall.domains.identity import Permission
from guildhall.domains.tickets import snippets
from guildhall.domains.tickets.snippets import Snippet
from guildhall.domains.tickets.snippets.errors import DuplicateKey, InvalidSnippet, SnippetNotFound, UnknownVariable
from guildhall.web.bodies import Body
from guildhall.web.routing import route

MANAGE = Permission.MANAGE_SNIPPETS
REFUSED_TEXT = (*REFUSED_TO_WRITE, InvalidSnippet, UnknownVariable, MissingField, InvalidField)


class SnippetCreate(Body, frozen=True, kw_only=True):
    """A snippet to write."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = {"key": InvalidSnippet, "content": InvalidSnippet}

    key: str
    content: str
    anonymous: bool = False


class SnippetUpdate(Body, frozen=True, kw_only=True):
    """What is to change of a snippet; what is left out stays."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = {"content": InvalidSnippet}

    content: str | UnsetType = UNSET
    anonymous: bool | UnsetType = UNSET

    def onto(self, snippet: Snippet) -> tuple[str, bool]:
        """Return text and anonymity as they are wanted. Raises MissingField when nothing is to change."""
        if self.content is UNSET and self.anonymous is UNSET:
            raise MissingField("Name at least one thing to change")
        return (
            snippet.content if self.content is UNSET else self.content,
            snippet.anonymous if self.anonymous is UNSET else self.anonymous,
        )


class SnippetReply(msgspec.Struct, frozen=True, kw_only=True):
    """A snippet."""

    id: int
    key: str
    content: str
    created_by: str
    created_at: str
    updated_at: str
    uses: int
    anonymous: bool


class SnippetList(msgspec.Struct, frozen=True):
    """Every snippet."""

    snippets: list[SnippetReply]


@route("GET", "/api/snippets", permission=Permission.VIEW_TICKETS, accepts=SESSION, refusals=REFUSED)
async def list_snippets(tx: Tx) -> SnippetList:
    """List snippets by key."""
    return SnippetList(await _shown(tx, await snippets.list_snippets(tx)))


@route("POST", "/api/snippets", permission=MANAGE, accepts=SESSION, refusals=(*REFUSED_TEXT, DuplicateKey))
async def create_snippet(data: SnippetCreate, tx: Tx, actor: Actor, clock: Clock) -> SnippetReply:
    """Write a snippet."""
    made = await snippets.create_snippet(
        tx, actor, key=data.key, content=data.content, anonymous=data.anonymous, now=clock.now()
    )
    return (await _shown(tx, [made]))[0]


@route("PATCH", "/api/snippets/{key}", permission=MANAGE, accepts=SESSION, refusals=(*REFUSED_TEXT, SnippetNotFound))
async def update_snippet(key: str, data: SnippetUpdate, tx: Tx, actor: Actor, clock: Clock) -> SnippetReply:
    """Change a snippet."""
    found = await snippets.access_snippet_to_change(tx, actor, key)
    content, anonymous = data.onto(found)
    changed = await snippets.change_snippet(tx, actor, found, content=content, anonymous=anonymous, now=clock.now())
    return (await _shown(tx, [changed]))[0]


@route(
    "DELETE", "/api/snippets/{key}", permission=MANAGE, accepts=SESSION, refusals=(*REFUSED_TO_WRITE, SnippetNotFound)
)
async def delete_snippet(key: str, tx: Tx, actor: Actor, clock: Clock) -> Success:
    """Delete a snippet."""
    found = await snippets.access_snippet_to_change(tx, actor, key)
    await snippets.delete_snippet(tx, actor, found, now=clock.now())
    return Success()


async def _shown(tx: Tx, found: list[Snippet]) -> list[SnippetReply]:
    authors = await authors_of(tx, (each.created_by for each in found))
    return [
        SnippetReply(
            id=each.id,
            key=each.key,
            content=each.content,
            created_by=authors[each.created_by],
            created_at=utc(each.created_at),
            updated_at=utc(each.updated_at),
            uses=each.uses,
            anonymous=each.anonymous,
        )
        for each in found
    ]
