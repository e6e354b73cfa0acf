"""What was due at the desk while no server ran: done at the next start, once, also where two begin at once."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Text, cast, func, select

from guildhall.core.actor import SYSTEM
from guildhall.core.clock import SystemClock
from guildhall.core.db import open_database, query
from guildhall.domains import audit, tickets
from guildhall.domains.tickets import EVERYTHING, Origin, Person, Ticket, Transport, reminders
from guildhall.domains.tickets.relay.models import ticket_posts
from tests.bot.conftest import until
from tests.faults.server_process import ServerProcess

HOUR = timedelta(hours=1)
WITHIN = 60.0
SAID = {
    words: query(
        int,
        select(func.count()).select_from(ticket_posts).where(cast(ticket_posts.c.payload, Text).contains(f'"{words}"')),
    )
    for words in ("desk.reminder", "desk.log.closed")
}


async def test_what_was_due_while_nobody_worked_is_done_once_by_two_that_start_together(
    postgresql_database_url: str, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        database = await open_database(postgresql_database_url)
        stack.push_async_callback(database.close)
        begun = SystemClock().now() - 3 * HOUR
        opened: list[Ticket] = []
        async with database.write() as tx:
            for number in range(2):
                ticket = await tickets.open_ticket(
                    tx,
                    SYSTEM,
                    person=Person(f"100{number}", "somebody"),
                    guild_id=1,
                    origin=Origin.DM,
                    transport=Transport.RELAY,
                    needs_channel=True,
                    now=begun,
                )
                opened.append(await tickets.note_channel(tx, ticket, 555 + number))
            closing, reminding = opened
            await tickets.plan_close(tx, SYSTEM, closing, by="2001", at=begun + HOUR, now=begun)
            await reminders.remind(
                tx, SYSTEM, reminding, author_id="2001", at=begun + HOUR, text="Look into it", now=begun
            )
        servers = [ServerProcess(postgresql_database_url, tmp_path) for _ in range(2)]
        for each in servers:
            stack.callback(each.stop)
            each.launch()
        for each in servers:
            await asyncio.to_thread(each.come_up)

        async def is_done() -> bool:
            async with database.read() as tx:
                closed = (await tickets.access_ticket(tx, SYSTEM, closing.id, sight=EVERYTHING)).closed
                return closed and not await reminders.reminders_of(tx, reminding)

        await until(is_done, within=WITHIN)
        for each in servers:
            await asyncio.to_thread(each.stop)
        async with database.read() as tx:
            acts = await audit.page_of_entries(tx, limit=9, action="ticket.closed")
            assert [each.target for each in acts] == [closing.id]
            assert {words: await tx.one(said) for words, said in SAID.items()} == dict.fromkeys(SAID, 1)
            assert not (await tickets.access_ticket(tx, SYSTEM, reminding.id, sight=EVERYTHING)).closed
