"""The courier: takes due deliveries to their receivers, some at a time, and notes what became of each.

A delivery is claimed in a transaction before anything is sent, and noted in another after it. Whoever claims it counts
the attempt and moves the next one behind the time that this one can last, so that of several processes one sends, and
what a dead one had in hand is sent again, under the same id. An attempt of which nobody knows whether it arrived is
made again: receivers tell repeats by the webhook-id.

One receiver that hangs must not hold up another's. A guild has a few lanes, one while its receiver fails, and all that
fail together have half of the house's lanes at most.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from guildhall.core.clock import Clock
from guildhall.core.crypto import SecretBox, SecretUnreadable
from guildhall.core.db import Database, StoreUnavailable
from guildhall.core.events import EventBus
from guildhall.core.log import get_logger
from guildhall.core.outside import AddressRefused, CallFailed, OutsideHttp
from guildhall.domains.attendance.webhooks.addresses import secrets_of
from guildhall.domains.attendance.webhooks.deliveries import claim, settle
from guildhall.domains.attendance.webhooks.events import TOPIC
from guildhall.domains.attendance.webhooks.models import Delivery, Webhook
from guildhall.domains.attendance.webhooks.queries import (
    DUE_GUILDS,
    DUE_OF_GUILD,
    WEBHOOK,
    DueGuild,
    access_delivery,
)
from guildhall.domains.attendance.webhooks.schedule import Outcome
from guildhall.domains.attendance.webhooks.signatures import signed_headers

log = get_logger(__name__)

LONGEST: Final = timedelta(seconds=15)
"""How long an attempt may take, from the look-up of the name on."""

LEASE: Final = timedelta(seconds=30)
"""How long an attempt of which nothing is heard counts as under way."""

LOOK: Final = 1.0
"""Seconds between two looks for what nobody announced: what is due again, and what other processes queued."""

LANES: Final = 128
LANES_OF_FAILING: Final = LANES // 2
LANES_OF_GUILD: Final = 4
DUE_AT_ONCE: Final = 256
CHANCE: Final = random.SystemRandom().random


class Courier:
    """Delivers webhooks. One in a process, on one event loop; any number of processes.

    `lease` is longer than `longest`, the time that an attempt may take.
    """

    def __init__(
        self,
        database: Database,
        outside: OutsideHttp,
        box: SecretBox,
        clock: Clock,
        *,
        longest: timedelta = LONGEST,
        lease: timedelta = LEASE,
        chance: Callable[[], float] = CHANCE,
    ) -> None:
        self._database = database
        self._outside = outside
        self._box = box
        self._clock = clock
        self._seconds = longest.total_seconds()
        self.lease = lease
        self._chance = chance
        self._lanes: Counter[int] = Counter()
        self._failing: Counter[int] = Counter()
        self._under_way: set[asyncio.Task[None]] = set()
        self._nudged = asyncio.Event()

    async def keep(self, events: EventBus) -> None:
        """Deliver what is due, now and later, until cancelled."""
        listening = asyncio.create_task(self._listen(events))
        try:
            while True:
                self._nudged.clear()
                await self._look()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._nudged.wait(), LOOK)
        finally:
            for task in (listening, *self._under_way):
                task.cancel()

    async def work_off(self) -> None:
        """Deliver everything that is due now, and return when each attempt has ended."""
        while await self._begin_due() or self._under_way:
            await asyncio.gather(*self._under_way)

    async def deliver(self, delivery: Delivery) -> Delivery:
        """Make the first attempt now, before its time, unless it has begun; return the delivery as it stands then.

        Raises DeliveryNotFound.
        """
        if delivery.attempts == 0:
            now = self._clock.now()
            async with self._database.write() as tx:
                webhook = await tx.one(WEBHOOK, guild_id=delivery.guild_id)
                first = await claim(tx, delivery, until=now + self.lease, now=delivery.next_try_at or now)
            if first is not None and webhook is not None:
                await self._attempt(first, webhook)
        async with self._database.read() as tx:
            return await access_delivery(tx, guild_id=delivery.guild_id, delivery_id=delivery.id)

    async def _listen(self, events: EventBus) -> None:
        async with events.subscribe(TOPIC) as told:
            async for _ in told:
                self._nudged.set()

    async def _look(self) -> None:
        try:
            await self._begin_due()
        except StoreUnavailable as fault:
            log.warning("Webhooks wait for the database", reason=fault.message)
        except Exception:
            log.exception("The courier stumbled, and goes on")

    async def _begin_due(self) -> bool:
        """Begin as many due attempts as there are lanes for; False when that is none."""
        async with self._database.read() as tx:
            due = await tx.all(DUE_GUILDS, now=self._clock.now(), limit=DUE_AT_ONCE)
        begun = [await self._begin_of(guild, free) for guild in due if (free := self._free_lanes(guild))]
        return any(begun)

    def _free_lanes(self, guild: DueGuild) -> int:
        free = LANES - self._lanes.total()
        if not guild.failing:
            return min(free, LANES_OF_GUILD - self._lanes[guild.guild_id])
        return min(free, LANES_OF_FAILING - self._failing.total(), 1 - self._lanes[guild.guild_id])

    async def _begin_of(self, guild: DueGuild, free: int) -> bool:
        """Claim due deliveries of a guild and begin their attempts; False when others have them already."""
        if free <= 0:
            return False
        now = self._clock.now()
        async with self._database.write() as tx:
            webhook = await tx.one(WEBHOOK, guild_id=guild.guild_id)
            due = await tx.all(DUE_OF_GUILD, guild_id=guild.guild_id, now=now, limit=free)
            claimed = [await claim(tx, each, until=now + self.lease, now=now) for each in due]
        for delivery in claimed:
            if delivery is not None and webhook is not None:
                self._begin(delivery, webhook, failing=guild.failing)
        return any(claimed)

    def _begin(self, delivery: Delivery, webhook: Webhook, *, failing: bool) -> None:
        counters = (self._lanes, self._failing) if failing else (self._lanes,)
        for counter in counters:
            counter[webhook.guild_id] += 1
        task = asyncio.create_task(self._attempt(delivery, webhook))
        self._under_way.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._under_way.discard(task)
            for counter in counters:
                counter[webhook.guild_id] -= 1
                if not counter[webhook.guild_id]:
                    del counter[webhook.guild_id]
            self._nudged.set()

        task.add_done_callback(ended)

    async def _attempt(self, delivery: Delivery, webhook: Webhook) -> None:
        """Send a claimed delivery and note what came of it. Never raises but when it is cancelled."""
        try:
            outcome = await self._send(delivery, webhook)
            async with self._database.write() as tx:
                await settle(tx, delivery, outcome, chance=self._chance, now=self._clock.now())
        except StoreUnavailable as fault:
            log.warning("A delivery is made again, for it cannot be noted", delivery=delivery.id, reason=fault.message)
        except Exception:
            # The claim ends by itself and the delivery is tried again; one fault must not end the courier.
            log.exception("A delivery stumbled", delivery=delivery.id)

    async def _send(self, delivery: Delivery, webhook: Webhook) -> Outcome:
        now, body = self._clock.now(), delivery.body or b""
        try:
            keys = secrets_of(webhook, self._box, now=now)
            headers = signed_headers(keys, webhook_id=delivery.id, at=now, body=body)
            reply = await self._outside.post(webhook.url or "", headers=headers, body=body, seconds=self._seconds)
        except SecretUnreadable as fault:
            log.error("A webhook's secret cannot be read", guild=webhook.guild_id, reason=str(fault))  # noqa: TRY400 (no traceback: it could show the secret)
            return Outcome(fault="The secret cannot be read here any more; rotate it")
        except AddressRefused as fault:
            return Outcome(fault=fault.message)
        except CallFailed as fault:
            return Outcome(fault=str(fault))
        return Outcome(reply.status)
