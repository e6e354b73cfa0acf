"""What somebody is asked before their ticket opens: category, answer, form, and a last look.

It is the same for whoever writes to the bot and for whoever presses a button on the server, who alone sees it there.
"""

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import discord
from discord import ui

from guildhall.bot.desk.answers import entered_in, name_of, values_of, words_of
from guildhall.bot.desk.rendering import OTHER, PREFIX, confirm_view, further_view
from guildhall.bot.speech import refusal
from guildhall.bot.tree import MINUTE, USES, Interaction
from guildhall.bot.words import Words
from guildhall.core.errors import Limited
from guildhall.domains.tickets import Ticket, Transport, categories, choosing
from guildhall.domains.tickets.categories import Category, FieldKind
from guildhall.domains.tickets.choosing import Next
from guildhall.domains.tickets.intake import Guest, Rules
from guildhall.domains.tickets.models import Origin
from guildhall.domains.tickets.office import is_staffed
from guildhall.domains.tickets.relay import Post, Step
from guildhall.web.ticket_channels import ChannelPending, ChannelRefused, await_channel

if TYPE_CHECKING:
    from guildhall.bot.desk.desk import Desk

FORM: Final = f"{PREFIX}form"
LONGEST_TITLE: Final = 45
LONGEST_SHOWN: Final = 1024
"""Characters of a field of an embed."""

ASKED: Final = frozenset({"open", "further", "form", "confirm", "cancel"})
"""What somebody may press on the server, by the first word of its id; each person does so by themselves."""


def lane_of(interaction: Interaction) -> int:
    """Return among what a press takes its turn: in a channel of the server, people do not wait for each other."""
    name = name_of(interaction).removeprefix(PREFIX).partition(":")[0]
    is_alone = interaction.guild_id is not None and name in ASKED
    return interaction.user.id if is_alone else interaction.channel_id or 0


async def open_by_button(desk: "Desk", interaction: Interaction, what: str) -> None:
    """Begin with a button on the server: of a category, or of none. Raises Limited."""
    house = desk.house
    allowance = await house.limiter.hit(f"discord:{interaction.user.id}", limit=USES, window=MINUTE)
    if not allowance.allowed:
        raise Limited(retry_after=allowance.retry_after)
    guest, words = await _meet(desk, interaction)
    async with house.database.write() as tx:
        found = await choosing.ask_for_ticket(tx, guest, _rules(desk), what or None, now=house.clock.now())
    await _show(desk, interaction, found, words)


async def choose(desk: "Desk", interaction: Interaction, _: str) -> None:
    """Take the category that somebody has chosen from the menu."""
    value = values_of(interaction)[0]
    await _choose(desk, interaction, None if value == OTHER else value, asks_on=False)


async def ask_on(desk: "Desk", interaction: Interaction, _: str) -> None:
    """Go on with whoever was not helped by the answer of a category."""
    async with desk.house.database.read() as tx:
        category_id = await choosing.category_asked_on(tx, str(interaction.user.id))
    await _choose(desk, interaction, category_id, asks_on=True)


async def _choose(desk: "Desk", interaction: Interaction, category_id: str | None, *, asks_on: bool) -> None:
    guest, words = await _meet(desk, interaction)
    now = desk.house.clock.now()
    async with desk.house.database.write() as tx:
        found = await choosing.choose(tx, guest, _rules(desk), category_id, asks_on=asks_on, now=now)
    await _show(desk, interaction, found, words)


async def fill_in(desk: "Desk", interaction: Interaction, _: str) -> None:
    """Take a form."""
    guest, words = await _meet(desk, interaction)
    now = desk.house.clock.now()
    try:
        async with desk.house.database.write() as tx:
            found = await choosing.fill_in(tx, guest, entered_in(interaction), now=now)
    except categories.errors.InvalidFormField as error:
        embed = refusal(error, words, now=now, reference=str(interaction.id))
        await interaction.response.send_message(embed=embed, ephemeral=True)
        return
    await _show(desk, interaction, found, words)


async def confirm(desk: "Desk", interaction: Interaction, _: str) -> None:
    """Open the ticket that somebody has looked at once more."""
    guest, words = await _meet(desk, interaction)
    async with desk.house.database.write() as tx:
        found = await choosing.confirm(tx, guest, _rules(desk), now=desk.house.clock.now())
    await _show(desk, interaction, found, words)


