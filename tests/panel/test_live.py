"""The stream that keeps pages up to date."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from guildhall.domains.identity import User
from tests.serving import ADMIN_NAME, ADMIN_PASSWORD, Served

DEADLINE = 20
TRIES = 2000


@pytest.fixture
async def insider(served: Served, administrator: User) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is signed in."""
    async with httpx.AsyncClient(base_url=served.url, timeout=DEADLINE) as client:
        await client.post("/panel/sign-in", data={"name": ADMIN_NAME, "password": ADMIN_PASSWORD})
        yield client


async def test_the_stream_tells_events_until_either_side_leaves(served: Served, insider: httpx.AsyncClient) -> None:
    events = served.house.events
    async with insider.stream("GET", "/panel/live") as stream:
        assert (stream.status_code, stream.headers["content-type"]) == (200, "text/event-stream")
        lines = stream.aiter_lines()
        assert await anext(lines) == "retry: 1000"
        events.publish("rooms", {"room": "ostrom", "booking": "a line\nbreak"})
        told = [await anext(lines) for _ in range(4)]
        assert told[2:] == ["event: rooms", 'data: {"room":"ostrom","booking":"a line\\nbreak"}']
    await _listeners(served, 0)
    async with insider.stream("GET", "/panel/live") as stream:
        await _listeners(served, 1)
        await events.stop()
        assert [line async for line in stream.aiter_lines()][:1] == ["retry: 1000"]
    await _listeners(served, 0)


async def test_strangers_hear_nothing_and_a_glance_costs_nothing(served: Served, insider: httpx.AsyncClient) -> None:
    async with httpx.AsyncClient(base_url=served.url) as stranger:
        assert (await stranger.get("/panel/live")).status_code == 303
    glance = await insider.head("/panel/live")
    assert (glance.status_code, glance.headers["content-type"]) == (200, "text/event-stream")
    await _listeners(served, 0)


async def _listeners(served: Served, expected: int) -> None:
    """Return once so many listen."""
    for _ in range(TRIES):
        if served.house.events.subscribers == expected:
            return
        await asyncio.sleep(0.01)  # The pause between two looks at a condition, not a guess at a time.
    raise TimeoutError(f"{served.house.events.subscribers} listen, not {expected}")
