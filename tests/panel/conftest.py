"""A browser for tests of the panel, and a Discord with a guild for those of the guilds' pages."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright

from guildhall.core.db.base import Engine
from guildhall.simulator.discord import DiscordSimulator, Limits, simulate
from tests.clock import SettableClock
from tests.dialects.attendance.asking import Place, Voices
from tests.panel.visiting import sign_in, visiting
from tests.serving import Served

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture
def engine() -> Engine:
    """One engine: pages call verbs that are tested on both."""
    return "sqlite"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def page(served: Served, browser: Browser, administrator: object) -> AsyncIterator[Page]:
    """The administrator's browser."""
    async with visiting(browser, served) as page:
        await sign_in(page)
        yield page


@pytest.fixture
async def discord() -> AsyncIterator[DiscordSimulator]:
    """Discord, with one guild, which the bot is in."""
    async with simulate(limits=Limits(requests=10_000, requests_of_the_bot=10_000)) as simulator:
        yield simulator


@pytest.fixture
def place(discord: DiscordSimulator) -> Place:
    """The ids of the guild and of what is in it."""
    return Place.of(discord)


@pytest.fixture
def voices(served: Served, place: Place, clock: SettableClock) -> Voices:
    """People who come and go in the guild's voice channels, as whoever watches the gateway tells of them."""
    return Voices(served.house, int(place.guild), clock)
