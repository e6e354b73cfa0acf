"""Who may do what at the front desk, and the keys of other systems, on the panel's pages."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect

from guildhall.core.actor import SYSTEM
from guildhall.core.errors import Unauthenticated
from guildhall.domains import identity
from guildhall.domains.identity import Permission, desk
from guildhall.domains.identity.sessions import open_session
from guildhall.settings import Settings
from guildhall.simulator.discord import DiscordSimulator, Fault
from tests.serving import Served, settings_for

STAFF, KEYS = "/panel/desk/staff", "/panel/desk/keys"


@pytest.fixture
def settings(database_url: str, tmp_path: Path, discord: DiscordSimulator) -> Settings:
    return settings_for(database_url, tmp_path, **discord.settings)


async def steward(served: Served, discord: DiscordSimulator) -> httpx.AsyncClient:
    """A steward of the guild, who is signed in to the house."""
    house = served.house
    known = next(each.id for each in discord.world.users.values() if each.username == "tobias.k")
    async with house.database.write() as tx:
        now = house.clock.now()
        user = await identity.create_person(
            tx, SYSTEM, sign_in_name="tobias", password_hash="x", email=None, roles=[], now=now
        )
        await identity.link_identity(tx, SYSTEM, user, provider="discord", external_id=known, now=now)
        _, token = await open_session(tx, user, ip=None, user_agent=None, now=now)
    return served.client(headers={"Cookie": f"session_id={token}"})


async def test_what_is_given_to_a_role_opens_its_pages_to_whoever_has_it(
    served: Served, discord: DiscordSimulator, page: Page
) -> None:
    async with await steward(served, discord) as tobias:
        assert (await tobias.get(STAFF)).status_code == 403
        assert "Front desk" not in (await tobias.get("/panel/rooms")).text

        await page.get_by_role("link", name="Staff").click()
        await expect(page.get_by_text("Nobody was given anything.")).to_be_visible()
        await page.get_by_label("Who", exact=True).select_option(label="Steward")
        await page.get_by_role("button", name="Give").click()
        await expect(page.get_by_text("Tick what they may do")).to_be_visible()
        await page.get_by_label("say who may do what").check()
        await page.get_by_label("answer and manage tickets").check()
        await page.get_by_role("button", name="Give").click()
        await expect(page.get_by_role("heading", name="Steward role")).to_be_visible()
        await expect(page.locator(".held li")).to_have_count(2)

        shown = await tobias.get(STAFF)
        assert (shown.status_code, "make and end API keys" in shown.text) == (200, False)
        assert (await tobias.get(KEYS)).status_code == 403

        await page.get_by_role("listitem").filter(has_text="Say who may do what").get_by_role("button").first.click()
        await page.get_by_role("button", name="Take it back", exact=True).locator("visible=true").click()
        await expect(page.get_by_text("Taken back.")).to_be_visible()
        await expect(page.locator(".held li")).to_have_count(1)
        assert (await tobias.get(STAFF)).status_code == 403


async def test_who_may_only_read_is_shown_nothing_that_they_cannot_do(
    served: Served, discord: DiscordSimulator
) -> None:
    house, kind, giver = served.house, desk.SubjectKind.ROLE, replace(SYSTEM, permissions=frozenset(Permission))
    role = next(each.id for each in discord.guild.roles.values() if each.name == "Steward")
    everything = ("Open a ticket", "Reply, note, claim, close", "/panel/desk/categories")
    async with await steward(served, discord) as tobias:
        for given, offered in (
            ([Permission.VIEW_TICKETS], False),
            ([Permission.MANAGE_TICKETS, Permission.MANAGE_CATEGORIES], True),
        ):
            async with house.database.write() as tx:
                for each in given:
                    await desk.grant(
                        tx, giver, subject_kind=kind, subject_id=role, permission=each, now=house.clock.now()
                    )
            shown = (await tobias.get("/panel/desk")).text
            assert "The next ticket, the one before" in shown
            assert [each in shown for each in everything] == [offered] * len(everything)


async def test_whom_to_give_something_is_found_by_name_and_named_by_id_while_discord_is_away(
    served: Served, discord: DiscordSimulator, page: Page
) -> None:
    await page.goto(f"{STAFF}?q=ros")
    members = page.locator("optgroup[label=Members] option")
    await expect(members).to_have_text(["Rosa (rosa.m)"])
    discord.faults.add(Fault(status=500), times=100)
    await page.goto(STAFF)
    await expect(page.get_by_text("Names are numbers for now. Discord is not reachable.")).to_be_visible()
    await page.get_by_label("Their id on Discord").fill("nobody")
    await page.get_by_label("see bans").check()
    await page.get_by_role("button", name="Give").click()
    await expect(page.get_by_role("alert")).to_contain_text("A subject is a user or a role")
    await expect(page.get_by_label("see bans")).to_be_checked()
    await page.get_by_label("Their id on Discord").fill("4242")
    await page.get_by_role("button", name="Give").click()
    await expect(page.get_by_role("heading", name="4242 member")).to_be_visible()


async def test_a_key_is_shown_once_then_revoked_and_deleted(served: Served, page: Page) -> None:
    await page.get_by_role("link", name="API keys").click()
    await expect(page.get_by_text("No other system has a key.")).to_be_visible()
    await page.get_by_label("What it is for").fill("The web shop")
    await page.get_by_label("read tickets").uncheck()
    await page.get_by_role("button", name="Make the key").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("open tickets").check()
    await page.get_by_label("Last day").fill("2020-01-01")
    await page.get_by_role("button", name="Make the key").click()
    await expect(page.get_by_text("A key ends in the future, or never")).to_be_visible()
    await page.get_by_label("Last day").fill("")
    await page.get_by_role("button", name="Make the key").click()
    value = await page.locator(".secret output").inner_text()
    assert value.startswith("rustmail_")
    house = served.house
    now = house.clock.now()
    await desk.actor_with_integration_key(house.database, value, ip=None, now=now)
    await page.goto(KEYS)
    await expect(page.get_by_text("may open tickets; last used")).to_be_visible()
    assert value not in await page.content()
    for button, sure, told in (
        ("Revoke…", "Revoke it", "The key is revoked."),
        ("Delete…", "Delete it", "The key is deleted."),
    ):
        await page.get_by_role("button", name=button).click()
        await page.get_by_role("button", name=sure).click()
        await expect(page.get_by_text(told)).to_be_visible()
        with pytest.raises(Unauthenticated):
            await desk.actor_with_integration_key(house.database, value, ip=None, now=now)
    await expect(page.get_by_text("No other system has a key.")).to_be_visible()
