"""What people press: the menu of categories, forms, and buttons below posts, known by their ids after a restart too."""

from typing import TYPE_CHECKING, Final, TypeAlias

import discord

from guildhall.bot.desk import choosing, handmade
from guildhall.bot.desk.answers import entered_in, name_of, own_ticket
from guildhall.bot.desk.commands.catalogue import BY_NAME
from guildhall.bot.desk.commands.slash import EDIT_FORM, explaining, fill_in, perform_for
from guildhall.bot.desk.rating import comment, rate
from guildhall.bot.desk.rendering import PREFIX
from guildhall.bot.speech import own_words
from guildhall.bot.tree import Interaction, actor_of, explain
from guildhall.core.errors import GuildhallError
from guildhall.domains import tickets
from guildhall.domains.tickets import echoes, errors
from guildhall.domains.tickets.relay import queue_again

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from guildhall.bot.desk.desk import Desk


def is_ours(interaction: Interaction) -> bool:
    """Tell whether somebody pressed something of the desk's."""
    return name_of(interaction).startswith(PREFIX)


def lane_of(interaction: Interaction) -> int:
    """Return the lane of something pressed: its channel's or its person's, but its own for the form of a command.

    Discord waits three seconds for a form to be acknowledged, and a command takes its turn after that.
    """
    is_command = name_of(interaction).startswith(EDIT_FORM)
    return interaction.id if is_command else choosing.lane_of(interaction)


async def press(desk: "Desk", interaction: Interaction) -> None:
    """Do what somebody has pressed, and answer them. A second press has no second effect."""
    name, _, what = name_of(interaction).removeprefix(PREFIX).partition(":")
    try:
        if name in ACTS:
            await ACTS[name](desk, interaction, what)
    except GuildhallError as error:
        await explain(interaction, error)


async def _reopen(desk: "Desk", interaction: Interaction, ticket_id: str) -> None:
    """Open the ticket of whoever pressed again, while it is theirs and not too long ago."""
    document, words, now = desk.house.site.now.document, own_words(interaction), desk.house.clock.now()
    async with desk.house.database.write() as tx:
        ticket = await own_ticket(tx, interaction, ticket_id)
        await tickets.reopen_within(
            tx,
            actor_of(interaction),
            ticket,
            rules=document.tickets,
            now=now,
        )
    await interaction.response.send_message(words("desk.reopened"))


async def _retry(desk: "Desk", interaction: Interaction, what: str) -> None:
    words = own_words(interaction)
    async with desk.house.database.write() as tx:
        found = await echoes.message_of(tx, int(what))
        if found is None or found[0].channel_id != interaction.channel_id:
            raise errors.MessageNotFound
        await queue_again(tx, actor_of(interaction), *found, now=desk.house.clock.now())
    await interaction.response.send_message(words("desk.retried"), ephemeral=True)


async def _close(_desk: "Desk", interaction: Interaction, _: str) -> None:
    """Close the ticket of the channel, as the command does, for whoever may."""
    command = BY_NAME["close"]
    async with explaining(interaction, command):
        done = await perform_for(interaction, command, {})
        await _replace(interaction, done.text)


async def _edit(_desk: "Desk", interaction: Interaction, what: str) -> None:
    """Change a reply, as the command does."""
    await fill_in(interaction, int(what), entered_in(interaction).get("text", ""))


async def _keep(_desk: "Desk", interaction: Interaction, _: str) -> None:
    """Leave the ticket open; the question is answered."""
    await _replace(interaction, own_words(interaction)("desk.kept", name=interaction.user.display_name))


async def _replace(interaction: Interaction, text: str) -> None:
    """Let what was pressed be taken by what comes of it, so that it is not pressed again."""
    await interaction.response.edit_message(
        content=text, embed=None, view=None, allowed_mentions=discord.AllowedMentions.none()
    )


Act: TypeAlias = "Callable[[Desk, Interaction, str], Awaitable[None]]"

ACTS: Final[dict[str, Act]] = {
    "open": choosing.open_by_button,
    "menu": choosing.choose,
    "further": choosing.ask_on,
    "form": choosing.fill_in,
    "confirm": choosing.confirm,
    "cancel": choosing.cancel,
    "whose": handmade.ask,
    "adopt": handmade.adopt,
    "reopen": _reopen,
    "retry": _retry,
    "rate": rate,
    "comment": comment,
    "close": _close,
    "edit": _edit,
    "keep": _keep,
}
"""What is done about whatever is pressed, by the first word of its id; the rest says what it is about."""
