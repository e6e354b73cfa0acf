"""What happens to tickets by itself, in time."""

from datetime import timedelta

from guildhall.core.jobs import JobContext
from guildhall.domains import tickets
from tests.clock import SettableClock
from tests.domains.tickets.desk import MARA, PAVEL, Desk


async def test_a_ticket_closes_when_its_planned_end_has_come(desk: Desk) -> None:
    clock = SettableClock(desk.now)
    rosas, pavels = await desk.open(), await desk.open(PAVEL)
    soon = desk.now + timedelta(hours=1)
    await desk.do(tickets.plan_close, rosas, by=MARA.id, at=soon, reason="All is said.")
    await desk.do(tickets.plan_close, pavels, by=MARA.id, at=soon + timedelta(hours=1))

    async def run() -> list[bool]:
        await tickets.close_due(JobContext("close", 1, desk.database, clock))
        return [(await desk.look(each)).closed for each in (rosas, pavels)]

    assert await run() == [False, False]
    clock.set(soon)
    assert await run() == [True, False]
    closed = await desk.look(rosas)
    assert (closed.closed_by, closed.close_reason, closed.closed_at, closed.close_at) == (
        MARA.id, "All is said.", soon, None,
    )  # fmt: skip
    assert [each.content for each in await desk.messages(rosas)] == [
        f"{tickets.CLOSING_WORDS}All is said.", "Ticket successfully closed.",
    ]  # fmt: skip
    clock.advance(timedelta(hours=1))
    assert await run() == [True, True]
    assert len(await desk.messages(rosas)) == 2
