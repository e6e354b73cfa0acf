import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from guildhall.core import events
from guildhall.core.errors import Unavailable
from guildhall.core.events import CHANNEL, LAGGED, Event, EventBus, LocalEvents, RedisEvents, open_events
from tests.core.redis_server import RedisServer, running_redis

DEADLINE = 10


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with running_redis(tmp_path) as server:
        yield server


@pytest.fixture(params=["one process", "redis"])
async def bus(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[EventBus]:
    url = "" if request.param == "one process" else redis_url
    bus = open_events(url)
    await bus.start()
    yield bus
    await bus.stop()


async def heard(events: AsyncIterator[Event]) -> tuple[str, object]:
    event = await asyncio.wait_for(anext(events), DEADLINE)
    return event.topic, event.data.get("n")


async def test_a_listener_hears_its_topics_in_order_and_nothing_else(bus: EventBus) -> None:
    async with bus.subscribe("rooms", "shifts") as first, bus.subscribe("rooms") as second:
        assert bus.subscribers == 2
        bus.publish("rooms", {"n": 1})
        bus.publish("mail", {"n": 2})
        bus.publish("shifts", {"n": 3, "nested": [{"name": "Zoë"}, None, 1.5]})
        bus.publish("rooms", {"n": 4})
        assert [await heard(first) for _ in range(3)] == [("rooms", 1), ("shifts", 3), ("rooms", 4)]
        assert [await heard(second) for _ in range(2)] == [("rooms", 1), ("rooms", 4)]
    assert bus.subscribers == 0
    async with bus.subscribe("rooms") as later:
        bus.publish("rooms", {"n": 5})
        assert await heard(later) == ("rooms", 5)


async def test_every_listener_gets_the_same_event_with_its_own_id_and_not_the_data_of_the_caller(bus: EventBus) -> None:
    async with bus.subscribe("rooms") as first, bus.subscribe("rooms") as second:
        told: dict[str, events.JsonValue] = {"n": 1}
        bus.publish("rooms", told)
        told["n"] = "changed afterwards"
        bus.publish("rooms", {"n": 2})
        one, two = await anext(first), await anext(first)
        assert (one, two) == (await anext(second), await anext(second))
        assert (one.data, two.data) == ({"n": 1}, {"n": 2})
        assert one.id != two.id


async def test_data_that_is_not_json_is_not_told_and_does_not_disturb_the_caller(bus: EventBus) -> None:
    async with bus.subscribe("rooms") as listener:
        bus.publish("rooms", {"n": object()})  # type: ignore[dict-item]
        bus.publish("rooms", {"n": "\ud800"})
        circle: dict[str, events.JsonValue] = {}
        circle["n"] = circle
        bus.publish("rooms", circle)
        bus.publish("rooms", {"n": 2})
        assert await heard(listener) == ("rooms", 2)


async def test_an_event_can_be_told_from_another_thread(bus: EventBus) -> None:
    async with bus.subscribe("rooms") as listener:
        teller = threading.Thread(target=bus.publish, args=("rooms", {"n": 7}))
        teller.start()
        assert await heard(listener) == ("rooms", 7)
        teller.join()


async def test_stopping_ends_the_subscriptions_and_telling_afterwards_is_harmless(bus: EventBus) -> None:
    async with bus.subscribe("rooms") as listener:
        await bus.stop()
        bus.publish("rooms", {"n": 1})
        assert [event async for event in listener] == []
    async with bus.subscribe("rooms") as late:
        assert [event async for event in late] == []
    await bus.stop()


async def test_a_slow_listener_loses_the_oldest_events_and_is_told_once() -> None:
    bus = LocalEvents(depth=3)
    await bus.start()
    async with bus.subscribe("rooms") as slow, bus.subscribe("rooms") as quick:
        for n in range(3):
            bus.publish("rooms", {"n": n})
        assert [await heard(quick) for _ in range(3)] == [("rooms", 0), ("rooms", 1), ("rooms", 2)]
        for n in range(3, 6):
            bus.publish("rooms", {"n": n})
        assert [await heard(slow) for _ in range(4)] == [(LAGGED, None), ("rooms", 3), ("rooms", 4), ("rooms", 5)]
        assert [await heard(quick) for _ in range(3)] == [("rooms", 3), ("rooms", 4), ("rooms", 5)]
        bus.publish("rooms", {"n": 6})
        assert (await heard(slow), await heard(quick)) == (("rooms", 6), ("rooms", 6))
    await bus.stop()


async def test_what_one_process_tells_is_heard_in_the_others(redis_url: str) -> None:
    here, there = RedisEvents(redis_url), RedisEvents(redis_url)
    await here.start()
    await there.start()
    async with here.subscribe("rooms") as near, there.subscribe("rooms") as far:
        here.publish("rooms", {"n": 1})
        assert (await heard(near), await heard(far)) == (("rooms", 1), ("rooms", 1))
        there.publish("rooms", {"n": 2})
        assert (await heard(near), await heard(far)) == (("rooms", 2), ("rooms", 2))
        here.publish("rooms", {"n": 3})
        await here.stop()
        assert await heard(far) == ("rooms", 3)
    await there.stop()


async def test_one_connection_listens_for_all_listeners_of_a_process(redis_url: str) -> None:
    bus = RedisEvents(redis_url)
    await bus.start()
    async with bus.subscribe("a"), bus.subscribe("b"), bus.subscribe("c"), Redis.from_url(redis_url) as client:
        assert await client.pubsub_numsub(CHANNEL) == [(CHANNEL.encode(), 1)]
    await bus.stop()


async def test_after_redis_was_away_listeners_are_told_that_they_missed_something(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "RETRY", 0.01)
    bus = RedisEvents(redis.url)
    await bus.start()
    async with bus.subscribe("rooms") as listener, bus.subscribe("shifts") as other:
        bus.publish("rooms", {"n": 1})
        assert await heard(listener) == ("rooms", 1)
        redis.kill()
        bus.publish("rooms", {"n": 2})
        redis.start()
        assert await heard(listener) == (LAGGED, None)
        assert await heard(other) == (LAGGED, None)
        bus.publish("rooms", {"n": 3})
        rest = [await heard(listener)]
        while rest[-1] != ("rooms", 3):
            rest.append(await heard(listener))
        # What waited while Redis was away may be heard too, for it is sent again as soon as it can be.
        assert rest in ([("rooms", 3)], [("rooms", 2), ("rooms", 3)])
    await bus.stop()


async def test_a_connection_that_was_cut_for_a_moment_counts_as_lost_too(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "RETRY", 0.01)
    bus = RedisEvents(redis_url)
    await bus.start()
    async with bus.subscribe("rooms") as listener, Redis.from_url(redis_url) as client:
        assert await client.client_kill_filter(_type="pubsub") == 1
        assert await heard(listener) == (LAGGED, None)
        bus.publish("rooms", {"n": 1})
        assert await heard(listener) == ("rooms", 1)
    await bus.stop()


async def test_a_silent_redis_counts_as_lost(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "RETRY", 0.01)
    monkeypatch.setattr(events, "HEARTBEAT", 0.1)
    bus = RedisEvents(redis.url)
    await bus.start()
    async with bus.subscribe("rooms") as listener:
        redis.freeze()
        await asyncio.wait_for(until(lambda: not bus._in_touch.is_set()), DEADLINE)
        redis.thaw()
        assert await heard(listener) == (LAGGED, None)
    await bus.stop()


async def test_when_too_much_waited_for_redis_every_process_is_told(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "RETRY", 0.01)
    monkeypatch.setattr(events, "OUTGOING", 2)
    here, there = RedisEvents(redis_url), RedisEvents(redis_url)
    await here.start()
    await there.start()
    async with there.subscribe("rooms") as far:
        # Told without a pause, so that the sender has no turn between them.
        for n in range(5):
            here.publish("rooms", {"n": n})
        assert [await heard(far) for _ in range(3)] == [(LAGGED, None), ("rooms", 3), ("rooms", 4)]
    await here.stop()
    await there.stop()


async def test_a_foreign_word_on_the_channel_does_not_end_the_listening(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "RETRY", 0.01)
    bus = RedisEvents(redis_url)
    await bus.start()
    async with bus.subscribe("rooms") as listener, Redis.from_url(redis_url) as client:
        await client.publish(CHANNEL, b"not an event")
        assert await heard(listener) == (LAGGED, None)
        bus.publish("rooms", {"n": 1})
        assert await heard(listener) == ("rooms", 1)
    await bus.stop()


async def test_a_redis_that_is_not_there_refuses_the_start_and_says_what_to_do(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "START_TIMEOUT", 0.2)
    monkeypatch.setattr(events, "FLUSH_TIMEOUT", 0.1)
    redis.kill()
    bus = open_events(redis.url)
    with pytest.raises(Unavailable, match="REDIS_URL"):
        await bus.start()


async def until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 (nothing tells it)
        await asyncio.sleep(0.005)
