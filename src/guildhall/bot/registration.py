"""Telling Discord the bot's commands: only when they have changed, and never at the price of the bot's life."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import discord
import msgspec

from guildhall.bot.gateway import PASSING_FAULTS
from guildhall.core.log import get_logger
from guildhall.domains import bot as bot_domain
from guildhall.domains.bot import EVERYWHERE, Registration

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot

log = get_logger(__name__)

STAFF: Final = "staff"
"""Where a command, among its extras, says that it belongs on the staff's server."""

GONE: Final = frozenset({10004, 50001})
"""What Discord says of a guild that the bot is not in: it does not know it, or gives no access."""

TROUBLE: Final = (*PASSING_FAULTS, discord.app_commands.AppCommandError, aiohttp.ClientError)


async def register(bot: "HouseBot") -> bool:
    """Make Discord's list of commands the bot's own. False when that failed, which is then written down with why.

    A bot that is in the community's guild alone has them there, where they change at once; any other has them
    everywhere. Those of staff are on the staff's server alone, if the bot is there. What was registered in another
    place before is taken back, or people would find every command twice. Raises StoreUnavailable.
    """
    application_id = bot.application_id or 0
    wanted = await wanted_by_place(bot)
    known = await _known(bot, application_id)
    went_well = True
    for guild_id in {**wanted, **known}:
        there = known.get(guild_id) or Registration(application_id=application_id, guild_id=guild_id)
        went_well &= await _bring(bot, there, wanted.get(guild_id))
    return went_well


async def _known(bot: "HouseBot", application_id: int) -> dict[int, Registration]:
    """Return what Discord knows of this application by guild, and forget the one whose token was used before."""
    async with bot.house.database.read() as tx:
        found = await bot_domain.registrations_of(tx)
    for each in found:
        if each.application_id != application_id:
            async with bot.house.database.write() as tx:
                await bot_domain.forget_registration(tx, each)
    return {each.guild_id: each for each in found if each.application_id == application_id}


async def wanted_by_place(bot: "HouseBot") -> dict[int, list[dict[str, Any]]]:
    """Return the commands as Discord is told of them, in all languages, by the guild where they belong."""
    access, here = bot.house.discord, {each.id for each in bot.guilds}
    home = access.guild_id
    common = home if here == {home} else EVERYWHERE
    of_staff = access.staff_guild_id if access.staff_guild_id in here else common
    wanted: dict[int, list[dict[str, Any]]] = {common: []}
    for each in bot.tree.get_commands():
        place = of_staff if each.extras.get(STAFF) else common
        wanted.setdefault(place, []).append(await _payload_of(bot, each))
    return wanted


async def _payload_of(bot: "HouseBot", command: Any) -> dict[str, Any]:  # noqa: ANN401 (the library's three kinds)
    translator = bot.tree.translator
    payload: dict[str, Any]
    if translator is None:
        payload = command.to_dict(bot.tree)
    else:
        payload = await command.get_translated_payload(bot.tree, translator)
    return payload


def hash_of(commands: Sequence[dict[str, Any]]) -> str:
    """Return what changes when a command does, and not when they merely come in another order."""
    encoded = sorted(msgspec.json.encode(each, order="deterministic") for each in commands)
    return hashlib.sha256(b"\n".join(encoded)).hexdigest()


async def _bring(bot: "HouseBot", there: Registration, commands: list[dict[str, Any]] | None) -> bool:
    """Let Discord know these commands in one place; None takes back those that were there."""
    house = bot.house
    if commands is None:
        return await _take_back(bot, there)
    new = hash_of(commands)
    if new == there.hash and there.failure is None:
        return True
    try:
        await _tell(bot, there, commands)
    except TROUBLE as fault:
        await _note(bot, there, fault)
        return False
    async with house.database.write() as tx:
        now = house.clock.now()
        await bot_domain.note_registered(tx, there, hash_=new, commands=len(commands), now=now)
    return True


async def _take_back(bot: "HouseBot", there: Registration) -> bool:
    """Let Discord forget the commands in a place; where none were, or the bot left, that is done already."""
    try:
        if there.hash:
            await _tell(bot, there, [])
    except TROUBLE as fault:
        if getattr(fault, "code", 0) not in GONE:
            await _note(bot, there, fault)
            return False
    async with bot.house.database.write() as tx:
        await bot_domain.forget_registration(tx, there)
    return True


async def _note(bot: "HouseBot", there: Registration, fault: Exception) -> None:
    log.warning("Discord does not take the commands", guild=there.guild_id, reason=str(fault))
    async with bot.house.database.write() as tx:
        await bot_domain.note_refused(tx, there, failure=_words_for(fault), now=bot.house.clock.now())


async def _tell(bot: "HouseBot", there: Registration, commands: list[dict[str, Any]]) -> None:
    http = bot.http
    if there.guild_id == EVERYWHERE:
        await http.bulk_upsert_global_commands(there.application_id, payload=commands)
    else:
        await http.bulk_upsert_guild_commands(there.application_id, there.guild_id, payload=commands)


def _words_for(fault: Exception) -> str:
    """Return why Discord did not take the commands, for an operator."""
    if isinstance(fault, discord.Forbidden):
        return "The bot may not make commands in this guild. Invite it again, with the scope applications.commands."
    if isinstance(fault, discord.HTTPException):
        return f"Discord answered with status {fault.status} ({fault.text or 'no reason given'})."
    return f"Discord could not be reached ({type(fault).__name__})."
