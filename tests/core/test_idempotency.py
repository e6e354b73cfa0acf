"""The same call again gets the same answer, and happens once."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from guildhall.core.crypto import SecretBox, SecretUnreadable
from guildhall.core.db import Database
from guildhall.core.idempotency import KEPT, Claim, IdempotencyKeyReused, Kept, claim, forget_expired, keep
from tests.clock import SettableClock
from tests.core.widgets import sync_engine

BOX = SecretBox("a key for tests", "idempotent answers")
ORDER = Claim("the hash of who, what and the key", "the hash of the body")
OTHER_BODY = Claim(ORDER.scope, "the hash of another body")
OTHER_KEY = Claim("the hash of who, what and another key", ORDER.fingerprint)
DONE = Kept(200, '{"secret":"chb_sk_live_shown_once"}')


async def run(database: Database, clock: SettableClock, wanted: Claim = ORDER, answer: Kept = DONE) -> Kept | None:
    """Claim a key and keep an answer to it, or return the one that it has."""
    async with database.write() as tx:
        kept = await claim(tx, wanted, box=BOX, now=clock.now())
        if kept is None:
            await keep(tx, wanted, answer, box=BOX)
    return kept


async def test_the_second_call_finds_the_answer_of_the_first_and_another_body_is_refused(
    database: Database, clock: SettableClock
) -> None:
    assert await run(database, clock) is None
    assert await run(database, clock) == DONE
    with pytest.raises(IdempotencyKeyReused):
        await run(database, clock, OTHER_BODY)
    assert await run(database, clock, OTHER_KEY) is None
    assert await run(database, clock) == DONE


async def test_a_key_is_free_again_when_its_work_was_undone(database: Database, clock: SettableClock) -> None:
    async def fail() -> None:
        async with database.write() as tx:
            assert await claim(tx, ORDER, box=BOX, now=clock.now()) is None
            await keep(tx, ORDER, DONE, box=BOX)
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        await fail()
    assert await run(database, clock, OTHER_BODY) is None


async def test_of_simultaneous_calls_one_works_and_the_others_wait_for_its_answer(
    database: Database, clock: SettableClock
) -> None:
    everybody = await asyncio.gather(*(run(database, clock, answer=Kept(200, str(n))) for n in range(30)))
    (kept,) = {each for each in everybody if each is not None}
    assert everybody.count(None) == 1
    assert kept == Kept(200, str(everybody.index(None)))


async def test_a_waiting_call_takes_over_when_the_first_fails(database: Database, clock: SettableClock) -> None:
    claimed = asyncio.Event()
    release = asyncio.Event()

    async def claim_and_fail() -> None:
        async with database.write() as tx:
            await claim(tx, ORDER, box=BOX, now=clock.now())
            claimed.set()
            await release.wait()
            raise RuntimeError("no more")

    first = asyncio.create_task(claim_and_fail())
    await claimed.wait()
    second = asyncio.create_task(run(database, clock))
    await asyncio.sleep(0)  # The second has begun, and waits for the first by the database's own means.
    release.set()
    with pytest.raises(RuntimeError, match="no more"):
        await first
    assert await second is None


async def test_answers_are_kept_for_a_day_and_then_forgotten(database: Database, clock: SettableClock) -> None:
    await run(database, clock)
    clock.advance(KEPT - timedelta(seconds=1))
    assert await run(database, clock) == DONE
    clock.advance(timedelta(seconds=1))
    assert await run(database, clock, OTHER_BODY) is None
    await run(database, clock, OTHER_KEY)
    clock.advance(KEPT)
    async with database.write() as tx:
        assert await forget_expired(tx, now=clock.now()) == 2
        assert await forget_expired(tx, now=clock.now()) == 0


async def test_what_is_kept_is_sealed_for_its_key_alone(
    database: Database, clock: SettableClock, database_url: str
) -> None:
    await run(database, clock)
    await run(database, clock, OTHER_KEY)
    with sync_engine(database_url).begin() as connection:
        rows = connection.execute(text("SELECT * FROM idempotency_keys")).all()
        assert "shown_once" not in repr(rows)
        connection.execute(
            text(
                "UPDATE idempotency_keys SET sealed_answer = "
                "(SELECT sealed_answer FROM idempotency_keys WHERE scope = :one) WHERE scope = :other"
            ),
            {"one": ORDER.scope, "other": OTHER_KEY.scope},
        )
    assert await run(database, clock) == DONE
    with pytest.raises(SecretUnreadable):
        await run(database, clock, OTHER_KEY)
