"""One way for every use of a command: find out who it is, whether they may, and let it happen."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import discord

from guildhall.bot.desk.commands.callers import admit, caller_of, makes_staff
from guildhall.bot.desk.commands.errors import CommandDenied, CommandOff, FilesNotFetched, MayNotInDiscord
from guildhall.bot.desk.commands.model import Answer, Caller, Command, Use, Values
from guildhall.bot.desk.commands.telling import is_logged
from guildhall.bot.desk.fetching import FileAway
from guildhall.bot.speech import words_among
from guildhall.bot.words import Words
from guildhall.core.db import StoreUnavailable
from guildhall.core.errors import GuildhallError
from guildhall.core.log import get_logger
from guildhall.domains import tickets
from guildhall.domains.tickets import Person, Ticket
from guildhall.domains.tickets.attachments import KeptFile
from guildhall.domains.tickets.relay import Attached, Post, Say, queue_for_log

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot

log = get_logger(__name__)


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
) -> Answer:
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
        words=words_among(bot.house.site.now.document.language, language) if language else words,
        now=bot.house.clock.now(),
        files=await files() if files is not None else (),
    )
    try:
        told = await command.work(use)
    except discord.Forbidden:
        raise MayNotInDiscord from None
    return told if isinstance(told, Answer) else Answer(told, command.telling)


async def fetch_files(bot: "HouseBot", attached: Sequence[Attached]) -> tuple[KeptFile, ...]:
    """Fetch the files of a command, which is done with all of them or not at all. Raises FilesNotFetched."""
    try:
        files, lost = await bot.desk.files.fetch(attached)
    except FileAway as fault:
        raise FilesNotFetched from fault
    if lost:
        raise FilesNotFetched
    return files


async def report(bot: "HouseBot", command: Command | None, error: GuildhallError, *, user_id: int, source: int) -> None:
    """Let the log channel know of a command that failed, if that is wanted; `source` is where it can be found."""
    if command is None or not is_logged(error, bot.house.site.now.document):
        return
    fields = {"command": command.name, "user": f"<@{user_id}>", "code": error.code, "reference": str(source)}
    try:
        async with bot.house.database.write() as tx:
            post = Post(say=Say.WORDS, words="commands.log.failed", fields=fields)
            await queue_for_log(tx, post, now=bot.house.clock.now())
    except StoreUnavailable as fault:
        log.warning("The log channel does not hear of a command that failed", source=source, reason=fault.message)


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
        language = await tickets.language_of(tx, person.id)
        return caller, await tickets.ticket_of_channel(tx, channel_id), language


def admitted(bot: "HouseBot", command: Command, caller: Caller, here: Ticket | None, guild_id: int | None) -> Caller:
    """Return the caller if they may use a command in that place. Raises CommandOff, CommandDenied."""
    house = bot.house
    document = house.site.now.document
    on_staff_server = guild_id is not None and guild_id == house.discord.staff_guild_id
    is_staff_here = makes_staff(here, caller, document, on_staff_server=on_staff_server)
    return admit(command, caller, document, is_staff_here=is_staff_here)
