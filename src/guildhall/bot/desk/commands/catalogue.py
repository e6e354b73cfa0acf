"""All commands of the front desk, and the names by which they are found."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from guildhall.bot.desk.commands import helping
from guildhall.bot.desk.commands.model import Command

COMMANDS: Final[tuple[Command, ...]] = (*helping.OTHERS, *helping.COMMANDS)
GROUPS: Final[tuple[str, ...]] = tuple(dict.fromkeys(each.group for each in COMMANDS if each.group != each.name))
GROUP_NAMES: Final[Mapping[str, str]] = MappingProxyType({**{each: each for each in GROUPS}, "s": "snippet"})
BY_NAME: Final[Mapping[str, Command]] = MappingProxyType(
    {name: command for command in COMMANDS for name in (command.name, *command.short)}
)
EVERYBODYS: Final[Mapping[str, Command]] = MappingProxyType(
    {name: command for name, command in BY_NAME.items() if command.permission is None}
)
"""What can be typed to the bot alone."""
