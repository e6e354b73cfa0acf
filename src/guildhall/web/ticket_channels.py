"""Tickets that have a channel in Discord: for whom one is opened, whether it can be made, and waiting until it is."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from guildhall.core.actor import SYSTEM, Actor, ActorKind, Credential
from guildhall.core.db import Tx
from guildhall.core.events import Event
from guildhall.domains import bot, tickets
from guildhall.domains.attendance import Profile
from guildhall.domains.attendance.errors import BotNotInGuild, DiscordUnavailable, NotMember
from guildhall.domains.bot import Phase
from guildhall.domains.identity import DISCORD, Permission, desk, people_known_as
from guildhall.domains.tickets import EVERYTHING, TOPIC, Person, Ticket, TicketState
from guildhall.domains.tickets.errors import BotUser, DeskOffline, NotStaff, TicketNotFound, UserNotFound
from guildhall.domains.tickets.guests import Guest
from guildhall.domains.tickets.relay import was_welcomed
from guildhall.web.house import House
from guildhall.web.routing import Unsettled

PATIENCE: Final = 10.0
"""Seconds that a caller waits for a channel."""

WELCOME_PATIENCE: Final = 1.5
"""Seconds that a caller waits for word that the user was reached."""

LOOK: Final = 0.2
"""Seconds between two looks at a ticket: processes that share no Redis hear nothing of each other."""

LARGEST_ID: Final = 2**63 - 1


class ChannelPending(Unsettled):
    """The channel is not there yet, and is still being made."""

    code = "discord_unavailable"
    text = "Discord has not made the channel yet; the ticket stays, and the same call finds it later"


class ChannelRefused(Unsettled):
    """There will be no channel: Discord refuses it, or the ticket ended before."""

    code = "discord_unavailable"
    text = "Discord has not made the channel"

    def __init__(self, message: str | None = None, **details: object) -> None:
        super().__init__(message, undone=True, **details)


async def guest_of(house: House, discord_id: str) -> Guest:
    """Return the member of the community for whom a ticket is to be opened; no transaction should be open.

    Raises DeskOffline, UserNotFound, BotUser, DiscordUnavailable.
    """
    async with house.database.read() as tx:
        await check_connected(tx, house)
    try:
        profile = await _profile(house, house.discord.guild_id, discord_id)
    except NotMember:
        raise UserNotFound from None
    if profile.is_bot:
        raise BotUser
    return Guest(
        Person(discord_id, profile.username),
        frozenset({str(house.discord.guild_id), *map(str, profile.role_ids)}),
    )


async def staff_of(house: House, discord_id: str) -> Person:
    """Return somebody who may work on tickets, by their id at Discord; no transaction should be open.

    While Discord is away, what was last known of them counts. Raises NotStaff.
    """
    number = int(discord_id)
    if number > LARGEST_ID:
        raise NotStaff
    standing = await house.staff.standing_of(number)
    nobody = Actor(ActorKind.USER, Credential.SESSION)
    async with house.database.read() as tx:
        found = await desk.at_desk(tx, nobody, discord_id=number, standing=standing, rules=house.desk_rules)
        known = await people_known_as(tx, [discord_id], provider=DISCORD)
    if not found.may(Permission.MANAGE_TICKETS):
        raise NotStaff
    try:
        name = (await _profile(house, house.discord.staff_guild_id, discord_id)).name
    except NotMember:
        raise NotStaff from None
    except (DeskOffline, DiscordUnavailable):
        name = known[discord_id].display_name if discord_id in known else discord_id
    return Person(discord_id, name)


async def check_connected(tx: Tx, house: House) -> None:
    """Refuse what needs a channel while the bot is not connected. Raises DeskOffline."""
    if (await bot.state_of(tx, now=house.clock.now())).phase is not Phase.CONNECTED:
        raise DeskOffline


async def reopen(tx: Tx, actor: Actor, ticket: Ticket, *, house: House) -> Ticket:
    """Open a closed ticket again for staff; one that had a channel is `opening` until it has one again.

    The ticket is locked. Raises TicketOpen, TicketAlreadyOpen, DeskOffline.
    """
    opened = await tickets.reopen_ticket(tx, actor, ticket, now=house.clock.now())
    if opened.state is TicketState.OPENING:
        await check_connected(tx, house)
    return opened


async def await_channel(house: House, ticket_id: str, *, patience: float = PATIENCE) -> Ticket:
    """Wait until the channel of an opening ticket is there, and return the ticket; holds no transaction meanwhile.

    Raises ChannelPending after `patience` seconds, ChannelRefused when the ticket was discarded.
    """
    async with house.events.subscribe(TOPIC) as told:
        try:
            async with asyncio.timeout(patience):
                while True:
                    ticket = await _look(house, ticket_id)
                    if ticket.state is not TicketState.OPENING:
                        break
                    await _news_of(told, ticket_id)
        except TimeoutError:
            raise ChannelPending from None
    if ticket.channel_id is None:
        raise ChannelRefused
    return ticket


async def await_welcome(house: House, ticket: Ticket, *, patience: float = WELCOME_PATIENCE) -> bool | None:
    """Tell whether the user of a new ticket got its welcome, None when nobody knows within `patience` seconds.

    None is also for a silent ticket, whose user gets none.
    """
    if ticket.silent:
        return None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            while True:
                async with house.database.read() as tx:
                    welcomed = await was_welcomed(tx, ticket)
                if welcomed is not None:
                    return welcomed
                await asyncio.sleep(LOOK)
    return None


async def _look(house: House, ticket_id: str) -> Ticket:
    try:
        async with house.database.read() as tx:
            return await tickets.access_ticket(tx, SYSTEM, ticket_id, sight=EVERYTHING)
    except TicketNotFound:
        raise ChannelRefused from None


async def _news_of(told: AsyncIterator[Event], ticket_id: str) -> None:
    """Wait until something is told of a ticket, or until it is time for another look."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LOOK):
            async for event in told:
                if event.data.get("ticket_id") in {ticket_id, None}:
                    return
            raise ChannelPending  # No more is told: the server is about to stop.


async def _profile(house: House, guild_id: int, discord_id: str) -> Profile:
    number = int(discord_id)
    if number > LARGEST_ID:
        raise NotMember
    try:
        return await house.directory.profile_of_member(guild_id, number)
    except BotNotInGuild as fault:
        raise DeskOffline from fault
