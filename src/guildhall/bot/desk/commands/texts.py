"""Snippets: using what was written once, and keeping it."""

from collections.abc import Sequence
from typing import Final

from guildhall.bot.desk.commands.lines import fitting
from guildhall.bot.desk.commands.model import Argument, Command, Kind, Telling, Use
from guildhall.core.db import Tx
from guildhall.domains.identity import Permission
from guildhall.domains.tickets import Ticket, snippets
from guildhall.domains.tickets.snippets import Snippet
from guildhall.domains.tickets.snippets.errors import SnippetNotFound

VIEW: Final = Permission.VIEW_TICKETS
MANAGE: Final = Permission.MANAGE_SNIPPETS
KEY: Final = Argument("key", Kind.WORD)
ANONYMOUS: Final = Argument("anonymous", Kind.FLAG, required=False)
TEXT: Final = Argument("text", Kind.TEXT)
BEGINNING: Final = 80


async def filled(
    use: Use, tx: Tx, ticket: Ticket, key: str, args: Sequence[str], *, anonymous: bool
) -> tuple[str, bool]:
    """Return a snippet's text as it is sent in a ticket, and whether it is sent anonymously.

    What is sent anonymously does not name who sends it. Raises SnippetNotFound, MissingArgument.
    """
    anonymous = anonymous or (await _snippet(tx, key)).anonymous
    guild, local = use.bot.get_guild(ticket.guild_id), use.now.astimezone(use.zone)
    values = {
        "user.name": ticket.user_name,
        "user.mention": f"<@{ticket.user_id}>",
        "user.id": ticket.user_id,
        "staff.name": use.document.tickets.anonymous_name if anonymous else use.person.name,
        "ticket.number": str(ticket.number),
        "ticket.category": ticket.category_name or "",
        "guild.name": guild.name if guild else "",
        "date": f"{local:%Y-%m-%d}",
        "time": f"{local:%H:%M}",
    }
    text, _ = await snippets.use_snippet(tx, key, values, args)
    return text, anonymous


async def list_all(use: Use) -> str:
    """List the snippets."""
    async with use.house.database.read() as tx:
        found = await snippets.list_snippets(tx)
    return fitting([_line(each) for each in found], use.words, none="commands.said.snippet.none")


async def show(use: Use) -> str:
    """Show a snippet as it was written."""
    async with use.house.database.read() as tx:
        found = await _snippet(tx, use.values["key"])
    return f"{_heading(found)}\n{found.content}"


async def create(use: Use) -> str:
    """Write a snippet."""
    async with use.change() as tx:
        made = await snippets.create_snippet(
            tx,
            use.actor,
            key=use.values["key"],
            content=use.values["text"],
            anonymous=use.values.get("anonymous", False),
            now=use.now,
        )
    return use.words("commands.said.snippet.created", key=made.key)


async def edit(use: Use) -> str:
    """Write a snippet anew."""
    anonymous = use.values.get("anonymous", False)
    async with use.change() as tx:
        snippet = await snippets.access_snippet_to_change(tx, use.actor, use.values["key"])
        await snippets.change_snippet(
            tx, use.actor, snippet, content=use.values["text"], anonymous=anonymous, now=use.now
        )
    return use.words("commands.said.snippet.changed", key=snippet.key)


async def delete(use: Use) -> str:
    """Delete a snippet."""
    async with use.change() as tx:
        snippet = await snippets.access_snippet_to_change(tx, use.actor, use.values["key"])
        await snippets.delete_snippet(tx, use.actor, snippet, now=use.now)
    return use.words("commands.said.snippet.deleted", key=snippet.key)


async def _snippet(tx: Tx, key: str) -> Snippet:
    for each in await snippets.list_snippets(tx):
        if each.key == key:
            return each
    raise SnippetNotFound


def _heading(snippet: Snippet) -> str:
    return f"**{snippet.key}**" + (" 🕶️" if snippet.anonymous else "")


def _line(snippet: Snippet) -> str:
    return f"{_heading(snippet)} · {' '.join(snippet.content.split())[:BEGINNING]}"


COMMANDS: Final = (
    Command("snippet list", list_all, VIEW, telling=Telling.ANSWER),
    Command("snippet show", show, VIEW, (KEY,), telling=Telling.ANSWER),
    Command("snippet create", create, MANAGE, (KEY, ANONYMOUS, TEXT)),
    Command("snippet edit", edit, MANAGE, (KEY, ANONYMOUS, TEXT)),
    Command("snippet delete", delete, MANAGE, (KEY,)),
)
