"""How tickets begin and end: opening for somebody, closing now or later, opening again."""

from typing import Final

import discord

from guildhall.bot.desk.commands.errors import NobodyThere, NoTicketHere
from guildhall.bot.desk.commands.lines import instant
from guildhall.bot.desk.commands.model import Argument, Command, Kind, Use
from guildhall.bot.desk.commands.people import member_of
from guildhall.domains import tickets
from guildhall.domains.identity import Permission
from guildhall.domains.tickets import Origin, Person, Ticket, guests
from guildhall.domains.tickets.guests import Guest

MANAGE: Final = Permission.MANAGE_TICKETS
CANCEL: Final = "cancel"


async def close(use: Use) -> str:
    """Close the ticket, now or at a time, or no more at that time."""
    if str(use.values.get("time", "")).strip().lower() == CANCEL:
        return await _keep_open(use)
    at, reason, silent = use.moment("time"), use.values.get("reason"), use.values.get("silent", False)
    by = use.person.id
    async with use.change_ticket() as (tx, ticket):
        if at is None:
            await tickets.close_ticket(tx, use.actor, ticket, by=by, reason=reason, silent=silent, now=use.now)
            return use.words("commands.said.close", number=ticket.number)
        await tickets.plan_close(tx, use.actor, ticket, by=by, at=at, reason=reason, silent=silent, now=use.now)
    return use.words("commands.said.close.planned", when=instant(at), left=instant(at, "R"))


async def _keep_open(use: Use) -> str:
    async with use.change_ticket() as (tx, ticket):
        await tickets.plan_close(tx, use.actor, ticket, by=use.person.id, at=None, now=use.now)
    return use.words("commands.said.close.cancelled" if ticket.close_at else "commands.said.close.unplanned")


async def force_close(use: Use) -> str:
    """Close the ticket without a word to the user; a channel that a closed one has left behind goes away."""
    ticket = use.ticket()
    if ticket.closed:
        return await _remove_channel(use, ticket)
    async with use.change_ticket() as (tx, fresh):
        await tickets.close_ticket(tx, use.actor, fresh, by=use.person.id, silent=True, now=use.now)
    return use.words("commands.said.close", number=ticket.number)


async def _remove_channel(use: Use, ticket: Ticket) -> str:
    channel = use.bot.get_channel(use.channel_id)
    if not isinstance(channel, discord.TextChannel | discord.Thread):
        raise NoTicketHere
    async with use.change() as tx:
        await tickets.note_channel_removed(tx, use.actor, ticket, use.channel_id, now=use.now)
    await channel.delete()
    return use.words("commands.said.channel.removed", number=ticket.number)


async def reopen(use: Use) -> str:
    """Open a closed ticket again: that of the channel, or the one with a number."""
    number = use.values.get("number")
    async with use.change() as tx:
        known = use.ticket() if number is None else await tickets.ticket_numbered(tx, number)
        sight = tickets.EVERYTHING if number is None else await use.sight(tx)
        ticket = await tickets.access_ticket_to_change(tx, use.actor, known.id, sight=sight)
        await tickets.reopen_ticket(tx, use.actor, ticket, now=use.now)
    return use.words("commands.said.reopen", number=ticket.number)


async def open_for(use: Use) -> str:
    """Open a ticket for a member of the community, who hears of it with the first reply."""
    community = use.house.discord.guild_id
    member = await member_of(use.bot, community, use.values["user"])
    if member.bot:
        raise NobodyThere
    person, roles = Person(str(member.id), member.display_name), frozenset(str(each.id) for each in member.roles)
    async with use.change() as tx:
        ticket = await guests.open_for(
            tx, use.actor, Guest(person, roles), guild_id=community, origin=Origin.STAFF, now=use.now
        )
    return use.words("commands.said.new_thread", number=ticket.number, user=f"<@{member.id}>")


NEW_THREAD: Final = Command("new_thread", open_for, MANAGE, (Argument("user", Kind.USER),), ("nt",))

COMMANDS: Final = (
    Command(
        "close",
        close,
        MANAGE,
        (
            Argument("time", Kind.MOMENT, required=False, choices=(CANCEL,)),
            Argument("silent", Kind.FLAG, required=False),
            Argument("reason", Kind.TEXT, required=False),
        ),
        ("c",),
    ),
    Command("force_close", force_close, MANAGE, (), ("fc",)),
    Command("reopen", reopen, MANAGE, (Argument("number", Kind.NUMBER, required=False),)),
    NEW_THREAD,
)
