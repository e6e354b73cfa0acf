"""The bot: whether it shall run, how it does, and which guilds it watches."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.domains import attendance, bot
from guildhall.domains.attendance import Guild, Mode
from guildhall.domains.bot import IDENTIFIES_A_DAY
from guildhall.domains.identity import Permission
from guildhall.panel.forms import change, show
from guildhall.panel.pages import page, told
from guildhall.web.answers import Answer, redirect
from guildhall.web.calls import Call
from guildhall.web.house import House

BOT = "/panel/bot"
MANAGE = Permission.MANAGE_SYSTEM
MODES: Final = {
    Mode.OFF: "nothing is tracked",
    Mode.ALL: "every channel is tracked",
    Mode.ALLOWLIST: "only listed channels are tracked",
    Mode.DENYLIST: "all but listed channels are tracked",
}


@dataclass(frozen=True)
class WatchedGuild:
    """A guild by its name or else its number, what is tracked there, and whether it is being watched now."""

    name: str
    mode: str
    watched: bool


@show(BOT, permission=MANAGE)
async def show_bot(call: Call, tx: Tx, house: House) -> Answer:
    """Show how the bot does."""
    now = house.clock.now()
    state = await bot.state_of(tx, now=now)
    return page(
        call,
        "office_bot.html",
        title="Bot",
        state=state,
        heard=_ago(now - state.heard_at) if state.heard_at else None,
        left=state.identifies_left(now),
        a_day=IDENTIFIES_A_DAY,
        guilds=[await _watched(house, each) for each in await attendance.list_guilds(tx)],
    )


@change(BOT + "/start", permission=MANAGE)
async def start(tx: Tx, actor: Actor, house: House) -> Answer:
    """Let the bot run, from now on and after every restart."""
    await bot.start_bot(tx, actor, now=house.clock.now())
    return redirect(told(BOT, "bot-started"))


@change(BOT + "/stop", permission=MANAGE)
async def stop(tx: Tx, actor: Actor, house: House) -> Answer:
    """Let the bot stand still until somebody starts it."""
    await bot.stop_bot(tx, actor, now=house.clock.now())
    return redirect(told(BOT, "bot-stopped"))


async def _watched(house: House, guild: Guild) -> WatchedGuild:
    # What the bot has not heard the name of lately is shown by its number.
    names = await bot.names_of(house.cache, guild.guild_id, [guild.guild_id])
    name = names[guild.guild_id].shown if names else str(guild.guild_id)
    return WatchedGuild(name, MODES[guild.mode], attendance.is_live(guild, house.clock.now()))


def _ago(age: timedelta) -> str:
    """Write how long ago something was, as roughly as people ask."""
    seconds = max(0, int(age.total_seconds()))
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            number = seconds // size
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "just now" if seconds < 5 else f"{seconds} seconds ago"  # noqa: PLR2004 (what people call now)
