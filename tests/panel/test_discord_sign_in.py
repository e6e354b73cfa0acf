"""Signing in with Discord: against the simulator's page, by hand and in a browser."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import bindparam, update

from guildhall.core.actor import SYSTEM
from guildhall.core.db import command
from guildhall.domains import audit, identity
from guildhall.domains.identity import User
from guildhall.domains.identity.models import users
from guildhall.settings import SIGN_IN_BACK
from guildhall.simulator.discord import DiscordSimulator, Fault, simulate
from guildhall.web.discord_errands import COOKIE
from tests.clock import SettableClock
from tests.panel.visiting import sign_in, visiting
from tests.serving import ADMIN_NAME, ADMIN_PASSWORD, Served, free_port, serving, settings_for

START = "/panel/sign-in/discord"
LINK = "/panel/account/discord/link"
TOKEN, WHO = "/api/v10/oauth2/token", "/api/v10/users/@me"

# There is no verb for it yet.
DISABLE = command(update(users).where(users.c.id == bindparam("who")).values(disabled_at=bindparam("at")))


@pytest.fixture
async def discord() -> AsyncIterator[DiscordSimulator]:
    async with simulate() as simulator:
        yield simulator


@pytest.fixture
async def served(
    database_url: str, tmp_path: Path, clock: SettableClock, discord: DiscordSimulator
) -> AsyncIterator[Served]:
    async with serving_with(discord, database_url, tmp_path, clock) as each:
        yield each


@asynccontextmanager
async def serving_with(
    discord: DiscordSimulator, database_url: str, tmp_path: Path, clock: SettableClock, **more: str
) -> AsyncIterator[Served]:
    """A server at the address that it names itself, where Discord can send browsers back to."""
    port = free_port()
    environ = {**discord.settings, "PUBLIC_URL": f"http://127.0.0.1:{port}", **more}
    async with serving(settings_for(database_url, tmp_path, **environ), clock=clock, port=port) as each:
        yield each


def visitor(served: Served) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=served.url, timeout=30)


def discord_id(discord: DiscordSimulator, name: str) -> str:
    return next(each.id for each in discord.world.users.values() if each.username == name)


def remember(client: httpx.AsyncClient, cookie: str) -> None:
    """Let the client have nothing but this cookie of a sign-in."""
    client.cookies.clear()
    client.cookies.set(COOKIE, cookie, domain="127.0.0.1")


async def asked(client: httpx.AsyncClient, start: str = START) -> dict[str, str]:
    """Begin, and return what Discord's page is asked."""
    sent = await client.get(start)
    assert sent.status_code == 303, sent.text
    return {name: values[0] for name, values in parse_qs(urlsplit(sent.headers["location"]).query).items()}


async def agree(discord: DiscordSimulator, question: dict[str, str], name: str | None) -> str:
    """Answer on Discord's page as somebody, or say no; return where the browser is sent."""
    answer = {"user_id": discord_id(discord, name)} if name else {"cancel": "1"}
    async with httpx.AsyncClient() as client:
        sent = await client.post(f"{discord.api_base}/oauth2/authorize", data={**question, **answer})
    assert sent.status_code == 302, sent.text
    return str(sent.headers["location"])


async def come_in(
    client: httpx.AsyncClient, discord: DiscordSimulator, name: str, start: str = START
) -> httpx.Response:
    return await client.get(await agree(discord, await asked(client, start), name))


async def come_in_by_password(client: httpx.AsyncClient) -> None:
    answer = await client.post("/panel/sign-in", data={"name": ADMIN_NAME, "password": ADMIN_PASSWORD})
    assert answer.status_code == 303


async def name_of(client: httpx.AsyncClient) -> str | None:
    """Return whose session the client has."""
    page = await client.get("/panel/rooms")
    found = re.search(r'<span class="who">([^<]*)', page.text)
    return found[1] if found else None


async def change(client: httpx.AsyncClient, path: str, **form: str) -> httpx.Response:
    token = re.search(r'name="csrf_token" value="(\w+)"', (await client.get("/panel/account")).text)
    assert token is not None
    return await client.post(path, data={"csrf_token": token[1], **form})


async def actions_of(served: Served, action: str) -> list[dict[str, object]]:
    async with served.house.database.read() as tx:
        return [dict(each.details) for each in await audit.page_of_entries(tx, limit=50, action=action)]


