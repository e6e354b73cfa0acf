"""The part of the bot that makes channels for tickets, as far as the desk can tell."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from guildhall.core.actor import SYSTEM
from guildhall.core.db import Database
from guildhall.domains import bot, tickets
from guildhall.domains.bot import Phase
from guildhall.domains.bot.models import Figures
from guildhall.domains.tickets import EVERYTHING, TOPIC, Ticket, TicketState, Wanted
from tests.serving import Served

FIRST = 987_654_321_098_765_000
PAUSE = 0.05


async def says(served: Served, phase: Phase) -> None:
    """Let the bot report how it does."""
    house = served.house
    async with house.database.write() as tx:
        await bot.report(tx, phase, "As the test has it.", Figures(), done=0, now=house.clock.now())


@asynccontextmanager
async def making_channels(served: Served, *, refuses: bool = False) -> AsyncIterator[list[int]]:
    """Let a connected bot make a channel for each opening ticket, or refuse it for good; yields what was made."""
    await says(served, Phase.CONNECTED)
    made: list[int] = []
    working = asyncio.create_task(_make(served, made, refuses=refuses))
    try:
        yield made
    finally:
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working


async def _make(served: Served, made: list[int], *, refuses: bool) -> None:
    house, channels = served.house, count(FIRST)
    async with house.events.subscribe(TOPIC) as told:
        while True:
            for ticket in await _opening(house.database):
                async with house.database.write() as tx:
                    if refuses:
                        await tickets.discard_ticket(tx, SYSTEM, ticket, reason="full", now=house.clock.now())
                    else:
                        made.append(next(channels))
                        await tickets.note_channel(tx, ticket, made[-1])
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PAUSE):
                    await anext(told, None)


async def _opening(database: Database) -> list[Ticket]:
    async with database.read() as tx:
        page = await tickets.list_tickets(tx, Wanted(closed=False), sight=EVERYTHING)
    return [each for each in page.tickets if each.state is TicketState.OPENING]
