"""The page of a guild's webhook, in a browser: an address, its secret, a test, the log, another try."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect
from standardwebhooks import Webhook

from guildhall.core.actor import SYSTEM
from guildhall.domains import attendance
from guildhall.domains.attendance import Tier, WebhookEvent
from guildhall.domains.identity import User
from guildhall.settings import Settings
from guildhall.simulator.discord import DiscordSimulator
from tests.clock import SettableClock
from tests.dialects.attendance.asking import Place, Voices
from tests.panel.test_looks import FAULTS_OF_READING, HEAVIEST, PHONE
from tests.panel.visiting import sign_in, visiting
from tests.services.receiver import Receiver, receiver
from tests.serving import Served, settings_for

RULE = "00000000-0000-4000-8000-000000000000"
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": PHONE},
}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def settings(database_url: str, tmp_path: Path, discord: DiscordSimulator) -> Settings:
    """Settings of a server that asks the simulator about guilds, and may call this machine."""
    asked = {"DISCORD_TOKEN": discord.token, "DISCORD_API_BASE": discord.api_base}
    return settings_for(database_url, tmp_path, **asked, ATTENDANCE_WEBHOOK_ALLOW_PRIVATE="on")


@pytest.fixture
async def server() -> AsyncIterator[Receiver]:
    """The guild's own server."""
    async with receiver() as each:
        yield each


async def grant(served: Served, place: Place, clock: SettableClock) -> None:
    """Let somebody be given a role."""
    async with served.house.database.write() as tx:
        await attendance.queue_role_event(
            tx, WebhookEvent.ROLE_GRANTED, guild_id=int(place.guild), rule_id=RULE, user_id=int(place.member),
            role_id=5, now=clock.now(),
        )  # fmt: skip


async def an_address_is_given(page: Page, server: Receiver) -> str:
    """Enter a wrong address and then the right one; return the secret that is shown."""
    await expect(page.get_by_text("Nothing was sent yet.")).to_be_visible()
    await page.get_by_label("Address").fill("https://no-such-name.invalid/in")
    await page.get_by_role("button", name="Save and switch on").click()
    await expect(page.get_by_text("There is no machine of this name.")).to_be_visible()
    await expect(page.get_by_label("Address")).to_have_value("https://no-such-name.invalid/in")
    await page.get_by_label("Address").fill(f"{server.url}/in")
    await page.get_by_label("Roles that are given").check()
    await page.get_by_role("button", name="Save and switch on").click()
    secret = await page.locator(".secret output").inner_text()
    await expect(page.get_by_label("Roles that are given")).to_be_checked()
    return secret


async def it_is_tried_out(page: Page, server: Receiver, secret: str, clock: SettableClock) -> None:
    """Send a test that arrives, signed with the secret, and one that does not."""
    await page.get_by_role("button", name="Send a test").click()
    await expect(page.locator(".toast", has_text="The test has arrived")).to_be_visible()
    await expect(page.locator(".secret")).to_have_count(0)
    (arrived,) = server.arrived
    assert (
        Webhook(secret).sign(arrived.id, clock.now(), arrived.body.decode()) in (arrived.headers["webhook-signature"])
    )
    server.says(500)
    clock.advance(timedelta(seconds=1))
    await page.get_by_role("button", name="Send a test").click()
    await expect(page.locator(".toast", has_text="has not arrived")).to_be_visible()
    await expect(page.get_by_role("row", name="Test").first).to_contain_text("The answer was 500")


async def what_was_missed_is_sent_again(page: Page, served: Served, server: Receiver) -> None:
    """Find what the server did not take in the log, and send it again."""
    await served.house.courier.work_off()
    await page.reload()
    row = page.get_by_role("row", name="Role given")
    await expect(row).to_contain_text("1 try, the next")
    await expect(page.get_by_text("has not taken anything since")).to_be_visible()
    server.says(200)
    await row.get_by_role("button", name="Send again").click()
    await expect(page.locator(".toast", has_text="sent again")).to_be_visible()
    await served.house.courier.work_off()
    await page.reload()
    await expect(page.get_by_role("row", name="Role given")).to_contain_text("delivered")
    await page.get_by_role("link", name="Failed").click()
    await expect(page.get_by_role("row", name="Role given")).to_have_count(0)
    await expect(page.get_by_role("row", name="Test")).to_have_count(1)


