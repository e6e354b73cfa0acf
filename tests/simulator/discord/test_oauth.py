import base64
import hashlib
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from guildhall.simulator.discord import DiscordSimulator, simulate
from tests.clock import SettableClock

BACK = "http://127.0.0.1:9/signed-in?kept=1"
VERIFIER = "a-verifier-that-is-long-enough-to-be-one-of-them"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
TOKEN = "/api/v10/oauth2/token"


class Browser:
    """Somebody at the page that asks, and the application behind it."""

    def __init__(self, client: httpx.AsyncClient, simulator: DiscordSimulator) -> None:
        self.client = client
        self.application = simulator.world.application
        self.asked = {
            "client_id": self.application.id,
            "redirect_uri": BACK,
            "response_type": "code",
            "scope": "identify email guilds",
            "state": 'a "state" & more',
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        self.secret = {"client_id": self.application.id, "client_secret": self.application.secret}

    async def agree(self, user_id: str) -> dict[str, list[str]]:
        """Fill in the page as a browser does, and return what the application hears."""
        page = await self.client.get("/oauth2/authorize", params=self.asked)
        assert page.status_code == 200
        assert "Guildhall wants to know who you are" in page.text
        assert f'value="{user_id}"' in page.text
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
        form = {name: value.replace("&quot;", '"').replace("&amp;", "&") for name, value in hidden.items()}
        return await self.decide(form | {"user_id": user_id})

    async def decide(self, form: dict[str, str]) -> dict[str, list[str]]:
        """Send the form, and return what the application hears."""
        sent_back = await self.client.post("/oauth2/authorize", data=form)
        assert sent_back.status_code == 302
        there = sent_back.headers["Location"]
        assert there.startswith("http://127.0.0.1:9/signed-in?kept=1&")
        return parse_qs(urlsplit(there).query)

    async def exchange(self, code: str, **more: str) -> httpx.Response:
        """Ask for tokens."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
        return await self.client.post(TOKEN, data=form | self.secret | more)


@pytest.fixture
async def browser(simulator: DiscordSimulator, client: httpx.AsyncClient) -> Browser:
    """A browser at Discord."""
    return Browser(client, simulator)


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    """Return the header with an access token."""
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def test_somebody_signs_in_and_the_application_learns_who_they_are(
    simulator: DiscordSimulator, browser: Browser, client: httpx.AsyncClient, clock: SettableClock, rosa: str
) -> None:
    heard = await browser.agree(rosa)
    assert heard["state"] == ['a "state" & more']
    tokens = (await browser.exchange(heard["code"][0])).json()
    assert (tokens["token_type"], tokens["scope"]) == ("Bearer", "email guilds identify")
    me = (await client.get("/api/v10/users/@me", headers=bearer(tokens))).json()
    assert (me["id"], me["email"], me["verified"]) == (rosa, "rosa.m@example.org", True)
    guilds = (await client.get("/api/v10/users/@me/guilds", headers=bearer(tokens))).json()
    assert [(each["id"], each["owner"]) for each in guilds] == [(simulator.guild.id, False)]
    assert (await client.get("/api/v10/oauth2/@me", headers=bearer(tokens))).json()["user"]["id"] == rosa
    picture = await client.get(f"/avatars/{rosa}/{me['avatar']}.png")
    assert (picture.headers["Content-Type"], picture.content[:4]) == ("image/png", b"\x89PNG")

    member = f"/api/v10/users/@me/guilds/{simulator.guild.id}/member"
    assert (await client.get(member, headers=bearer(tokens))).status_code == 403
    assert (await client.get(f"/api/v10/users/{rosa}", headers=bearer(tokens))).status_code == 401

    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    basic = (browser.application.id, browser.application.secret)
    fresh = (await client.post("/api/oauth2/token", data=form, auth=basic)).json()
    assert fresh["access_token"] != tokens["access_token"]
    assert (await client.post(TOKEN, data=form, auth=basic)).json()["error"] == "invalid_grant"
    await client.post(f"{TOKEN}/revoke", data={"token": fresh["access_token"], **browser.secret})
    assert (await client.get("/api/v10/users/@me", headers=bearer(fresh))).status_code == 401
    again = (await browser.exchange((await browser.agree(rosa))["code"][0])).json()
    clock.advance(timedelta(days=8))
    assert (await client.get("/api/v10/users/@me", headers=bearer(again))).status_code == 401


async def test_a_code_is_good_once_for_whoever_asked_for_it(
    browser: Browser, client: httpx.AsyncClient, clock: SettableClock, rosa: str
) -> None:
    for wrong in ({"code_verifier": "another"}, {"redirect_uri": "http://127.0.0.1:9/elsewhere"}):
        code = (await browser.agree(rosa))["code"][0]
        refused = await browser.exchange(code, **wrong)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        assert (await browser.exchange(code)).json()["error"] == "invalid_grant"
    code = (await browser.agree(rosa))["code"][0]
    stranger = await browser.exchange(code, client_secret="guessed")
    assert (stranger.status_code, stranger.json()["error"]) == (401, "invalid_client")
    assert (await browser.exchange(code, grant_type="password")).json()["error"] == "unsupported_grant_type"
    assert (await client.post(TOKEN, json={"code": code})).status_code == 401
    clock.advance(timedelta(minutes=11))
    assert (await browser.exchange(code)).json()["error"] == "invalid_grant"
    heard = await browser.decide(browser.asked | {"cancel": "1"})
    assert heard["error"] == ["access_denied"]


async def test_the_page_refuses_what_is_wrong_before_it_sends_anybody_anywhere(
    browser: Browser, client: httpx.AsyncClient, clock: SettableClock, rosa: str
) -> None:
    for wrong in (
        {"client_id": "1"},
        {"redirect_uri": "https://example.org/"},
        {"response_type": "token"},
        {"scope": "everything"},
        {"code_challenge_method": "plain"},
    ):
        assert (await client.get("/oauth2/authorize", params=browser.asked | wrong)).status_code == 400
        form = browser.asked | wrong | {"user_id": rosa}
        assert (await client.post("/oauth2/authorize", data=form)).status_code == 400
    async with simulate(clock=clock, redirects=("https://example.org/back",)) as simulator:
        asked = browser.asked | {"client_id": simulator.world.application.id}
        place = f"{simulator.address}/oauth2/authorize"
        assert (await client.get(place, params=asked)).status_code == 400
        asked["redirect_uri"] = "https://example.org/back"
        assert (await client.get(place, params=asked)).status_code == 200
