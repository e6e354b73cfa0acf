"""The bot itself: what members see of it, and how far away Discord is."""

from typing import Final, get_args

from guildhall.bot.desk.commands.model import Argument, Command, Kind, Telling, Use
from guildhall.domains import site
from guildhall.domains.identity import Permission
from guildhall.domains.site.sections import PresenceState

STATES: Final = frozenset(get_args(PresenceState))


async def status(use: Use) -> str:
    """Set what members see of the bot: its state when one is named, else the text of its activity."""
    text = use.values["text"].strip()
    shown: dict[str, object] = {"bot.presence_state": text.lower()} if text.lower() in STATES else {"bot.status": text}
    async with use.change() as tx:
        await site.change_configuration(tx, use.actor, shown, site=use.house.site, now=use.now)
    return use.words("commands.said.status", text=text)


async def recover(use: Use) -> str:
    """Read again what was written while nobody listened; what is known already is left alone."""
    use.bot.desk.begin_session()
    return use.words("commands.said.recover")


async def ping(use: Use) -> str:
    """Tell how long Discord takes to answer."""
    latency = use.bot.figures().latency_ms
    return use.words("commands.said.ping", milliseconds="-" if latency is None else latency)


COMMANDS: Final = (
    Command("status", status, Permission.MANAGE_BOT, (Argument("text", Kind.TEXT),)),
    Command("recover", recover, Permission.MANAGE_BOT),
    Command("ping", ping, Permission.VIEW_DESK, telling=Telling.ANSWER),
)
