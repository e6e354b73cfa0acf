"""What passes between the two sides beside words: that somebody types, and how they react."""

from functools import partial
from typing import TYPE_CHECKING

import discord

from guildhall.bot.desk.threads import awake
from guildhall.bot.gateway import PASSING_FAULTS
from guildhall.core.log import get_logger
from guildhall.domains import tickets
from guildhall.domains.tickets import Transport, echoes

if TYPE_CHECKING:
    from guildhall.bot.desk.desk import Desk

log = get_logger(__name__)


async def mirror_typing(desk: "Desk", payload: discord.RawTypingEvent) -> None:
    """Show the other side that somebody types, where the configuration wants that."""
    document = desk.house.site.now.document
    async with desk.house.database.read() as tx:
        if payload.guild_id is None:
            guild_id = desk.house.discord.guild_id
            ticket = await echoes.live_ticket_of(tx, guild_id=guild_id, user_id=str(payload.user_id))
            wanted = document.bot.typing_proxy_from_user
        else:
            ticket = await tickets.ticket_of_channel(tx, payload.channel_id)
            wanted = document.bot.typing_proxy_from_staff
    if not wanted or ticket is None or ticket.closed or ticket.transport is not Transport.RELAY:
        return
    try:
        if payload.guild_id is not None:
            other = (await desk.bot.create_dm(discord.Object(int(ticket.user_id)))).id
        else:
            other = ticket.channel_id or 0
        if other:
            await desk.bot.http.send_typing(other)
    except PASSING_FAULTS as fault:
        log.info("That somebody types is not shown", ticket=ticket.id, reason=str(fault))


async def mirror_reaction(desk: "Desk", payload: discord.RawReactionActionEvent) -> None:
    """Let the copies of a message on the other side show a reaction, or show it no longer."""
    if not desk.house.site.now.document.thread.mirror_reactions:
        return
    async with desk.house.database.read() as tx:
        copies = await echoes.copies_beside(tx, payload.message_id)
    me = desk.bot.user
    for each in copies:
        if each.channel_id == payload.channel_id or me is None:
            continue
        shown = desk.bot.get_partial_messageable(each.channel_id).get_partial_message(each.discord_id)
        try:
            if payload.event_type == "REACTION_ADD":
                await awake(desk.bot, each.channel_id, partial(shown.add_reaction, payload.emoji))
            else:
                await awake(desk.bot, each.channel_id, partial(shown.remove_reaction, payload.emoji, me))
        except PASSING_FAULTS as fault:
            log.info("A reaction is not shown", message=each.message_id, reason=str(fault))