async def test_a_member_of_the_guild_comes_in_and_is_the_same_person_ever_after(
    served: Served, discord: DiscordSimulator
) -> None:
    async with visitor(served) as client:
        question = await asked(client, f"{START}?next=/panel/bookings")
        assert question == {
            "client_id": discord.settings["DISCORD_CLIENT_ID"],
            "response_type": "code",
            "redirect_uri": served.url + SIGN_IN_BACK,
            "scope": "identify",
            "state": question["state"],
            "code_challenge": question["code_challenge"],
            "code_challenge_method": "S256",
        }
        back = await client.get(await agree(discord, question, "hana.sato"))
        assert (back.status_code, back.headers["location"]) == (303, "/panel/bookings")
        assert await name_of(client) == "Hana"
        assert COOKIE not in client.cookies
    async with visitor(served) as again:
        await come_in(again, discord, "hana.sato")
        assert await name_of(again) == "Hana"
    async with served.house.database.read() as tx:
        people = await identity.search_users(tx, text="hana", limit=5)
        assert [(each.username, each.sign_in_name) for each in people] == [("hana.sato", None)]
        assert await identity.discord_id_of(tx, people[0].id) == int(discord_id(discord, "hana.sato"))
        assert await identity.roles_of(tx, people[0].id) == []
    assert [each["way"] for each in await actions_of(served, "session.opened")] == ["discord", "discord"]


async def test_nobody_is_taken_for_somebody_else_of_the_same_name(
    served: Served, discord: DiscordSimulator, administrator: User
) -> None:
    hana = discord.world.users[discord_id(discord, "hana.sato")]
    hana.username, hana.global_name = administrator.username, administrator.display_name
    async with visitor(served) as client:
        await come_in(client, discord, administrator.username)
        assert await name_of(client) == administrator.display_name
        assert (await client.get("/panel/system")).status_code == 403
    async with served.house.database.read() as tx:
        assert len(await identity.search_users(tx, text=None, limit=5)) == 2
        assert await identity.discord_id_of(tx, administrator.id) is None


@pytest.mark.parametrize(
    ("sign_up", "stranger", "member"), [("members", 403, 303), ("anyone", 303, 303), ("nobody", 403, 403)]
)
async def test_who_may_join_by_themselves_is_a_setting(
    database_url: str, tmp_path: Path, clock: SettableClock, discord: DiscordSimulator,
    sign_up: str, stranger: int, member: int,
) -> None:  # fmt: skip
    discord.world.add_user("passer_by", "Passer-by")
    async with serving_with(discord, database_url, tmp_path, clock, DISCORD_SIGN_UP=sign_up) as served:
        statuses = []
        for name in ("passer_by", "rosa.m"):
            async with visitor(served) as client:
                answer = await come_in(client, discord, name)
                statuses.append(answer.status_code)
                assert ("may not join by itself" in answer.text) is (answer.status_code == 403)
                assert (await name_of(client) is None) is (answer.status_code == 403)
        assert statuses == [stranger, member]
        refused = await actions_of(served, "session.refused")
        assert {each["reason"] for each in refused} <= {"not_invited"}
        assert len(refused) == statuses.count(403)


async def test_without_a_guild_whose_members_may_come_nobody_joins_and_one_that_cannot_be_asked_is_no_member_list(
    database_url: str, tmp_path: Path, clock: SettableClock, discord: DiscordSimulator
) -> None:
    for guild, status, words in (("0", 403, "may not join by itself"), ("77", 503, "the bot is not in the guild")):
        async with serving_with(discord, database_url, tmp_path, clock, DISCORD_GUILD_ID=guild) as served:
            async with visitor(served) as client:
                answer = await come_in(client, discord, "rosa.m")
            assert (answer.status_code, words in answer.text) == (status, True)


async def test_somebody_links_discord_comes_in_with_it_and_unlinks_it(
    served: Served, discord: DiscordSimulator, administrator: User
) -> None:
    async with visitor(served) as client:
        await come_in_by_password(client)
        linked = await come_in(client, discord, "mara", LINK)
        assert linked.headers["location"] == "/panel/account?done=discord-linked"
        assert "Linked to <b>mara</b>" in (await client.get("/panel/account")).text
        assert (await come_in(client, discord, "mara", LINK)).status_code == 303
        other = await come_in(client, discord, "rosa.m", LINK)
        assert (other.status_code, "another Discord account linked already" in other.text) == (409, True)
    async with visitor(served) as client:
        await come_in(client, discord, "mara")
        assert await name_of(client) == administrator.display_name
        assert (await client.get("/panel/system")).status_code == 200
        unlinked = await change(client, "/panel/account/discord/unlink")
        assert unlinked.headers["location"] == "/panel/account?done=discord-unlinked"
        assert (await change(client, "/panel/account/discord/unlink")).status_code == 303
    async with served.house.database.read() as tx:
        assert await identity.discord_id_of(tx, administrator.id) is None
    assert len(await actions_of(served, "user.linked")) == len(await actions_of(served, "user.unlinked")) == 1
    assert [each["reason"] for each in await actions_of(served, "user.link_refused")] == ["discord_linked"]


