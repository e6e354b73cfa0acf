from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import discord
import httpx
import pytest

from guildhall.simulator.discord import DiscordSimulator, simulate
from tests.clock import SettableClock
from tests.services.discord import HastyBot, running_bot
from tests.simulator.discord.description import Recorder

Json: TypeAlias = Any
Steer: TypeAlias = Callable[..., Awaitable[Json]]


@pytest.fixture
def recorder() -> Recorder:
    """What the simulator was asked and answered."""
    return Recorder()


@pytest.fixture
async def simulator(clock: SettableClock, recorder: Recorder) -> AsyncIterator[DiscordSimulator]:
    """Discord, whose time the test moves, and whose every answer is as Discord describes it."""
    async with simulate(clock=clock, watch=recorder.watch) as simulator:
        yield simulator
    assert recorder.faults == []


@pytest.fixture
async def bot(simulator: DiscordSimulator) -> AsyncIterator[HastyBot]:
    """A bot of discord.py that hears everything."""
    async with running_bot(simulator) as bot:
        yield bot


@pytest.fixture
def guild(bot: HastyBot, simulator: DiscordSimulator) -> discord.Guild:
    """The guild as the bot sees it."""
    found = bot.get_guild(int(simulator.guild.id))
    assert found is not None
    return found


@pytest.fixture
def general(guild: discord.Guild) -> discord.TextChannel:
    """A channel where everybody writes."""
    found = discord.utils.get(guild.text_channels, name="general")
    assert found is not None
    return found


@pytest.fixture
def rosa(simulator: DiscordSimulator) -> str:
    """The id of a member without any role."""
    return next(each.id for each in simulator.world.users.values() if each.username == "rosa.m")


@pytest.fixture
async def client(simulator: DiscordSimulator) -> AsyncIterator[httpx.AsyncClient]:
    """A bare HTTP client with the bot's token."""
    headers = {"Authorization": f"Bot {simulator.token}"}
    async with httpx.AsyncClient(base_url=simulator.address, headers=headers) as client:
        yield client


@pytest.fixture
def steer(client: httpx.AsyncClient) -> Steer:
    """Steers by the control side; what is awaited is the answer's body, None where there is none."""

    async def steered(method: str, path: str, /, *, refused: int | None = None, **body: object) -> Json:
        answer = await client.request(method, f"/_sim{path}", json=body or None)
        assert answer.is_success if refused is None else answer.status_code == refused, answer.text
        return answer.json() if answer.content else None

    return steered
