"""What people do on the pages of a guild, in a browser: set it up, look on, sign, end a period, prove it to others."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from guildhall.core.actor import SYSTEM
from guildhall.domains import attendance
from guildhall.domains.attendance import Mode, State
from guildhall.domains.identity import User
from guildhall.settings import Settings
from guildhall.simulator.discord import DiscordSimulator
from tests.clock import SettableClock
from tests.dialects.attendance.asking import PASSPHRASE, Place, Voices
from tests.panel.test_guilds import HOUR, a_session
from tests.panel.test_looks import FAULTS_OF_READING, HEAVIEST, PHONE
from tests.panel.visiting import sign_in, visiting
from tests.serving import Served, settings_for

HERE = ("", "/board", "/heatmap", "/archive", "/archive/1", "/tracking", "/signing", "/roles", "/webhook")
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def settings(database_url: str, tmp_path: Path, discord: DiscordSimulator) -> Settings:
    """Settings of a server that asks the simulator about guilds."""
    return settings_for(database_url, tmp_path, DISCORD_TOKEN=discord.token, DISCORD_API_BASE=discord.api_base)


async def track_all(served: Served, place: Place, voices: Voices) -> None:
    """Let every channel be tracked, while somebody watches."""
    house = served.house
    await voices.begin()
    async with house.database.write() as tx:
        await attendance.set_mode(
            tx, SYSTEM, guild_id=int(place.guild), mode=Mode.ALL, now=house.clock.now(), scene=house.scene
        )


async def open_tab(page: Page, name: str) -> None:
    """Go to another page of the guild."""
    await page.get_by_role("navigation", name="The Lantern").get_by_role("link", name=name).click()
    await expect(page.get_by_role("navigation", name="The Lantern").locator("[aria-current=page]")).to_have_text(name)


async def test_channels_are_chosen_and_whoever_joins_one_appears_at_once(
    browser: Browser, served: Served, administrator: User, place: Place, voices: Voices
) -> None:
    await voices.begin()
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.get_by_role("link", name="Attendance").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("The Lantern")
        await page.get_by_role("link", name="Choose channels").click()

        await page.get_by_label("Only listed channels").check()
        await page.get_by_role("button", name="Save the mode").click()
        await expect(page.locator(".toast")).to_contain_text("The mode is saved")
        await page.get_by_label("Lounge").check()
        await page.get_by_label("Workshop").check()
        await page.get_by_role("button", name="Save the list").click()
        await expect(page.locator(".toast", has_text="The list is saved")).to_be_visible()
        await page.get_by_label("Workshop").uncheck()
        await page.get_by_role("button", name="Save the list").click()
        await expect(page.get_by_label("Workshop")).not_to_be_checked()
        await expect(page.get_by_label("Lounge")).to_be_checked()

        await open_tab(page, "Overview")
        await expect(page.get_by_text("Nobody is in a tracked channel.")).to_be_visible()
        await expect(page.locator("[data-following]")).to_have_count(1)
        await voices.moved(place.member, place.lounge, int(State.SELF_MUTE))
        await expect(page.get_by_role("heading", name="Lounge")).to_be_visible()
        for state in ("muted", "alone"):
            await expect(page.locator(".voices .sign", has_text=state)).to_have_count(1)
        await expect(page.get_by_text("no key yet")).to_be_visible()


async def test_a_key_is_made_a_period_ended_and_its_archive_proved_to_a_stranger(
    browser: Browser, served: Served, administrator: User, place: Place, voices: Voices
) -> None:
    await track_all(served, place, voices)
    async with visiting(browser, served) as page, visiting(browser, served) as stranger:
        await sign_in(page)
        await page.goto(f"/panel/guilds/{place.guild}")
        await voices.moved(place.member, place.lounge)
        await open_tab(page, "Signing")
        await page.get_by_label("Passphrase", exact=True).fill(PASSPHRASE)
        await page.get_by_label("Passphrase again").fill("another one")
        await page.get_by_role("button", name="Make the key").click()
        await expect(page.get_by_text("These two are not the same.")).to_be_visible()
        await expect(page.get_by_label("Passphrase", exact=True)).to_have_value("")
        await page.get_by_label("Passphrase", exact=True).fill(PASSPHRASE)
        await page.get_by_label("Passphrase again").fill(PASSPHRASE)
        await page.get_by_role("button", name="Make the key").click()
        await expect(page.locator(".toast", has_text="The guild has a key")).to_be_visible()
        public_key = await page.locator("code.key").inner_text()

        await voices.passes(HOUR)
        await voices.moved(place.member, None)
        await voices.moved(place.owner, place.lounge)
        await open_tab(page, "Tracking")
        await page.get_by_role("button", name="End this period now…").click()
        await page.get_by_role("button", name="Let it run").click()
        await expect(page.get_by_text("Period 1 ends")).to_be_visible()
        await page.get_by_role("button", name="End this period now…").click()
        await page.get_by_role("button", name="End it now", exact=True).click()
        await expect(page.get_by_role("heading", name="Genuine")).to_be_visible()
        await expect(page).to_have_url(f"{served.url}/panel/guilds/{place.guild}/archive/1")
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Export with all receipts").click()
        assert (await download.value).suggested_filename == f"guild-{place.guild}-period-1.json"

        await page.get_by_role("link", name="Its board").click()
        await page.get_by_role("link", name="Rosa").click()
        proof = await page.get_by_role("link", name="Check", exact=True).get_attribute("href")
        for path in (str(proof), f"/proof/periods/{place.guild}/1"):
            await stranger.goto(path)
            await expect(stranger.get_by_role("heading", level=1)).to_have_text("Genuine")
            await expect(stranger.get_by_text(public_key)).to_be_visible()


async def test_rules_and_borders_are_changed_in_plain_words(
    browser: Browser, served: Served, administrator: User, place: Place, voices: Voices
) -> None:
    await voices.begin()
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.goto(f"/panel/guilds/{place.guild}/tracking")
        await expect(page.get_by_text("Period 1 ends Monday 9 March 2026, 00:00 UTC.")).to_be_visible()
        await page.get_by_label("A new period begins").select_option("monthly")
        await page.get_by_label("On day").select_option("31")
        await page.get_by_label("Time of").fill("Europe/Nowhere")
        await page.get_by_role("button", name="Save the schedule").click()
        await expect(page.get_by_text("This is not the name of a time zone")).to_be_visible()
        await page.get_by_label("Time of").fill("Europe/Brussels")
        await page.get_by_role("button", name="Save the schedule").click()
        await expect(page.get_by_text("Period 1 ends Tuesday 31 March 2026, 00:00 CEST.")).to_be_visible()
        await expect(
            page.get_by_text("Periods end on day 31 of every month at 00:00 (Europe/Brussels).")
        ).to_be_visible()
        await page.get_by_label("A new period begins").select_option("off")
        await expect(page.get_by_label("On day")).to_be_hidden()
        await page.get_by_role("button", name="Save the schedule").click()
        await expect(page.get_by_text("Period 1 ends when somebody ends it.")).to_be_visible()

        await page.get_by_label("Muted time does not count").check()
        await page.get_by_label("Seconds that a visit must last to count").fill("90000")
        await page.evaluate("document.querySelector('#form-fairness').noValidate = true")
        await page.get_by_role("button", name="Save the rules").click()
        await expect(page.get_by_text("A minimum lies between 0 and 86400 seconds.")).to_be_visible()
        await expect(page.get_by_label("Muted time does not count")).to_be_checked()
        await page.get_by_label("Seconds that a visit must last to count").fill("300")
        await page.get_by_role("button", name="Save the rules").click()
        await expect(page.locator(".toast", has_text="The rules are saved")).to_be_visible()
        await open_tab(page, "Overview")
        await expect(page.get_by_text("Muted time and visits under 5 min do not count.")).to_be_visible()


async def test_a_locked_key_tells_what_waits_and_opens_only_for_its_passphrase(
    browser: Browser, served: Served, administrator: User, place: Place, voices: Voices, clock: SettableClock
) -> None:
    house, guild_id = served.house, int(place.guild)
    await track_all(served, place, voices)
    await attendance.generate_key(
        house.database, house.keyring, SYSTEM, guild_id=guild_id, passphrase=PASSPHRASE, now=clock.now()
    )
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.goto(f"/panel/guilds/{place.guild}/signing")
        await page.get_by_role("button", name="Lock the key…").click()
        await page.get_by_role("button", name="Lock it", exact=True).click()
        await expect(page.get_by_text("Nothing waits for a signature.")).to_be_visible()
        await voices.visited(place.member, place.lounge, HOUR)
        await page.reload()
        await expect(
            page.get_by_text("1 session waits for a signature, the oldest since 2 Mar 2026, 10:00.")
        ).to_be_visible()

        for _ in range(5):
            await page.get_by_label("Passphrase", exact=True).fill("not this one")
            await page.get_by_role("button", name="Unlock the key").click()
            await expect(page.get_by_text("This passphrase does not open the key.")).to_be_visible()
            await expect(page.get_by_label("Passphrase", exact=True)).to_have_value("")
        await page.get_by_label("Passphrase", exact=True).fill(PASSPHRASE)
        await page.get_by_role("button", name="Unlock the key").click()
        await expect(
            page.get_by_text("this guild takes none now, right or wrong. Try again in 15 minutes.")
        ).to_be_visible()
        await voices.passes(HOUR)
        await page.get_by_label("Passphrase", exact=True).fill(PASSPHRASE)
        await page.get_by_role("button", name="Unlock the key").click()
        await expect(page.locator(".toast", has_text="The key is unlocked")).to_be_visible()

        await page.get_by_text("Choose a new passphrase").click()
        await page.get_by_label("New passphrase", exact=True).fill("a sentence of another kind")
        await page.get_by_label("New passphrase again").fill("a sentence of another kind")
        await page.get_by_role("button", name="Replace the key").click()
        await expect(page.get_by_role("heading", name="Retired keys")).to_be_visible()
        await expect(page.get_by_text("signed the change", exact=True)).to_be_visible()


async def test_every_page_of_a_guild_is_readable_and_fits_a_phone(
    browser: Browser, served: Served, administrator: User, place: Place, voices: Voices, clock: SettableClock
) -> None:
    house, guild_id = served.house, int(place.guild)
    async with visiting(browser, served) as wide, visiting(browser, served, viewport=PHONE) as narrow:
        for page in (wide, narrow):
            await sign_in(page)
        await wide.goto(f"/panel/guilds/{guild_id}")
        await expect(wide.get_by_text("Nothing is tracked yet.")).to_be_visible()
        await track_all(served, place, voices)
        await attendance.generate_key(
            house.database, house.keyring, SYSTEM, guild_id=guild_id, passphrase=PASSPHRASE, now=clock.now()
        )
        await voices.visited(place.member, place.lounge, HOUR)
        session = await a_session(served, guild_id)
        async with house.database.write() as tx:
            await attendance.reset_now(tx, SYSTEM, guild_id=guild_id, now=clock.now(), scene=house.scene)
        for person, channel in (
            (place.owner, place.lounge),
            (place.steward, place.lounge),
            (place.member, place.workshop),
        ):
            await voices.moved(person, channel, int(State.VIDEO | State.SERVER_DEAF))
        people = f"/panel/guilds/{guild_id}/board/people/{place.member}?period=1"
        others = (people, f"/panel/guilds/{guild_id}/board/channels/{place.lounge}", f"/proof/sessions/{session}")
        for path in (*(f"/panel/guilds/{guild_id}{each}" for each in HERE), *others, f"/proof/periods/{guild_id}/1"):
            answer = await wide.goto(path)
            assert answer is not None
            assert (path, answer.status) == (path, 200)
            assert len(await answer.body()) < HEAVIEST, path
            assert (path, await wide.evaluate(FAULTS_OF_READING)) == (path, [])
            await narrow.goto(path)
            assert (path, await narrow.evaluate(OVERFLOW)) == (path, 0)
