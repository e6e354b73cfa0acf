"""Leases on both engines, with time that the test moves."""

import asyncio
from datetime import timedelta

from guildhall.core import leases
from guildhall.core.db import Database
from tests.clock import SettableClock

TTL = timedelta(seconds=30)


async def test_a_lease_has_one_holder_until_it_ends_or_is_given_back(database: Database, clock: SettableClock) -> None:
    async with database.write() as tx:
        assert await leases.acquire(tx, "bot", "one", TTL, clock.now())
        assert not await leases.acquire(tx, "bot", "two", TTL, clock.now())
        assert await leases.acquire(tx, "bot", "one", TTL, clock.now()), "the holder may take it again"
        assert await leases.acquire(tx, "mail", "two", TTL, clock.now()), "another lease is free"

    clock.advance(TTL - timedelta(microseconds=1))
    async with database.write() as tx:
        assert not await leases.acquire(tx, "bot", "two", TTL, clock.now())
    clock.advance(timedelta(microseconds=1))
    async with database.write() as tx:
        assert await leases.acquire(tx, "bot", "two", TTL, clock.now())
        await leases.release(tx, "bot", "one")
        assert not await leases.acquire(tx, "bot", "one", TTL, clock.now()), "only the holder can give it back"
        await leases.release(tx, "bot", "two")
        assert await leases.acquire(tx, "bot", "one", TTL, clock.now())


async def test_renewing_prolongs_a_lease_only_while_it_was_held_without_a_gap(
    database: Database, clock: SettableClock
) -> None:
    async with database.write() as tx:
        assert not await leases.renew(tx, "bot", "one", TTL, clock.now()), "there is nothing to prolong yet"
        await leases.acquire(tx, "bot", "one", TTL, clock.now())
        clock.advance(TTL / 2)
        assert await leases.renew(tx, "bot", "one", TTL, clock.now())
        assert not await leases.renew(tx, "bot", "two", TTL, clock.now())
        clock.advance(TTL - timedelta(microseconds=1))
        assert await leases.renew(tx, "bot", "one", TTL, clock.now())
        clock.advance(TTL)
        assert not await leases.renew(tx, "bot", "one", TTL, clock.now()), "it ended, and somebody may have had it"


async def test_many_leases_are_prolonged_together_and_only_those_that_are_still_held(
    database: Database, clock: SettableClock
) -> None:
    many = [f"guild:{number}" for number in range(300)]
    async with database.write() as tx:
        for name in many:
            await leases.acquire(tx, name, "one", TTL, clock.now())
        await leases.acquire(tx, "guild:ended", "one", TTL / 4, clock.now())
        await leases.acquire(tx, "guild:another's", "two", TTL, clock.now())
    clock.advance(TTL / 2)
    statements: list[str] = []
    database.observe = statements.append
    async with database.write() as tx:
        asked = [*many, "guild:ended", "guild:another's", "guild:unknown"]
        assert await leases.renew_all(tx, asked, "one", TTL, clock.now()) == set(many)
        assert len(statements) == 2
        assert await leases.renew_all(tx, [], "one", TTL, clock.now()) == set()
    database.observe = None
    clock.advance(TTL - timedelta(microseconds=1))
    async with database.write() as tx:
        assert not await leases.acquire(tx, many[7], "two", TTL, clock.now())
        assert await leases.acquire(tx, "guild:another's", "one", TTL, clock.now()), "nobody prolonged it"


async def test_the_holders_of_a_family_are_those_whose_lease_has_not_ended(
    database: Database, clock: SettableClock
) -> None:
    async with database.write() as tx:
        await leases.acquire(tx, "jobs:one", "one", TTL, clock.now())
        await leases.acquire(tx, "jobs", "alone", TTL, clock.now())
        await leases.acquire(tx, "jobsworth", "stranger", TTL, clock.now())
        clock.advance(TTL / 2)
        await leases.acquire(tx, "jobs:two", "two", TTL, clock.now())
        assert await leases.holders(tx, "jobs", clock.now()) == {"alone", "one", "two"}
        clock.advance(TTL / 2)
        assert await leases.holders(tx, "jobs", clock.now()) == {"two"}
        assert await leases.clear_ended(tx, clock.now()) == 3
        assert await leases.holders(tx, "jobs", clock.now()) == {"two"}


async def test_of_many_who_want_a_lease_at_the_same_moment_one_gets_it(
    database: Database, clock: SettableClock
) -> None:
    barrier = asyncio.Barrier(8)

    async def want(holder: str) -> bool:
        await barrier.wait()
        async with database.write() as tx:
            return await leases.acquire(tx, "bot", holder, TTL, clock.now())

    got = await asyncio.gather(*(want(f"holder {number}") for number in range(8)))
    assert got.count(True) == 1
