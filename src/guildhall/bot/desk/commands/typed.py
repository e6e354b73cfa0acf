"""Commands of the front desk as people type them into a channel, or to the bot."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import discord

from guildhall.bot.desk.commands.catalogue import BY_NAME, EVERYBODYS, GROUP_NAMES
from guildhall.bot.desk.commands.doing import fetch_files, perform, report
from guildhall.bot.desk.commands.errors import AlreadyDone, CommandDenied, CommandOff, FilesNotSent
from guildhall.bot.desk.commands.model import Answer, Command
from guildhall.bot.desk.commands.reading import find_command, read_values
from guildhall.bot.desk.commands.telling import DONE, FAILED, explanation, is_explained, is_said, known
from guildhall.bot.desk.commands.turns import Turn
from guildhall.bot.desk.reading import attached_to
from guildhall.bot.gateway import PASSING_FAULTS
from guildhall.bot.speech import GREEN, words_among
from guildhall.bot.tree import MINUTE, Notice
from guildhall.bot.words import Words
from guildhall.core.db import StoreUnavailable
from guildhall.core.errors import GuildhallError, Limited
from guildhall.core.log import get_logger
from guildhall.domains import tickets
from guildhall.domains.tickets import Person
from guildhall.domains.tickets.relay import queue_removal

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot

log = get_logger(__name__)

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
    words = words_among(bot.house.site.now.document.language)
    command = None
    try:
        found = find_command(text, *((BY_NAME, GROUP_NAMES) if message.guild else (EVERYBODYS, {})))
        if found is None:
            return await _is_slip(bot, message)
        command, rest = found
        await _tell(bot, message, await _perform(bot, message, command, rest, words, turn))
    except AlreadyDone:
        log.info("A typed command came twice", message=message.id)
    except (CommandDenied, CommandOff):
        await _mark(message, REFUSED)
    except Exception as fault:  # noqa: BLE001 (whoever typed it is told, and the log has the rest)
        await _explain(bot, message, command, fault, words)
    return True


async def _perform(
    bot: "HouseBot", message: discord.Message, command: Command, rest: str, words: Words, turn: Turn
) -> Answer:
    house, author = bot.house, message.author
    await turn.come()
    allowance = await house.limiter.hit(f"discord-typed:{author.id}", limit=TYPED, window=MINUTE)
    if not allowance.allowed:
        raise Limited(retry_after=allowance.retry_after)
    arguments, files = command.arguments, None
    if message.attachments:
        if not command.takes_files:
            raise FilesNotSent
        arguments = tuple(replace(each, required=False) for each in arguments)
        files = partial(fetch_files, bot, attached_to(message))
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


async def _is_slip(bot: "HouseBot", message: discord.Message) -> bool:
    async with bot.house.database.read() as tx:
        ticket = await tickets.ticket_of_channel(tx, message.channel.id)
    if ticket is not None:
        await _mark(message, UNKNOWN)
    return ticket is not None


async def _tell(bot: "HouseBot", message: discord.Message, answer: Answer) -> None:
    if is_said(answer, bot.house.site.now.document):
        await _answer(message, Notice(discord.Embed(description=answer.text, colour=GREEN)))
    else:
        await _mark(message, DONE)


async def _explain(
    bot: "HouseBot", message: discord.Message, command: Command | None, fault: Exception, words: Words
) -> None:
    if not isinstance(fault, GuildhallError):
        log.error("A typed command failed", message=message.id, exc_info=fault)
    error, document, now = known(fault), bot.house.site.now.document, bot.house.clock.now()
    if is_explained(error, command, document):
        notice = explanation(error, words, document, now=now, reference=str(message.id))
        await _answer_for_a_while(bot, message, notice)
    elif document.notifications.show_error:
        await _mark(message, FAILED)
    await report(bot, command, error, user_id=message.author.id, source=message.id)


async def _answer_for_a_while(bot: "HouseBot", message: discord.Message, notice: Notice) -> None:
    """Answer with what went wrong, and let that be taken away again if the configuration says so."""
    posted, document, now = await _answer(message, notice), bot.house.site.now.document, bot.house.clock.now()
    seconds = document.error_handling.error_message_ttl
    if posted is None or seconds is None or not document.error_handling.auto_delete_error_messages:
        return
    due = now + timedelta(seconds=seconds)
    try:
        async with bot.house.database.write() as tx:
            await queue_removal(tx, channel_id=message.channel.id, discord_id=posted.id, due_at=due, now=now)
    except StoreUnavailable as fault:
        log.warning("An answer to a typed command stays in its channel", message=posted.id, reason=fault.message)


async def _answer(message: discord.Message, notice: Notice) -> discord.Message | None:
    quiet = discord.AllowedMentions.none()
    try:
        return await message.reply(notice.content, embeds=notice.embeds, allowed_mentions=quiet)
    except PASSING_FAULTS as fault:
        _note_unheard(message, fault)
        return None


async def _mark(message: discord.Message, sign: str) -> None:
    try:
        await message.add_reaction(sign)
    except PASSING_FAULTS as fault:
        _note_unheard(message, fault)


def _note_unheard(message: discord.Message, fault: Exception) -> None:
    """Write down that an answer is lost; the command had its effect."""
    log.warning("Discord does not take the answer to a typed command", message=message.id, reason=str(fault))
