"""What people are offered while they type: names of categories, keys of snippets."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from discord import app_commands

from guildhall.bot.desk.commands.doing import may_use
from guildhall.bot.desk.commands.model import Command
from guildhall.bot.tree import Interaction
from guildhall.core.db import Tx
from guildhall.domains.tickets import Person, categories, snippets

Suggester: TypeAlias = Callable[[Interaction, str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]

MOST: Final = 25


def suggester(command: Command, argument: str) -> Suggester:
    """Return what offers, while somebody types an argument, whatever fits; nothing to those who may not use it."""

    async def suggest(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        bot = interaction.client
        person = Person(str(interaction.user.id), interaction.user.display_name)
        if not await may_use(bot, command, person, interaction.guild_id, interaction.channel_id or 0):
            return []
        async with bot.house.database.read() as tx:
            known = await SUGGESTED[argument](tx)
        fitting = [each for each in known if typed.casefold() in each.casefold()]
        return [app_commands.Choice(name=each, value=each) for each in fitting[:MOST]]

    return suggest


async def _names(tx: Tx) -> list[str]:
    return [each.name for each in await categories.list_categories(tx)]


async def _keys(tx: Tx) -> list[str]:
    return [each.key for each in await snippets.list_snippets(tx)]


SUGGESTED: Final[Mapping[str, Callable[[Tx], Awaitable[list[str]]]]] = MappingProxyType(
    {"category": _names, "key": _keys}
)
"""Arguments for which there is something to offer."""
