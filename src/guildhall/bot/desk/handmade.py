"""Channels that staff make by hand among those of tickets: the bot asks whose it is, and it becomes that ticket's."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import discord
from discord import ui

from guildhall.bot.desk.answers import entered_in, words_of
from guildhall.bot.desk.commands.closing import NEW_THREAD
from guildhall.bot.desk.commands.doing import may_use
from guildhall.bot.desk.commands.errors import ChannelTaken, CommandDenied, NobodyThere
from guildhall.bot.desk.commands.model import Command, Use
from guildhall.bot.desk.commands.slash import explaining, perform_for
from guildhall.bot.desk.rendering import PREFIX, whose_view
from guildhall.bot.speech import words_among
from guildhall.bot.tree import Interaction
from guildhall.bot.words import Words
from guildhall.core.actor import SYSTEM
from guildhall.domains import tickets
from guildhall.domains.tickets import EVERYTHING, Origin, Person, echoes, errors, guests
from guildhall.domains.tickets.relay import queue_name
from guildhall.web.ticket_channels import guest_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from guildhall.bot.desk.desk import Desk

WITHIN: Final = timedelta(days=1)
"""How long ago a channel may have been made for which nobody was asked, because the bot was away."""

MEMBER: Final = "member"
LONGEST_ID: Final = 20


def left_waiting(desk: "Desk") -> "Iterator[discord.TextChannel]":
    """Yield the channels that were made by hand while the bot was away: new ones, in which nobody has said anything."""
    guild = desk.bot.get_guild(desk.house.discord.staff_guild_id)
    since = desk.house.clock.now() - WITHIN
    for each in guild.text_channels if guild is not None else ():
        if each.last_message_id is None and each.created_at > since and _is_wanted(desk, each):
            yield each


def _is_wanted(desk: "Desk", channel: discord.abc.GuildChannel) -> bool:
    document = desk.house.site.now.document
    return (
        document.thread.create_ticket_by_create_channel
        and isinstance(channel, discord.TextChannel)
        and channel.guild.id == desk.house.discord.staff_guild_id
        and channel.category_id is not None
        and str(channel.category_id) == document.thread.inbox_category_id
    )


async def ask_whose(desk: "Desk", channel: discord.abc.GuildChannel) -> None:
    """Ask in a new channel whose ticket it is to be, unless it was made for a ticket."""
    if not isinstance(channel, discord.TextChannel) or not _is_wanted(desk, channel) or await _is_ours(desk, channel):
        return
    words = words_among(desk.house.site.now.document.language)
    colour = int(desk.house.site.now.document.thread.system_message_color, 16)
    embed = discord.Embed(description=words("desk.entry.whose"), colour=colour)
    await channel.send(embed=embed, view=whose_view(words), nonce=str(channel.id))


async def _is_ours(desk: "Desk", channel: discord.TextChannel) -> bool:
    """Tell whether the bot has made a channel: the ticket that its topic ends with knows of it only later."""
    named = (channel.topic or "").rpartition(" ")[2]
    async with desk.house.database.read() as tx:
        if await tickets.ticket_of_channel(tx, channel.id) is not None:
            return True
        try:
            await tickets.access_ticket(tx, SYSTEM, named, sight=EVERYTHING)
        except errors.TicketNotFound:
            return False
    return True


async def ask(desk: "Desk", interaction: Interaction, _: str) -> None:
    """Open the window that asks for the member. Raises CommandDenied."""
    person = Person(str(interaction.user.id), interaction.user.display_name)
    if not await may_use(desk.bot, ADOPT, person, interaction.guild_id, interaction.channel_id or 0):
        raise CommandDenied
    house = desk.house
    is_one_server = house.discord.guild_id == house.discord.staff_guild_id
    await interaction.response.send_modal(_window(await words_of(house, interaction), is_one_server=is_one_server))


def _window(words: Words, *, is_one_server: bool) -> ui.Modal:
    """Return the window; members of another server cannot be chosen here, and are named by their id."""
    window = ui.Modal(title=words("desk.entry.whose.title"), custom_id=f"{PREFIX}adopt")
    entry: ui.UserSelect[Any] | ui.TextInput[Any]
    if is_one_server:
        label, entry = words("desk.entry.whose.member"), ui.UserSelect(custom_id=MEMBER)
    else:
        label, entry = words("desk.entry.whose.id"), ui.TextInput(custom_id=MEMBER, max_length=LONGEST_ID)
    window.add_item(ui.Label(text=label, component=entry))
    return window


async def adopt(_desk: "Desk", interaction: Interaction, _: str) -> None:
    """Let the channel be that of a ticket of the member who was named."""
    named = entered_in(interaction).get(MEMBER, "").strip()
    await interaction.response.defer()
    async with explaining(interaction, ADOPT):
        done = await perform_for(interaction, ADOPT, {"user": named})
        await interaction.edit_original_response(
            content=done.text, embed=None, view=None, allowed_mentions=discord.AllowedMentions.none()
        )


async def _adopt(use: Use) -> str:
    """Open a ticket for a member, who hears of it with the first reply, in the channel where this is.

    Raises ChannelTaken, NobodyThere, UserNotFound, BotUser, UserBlocked, TicketAlreadyOpen.
    """
    channel, named = use.bot.get_channel(use.channel_id), use.values["user"]
    if use.here is not None or not isinstance(channel, discord.TextChannel):
        raise ChannelTaken
    if not named.isdecimal() or len(named) > LONGEST_ID:
        raise NobodyThere
    guest = await guest_of(use.house, named)
    # Before anything of the member is in it, nobody else may look into the channel.
    await use.bot.desk.maker.close_to_others(channel)
    async with use.change() as tx:
        opened = await guests.open_for(
            tx, use.actor, guest, guild_id=use.house.discord.guild_id, origin=Origin.CHANNEL, now=use.now
        )
        ticket = await tickets.note_channel(tx, opened, channel.id)
        # What staff said here before is no part of it.
        await echoes.know_channel(tx, channel.id, None, last_seen=use.source_id, now=use.now)
        await queue_name(tx, ticket, now=use.now)
    return use.words("desk.entry.adopted", number=ticket.number, user=f"<@{guest.person.id}>")


ADOPT: Final = Command(NEW_THREAD.name, _adopt, NEW_THREAD.permission)
"""What is said of the command that opens a ticket for somebody, holds for this too."""
