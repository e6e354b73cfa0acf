"""People are made on first contact, once, whoever calls at the same time."""

import asyncio

from guildhall.core.actor import SYSTEM
from guildhall.core.db import Database, Tx
from guildhall.domains import identity
from tests.clock import SettableClock


async def test_of_many_first_contacts_in_the_same_instant_one_makes_the_person(
    database: Database, clock: SettableClock
) -> None:
    together = asyncio.Barrier(8)

    async def meet(provider: str, number: int) -> identity.User:
        # Each has a transaction open before the first of them looks who is there. SQLite has one writer at a time.
        if database.engine == "postgresql":
            async with database.write() as tx:
                await tx.ping()
                await together.wait()
                return await ensure(tx, provider, number)
        async with database.write() as tx:
            return await ensure(tx, provider, number)

    async def ensure(tx: Tx, provider: str, number: int) -> identity.User:
        return await identity.ensure_user(
            tx,
            SYSTEM,
            provider=provider,
            external_id=str(number),
            username=None,
            display_name=None,
            now=clock.now(),
        )

    for number in range(10):
        for provider in ("discord", "telegram"):
            met = await asyncio.gather(*(meet(provider, number) for _ in range(8)))
            assert len({user.id for user in met}) == 1
    async with database.read() as tx:
        assert len(await identity.search_users(tx, text=None, limit=100)) == 20
