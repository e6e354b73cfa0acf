"""Roles for attendance on the pages of a guild: rules in plain words, what stands in their way, who has the roles."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from guildhall.core.actor import SYSTEM
from guildhall.domains import attendance
from guildhall.domains.attendance import Mode, Tier, roles
from guildhall.domains.identity import User
from guildhall.settings import Settings
from guildhall.simulator.discord import DiscordSimulator, Fault, guilds
from tests.clock import SettableClock
from tests.dialects.attendance.asking import Place, Voices
from tests.panel.visiting import sign_in, visiting
from tests.serving import Served, settings_for

ENOUGH = timedelta(hours=2)


@pytest.fixture
def settings(sqlite_database_url: str, tmp_path: Path, discord: DiscordSimulator) -> Settings:
    """Settings of a server that asks the simulator about guilds; what pages look like does not depend on the store."""
    asked = {"DISCORD_TOKEN": discord.token, "DISCORD_API_BASE": discord.api_base}
    return settings_for(sqlite_database_url, tmp_path, **asked)


@pytest.fixture
async def tracked(served: Served, place: Place, voices: Voices, clock: SettableClock) -> str:
    """The path of the guild's roles; every channel of it is tracked."""
    house = served.house
    await voices.begin()
    async with house.database.write() as tx:
        await attendance.set_mode(
            tx, SYSTEM, guild_id=int(place.guild), mode=Mode.ALL, now=clock.now(), scene=house.scene
        )
    return f"/panel/guilds/{place.guild}/roles"


@pytest.fixture
async def page(browser: Browser, served: Served, administrator: User) -> AsyncIterator[Page]:
    """A browser of whoever runs the house."""
    async with visiting(browser, served) as page:
        await sign_in(page)
        yield page


async def judge(served: Served, place: Place) -> None:
    """Do what the jobs do."""
    house, guild_id = served.house, int(place.guild)
    await roles.run_roles(house.database, house.role_desk, guild_id=guild_id, now=house.clock.now())
    await roles.give_roles(house.database, house.role_desk, house.clock, guild_id=guild_id)


async def test_a_rule_is_made_gives_its_role_and_shows_who_has_it(
    page: Page, served: Served, place: Place, voices: Voices, discord: DiscordSimulator, tracked: str
) -> None:
    await page.goto(tracked)
    await expect(page.get_by_text("Nobody gets a role for being there yet.")).to_be_visible()
    await expect(page.get_by_label("Number of days")).to_be_hidden()
    await page.get_by_label("Give the role").select_option(label="Regular")
    await page.get_by_label("Hours that count").fill("1,5")
    await page.get_by_label("Among the first").fill("10")
    await page.get_by_label("Take the role back").check()
    await page.get_by_role("button", name="Make the rule").click()
    await expect(page.get_by_text("The rule is saved")).to_be_visible()
    rule = page.get_by_role("link", name="@Regular")
    await expect(rule).to_contain_text("At least 1 h 30 min in this period and in the top 10")
    await expect(page.locator(".rules li")).to_contain_text("0 people")

    await judge(served, place)
    await voices.visited(place.member, place.lounge, ENOUGH)
    await judge(served, place)
    regular = next(each.id for each in discord.guild.roles.values() if each.name == "Regular")
    assert regular in discord.guild.members[place.member].roles
    await page.reload()
    await expect(page.locator(".rules li")).to_contain_text("1 person")
    await rule.click()
    await expect(page.locator(".holders li")).to_contain_text("has it")
    await expect(page.get_by_label("Hours that count")).to_have_value("1.5")

    await page.get_by_label("for what happened in").select_option(label="the last days")
    await page.get_by_role("button", name="Save the rule").click()
    await expect(page.get_by_role("alert")).to_have_text("Say of how many days.")
    await page.get_by_label("Number of days").fill("7")
    await page.get_by_role("button", name="Save the rule").click()
    await expect(rule).to_contain_text("in the last 7 days")
    await rule.click()
    await page.get_by_role("button", name="Delete this rule").click()
    await page.get_by_role("button", name="Delete it").click()
    await expect(page.get_by_text("The rule is deleted")).to_be_visible()
    assert regular in discord.guild.members[place.member].roles


async def test_what_stands_in_the_way_of_a_rule_is_shown(
    page: Page, served: Served, place: Place, discord: DiscordSimulator, tracked: str
) -> None:
    own = next(each for each in discord.guild.roles.values() if each.bot_id)
    host = next(each for each in discord.guild.roles.values() if each.name == "Host")
    guilds.move_roles(discord.world, discord.guild, {host.id: own.position + 1})
    await page.goto(tracked)
    await page.get_by_role("button", name="Make the rule").click()
    await expect(page.get_by_label("Give the role")).to_be_focused()
    await page.get_by_label("Give the role").select_option(label="Host, which the bot cannot give now")
    await page.get_by_label("Hours that count").fill("a few")
    await page.get_by_role("button", name="Make the rule").click()
    await expect(page.get_by_role("alert")).to_have_text("This must be a number of hours, such as 1.5.")
    await page.get_by_label("Hours that count").fill("1")
    await page.get_by_role("button", name="Make the rule").click()
    await expect(page.locator(".rules li")).to_contain_text("move the bot's role above it")
    await expect(page.locator(".rules li")).to_contain_text("cannot be given")

    async with served.house.database.write() as tx:
        await attendance.set_tier(tx, SYSTEM, guild_id=int(place.guild), tier=Tier.FREE, now=served.house.clock.now())
    await page.reload()
    await expect(page.get_by_text("which this guild has not now")).to_be_visible()
    await expect(page.get_by_role("button", name="Make the rule")).to_be_hidden()
    await served.house.directory.forget(int(place.guild))
    discord.faults.add(Fault(status=502), times=100)
    await page.reload()
    await expect(page.locator(".rules li")).to_contain_text(f"role {host.id}")
