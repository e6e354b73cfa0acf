"""Whether the users of open tickets are still members, which a bot without a privileged intent has to ask."""

import asyncio
from typing import TYPE_CHECKING, Final

from guildhall.bot.gateway import PASSING_FAULTS
from guildhall.core.actor import SYSTEM
from guildhall.core.db import StoreUnavailable
from guildhall.core.log import get_logger
from guildhall.domains import tickets
from guildhall.domains.attendance.errors import BotNotInGuild, DiscordUnavailable, NotMember
from guildhall.domains.tickets import EVERYTHING, Ticket, Transport, echoes
from guildhall.domains.tickets.errors import TicketNotFound
from guildhall.domains.tickets.leaving import note_membership

if TYPE_CHECKING:
    from guildhall.bot.client import HouseBot

log = get_logger(__name__)

PERIOD: Final = 120.0
"""Seconds between two rounds."""


class Leavers:
    """Notices who has left, and who has come back. There is one, in the process that holds the bot."""

    def __init__(self, bot: "HouseBot") -> None:
        self._bot = bot
        self._house = bot.house

    async def keep(self) -> None:
        """Go round again and again, until cancelled."""
        while True:
            await asyncio.sleep(PERIOD)
            try:
                await self.look()
            except StoreUnavailable as fault:
                log.warning("Who has left is looked for later", reason=fault.message)
            except (BotNotInGuild, DiscordUnavailable, *PASSING_FAULTS) as fault:
                log.info("Who has left is looked for later", reason=str(fault))

    async def look(self) -> None:
        """Ask for the user of each open ticket once. Raises BotNotInGuild, DiscordUnavailable."""
        if not self._bot.is_live:
            return
        async with self._house.database.read() as tx:
            open_ones = await echoes.tickets_with_channels(tx)
        for ticket in open_ones:
            if ticket.transport is Transport.RELAY and ticket.user_id.isdecimal():
                await self._look_at(ticket)

    async def _look_at(self, ticket: Ticket) -> None:
        try:
            await self._house.directory.roles_of_member(ticket.guild_id, int(ticket.user_id))
            is_member = True
        except NotMember:
            is_member = False
        if ticket.user_left is not is_member:
            return
        closes = self._house.site.now.document.thread.close_on_leave
        async with self._house.database.write() as tx:
            try:
                fresh = await tickets.access_ticket_to_change(tx, SYSTEM, ticket.id, sight=EVERYTHING)
            except TicketNotFound:
                return
            await note_membership(tx, SYSTEM, fresh, is_member=is_member, closes=closes, now=self._house.clock.now())
