"""Streams of events last while somebody listens, and are given up when nobody does."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from guildhall.web import sse
from guildhall.web.house import House
from guildhall.web.routing import Route, route
from guildhall.web.sse import EventStream
from tests.clock import SettableClock
from tests.core.working import eventually
from tests.serving import Served, serving, settings_for
from tests.web.more import OPEN, more_routes


def routes() -> tuple[Route, ...]:
    @route("GET", "/v1/live", **OPEN, transaction="none", content="text/event-stream")
    async def follow(house: House) -> EventStream:
        """Tell what happens to rooms."""
        return EventStream(house.events, "rooms")

    return (follow,)


@pytest.fixture
async def served(sqlite_database_url: str, tmp_path: Path, clock: SettableClock) -> AsyncIterator[Served]:
    with more_routes(commonshub=routes()):
        async with serving(settings_for(sqlite_database_url, tmp_path), clock=clock) as served:
            yield served


@pytest.fixture
async def client(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=served.url, timeout=20) as client:
        yield client


async def nobody_listens(served: Served) -> bool:
    return served.house.events.subscribers == 0


async def test_events_come_as_they_happen_and_a_listener_that_leaves_is_forgotten(
    served: Served, client: httpx.AsyncClient
) -> None:
    async with client.stream("GET", "/v1/live") as stream:
        assert stream.headers["content-type"] == "text/event-stream"
        assert stream.headers["cache-control"] == "no-store"
        assert "content-length" not in stream.headers
        lines = stream.aiter_lines()
        assert await anext(lines) == "retry: 1000"
        served.house.events.publish("rooms", {"room": "ostrom"})
        served.house.events.publish("jobs", {"id": "1"})
        served.house.events.publish("rooms", {"room": "line\nbreak"})
        told = [await anext(lines) for _ in range(9)]
        assert [line for line in told if line.startswith("data")] == [
            'data: {"room":"ostrom"}',
            'data: {"room":"line\\nbreak"}',
        ]
        assert [line for line in told if line.startswith("event")] == ["event: rooms"] * 2
    await eventually(lambda: nobody_listens(served))


async def test_silence_is_broken_so_that_the_connection_is_kept(
    served: Served, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "HEARTBEAT", 0.05)
    async with client.stream("GET", "/v1/live") as stream:
        lines = stream.aiter_lines()
        beats = 0
        async for line in lines:
            beats += line == ": still here"
            if beats == 3:
                break
        served.house.events.publish("rooms", {"room": "ostrom"})
        async for line in lines:
            if line == 'data: {"room":"ostrom"}':
                break
    await eventually(lambda: nobody_listens(served))


async def test_a_stream_ends_after_its_life_so_that_the_listener_shows_its_credential_again(
    served: Served, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "LIFE", 0.05)
    answer = await client.get("/v1/live")
    assert (answer.status_code, answer.text) == (200, "retry: 1000\n\n")
    await eventually(lambda: nobody_listens(served))


async def test_asking_for_the_head_of_a_stream_does_not_begin_one(served: Served, client: httpx.AsyncClient) -> None:
    answer = await client.head("/v1/live")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
    await eventually(lambda: nobody_listens(served))


async def test_a_hundred_listeners_hear_one_event_and_hold_nobody_up(served: Served) -> None:
    async def listen() -> str:
        async with httpx.AsyncClient(base_url=served.url, timeout=20) as own, own.stream("GET", "/v1/live") as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data"):
                    return line
        return "the stream ended"

    async def all_listen() -> bool:
        return served.house.events.subscribers == 100

    listeners = [asyncio.create_task(listen()) for _ in range(100)]
    await eventually(all_listen)
    async with httpx.AsyncClient(base_url=served.url) as other:
        assert (await other.get("/health")).status_code == 200
    served.house.events.publish("rooms", {"room": "ostrom"})
    assert set(await asyncio.gather(*listeners)) == {'data: {"room":"ostrom"}'}
    await eventually(lambda: nobody_listens(served))
