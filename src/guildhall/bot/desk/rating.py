"""The stars below the words with which a ticket ends, and the window that asks why."""

from typing import TYPE_CHECKING, Any, Final

import discord
from discord import ui

from guildhall.bot.desk.answers import answers_in, own_ticket
from guildhall.bot.desk.rendering import PREFIX
from guildhall.bot.speech import own_words
from guildhall.bot.tree import Interaction, actor_of
from guildhall.bot.words import Words
from guildhall.domains.tickets.ratings import LONGEST_COMMENT, comment_on_rating, rate_ticket

if TYPE_CHECKING:
    from collections.abc import Mapping

    from guildhall.bot.desk.desk import Desk

FIELD: Final = "comment"


async def rate(desk: "Desk", interaction: Interaction, what: str) -> None:
    """Take a rating, and ask why if that is wanted. Raises RatingOver, AlreadyRated, NotTicketOwner."""
    ticket_id, closing, score = what.split(":")
    document, words = desk.house.site.now.document, own_words(interaction)
    async with desk.house.database.write() as tx:
        ticket = await own_ticket(tx, interaction, ticket_id)
        await rate_ticket(
            tx,
            actor_of(interaction),
            ticket,
            closing=int(closing),
            score=int(score),
            hours=document.ratings.window_hours,
            now=desk.house.clock.now(),
        )
    if document.ratings.ask_comment:
        await interaction.response.send_modal(_window(f"{ticket_id}:{closing}", words))
    else:
        await interaction.response.send_message(words("desk.rated"), ephemeral=True)


async def comment(desk: "Desk", interaction: Interaction, what: str) -> None:
    """Take what somebody says about their rating; nothing is nothing. Raises RatingOver, AlreadyRated."""
    ticket_id, closing = what.split(":")
    data: Mapping[str, Any] = interaction.data or {}
    text = dict(answers_in(data.get("components", []))).get(FIELD, "")
    if text.strip():
        async with desk.house.database.write() as tx:
            ticket = await own_ticket(tx, interaction, ticket_id)
            await comment_on_rating(
                tx,
                actor_of(interaction),
                ticket,
                closing=int(closing),
                text=text,
                hours=desk.house.site.now.document.ratings.window_hours,
                now=desk.house.clock.now(),
            )
    await interaction.response.send_message(own_words(interaction)("desk.rated"), ephemeral=True)


def _window(which: str, words: Words) -> ui.Modal:
    window = ui.Modal(title=words("desk.rate.title"), custom_id=f"{PREFIX}comment:{which}")
    entry: ui.TextInput[Any] = ui.TextInput(
        custom_id=FIELD, style=discord.TextStyle.paragraph, required=False, max_length=LONGEST_COMMENT
    )
    window.add_item(ui.Label(text=words("desk.rate.why"), component=entry))
    return window
