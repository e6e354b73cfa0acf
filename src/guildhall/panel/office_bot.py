"""The bot: whether it shall run, how it does, its commands and cogs, and which guilds it watches."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.domains import attendance, bot
from guildhall.domains.attendance import Guild, Mode
from guildhall.domains.bot import EVERYWHERE, IDENTIFIES_A_DAY, Cog, Registration
from guildhall.domains.identity import Permission
from guildhall.panel.forms import change, show
from guildhall.panel.pages import page, told
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form
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


@dataclass(frozen=True)
class Place:
    """Where Discord knows the commands: a guild by its name or number, or everywhere."""

    name: str
    told: Registration


@dataclass(frozen=True)
class KnownCog:
    """A cog of the folder, or one that was asked for once and is not there any more; `asked` is None for a new one."""

    name: str
    there: bool
    asked: Cog | None


class CogNamed(Form, frozen=True, kw_only=True):
    """Which cog is meant."""

    name: str


@show(BOT, permission=MANAGE)
async def show_bot(call: Call, tx: Tx, house: House) -> Answer:
    """Show how the bot does."""
    now = house.clock.now()
    state = await bot.state_of(tx, now=now)
    available = await _available(house)
    return page(
        call,
        "office_bot.html",
        title="Bot",
        state=state,
        heard=_ago(now - state.heard_at) if state.heard_at else None,
        left=state.identifies_left(now),
        a_day=IDENTIFIES_A_DAY,
        places=[await _place(house, each) for each in await bot.registrations_of(tx)],
        cogs=_known(available, await bot.cogs_of(tx)),
        takes_cogs=house.settings.discord.cogs_dir is not None,
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


@change(BOT + "/cogs/load", permission=MANAGE)
async def load_cog(tx: Tx, actor: Actor, house: House, form: CogNamed) -> Answer:
    """Load a cog, or load it anew; the bot does it as soon as it runs, and after every start."""
    await bot.want_cog(tx, actor, name=form.name, available=await _available(house), now=house.clock.now())
    return redirect(told(BOT, "cog-wanted"))


@change(BOT + "/cogs/unload", permission=MANAGE)
async def unload_cog(tx: Tx, actor: Actor, house: House, form: CogNamed) -> Answer:
    """Unload a cog until somebody loads it."""
    await bot.dismiss_cog(tx, actor, name=form.name, now=house.clock.now())
    return redirect(told(BOT, "cog-dismissed"))


async def _available(house: House) -> list[str]:
    settings = house.settings.discord
    return await asyncio.to_thread(bot.available_cogs, settings.cogs_dir, settings.cogs_allowed)


def _known(available: Collection[str], asked: Collection[Cog]) -> list[KnownCog]:
    """Return the cogs of the folder, and those that went missing from it while they were wanted or loaded."""
    rows = {each.name: each for each in asked}
    missing = {each.name for each in asked if each.wanted or each.loaded_at}
    return [KnownCog(name, name in available, rows.get(name)) for name in sorted({*available, *missing})]


async def _place(house: House, told_there: Registration) -> Place:
    if told_there.guild_id == EVERYWHERE:
        return Place("All guilds", told_there)
    return Place(await _name_of(house, told_there.guild_id), told_there)


async def _name_of(house: House, guild_id: int) -> str:
    # What the bot has not heard the name of lately is shown by its number.
    names = await bot.names_of(house.cache, guild_id, [guild_id])
    return names[guild_id].shown if names else str(guild_id)


async def _watched(house: House, guild: Guild) -> WatchedGuild:
    return WatchedGuild(
        await _name_of(house, guild.guild_id), MODES[guild.mode], attendance.is_live(guild, house.clock.now())
    )


def _ago(age: timedelta) -> str:
    """Write how long ago something was, as roughly as people ask."""
    seconds = max(0, int(age.total_seconds()))
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            number = seconds // size
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "just now" if seconds < 5 else f"{seconds} seconds ago"  # noqa: PLR2004 (what people call now)
