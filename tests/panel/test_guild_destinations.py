"""Which channels of a guild are told what happens, set up in a browser."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from guildhall.domains.identity import User
from guildhall.settings import Settings
from guildhall.simulator.discord import DiscordSimulator
from tests.dialects.attendance.asking import Place, Voices
from tests.panel.test_guild_journeys import OVERFLOW, track_all
from tests.panel.test_looks import FAULTS_OF_READING, PHONE
from tests.panel.visiting import sign_in, visiting
from tests.serving import Served, settings_for


@pytest.fixture
def settings(database_url: str, tmp_path: Path, discord: DiscordSimulator) -> Settings:
    """Settings of a server that asks the simulator about guilds."""
    return settings_for(database_url, tmp_path, DISCORD_TOKEN=discord.token, DISCORD_API_BASE=discord.api_base)


async def test_a_channel_is_told_what_was_chosen_for_it_until_it_is_told_no_more(
    browser: Browser, served: Served, administrator: User, place: Place, voices: Voices, tmp_path: Path
) -> None:
    await track_all(served, place, voices)
    async with visiting(browser, served) as page, visiting(browser, served, viewport=PHONE) as phone:
        await sign_in(page)
        await page.goto(f"/panel/guilds/{place.guild}/destinations")
        await expect(page.get_by_text("No channel is told anything yet.")).to_be_visible()
        await page.get_by_label("Channel", exact=True).select_option("#general")
        await page.get_by_role("button", name="Tell it", exact=True).click()
        general = page.get_by_role("region", name="#general")
        await expect(general.get_by_label("Sessions that end")).to_be_checked()
        await general.get_by_label("Sessions that end").uncheck()
        await general.get_by_label("The current board", exact=False).first.check()
        await general.get_by_label("The current board comes").select_option("weekly")
        await general.get_by_role("button", name="Save").click()
        await expect(general.get_by_label("Sessions that end")).not_to_be_checked()
        await expect(general.get_by_label("The current board comes")).to_have_value("weekly")
        assert await page.evaluate(FAULTS_OF_READING) == []
        await page.screenshot(path=tmp_path / "destinations.png", full_page=True)
        await sign_in(phone)
        await phone.goto(page.url)
        assert await phone.evaluate(OVERFLOW) == 0
        await general.get_by_role("button", name="Tell it no more…").click()
        await page.get_by_role("button", name="Tell it no more", exact=True).click()
        await expect(page.get_by_text("No channel is told anything yet.")).to_be_visible()
