"""Browsers that visit the panel of a test's server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Page, expect

from tests.serving import ADMIN_NAME, ADMIN_PASSWORD, Served

TUESDAY = 3
"""The column of the second day in the week's table; the first names the room."""


# A machine that does much else shows a page late; a page that never shows what is expected fails as surely.
expect.set_options(timeout=20_000)


@asynccontextmanager
async def visiting(browser: Browser, served: Served, **options: Any) -> AsyncIterator[Page]:  # noqa: ANN401 (Playwright's)
    """Open a page in a browser of its own, with its own cookies. A script's fault fails the test."""
    context = await browser.new_context(base_url=served.url, locale="en-GB", **options)
    faults: list[str] = []
    page = await context.new_page()
    page.on("pageerror", lambda fault: faults.append(f"{fault.name}: {fault.message}"))
    try:
        yield page
    finally:
        await context.close()
    assert faults == [], faults


async def sign_in(page: Page, name: str = ADMIN_NAME, password: str = ADMIN_PASSWORD) -> None:
    """Come in through the door and stand before the week of the rooms."""
    await page.goto("/panel/sign-in")
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page).to_have_url(f"{page.url.partition('/panel')[0]}/panel/rooms")


async def click_free_place(page: Page, room: str, hour: int, *, column: int = TUESDAY) -> None:
    """Click where a room's strip of a day shows an hour of the afternoon or morning, and wait for the form."""
    strip = page.locator(f"#board tr:has(th:text-is('{room}'), th a:text-is('{room}')) > :nth-child({column}) .strip")
    box = await strip.bounding_box()
    assert box is not None
    at = (hour + 0.25 - 8) / (22 - 8)
    await strip.click(position={"x": box["width"] * at, "y": box["height"] / 2})
    await expect(page.get_by_label("What for")).to_be_visible()


async def book(page: Page, title: str) -> None:
    """Fill the form that is open, and send it."""
    await page.get_by_label("What for").fill(title)
    await page.get_by_role("button", name="Book", exact=True).click()
