"""A house whose environment names accounts, beside a simulated Discord."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from guildhall.simulator.discord import DiscordSimulator, Limits, simulate
from tests.clock import SettableClock
from tests.dialects.hazebot.sessions.lobby import ACCOUNTS, MODERATORS, Lobby
from tests.serving import free_port, serving, settings_for


@pytest.fixture
async def discord() -> AsyncIterator[DiscordSimulator]:
    """Discord, with one guild, which is the community's."""
    async with simulate(limits=Limits(requests=10_000, requests_of_the_bot=10_000)) as simulator:
        yield simulator


@pytest.fixture
def more_settings() -> dict[str, str]:
    """Further settings; redefine it to change them."""
    return {}


@pytest.fixture
async def lobby(
    database_url: str, tmp_path: Path, clock: SettableClock, discord: DiscordSimulator, more_settings: dict[str, str]
) -> AsyncIterator[Lobby]:
    """The way in, at the address that the server names itself."""
    port = free_port()
    moderators = next(each.id for each in discord.guild.roles.values() if each.name == MODERATORS)
    environ = {
        **discord.settings,
        **ACCOUNTS,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "MODERATOR_ROLE_ID": moderators,
        **more_settings,
    }
    settings = settings_for(database_url, tmp_path, **environ)
    async with serving(settings, clock=clock, port=port) as served, Lobby(served, discord, clock) as lobby:
        yield lobby
