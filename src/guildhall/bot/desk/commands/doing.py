"""One way for every use of a command: find out who it is, whether they may, and let it happen."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import discord

from guildhall.bot.desk.commands.callers import admit, caller_of, makes_staff
from guildhall.bot.desk.commands.errors import CommandDenied, CommandOff, MayNotInDiscord
from guildhall.bot.desk.commands.model import Caller, Command, Use, Values
from guildhall.bot.words import Words, words_for
from guildhall.domains import tickets
from guildhall.domains.tickets import Person, Ticket
from guildhall.domains.tickets.attachments import KeptFile

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot


async def perform(
    bot: "HouseBot",
    command: Command,
    given: Callable[[], Values],
    *,
    person: Person,
    source_id: int,
    guild_id: int | None,
    channel_id: int,
    words: Words,
    files: Callable[[], Awaitable[tuple[KeptFile, ...]]] | None = None,
) -> str:
    """Do what a command says, and return what to tell the person who used it.

    `given` reads what was given with it, and `files` fetches what came along, after the person was let in. Raises
    CommandOff, CommandDenied, MayNotInDiscord, and what the command itself refuses.
    """
    caller, here, language = await _meet(bot, person, channel_id)
    caller = admitted(bot, command, caller, here, guild_id)
    use = Use(
        bot=bot,
        command=command,
        caller=caller,
        values=given(),
        source_id=source_id,
        guild_id=guild_id,
        channel_id=channel_id,
        here=here,
        words=words_for(language) if language else words,
        now=bot.house.clock.now(),
        files=await files() if files is not None else (),
    )
    try:
        return await command.work(use)
    except discord.Forbidden:
        raise MayNotInDiscord from None


async def may_use(bot: "HouseBot", command: Command, person: Person, guild_id: int | None, channel_id: int) -> bool:
    """Tell whether somebody may use a command in a channel."""
    caller, here, _ = await _meet(bot, person, channel_id)
    try:
        admitted(bot, command, caller, here, guild_id)
    except (CommandDenied, CommandOff):
        return False
    return True


async def _meet(bot: "HouseBot", person: Person, channel_id: int) -> tuple[Caller, Ticket | None, str | None]:
    """Return who uses a command, the ticket of the channel, and the language that they have chosen."""
    house = bot.house
    standing = await house.staff.standing_of(int(person.id))
    async with house.database.read() as tx:
        caller = await caller_of(house, tx, person, standing)
        per_user = house.site.now.document.language.per_user
        language = await tickets.language_of(tx, person.id) if per_user else None
        return caller, await tickets.ticket_of_channel(tx, channel_id), language


def admitted(bot: "HouseBot", command: Command, caller: Caller, here: Ticket | None, guild_id: int | None) -> Caller:
    """Return the caller if they may use a command in that place. Raises CommandOff, CommandDenied."""
    house = bot.house
    document = house.site.now.document
    on_staff_server = guild_id is not None and guild_id == house.discord.staff_guild_id
    is_staff_here = makes_staff(here, caller, document, on_staff_server=on_staff_server)
    return admit(command, caller, document, is_staff_here=is_staff_here)
