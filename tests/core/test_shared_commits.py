"""On SQLite, writers that wait for each other share one wait for the disk, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, timedelta
from sqlite3 import IntegrityError

import pytest

from guildhall.core.db import Database, Tx, open_database
from guildhall.domains.identity.models import UserRole
from guildhall.domains.rooms.models import ClosedDay
from guildhall.domains.rooms.queries import closed_between

FIRST = date(2030, 1, 1)
WRITERS = range(20)


class Crowd:
    """Writers that all arrive while the first of them has its turn. Each closes a day of its own, and more."""

    def __init__(self, store: Database, more: Callable[[Tx, int], Awaitable[None]]) -> None:
        self._store = store
        self._more = more
        self._arrived = 0
        self._all_here = asyncio.Event()
        self.told: list[int] = []

    async def write(self) -> list[BaseException | None]:
        """Return how each writer ended."""
        return await asyncio.gather(*map(self._write_one, WRITERS), return_exceptions=True)

    async def kept(self) -> list[int]:
        """Return the numbers of the writers whose day is stored."""
        async with self._store.read() as tx:
            return [(day - FIRST).days for day in await closed_between(tx, FIRST, FIRST + timedelta(days=99))]

    async def _write_one(self, number: int) -> None:
        self._arrived += 1
        if self._arrived == len(WRITERS):
            self._all_here.set()
        async with self._store.write() as tx:
            await self._all_here.wait()
            await tx.insert(ClosedDay(FIRST + timedelta(days=number), "test"))
            tx.after_commit(lambda: self.told.append(number))
            await self._more(tx, number)


@pytest.fixture
async def store(sqlite_database_url: str) -> AsyncIterator[Database]:
    """An open database on SQLite."""
    store = await open_database(sqlite_database_url)
    yield store
    await store.close()


async def test_one_commit_keeps_the_changes_of_all_who_waited_but_for_those_who_raised(store: Database) -> None:
    commits: list[str] = []
    store.timer = lambda kind, _: commits.append(kind) if kind == "commit" else None

    async def raise_sometimes(_tx: Tx, number: int) -> None:
        if number % 5 == 0:
            raise ValueError(number)
        if number % 7 == 0:
            raise asyncio.CancelledError

    crowd = Crowd(store, raise_sometimes)
    ends = await crowd.write()

    assert [type(end) for end in ends[:8]] == [
        ValueError, *[type(None)] * 4, ValueError, type(None), asyncio.CancelledError,
    ]  # fmt: skip
    fine = [number for number in WRITERS if number % 5 and number % 7]
    assert [number for number in WRITERS if ends[number] is None] == fine
    assert crowd.told == await crowd.kept() == fine
    assert commits == ["commit"]


async def test_a_shared_commit_that_fails_fails_for_all_of_them_and_the_next_one_works(store: Database) -> None:
    async def break_the_commit(tx: Tx, number: int) -> None:
        if number == 3:
            await tx._execute("PRAGMA defer_foreign_keys = ON", [])
            await tx.insert(UserRole("nobody", "member"))

    crowd = Crowd(store, break_the_commit)
    ends = await crowd.write()

    assert [type(end) for end in ends] == [IntegrityError] * len(WRITERS)
    assert crowd.told == await crowd.kept() == []
    async with store.write() as tx:
        await tx.insert(ClosedDay(FIRST, "test"))
    assert await crowd.kept() == [0]


async def test_when_sqlite_undoes_everything_no_later_turn_is_stored_by_itself(store: Database) -> None:
    async def lose_the_transaction(tx: Tx, number: int) -> None:
        if number == 3:
            await tx._execute("ROLLBACK", [])
            raise OSError("the disk failed")

    crowd = Crowd(store, lose_the_transaction)
    ends = await crowd.write()

    assert None not in ends
    assert crowd.told == await crowd.kept() == []
    async with store.write() as tx:
        await tx.insert(ClosedDay(FIRST, "test"))
    assert await crowd.kept() == [0]
