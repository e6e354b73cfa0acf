"""A cache: bytes kept for a while, to save the work of making them again.

It is never the truth. Anything in it may be gone at any moment, and while Redis is away everything is, and nothing can
be removed: choose a time to live for which an outdated value does no harm.
"""

import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol, cast

from guildhall.core.redis import RedisDown, RedisLink

ROOM = 32 * 1024 * 1024
"""Bytes of values kept by one process; beyond that the one unused for longest goes."""


class Cache(Protocol):
    """Keeps bytes by name; callers encode."""

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None when it is not here."""

    async def set(self, key: str, value: bytes, *, ttl: timedelta) -> None:
        """Keep a value for at most this time."""

    async def delete(self, key: str) -> None:
        """Remove a value, if it is here."""

    async def close(self) -> None:
        """Let go of connections."""


def open_cache(redis_url: str) -> Cache:
    """Return the cache that all processes share through Redis, or the one of this process when the address is empty."""
    return RedisCache(redis_url) if redis_url else LocalCache()


class LocalCache:
    """The cache of one process: the values used last, within a bound of bytes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, room: int = ROOM) -> None:
        self._clock = clock
        self._room = room
        self._used = 0
        self._values: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    async def get(self, key: str) -> bytes | None:
        """Return the value, if it is here and its time is not over."""
        value, end = self._values.get(key, (None, 0.0))
        if value is None:
            return None
        if end <= self._clock():
            self._drop(key)
            return None
        self._values.move_to_end(key)
        return value

    async def set(self, key: str, value: bytes, *, ttl: timedelta) -> None:
        """Keep a value; one that is larger than all the room is not kept at all."""
        self._drop(key)
        if len(value) > self._room:
            return
        self._values[key] = value, self._clock() + ttl.total_seconds()
        self._used += len(value)
        while self._used > self._room:
            self._drop(next(iter(self._values)))

    async def delete(self, key: str) -> None:
        """Remove a value."""
        self._drop(key)

    async def close(self) -> None:
        """Do nothing: there is no connection."""

    def _drop(self, key: str) -> None:
        value, _ = self._values.pop(key, (b"", 0.0))
        self._used -= len(value)


class RedisCache:
    """The cache that processes share."""

    def __init__(self, redis_url: str) -> None:
        self._link = RedisLink(redis_url)

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None when it is not here or Redis is away."""
        try:
            return cast("bytes | None", await self._link.ask(lambda: self._link.client.get(_name(key))))
        except RedisDown:
            return None

    async def set(self, key: str, value: bytes, *, ttl: timedelta) -> None:
        """Keep a value, unless Redis is away."""
        with contextlib.suppress(RedisDown):
            await self._link.ask(lambda: self._link.client.set(_name(key), value, px=ttl))

    async def delete(self, key: str) -> None:
        """Remove a value, unless Redis is away."""
        with contextlib.suppress(RedisDown):
            await self._link.ask(lambda: self._link.client.delete(_name(key)))

    async def close(self) -> None:
        """Close the connections."""
        await self._link.close()


def _name(key: str) -> str:
    return f"guildhall:cache:{key}"
