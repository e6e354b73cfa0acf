"""What members see of the bot in Discord, as the configuration says it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import discord

from guildhall.domains.site import Document

STATES: Final[Mapping[str, discord.Status]] = MappingProxyType(
    {
        "online": discord.Status.online,
        "idle": discord.Status.idle,
        "dnd": discord.Status.dnd,
        "invisible": discord.Status.offline,
        "maintenance": discord.Status.dnd,
    }
)
"""How Discord shows each state; it knows none for maintenance. A client of its own is offline when it is invisible."""

KINDS: Final[Mapping[str, discord.ActivityType]] = MappingProxyType(
    {
        "playing": discord.ActivityType.playing,
        "listening": discord.ActivityType.listening,
        "watching": discord.ActivityType.watching,
        "competing": discord.ActivityType.competing,
    }
)


class Presence(NamedTuple):
    """An activity, None for none, and a state."""

    activity: discord.Activity | discord.CustomActivity | None
    status: discord.Status


def presence_of(document: Document) -> Presence:
    """Return what is to be seen."""
    return Presence(_activity(document), STATES[document.bot.presence_state])


def _activity(document: Document) -> discord.Activity | discord.CustomActivity | None:
    text = document.bot.status
    if not text:
        return None
    kind = KINDS.get(document.bot.activity)
    return discord.Activity(type=kind, name=text) if kind else discord.CustomActivity(text)
