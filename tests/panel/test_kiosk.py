"""The page for a screen on a wall: off until it is wanted, nobody's name on it, and nobody needed to keep it going."""

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, expect

from guildhall import demo
from guildhall.demo.house import NEIGHBOURS
from guildhall.settings import Settings
from tests.clock import SettableClock
from tests.panel.visiting import visiting
from tests.serving import Served, settings_for

THURSDAY_NOON = datetime(2026, 3, 5, 11, 20, tzinfo=UTC)
NIGHT = datetime(2026, 3, 5, 22, 0, tzinfo=UTC)


class TestTurnedOn:
    """A house that has a screen on its wall."""

    @pytest.fixture
    def settings(self, database_url: str, tmp_path: Path) -> Settings:
        """Settings that turn the page on."""
        return settings_for(database_url, tmp_path, COMMONSHUB_KIOSK="true")

    async def test_a_stranger_reads_what_is_on_and_what_is_free_and_no_names(
        self, browser: Browser, served: Served, clock: SettableClock
    ) -> None:
        await demo.fill(served.house)
        clock.set(THURSDAY_NOON)
        async with visiting(browser, served, viewport={"width": 1920, "height": 1080}) as page:
            await page.goto("/kiosk")
            await expect(page.get_by_role("heading", level=1)).to_have_text("Thursday 5 March")
            ostrom = page.locator("li", has_text="Ostrom Room")
            await expect(ostrom).to_contain_text("Free until 19:00")
            await expect(ostrom).to_contain_text("Film night")
            await expect(page.locator("li", has_text="Coworking")).to_contain_text("Closed until 19:00")
            await expect(page.locator(".turns .running")).to_contain_text("1 place left")
            text = await page.locator("main").inner_text()
            assert [each.name for each in NEIGHBOURS if each.name.partition(" ")[0] in text] == []
            await expect(page.locator("main :is(a, button, form)")).to_have_count(0)
            clock.set(NIGHT)
            await page.goto("/kiosk?theme=dark")
            await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
            await expect(page.get_by_text("No more shifts today.")).to_be_visible()
            await expect(ostrom).to_contain_text("Closed for today")

    async def test_it_loads_itself_each_minute_and_says_so_when_it_cannot(
        self, browser: Browser, served: Served, clock: SettableClock
    ) -> None:
        async with visiting(browser, served) as page:
            await page.clock.install()
            clock.set(THURSDAY_NOON)
            await page.goto("/kiosk")
            await expect(page.locator("time")).to_have_text("12:20")
            await page.route("**/kiosk", lambda route: route.abort())
            await page.clock.fast_forward("01:01")
            await expect(page.locator(".stale")).to_be_visible()
            await page.unroute("**/kiosk")
            clock.set(NIGHT)
            await page.clock.fast_forward("01:01")
            await expect(page.locator("time")).to_have_text("23:00")
            await expect(page.locator(".stale")).to_be_hidden()


class TestWithSecretCalendars:
    """A house that shows nobody what is on in its rooms."""

    @pytest.fixture
    def settings(self, database_url: str, tmp_path: Path) -> Settings:
        """Settings that keep the rooms' calendars to those who live here."""
        return settings_for(database_url, tmp_path, COMMONSHUB_KIOSK="true", COMMONSHUB_PUBLIC_CALENDARS="false")

    async def test_titles_are_kept_too(self, served: Served, clock: SettableClock) -> None:
        await demo.fill(served.house)
        clock.set(THURSDAY_NOON)
        async with httpx.AsyncClient(base_url=served.url) as stranger:
            text = (await stranger.get("/kiosk")).text
        assert "Film night" not in text
        assert "Busy" in text


async def test_without_the_setting_there_is_no_such_page(served: Served) -> None:
    async with httpx.AsyncClient(base_url=served.url) as stranger:
        answer = await stranger.get("/kiosk")
    assert (answer.status_code, "Lost in the house" in answer.text) == (404, True)
