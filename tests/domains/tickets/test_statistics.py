"""How the desk does in a period."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from guildhall.core.actor import Actor, ActorKind
from guildhall.core.db import Database
from guildhall.domains import tickets
from guildhall.domains.identity import Permission
from guildhall.domains.tickets import EVERYTHING, Person, Sight, Transport, categories
from guildhall.domains.tickets.categories import Layout
from guildhall.domains.tickets.statistics import Share, StaffWork, Statistics, statistics_of
from tests.domains.tickets.desk import MARA, PAVEL, ROSA, TOBIAS, Desk

BERLIN = ZoneInfo("Europe/Berlin")


async def look(desk: Desk, days: int = 30, sight: Sight = EVERYTHING) -> Statistics:
    return await desk.database.long_read(
        lambda tx: statistics_of(tx, days=days, zone=BERLIN, sight=sight, now=desk.now)
    )


@pytest.fixture
async def billing(database: Database, desk: Desk) -> str:
    """The id of a category."""
    keeper = Actor(ActorKind.USER, permissions=frozenset({Permission.MANAGE_CATEGORIES}))
    layout = Layout(name="Billing", discord_category_id="1", viewer_role_ids=[], fields=[])
    async with database.write() as tx:
        return (await categories.create_category(tx, keeper, layout, now=desk.now)).id


async def test_days_are_those_of_the_zone_and_times_those_of_what_was_closed(desk: Desk, billing: str) -> None:
    nothing = await look(desk)
    assert (nothing.open, nothing.closed_ever, nothing.response, nothing.resolution) == (0, 0, None, None)
    assert (nothing.categories, nothing.staff, nothing.fastest, nothing.most_closed) == ((), (), None, None)
    assert [each.opened + each.closed for each in nothing.activity] == [0] * 30

    # Half past midnight in Berlin is the day before by UTC.
    desk.now = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    first = await desk.open(category_id=billing, category_name="Billing")
    desk.later(minutes=10)
    await desk.replies(first, "We look into it.", MARA)
    desk.later(minutes=50)
    await desk.replies(first, "Here it is.", TOBIAS)
    await desk.do(tickets.close_ticket, first, by=MARA.id, reason="Solved")
    second = await desk.open(PAVEL)
    desk.later(minutes=20)
    deleted = await desk.replies(second, "Oops", TOBIAS)
    await desk.do(tickets.delete_message, second, deleted.id, person=TOBIAS)
    await desk.do(tickets.close_ticket, second, by=PAVEL.id)
    third = await desk.open(ROSA)
    await desk.do(tickets.close_ticket, third, by="inactivity")
    await desk.open(PAVEL)

    found = await look(desk, 7)
    assert [each.day for each in found.activity] == [date(2026, 2, day) for day in (25, 26, 27, 28)] + [
        date(2026, 3, day) for day in (1, 2, 3)
    ]
    assert [(each.opened, each.closed) for each in found.activity] == [*[(0, 0)] * 6, (4, 3)]
    assert (found.open, found.closed_ever, found.opened, found.closed) == (1, 3, 4, 3)
    assert (found.closed_today, found.closed_this_week, found.closed_this_month) == (3, 3, 3)
    assert (found.response, found.resolution) == (15 * 60, (60 + 20) * 60 // 3)
    assert found.categories == (Share("No category", 2, 2 / 3), Share("Billing", 1, 1 / 3))
    mara, tobias = StaffWork(MARA.id, MARA.name, 1, 1, 600), StaffWork(TOBIAS.id, TOBIAS.name, 1, 0, None)
    assert found.staff == (mara, tobias)
    assert (found.fastest, found.most_replies, found.most_closed) == (mara, mara, mara)

    # Whoever does not see a category does not see it in numbers either.
    part = await look(desk, 7, Sight(frozenset({""})))
    assert (part.open, part.closed_ever, part.closed, part.opened, part.resolution) == (1, 2, 2, 3, 600)
    assert (part.categories, part.staff) == ((Share("No category", 2, 1.0),), ())

    # A week and a month begin anew, and what is over seven days ago is in the longer period only.
    desk.now = datetime(2026, 4, 1, 8, tzinfo=UTC)
    later = await look(desk, 7)
    assert (later.closed_today, later.closed_this_week, later.closed_this_month, later.closed) == (0, 0, 0, 0)
    assert (later.closed_ever, later.staff) == (3, ())
    assert (await look(desk, 30)).closed == 3
    reopened = await desk.do(tickets.reopen_ticket, first)
    assert not reopened.closed
    assert ((await look(desk, 30)).closed, (await look(desk)).closed_ever) == (2, 2)


async def test_they_cost_the_same_whatever_there_ever_was(desk: Desk, database: Database) -> None:
    statements: list[str] = []

    async def counted() -> int:
        statements.clear()
        # Not a long read, which has a connection of its own that nobody watches.
        database.observe = statements.append
        async with database.read() as tx:
            await statistics_of(tx, days=90, zone=BERLIN, sight=EVERYTHING, now=desk.now)
        database.observe = None
        return len(statements)

    async def one(number: int) -> None:
        ticket = await desk.open(Person(str(5000 + number), f"member {number}"), transport=Transport.DIRECT)
        await desk.replies(ticket, "Yes?", MARA)
        await desk.do(tickets.close_ticket, ticket, by=MARA.id)

    await one(0)
    few = await counted()
    for number in range(1, 12):
        await one(number)
    assert await counted() == few
    if database.engine == "sqlite":
        for text in statements:
            async with database.read() as tx:
                plan = await tx._fetch(f"EXPLAIN QUERY PLAN {text}", [None] * text.count("?"))
            steps = [str(tuple(step)[3]) for step in plan]
            assert not [step for step in steps if step.startswith(("SCAN tickets", "SCAN ticket_messages"))], steps
