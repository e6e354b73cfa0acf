"""Commands of the front desk as Discord's people choose them: all made from the catalogue."""

import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeAlias

import discord
from discord import app_commands, ui

from guildhall.bot.desk.commands.catalogue import COMMANDS, GROUPS
from guildhall.bot.desk.commands.doing import fetch_files, perform, report
from guildhall.bot.desk.commands.errors import CommandOff
from guildhall.bot.desk.commands.helping import MENUS
from guildhall.bot.desk.commands.model import Answer, Argument, Command, Kind, Subject, Values
from guildhall.bot.desk.commands.suggesting import SUGGESTED, suggester
from guildhall.bot.desk.commands.talking import EDIT, PRESENT_TEXT, SHOWN_BY
from guildhall.bot.desk.commands.telling import DONE, explanation, is_explained, is_said, known
from guildhall.bot.desk.commands.turns import Turn
from guildhall.bot.desk.reading import as_attached
from guildhall.bot.desk.rendering import PREFIX
from guildhall.bot.registration import STAFF
from guildhall.bot.speech import GREEN, RED, own_words, said
from guildhall.bot.tree import Interaction, Notice, Reply, answer, explain, is_over
from guildhall.core.errors import GuildhallError
from guildhall.domains.tickets import Person

LONGEST_TEXT: Final = 4000
LARGEST: Final = 999_999_999
HIDDEN: Final = discord.Permissions(manage_messages=True)
"""Whom Discord offers the commands of staff by default; the house checks by itself."""

Made: TypeAlias = "app_commands.Command[Any, ..., None] | app_commands.Group | app_commands.ContextMenu"

TYPES: Final[dict[Kind, Any]] = {
    Kind.WORD: app_commands.Range[str, 1, 100],
    Kind.NAME: app_commands.Range[str, 1, 100],
    Kind.TEXT: app_commands.Range[str, 1, LONGEST_TEXT],
    Kind.NUMBER: app_commands.Range[int, 1, LARGEST],
    Kind.MOMENT: app_commands.Range[str, 1, 40],
    Kind.FLAG: bool,
    Kind.USER: discord.User,
    Kind.SUBJECT: discord.User | discord.Member | discord.Role,
    Kind.PLACE: discord.CategoryChannel,
    Kind.FILE: discord.Attachment,
}
FILES: Final = tuple(
    Argument(name, Kind.FILE, required=False) for name in ("file", "file_2", "file_3", "file_4", "file_5")
)
"""What a command that takes files has besides: Discord takes one file for each option."""

EDIT_FORM: Final = f"{PREFIX}edit"


def slash_commands() -> list[Made]:
    """Return all commands of the desk, made anew."""
    groups = {name: _group(name) for name in GROUPS}
    made: list[Made] = [*groups.values()]
    for command in COMMANDS:
        if command.group in groups:
            groups[command.group].add_command(_made(command))
        else:
            made.append(_hidden(_made(command), command))
    return [*made, *map(_menu_of_users, MENUS["users"]), *map(_menu_of_replies, MENUS["replies"])]


def _group(name: str) -> app_commands.Group:
    return app_commands.Group(
        name=said(f"commands.{name}"),
        description=said(f"commands.{name}.about"),
        guild_only=True,
        default_permissions=HIDDEN,
        extras={STAFF: True},
    )


def _made(command: Command) -> "app_commands.Command[Any, ..., None]":
    key = f"commands.{command.name.replace(' ', '.')}"
    made: app_commands.Command[Any, ..., None] = app_commands.Command(
        name=said(key), description=said(f"{key}.about"), callback=_callback(command)
    )
    return made


def _hidden(made: "app_commands.Command[Any, ..., None]", command: Command) -> "app_commands.Command[Any, ..., None]":
    if command.permission is not None:
        made.guild_only = True
        made.default_permissions = HIDDEN
        made.extras[STAFF] = True
    return made


def _menu_of_users(command: Command) -> app_commands.ContextMenu:
    async def choose(interaction: Interaction, user: discord.User) -> None:
        await use(interaction, command, {"user": user.id})

    return _menu(command, choose)


def _menu_of_replies(command: Command) -> app_commands.ContextMenu:
    async def choose(interaction: Interaction, message: discord.Message) -> None:
        if command is EDIT:
            await _ask(interaction, message.id)
        else:
            await use(interaction, command, {SHOWN_BY: message.id})

    return _menu(command, choose)


def _menu(command: Command, choose: Callable[..., Coroutine[Any, Any, None]]) -> app_commands.ContextMenu:
    menu = app_commands.ContextMenu(name=said(f"commands.menu.{command.name}"), callback=choose, extras={STAFF: True})
    menu.guild_only = True
    menu.default_permissions = HIDDEN
    return menu


