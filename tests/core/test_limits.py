import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from guildhall.core import redis as redis_module
from guildhall.core.limits import Allowance, Limiter, LocalLimiter, RedisLimiter, open_limiter
from tests.core.redis_server import running_redis

QUARTER = timedelta(minutes=15)


@dataclass
class Hands:
    """The hands of a clock, moved by the test."""

    time: float = 1000.0

    def __call__(self) -> float:
        return self.time


@dataclass
class Bench:
    limiter: Limiter
    pass_seconds: Callable[[str, float], Awaitable[None]]

    async def hits(self, key: str, times: int, limit: int) -> list[tuple[bool, int]]:
        answers = [await self.limiter.hit(key, limit=limit, window=QUARTER) for _ in range(times)]
        return [(each.allowed, each.remaining) for each in answers]


@pytest.fixture(params=["one process", "redis"])
async def bench(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[Bench]:
    if request.param == "one process":
        hands = Hands()

        async def move_hands(_: str, seconds: float) -> None:
            hands.time += seconds

        yield Bench(LocalLimiter(hands), move_hands)
        return
    limiter = open_limiter(redis_url)
    assert isinstance(limiter, RedisLimiter)

    async def make_older(key: str, seconds: float) -> None:
        await limiter._link.client.hincrbyfloat(f"guildhall:limit:{key}", "start", -seconds)

    yield Bench(limiter, make_older)
    await limiter.close()


async def test_a_limit_grants_so_many_hits_and_then_tells_how_long_to_wait(bench: Bench) -> None:
    assert await bench.hits("a", 3, 3) == [(True, 2), (True, 1), (True, 0)]
    refused = await bench.limiter.hit("a", limit=3, window=QUARTER)
    assert (refused.allowed, refused.remaining) == (False, 0)
    # A whole window, and a third of the next, until one of three hits has faded.
    assert 900 + 295 <= refused.retry_after <= 900 + 300
    assert (await bench.limiter.hit("b", limit=3, window=QUARTER)).allowed, "keys do not know each other"


async def test_the_window_slides(bench: Bench) -> None:
    await bench.hits("a", 10, 10)
    await bench.pass_seconds("a", 900 - 60)
    assert await bench.hits("a", 1, 10) == [(False, 0)], "the window is not over"
    await bench.pass_seconds("a", 60 + 450)
    assert await bench.hits("a", 6, 10) == [(True, 4), (True, 3), (True, 2), (True, 1), (True, 0), (False, 0)]
    await bench.pass_seconds("a", 1800)
    assert await bench.hits("a", 1, 10) == [(True, 9)], "two windows later all is forgotten"


async def test_a_hit_that_waited_as_told_is_granted_and_refused_hits_do_not_prolong_the_wait(bench: Bench) -> None:
    await bench.hits("a", 3, 3)
    refused = [await bench.limiter.hit("a", limit=3, window=QUARTER) for _ in range(5)]
    await bench.pass_seconds("a", refused[0].retry_after)
    assert await bench.hits("a", 2, 3) == [(True, 0), (False, 0)]
    again = await bench.limiter.hit("a", limit=3, window=QUARTER)
    await bench.pass_seconds("a", again.retry_after)
    assert (await bench.limiter.hit("a", limit=3, window=QUARTER)).allowed


async def test_asking_counts_nothing_and_a_hit_can_be_given_back(bench: Bench) -> None:
    for _ in range(3):
        assert (await bench.limiter.hit("a", limit=1, window=QUARTER, cost=0)) == Allowance(
            allowed=True, remaining=1, retry_after=0
        )
    assert await bench.hits("a", 1, 1) == [(True, 0)]
    asked = await bench.limiter.hit("a", limit=1, window=QUARTER, cost=0)
    assert (asked.allowed, asked.remaining, asked.retry_after > 0) == (False, 0, True)
    assert (await bench.limiter.hit("a", limit=1, window=QUARTER, cost=-1)) == Allowance(
        allowed=True, remaining=1, retry_after=0
    )
    await bench.limiter.hit("a", limit=1, window=QUARTER, cost=-1)
    assert await bench.hits("a", 2, 1) == [(True, 0), (False, 0)], "no more comes back than was taken"


async def test_a_limit_of_nothing_grants_nothing(bench: Bench) -> None:
    refused = await bench.limiter.hit("a", limit=0, window=QUARTER)
    assert (refused.allowed, refused.retry_after > 0) == (False, True)


async def test_simultaneous_hits_are_granted_as_often_as_the_limit_says(bench: Bench) -> None:
    hits = [bench.limiter.hit("a", limit=40, window=QUARTER) for _ in range(100)]
    assert sum(answer.allowed for answer in await asyncio.gather(*hits)) == 40


async def test_processes_count_together(redis_url: str) -> None:
    here, there = RedisLimiter(redis_url), RedisLimiter(redis_url)
    hits = [limiter.hit("a", limit=20, window=QUARTER) for _ in range(15) for limiter in (here, there)]
    assert sum(answer.allowed for answer in await asyncio.gather(*hits)) == 20
    await here.close()
    await there.close()


async def test_while_redis_is_away_a_process_counts_for_itself(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server:
        limiter = RedisLimiter(server.url)
        assert (await limiter.hit("a", limit=2, window=QUARTER)).remaining == 1
        server.kill()
        answers = [await limiter.hit("a", limit=2, window=QUARTER) for _ in range(3)]
        assert [answer.allowed for answer in answers] == [True, True, False]
        server.start()
        assert not (await limiter.hit("a", limit=2, window=QUARTER)).allowed, "Redis is left alone for a moment"
        limiter._link._rest_until = 0.0
        assert (await limiter.hit("a", limit=2, window=QUARTER)).allowed
        await limiter.close()


async def test_a_silent_redis_holds_up_one_hit_and_not_those_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_module, "ANSWER_TIMEOUT", 0.05)
    monkeypatch.setattr(redis_module, "REST", 3600)
    with running_redis(tmp_path) as server:
        limiter = RedisLimiter(server.url)
        server.freeze()
        assert [(await limiter.hit("a", limit=5, window=QUARTER)).remaining for _ in range(3)] == [4, 3, 2]
        await limiter.close()


async def test_keys_are_forgotten_when_they_no_longer_matter_or_are_too_many() -> None:
    hands = Hands()
    limiter = LocalLimiter(hands, keys_kept=10)
    for n in range(25):
        await limiter.hit(f"visitor {n}", limit=1, window=QUARTER)
        assert not (await limiter.hit("busy", limit=0, window=QUARTER)).allowed
    assert len(limiter._counts) == 10
    assert "busy" in limiter._counts, "what is in use stays"
    hands.time += 1800
    for n in range(10):
        await limiter.hit(f"newcomer {n}", limit=1, window=QUARTER)
    assert {key for key in limiter._counts if "newcomer" not in key} == set()


@given(
    limit=st.integers(1, 50),
    window=st.floats(0.001, 100_000),
    pauses=st.lists(st.floats(0, 3), min_size=1, max_size=120),
)
async def test_waiting_as_long_as_told_is_always_enough_and_no_window_is_overrun(
    limit: int, window: float, pauses: list[float]
) -> None:
    hands = Hands()
    limiter = LocalLimiter(hands)
    span = timedelta(seconds=window)
    granted: list[float] = []
    for pause in pauses:
        hands.time += pause * window / limit
        answer = await limiter.hit("a", limit=limit, window=span)
        if not answer.allowed:
            hands.time += answer.retry_after
            assert (await limiter.hit("a", limit=limit, window=span)).allowed
        granted.append(hands.time)
    first_window = [moment for moment in granted if moment < granted[0] + span.total_seconds()]
    assert len(first_window) <= limit
    for moment in granted:
        assert len([each for each in granted if moment <= each < moment + span.total_seconds()]) <= 2 * limit