async def test_a_discord_account_has_one_person_and_the_only_way_in_stays(
    served: Served, discord: DiscordSimulator, administrator: User
) -> None:
    async with visitor(served) as rosa:
        await come_in(rosa, discord, "rosa.m")
        account = await rosa.get("/panel/account")
        assert "your only way in" in account.text
        assert "Present password" not in account.text
        kept = await change(rosa, "/panel/account/discord/unlink")
        assert (kept.status_code, "only way in and stays linked" in kept.text) == (422, True)
    async with visitor(served) as client:
        await come_in_by_password(client)
        taken = await come_in(client, discord, "rosa.m", LINK)
        assert (taken.status_code, "Somebody else is already linked" in taken.text) == (409, True)
    async with served.house.database.read() as tx:
        assert await identity.discord_id_of(tx, administrator.id) is None
    assert [each["reason"] for each in await actions_of(served, "user.link_refused")] == ["identity_taken"]


async def test_whoever_is_disabled_stays_outside(served: Served, discord: DiscordSimulator) -> None:
    async with visitor(served) as client:
        await come_in(client, discord, "davvi")
    async with served.house.database.write() as tx:
        (davvi,) = await identity.search_users(tx, text="davvi", limit=1)
        await tx.run(DISABLE, who=davvi.id, at=served.house.clock.now())
    async with visitor(served) as client:
        answer = await come_in(client, discord, "davvi")
        assert (answer.status_code, "disabled" in answer.text) == (403, True)
        assert await name_of(client) is None
    assert [each["reason"] for each in await actions_of(served, "session.refused")] == ["account_disabled"]


async def test_a_return_is_good_once_in_time_and_for_the_browser_that_began(
    served: Served, discord: DiscordSimulator, clock: SettableClock
) -> None:
    async with visitor(served) as client, visitor(served) as victim:
        back = await agree(discord, await asked(client), "rosa.m")
        foreign = await victim.get(back)
        await asked(victim)
        other = await victim.get(back)
        forged = await client.get(f"{SIGN_IN_BACK}?code=x&state=x")
        for answer in (foreign, other, forged):
            assert (answer.status_code, "did not begin" in answer.text) == (403, True)
        assert await name_of(victim) is None

        back = await agree(discord, await asked(client), "rosa.m")
        kept = client.cookies[COOKIE]
        assert (await client.get(back)).status_code == 303
        remember(client, kept)
        spent = await client.get(back)
        assert (spent.status_code, "over already" in spent.text) == (410, True)

        back = await agree(discord, await asked(client), "rosa.m")
        kept = client.cookies[COOKIE]
        clock.advance(timedelta(minutes=10))
        remember(client, kept)
        late = await client.get(back)
        assert (late.status_code, "took too long" in late.text) == (410, True)
        assert await name_of(client) is None

        remember(client, kept[:-4] + "AAAA")
        assert (await client.get(back)).status_code == 403


async def test_a_code_works_once_and_only_with_its_own_proof(served: Served, discord: DiscordSimulator) -> None:
    async with visitor(served) as client, visitor(served) as thief:
        back = await agree(discord, await asked(client), "rosa.m")
        code = parse_qs(urlsplit(back).query)["code"][0]
        state = (await asked(thief))["state"]
        stolen = await thief.get(SIGN_IN_BACK, params={"code": code, "state": state})
        assert (stolen.status_code, "no longer knows" in stolen.text) == (410, True)
        # Whoever tries a code uses it up.
        assert (await client.get(back)).status_code == 410
        state = (await asked(client))["state"]
        assert (await client.get(SIGN_IN_BACK, params={"state": state})).status_code == 410


async def test_a_link_is_finished_by_the_session_that_began_it_and_no_other_site_begins_one(
    served: Served, discord: DiscordSimulator, administrator: User
) -> None:
    async with visitor(served) as client:
        assert "/panel/sign-in?next=" in (await client.get(LINK)).headers["location"]
        await come_in_by_password(client)
        elsewhere = await client.get(LINK, headers={"Sec-Fetch-Site": "cross-site"})
        assert elsewhere.status_code == 403
        back = await agree(discord, await asked(client, LINK), "mara")
        # The same browser, but somebody has signed in anew meanwhile.
        await come_in_by_password(client)
        assert (await client.get(back)).status_code == 403
        assert (await client.post("/panel/account/discord/unlink")).status_code == 403
    async with served.house.database.read() as tx:
        assert await identity.discord_id_of(tx, administrator.id) is None