def _callback(command: Command) -> Callable[..., Coroutine[Any, Any, None]]:
    """Return what the library calls, with a parameter for each argument, as it finds them in a signature."""

    async def chosen(interaction: Interaction, **given: Any) -> None:  # noqa: ANN401 (whatever Discord resolves)
        chosen_ones = ((each, given.get(each.name)) for each in command.arguments)
        values = {each.name: _plain(each.kind, value) for each, value in chosen_ones if value}
        files: list[discord.Attachment] = [given[each.name] for each in FILES if given.get(each.name)]
        await use(interaction, command, values, files)

    arguments = _arguments_of(command)
    first = inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = [first, *map(_parameter, arguments)]
    chosen.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # A function may have one.
    described = app_commands.describe(**{each.name: said(_about(each)) for each in arguments})
    renamed = app_commands.rename(**{each.name: said(f"commands.option.{each.name}") for each in arguments})
    offered = app_commands.choices(**{each.name: _choices(each) for each in command.arguments if _is_choice(each)})
    is_new = command.name.endswith(" create")
    named = [each.name for each in command.arguments if each.name in SUGGESTED and not is_new]
    suggested = {name: suggester(command, name) for name in named}
    return app_commands.autocomplete(**suggested)(offered(renamed(described(chosen))))


def _arguments_of(command: Command) -> tuple[Argument, ...]:
    """Return what a command takes when it is chosen: one that takes files needs no words."""
    if not command.takes_files:
        return command.arguments
    return (*(replace(each, required=False) for each in command.arguments), *FILES)


def _about(argument: Argument) -> str:
    return "commands.option.file.about" if argument.kind is Kind.FILE else f"commands.option.{argument.name}.about"


def _parameter(argument: Argument) -> inspect.Parameter:
    kind = TYPES[argument.kind]
    annotation = kind if argument.required else kind | None
    default = inspect.Parameter.empty if argument.required else None
    return inspect.Parameter(argument.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _is_choice(argument: Argument) -> bool:
    return argument.kind is Kind.WORD and bool(argument.choices)


def _choices(argument: Argument) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=said(f"commands.choice.{each}"), value=each) for each in argument.choices]


def _plain(kind: Kind, value: Any) -> object:  # noqa: ANN401 (whatever Discord resolves)
    """Return what was chosen as the commands take it: people, roles and places by their ids."""
    if kind is Kind.SUBJECT:
        return Subject(value.id, isinstance(value, discord.Role))
    return value.id if kind in {Kind.USER, Kind.PLACE} else value


async def use(
    interaction: Interaction, command: Command, values: Values, files: Sequence[discord.Attachment] = ()
) -> None:
    """Acknowledge the use of a command, wait for its turn in the channel, do it, and tell the person alone."""
    bot = interaction.client
    async with explaining(interaction, command):
        with bot.turns.take(interaction.channel_id or 0) as turn:
            await answer(interaction, partial(_in_turn, turn, interaction, command, values, files))


async def fill_in(interaction: Interaction, discord_id: int, text: str) -> None:
    """Change the reply that a message shows, as somebody has written it in the form."""
    await use(interaction, EDIT, {SHOWN_BY: discord_id, "text": text})


async def _ask(interaction: Interaction, discord_id: int) -> None:
    """Show a form with the reply that a message shows; Discord wants it at once, so no turn is waited for."""
    async with explaining(interaction, EDIT):
        _check_on(interaction)
        present = await perform_for(interaction, PRESENT_TEXT, {SHOWN_BY: discord_id})
        words = own_words(interaction)
        form = ui.Modal(title=words("commands.form.edit"), custom_id=f"{EDIT_FORM}:{discord_id}")
        entry: ui.TextInput[Any] = ui.TextInput(
            custom_id="text", style=discord.TextStyle.paragraph, default=present.text, max_length=LONGEST_TEXT
        )
        form.add_item(ui.Label(text=words("commands.form.edit.text"), component=entry))
        await interaction.response.send_modal(form)


@asynccontextmanager
async def explaining(interaction: Interaction, command: Command) -> AsyncIterator[None]:
    """Tell the person, and whoever else is to know, what goes wrong with a command inside."""
    try:
        yield
    except Exception as fault:  # noqa: BLE001 (whatever it is, somebody waits for an answer)
        error = known(fault)
        await explain(interaction, fault, _notice(interaction, command, error))
        if not is_over(fault):
            await report(interaction.client, command, error, user_id=interaction.user.id, source=interaction.id)


def _notice(interaction: Interaction, command: Command, error: GuildhallError) -> Notice:
    house, words = interaction.client.house, own_words(interaction)
    document = house.site.now.document
    if is_explained(error, command, document):
        return explanation(error, words, document, now=house.clock.now(), reference=str(interaction.id))
    return Notice(discord.Embed(description=words("commands.said.failed"), colour=RED))


async def _in_turn(
    turn: Turn, interaction: Interaction, command: Command, values: Values, files: Sequence[discord.Attachment]
) -> Reply:
    await turn.come()
    _check_on(interaction)
    told = await perform_for(interaction, command, values, files)
    is_worded = is_said(told, interaction.client.house.site.now.document)
    return Reply(discord.Embed(description=told.text if is_worded else DONE, colour=GREEN))


def _check_on(interaction: Interaction) -> None:
    if not interaction.client.house.site.now.document.command.slash_commands:
        raise CommandOff


async def perform_for(
    interaction: Interaction, command: Command, values: Values, files: Sequence[discord.Attachment] = ()
) -> Answer:
    """Do a command for whoever chose or pressed something. Raises what `perform` does."""
    bot = interaction.client
    return await perform(
        bot,
        command,
        lambda: values,
        person=Person(str(interaction.user.id), interaction.user.display_name),
        source_id=interaction.id,
        guild_id=interaction.guild_id,
        channel_id=interaction.channel_id or 0,
        words=own_words(interaction),
        files=partial(fetch_files, bot, [as_attached(each) for each in files]),
    )
