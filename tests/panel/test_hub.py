"""The hub's configuration in the panel: plans of shifts, closed days and tokens."""

from datetime import date
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from guildhall.domains import ledger, shifts
from guildhall.domains.identity import User
from guildhall.settings import Settings
from tests.panel.visiting import sign_in, visiting
from tests.serving import Served, settings_for

CONTRACT = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
HUB_FILE = """
[[shift_plans]]
valid_from = 2026-01-01
slots = [{ start = "09:00", end = "12:00" }]

[tokens.CHT]
hourly = 2
"""


async def fill_row(page: Page, day: str, row: int, opens: str, closes: str, places: str = "3") -> None:
    for part, value in (("from", opens), ("until", closes), ("places", places)):
        await page.get_by_label(f"{day}, shift {row}, {part}").fill(value)


async def test_a_plan_is_made_looked_at_beforehand_changed_and_removed(
    browser: Browser, served: Served, administrator: User, person: httpx.AsyncClient
) -> None:
    await person.post("/v1/shifts/2026-03-04/0/signup")
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.get_by_role("link", name="Hub").click()
        await page.get_by_role("link", name="Shift plans").click()
        await page.get_by_role("link", name="A new plan").click()
        await expect(page.get_by_label("In force from")).to_have_value("2026-03-03")

        await fill_row(page, "Every day", 1, "12:00", "09:00")
        await page.get_by_role("button", name="Make the plan").click()
        await expect(page.locator("#daily_0-problem")).to_have_text("A shift ends after it starts, on the same day.")
        await fill_row(page, "Every day", 1, "09:00", "12:00", "5")
        await page.get_by_label("Sunday", exact=True).select_option("no shifts")
        await page.get_by_label("Saturday", exact=True).select_option("its own shifts")
        await fill_row(page, "Saturday", 1, "10:00", "")
        await page.get_by_role("button", name="Look at the week").click()
        await expect(page.locator("[id='5_0-problem']")).to_contain_text("A time is written HH:MM")
        await fill_row(page, "Saturday", 1, "10:00", "14:00", "1")
        await page.get_by_role("button", name="Look at the week").click()

        wednesday = page.locator(".preview section", has_text="Wed 4 March")
        await expect(wednesday).to_contain_text("fixed")
        await expect(wednesday.locator(".closes")).to_have_text("08:30 \N{EN DASH} 11:30 3 places no more sign-ups")
        await expect(wednesday.locator(".new")).to_contain_text("09:00 \N{EN DASH} 12:00 5 places")
        await expect(page.locator(".preview section", has_text="Thu 5 March").locator(".goes")).to_have_count(1)
        await expect(page.locator(".preview section", has_text="Sun 8 March").locator(".goes")).to_have_count(5)
        await page.get_by_role("button", name="Make the plan").click()
        await expect(page.locator(".toast")).to_have_text("The plan is saved.")
        await expect(page.locator("main li").first).to_contain_text("Saturday: 10:00\N{EN DASH}14:00")
        await expect(page.locator("main li", has_text="From the beginning")).to_contain_text("in force")
        day = (await person.get("/v1/shifts/2026-03-04")).json()
        assert [slot["index"] for slot in day["slots"] if slot["closed"]] == [0]

        await page.get_by_role("link", name="From Tue 3 March 2026").click()
        await page.get_by_role("button", name="Remove this plan…").click()
        await page.get_by_role("button", name="Remove it").click()
        await expect(page.locator(".toast").last).to_contain_text("The plan is removed")
        await page.get_by_role("link", name="From the beginning").click()
        await page.get_by_role("button", name="Remove this plan…").click()
        await page.get_by_role("button", name="Remove it").click()
        await expect(page.locator(".toast.bad")).to_contain_text("This is the only plan")


async def test_a_token_is_made_put_first_and_stays_once_it_was_given(
    browser: Browser, served: Served, administrator: User
) -> None:
    async with served.house.database.write() as tx:
        await ledger.mint(tx, [ledger.Mint("CHT", 1, "user:u_1", "ref")], now=served.house.clock.now())
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.goto("/panel/office/tokens/new")
        for label, value, problem in (
            ("Code", "B!", "A code has 2 to 10 capital letters and digits and begins with a letter."),
            ("An hour earns", "a lot", "This must be a number."),
            ("At most at once", "0", "One reward is more than 0 and at most 1000000."),
            ("Address of the contract", CONTRACT.replace("f", "F"), "A contract is on a chain; say which by its id."),
            ("Id of the chain", "100", "A contract's address is 0x and 40 hex digits, and its capitals fit their sum."),
        ):
            good = {"Code": "bread", "An hour earns": "0,5", "At most at once": "20", "Id of the chain": "100"}
            await page.get_by_label(label).fill(value)
            await page.get_by_role("button", name="Make the token").click()
            await expect(page.locator("main [role=alert]")).to_have_text(problem)
            await page.get_by_label(label).fill(good.get(label, value))
        await page.get_by_label("Address of the contract").fill(CONTRACT)
        await page.get_by_role("button", name="Make the token").click()
        await expect(page.locator(".toast")).to_have_text("The token is saved.")
        await page.get_by_role("button", name="Move BREAD up").click()
        await expect(page.locator("main li b")).to_have_text(["BREAD", "CHT"])
        await page.get_by_role("link", name="CHT").click()
        await page.get_by_role("button", name="Remove this token…").click()
        await page.get_by_role("button", name="Remove it").click()
        await expect(page.locator(".toast.bad")).to_contain_text("This token was given to people")
        await page.goto("/panel/office/tokens/BREAD")
        await page.get_by_role("button", name="Remove this token…").click()
        await page.get_by_role("button", name="Remove it").click()
        await expect(page.locator("main li b")).to_have_text(["CHT"])


class TestWithAFile:
    """A house whose plan and token stand in the hub's file."""

    @pytest.fixture
    def settings(self, database_url: str, tmp_path: Path) -> Settings:
        """Settings that name the file."""
        (tmp_path / "hub.toml").write_text(HUB_FILE)
        return settings_for(database_url, tmp_path, COMMONSHUB_CONFIG=str(tmp_path / "hub.toml"))

    async def test_what_the_file_names_is_shown_and_says_where_it_is_changed(
        self, browser: Browser, served: Served, administrator: User, tmp_path: Path
    ) -> None:
        where = f"This is set in {tmp_path / 'hub.toml'} and can be changed only there."
        async with visiting(browser, served) as page:
            await sign_in(page)
            for path in ("/panel/office/plans/2026-01-01", "/panel/office/tokens/CHT"):
                await page.goto(path)
                await expect(page.locator(".problem")).to_have_text(where)
                await expect(page.get_by_role("button", name="Save")).to_be_disabled()
                await page.evaluate("document.querySelectorAll('button').forEach((each) => (each.disabled = false))")
                await page.get_by_role("button", name="Save").click()
                await expect(page.locator(".problem").last).to_contain_text("can be changed only there")
        async with served.house.database.read() as tx:
            assert [plan.valid_from for plan in await shifts.list_plans(tx)] == [date(2026, 1, 1)]
            assert (await ledger.access_token(tx, "CHT")).hourly == 2_000_000
