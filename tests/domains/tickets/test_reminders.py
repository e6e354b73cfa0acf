"""What staff want to be told of in a ticket."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from guildhall.core.actor import SYSTEM
from guildhall.core.db import query
from guildhall.core.jobs import JobContext
from guildhall.domains import tickets
from guildhall.domains.tickets import Ticket
from guildhall.domains.tickets.errors import InvalidTime, ReminderNotFound, TicketClosed
from guildhall.domains.tickets.relay.models import Post, QueuedPost, ticket_posts
from guildhall.domains.tickets.reminders import (
    Reminder,
    ask_for_alert,
    cancel_alert,
    drop_reminder,
    remind,
    remind_due,
    reminders_of,
    spare_from_role,
)
from tests.clock import SettableClock
from tests.domains.tickets.desk import MARA, TOBIAS, Desk

POSTS = query(QueuedPost, select(ticket_posts).order_by(ticket_posts.c.seq))


async def with_channel(desk: Desk) -> Ticket:
    ticket = await desk.open(needs_channel=True)
    async with desk.database.write() as tx:
        return await tickets.note_channel(tx, ticket, 77)


async def said(desk: Desk, words: str) -> list[Post]:
    """What was queued to be said under a key."""
    async with desk.database.read() as tx:
        return [each.payload for each in await tx.all(POSTS) if each.payload.words == words]


async def test_a_reminder_comes_once_in_time_and_not_when_called_off_or_the_ticket_has_closed(desk: Desk) -> None:
    ticket = await with_channel(desk)

    async def ask(text: str, hours: int, *roles: str) -> Reminder:
        at = desk.now + timedelta(hours=hours)
        return await desk.do(remind, ticket, author_id=MARA.id, at=at, text=text, role_ids=roles)

    async def run() -> list[str]:
        # Two processes look at the same moment.
        context = JobContext("remind", 1, desk.database, SettableClock(desk.now))
        await asyncio.gather(remind_due(context), remind_due(context))
        return [each.fields["text"] for each in await said(desk, "desk.reminder")]

    with pytest.raises(InvalidTime):
        await ask("Yesterday", -1)
    await ask("Call her", 1, "500", "600", "500")
    called_off, late = await ask("Forget this", 1), await ask("Too late", 3)
    async with desk.database.write() as tx:
        await spare_from_role(tx, SYSTEM, person_id=TOBIAS.id, role_id="500", spared=True, now=desk.now)
        await spare_from_role(tx, SYSTEM, person_id=TOBIAS.id, role_id="600", spared=True, now=desk.now)
        await spare_from_role(tx, SYSTEM, person_id=TOBIAS.id, role_id="600", spared=False, now=desk.now)
    await desk.do(drop_reminder, ticket, called_off.id)
    with pytest.raises(ReminderNotFound):
        await desk.do(drop_reminder, ticket, called_off.id)
    assert await run() == []
    # The house was down when it was due.
    desk.later(hours=2)
    assert await run() == ["Call her"]
    (post,) = await said(desk, "desk.reminder")
    assert (post.user_ids, post.role_ids, post.spared) == ([MARA.id], ["500", "600"], {"500": [TOBIAS.id]})
    async with desk.database.read() as tx:
        assert await reminders_of(tx, ticket) == [late]
    await desk.do(tickets.close_ticket, ticket, by=MARA.id)
    desk.later(hours=2)
    assert await run() == ["Call her"]
    with pytest.raises(TicketClosed):
        await ask("Closed", 1)


async def test_whoever_asked_is_pinged_when_the_user_writes_next_or_each_time(desk: Desk) -> None:
    ticket = await with_channel(desk)
    await desk.do(ask_for_alert, ticket, person_id=MARA.id)
    await desk.do(ask_for_alert, ticket, person_id=TOBIAS.id, always=True)
    await desk.replies(ticket, "Hello")
    assert await said(desk, "desk.alert") == []
    for text in ("One", "Two"):
        await desk.says(ticket, text)
    assert await desk.do(cancel_alert, ticket, person_id=TOBIAS.id)
    assert not await desk.do(cancel_alert, ticket, person_id=TOBIAS.id)
    await desk.says(ticket, "Three")
    assert [each.user_ids for each in await said(desk, "desk.alert")] == [[MARA.id, TOBIAS.id], [TOBIAS.id]]
