"""Rewards that go to a chain, as the panel shows them: on their way, given, failed, and tried again."""

import httpx
import pytest
from playwright.async_api import Browser, expect

from guildhall.core.actor import SYSTEM
from guildhall.domains import identity
from guildhall.domains.identity import User
from tests.dialects.commonshub.test_rewards_on_chain import Rewarding, give, served, settings, wallets
from tests.panel.visiting import sign_in, visiting
from tests.services.chain import Mintable
from tests.serving import Served

__all__ = ["give", "served", "settings", "wallets"]


@pytest.fixture
async def minter(served: Served, administrator: User) -> User:
    """The administrator, who may also reward."""
    async with served.house.database.write() as tx:
        await identity.set_roles(tx, SYSTEM, administrator, ["admin", "minter"], now=served.house.clock.now())
    return administrator


async def test_a_mint_that_failed_is_found_with_its_reason_and_tried_again(
    browser: Browser, served: Served, minter: User, give: Rewarding, mintable: Mintable, app: httpx.AsyncClient
) -> None:
    mintable.let_mint(may=False)
    await give("1")
    mintable.let_mint(may=True)
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.goto("/panel/system")
        await page.get_by_role("link", name="Look at the mints").click()
        await expect(page.get_by_role("status").first).to_contain_text("refused by the chain")
        row = page.locator(".list > li").first
        await expect(row).to_contain_text("2.5 CHT to u_1 for Thu 19 March")
        await expect(row).to_contain_text("not a minter")
        await row.get_by_role("button", name="Try again").click()
        await page.get_by_role("button", name="Mint it").click()
        await expect(page.get_by_role("status").first).to_contain_text("taken to the chain once more")
    (retried,) = await give("1")
    assert (retried["status"], mintable.supply) == ("confirmed", 2_500_000)
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.goto("/panel/ledger")
        await page.get_by_role("link", name="On the chain").click()
        await expect(page.locator(".list > li")).to_have_count(1)
        await expect(page.locator(".list .tag.good")).to_have_text("given")
        await expect(page.locator(".problem")).to_have_count(0)


async def test_whoever_has_no_wallet_is_left_out_before_anything_is_given(
    browser: Browser, served: Served, minter: User, wallets: dict[str, str]
) -> None:
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.goto("/panel/rewards?date=2026-03-19&slot=0")
        await page.get_by_label("name1").check()
        await page.get_by_label("name4").check()
        await page.get_by_role("button", name="Look at who gets what").click()
        await expect(page.locator("main")).to_contain_text("has no wallet")
