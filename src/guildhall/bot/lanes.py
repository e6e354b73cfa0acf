"""Order where it matters: what concerns one guild is done one after another, guilds beside each other.

Whoever adds work never waits, so a slow database does not hold up the gateway's heartbeat.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from typing import Final, TypeAlias

from guildhall.bot.backoff import Backoff
from guildhall.core.log import get_logger

log = get_logger(__name__)

Deed: TypeAlias = Callable[[], Awaitable[None]]

DEPTH: Final = 500
"""What may wait for one guild. Beyond it, looking anew is quicker than catching up."""


class Lanes:
    """A lane for each guild that has something to do.

    When a deed fails, or more waits than there is room for, the lane forgets what waits and calls `recover` until that
    goes well.
    """

    def __init__(self, recover: Callable[[int], Awaitable[None]], *, backoff: Callable[[], Backoff] = Backoff) -> None:
        self._recover = recover
        self._backoff = backoff
        self._waiting: dict[int, deque[Deed]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    @property
    def busy(self) -> Collection[int]:
        """The guilds for which something waits or is being done."""
        return self._tasks.keys()

    def last(self, guild_id: int) -> Deed | None:
        """Return what was added last for a guild, as long as it waits. Whoever knows it may let it do more."""
        waiting = self._waiting.get(guild_id)
        return waiting[-1] if waiting else None

    def add(self, guild_id: int, deed: Deed) -> None:
        """Let something be done for a guild after all that was added before."""
        waiting = self._waiting.setdefault(guild_id, deque())
        if len(waiting) >= DEPTH:
            log.warning("Too much waits for a guild; the bot will look at it anew", guild=guild_id)
            waiting.clear()
            deed = self._recovery_of(guild_id)
        waiting.append(deed)
        if guild_id not in self._tasks:
            self._tasks[guild_id] = asyncio.create_task(self._work(guild_id, waiting))

    async def drain(self, *, within: float) -> bool:
        """Wait until nothing waits any more. False when that took too long, and the rest is given up."""
        tasks = list(self._tasks.values())
        if not tasks:
            return True
        _, late = await asyncio.wait(tasks, timeout=within)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return not late

    async def _work(self, guild_id: int, waiting: deque[Deed]) -> None:
        backoff = self._backoff()
        try:
            while waiting:
                try:
                    await waiting.popleft()()
                except Exception:
                    wait = backoff.next()
                    log.exception("What a guild told could not be stored; looking anew", guild=guild_id, wait=wait)
                    await asyncio.sleep(wait)
                    waiting.clear()
                    waiting.append(self._recovery_of(guild_id))
                else:
                    backoff.reset()
        finally:
            del self._waiting[guild_id], self._tasks[guild_id]

    def _recovery_of(self, guild_id: int) -> Deed:
        async def recover() -> None:
            await self._recover(guild_id)

        return recover
