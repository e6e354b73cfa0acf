"""Commands of the front desk as people type them into a channel, or to the bot."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import discord

from guildhall.bot.desk.commands.catalogue import BY_NAME, EVERYBODYS, GROUP_NAMES
from guildhall.bot.desk.commands.doing import perform
from guildhall.bot.desk.commands.errors import AlreadyDone, CommandDenied, CommandOff, FilesNotFetched, FilesNotSent
from guildhall.bot.desk.commands.model import Command
from guildhall.bot.desk.commands.reading import find_command, read_values
from guildhall.bot.desk.commands.turns import Turn
from guildhall.bot.desk.fetching import FileAway
from guildhall.bot.gateway import PASSING_FAULTS
from guildhall.bot.speech import GREEN, refusal
from guildhall.bot.tree import MINUTE
from guildhall.bot.words import Words, words_for
from guildhall.core.errors import GuildhallError, Internal, Limited
from guildhall.core.log import get_logger
from guildhall.domains import tickets
from guildhall.domains.tickets import Person
from guildhall.domains.tickets.attachments import KeptFile

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot

log = get_logger(__name__)

DONE: Final = "✅"
REFUSED: Final = "🚫"
UNKNOWN: Final = "❓"

TYPED: Final = 60
"""Commands that somebody types in a minute: whoever talks by them must not be stopped in the middle."""


async def handle(bot: "HouseBot", message: discord.Message) -> bool:
    """Do the command that a message is. False when it is none, and so is something that somebody says.

    What bots and webhooks write never is one. In a ticket's channel a word behind the prefix that is no command is
    marked and goes no further, because what was meant for staff must not reach the user by a slip. To the bot alone
    people type only what is everybody's.
    """
    document = bot.house.site.now.document
    prefix, is_person = document.command.prefix, not (message.author.bot or message.webhook_id)
    text = message.content.removeprefix(prefix)
    if not (is_person and document.command.text_commands and text != message.content and text[:1].isalnum()):
        return False
    with bot.turns.take(message.channel.id) as turn:
        return await _handle(bot, message, text, turn)


async def _handle(bot: "HouseBot", message: discord.Message, text: str, turn: Turn) -> bool:
    words = words_for(bot.house.site.now.document.language.default_language)
    try:
        found = find_command(text, *((BY_NAME, GROUP_NAMES) if message.guild else (EVERYBODYS, {})))
        if found is None:
            return await _is_slip(bot, message)
        command, rest = found
        await _tell(message, command, await _perform(bot, message, command, rest, words, turn))
    except AlreadyDone:
        log.info("A typed command came twice", message=message.id)
    except (CommandDenied, CommandOff):
        await _mark(message, REFUSED)
    except Exception as fault:  # noqa: BLE001 (whoever typed it is told, and the log has the rest)
        await _explain(bot, message, fault, words)
    return True


async def _perform(
    bot: "HouseBot", message: discord.Message, command: Command, rest: str, words: Words, turn: Turn
) -> str:
    house, author = bot.house, message.author
    await turn.come()
    allowance = await house.limiter.hit(f"discord-typed:{author.id}", limit=TYPED, window=MINUTE)
    if not allowance.allowed:
        raise Limited(retry_after=allowance.retry_after)
    arguments, files = command.arguments, None
    if message.attachments:
        if not command.takes_files:
            raise FilesNotSent
        arguments, files = tuple(replace(each, required=False) for each in arguments), partial(_fetch, bot, message)
    return await perform(
        bot,
        command,
        partial(read_values, arguments, rest),
        person=Person(str(author.id), author.display_name),
        source_id=message.id,
        guild_id=message.guild.id if message.guild else None,
        channel_id=message.channel.id,
        words=words,
        files=files,
    )


async def _fetch(bot: "HouseBot", message: discord.Message) -> tuple[KeptFile, ...]:
    """Fetch the files of a command, which is done with all of them or not at all. Raises FilesNotFetched."""
    try:
        files, lost = await bot.desk.files.fetch(message)
    except FileAway as fault:
        raise FilesNotFetched from fault
    if lost:
        raise FilesNotFetched
    return files


async def _is_slip(bot: "HouseBot", message: discord.Message) -> bool:
    async with bot.house.database.read() as tx:
        ticket = await tickets.ticket_of_channel(tx, message.channel.id)
    if ticket is not None:
        await _mark(message, UNKNOWN)
    return ticket is not None


async def _tell(message: discord.Message, command: Command, text: str) -> None:
    if command.quiet:
        await _mark(message, DONE)
    else:
        await _answer(message, discord.Embed(description=text, colour=GREEN))


async def _explain(bot: "HouseBot", message: discord.Message, fault: Exception, words: Words) -> None:
    if not isinstance(fault, GuildhallError):
        log.error("A typed command failed", message=message.id, exc_info=fault)
    error = fault if isinstance(fault, GuildhallError) else Internal()
    await _answer(message, refusal(error, words, now=bot.house.clock.now(), reference=str(message.id)))


async def _answer(message: discord.Message, embed: discord.Embed) -> None:
    with _unheard(message):
        await message.reply(embed=embed, allowed_mentions=discord.AllowedMentions.none())


async def _mark(message: discord.Message, sign: str) -> None:
    with _unheard(message):
        await message.add_reaction(sign)


@contextlib.contextmanager
def _unheard(message: discord.Message) -> Iterator[None]:
    try:
        yield
    except PASSING_FAULTS as fault:
        # The command had its effect; only its answer is lost.
        log.warning("Discord does not take the answer to a typed command", message=message.id, reason=str(fault))
