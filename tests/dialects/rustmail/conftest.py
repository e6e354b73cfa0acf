"""A house whose staff are people on the simulator of Discord, each with a browser of their own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from guildhall.core.db import Database
from guildhall.settings import Settings
from guildhall.simulator.discord import DiscordSimulator, Limits, simulate
from tests.clock import SettableClock
from tests.dialects.rustmail.people import FrontDesk
from tests.serving import Served, settings_for


@pytest.fixture
async def discord() -> AsyncIterator[DiscordSimulator]:
    """Discord, with one guild, which is the community's and the staff's."""
    async with simulate(limits=Limits(requests=10_000, requests_of_the_bot=10_000)) as simulator:
        yield simulator


@pytest.fixture
def more_settings() -> dict[str, str]:
    """Further settings; redefine it to change them."""
    return {}


@pytest.fixture
def settings(database_url: str, tmp_path: Path, discord: DiscordSimulator, more_settings: dict[str, str]) -> Settings:
    return settings_for(database_url, tmp_path, **discord.settings, **more_settings)


@pytest.fixture
def database(served: Served) -> Database:
    """The database of the house."""
    return served.house.database


@pytest.fixture
async def front(served: Served, discord: DiscordSimulator, clock: SettableClock) -> AsyncIterator[FrontDesk]:
    """The people who come to the desk."""
    async with AsyncExitStack() as stack:
        yield FrontDesk(served, discord, clock, stack)
