"""Coming in with Discord by the API's addresses, and going."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from guildhall.simulator.discord import DiscordSimulator, Fault
from guildhall.web.discord_errands import COOKIE
from tests.clock import SettableClock
from tests.dialects.rustmail.people import MEMBER, OWNER, FrontDesk, refusal
from tests.serving import ADMIN_NAME, ADMIN_PASSWORD, Served, free_port, serving, settings_for

LOGIN, CALLBACK, LOGOUT = "/api/auth/login", "/api/auth/callback", "/api/auth/logout"
TOKEN = "/api/v10/oauth2/token"


@pytest.fixture
async def served(
    database_url: str, tmp_path: Path, clock: SettableClock, discord: DiscordSimulator
) -> AsyncIterator[Served]:
    """A server at the address that it names itself, where Discord sends browsers back to."""
    port = free_port()
    here = f"http://127.0.0.1:{port}"
    environ = {**discord.settings, "PUBLIC_URL": here, "DISCORD_REDIRECT_URI": here + CALLBACK}
    async with serving(settings_for(database_url, tmp_path, **environ), clock=clock, port=port) as each:
        yield each


async def sent_out(browser: httpx.AsyncClient, wanted: str = "") -> dict[str, str]:
    """Begin a login, and return what Discord's page is asked."""
    answer = await browser.get(LOGIN, params={"redirect": wanted} if wanted else None)
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


async def brought_back(front: FrontDesk, question: dict[str, str], username: str | None) -> str:
    """Answer on Discord's page as somebody, or say no; return where the browser is sent then."""
    answer = {"user_id": front.id_of(username)} if username else {"cancel": "1"}
    async with httpx.AsyncClient() as client:
        sent = await client.post(f"{front.discord.api_base}/oauth2/authorize", data={**question, **answer})
    location = urlsplit(sent.headers["location"])
    assert location.path == CALLBACK
    return f"{location.path}?{location.query}"


async def test_a_member_comes_in_is_known_everywhere_and_goes(front: FrontDesk) -> None:
    browser = await front.opened()
    question = await sent_out(browser, "/panel/account")
    assert (question["scope"], question["code_challenge_method"], len(question["state"]) >= 43) == (
        "identify",
        "S256",
        True,
    )
    back = await browser.get(await brought_back(front, question, OWNER))
    assert (back.status_code, back.headers["location"]) == (302, "/panel/account")
    kept = [each for each in back.headers.get_list("set-cookie") if each.startswith("session_id=")]
    assert "HttpOnly" in kept[0]
    assert "SameSite=Lax" in kept[0]
    check = (await browser.get("/api/panel/check")).json()
    assert (check["user_id"], check["is_super_admin"]) == (front.id_of(OWNER), True)
    assert (await browser.get("/panel/desk/staff")).status_code == 200

    foreign = await browser.get(LOGOUT, headers={"Sec-Fetch-Site": "cross-site"})
    assert (foreign.status_code, foreign.headers["location"]) == (302, "/panel")
    assert (await browser.get("/api/panel/check")).status_code == 200
    session = browser.cookies["session_id"]
    gone = await browser.get(LOGOUT)
    assert (gone.status_code, gone.headers["location"]) == (302, "/panel")
    assert "session_id" not in browser.cookies
    assert refusal(await (await front.opened(session)).get("/api/apikeys")) == (401, "SESSION_EXPIRED")
    assert (await browser.get(LOGOUT)).status_code == 302


async def test_only_addresses_of_this_server_are_gone_on_to(front: FrontDesk) -> None:
    for wanted, place in (
        ("/panel/desk/keys", "/panel/desk/keys"),
        ("//evil.example", "/panel"),
        ("/\\evil.example", "/panel"),
        ("https://evil.example", "/panel"),
        ("panel", "/panel"),
        ("/" + "x" * 600, "/panel"),
        ("/a\r\nSet-Cookie: x=y", "/panel"),
    ):
        browser = await front.opened()
        back = await browser.get(await brought_back(front, await sent_out(browser, wanted), OWNER))
        assert back.headers["location"] == place


