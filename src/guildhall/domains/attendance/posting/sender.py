"""The sender: takes queued posts to Discord, those of one channel in order, each once.

Of several processes one sends, by lease. A lease tells who should, not who does: should a frozen holder wake, what it
sends has the stored nonce, and Discord knows it already. Discord remembers a nonce for some minutes only, so before a
later attempt the sender looks whether the message is there.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from guildhall.core import ids, leases
from guildhall.core.cache import Cache
from guildhall.core.clock import Clock
from guildhall.core.db import Database, StoreUnavailable, Tx
from guildhall.core.events import EventBus
from guildhall.core.jobs import JobContext
from guildhall.core.log import get_logger
from guildhall.domains import bot
from guildhall.domains.attendance.errors import DiscordUnavailable
from guildhall.domains.attendance.posting import delivery
from guildhall.domains.attendance.posting.delivery import Batch, take_batch
from guildhall.domains.attendance.posting.port import Message, PostOffice, PostRefused, PostUnfit
from guildhall.domains.attendance.posting.queries import NEXT_RIPE, SERVABLE
from guildhall.domains.attendance.posting.queueing import TOPIC, guilds_to_remind, queue_reminder
from guildhall.domains.attendance.posting.recurring import due_boards, queue_board
from guildhall.domains.attendance.posting.rendering import Letterhead, message_of, people_in

log = get_logger(__name__)

LEASE: Final = "attendance.posts"
TERM: Final = timedelta(seconds=30)
LOOK: Final = timedelta(seconds=5)
"""How long a post that nobody announced may wait, such as one that rested."""

AT_ONCE: Final = 8
"""Channels that are served together: Discord takes fifty requests a second of a bot, which has others to make."""

REMEMBERED: Final = timedelta(minutes=2)
"""How long Discord is trusted to know a nonce."""


class Sender:
    """Works off the posts of all guilds. One in a process; the lease lets one of them send."""

    def __init__(self, database: Database, office: PostOffice, clock: Clock, cache: Cache, *, public_url: str) -> None:
        self._database = database
        self._office = office
        self._clock = clock
        self._cache = cache
        self._public_url = public_url
        self._holder = ids.ulid()
        self._told = asyncio.Event()

    async def keep_sending(self, events: EventBus) -> None:
        """Send whatever is queued, as soon as it is told or due, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(events))
            tasks.create_task(self._keep_turning())

    async def _listen(self, events: EventBus) -> None:
        async with events.subscribe(TOPIC) as told:
            async for _ in told:
                self._told.set()

    async def _keep_turning(self) -> None:
        while True:
            self._told.clear()
            pause = LOOK
            try:
                pause = await self.take_turn()
            except StoreUnavailable as fault:
                log.warning("Posts wait for the database", reason=fault.message)
            except Exception:
                log.exception("The sender of posts stumbled, and goes on")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), pause.total_seconds())

    async def take_turn(self) -> timedelta:
        """Send all that can be sent now, and return after how long to look again at the latest."""
        now = self._clock.now()
        async with self._database.read() as tx:
            has_reason = bool(await due_boards(tx, now=now, limit=1)) or bool(await tx.all(SERVABLE, now=now))
        if not has_reason or not await self._may_send():
            return await self._until_next()
        try:
            await self._queue_boards()
            async with self._database.read() as tx:
                waiting = await tx.all(SERVABLE, now=self._clock.now())
            await self._serve_all(waiting)
        finally:
            async with self._database.write() as tx:
                await leases.release(tx, LEASE, self._holder)
        return await self._until_next()

    async def _until_next(self) -> timedelta:
        now = self._clock.now()
        async with self._database.read() as tx:
            ripe_at = await tx.one(NEXT_RIPE, now=now)
        return LOOK if ripe_at is None else min(LOOK, ripe_at - now)

    async def _may_send(self) -> bool:
        async with self._database.write() as tx:
            return await self._holds(tx)

    async def _holds(self, tx: Tx) -> bool:
        return await leases.acquire(tx, LEASE, self._holder, TERM, self._clock.now())

    async def _queue_boards(self) -> None:
        async with self._database.read() as tx:
            due = await due_boards(tx, now=self._clock.now())
        for destination in due:
            async with self._database.write() as tx:
                await queue_board(tx, destination, now=self._clock.now())

    async def _serve_all(self, waiting: Iterable[str]) -> None:
        """Serve channels side by side, each to the end, whatever befalls another."""
        room = asyncio.Semaphore(AT_ONCE)
        ends = await asyncio.gather(*(self._serve(each, room) for each in waiting), return_exceptions=True)
        for fault in ends:
            if fault is not None:
                raise fault

    async def _serve(self, destination_id: str, room: asyncio.Semaphore) -> None:
        """Send to one channel what can be sent."""
        async with room:
            while True:
                async with self._database.write() as tx:
                    holds = await self._holds(tx)
                    taken = await take_batch(tx, destination_id, now=self._clock.now()) if holds else None
                if taken is None:
                    return
                await self._send(taken)

    async def _send(self, batch: Batch) -> None:
        channel_id = batch.destination.channel_id
        try:
            message_id = await self._deliver(channel_id, batch)
        except PostRefused as fault:
            words = str(fault)
            log.info("A channel takes no posts", channel=channel_id, reason=words)
            await self._note(lambda tx, now: delivery.note_refused(tx, batch, words, now=now))
        except PostUnfit as fault:
            words = str(fault)
            log.warning("A post is given up", channel=channel_id, reason=words)
            await self._note(lambda tx, now: delivery.note_unfit(tx, batch, words, now=now))
        except DiscordUnavailable as fault:
            pause = timedelta(seconds=int(str(fault.details["retry_after"])))
            await self._note(lambda tx, now: delivery.note_away(tx, batch, pause, now=now))
        else:
            await self._note(lambda tx, now: delivery.note_posted(tx, batch, message_id, now=now))

    async def _deliver(self, channel_id: int, batch: Batch) -> int:
        message = await self._write(batch)
        if self._clock.now() - batch.tried_at > REMEMBERED:
            there = await self._office.find(channel_id, message, since=batch.tried_at)
            if there is not None:
                return there
        return await self._office.post(channel_id, message, nonce=batch.nonce)

    async def _write(self, batch: Batch) -> Message:
        names = await bot.names_of(self._cache, batch.destination.guild_id, people_in(batch.posts))
        shown = {user_id: name.shown for user_id, name in names.items()}
        return message_of(batch.posts, Letterhead(shown, self._public_url))

    async def _note(self, note: Callable[[Tx, datetime], Awaitable[None]]) -> None:
        async with self._database.write() as tx:
            await note(tx, self._clock.now())


async def remind(context: JobContext) -> None:
    """Remind the guilds whose key is locked that something waits for it, each once a day."""
    now = context.clock.now()
    async with context.database.read() as tx:
        guilds = await guilds_to_remind(tx, now=now)
    for guild_id in guilds:
        async with context.database.write() as tx:
            await queue_reminder(tx, guild_id=guild_id, now=now)
