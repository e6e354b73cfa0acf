"""Categories with their forms, snippets and blocks, on the panel's pages."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from guildhall.domains.bot import Name, remember_names
from guildhall.domains.tickets import blocks, categories, snippets
from guildhall.settings import Settings
from guildhall.simulator.discord import DiscordSimulator, Fault
from tests.serving import Served, settings_for

DESK = "/panel/desk"


@pytest.fixture
def settings(database_url: str, tmp_path: Path, discord: DiscordSimulator) -> Settings:
    return settings_for(database_url, tmp_path, **discord.settings)


async def test_a_category_is_made_with_its_form_changed_and_deleted(
    served: Served, discord: DiscordSimulator, page: Page
) -> None:
    await page.get_by_role("link", name="Categories").click()
    await expect(page.get_by_text("There are no categories.")).to_be_visible()
    await page.get_by_label("Seconds to choose").fill("600")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved; it counts from the next ticket on.")).to_be_visible()

    await page.get_by_role("link", name="A new category").click()
    await page.get_by_label("Name").fill("Billing")
    await page.get_by_label("Emoji").fill("smile")
    await page.get_by_label("Category on Discord").select_option(label="Hall")
    first = page.get_by_role("group", name="Question 1")
    await first.get_by_label("Label").fill("Order number")
    await first.get_by_label("At least").fill("9")
    await first.get_by_label("At most").fill("8")
    pinged = page.get_by_role("group", name="Pinged when a ticket opens")
    await pinged.get_by_label("Steward").check()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text("An emoji is one character")
    await page.get_by_label("Emoji").fill("💶")
    await page.get_by_role("button", name="Save").click()
    await expect(first.get_by_role("alert")).to_contain_text("The longest answer is not shorter")
    await first.get_by_label("At least").fill("")
    await first.get_by_label("It must be filled in").check()
    await page.get_by_label("Position").fill("-2")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("link", name="💶 Billing 1 question")).to_be_visible()

    discord.faults.add(Fault(status=500), times=100)
    await page.get_by_role("link", name="💶 Billing").click()
    await expect(page.get_by_text("Discord cannot be asked for roles now")).to_have_count(2)
    hall = next(each.id for each in discord.guild.channels.values() if each.name == "Hall")
    await expect(page.get_by_label("Category on Discord")).to_have_value(hall)
    second = page.get_by_role("group", name="Question 2")
    await second.get_by_label("Label").fill("What happened?")
    await second.get_by_label("Room for").select_option(label="Several lines")
    await page.get_by_label("Whoever chooses this category is told").fill("Look at the help page first.")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("link", name="2 questions answers by itself")).to_be_visible()
    async with served.house.database.read() as tx:
        (made,) = await categories.list_categories(tx)
        assert (await categories.choice_settings(tx)).selection_timeout_s == 600
    role = next(each.id for each in discord.guild.roles.values() if each.name == "Steward")
    assert (made.role_ids, made.viewer_role_ids, made.position) == ([role], [], -2)
    assert made.answer == "Look at the help page first."
    asked = [(each.key, each.type.value, each.required, each.max_length) for each in made.fields]
    assert asked == [("order_number", "short", True, 8), ("what_happened", "paragraph", False, None)]

    await page.get_by_role("link", name="💶 Billing").click()
    await page.get_by_role("button", name="Delete…").click()
    await page.get_by_role("button", name="Delete it").click()
    await expect(page.get_by_text("There are no categories.")).to_be_visible()


async def test_a_snippet_is_written_changed_and_deleted(served: Served, page: Page) -> None:
    await page.get_by_role("link", name="Snippets").click()
    await expect(page.get_by_text("There are no snippets.")).to_be_visible()
    await page.get_by_label("Key", exact=True).fill("refund")
    await page.get_by_label("Text").fill("Hello {{user.nam}}")
    await page.get_by_role("button", name="Write it").click()
    await expect(page.get_by_role("alert")).to_contain_text("There is no variable {{user.nam}}")
    await page.get_by_label("Text").fill("Hello {{user.name}},\nit is on its way.")
    await page.get_by_role("button", name="Write it").click()
    written = page.locator("details", has_text="refund")
    await expect(written).to_contain_text("used 0 times")
    await written.locator("summary").focus()
    await page.keyboard.press("Enter")
    await written.get_by_label("Text").fill("{{nobody}}")
    await written.get_by_role("button", name="Save").click()
    await expect(written.get_by_role("alert")).to_contain_text("There is no variable {{nobody}}")
    await written.get_by_label("Text").fill("Done, {{user.name}}.")
    await written.get_by_label("Send it without a name").check()
    await written.get_by_role("button", name="Save").click()
    await expect(written.locator("summary")).to_contain_text("without a name")
    # It is folded again, and the keyboard is where it was opened.
    await expect(written.locator("summary")).to_be_focused()
    async with served.house.database.read() as tx:
        (kept,) = await snippets.list_snippets(tx)
    assert (kept.content, kept.anonymous) == ("Done, {{user.name}}.", True)
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Delete…").click()
    await page.get_by_role("button", name="Delete it").click()
    await expect(page.get_by_text("There are no snippets.")).to_be_visible()


async def test_somebody_is_blocked_and_let_in_again(served: Served, page: Page) -> None:
    await page.get_by_role("link", name="Blocks").click()
    await expect(page.get_by_text("Nobody is blocked.")).to_be_visible()
    await page.get_by_label("Their id on Discord").fill("rosa")
    await page.get_by_label("Why").fill("spam")
    await page.get_by_role("button", name="Block", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("an id of Discord's")
    await page.get_by_label("Their id on Discord").fill("4242")
    await page.get_by_label("Last day").fill("2020-01-01")
    await page.get_by_role("button", name="Block", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("between now and a year from now")
    await page.get_by_label("Last day").fill("")
    await page.get_by_role("button", name="Block", exact=True).click()
    await expect(page.get_by_role("listitem").filter(has_text="4242")).to_contain_text("without an end spam")
    house = served.house
    async with house.database.read() as tx:
        found = await blocks.block_of(tx, user_id="4242", role_ids=[], now=house.clock.now())
    assert found is not None
    assert (found.reason, found.notify) == ("spam", True)
    await remember_names(house.cache, house.discord.guild_id, {4242: Name("Rosa")})
    await page.reload()
    await expect(page.get_by_role("listitem").filter(has_text="4242").locator("b")).to_have_text("Rosa")
    await page.get_by_role("button", name="Lift…").click()
    await page.get_by_role("button", name="Lift it").click()
    await expect(page.get_by_text("Nobody is blocked.")).to_be_visible()
