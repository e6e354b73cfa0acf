"""Tickets in which nobody says anything after a reply: their user is warned, then they close."""

import asyncio

from sqlalchemy import select

from guildhall.core.crypto import SecretBox
from guildhall.core.db import Database, query
from guildhall.core.jobs import JobContext
from guildhall.domains import tickets
from guildhall.domains.site import Configuration
from guildhall.domains.tickets import Ticket
from guildhall.domains.tickets.leaving import note_membership
from guildhall.domains.tickets.relay.models import QueuedPost, ticket_posts
from tests.clock import SettableClock
from tests.domains.tickets.desk import MARA, PAVEL, ROSA, Desk

POSTS = query(QueuedPost, select(ticket_posts).where(ticket_posts.c.target == "user").order_by(ticket_posts.c.seq))


def patient(database: Database, **hours: int) -> Configuration:
    """What a process knows that is to be patient for so long."""
    fixed = {f"tickets.inactivity_{name}_hours": value for name, value in hours.items()}
    return Configuration(database, SecretBox("a key that is for tests only", "configuration"), fixed=fixed)


async def run(desk: Desk, site: Configuration, times: int = 1) -> None:
    """Let as many processes at once do what is due now."""
    context = JobContext("quiet", 1, desk.database, SettableClock(desk.now))
    await asyncio.gather(*(tickets.quiet_closer_of(site)(context) for _ in range(times)))


async def warned(desk: Desk, ticket: Ticket) -> int:
    """How often the user was told that the ticket will close."""
    async with desk.database.read() as tx:
        posts = await tx.all(POSTS)
    return sum(each.ticket_id == ticket.id and each.payload.words == "desk.closes_soon" for each in posts)


async def test_a_quiet_ticket_closes_once_its_user_was_warned_and_had_the_time(desk: Desk) -> None:
    site = patient(desk.database, close=48, warning=12)
    rosas, pavels = await desk.open(needs_channel=True), await desk.open(PAVEL)
    await desk.says(rosas, "Hello?")
    await desk.says(pavels, "Hello?")
    await desk.replies(rosas, "Hello!")
    await run(desk, patient(desk.database, close=0, warning=0))
    desk.later(hours=35)
    await run(desk, site)
    assert await warned(desk, rosas) == 0
    # The house was down meanwhile: the warning comes late, and nobody loses any of its time.
    desk.later(hours=30)
    async with desk.database.write() as tx:
        await tickets.note_channel(tx, rosas, 77)
    await run(desk, site, times=2)
    assert (await warned(desk, rosas), (await desk.look(rosas)).closed) == (1, False)
    desk.later(hours=11)
    await run(desk, site)
    desk.later(hours=1)
    await run(desk, site, times=2)
    closed = await desk.look(rosas)
    assert (closed.closed, closed.closed_by, closed.quiet_since) == (True, "inactivity", None)
    assert (await desk.look(pavels)).closed is False
    said = [each.content[:29] for each in await desk.messages(rosas)]
    assert said == [
        "Hello?", "Hello!",
        "No answer yet: the ticket clo", "Ticket successfully closed.",
    ]  # fmt: skip


async def test_who_writes_or_lets_a_ticket_rest_stops_its_time_and_opening_it_again_starts_none(desk: Desk) -> None:
    site = patient(desk.database, close=2)
    ticket = await desk.open()
    await desk.replies(ticket, "Is it solved?")
    desk.later(hours=1)
    await desk.says(ticket, "No")
    desk.later(hours=5)
    await run(desk, site)
    await desk.replies(ticket, "And now?")
    await desk.do(tickets.hold_ticket, ticket, on_hold=True)
    desk.later(hours=5)
    await run(desk, site)
    await desk.do(tickets.hold_ticket, ticket, on_hold=False)
    desk.later(hours=1)
    await run(desk, site)
    assert not (await desk.look(ticket)).closed
    desk.later(hours=1)
    await run(desk, site)
    assert (await desk.look(ticket)).closed
    await desk.do(tickets.reopen_ticket, ticket)
    desk.later(hours=50)
    await run(desk, site)
    assert not (await desk.look(ticket)).closed


async def test_what_the_user_writes_calls_off_a_planned_end_where_that_is_wanted(desk: Desk) -> None:
    ticket = await desk.open()
    at = desk.now.replace(hour=20)
    await desk.do(tickets.plan_close, ticket, by=MARA.id, at=at)
    for keeps_open, planned in ((False, at), (True, None)):
        draft = tickets.Draft("Wait", tickets.Source.PANEL)
        await desk.do(tickets.write_as_user, ticket, ROSA, draft, keeps_open=keeps_open)
        assert (await desk.look(ticket)).close_at == planned


async def test_a_ticket_whose_user_has_left_stays_and_asks_or_closes_where_that_is_wanted(desk: Desk) -> None:
    ticket = await desk.open(needs_channel=True)
    async with desk.database.write() as tx:
        await tickets.note_channel(tx, ticket, 77)
    for is_member in (True, False, False, True, True):
        noted = await desk.do(note_membership, ticket, is_member=is_member, closes=False)
        assert (noted.closed, noted.user_left) == (False, not is_member)
    assert [each.content for each in await desk.messages(ticket)] == ["rosa.m is a member again"]
    gone = await desk.do(note_membership, ticket, is_member=False, closes=True)
    assert (gone.closed, gone.closed_by, gone.user_left) == (True, "user_left_server", True)
