"""How Redis is reached, for everything that several processes share and may lose: events, limits, cache."""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from guildhall.core.log import get_logger

T = TypeVar("T")
log = get_logger(__name__)

CONNECTIONS = 32
"""Connections of one client at most; who finds none free waits for one."""

ANSWER_TIMEOUT = 0.5
REST = 3.0
"""Seconds for which Redis is left alone after it failed."""


class RedisDown(Exception):
    """Redis did not answer, or not in time; the caller does without."""


def redis_client(url: str, *, answer_timeout: float) -> Redis:
    """Return a client that tries once and says so when it fails; how to go on is the business of the one who asks.

    `answer_timeout` is in seconds, for a free connection and then for an answer. The client's own retries are off
    because they hide a broken connection: meanwhile a listener misses messages and a request waits too long.
    """
    pool: BlockingConnectionPool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=answer_timeout,
        socket_timeout=answer_timeout,
        socket_connect_timeout=answer_timeout,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)


async def is_there(url: str) -> bool:
    """Tell whether Redis answers at an address."""
    client = redis_client(url, answer_timeout=ANSWER_TIMEOUT)
    try:
        await client.ping()
    except RedisError:
        return False
    finally:
        await client.aclose()
    return True


class RedisLink:
    """A client for requests: they wait half a second at most, and not at all for a while after a failure.

    Without the rest, every request would stand before a dead server until its own time was up.
    """

    def __init__(self, url: str) -> None:
        self.client = redis_client(url, answer_timeout=ANSWER_TIMEOUT)
        self._rest_until = 0.0

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """Return what Redis answers to a command of `client`. Raises RedisDown."""
        if time.monotonic() < self._rest_until:
            raise RedisDown
        try:
            return await question()
        except (RedisError, OSError) as fault:
            self._rest_until = time.monotonic() + REST
            log.warning("Redis does not answer; check REDIS_URL and the server", reason=str(fault), rest_seconds=REST)
            raise RedisDown from fault

    async def close(self) -> None:
        """Close the connections."""
        await self.client.aclose()
