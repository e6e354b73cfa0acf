"""Whether the users of open tickets are still members: heard of as it happens, and asked for when a session begins."""

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

RETRY: Final = 30.0
"""Seconds until it is asked again who is there, where that could not be found out."""


class Leavers:
    """Notices who has left, and who has come back. There is one, in the process that holds the bot.

    An event only says whom to ask for: two that come in another order than they happened do no harm.
    """

    def __init__(self, bot: "HouseBot") -> None:
        self._bot = bot
        self._house = bot.house
        self._due = asyncio.Event()
        self._everybody = False
        self._named: set[str] = set()

    def look_at(self, user_id: int) -> None:
        """Look soon at whether somebody is a member: they were heard to come or to go."""
        self._named.add(str(user_id))
        self._due.set()

    def look_at_all(self) -> None:
        """Look soon at everybody who has an open ticket: some may have come and gone unheard."""
        self._everybody = True
        self._due.set()

    async def keep(self) -> None:
        """Look whenever there is somebody to look at, until cancelled."""
        while True:
            await self._due.wait()
            try:
                await self._look()
            except StoreUnavailable as fault:
                log.warning("Who has left is looked for later", reason=fault.message)
            except (BotNotInGuild, DiscordUnavailable, *PASSING_FAULTS) as fault:
                log.info("Who has left is looked for later", reason=str(fault))
            else:
                continue
            await asyncio.sleep(RETRY)
            self.look_at_all()

    async def _look(self) -> None:
        """Ask for the users of open tickets of whom something was heard. Raises BotNotInGuild, DiscordUnavailable."""
        everybody, named = self._everybody, self._named
        self._everybody, self._named = False, set()
        self._due.clear()
        async with self._house.database.read() as tx:
            open_ones = await echoes.tickets_with_channels(tx)
        for ticket in open_ones:
            concerned = everybody or ticket.user_id in named
            if concerned and ticket.transport is Transport.RELAY and ticket.user_id.isdecimal():
                await self._look_at(ticket)

    async def _look_at(self, ticket: Ticket) -> None:
        try:
            await self._house.role_desk.member(ticket.guild_id, int(ticket.user_id))
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
