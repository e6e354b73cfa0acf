"""The feed of what has happened."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

from guildhall.core import feed
from guildhall.core.db import Database

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)


async def numbers(database: Database, after: int = 0) -> list[int]:
    async with database.read() as tx:
        return [each.id for each in await feed.entries_after(tx, after, most=100)]


async def test_entries_are_numbered_in_the_order_of_their_commits_without_a_gap(database: Database) -> None:
    async def happens(name: str) -> None:
        async with database.write() as tx:
            feed.tell(tx, name, ticket_id=name)
            await asyncio.sleep(0)
            feed.tell(tx, name, ticket_id=name, again=True)

    await asyncio.gather(*(happens(f"t{number}") for number in range(8)))
    assert await numbers(database) == list(range(1, 17))
    async with database.read() as tx:
        pairs = [each.name for each in await feed.entries_after(tx, 0, most=100)]
    # Both entries of a transaction come one after the other, because nobody else gets a number in between.
    assert pairs[::2] == pairs[1::2]

    with contextlib.suppress(LookupError):
        async with database.write() as tx:
            feed.tell(tx, "undone")
            raise LookupError
    async with database.write() as tx:
        with contextlib.suppress(LookupError):
            async with tx.savepoint():
                feed.tell(tx, "undone in part")
                raise LookupError
        feed.tell(tx, "done", number=7, none=None)
    async with database.read() as tx:
        assert await feed.entries_after(tx, 16, most=5) == [feed.Entry(17, "done", {"number": 7, "none": None})]
        assert await feed.last_id(tx) == 17


async def test_entries_live_for_a_day_and_a_reader_is_told_when_some_are_gone(database: Database) -> None:
    async def hour(now: datetime) -> None:
        async with database.write() as tx:
            feed.tell(tx, "hourly")
        async with database.write() as tx:
            await feed.forget_entries(tx, now=now)

    async def is_whole_after(after: int) -> bool:
        async with database.read() as tx:
            return await feed.is_whole_after(tx, after)

    assert await is_whole_after(0)
    for passed in range(24):
        await hour(NOW + timedelta(hours=passed))
    assert await numbers(database) == list(range(1, 25))
    await hour(NOW + timedelta(hours=25))
    assert await numbers(database) == list(range(3, 26))
    assert [await is_whole_after(each) for each in (0, 1, 2, 24, 25, 26)] == [False, False, True, True, True, False]
    await hour(NOW + timedelta(days=3))
    assert await numbers(database) == [26]
    await hour(NOW + timedelta(days=9))
    assert await numbers(database) == [27]
