"""Commands of the front desk as Discord's people choose them: all made from the catalogue."""

import inspect
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final, TypeAlias

import discord
from discord import app_commands

from guildhall.bot.desk.commands.catalogue import COMMANDS, GROUPS, MENUS
from guildhall.bot.desk.commands.doing import perform
from guildhall.bot.desk.commands.errors import CommandOff
from guildhall.bot.desk.commands.model import Argument, Command, Kind, Subject, Values
from guildhall.bot.desk.commands.suggesting import SUGGESTED, suggester
from guildhall.bot.desk.commands.turns import Turn
from guildhall.bot.registration import STAFF
from guildhall.bot.speech import GREEN, own_words, said
from guildhall.bot.tree import Interaction, Reply, answer
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
}


def slash_commands() -> list[Made]:
    """Return all commands of the desk, made anew."""
    groups = {name: _group(name) for name in GROUPS}
    made: list[Made] = [*groups.values()]
    for command in COMMANDS:
        if command.group in groups:
            groups[command.group].add_command(_made(command))
        else:
            made.append(_hidden(_made(command), command))
    return made + [_menu(command) for command in MENUS]


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


def _menu(command: Command) -> app_commands.ContextMenu:
    async def choose(interaction: Interaction, user: discord.User) -> None:
        await use(interaction, command, {"user": user.id})

    menu = app_commands.ContextMenu(name=said(f"commands.menu.{command.name}"), callback=choose, extras={STAFF: True})
    menu.guild_only = True
    menu.default_permissions = HIDDEN
    return menu


def _callback(command: Command) -> Callable[..., Coroutine[Any, Any, None]]:
    """Return what the library calls, with a parameter for each argument, as it finds them in a signature."""

    async def chosen(interaction: Interaction, **given: Any) -> None:  # noqa: ANN401 (whatever Discord resolves)
        chosen_ones = ((each, given.get(each.name)) for each in command.arguments)
        await use(interaction, command, {each.name: _plain(each.kind, value) for each, value in chosen_ones if value})

    first = inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = [first, *map(_parameter, command.arguments)]
    chosen.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # A function may have one.
    described = app_commands.describe(
        **{each.name: said(f"commands.option.{each.name}.about") for each in command.arguments}
    )
    renamed = app_commands.rename(**{each.name: said(f"commands.option.{each.name}") for each in command.arguments})
    offered = app_commands.choices(**{each.name: _choices(each) for each in command.arguments if _is_choice(each)})
    is_new = command.name.endswith(" create")
    named = [each.name for each in command.arguments if each.name in SUGGESTED and not is_new]
    suggested = {name: suggester(command, name) for name in named}
    return app_commands.autocomplete(**suggested)(offered(renamed(described(chosen))))


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


async def use(interaction: Interaction, command: Command, values: Values) -> None:
    """Acknowledge the use of a command, wait for its turn in the channel, do it, and tell the person alone."""
    bot = interaction.client
    with bot.turns.take(interaction.channel_id or 0) as turn:
        await answer(interaction, partial(_in_turn, turn, interaction, command, values))


async def _in_turn(turn: Turn, interaction: Interaction, command: Command, values: Values) -> Reply:
    await turn.come()
    bot = interaction.client
    if not bot.house.site.now.document.command.slash_commands:
        raise CommandOff
    text = await perform(
        bot,
        command,
        lambda: values,
        person=Person(str(interaction.user.id), interaction.user.display_name),
        source_id=interaction.id,
        guild_id=interaction.guild_id,
        channel_id=interaction.channel_id or 0,
        words=own_words(interaction),
    )
    return Reply(discord.Embed(description=text, colour=GREEN))
