import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from guildhall.core.cache import Cache, LocalCache, open_cache
from tests.core.redis_server import running_redis

HOUR = timedelta(hours=1)
DEADLINE = 10


@pytest.fixture(params=["one process", "redis"])
async def cache(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[Cache]:
    cache = open_cache("" if request.param == "one process" else redis_url)
    yield cache
    await cache.close()


async def test_a_value_is_kept_replaced_and_removed(cache: Cache) -> None:
    assert await cache.get("a") is None
    await cache.set("a", b"\x00\xff one", ttl=HOUR)
    await cache.set("b", b"", ttl=HOUR)
    assert (await cache.get("a"), await cache.get("b")) == (b"\x00\xff one", b"")
    await cache.set("a", b"two", ttl=HOUR)
    assert await cache.get("a") == b"two"
    await cache.delete("a")
    await cache.delete("a")
    assert (await cache.get("a"), await cache.get("b")) == (None, b"")


async def test_a_value_is_gone_when_its_time_is_over(cache: Cache) -> None:
    async def gone() -> None:
        while await cache.get("a") is not None:  # noqa: ASYNC110 (nothing tells it)
            await asyncio.sleep(0.005)

    await cache.set("a", b"one", ttl=timedelta(milliseconds=30))
    await asyncio.wait_for(gone(), DEADLINE)


async def test_when_there_is_no_more_room_the_value_unused_for_longest_goes() -> None:
    now = 0.0
    cache = LocalCache(lambda: now, room=10)
    await cache.set("a", b"1234", ttl=HOUR)
    await cache.set("b", b"1234", ttl=HOUR)
    assert await cache.get("a") == b"1234"
    await cache.set("c", b"1234", ttl=HOUR)
    assert (await cache.get("a"), await cache.get("b"), await cache.get("c")) == (b"1234", None, b"1234")
    await cache.set("a", b"too large by far", ttl=HOUR)
    assert (await cache.get("a"), await cache.get("c")) == (None, b"1234")
    now = 3600.0
    assert await cache.get("c") is None
    await cache.set("d", b"1234567890", ttl=HOUR)
    assert await cache.get("d") == b"1234567890", "what has ended takes no room"


async def test_while_redis_is_away_nothing_is_here_and_nothing_breaks(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server:
        cache = open_cache(server.url)
        await cache.set("a", b"one", ttl=HOUR)
        server.kill()
        assert await cache.get("a") is None
        await cache.set("a", b"two", ttl=HOUR)
        await cache.delete("a")
        await cache.close()
