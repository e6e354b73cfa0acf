"""Limits: how often something may be done.

A sliding window counted in two halves: the hits of the running window, plus those of the one before, weighed by how
much of it the last `window` still covers. A key's first hit begins its windows. Chosen over a leaky bucket (GCRA),
which is as small, because the references speak of windows ("ten failures in fifteen minutes, then nothing for the rest
of them") and a bucket would let one more attempt through every ninety seconds; and over fixed windows, which let twice
the limit through around their border. It needs three numbers a key and no list of hits.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from math import ceil
from typing import Protocol

import msgspec

from guildhall.core.redis import RedisDown, RedisLink

ROUNDING = 1e-6
"""Part of a hit by which sums of fractions may be off, so that waiting as long as told is always enough."""

KEYS_KEPT = 100_000
"""Keys that one process remembers, some 30 MB; beyond that the one unused for longest is forgotten."""


class Allowance(msgspec.Struct, frozen=True, gc=False):
    """The answer to a hit: whether it may go on, how many more may follow at once, and how long to wait otherwise.

    `retry_after` is in whole seconds: 0 when allowed, else at least 1, and after that time the same hit is allowed
    when no other came in between.
    """

    allowed: bool
    remaining: int
    retry_after: int


class Limiter(Protocol):
    """Counts hits."""

    async def hit(self, key: str, *, limit: int, window: timedelta, cost: int = 1) -> Allowance:
        """Ask for leave to do something once more, and count it when it is granted; a refused hit counts for nothing.

        `limit` hits are granted in a `window`, which begins with the first; 0 grants none. A key always comes with the
        same limit and window. A cost of 0 asks without counting; -1 gives back a hit that turned out not to count,
        such as a sign-in that succeeded.
        """

    async def close(self) -> None:
        """Let go of connections."""


def open_limiter(redis_url: str) -> Limiter:
    """Return the limiter that processes share through Redis, or the one of this process when the address is empty."""
    return RedisLimiter(redis_url) if redis_url else LocalLimiter()


class _Count:
    """The hits of one key; times are in seconds."""

    __slots__ = ("before", "hits", "start", "window")

    def __init__(self, start: float, window: float) -> None:
        self.start = start
        self.window = window
        self.before = 0
        self.hits = 0

    def move_to(self, now: float) -> None:
        """Let the window that contains `now` be the running one."""
        age = now - self.start
        if age >= 2 * self.window:
            self.start, self.before, self.hits = now, 0, 0
        elif age >= self.window:
            self.start, self.before, self.hits = self.start + self.window, self.hits, 0

    def take(self, now: float, limit: int, cost: int) -> Allowance:
        self.move_to(now)
        free = limit - self.hits - self.before * (1 - (now - self.start) / self.window) + ROUNDING
        if cost < 0 or free >= (cost or 1):
            self.hits = max(0, self.hits + cost)
            return Allowance(True, min(limit, int(free - cost)), 0)  # noqa: FBT003 (keywords cost time on every request)
        return Allowance(False, max(0, int(free)), max(1, ceil(self._wait(now, limit, cost or 1))))  # noqa: FBT003

    def _wait(self, now: float, limit: int, cost: int) -> float:
        """Return the seconds after which the hit will be granted."""
        left = self.start + self.window - now
        room = limit - self.hits - cost
        if room >= 0:
            return left - self.window * room / self.before
        # Then the hits of the running window are those of the one before, and fade in their turn.
        return left + self.window * (1 - (limit - cost) / max(1, self.hits))


class LocalLimiter:
    """The limiter of one process; remembers a bounded number of keys."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, keys_kept: int = KEYS_KEPT) -> None:
        self._clock = clock
        self._keys_kept = keys_kept
        self._counts: OrderedDict[str, _Count] = OrderedDict()

    async def hit(self, key: str, *, limit: int, window: timedelta, cost: int = 1) -> Allowance:
        """Count a hit in this process."""
        now = self._clock()
        count = self._counts.get(key)
        if count is None:
            self._make_room(now)
            count = self._counts[key] = _Count(now, window.total_seconds())
        else:
            self._counts.move_to_end(key)
        return count.take(now, limit, cost)

    def _make_room(self, now: float) -> None:
        """Forget up to two of the keys unused for longest: those that no longer matter, or one too many."""
        for _ in range(2):
            oldest = next(iter(self._counts), None)
            if oldest is None:
                return
            count = self._counts[oldest]
            if now - count.start < 2 * count.window and len(self._counts) < self._keys_kept:
                return
            del self._counts[oldest]

    async def close(self) -> None:
        """Do nothing: there is no connection."""


class Unlimited:
    """Grants everything, where an operator has switched limits off."""

    async def hit(self, key: str, *, limit: int, window: timedelta, cost: int = 1) -> Allowance:
        """Grant it, and count nothing."""
        del key, window, cost
        return Allowance(allowed=True, remaining=limit, retry_after=0)

    async def close(self) -> None:
        """Do nothing: there is no connection."""


_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1e6
local limit, window, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local known = redis.call('HMGET', KEYS[1], 'start', 'before', 'hits')
local start, before, hits = tonumber(known[1] or now), tonumber(known[2] or 0), tonumber(known[3] or 0)
local age = now - start
if age >= 2 * window then
  start, before, hits = now, 0, 0
elseif age >= window then
  start, before, hits = start + window, hits, 0
end
local free = limit - hits - before * (1 - (now - start) / window) + 1e-6
local need = math.max(cost, 1)
if cost < 0 or free >= need then
  if cost ~= 0 then
    hits = math.max(0, hits + cost)
    redis.call('HSET', KEYS[1], 'start', string.format('%.6f', start), 'before', before, 'hits', hits)
    redis.call('PEXPIRE', KEYS[1], math.ceil(2000 * window))
  end
  return {1, math.min(limit, math.floor(free - cost)), 0}
end
local wait = start + window - now
if limit - hits >= need then
  wait = wait - window * (limit - hits - need) / before
else
  wait = wait + window * (1 - (limit - need) / math.max(1, hits))
end
return {0, math.max(0, math.floor(free)), math.max(1, math.ceil(wait))}
"""
"""The same sum as `_Count.take`, in one step inside Redis and on its clock, so that processes cannot disagree."""


class RedisLimiter:
    """The limiter that processes share; while Redis is away each counts for itself, so that no door stands open."""

    def __init__(self, redis_url: str) -> None:
        self._link = RedisLink(redis_url)
        self._take = self._link.client.register_script(_TAKE)
        self._meanwhile = LocalLimiter()

    async def hit(self, key: str, *, limit: int, window: timedelta, cost: int = 1) -> Allowance:
        """Count a hit for all processes."""
        try:
            allowed, remaining, retry_after = await self._link.ask(
                lambda: self._take(keys=[f"guildhall:limit:{key}"], args=[limit, window.total_seconds(), cost])
            )
        except RedisDown:
            return await self._meanwhile.hit(key, limit=limit, window=window, cost=cost)
        return Allowance(bool(allowed), remaining, retry_after)

    async def close(self) -> None:
        """Close the connections."""
        await self._link.close()
