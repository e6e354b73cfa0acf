"""The configuration on the panel's pages."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from guildhall.domains import site
from guildhall.panel.configuration_words import SENTENCES
from guildhall.settings import Settings
from tests.serving import Served, settings_for

CONFIGURATION = "/panel/desk/configuration"
ONLY_BY_THE_API = {"command.overrides"}
"""Lists of many parts, which a plain form cannot hold."""


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return settings_for(database_url, tmp_path, DISCORD_GUILD_ID="4242")


def test_every_setting_has_words() -> None:
    assert set(SENTENCES) == {*site.KINDS, *site.SECRETS} - ONLY_BY_THE_API


async def test_a_section_is_saved_and_what_is_wrong_is_said_beside_it(served: Served, page: Page) -> None:
    await page.get_by_role("link", name="Configuration").first.click()
    await expect(page.get_by_text("Everything is as it comes.")).to_be_visible()
    await expect(page.get_by_label("The server", exact=True)).to_be_disabled()
    tickets = page.locator("#form-tickets")
    await tickets.get_by_label("Open at once for each member").fill("99")
    await tickets.get_by_label("Only who claimed a ticket may reply").check()
    await tickets.get_by_role("button", name="Save").click()
    await expect(tickets.get_by_role("alert").first).to_contain_text("nothing was changed")
    await expect(tickets.get_by_label("Only who claimed a ticket may reply")).to_be_checked()
    assert served.house.site.now.version == 0
    await tickets.get_by_label("Open at once for each member").fill("5")
    await tickets.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved. It counts from now on, everywhere.")).to_be_visible()
    saved = served.house.site.now.document.tickets
    assert (saved.max_open_per_user, saved.claim_exclusive, saved.enabled) == (5, True, True)

    office = page.locator("#form-office")
    await office.get_by_label("Hours", exact=True).fill("mon 09:00-17:00\nTuesday 10:00 to 12:00")
    await office.get_by_label("Holidays").fill("2026-12-25, 2027-01-01")
    await office.get_by_role("button", name="Save").click()
    await expect(office.get_by_label("Hours", exact=True)).to_have_value("mon 09:00-17:00\ntue 10:00-12:00")
    assert len(served.house.site.now.document.office_hours.holidays) == 2

    secrets = page.locator("#form-application")
    await secrets.get_by_label("Bot token").fill("a token of nobody")
    await secrets.get_by_role("button", name="Save").click()
    await expect(secrets.get_by_text("A value is set")).to_be_visible()
    await secrets.get_by_role("button", name="Save").click()
    await expect(secrets.get_by_text("A value is set")).to_be_visible()
    assert served.house.site.now.secret("bot.token") == "a token of nobody"
    assert "a token of nobody" not in await page.content()


async def test_a_form_that_is_older_than_somebody_elses_change_is_not_saved(served: Served, page: Page) -> None:
    await page.goto(CONFIGURATION)
    async with page.context.expect_page() as opening:
        await page.evaluate("path => window.open(path)", CONFIGURATION)
    other = await opening.value
    for each, text in ((other, "theirs"), (page, "mine")):
        form = each.locator("#form-presence")
        await form.get_by_label("Activity").fill(text)
        await form.get_by_role("button", name="Save").click()
        await expect(each.get_by_text("Saved." if text == "theirs" else "Somebody else has changed")).to_be_visible()
    assert served.house.site.now.document.bot.status == "theirs"
    await expect(page.get_by_label("Activity")).to_have_value("mine")
