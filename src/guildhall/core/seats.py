"""Seats: how many of something somebody may have open at once, over all processes.

With Redis a seat is a lease, which the process that gave it out renews while it is taken. So the seats of a process
that died are free again after a while, and what Redis forgets is there again after the next renewal. While Redis is
away each process counts for itself, so that no door stands open; without one there is only the one process.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from typing import Final, Protocol

from guildhall.core.log import get_logger
from guildhall.core.redis import RedisDown, RedisLink

log = get_logger(__name__)

LEASE: Final = 60.0
"""Seconds for which the seats of a process that has died stay taken."""

RENEWAL: Final = LEASE / 3
AT_ONCE: Final = 200
"""Keys that are renewed or given up in one go, so that a crowd keeps neither Redis nor the process for long."""


class Seats(Protocol):
    """Gives out seats by key, such as a person; `holder` is whatever is open, a name used once."""

    async def take(self, key: str, holder: str, *, limit: int) -> bool:
        """Take a seat, unless so many are taken already. Returns whether it was taken."""

    def leave(self, key: str, holder: str) -> None:
        """Give a seat back, from the event loop. It is free at once here, and soon for other processes."""

    async def keep(self) -> None:
        """Hold the seats of this process and pass on which are free, until stopped; then give all of them back."""

    def stop(self) -> None:
        """Let `keep` come to its end. Nobody takes a seat any more."""


def open_seats(redis_url: str) -> Seats:
    """Return the seats that all processes share through Redis, or those of this process when the address is empty."""
    return RedisSeats(redis_url) if redis_url else LocalSeats()


class LocalSeats:
    """The seats of one process."""

    def __init__(self) -> None:
        self.taken: dict[str, set[str]] = {}
        self._stopped = asyncio.Event()

    async def take(self, key: str, holder: str, *, limit: int) -> bool:
        """Take a seat in this process."""
        if len(self.taken.get(key, ())) >= limit:
            return False
        self.taken.setdefault(key, set()).add(holder)
        return True

    def leave(self, key: str, holder: str) -> None:
        """Give a seat back."""
        holders = self.taken.get(key, set())
        holders.discard(holder)
        if not holders:
            self.taken.pop(key, None)

    async def keep(self) -> None:
        """Do nothing until stopped: what is in this process needs no renewal."""
        await self._stopped.wait()

    def stop(self) -> None:
        """Let `keep` come to its end."""
        self._stopped.set()


_TAKE = """
local now = redis.call('TIME')[1]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
"""
_RENEW = """
local ends = redis.call('TIME')[1] + ARGV[1]
for each = 2, #ARGV do redis.call('ZADD', KEYS[1], ends, ARGV[each]) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
"""


class RedisSeats:
    """The seats that processes share."""

    def __init__(self, redis_url: str, *, lease: float = LEASE, renewal: float = RENEWAL) -> None:
        """Take for how many seconds a seat is held, and after how many that is renewed."""
        self._link = RedisLink(redis_url)
        self._lease = int(lease)
        self._renewal = renewal
        self._take = self._link.client.register_script(_TAKE)
        self._renew = self._link.client.register_script(_RENEW)
        self._own = LocalSeats()
        self._free: dict[str, set[str]] = {}
        self._some_are_free = asyncio.Event()
        self._stopped = False

    async def take(self, key: str, holder: str, *, limit: int) -> bool:
        """Take a seat for all processes."""
        if not await self._own.take(key, holder, limit=limit):
            return False
        try:
            taken = await self._link.ask(lambda: self._take(keys=[_name(key)], args=[self._lease, limit, holder]))
        except RedisDown:
            return True
        if not taken:
            self._own.leave(key, holder)
        return bool(taken)

    def leave(self, key: str, holder: str) -> None:
        """Give a seat back."""
        self._own.leave(key, holder)
        self._free.setdefault(key, set()).add(holder)
        self._some_are_free.set()

    async def keep(self) -> None:
        """Pass on at once which seats are free, and renew all others in time."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self._renewal
        while not self._stopped:
            try:
                async with asyncio.timeout_at(due):
                    await self._some_are_free.wait()
            except TimeoutError:
                await self._renew_all()
                due = loop.time() + self._renewal
            await self._free_left()
        for key, holders in tuple(self._own.taken.items()):
            for each in tuple(holders):
                self.leave(key, each)
        await self._free_left()
        await self._link.close()

    def stop(self) -> None:
        """Let `keep` come to its end, in order: a command to Redis that is cancelled may leave its connection open."""
        self._stopped = True
        self._some_are_free.set()

    async def _renew_all(self) -> None:
        for keys in _parts(tuple(self._own.taken)):
            pipeline = self._link.client.pipeline(transaction=False)
            for key in keys:
                # Whoever left since is not asked for again.
                if holders := self._own.taken.get(key):
                    await self._renew(keys=[_name(key)], args=[self._lease, *holders], client=pipeline)
            await self._say(pipeline.execute)

    async def _free_left(self) -> None:
        self._some_are_free.clear()
        left, self._free = self._free, {}
        for keys in _parts(left):
            pipeline = self._link.client.pipeline(transaction=False)
            for key in keys:
                pipeline.zrem(_name(key), *left[key])
            await self._say(pipeline.execute)

    async def _say(self, command: Callable[[], Awaitable[object]]) -> None:
        try:
            await self._link.ask(command)
        except RedisDown:
            log.info("Seats are renewed or given back later")


def _parts(keys: Iterable[str]) -> Iterable[tuple[str, ...]]:
    waiting = iter(keys)
    while part := tuple(islice(waiting, AT_ONCE)):
        yield part


def _name(key: str) -> str:
    return f"guildhall:seats:{key}"
