"""Rewarding shifts in the panel, and the ledger in which that is written down."""

from datetime import UTC, datetime

import httpx
import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import text

from guildhall.core.actor import SYSTEM
from guildhall.core.db import command
from guildhall.domains import identity
from guildhall.domains.identity import User
from tests.clock import SettableClock
from tests.dialects.commonshub.asking import acting_for
from tests.panel.visiting import sign_in, visiting
from tests.serving import Served

OVERWRITE = command(text("UPDATE ledger_balances SET amount = 7000000 WHERE account = 'user:u_1'"))


@pytest.fixture
async def minter(served: Served, administrator: User) -> User:
    """The administrator, who may also reward."""
    async with served.house.database.write() as tx:
        await identity.set_roles(tx, SYSTEM, administrator, ["admin", "minter"], now=served.house.clock.now())
    return administrator


@pytest.fixture
async def volunteers(app: httpx.AsyncClient, clock: SettableClock) -> None:
    """Three people who did a shift on the Monday, one of whom did another one, and the evening after it."""
    for number, slot in (("1", 0), ("2", 0), ("3", 0), ("1", 1)):
        headers = acting_for(number, f"name{number}")
        assert (await app.post(f"/v1/shifts/2026-03-02/{slot}/signup", headers=headers)).status_code == 200
    clock.set(datetime(2026, 3, 2, 20, tzinfo=UTC))


async def test_those_who_did_a_shift_are_chosen_looked_at_and_rewarded_once(
    browser: Browser, served: Served, minter: User, volunteers: None
) -> None:
    async with visiting(browser, served) as page, visiting(browser, served) as beside:
        await sign_in(page)
        await page.goto("/panel/shifts")
        await page.get_by_role("link", name="Reward this shift").first.click()
        first = page.locator(".run > li")
        await expect(first).to_have_count(1)
        await first.get_by_label("name3").uncheck()
        for amount, problem in (("-1", "An amount is more than 0"), ("x", "a number"), ("0.0000001", "6 decimals")):
            await first.get_by_label("Each gets").fill(amount)
            await page.get_by_role("button", name="Look at who gets what").click()
            await expect(page.get_by_role("alert")).to_contain_text(problem)
            await expect(first.get_by_label("name3")).not_to_be_checked()
        await first.get_by_label("Each gets").fill("2,5")
        await page.get_by_role("button", name="Look at who gets what").click()
        await expect(page.locator("main .lead")).to_have_text("5 CHT for 2 people.")
        await expect(page.locator("tr.over")).to_contain_text("name3nothing, not chosen")
        await expect(page.locator("tbody tr")).to_have_count(3)

        form = await page.locator("main form").evaluate("(form) => new URLSearchParams(new FormData(form)).toString()")
        await page.get_by_role("button", name="Give the rewards").click()
        await expect(page.locator(".outcomes .tag")).to_have_text(["given", "given"])
        hashes = await page.locator(".outcomes code").evaluate_all("(all) => all.map((each) => each.title)")
        await sign_in(beside)
        again = await beside.evaluate(
            """async (body) => {
                const token = document.querySelector("[name=csrf_token]").value;
                const form = new URLSearchParams(body);
                form.set("csrf_token", token);
                return (await fetch("/panel/rewards", { method: "POST", body: form })).text();
            }""",
            form,
        )
        assert again.count("had it already") == 2
        assert all(each in again for each in hashes)

        await page.get_by_role("link", name="Reward more").click()
        await expect(page.locator(".run .pick", has_text="rewarded")).to_have_count(2)
        await expect(page.get_by_role("checkbox", checked=True)).to_have_count(2)
        await page.get_by_role("button", name="Look at who gets what").click()
        await page.get_by_role("button", name="Give the rewards").click()
        await expect(page.locator(".outcomes .tag")).to_have_text(["given", "given"])
        await page.get_by_role("link", name="Reward more").click()
        await expect(page.get_by_text("Everybody was rewarded.")).to_be_visible()


async def test_a_run_in_which_one_shift_cannot_be_understood_gives_nothing(
    browser: Browser, served: Served, minter: User, volunteers: None
) -> None:
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.goto("/panel/rewards")
        await page.get_by_label("Each gets").last.fill("101")
        await page.locator("form#form-rewards").evaluate("(form) => (form.action = '/panel/rewards')")
        await page.get_by_role("button", name="Look at who gets what").click()
        await expect(page.get_by_role("alert")).to_contain_text("at most 100")
        await page.goto("/panel/ledger")
        await expect(page.get_by_text("Nobody holds anything yet.")).to_be_visible()
        await page.goto("/panel/rewards?date=2026-03-09")
        await expect(page.get_by_text("Nobody was signed up.")).to_be_visible()


async def test_the_ledger_shows_who_holds_what_and_notices_what_was_changed(
    browser: Browser, served: Served, minter: User, volunteers: None
) -> None:
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.goto("/panel/ledger")
        await _verify(page, "No entries yet.", "0 entries stand in one chain")
        await page.goto("/panel/rewards")
        await page.get_by_role("button", name="Look at who gets what").click()
        await page.get_by_role("button", name="Give the rewards").click()
        await expect(page.locator(".outcomes .tag")).to_have_count(4)

        await page.get_by_role("link", name="Ledger", exact=True).click()
        await expect(page.locator("tbody tr")).to_have_text(["name16 CHT", "name23 CHT", "name33 CHT"])
        await page.get_by_role("searchbox").fill("NAME2")
        await page.get_by_role("searchbox").press("Enter")
        await expect(page.locator("tbody tr")).to_have_text(["name23 CHT"])
        await page.get_by_role("link", name="Entries").click()
        await expect(page.locator("tbody tr td:first-child")).to_have_text(["4", "3", "2", "1"])
        await _verify(page, "4 entries, 12 CHT given.", "4 entries stand in one chain, and 4 balances")
        async with served.house.database.write() as tx:
            await tx.run(OVERWRITE)
        await _verify(page, "4 entries", "The balance of user:u_1 in CHT is not the sum of its entries.")
        await page.goto("/panel/ledger/entries")
        await page.get_by_role("link", name="the shift of Mon 2 March").first.click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Shifts")


async def _verify(page: Page, facts: str, verdict: str) -> None:
    await expect(page.locator("p.facts")).to_contain_text(facts)
    await page.get_by_role("button", name="Verify all of it").click()
    await expect(page.locator(".verdict")).to_contain_text(verdict)


async def test_administrators_see_the_ledger_and_only_minters_reward(
    browser: Browser, served: Served, administrator: User, volunteers: None
) -> None:
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.goto("/panel/shifts")
        await expect(page.get_by_text("Reward")).to_have_count(0)
        refused = await page.goto("/panel/rewards")
        assert refused is not None
        assert refused.status == 403
        await page.goto("/panel/ledger")
        await expect(page.get_by_role("button", name="Verify all of it")).to_be_visible()
