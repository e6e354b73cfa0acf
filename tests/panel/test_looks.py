"""How every page looks and is read: on a phone, in the dark, by the keyboard and by a screen reader."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from guildhall import demo
from guildhall.domains.identity import User
from guildhall.settings import Settings
from tests.panel.visiting import sign_in, visiting
from tests.serving import Served, settings_for

PAGES = (
    "/panel/rooms",
    "/panel/rooms/ostrom",
    "/panel/book?room=ostrom&date=2026-03-03&start=10:00",
    "/panel/bookings",
    "/panel/shifts?date=2026-03-03",
    "/panel/shifts/print?day=2026-03-03",
    "/auth/verify?code=123456",
    "/panel/tickets",
    "/panel/desk",
    "/panel/desk/new",
    "/panel/actions",
    "/panel/account",
    "/panel/people",
    "/panel/people?q=rossi",
    "/panel/people?q=nobody",
    "/panel/office/rooms",
    "/panel/office/rooms/new",
    "/panel/office/rooms/ostrom",
    "/panel/office/closed-days",
    "/panel/office/plans",
    "/panel/office/plans/new",
    "/panel/office/plans/1970-01-01",
    "/panel/office/tokens",
    "/panel/office/tokens/new",
    "/panel/office/tokens/CHT",
    "/panel/office/calendars",
    "/panel/office/calendars/room:ostrom",
    "/panel/office/calendars/shifts",
    "/kiosk",
    "/panel/ledger",
    "/panel/ledger?q=rossi",
    "/panel/ledger/entries",
    "/panel/account/rewards",
    "/panel/apps",
    "/panel/audit",
    "/panel/mail",
    "/panel/mail?state=sent",
    "/panel/jobs?state=waiting",
    "/panel/bot",
    "/panel/system",
)
HEAVIEST = 60_000
"""Bytes of a page without its style and script, which are fetched once."""

PHONE = {"width": 360, "height": 740}

FAULTS_OF_READING = """() => {
  const faults = [];
  const named = (e) => (e.innerText || e.textContent || "").trim() || e.getAttribute("aria-label") || e.title;
  const shown = (e) => e.checkVisibility();
  if (!document.documentElement.lang) faults.push("the page does not say its language");
  const heads = [...document.querySelectorAll("h1")].filter(shown);
  if (heads.length !== 1) faults.push(`there are ${heads.length} main headings`);
  let level = 1;
  for (const head of [...document.querySelectorAll("main :is(h1, h2, h3)")].filter(shown)) {
    const own = Number(head.tagName[1]);
    if (own > level + 1) faults.push(`the heading ${head.textContent} skips a level`);
    level = own;
  }
  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (!field.labels.length && !field.getAttribute("aria-label")) faults.push(`the field ${field.name} has no label`);
  }
  for (const each of document.querySelectorAll("a[href], button")) {
    if (!named(each)) faults.push(`nothing names ${each.outerHTML.slice(0, 90)}`);
  }
  for (const image of document.querySelectorAll("img:not([alt])")) faults.push(`${image.src} has no alternative`);
  for (const each of document.querySelectorAll("[tabindex]")) {
    if (each.tabIndex > 0) faults.push("an element jumps the queue of the keyboard");
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of ids.filter((id, at) => ids.indexOf(id) !== at)) faults.push(`the id ${id} comes twice`);
  for (const attribute of ["aria-labelledby", "aria-describedby", "for", "popovertarget"]) {
    for (const each of document.querySelectorAll(`[${attribute}]`)) {
      const id = each.getAttribute(attribute);
      if (!document.getElementById(id)) faults.push(`${attribute} names ${id}, which is not there`);
    }
  }
  return faults;
}"""


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings that turn every page on."""
    return settings_for(database_url, tmp_path, COMMONSHUB_KIOSK="true")


async def test_every_page_is_light_readable_and_fits_a_phone(
    browser: Browser, served: Served, administrator: User, tmp_path: Path
) -> None:
    await demo.fill(served.house)
    async with visiting(browser, served) as wide, visiting(browser, served, viewport=PHONE) as narrow:
        assert await _faults_at(wide, "/panel/sign-in") == []
        for page in (wide, narrow):
            await sign_in(page)
        for path in PAGES:
            assert (path, await _faults_at(wide, path)) == (path, [])
            await narrow.goto(path)
            assert (path, await _overflow(narrow)) == (path, 0)
        await narrow.goto("/panel/rooms?date=2026-03-05")
        await expect(narrow.locator("#board tbody td:visible")).to_have_count(7)
        await narrow.get_by_role("link", name="Sat 7").click()
        await expect(narrow.locator("#board tbody td:visible", has_text="Fermentation Saturday")).to_have_count(1)
        await narrow.get_by_role("button", name="Menu").click()
        await narrow.get_by_role("link", name="My bookings").click()
        await expect(narrow.get_by_role("heading", level=1)).to_have_text("My bookings")
        await narrow.screenshot(path=tmp_path / "phone.png")


async def test_the_dark_is_followed_and_the_choice_is_remembered(
    browser: Browser, served: Served, administrator: User, tmp_path: Path
) -> None:
    async with visiting(browser, served, color_scheme="dark") as page:
        await sign_in(page)
        assert await _brightness(page) < 60
        await page.screenshot(path=tmp_path / "dark.png")
        await page.get_by_role("button", name="Light", exact=True).click()
        assert await _brightness(page) > 200
        await expect(page.get_by_role("button", name="Light", exact=True)).to_have_attribute("aria-pressed", "true")
        for path in ("/panel/account", "/panel/nowhere"):
            await page.goto(path)
            await expect(page.locator("html")).to_have_attribute("data-theme", "light")
        await page.goto("/panel/rooms")
        await page.keyboard.press("d")
        assert await _brightness(page) < 60


async def test_the_keyboard_comes_first_to_the_content_and_leaves_dialogs_where_it_came_from(
    browser: Browser, served: Served, administrator: User
) -> None:
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.goto("/panel/rooms")
        await page.keyboard.press("Tab")
        await expect(page.locator(".skip")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="The week before")).to_be_focused()
        await page.keyboard.press("b")
        await expect(page.get_by_label("What for")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(page.get_by_role("link", name="The week before")).to_be_focused()


async def _faults_at(page: Page, path: str) -> list[str]:
    answer = await page.goto(path)
    assert answer is not None
    weight = len(await answer.body())
    faults: list[str] = await page.evaluate(FAULTS_OF_READING)
    return [*faults, *([f"it weighs {weight} bytes"] if weight > HEAVIEST else [])]


async def _overflow(page: Page) -> int:
    return int(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


async def _brightness(page: Page) -> float:
    script = "getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).slice(0, 3).map(Number)"
    channels: list[float] = await page.evaluate(script)
    return sum(channels) / len(channels)
