"""Setting a new house up, in the browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from guildhall.domains import bot, site
from guildhall.settings import Settings
from guildhall.simulator.discord import DiscordSimulator, simulate
from tests.panel.visiting import visiting
from tests.serving import Served, settings_for

TOKEN = "lantern-setup-4711"


@pytest.fixture
def engine() -> str:
    """What is tested here does not depend on the engine."""
    return "sqlite"


@pytest.fixture
async def discord() -> AsyncIterator[DiscordSimulator]:
    async with simulate() as simulator:
        yield simulator


@pytest.fixture
def settings(database_url: str, tmp_path: Path, discord: DiscordSimulator) -> Settings:
    """A house in production that knows where Discord is, and nothing else of it."""
    places = {name: discord.settings[name] for name in ("DISCORD_API_BASE", "DISCORD_GATEWAY_URL")}
    return settings_for(database_url, tmp_path, SETUP_TOKEN=TOKEN, ENVIRONMENT="production", **places)


async def configured(served: Served, discord: DiscordSimulator) -> None:
    """Check that everything which was entered is in force."""
    house = served.house
    document = house.site.now.document
    assert (document.bot.status, document.bot.timezone, document.bot.enable_logs) == (
        "Write to us", "Europe/Berlin", True,
    )  # fmt: skip
    assert (house.site.now.secret(site.TOKEN), house.discord.guild_id) == (discord.token, int(discord.guild.id))
    assert document.bot.panel_super_admin_users == (str(discord.guild.owner_id),)
    async with house.database.read() as tx:
        assert (await bot.state_of(tx, now=house.clock.now())).wanted


async def test_an_operator_is_led_to_the_wizard_and_through_it(
    served: Served, browser: Browser, discord: DiscordSimulator
) -> None:
    guild, application = discord.guild, discord.world.application
    async with visiting(browser, served) as page:
        await page.goto("/panel")
        await page.get_by_role("link", name="Set it up").click()
        token = page.get_by_label("Setup token")
        await token.fill("a guess")
        await page.get_by_role("button", name="Begin").click()
        await expect(page.get_by_role("alert")).to_have_text("Invalid setup token.")
        await token.fill(TOKEN)
        await page.get_by_role("button", name="Begin").click()

        await page.get_by_label("Bot token").fill("wrong")
        await page.get_by_role("button", name="Ask Discord").click()
        await expect(page.get_by_role("alert")).to_have_text("Discord does not know this token.")
        await page.get_by_label("Bot token").fill(discord.token)
        await page.get_by_role("button", name="Ask Discord").click()

        await expect(page.get_by_text(f"This is {discord.world.bot.username}")).to_be_visible()
        await page.get_by_label("Server of the community").select_option(guild.name)
        await page.get_by_role("button", name="Go on").click()
        category = page.get_by_label("Category for tickets")
        await page.get_by_role("button", name="Go on").click()
        await expect(page.get_by_role("alert")).to_have_text("This is needed.")
        await category.select_option(index=1)
        await page.get_by_label("Channel for the log").select_option(index=1)
        await page.get_by_role("button", name="Go on").click()

        await page.get_by_label("Ids of people on Discord").fill(str(guild.owner_id))
        await page.get_by_label("Client id").fill(application.id)
        await page.get_by_label("Client secret").fill("wrong")
        await page.get_by_role("button", name="Go on").click()
        await expect(page.get_by_role("alert")).to_contain_text("no application with this id")
        await page.get_by_label("Client secret").fill(application.secret)
        await page.get_by_role("button", name="Go on").click()

        # One may look back, and what was entered is still there.
        await page.get_by_role("link", name="Server", exact=True).click()
        await expect(page.get_by_label("Server of the community")).to_have_value(guild.id)
        await page.get_by_role("button", name="Go on").click()
        await page.get_by_label("Below its name").fill("Write to us")
        await page.get_by_label("Time zone").fill("Mars/Olympus")
        await page.get_by_role("button", name="Save and start the bot").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await page.get_by_label("Time zone").fill("Europe/Berlin")
        await page.get_by_role("button", name="Save and start the bot").click()
        await expect(page.get_by_role("heading", name="The house is set up")).to_be_visible()
        assert "setup" not in {each["name"] for each in await page.context.cookies()}
        await page.get_by_role("link", name="To the door").click()
        await expect(page.get_by_role("link", name="Sign in with Discord")).to_be_visible()
        await expect(page.get_by_role("link", name="Set it up")).to_have_count(0)
    await configured(served, discord)
