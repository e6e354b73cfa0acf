"""Events: what just happened, told to whoever looks on at this moment.

They are a nudge to people's screens and carry no work: an event may be lost, and whoever must not miss one reads the
database. A listener that was too slow, or whose process lost touch with Redis, is told so by one LAGGED event in place
of those it missed, and loads its view anew. Events arrive in the order they were told by each process; after a broken
connection one may arrive twice, with the same id.
"""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, TypeAlias

import msgspec
from redis.exceptions import RedisError, TimeoutError as RedisTimeout

from guildhall.core import ids
from guildhall.core.errors import Unavailable
from guildhall.core.log import get_logger
from guildhall.core.redis import redis_client

log = get_logger(__name__)

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

LAGGED = "lagged"
"""The topic of the event that says: some were missed, load your view anew. Whatever one listens for, one hears it."""

DEPTH = 256
"""Events kept for a listener that does not read; then the oldest are given up."""

OUTGOING = 4096
"""Events kept while Redis is away; then the oldest are given up, and every listener is told when it is back."""

CHANNEL = "guildhall:events"
"""One channel for all topics: a process has one subscription that never changes, so nobody can miss an event between
entering `subscribe` and Redis knowing of it. A process that hears a topic nobody wants pays some microseconds."""

HEARTBEAT = 10.0
"""Seconds of silence after which the connection to Redis is tried, and as many again until it counts as broken."""

RETRY = 0.5
START_TIMEOUT = 10.0
FLUSH_TIMEOUT = 2.0


class Event(msgspec.Struct, frozen=True):
    """Something that happened: a unique id, the topic it was told under, and what there is to say, as JSON values."""

    id: str
    topic: str
    data: dict[str, Any]


class EventBus(Protocol):
    """Where events are told and heard. Listeners live on the event loop that called `start`."""

    def publish(self, topic: str, data: dict[str, JsonValue]) -> None:
        """Tell an event, from any thread. Never waits and never raises, so it can follow a commit.

        Data that is not JSON is a fault of the program: it is logged, and nothing is told.
        """

    def subscribe(self, *topics: str) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """Hear the events of these topics from entering the context until leaving it, or until the bus stops."""

    @property
    def subscribers(self) -> int:
        """How many listen in this process."""

    async def start(self) -> None:
        """Begin. Raises Unavailable when there should be a Redis and it cannot be reached within ten seconds."""

    async def stop(self) -> None:
        """Send what was told so far, waiting two seconds at most, and end every subscription."""


def open_events(redis_url: str) -> EventBus:
    """Return the bus through Redis, or the one within this process when the address is empty."""
    return RedisEvents(redis_url) if redis_url else LocalEvents()


class _Backlog:
    """A queue that never refuses: when it is full the oldest event goes, and the reader is told before all else."""

    def __init__(self, depth: int) -> None:
        self._events: deque[Event] = deque(maxlen=depth)
        self._missed = False
        self._closed = False
        self._changed = asyncio.Event()

    def add(self, event: Event) -> None:
        if event.topic == LAGGED:
            self._missed = True
        else:
            self._missed |= len(self._events) == self._events.maxlen
            self._events.append(event)
        self._changed.set()

    def close(self) -> None:
        """Let the reader have what is here, and then its end."""
        self._closed = True
        self._changed.set()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        while not self._missed and not self._events:
            if self._closed:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        if self._missed:
            self._missed = False
            return Event(ids.ulid(), LAGGED, {})
        return self._events.popleft()


