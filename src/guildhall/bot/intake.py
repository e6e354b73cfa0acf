"""What the gateway tells of voice, brought to the house: pictures, changes, gaps, and checkpoints meanwhile.

Nothing here waits for the database while the gateway is being read. Each thing is stamped when it is heard, and stored
in the guild's lane.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final

from guildhall.bot.backoff import Backoff
from guildhall.bot.lanes import Deed, Lanes
from guildhall.core.clock import Clock
from guildhall.core.db import Database, StoreUnavailable
from guildhall.core.log import get_logger
from guildhall.domains import attendance
from guildhall.domains.attendance import Heard, Picture, Scene, Seen, Watch
from guildhall.domains.bot import Name

log = get_logger(__name__)

TOGETHER: Final = 200
"""Guilds of one checkpoint's transaction: the writers of other people need not wait long for it."""

BURST: Final = 25
"""Voice events of one transaction: many enough that the commit weighs little, and few enough to hold nobody up."""

LONGEST_STOP: Final = 10.0
RETRY: Final = 30.0


class WatchedElsewhere(Exception):
    """Another process still holds the lease of this guild."""


@dataclass(frozen=True)
class _Burst:
    """Events that follow one another and wait for their guild's turn together, and what people in them are called."""

    take: Callable[["_Burst"], Awaitable[None]]
    guild_id: int
    heard: list[Heard] = field(default_factory=list)
    names: dict[int, Name] = field(default_factory=dict)

    async def __call__(self) -> None:
        await self.take(self)


