"""The page of the bot, as an operator uses it."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from guildhall.bot import Supervisor
from guildhall.domains import identity
from guildhall.domains.bot import Phase
from guildhall.settings import Settings
from guildhall.simulator.discord import DiscordSimulator
from tests.bot.conftest import Scene
from tests.clock import SettableClock
from tests.panel.conftest import browser  # noqa: F401 (a fixture)
from tests.panel.visiting import sign_in, visiting
from tests.serving import Served, settings_for


@pytest.fixture
def settings(database_url: str, tmp_path: Path, discord: DiscordSimulator) -> Settings:
    """Settings of a server whose bot talks to the simulated Discord."""
    return settings_for(database_url, tmp_path, **discord.settings)


async def test_the_bot_is_watched_stopped_and_started(
    browser: Browser,  # noqa: F811 (the fixture)
    served: Served,
    administrator: identity.User,
    clock: SettableClock,
    discord: DiscordSimulator,
) -> None:
    supervisor = Supervisor(served.house)
    scene = Scene(served.house, clock, discord, supervisor)
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.get_by_role("link", name="Bot", exact=True).click()
        await expect(page.get_by_text("It has not been started yet.")).to_be_visible()
        await expect(page.get_by_text("The bot has seen no guild yet.")).to_be_visible()
        supervisor.start()
        try:
            await expect(page.get_by_text("Connected to Discord.")).to_be_visible()
            await expect(page.get_by_text("The Lantern")).to_be_visible()
            await page.get_by_role("button", name="Stop it…").click()
            await page.get_by_role("button", name="Stop it", exact=True).click()
            await expect(page.get_by_text("Somebody stopped it.")).to_be_visible()
            await scene.comes_to(Phase.STOPPED)
            await page.get_by_role("button", name="Start it").click()
            await expect(page.get_by_text("Connected to Discord.")).to_be_visible()
            async with served.client() as client:
                assert (await client.get("/health")).json()["checks"] == {"database": "ok", "bot": "simulated"}
        finally:
            await supervisor.stop()
