"""What staff say in a ticket: replies, notes, and changes of replies."""

import re
from dataclasses import replace
from typing import Final

from guildhall.bot.desk.commands.errors import NoReplyThere
from guildhall.bot.desk.commands.model import Answer, Argument, Command, Kind, Telling, Use
from guildhall.bot.desk.commands.texts import filled
from guildhall.core.db import Tx
from guildhall.domains import tickets
from guildhall.domains.identity import Permission
from guildhall.domains.tickets import Delivery, Draft, Message, Source, Ticket, echoes

MANAGE: Final = Permission.MANAGE_TICKETS
TEXT: Final = Argument("text", Kind.TEXT)
NUMBER: Final = Argument("number", Kind.NUMBER)
SHOWN_BY: Final = "shown_by"
"""Where a menu says which of Discord's messages shows the reply that is meant, in place of its number."""

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


async def edit(use: Use) -> str | Answer:
    """Change a reply of one's own."""
    async with use.change_ticket() as (tx, ticket):
        message = await _meant(use, tx, ticket)
        edited = await tickets.edit_message(
            tx, use.actor, ticket, message.id, person=use.person, content=use.values["text"], now=use.now
        )
    if edited.delivery is Delivery.FAILED:
        return Answer(use.words("commands.said.edit.partly", number=edited.number), Telling.PARTLY)
    return use.words("commands.said.edit", number=edited.number)


async def present_text(use: Use) -> str:
    """Return how a reply reads now, to whoever may change it."""
    async with use.house.database.read() as tx:
        message = await _meant(use, tx, use.ticket())
    tickets.check_may_edit(message, use.person)
    return message.content


async def delete(use: Use) -> str:
    """Delete a reply of one's own; super admins delete any."""
    overrules = use.actor.may(Permission.RULE_DESK)
    async with use.change_ticket() as (tx, ticket):
        message = await _meant(use, tx, ticket)
        await tickets.delete_message(
            tx, use.actor, ticket, message.id, person=use.person, overrules=overrules, now=use.now
        )
    return use.words("commands.said.delete", number=message.number)


async def _meant(use: Use, tx: Tx, ticket: Ticket) -> Message:
    """Return the reply with the number that was given, or the one that a message shows.

    Raises MessageNotFound, NoReplyThere.
    """
    if SHOWN_BY not in use.values:
        return await tickets.reply_numbered(tx, ticket, use.values["number"])
    shown = await echoes.reply_shown_by(tx, ticket, use.values[SHOWN_BY])
    if shown is None:
        raise NoReplyThere
    return shown


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


EDIT: Final = Command("edit", edit, MANAGE, (NUMBER, TEXT), ("e",), telling=Telling.EDIT)
PRESENT_TEXT: Final = replace(EDIT, work=present_text)
"""What the form of `edit` begins with; whoever may not use that command does not see the form either."""

DELETE: Final = Command("delete", delete, MANAGE, (NUMBER,), ("del",), telling=Telling.DELETE)

COMMANDS: Final = (
    Command("reply", reply, MANAGE, (TEXT,), ("r",), telling=Telling.REPLY, takes_files=True),
    Command("anonreply", reply_anonymously, MANAGE, (TEXT,), ("ar",), telling=Telling.REPLY, takes_files=True),
    Command("note", note, MANAGE, (TEXT,), ("n",), telling=Telling.SIGN, takes_files=True),
    EDIT,
    DELETE,
    Command(
        "snippet use",
        use_snippet,
        MANAGE,
        (Argument("key", Kind.WORD), Argument("words", Kind.TEXT, required=False)),
        telling=Telling.REPLY,
    ),
)