class LocalEvents:
    """The bus of a server that is one process."""

    def __init__(self, depth: int = DEPTH) -> None:
        self._depth = depth
        self._listeners: set[_Backlog] = set()
        self._by_topic: dict[str, set[_Backlog]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0

    @property
    def subscribers(self) -> int:
        """How many listen in this process."""
        return len(self._listeners)

    async def start(self) -> None:
        """Begin, on the loop that runs now."""
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()

    async def stop(self) -> None:
        """End every subscription."""
        self._loop = None
        for backlog in self._listeners:
            backlog.close()

    def publish(self, topic: str, data: dict[str, JsonValue]) -> None:
        """Tell an event, from any thread; before the start and after the stop nobody hears it."""
        loop = self._loop
        if loop is None:
            return
        try:
            # The way through JSON makes both buses refuse the same data, and no listener holds what the caller changes.
            event = _decode(_encode(Event(ids.ulid(), topic, data)))
        except (TypeError, ValueError, RecursionError):
            log.exception("This event cannot be told, because its data is not JSON", topic=topic)
            return
        if threading.get_ident() == self._thread:
            self._take(event)
        else:
            # A loop that has closed has no listeners any more.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._take, event)

    @asynccontextmanager
    async def subscribe(self, *topics: str) -> AsyncIterator[AsyncIterator[Event]]:
        """Hear the events of these topics while the context is open and the bus runs."""
        backlog = _Backlog(self._depth)
        self._listeners.add(backlog)
        for topic in topics:
            self._by_topic.setdefault(topic, set()).add(backlog)
        if self._loop is None:
            backlog.close()
        try:
            yield backlog
        finally:
            self._listeners.discard(backlog)
            for topic in set(topics):
                self._by_topic[topic].discard(backlog)
                if not self._by_topic[topic]:
                    del self._by_topic[topic]

    def _take(self, event: Event) -> None:
        self._fan_out(event)

    def _fan_out(self, event: Event) -> None:
        for backlog in self._listeners if event.topic == LAGGED else self._by_topic.get(event.topic, ()):
            backlog.add(event)


class RedisEvents(LocalEvents):
    """The bus of several processes: what one tells goes to Redis, and from there to the listeners of each."""

    def __init__(self, redis_url: str, depth: int = DEPTH) -> None:
        super().__init__(depth)
        self._client = redis_client(redis_url, answer_timeout=HEARTBEAT)
        self._outgoing = _Backlog(OUTGOING)
        self._in_touch = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None
        self._missed = False
        self._fault: Exception | None = None

    async def start(self) -> None:
        """Begin when Redis has confirmed that it listens. Raises Unavailable."""
        await super().start()
        self._sender, self._listener = asyncio.create_task(self._send()), asyncio.create_task(self._listen())
        try:
            await asyncio.wait_for(self._in_touch.wait(), START_TIMEOUT)
        except TimeoutError:
            await self.stop()
            raise Unavailable("Redis cannot be reached; check REDIS_URL and that the server runs") from self._fault

    async def stop(self) -> None:
        """Send what waits, if Redis takes it at once, and end every subscription."""
        await super().stop()
        self._outgoing.close()
        if self._sender is not None and self._listener is not None:
            await asyncio.wait([self._sender], timeout=FLUSH_TIMEOUT)
            self._sender.cancel()
            self._listener.cancel()
            await asyncio.gather(self._sender, self._listener, return_exceptions=True)
        await self._client.aclose()

    def _take(self, event: Event) -> None:
        self._outgoing.add(event)

    async def _send(self) -> None:
        async for event in self._outgoing:
            await self._pass_on(event)

    async def _pass_on(self, event: Event) -> None:
        while True:
            try:
                await self._client.publish(CHANNEL, _encode(event))
            except (RedisError, OSError) as fault:
                log.debug("An event waits for Redis", topic=event.topic, reason=str(fault))
                await asyncio.sleep(RETRY)
            else:
                return

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except Exception as fault:  # noqa: BLE001 (whatever befalls a connection, the next one may be well)
                self._fault = fault
                if self._in_touch.is_set():
                    log.warning("Lost touch with Redis; events wait until it is back", reason=str(fault))
                    self._in_touch.clear()
                    self._missed = True
            await asyncio.sleep(RETRY)

    async def _hear(self) -> None:
        async with self._client.pubsub() as channel:
            await channel.subscribe(CHANNEL)
            silent = False
            while True:
                message = await channel.get_message(timeout=HEARTBEAT)
                if message is not None:
                    silent = False
                    self._heard(message["type"], message["data"])
                elif silent:
                    raise RedisTimeout("no sign of life")
                else:
                    # A cable that was cut says nothing by itself.
                    silent = True
                    await channel.ping()

    def _heard(self, kind: str, data: bytes) -> None:
        if kind == "message":
            self._fan_out(_decode(data))
        elif kind == "subscribe":
            self._in_touch.set()
            if self._missed:
                self._missed = False
                log.info("Redis is back")
                self._fan_out(Event(ids.ulid(), LAGGED, {}))


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Event).decode
