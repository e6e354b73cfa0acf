"""What staff say in a ticket: replies, notes, and changes of replies."""

import re
from typing import Final

from guildhall.bot.desk.commands.model import Argument, Command, Kind, Use
from guildhall.bot.desk.commands.texts import filled
from guildhall.core.db import Tx
from guildhall.domains import tickets
from guildhall.domains.identity import Permission
from guildhall.domains.tickets import Draft, Source, Ticket

MANAGE: Final = Permission.MANAGE_TICKETS
TEXT: Final = Argument("text", Kind.TEXT)
NUMBER: Final = Argument("number", Kind.NUMBER)
SNIPPET: Final = re.compile(r"\s*\{\{\s*(?P<key>[a-z0-9_-]{1,64})\s*\}\}\s*")
"""A reply that is nothing but the key of a snippet."""


async def reply(use: Use) -> str:
    """Answer the user."""
    return await _reply(use, anonymous=use.document.tickets.anonymous_by_default)


async def reply_anonymously(use: Use) -> str:
    """Answer the user, who is not told by whom."""
    return await _reply(use, anonymous=True)


async def use_snippet(use: Use) -> str:
    """Answer the user with a snippet and the words for its places."""
    args = str(use.values.get("words", "")).split()
    return await _send_snippet(use, use.values["key"], args, anonymous=use.document.tickets.anonymous_by_default)


async def note(use: Use) -> str:
    """Write down what only staff see."""
    async with use.change_ticket() as (tx, ticket):
        await tickets.write_note(
            tx, use.actor, ticket, use.person, _draft(use, use.values.get("text", "")), now=use.now
        )
    return use.words("commands.said.note")


async def edit(use: Use) -> str:
    """Change a reply of one's own."""
    number = use.values["number"]
    async with use.change_ticket() as (tx, ticket):
        message = await tickets.reply_numbered(tx, ticket, number)
        await tickets.edit_message(
            tx, use.actor, ticket, message.id, person=use.person, content=use.values["text"], now=use.now
        )
    return use.words("commands.said.edit", number=number)


async def delete(use: Use) -> str:
    """Delete a reply of one's own; super admins delete any."""
    number, overrules = use.values["number"], use.actor.may(Permission.RULE_DESK)
    async with use.change_ticket() as (tx, ticket):
        message = await tickets.reply_numbered(tx, ticket, number)
        await tickets.delete_message(
            tx, use.actor, ticket, message.id, person=use.person, overrules=overrules, now=use.now
        )
    return use.words("commands.said.delete", number=number)


async def _reply(use: Use, *, anonymous: bool) -> str:
    text = use.values.get("text", "")
    snippet = SNIPPET.fullmatch(text)
    if snippet is not None:
        return await _send_snippet(use, snippet["key"], [], anonymous=anonymous)
    async with use.change_ticket() as (tx, ticket):
        return await _write(use, tx, ticket, text, anonymous=anonymous)


async def _send_snippet(use: Use, key: str, args: list[str], *, anonymous: bool) -> str:
    async with use.change_ticket() as (tx, ticket):
        text, anonymous = await filled(use, tx, ticket, key, args, anonymous=anonymous)
        return await _write(use, tx, ticket, text, anonymous=anonymous)


async def _write(use: Use, tx: Tx, ticket: Ticket, text: str, *, anonymous: bool) -> str:
    message = await tickets.write_as_staff(
        tx,
        use.actor,
        ticket,
        use.person,
        _draft(use, text, anonymous=anonymous),
        only_claimer=use.document.tickets.claim_exclusive,
        overrules=use.actor.may(Permission.RULE_DESK),
        now=use.now,
    )
    return use.words("commands.said.reply", number=message.number)


def _draft(use: Use, text: str, *, anonymous: bool = False) -> Draft:
    return Draft(text, Source.DISCORD, anonymous, str(use.source_id), use.files)


COMMANDS: Final = (
    Command("reply", reply, MANAGE, (TEXT,), ("r",), quiet=True, takes_files=True),
    Command("anonreply", reply_anonymously, MANAGE, (TEXT,), ("ar",), quiet=True, takes_files=True),
    Command("note", note, MANAGE, (TEXT,), ("n",), quiet=True, takes_files=True),
    Command("edit", edit, MANAGE, (NUMBER, TEXT), ("e",), quiet=True),
    Command("delete", delete, MANAGE, (NUMBER,), ("del",), quiet=True),
    Command(
        "snippet use",
        use_snippet,
        MANAGE,
        (Argument("key", Kind.WORD), Argument("words", Kind.TEXT, required=False)),
        quiet=True,
    ),
)
