"""What there is, and in which language people are spoken to."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from guildhall.bot.desk.commands import blocking, closing, looking, menu, reminding, running, talking, texts, working
from guildhall.bot.desk.commands.doing import admitted
from guildhall.bot.desk.commands.errors import CommandDenied, CommandOff, UnknownLanguage
from guildhall.bot.desk.commands.lines import fitting
from guildhall.bot.desk.commands.model import Argument, Command, Kind, Telling, Use
from guildhall.bot.words import TABLES, words_for
from guildhall.domains import tickets

OTHERS: Final[tuple[Command, ...]] = (
    *talking.COMMANDS,
    *closing.COMMANDS,
    *working.COMMANDS,
    *texts.COMMANDS,
    *menu.COMMANDS,
    *blocking.COMMANDS,
    *reminding.COMMANDS,
    *looking.COMMANDS,
    *running.COMMANDS,
)
"""All commands but those of this module."""

MENUS: Final[Mapping[str, tuple[Command, ...]]] = MappingProxyType(
    {"users": (closing.NEW_THREAD,), "replies": (talking.EDIT, talking.DELETE)}
)
"""What can be chosen in the menu of a user, or of a message that shows a reply, as well."""


async def show(use: Use) -> str:
    """List what the caller may use here."""
    allowed = [each for each in (*OTHERS, *COMMANDS) if _may(use, each)]
    alone = [each for each in allowed if each.name == each.group]
    groups = dict.fromkeys(each.group for each in allowed if each.name != each.group)
    lines = [_line(use, each) for each in alone]
    lines += [_group(use, name, (each for each in allowed if each.group == name)) for name in groups]
    lines += [_menus(use, of, allowed) for of, menus in MENUS.items() if not set(menus).isdisjoint(allowed)]
    return fitting(lines, use.words)


async def choose_language(use: Use) -> str:
    """Let the caller choose in which language the bot speaks to them."""
    code = use.values["code"]
    supported = use.document.language.supported_languages
    if code not in TABLES or code not in supported or not use.document.language.per_user:
        raise UnknownLanguage(languages=", ".join(each for each in supported if each in TABLES))
    async with use.change() as tx:
        await tickets.choose_language(tx, use.actor, use.person.id, code, now=use.now)
    return words_for(code)("commands.said.language")


def _may(use: Use, command: Command) -> bool:
    try:
        admitted(use.bot, command, use.caller, use.here, use.guild_id)
    except (CommandDenied, CommandOff):
        return False
    return True


def _line(use: Use, command: Command) -> str:
    short = f" ({', '.join(command.short)})" if command.short else ""
    return f"`{_usage(use, command)}`{short} {use.words(f'commands.{command.name}.about')}"


def _group(use: Use, name: str, commands: Iterable[Command]) -> str:
    parts = " · ".join(each.name.partition(" ")[2] for each in commands)
    return f"`{use.document.command.prefix}{name}` {parts}"


def _menus(use: Use, of: str, allowed: Collection[Command]) -> str:
    names = (f"**{use.words(f'commands.menu.{each.name}')}**" for each in MENUS[of] if each in allowed)
    return f"{use.words(f'commands.menu.of.{of}')}: {' · '.join(names)}"


def _usage(use: Use, command: Command) -> str:
    shown = (each.name if each.required else f"[{each.name}]" for each in command.arguments)
    return " ".join((use.document.command.prefix + command.name, *shown))


COMMANDS: Final = (
    Command("help", show, None, telling=Telling.ANSWER),
    Command("language", choose_language, None, (Argument("code", Kind.WORD),)),
)