async def test_a_return_counts_once_in_time_and_for_the_browser_that_began(
    front: FrontDesk, clock: SettableClock
) -> None:
    stranger, browser = await front.opened(), await front.opened()
    for bad in ("?code=x", "?code=x&state=y", "?error=access_denied&state=y"):
        assert refusal(await stranger.get(CALLBACK + bad)) == (400, "INVALID_OAUTH_STATE")
    assert refusal(await stranger.get(CALLBACK)) == (400, "MISSING_CODE")
    assert refusal(await stranger.get(CALLBACK + "?state=y")) == (400, "MISSING_CODE")

    address = await brought_back(front, await sent_out(browser), MEMBER)
    assert refusal(await stranger.get(address)) == (400, "INVALID_OAUTH_STATE")
    kept = browser.cookies[COOKIE]
    browsers = [await front.opened(Cookie=f"{COOKIE}={kept}") for _ in range(5)]
    answers = await asyncio.gather(*(each.get(address) for each in browsers))
    assert sorted(each.status_code for each in answers) == [302] + [400] * 4
    late = await brought_back(front, await sent_out(browser), MEMBER)
    clock.advance(timedelta(minutes=10))
    assert refusal(await browser.get(late)) == (400, "INVALID_OAUTH_STATE")


async def test_a_refusal_by_discord_is_told_on_a_page(front: FrontDesk, discord: DiscordSimulator) -> None:
    browser = await front.opened()
    said_no = await browser.get(await brought_back(front, await sent_out(browser), None))
    assert (said_no.status_code, said_no.headers["location"]) == (302, "/panel/login?error=discord_denied")
    page = await browser.get(said_no.headers["location"])
    assert (page.status_code, "was not allowed to tell who you are" in page.text) == (403, True)

    address = await brought_back(front, await sent_out(browser), MEMBER)
    discord.faults.add(Fault(path=TOKEN, status=503))
    away = await browser.get(address)
    assert away.headers["location"] == "/panel/login?error=discord_away"
    assert "does not answer at this moment" in (await browser.get(away.headers["location"])).text
    plain = await browser.get("/panel/login?error=nonsense")
    assert (plain.status_code, 'role="alert"' in plain.text) == (200, False)


async def test_an_account_is_linked_by_a_browser_that_the_panel_sent(front: FrontDesk, administrator: object) -> None:
    browser = await front.opened()
    await browser.post("/panel/sign-in", data={"name": ADMIN_NAME, "password": ADMIN_PASSWORD})
    sent = await browser.get("/panel/account/discord/link")
    question = dict(parse_qsl(urlsplit(sent.headers["location"]).query))
    back = await browser.get(await brought_back(front, question, MEMBER))
    assert back.status_code == 302
    assert back.headers["location"].startswith("/panel/sign-in/discord/back?")
    done = await browser.get(back.headers["location"])
    assert done.headers["location"] == "/panel/account?done=discord-linked"
    assert (await browser.get("/api/panel/check")).json()["user_id"] == front.id_of(MEMBER)


async def test_without_an_application_one_is_sent_to_the_door_for_passwords(
    database_url: str, tmp_path: Path, clock: SettableClock
) -> None:
    async with serving(settings_for(database_url, tmp_path), clock=clock) as plain, plain.client() as browser:
        answer = await browser.get(LOGIN)
        assert (answer.status_code, answer.headers["location"]) == (302, "/panel/login?error=oauth_not_configured")
        page = await browser.get(answer.headers["location"])
        assert (page.status_code, "sign in with your password" in page.text) == (404, True)
        assert refusal(await browser.get(CALLBACK + "?code=x&state=y")) == (400, "INVALID_OAUTH_STATE")


async def test_a_browser_that_came_by_another_name_is_sent_out_from_the_servers_own(front: FrontDesk) -> None:
    browser = await front.opened(Host="guildhall.test")
    moved = await browser.get(LOGIN, params={"redirect": "/panel/account"})
    here = front.served.house.settings.public_url
    assert moved.headers["location"] == f"{here}{LOGIN}?redirect=/panel/account&moved=1"
    assert "state=" in (await browser.get(f"{LOGIN}?moved=1")).headers["location"]
