"""The page of the bot, as an operator uses it."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from guildhall.bot import Supervisor
from guildhall.domains import identity
from guildhall.domains.bot import Phase
from guildhall.settings import Settings
from guildhall.simulator.discord import DiscordSimulator, Fault
from tests.bot.conftest import Scene
from tests.clock import SettableClock
from tests.panel.conftest import browser  # noqa: F401 (a fixture)
from tests.panel.visiting import sign_in, visiting
from tests.serving import Served, settings_for


@pytest.fixture
def settings(database_url: str, tmp_path: Path, discord: DiscordSimulator) -> Settings:
    """Settings of a server whose bot talks to the simulated Discord."""
    cogs = {"COGS_DIR": str(tmp_path / "cogs"), "COGS_ALLOWED": "dice,lights"}
    return settings_for(database_url, tmp_path, **discord.settings, **cogs)


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
            await expect(page.get_by_role("region", name="Guilds").get_by_text("The Lantern")).to_be_visible()
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


COG = """
async def setup(bot):
    bot.greeted = True
"""


async def test_commands_are_shown_and_cogs_are_loaded_and_unloaded(
    browser: Browser,  # noqa: F811 (the fixture)
    served: Served,
    administrator: identity.User,
    tmp_path: Path,
    discord: DiscordSimulator,
) -> None:
    folder = tmp_path / "cogs"
    folder.mkdir()
    (folder / "dice.py").write_text(COG)
    (folder / "lights.py").write_text("def setup(:")
    supervisor = Supervisor(served.house)
    place = f"/api/v10/applications/{discord.world.application.id}"
    discord.faults.add(Fault(path=place, status=503), times=1)
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.get_by_role("link", name="Bot", exact=True).click()
        await expect(page.get_by_text("Discord has not been told of any commands yet.")).to_be_visible()
        await page.get_by_role("button", name="Load dice").click()
        await expect(page.get_by_text("waits for the bot")).to_be_visible()
        supervisor.start()
        try:
            await expect(page.get_by_text("Discord answered with status 503")).to_be_visible()
            dice = page.get_by_role("listitem").filter(has_text="dice")
            await expect(dice.get_by_text("loaded", exact=True)).to_be_visible()
            await page.get_by_role("button", name="Load lights").click()
            await expect(page.get_by_text("lights.py, line 1: SyntaxError")).to_be_visible()
            await expect(page.get_by_text(re.compile(r"\d+ commands, registered"))).to_be_visible()
            await page.get_by_role("button", name="Reload dice").click()
            await expect(dice.get_by_text("loaded", exact=True)).to_be_visible()
            await page.get_by_role("button", name="Unload dice").click()
            await expect(dice.get_by_text("not loaded", exact=True)).to_be_visible()
            (folder / "lights.py").unlink()
            await page.reload()
            await expect(page.get_by_text("not in the folder")).to_be_visible()
        finally:
            await supervisor.stop()
