"""Whatever Discord does, the server runs, and says why the bot does not."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from guildhall.bot.backoff import Backoff
from guildhall.bot.gateway import Socket
from guildhall.domains import bot
from guildhall.domains.bot import IDENTIFIES_A_DAY, Phase
from guildhall.simulator.discord import DiscordSimulator, Fault
from tests.bot.conftest import Scene, until
from tests.clock import SettableClock
from tests.serving import free_port

Scenes = Callable[..., Any]


async def test_it_is_stopped_and_started_and_that_is_remembered(scenes: Scenes, discord: DiscordSimulator) -> None:
    async with scenes() as scene:
        assert (await scene.comes_to(Phase.CONNECTED)).identifies == 1

        async def measured() -> bool:
            await scene.supervisor.report()
            state = await scene.state()
            return state.latency_ms is not None and state.guilds == 1 and state.heard_at is not None

        await until(measured)
        await scene.ask(bot.stop_bot)
        await scene.comes_to(Phase.STOPPED, "Somebody stopped it")
        # Discord was told goodbye: nothing is left to resume.
        assert discord.gateway.sessions == {}
    async with scenes() as scene:
        await scene.comes_to(Phase.STOPPED, "Somebody stopped it")
        await scene.ask(bot.start_bot)
        assert (await scene.comes_to(Phase.CONNECTED)).identifies == 2


async def test_an_answer_that_comes_at_once_is_measured_from_its_own_heartbeat(scenes: Scenes) -> None:
    async with scenes() as scene:
        await scene.comes_to(Phase.CONNECTED)
        assert scene.supervisor.bot is not None
        socket = scene.supervisor.bot.ws
        assert isinstance(socket, Socket)
        await asyncio.wait_for(socket.pulse.well.wait(), 20)
        sent = time.perf_counter()
        # Here nobody reads the clock after it was sent, as the library's thread does when it gets its turn.
        await socket.send_heartbeat({"op": socket.HEARTBEAT, "d": socket.sequence})
        await asyncio.wait_for(socket.pulse.well.wait(), 20)
        assert socket.latency <= time.perf_counter() - sent


@pytest.mark.parametrize("environment", ["development", "production"])
async def test_without_a_token_it_waits_and_says_so(scenes: Scenes, environment: str) -> None:
    async with scenes(DISCORD_TOKEN="", ENVIRONMENT=environment) as scene:
        state = await scene.comes_to(Phase.WAITING, "DISCORD_TOKEN")
        assert ("simulator" in state.reason) is (environment == "development")


async def test_a_discord_that_is_away_is_tried_again(scenes: Scenes, discord: DiscordSimulator) -> None:
    nobody = free_port()
    async with scenes(DISCORD_API_BASE=f"http://127.0.0.1:{nobody}/api/v10") as scene:
        await scene.comes_to(Phase.WAITING, "cannot be reached")
    async with scenes(DISCORD_GATEWAY_URL=f"ws://127.0.0.1:{nobody}/") as scene:
        assert (await scene.comes_to(Phase.WAITING, "cannot be reached")).wanted
    discord.faults.add(Fault(path="/api/v10/users/@me", status=400), times=1)
    discord.faults.add(Fault(path="/gateway", status=502), times=1)
    async with scenes() as scene:
        await scene.comes_to(Phase.WAITING, "status 400")
        await scene.comes_to(Phase.CONNECTED)


async def test_a_discord_that_asks_to_slow_down_is_obeyed(scenes: Scenes, discord: DiscordSimulator) -> None:
    discord.faults.add(Fault(path="/api/v10/users/@me", retry_after=0.05), times=6)
    async with scenes() as scene:
        await scene.comes_to(Phase.WAITING, "status 429")
        await scene.comes_to(Phase.CONNECTED)


async def test_a_wrong_token_is_final_until_somebody_starts_the_bot(scenes: Scenes, discord: DiscordSimulator) -> None:
    right = discord.token
    async with scenes(DISCORD_TOKEN="nonsense") as scene:
        await scene.comes_to(Phase.FAILED, "DISCORD_TOKEN")
        assert discord.gateway.identified == 0
    async with scenes() as scene:
        await scene.comes_to(Phase.CONNECTED)
        discord.world.application.token = "another"
        await scene.steer("POST", "/faults", drop_gateway=True)
        await scene.comes_to(Phase.FAILED, "4004")
        discord.world.application.token = right
        await scene.ask(bot.start_bot)
        await scene.comes_to(Phase.CONNECTED)


async def test_intents_that_were_not_granted_are_named(scene: Scene) -> None:
    await scene.steer("POST", "/faults", drop_gateway=4014)
    assert "developer portal" in (await scene.comes_to(Phase.FAILED, "4014")).reason


async def test_a_session_too_many_is_not_begun(scenes: Scenes, clock: SettableClock, discord: DiscordSimulator) -> None:
    async with scenes() as scene:
        await scene.comes_to(Phase.CONNECTED)
        async with scene.house.database.write() as tx:
            for _ in range(IDENTIFIES_A_DAY - 1):
                assert await bot.count_identify(tx, now=clock.now())
            assert not await bot.count_identify(tx, now=clock.now())
        assert (await scene.state()).identifies_left(clock.now()) == 0
    async with scenes() as scene:
        await scene.comes_to(Phase.WAITING, "in a day")
        assert discord.gateway.identified == 1
        clock.advance(timedelta(days=1))
        await scene.ask(bot.start_bot)
        assert (await scene.comes_to(Phase.CONNECTED)).identifies == 1


async def test_one_of_two_processes_has_the_bot(scenes: Scenes, discord: DiscordSimulator) -> None:
    async with scenes() as first:
        await first.comes_to(Phase.CONNECTED)
        async with scenes() as second:
            assert second.supervisor.bot is None
            await first.supervisor.stop()
            await second.comes_to(Phase.CONNECTED)
            assert (first.supervisor.bot, second.supervisor.bot is None) == (None, False)
    assert discord.gateway.identified == 2


async def test_a_process_that_died_with_the_bot_is_noticed(scene: Scene, clock: SettableClock) -> None:
    # Silence is all that others see of its death.
    state = await scene.state()
    assert state.is_silent(clock.now() + timedelta(seconds=61))
    async with scene.house.database.read() as tx:
        later = await bot.state_of(tx, now=clock.now() + timedelta(seconds=61))
    assert (later.phase, later.wanted) == (Phase.STOPPED, True)


def test_waiting_times_grow_to_a_limit_and_are_never_the_same() -> None:
    backoff = Backoff(first=1, longest=8)
    waits = [backoff.next() for _ in range(50)]
    assert all(due / 2 <= wait <= due for wait, due in zip(waits, [1, 2, 4, *[8] * 47], strict=True))
    assert len(set(waits)) == 50
    backoff.reset()
    assert backoff.next() <= 1
