import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis

from guildhall.core import redis as redis_module
from guildhall.core.seats import RedisSeats, Seats, open_seats
from tests.core.redis_server import running_redis

DEADLINE = 10
KEY = "guildhall:seats:rosa"


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not await holds():  # noqa: ASYNC110 (nothing tells it)
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def kept(seats: Seats) -> AsyncIterator[None]:
    keeping = asyncio.create_task(seats.keep())
    yield
    seats.stop()
    await keeping


@pytest.mark.parametrize("where", ["one process", "redis"])
async def test_so_many_seats_are_taken_and_no_more_until_one_is_left(where: str, redis_url: str) -> None:
    seats = open_seats("" if where == "one process" else redis_url)
    async with kept(seats):
        assert [await seats.take("rosa", each, limit=2) for each in ("a", "b", "c")] == [True, True, False]
        assert await seats.take("tobias", "d", limit=1), "others have seats of their own"
        seats.leave("rosa", "a")
        await until(lambda: seats.take("rosa", "c", limit=2))
        seats.leave("rosa", "nobody")
        assert not await seats.take("rosa", "e", limit=2)


async def test_processes_share_seats_and_those_of_one_that_died_are_free_again(redis_url: str) -> None:
    dying, one, other = (RedisSeats(redis_url, lease=1, renewal=0.1) for _ in range(3))
    async with Redis.from_url(redis_url) as redis, kept(other):

        async def is_held() -> bool:
            return await redis.zscore(KEY, "a") is not None

        async with kept(one):
            assert await one.take("rosa", "a", limit=1)
            assert not await other.take("rosa", "b", limit=1)
            begun = await redis.zscore(KEY, "a") or 0

            async def is_renewed() -> bool:
                return (await redis.zscore(KEY, "a") or 0) > begun

            await until(is_renewed)
            await redis.flushdb()
            await until(is_held)
            assert not await other.take("rosa", "b", limit=1), "what Redis forgot it is told again"
        assert await dying.take("rosa", "c", limit=1), "who stops in order gives its seats back"
        assert not await other.take("rosa", "d", limit=1)
        # Nobody renews that one, and nobody gives it back.
        await until(lambda: other.take("rosa", "d", limit=1))
        dying.stop()
        await dying.keep()


async def test_while_redis_is_away_each_process_counts_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_module, "REST", 0.0)
    with running_redis(tmp_path) as server:
        one, other = (RedisSeats(server.url, lease=5, renewal=0.1) for _ in range(2))
        async with kept(one), kept(other):
            server.kill()
            assert [await one.take("rosa", each, limit=1) for each in ("a", "b")] == [True, False]
            server.start()

            async def is_refused() -> bool:
                taken = await other.take("rosa", "c", limit=1)
                if taken:
                    other.leave("rosa", "c")
                return not taken

            await until(is_refused)
