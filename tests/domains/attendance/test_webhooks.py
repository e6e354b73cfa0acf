"""Delivering webhooks: what is queued arrives, whatever dies or hangs in between."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from guildhall.adapters.outside_http import GuardedHttp
from guildhall.core.clock import SystemClock
from guildhall.core.crypto import SecretBox
from guildhall.core.db import Database, open_database
from guildhall.core.events import open_events
from guildhall.domains.attendance import (
    Courier,
    DeliveryState,
    WebhookEvent,
    deliveries_of,
    queue_role_event,
    retry_delivery,
)
from guildhall.domains.attendance.webhooks.addresses import set_webhook
from guildhall.domains.attendance.webhooks.courier import LANES_OF_GUILD
from guildhall.domains.attendance.webhooks.schedule import WAITS, Outcome, next_try
from tests.clock import SettableClock
from tests.domains.attendance.courier_process import SECRET_KEY
from tests.domains.attendance.guild import MANAGER, open_guild
from tests.services.receiver import Receiver, hang, receiver

RULE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def server() -> AsyncIterator[Receiver]:
    """Somebody's server."""
    async with receiver() as each:
        yield each


@pytest.fixture
async def outside() -> AsyncIterator[GuardedHttp]:
    """The way out."""
    http = GuardedHttp(allow_private=True)
    yield http
    await http.close()


@pytest.fixture
def box() -> SecretBox:
    return SecretBox(SECRET_KEY, "webhooks")


async def listening_guild(
    database: Database, outside: GuardedHttp, box: SecretBox, url: str, *, guild_id: int = 1
) -> int:
    """Make a guild that wants to be told of roles."""
    await open_guild(database, guild_id=guild_id)
    await set_webhook(
        database, outside, box, MANAGER, guild_id=guild_id, url=url, enabled=True,
        events=[WebhookEvent.ROLE_GRANTED], now=datetime.now(UTC),
    )  # fmt: skip
    return guild_id


async def queue(database: Database, guild_id: int, count: int, *, now: datetime | None = None) -> None:
    """Let so many things happen in one transaction."""
    async with database.write() as tx:
        for number in range(count):
            await queue_role_event(
                tx, WebhookEvent.ROLE_GRANTED, guild_id=guild_id, rule_id=RULE, user_id=1 + number, role_id=5,
                now=now or datetime.now(UTC),
            )  # fmt: skip


async def states(database: Database, guild_id: int) -> Counter[DeliveryState]:
    async with database.read() as tx:
        return Counter(each.state for each in await deliveries_of(tx, guild_id=guild_id, limit=500))


