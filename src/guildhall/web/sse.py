"""Server-sent events: answers that go on while somebody listens."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from guildhall.core import feed
from guildhall.core.db import Database, Tx
from guildhall.core.events import LAGGED, Event, EventBus
from guildhall.domains.identity.sessions import ACCESS_CHANGED
from guildhall.web.answers import Answer

HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent, so that proxies keep the connection and dead ones are noticed."""

LIFE = 600.0
"""Seconds after which a stream ends. The browser comes back at once, and must show its credential anew."""

LOOK = 1.0
"""Seconds between two looks into the feed: processes that share no Redis hear nothing of each other."""

AT_ONCE = 200
"""Entries of the feed that are read together."""

OPENING = b"retry: 1000\n\n"
STILL_HERE = b": still here\n\n"
HEADERS = ((b"cache-control", b"no-store"), (b"x-accel-buffering", b"no"))


class EventStream(Answer):
    """The events of some topics, until the listener leaves, the bus stops, or the stream's life is over.

    With `only`, those of them that it holds of; that some were missed is always told.
    """

    __slots__ = ("_bus", "_only", "_topics")

    def __init__(self, bus: EventBus, *topics: str, only: Callable[[Event], bool] | None = None) -> None:
        super().__init__(media_type=b"text/event-stream", headers=HEADERS)
        self._bus = bus
        self._topics = topics
        self._only = only

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 (the ASGI signature)
        """Send events as they come; a HEAD request gets the headers only."""
        headers = [(b"content-type", self.media_type), *self.headers]
        async with self._bus.subscribe(*self._topics) as events:
            await send({"type": "http.response.start", "status": self.status, "headers": headers})
            if scope["method"] != "HEAD":
                await send({"type": "http.response.body", "body": OPENING, "more_body": True})
                await _until_either(_pass_on(events, send, self._only), _leaving(receive))
        await send({"type": "http.response.body", "body": b""})


Chooser = Callable[[Tx, list[feed.Entry]], Awaitable[list[feed.Entry]]]
"""Returns those entries that the listener may see."""


class FeedStream(Answer):
    """The feed after an entry, each event under its number, for as long as an `EventStream` lasts.

    `missed` tells that some are gone that the listener asked for; they hear so first, as `lagged`. When what the person
    `user_id` may do has changed, the stream ends: whoever comes back is let in anew, or not.
    """

    __slots__ = ("_after", "_bus", "_choose", "_database", "_missed", "_user_id")

    def __init__(
        self, database: Database, bus: EventBus, choose: Chooser, *, user_id: str | None, after: int, missed: bool
    ) -> None:
        super().__init__(media_type=b"text/event-stream", headers=HEADERS)
        self._database = database
        self._bus = bus
        self._choose = choose
        self._user_id = user_id
        self._after = after
        self._missed = missed

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 (the ASGI signature)
        """Send events as they come; a HEAD request gets the headers only."""
        headers = [(b"content-type", self.media_type), *self.headers]
        async with self._bus.subscribe(feed.TOLD, ACCESS_CHANGED) as told:
            await send({"type": "http.response.start", "status": self.status, "headers": headers})
            if scope["method"] != "HEAD":
                begun = OPENING + (_said(self._after, LAGGED, {}) if self._missed else b"")
                await send({"type": "http.response.body", "body": begun, "more_body": True})
                await _until_either(self._follow(told, send), _leaving(receive))
        await send({"type": "http.response.body", "body": b""})

    async def _follow(self, told: Any, send: Any) -> None:  # noqa: ANN401 (an iterator of events, and the ASGI callable)
        """Read on at each nudge. What counts is the feed: a nudge that is lost costs no more than a look."""
        loop = asyncio.get_running_loop()
        spoken = loop.time()
        while True:
            async with self._database.read() as tx:
                entries = await feed.entries_after(tx, self._after, most=AT_ONCE)
                shown = await self._choose(tx, entries) if entries else []
            text = b"".join(_said(each.id, each.name, each.data) for each in shown)
            if not text and loop.time() - spoken >= HEARTBEAT:
                text = STILL_HERE
            if text:
                await send({"type": "http.response.body", "body": text, "more_body": True})
                spoken = loop.time()
            if entries:
                self._after = entries[-1].id
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    if self._is_last(await anext(told, None)):
                        return

    def _is_last(self, event: Event | None) -> bool:
        return event is None or (event.topic == ACCESS_CHANGED and event.data["user_id"] == self._user_id)


async def _until_either(*works: Any) -> None:  # noqa: ANN401 (coroutines)
    tasks = [asyncio.create_task(work) for work in works]
    await asyncio.wait(tasks, timeout=LIFE, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _pass_on(events: Any, send: Any, only: Callable[[Event], bool] | None) -> None:  # noqa: ANN401 (an iterator of events, and the ASGI callable)
    while True:
        try:
            async with asyncio.timeout(HEARTBEAT):
                event = await _next(events, only)
        except TimeoutError:
            text = STILL_HERE
        except StopAsyncIteration:
            return
        else:
            text = _written(event)
        await send({"type": "http.response.body", "body": text, "more_body": True})


async def _next(events: Any, only: Callable[[Event], bool] | None) -> Event:  # noqa: ANN401 (an iterator of events)
    """Return the next event that is to be told. Raises StopAsyncIteration."""
    while True:
        event: Event = await anext(events)
        if only is None or event.topic == LAGGED or only(event):
            return event


async def _leaving(receive: Any) -> None:  # noqa: ANN401 (the ASGI callable)
    while (await receive())["type"] != "http.disconnect":
        pass


def _written(event: Event) -> bytes:
    return _said(event.id, event.topic, event.data)


def _said(number: str | int, name: str, data: Any) -> bytes:  # noqa: ANN401 (whatever JSON has)
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (str(number).encode(), name.encode(), msgspec.json.encode(data))
