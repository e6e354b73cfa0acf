"""Who watches which guild: one process at a time, by lease."""

from collections.abc import Iterable
from datetime import datetime

from guildhall.core import leases
from guildhall.core.db import Tx
from guildhall.domains.attendance.policy import FRESH

FAMILY = "attendance"


class Watch:
    """The guilds that one process watches, each by a lease that it prolongs with its checkpoints.

    A lease tells who should watch: a process that loses one stops telling of that guild, and the next owner treats the
    change as a gap.
    """

    def __init__(self, holder: str) -> None:
        self._holder = holder
        self.guilds: set[int] = set()

    async def take(self, tx: Tx, guild_id: int, *, now: datetime) -> bool:
        """Begin to watch a guild. False when another process does."""
        taken = await leases.acquire(tx, _lease(guild_id), self._holder, FRESH, now)
        if taken:
            tx.after_commit(lambda: self.guilds.add(guild_id))
        return taken

    async def prolong(self, tx: Tx, guild_ids: Iterable[int], *, now: datetime) -> set[int]:
        """Go on watching guilds, and return those that this process may not watch any more."""
        watched = {_lease(each): each for each in guild_ids}
        held = await leases.renew_all(tx, watched.keys(), self._holder, FRESH, now)
        lost = {guild_id for name, guild_id in watched.items() if name not in held}
        self.guilds -= lost
        return lost

    async def give_back(self, tx: Tx, guild_id: int) -> None:
        """Stop watching a guild, so that another process need not wait."""
        self.guilds.discard(guild_id)
        await leases.release(tx, _lease(guild_id), self._holder)


def _lease(guild_id: int) -> str:
    return f"{FAMILY}:{guild_id}"