async def cancel(desk: "Desk", interaction: Interaction, _: str) -> None:
    """Open nothing."""
    guest, words = await _meet(desk, interaction)
    async with desk.house.database.write() as tx:
        is_over = not await choosing.cancel(tx, guest)
    await _say(interaction, words("desk.over" if is_over else "desk.entry.cancelled"))


async def _meet(desk: "Desk", interaction: Interaction) -> tuple[Guest, Words]:
    words = await words_of(desk.house, interaction)
    return await desk.guest_of(interaction.user, words.language), words


async def _show(desk: "Desk", interaction: Interaction, found: Next | None, words: Words) -> None:
    """Let somebody see what comes next."""
    if found is None:
        await _say(interaction, words("desk.over"))
    elif found.refusal is not None:
        await _say(interaction, _text_of(found.refusal, words))
    elif found.ticket is not None:
        await _tell_opened(desk, interaction, found.ticket, words)
    elif found.step is Step.FORM and found.category is not None:
        await interaction.response.send_modal(_form_of(found.category))
    elif found.step is Step.ANSWERED and found.category is not None:
        await _say(interaction, found.category.answer or "", view=further_view(words))
    else:
        await _say(interaction, "", embed=_summary_of(found, words), view=confirm_view(words))


async def _tell_opened(desk: "Desk", interaction: Interaction, ticket: Ticket, words: Words) -> None:
    """Tell somebody that they have a ticket; whoever pressed a button, also where it is, once that is known."""
    if ticket.origin is not Origin.BUTTON:
        await _say(interaction, words("desk.sent"))
        return
    await _say(interaction, words("desk.entry.opening"))
    desk.do_beside(interaction.id, partial(_tell_place, desk, interaction, ticket.id, words))


async def _tell_place(desk: "Desk", interaction: Interaction, ticket_id: str, words: Words) -> None:
    """Tell somebody where their ticket is, or that it cannot be."""
    try:
        text = _place_of(await await_channel(desk.house, ticket_id), words)
    except ChannelPending:
        return
    except ChannelRefused:
        text = words("desk.discarded")
    document = desk.house.site.now.document
    if not is_staffed(document, desk.house.clock.now()):
        text = f"{text}\n\n{document.office_hours.closed_message}"
    # Whoever has put the answer away does not need it.
    with contextlib.suppress(discord.NotFound):
        await interaction.edit_original_response(content=text)


def _place_of(ticket: Ticket, words: Words) -> str:
    if ticket.transport is Transport.DIRECT:
        return words("desk.entry.direct", place=f"<#{ticket.channel_id}>")
    return words("desk.entry.opened")


def _text_of(post: Post, words: Words) -> str:
    return words(post.words, **post.fields) if post.words else post.text


async def _say(
    interaction: Interaction, text: str, *, embed: discord.Embed | None = None, view: ui.View | None = None
) -> None:
    """Let what was pressed be taken by what comes of it; what everybody sees stays, and the answer is for one alone."""
    source = interaction.message
    if source is not None and (interaction.guild_id is None or source.flags.ephemeral):
        mentions = discord.AllowedMentions.none()
        await interaction.response.edit_message(content=text, embed=embed, view=view, allowed_mentions=mentions)
        return
    more: dict[str, Any] = {name: each for name, each in (("embed", embed), ("view", view)) if each is not None}
    await interaction.response.send_message(text or None, ephemeral=True, **more)


def _summary_of(found: Next, words: Words) -> discord.Embed:
    """Return what somebody has chosen and filled in, as they look at it once more."""
    embed = discord.Embed(title=words("desk.entry.confirm.title"), description=words("desk.entry.confirm.text"))
    if found.category is not None:
        embed.add_field(name=words("desk.recap.category"), value=found.category.name)
    for each in found.answers:
        embed.add_field(name=each.label, value=each.value[:LONGEST_SHOWN], inline=False)
    return embed


def _form_of(category: Category) -> ui.Modal:
    form = ui.Modal(title=category.name[:LONGEST_TITLE], custom_id=FORM)
    for each in category.fields:
        style = discord.TextStyle.paragraph if each.type is FieldKind.PARAGRAPH else discord.TextStyle.short
        entry: ui.TextInput[Any] = ui.TextInput(
            custom_id=each.key,
            style=style,
            required=each.required,
            placeholder=each.placeholder,
            min_length=each.min_length,
            max_length=each.max_length,
        )
        form.add_item(ui.Label(text=each.label, component=entry))
    return form


def _rules(desk: "Desk") -> Rules:
    return Rules(desk.house.site.now.document, desk.house.discord.guild_id)