@contextmanager
def couriers(url: str, count: int, *, lease: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run processes that deliver until the block ends."""
    program = [sys.executable, "-m", "tests.domains.attendance.courier_process", url, str(lease)]
    processes = [subprocess.Popen(program) for _ in range(count)]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


async def until_delivered(database: Database, guild_id: int, count: int) -> None:
    async with asyncio.timeout(30):
        while (await states(database, guild_id))[DeliveryState.DELIVERED] < count:  # noqa: ASYNC110  Others write it.
            await asyncio.sleep(0.05)  # The pause between two looks at a condition, not a guess at a time.


def test_waits_grow_to_ten_hours_and_differ_by_a_tenth() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    for step, wait in enumerate(WAITS, 1):
        assert next_try(step, now, lambda: 0.5) == now + wait
        assert next_try(step, now, lambda: 0.0) == now + 0.9 * wait
    assert next_try(len(WAITS) + 1, now, lambda: 0.5) is None
    assert [Outcome(status).delivered for status in (199, 200, 204, 299, 300, 410)] == [
        False, True, True, True, False, False,
    ]  # fmt: skip


async def test_what_a_killed_process_had_in_hand_is_sent_again_under_the_same_id(
    database: Database, database_url: str, outside: GuardedHttp, box: SecretBox, server: Receiver
) -> None:
    guild = await listening_guild(database, outside, box, server.url)
    server.answer = hang
    with couriers(database_url, 1, lease=2) as (process,):
        await queue(database, guild, 1)
        (first,) = await server.until(1)
        process.kill()
        process.wait()
        assert await states(database, guild) == {DeliveryState.PENDING: 1}

        async def accepted(_: web.Request) -> web.StreamResponse:
            return web.Response()

        server.answer = accepted
        with couriers(database_url, 1, lease=2):
            second = (await server.until(2))[1]
            await until_delivered(database, guild, 1)
        assert (second.id, second.body) == (first.id, first.body)


async def test_of_several_processes_one_sends(
    postgresql_database_url: str, outside: GuardedHttp, box: SecretBox, server: Receiver
) -> None:
    database = await open_database(postgresql_database_url)
    guild = await listening_guild(database, outside, box, server.url)
    with couriers(postgresql_database_url, 2, lease=60):
        for _ in range(4):
            await queue(database, guild, 25)
        await until_delivered(database, guild, 100)
    assert Counter(Counter(each.id for each in server.arrived).values()) == {1: 100}
    await database.close()


async def test_receivers_that_hang_do_not_hold_up_others(
    database: Database, outside: GuardedHttp, box: SecretBox, server: Receiver
) -> None:
    async with receiver() as slow:
        slow.answer = hang
        for guild_id in range(2, 12):
            await listening_guild(database, outside, box, slow.url, guild_id=guild_id)
            await queue(database, guild_id, 20)
        good = await listening_guild(database, outside, box, server.url)
        courier = Courier(database, outside, box, SystemClock())
        events = open_events("")
        await events.start()
        working = asyncio.create_task(courier.keep(events))
        await slow.until(10 * LANES_OF_GUILD)
        await queue(database, good, 20)
        await server.until(20)
        await until_delivered(database, good, 20)
        assert len(slow.arrived) == 10 * LANES_OF_GUILD, "each has its lanes and no more"
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        await events.stop()


async def test_a_receiver_that_fails_is_tried_in_one_lane_until_it_works(
    database: Database, outside: GuardedHttp, box: SecretBox, server: Receiver, clock: SettableClock
) -> None:
    at_once: list[int] = []
    open_ones = 0

    async def fail(_: web.Request) -> web.StreamResponse:
        nonlocal open_ones
        open_ones += 1
        at_once.append(open_ones)
        await asyncio.sleep(0)
        open_ones -= 1
        return web.Response(status=500)

    guild = await listening_guild(database, outside, box, server.url)
    server.answer = fail
    courier = Courier(database, outside, box, clock)
    await queue(database, guild, LANES_OF_GUILD, now=clock.now())
    await courier.work_off()
    assert len(at_once) == LANES_OF_GUILD
    at_once.clear()
    clock.advance(timedelta(seconds=6))
    await courier.work_off()
    assert at_once == [1] * LANES_OF_GUILD
    server.says(200)
    clock.advance(timedelta(minutes=6))
    await courier.work_off()
    assert await states(database, guild) == {DeliveryState.DELIVERED: LANES_OF_GUILD}


async def test_an_attempt_that_ends_after_its_time_changes_nothing_that_came_later(
    database: Database, outside: GuardedHttp, box: SecretBox, server: Receiver, clock: SettableClock
) -> None:
    guild = await listening_guild(database, outside, box, server.url)
    answered = asyncio.Event()

    async def late(_: web.Request) -> web.StreamResponse:
        await answered.wait()
        return web.Response(status=500)

    server.answer = late
    await queue(database, guild, 1, now=clock.now())
    frozen, awake = Courier(database, outside, box, clock), Courier(database, outside, box, clock)
    waiting = asyncio.create_task(frozen.work_off())
    await server.until(1)
    clock.advance(timedelta(seconds=31))
    server.says(200)
    await awake.work_off()
    answered.set()
    await waiting
    assert await states(database, guild) == {DeliveryState.DELIVERED: 1}
    assert len({each.id for each in server.arrived}) == 1


async def test_what_is_given_up_or_retried_during_an_attempt_stays_so_unless_it_has_arrived(
    database: Database, outside: GuardedHttp, box: SecretBox, server: Receiver, clock: SettableClock
) -> None:
    guild = await listening_guild(database, outside, box, server.url)
    statuses, begun, answered = iter((500, 500, 200)), asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> web.StreamResponse:
        begun.set()
        await answered.wait()
        return web.Response(status=next(statuses))

    server.answer = slow
    courier = Courier(database, outside, box, clock)

    async def meanwhile(act: Awaitable[object]) -> Counter[DeliveryState]:
        begun.clear()
        answered.clear()
        working = asyncio.create_task(courier.work_off())
        await begun.wait()
        await act
        answered.set()
        await working
        return await states(database, guild)

    async def switch(*, on: bool) -> None:
        await set_webhook(database, outside, box, MANAGER, guild_id=guild, enabled=on, now=clock.now())

    async def retry() -> None:
        async with database.write() as tx:
            (delivery,) = await deliveries_of(tx, guild_id=guild)
            await retry_delivery(tx, MANAGER, guild_id=guild, delivery_id=delivery.id, now=clock.now())

    await queue(database, guild, 1, now=clock.now())
    assert await meanwhile(switch(on=False)) == {DeliveryState.FAILED: 1}
    await retry()
    statuses = iter((500, 500))
    assert await meanwhile(retry()) == {DeliveryState.PENDING: 1}
    async with database.read() as tx:
        (delivery,) = await deliveries_of(tx, guild_id=guild)
    assert (delivery.attempts, delivery.step) == (3, 1), "the retry began anew, and failed as its first attempt"
    await switch(on=True)
    clock.advance(timedelta(seconds=6))
    statuses = iter((200,))
    assert await meanwhile(switch(on=False)) == {DeliveryState.DELIVERED: 1}


async def test_what_is_rolled_back_is_never_sent(
    database: Database, outside: GuardedHttp, box: SecretBox, server: Receiver
) -> None:
    guild = await listening_guild(database, outside, box, server.url)

    async def fail_after_queueing() -> None:
        async with database.write() as tx:
            await queue_role_event(
                tx, WebhookEvent.ROLE_GRANTED, guild_id=guild, rule_id=RULE, user_id=1, role_id=5, now=datetime.now(UTC)
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_after_queueing()
    await Courier(database, outside, box, SystemClock()).work_off()
    assert server.arrived == []
