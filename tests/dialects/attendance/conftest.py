"""A house that asks the simulator of Discord who may manage its guild, and clients with tokens for that guild."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from guildhall.core.db import Database
from guildhall.settings import Settings
from guildhall.simulator.discord import DiscordSimulator, Limits, simulate
from tests.clock import SettableClock
from tests.dialects.attendance.asking import SECRET, WEBHOOK_SECRET, Place, Voices, token
from tests.serving import Served, settings_for


@pytest.fixture
async def discord() -> AsyncIterator[DiscordSimulator]:
    """Discord, with one guild, which the bot is in."""
    async with simulate(limits=Limits(requests=10_000, requests_of_the_bot=10_000)) as simulator:
        yield simulator


@pytest.fixture
def more_settings() -> dict[str, str]:
    """Further settings; redefine it to change them."""
    return {}


@pytest.fixture
def settings(database_url: str, tmp_path: Path, discord: DiscordSimulator, more_settings: dict[str, str]) -> Settings:
    more = {
        "API_INTERNAL_SECRET": SECRET,
        "WEBHOOK_SECRET": WEBHOOK_SECRET,
        "DISCORD_TOKEN": discord.token,
        "DISCORD_API_BASE": discord.api_base,
        "DISCORD_CLIENT_ID": discord.world.application.id,
        **more_settings,
    }
    return settings_for(database_url, tmp_path, **more)


@pytest.fixture
def place(discord: DiscordSimulator) -> Place:
    """The ids of the guild and of what is in it."""
    return Place.of(discord)


@pytest.fixture
async def manager(served: Served, place: Place, clock: SettableClock) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the guild's owner, whose paths begin behind the guild."""
    headers = {"Authorization": f"Bearer {token(place.owner, place.guild, clock)}"}
    async with served.client(headers=headers) as client:
        client.base_url = f"{served.url}/api/v1/guilds/{place.guild}/"
        yield client


@pytest.fixture
async def anybody(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a credential."""
    async with served.client() as client:
        yield client


@pytest.fixture
def database(served: Served) -> Database:
    """The database of the house."""
    return served.house.database


@pytest.fixture
def voices(served: Served, place: Place, clock: SettableClock) -> Voices:
    """People who come and go in the guild's voice channels, as whoever watches the gateway tells of them."""
    return Voices(served.house, int(place.guild), clock)
