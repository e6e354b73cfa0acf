"""Server-sent events: an answer that goes on while somebody listens."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from guildhall.core.events import LAGGED, Event, EventBus
from guildhall.web.answers import Answer

HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent, so that proxies keep the connection and dead ones are noticed."""

LIFE = 600.0
"""Seconds after which a stream ends. The browser comes back at once, and must show its credential anew."""

OPENING = b"retry: 1000\n\n"
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
            text = b": still here\n\n"
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
    data = msgspec.json.encode(event.data)
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (event.id.encode(), event.topic.encode(), data)