async def test_a_session_that_was_put_into_the_browser_before_is_not_the_one_that_is_opened(
    served: Served, discord: DiscordSimulator
) -> None:
    async with visitor(served) as client:
        client.cookies.set("session_id", "chosen-by-somebody-else", domain="127.0.0.1")
        answer = await come_in(client, discord, "rosa.m")
        (given,) = [each for each in answer.headers.get_list("set-cookie") if each.startswith("session_id=")]
        assert "chosen-by-somebody-else" not in given
        assert {"HttpOnly", "SameSite=Lax"} <= {part.strip() for part in given.split(";")}


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.test/",
        "//evil.test",
        "/\\evil.test",
        "/panel/../..//evil.test",
        "javascript:1",
        "/panel/rooms?date=" + "1" * 5000,
    ],
    ids=lambda wanted: wanted[:24],
)
async def test_afterwards_one_is_in_this_house_and_nowhere_else(
    served: Served, discord: DiscordSimulator, wanted: str
) -> None:
    async with visitor(served) as client:
        sent = await client.get(START, params={"next": wanted})
        question = {name: values[0] for name, values in parse_qs(urlsplit(sent.headers["location"]).query).items()}
        back = await client.get(await agree(discord, question, "rosa.m"))
        assert back.headers["location"] == "/panel"


async def test_whoever_says_no_is_told_that_nothing_happened(served: Served, discord: DiscordSimulator) -> None:
    async with visitor(served) as client:
        answer = await client.get(await agree(discord, await asked(client, f"{START}?next=/panel/bookings"), None))
        assert (answer.status_code, "nothing was changed" in answer.text) == (403, True)
        # The way on is still there.
        assert 'href="/panel/sign-in/discord?next=/panel/bookings"' in answer.text
        state = (await asked(client))["state"]
        broken = await client.get(SIGN_IN_BACK, params={"error": "server_error", "state": state})
        assert (broken.status_code, "Discord does not answer" in broken.text) == (503, True)


@pytest.mark.parametrize("path", [TOKEN, WHO])
async def test_a_discord_in_trouble_is_told_and_the_next_try_goes_well(
    served: Served, discord: DiscordSimulator, path: str
) -> None:
    assert served.house.discord_door is not None
    served.house.discord_door._timeout = 0.3  # type: ignore[attr-defined]  # nobody waits eight seconds here
    async with visitor(served) as client:
        for fault, headers in (
            (Fault(path=path, status=500), None),
            (Fault(path=path, status=503), None),
            (Fault(path=path, retry_after=7), "7"),
            (Fault(path=path, delay=30), None),
            (Fault(path=path, status=404), None),
        ):
            discord.faults.add(fault)
            answer = await come_in(client, discord, "rosa.m")
            assert (answer.status_code, answer.headers.get("retry-after")) == (503, headers)
            assert "Discord does not answer at this moment" in answer.text
            assert await name_of(client) is None
            discord.faults.clear()
        assert (await come_in(client, discord, "rosa.m")).status_code == 303