async def it_is_given_up(page: Page, server: Receiver) -> None:
    """Let the server want no more, and switch the webhook on, off, and away."""
    server.says(410)
    await page.get_by_role("button", name="Send a test").click()
    await expect(page.get_by_text("it wants no more")).to_be_visible()
    await page.get_by_role("button", name="Switch on").click()
    await page.get_by_role("button", name="Switch off…").click()
    await page.get_by_role("button", name="Switch it off").click()
    await expect(page.get_by_text("Nothing is queued while it is off")).to_be_visible()
    await page.get_by_role("button", name="Remove the address…").click()
    await page.get_by_role("button", name="Remove it").click()
    await expect(page.locator("#url")).to_have_value("")
    await expect(page.get_by_role("button", name="Send again")).to_have_count(0)


async def test_an_address_is_given_tried_out_and_followed_in_its_log(
    browser: Browser,
    served: Served,
    administrator: User,
    place: Place,
    voices: Voices,
    server: Receiver,
    clock: SettableClock,
) -> None:
    await voices.begin()
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.goto(f"/panel/guilds/{place.guild}/webhook")
        secret = await an_address_is_given(page, server)
        await it_is_tried_out(page, server, secret, clock)
        await grant(served, place, clock)
        await what_was_missed_is_sent_again(page, served, server)

        await page.get_by_role("button", name="Make a new secret…").click()
        await page.get_by_role("button", name="Make it", exact=True).click()
        await expect(page.get_by_text("The old one signs too until")).to_be_visible()
        assert await page.locator(".secret output").inner_text() != secret

        await it_is_given_up(page, server)
        async with served.house.database.write() as tx:
            await attendance.set_tier(tx, SYSTEM, guild_id=int(place.guild), tier=Tier.FREE, now=clock.now())
        await page.reload()
        await expect(page.get_by_text("Webhooks rest in the free tier.")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS)
async def test_the_page_can_be_read_by_everybody_on_every_screen(
    browser: Browser,
    served: Served,
    administrator: User,
    place: Place,
    voices: Voices,
    server: Receiver,
    clock: SettableClock,
    look: str,
    tmp_path: Path,
) -> None:
    await voices.begin()
    options = (
        {"viewport": PHONE} if look == "phone" else {"color_scheme": look, "viewport": {"width": 1280, "height": 900}}
    )
    async with visiting(browser, served, **options) as page:
        await sign_in(page)
        path = f"/panel/guilds/{place.guild}/webhook"

        async def judge(name: str) -> None:
            assert await page.evaluate(FAULTS_OF_READING) == []
            assert await page.evaluate(OVERFLOW) == 0
            assert len(await page.content()) < HEAVIEST
            await page.screenshot(path=tmp_path / f"{look}-{name}.png", full_page=True)

        await page.goto(path)
        await judge("empty")
        await page.get_by_label("Address").fill(f"{server.url}/attendance/of/our/guild")
        await page.get_by_label("Roles that are given").check()
        await page.get_by_role("button", name="Save and switch on").click()
        await expect(page.locator(".secret")).to_be_visible()
        await judge("secret")
        await page.get_by_role("button", name="Send a test").click()
        server.says(503)
        for _ in range(3):
            await grant(served, place, clock)
        await served.house.courier.work_off()
        await page.goto(path)
        await judge("log")
        server.says(410)
        await page.get_by_role("button", name="Send a test").click()
        await expect(page.locator(".toast")).to_be_visible()
        await page.goto(path)
        await judge("off")
