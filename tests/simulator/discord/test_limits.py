import asyncio
from collections.abc import AsyncIterator

import discord
import httpx
import pytest

from guildhall.simulator.discord import DiscordSimulator, Limits, simulate
from tests.clock import SettableClock
from tests.services.discord import HastyBot
from tests.simulator.discord.conftest import Steer


@pytest.fixture
async def strict(clock: SettableClock) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a Discord that allows two requests in each bucket and five in all, for as long as the test runs."""
    async with simulate(clock=clock, limits=Limits(requests=2, seconds=600, requests_of_the_bot=5)) as simulator:
        headers = {"Authorization": f"Bot {simulator.token}"}
        async with httpx.AsyncClient(base_url=simulator.api_base, headers=headers) as client:
            yield client


async def test_a_bucket_says_what_is_left_and_refuses_when_nothing_is(strict: httpx.AsyncClient) -> None:
    left = [await strict.get("/users/@me") for _ in range(2)]
    assert [each.headers["X-RateLimit-Remaining"] for each in left] == ["1", "0"]
    assert len({each.headers["X-RateLimit-Bucket"] for each in left}) == 1
    limited = await strict.get("/users/@me")
    assert limited.status_code == 429
    assert (limited.json()["global"], limited.headers["X-RateLimit-Scope"]) == (False, "user")
    assert 0 < limited.json()["retry_after"] <= 600
    assert limited.headers["Via"]
    assert (await strict.get("/users/@me/guilds")).headers["X-RateLimit-Remaining"] == "1"
    assert (await strict.get("/voice/regions")).is_success
    whole = await strict.get("/gateway/bot")
    assert (whole.status_code, whole.json()["global"], whole.headers["X-RateLimit-Global"]) == (429, True, "true")


@pytest.mark.parametrize("whole", [False, True])
async def test_a_bot_waits_as_long_as_it_is_told(
    simulator: DiscordSimulator, bot: HastyBot, general: discord.TextChannel, steer: Steer, *, whole: bool
) -> None:
    limit = {"retry_after": 0.01, "global": whole}
    await steer("POST", "/faults", rate_limit=limit, times=2, path="/api/v10/channels")
    await general.send("At last")
    assert [each.content async for each in general.history()] == ["At last"]


async def test_answers_may_be_errors_late_or_both_until_all_is_well(
    simulator: DiscordSimulator, client: httpx.AsyncClient, steer: Steer
) -> None:
    await steer("POST", "/faults", status=503, times=2)
    broken = [(await client.get("/api/v10/users/@me")).status_code for _ in range(3)]
    assert broken == [503, 503, 200]
    await steer("POST", "/faults", status=401, path="/api/v10/guilds", times=5)
    assert (await client.get("/api/v10/users/@me")).status_code == 200
    assert (await client.get(f"/api/v10/guilds/{simulator.guild.id}")).json() == {
        "message": "401: Unauthorized",
        "code": 0,
    }
    await steer("DELETE", "/faults")
    assert (await client.get(f"/api/v10/guilds/{simulator.guild.id}")).status_code == 200

    await steer("POST", "/faults", delay_ms=60_000)
    waiting = asyncio.create_task(client.get("/api/v10/users/@me"))
    await steer("DELETE", "/faults")
    assert (await waiting).status_code == 200
    await steer("POST", "/faults", status=502, path="/gateway")
    assert (await client.get("/gateway")).status_code == 502