async def test_a_discord_that_cannot_be_reached_or_knows_another_secret_is_told(
    served: Served, database_url: str, tmp_path: Path, clock: SettableClock, discord: DiscordSimulator
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/api/v10"
    for settings, words in (
        ({"DISCORD_API_BASE": nobody, "DISCORD_AUTHORIZE_URL": "https://discord.test/page"}, "does not answer"),
        ({"DISCORD_CLIENT_SECRET": "another"}, "DISCORD_CLIENT_SECRET"),
    ):
        async with serving_with(discord, database_url, tmp_path, clock, **settings) as other, visitor(other) as client:
            answer = await come_in(client, discord, "rosa.m")
            assert (answer.status_code, words in answer.text) == (503, True)


async def test_too_many_returns_from_one_address_have_to_wait(served: Served) -> None:
    async with visitor(served) as client:
        for _ in range(30):
            state = (await asked(client))["state"]
            assert (await client.get(SIGN_IN_BACK, params={"code": "x", "state": state})).status_code == 410
        state = (await asked(client))["state"]
        answer = await client.get(SIGN_IN_BACK, params={"code": "x", "state": state})
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0


async def test_browsers_return_to_the_address_that_is_set_and_are_sent_out_from_there(
    database_url: str, tmp_path: Path, clock: SettableClock, discord: DiscordSimulator
) -> None:
    port = free_port()
    back = f"http://localhost:{port}/elsewhere/back"
    environ = {**discord.settings, "PUBLIC_URL": f"http://localhost:{port}", "DISCORD_REDIRECT_URI": back}
    async with serving(settings_for(database_url, tmp_path, **environ), clock=clock, port=port) as served:
        async with visitor(served) as client:
            moved = await client.get(f"{START}?next=/panel/bookings")
            assert moved.headers["location"] == f"http://localhost:{port}{START}?next=/panel/bookings&moved=1"
        headers = {"Host": f"localhost:{port}"}
        async with httpx.AsyncClient(base_url=served.url, headers=headers) as client:
            question = await asked(client)
            assert question["redirect_uri"] == back
            returned = urlsplit(await agree(discord, question, "rosa.m"))
            assert returned.path == "/elsewhere/back"
            answer = await client.get(f"{returned.path}?{returned.query}")
            assert (answer.status_code, answer.headers["location"]) == (303, "/panel")


async def test_without_an_application_there_is_no_such_door(
    database_url: str, tmp_path: Path, clock: SettableClock
) -> None:
    async with serving(settings_for(database_url, tmp_path), clock=clock) as served, visitor(served) as client:
        assert "Discord" not in (await client.get("/panel/sign-in")).text
        for path in (START, SIGN_IN_BACK):
            assert (await client.get(path)).status_code == 404


async def test_the_secret_of_the_attendance_api_is_shown_to_super_administrators_on_demand(
    served: Served, administrator: User, discord: DiscordSimulator
) -> None:
    secret = served.house.internal_secret
    path = "/panel/system/internal-secret"
    async with visitor(served) as client:
        await come_in_by_password(client)
        assert secret not in (await client.get("/panel/system")).text
        shown = await change(client, path)
        assert (shown.status_code, secret in shown.text) == (200, True)
        assert shown.headers["cache-control"] == "no-store"
    async with visitor(served) as client:
        await come_in(client, discord, "rosa.m")
        assert (await change(client, path)).status_code == 403
        async with served.house.database.write() as tx:
            (rosa,) = await identity.search_users(tx, text="rosa", limit=1)
            await identity.set_roles(tx, SYSTEM, rosa, ["admin"], now=served.house.clock.now())
        assert "Secret of the attendance API" not in (await client.get("/panel/system")).text
        refused = await change(client, path)
        assert (refused.status_code, "super administrator" in refused.text) == (403, True)
    assert len(await actions_of(served, "secret.shown")) == 1


async def choose(page: Page, name: str) -> None:
    """Go on as somebody on Discord's page."""
    await page.get_by_role("button", name=re.compile(rf"\({re.escape(name)}\)")).click()


async def test_in_a_browser_somebody_signs_in_and_is_refused_and_says_no(
    browser: Browser, served: Served, discord: DiscordSimulator
) -> None:
    discord.world.add_user("passer_by", "Passer-by")
    async with visiting(browser, served) as page:
        await page.goto("/panel/bookings")
        await page.get_by_role("link", name="Sign in with Discord").click()
        await expect(page.get_by_role("heading")).to_have_text("Guildhall wants to know who you are")
        await page.get_by_role("button", name="Cancel").click()
        await expect(page.get_by_role("alert")).to_contain_text("nothing was changed")
        await page.get_by_role("link", name="Sign in with Discord").click()
        await choose(page, "passer_by")
        await expect(page.get_by_role("alert")).to_contain_text("may not join by itself")
        await page.get_by_role("link", name="Sign in with Discord").click()
        await choose(page, "hana.sato")
        await expect(page).to_have_url(f"{served.url}/panel/bookings")
        await expect(page.locator("#nav .who")).to_have_text("Hana")


async def test_in_a_browser_somebody_links_and_unlinks(
    browser: Browser, served: Served, administrator: User, discord: DiscordSimulator
) -> None:
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.goto("/panel/account")
        await page.get_by_role("link", name="Link Discord").click()
        await choose(page, "mara")
        await expect(page.locator(".toast")).to_have_text("Your Discord account is linked; it can sign you in.")
        await expect(page.locator("#discord")).to_contain_text("Linked to mara")
        await page.get_by_role("button", name="Sign out").click()
        await page.get_by_role("link", name="Sign in with Discord").click()
        await choose(page, "mara")
        await expect(page.locator("#nav .who")).to_have_text(administrator.display_name)
        await page.goto("/panel/account")
        await page.locator("#discord").get_by_role("button", name="Unlink…").click()
        await page.get_by_role("button", name="Unlink it").click()
        await expect(page.locator("#discord")).to_contain_text("Link your Discord account")