class Intake:
    """Tells the attendance domain what one bot sees.

    `look` returns who is in voice in a guild at this moment, None for a guild that cannot be seen. `remember` keeps
    what members of a guild are called.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        watch: Watch,
        *,
        scene: Scene,
        look: Callable[[int], Picture | None],
        remember: Callable[[int, Mapping[int, Name]], Awaitable[None]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._watch = watch
        self._scene = scene
        self._look = look
        self._remember = remember
        self._lanes = Lanes(self._look_anew, backoff=partial(Backoff, longest=RETRY))

    def see(self, guild_id: int, picture: Picture) -> None:
        """See a guild whole: at the beginning of a session, after an outage or a replay, or because it is new."""
        self._lanes.add(guild_id, partial(self._take_picture, guild_id, picture, self._clock.now()))

    def look_again(self, guild_id: int, picture: Picture) -> None:
        """See a guild whole that was seen all the time: something changed that says nothing of people."""
        self._lanes.add(guild_id, partial(self._take_picture, guild_id, picture, self._clock.now(), seamless=True))

    def voice(self, guild_id: int, seen: Seen) -> None:
        """Hear that somebody joined, moved, left, or is connected in another way."""
        self._burst_of(guild_id).heard.append(Heard(seen, self._clock.now()))

    def meet(self, guild_id: int, names: Mapping[int, Name]) -> None:
        """Hear what members are called."""
        self._burst_of(guild_id).names.update(names)

    def afk_channel(self, guild_id: int, channel_id: int | None) -> None:
        """Hear which channel is for those who are away."""
        self._lanes.add(guild_id, partial(self._set_afk, guild_id, channel_id, self._clock.now()))

    def removed(self, guild_id: int) -> None:
        """Hear that the bot is not in a guild any more."""
        self._lanes.add(guild_id, partial(self._remove, guild_id, self._clock.now()))

    def lost(self, guild_ids: Iterable[int], *, witnessed: datetime) -> None:
        """Lose sight of guilds; up to `witnessed`, all that happened there was told."""
        for guild_id in guild_ids:
            self._lanes.add(guild_id, partial(self._begin_gap, guild_id, witnessed))

    def meanwhile(self, guild_id: int, deed: Deed) -> None:
        """Do something else for a guild, in its turn."""
        self._lanes.add(guild_id, deed)

    async def checkpoint(self) -> None:
        """Say that all is well with every guild that is watched. Raises StoreUnavailable.

        A guild for which something waits still keeps its lease only: whatever waits there happened before this.
        """
        now = self._clock.now()
        guilds = iter(sorted(self._watch.guilds))
        while some := list(islice(guilds, TOGETHER)):
            for guild_id in await self._say_well(some, now):
                self._lanes.add(guild_id, partial(self._look_anew, guild_id))

    async def stop(self) -> None:
        """Leave every session open, noting that all was seen up to now, and let another process watch."""
        self.lost({*self._watch.guilds, *self._lanes.busy}, witnessed=self._clock.now())
        if not await self._lanes.drain(within=LONGEST_STOP):
            log.warning("The bot stopped before all it saw was stored; the gap begins at the last checkpoint")

    async def _say_well(self, guilds: Collection[int], now: datetime) -> set[int]:
        async with self._database.write() as tx:
            lost = await self._watch.prolong(tx, guilds, now=now)
            quiet = [each for each in guilds if each not in lost and each not in self._lanes.busy]
            return lost | await attendance.checkpoint(tx, guild_ids=quiet, now=now, max_gap=self._scene.max_gap)

    async def _take_picture(self, guild_id: int, picture: Picture, now: datetime, *, seamless: bool = False) -> None:
        async with self._database.write() as tx:
            # The lease is judged by the present: what waited in the lane may be older.
            if not await self._watch.take(tx, guild_id, now=self._clock.now()):
                raise WatchedElsewhere
            if seamless:
                await attendance.checkpoint(tx, guild_ids=[guild_id], now=now, max_gap=self._scene.max_gap)
            await attendance.take_picture(tx, guild_id=guild_id, picture=picture, now=now, scene=self._scene)

    async def _look_anew(self, guild_id: int) -> None:
        picture = self._look(guild_id)
        if picture is not None:
            await self._take_picture(guild_id, picture, self._clock.now())
        else:
            await self._begin_gap(guild_id, None)

    def _burst_of(self, guild_id: int) -> _Burst:
        """Return the burst that was added last, if it still waits and has room, or else a new one."""
        last = self._lanes.last(guild_id)
        if isinstance(last, _Burst) and len(last.heard) < BURST:
            return last
        burst = _Burst(self._take_in, guild_id)
        self._lanes.add(guild_id, burst)
        return burst

    async def _take_in(self, burst: _Burst) -> None:
        if burst.heard and burst.guild_id in self._watch.guilds:
            await self._store_all(burst.guild_id, burst.heard)
        if burst.names:
            await self._remember(burst.guild_id, burst.names)

    async def _store_all(self, guild_id: int, heard: list[Heard]) -> None:
        try:
            await self._store(guild_id, heard)
        except StoreUnavailable:
            raise
        except Exception as fault:
            if len(heard) == 1:
                raise
            # One of them cannot be stored. What came before it is, and what follows is for the look at the whole.
            log.warning("Of several voice events one cannot be stored", guild=guild_id, reason=repr(fault))
            for each in heard:
                await self._store(guild_id, [each])

    async def _store(self, guild_id: int, heard: list[Heard]) -> None:
        async with self._database.write() as tx:
            await attendance.voices_changed(tx, guild_id=guild_id, heard=heard, scene=self._scene)

    async def _set_afk(self, guild_id: int, channel_id: int | None, now: datetime) -> None:
        if guild_id in self._watch.guilds:
            async with self._database.write() as tx:
                await attendance.set_afk_channel(
                    tx, guild_id=guild_id, afk_channel_id=channel_id, now=now, scene=self._scene
                )

    async def _remove(self, guild_id: int, now: datetime) -> None:
        if guild_id in self._watch.guilds:
            async with self._database.write() as tx:
                await attendance.bot_removed(tx, guild_id=guild_id, now=now, scene=self._scene)
                await self._watch.give_back(tx, guild_id)

    async def _begin_gap(self, guild_id: int, witnessed: datetime | None) -> None:
        if guild_id in self._watch.guilds:
            async with self._database.write() as tx:
                await attendance.begin_gap(tx, guild_id=guild_id, witnessed_until=witnessed, now=self._clock.now())
                await self._watch.give_back(tx, guild_id)
