"""What people press: the menu of categories, forms, and buttons below posts, known by their ids after a restart too."""

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import discord
from discord import ui

from guildhall.bot.desk.answers import answers_in, own_ticket
from guildhall.bot.desk.commands.catalogue import BY_NAME
from guildhall.bot.desk.commands.slash import EDIT_FORM, explaining, fill_in, perform_for
from guildhall.bot.desk.rating import comment, rate
from guildhall.bot.desk.rendering import OTHER, PREFIX, further_view
from guildhall.bot.speech import own_words, refusal
from guildhall.bot.tree import Interaction, actor_of, explain
from guildhall.core.errors import GuildhallError
from guildhall.domains import tickets
from guildhall.domains.tickets import categories, echoes, errors, intake
from guildhall.domains.tickets.categories import Category, FieldKind
from guildhall.domains.tickets.intake import Rules
from guildhall.domains.tickets.relay import Step, queue_again

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from guildhall.bot.desk.desk import Desk

FORM: Final = f"{PREFIX}form"
LONGEST_TITLE: Final = 45


def is_ours(interaction: Interaction) -> bool:
    """Tell whether somebody pressed something of the desk's."""
    return _name_of(interaction).startswith(PREFIX)


def lane_of(interaction: Interaction) -> int:
    """Return the lane of something pressed: its channel's, but one of its own for the form of a command.

    Discord waits three seconds for a form to be acknowledged, and a command takes its turn after that.
    """
    is_command = _name_of(interaction).startswith(EDIT_FORM)
    return interaction.id if is_command else interaction.channel_id or 0


async def press(desk: "Desk", interaction: Interaction) -> None:
    """Do what somebody has pressed, and answer them. A second press has no second effect."""
    name, _, what = _name_of(interaction).removeprefix(PREFIX).partition(":")
    try:
        if name in ACTS:
            await ACTS[name](desk, interaction, what)
    except GuildhallError as error:
        await explain(interaction, error)


async def _choose(desk: "Desk", interaction: Interaction, _: str) -> None:
    value = _values(interaction)[0]
    category_id = None if value == OTHER else value
    await _go_on(desk, interaction, category_id, asks_on=False)


async def _ask_on(desk: "Desk", interaction: Interaction, _: str) -> None:
    async with desk.house.database.read() as tx:
        category_id = await intake.category_asked_on(tx, str(interaction.user.id))
    await _go_on(desk, interaction, category_id, asks_on=True)


async def _go_on(desk: "Desk", interaction: Interaction, category_id: str | None, *, asks_on: bool) -> None:
    guest, words = await desk.guest_of(interaction.user, _language_of(desk, interaction)), own_words(interaction)
    async with desk.house.database.write() as tx:
        chosen = await intake.choose(tx, guest, _rules(desk), category_id, asks_on=asks_on, now=desk.house.clock.now())
    if chosen is None:
        await _replace(interaction, words("desk.over"))
        return
    step, category = chosen
    if step is Step.FORM and category is not None:
        await interaction.response.send_modal(_form_of(category))
    elif step is Step.ANSWERED and category is not None:
        await _replace(interaction, category.answer or "", further_view(words))
    else:
        await _replace(interaction, words("desk.sent"))


async def _fill_in(desk: "Desk", interaction: Interaction, _: str) -> None:
    guest, words = await desk.guest_of(interaction.user, _language_of(desk, interaction)), own_words(interaction)
    data: Mapping[str, Any] = interaction.data or {}
    answers = dict(answers_in(data.get("components", [])))
    now = desk.house.clock.now()
    try:
        async with desk.house.database.write() as tx:
            ticket = await intake.fill_in(tx, guest, _rules(desk), answers, now=now)
    except categories.errors.InvalidFormField as error:
        embed = refusal(error, words, now=now, reference=str(interaction.id))
        await interaction.response.send_message(embed=embed, ephemeral=True)
        return
    await _replace(interaction, words("desk.over" if ticket is None else "desk.sent"))


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
    data: Mapping[str, Any] = interaction.data or {}
    answers = dict(answers_in(data.get("components", [])))
    await fill_in(interaction, int(what), answers.get("text", ""))


async def _keep(_desk: "Desk", interaction: Interaction, _: str) -> None:
    """Leave the ticket open; the question is answered."""
    await _replace(interaction, own_words(interaction)("desk.kept", name=interaction.user.display_name))


async def _replace(interaction: Interaction, text: str, view: ui.View | None = None) -> None:
    """Let what was pressed be taken by what comes of it, so that it is not pressed again."""
    if interaction.message is None:
        await interaction.response.send_message(text, ephemeral=True)
        return
    await interaction.response.edit_message(
        content=text, embed=None, view=view, allowed_mentions=discord.AllowedMentions.none()
    )


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


def _language_of(desk: "Desk", interaction: Interaction) -> str:
    """Return the language that somebody has set at Discord, if that counts."""
    document = desk.house.site.now.document
    return own_words(interaction).language if document.language.per_user else str(document.language.default_language)


def _name_of(interaction: Interaction) -> str:
    data: Mapping[str, Any] = interaction.data or {}
    return str(data.get("custom_id", ""))


def _values(interaction: Interaction) -> list[str]:
    data: Mapping[str, Any] = interaction.data or {}
    return [str(each) for each in data.get("values", [])]


Act: TypeAlias = "Callable[[Desk, Interaction, str], Awaitable[None]]"

ACTS: Final[dict[str, Act]] = {
    "menu": _choose,
    "further": _ask_on,
    "form": _fill_in,
    "reopen": _reopen,
    "retry": _retry,
    "rate": rate,
    "comment": comment,
    "close": _close,
    "edit": _edit,
    "keep": _keep,
}
"""What is done about whatever is pressed, by the first word of its id; the rest says what it is about."""
