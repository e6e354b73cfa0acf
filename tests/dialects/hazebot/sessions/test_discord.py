"""Coming in from Discord, with the role that one has there."""

import asyncio
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from guildhall.simulator.discord import Fault
from tests.dialects.hazebot.sessions.lobby import CALLBACK, MODERATORS, Lobby, refusal, token_in

ME, STEWARD, MEMBER = "/api/auth/me", "tobias.k", "rosa.m"


@pytest.fixture
def engine() -> str:
    """What is tested here does not depend on the engine."""
    return "sqlite"


async def arrived(lobby: Lobby, username: str, **asked: str) -> httpx.Response:
    """Let somebody sign in, and return what the callback answers."""
    browser = await lobby.client()
    return await browser.get(await lobby.brought_back(await lobby.sent_out(browser, **asked), username))


async def test_members_come_in_with_their_role_and_stay_as_long_as_they_are_members(lobby: Lobby) -> None:
    for asked, goal in (
        ({}, "/panel"),
        ({"platform": "analytics"}, "/panel"),
        ({"platform": "android"}, "hazebot://oauth"),
        ({"state": "mobile"}, "hazebot://oauth"),
        ({"platform": "ios"}, "hazebot://oauth"),
    ):
        answer = await arrived(lobby, STEWARD, **asked)
        assert answer.status_code == 302
        location = answer.headers["location"]
        assert location.startswith(f"{goal if ':' in goal else lobby.served.url + goal}?token=")
        assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
    client = await lobby.client(token_in(location))
    me = (await client.get(ME)).json()
    assert (me["role"], me["auth_type"], me["discord_id"]) == ("moderator", "discord", lobby.id_of(STEWARD))
    assert me["user_id"] == me["discord_id"]
    await client.post("/api/tickets", json={"type": "general", "subject": "A test", "description": "Is anybody there?"})
    (ticket,) = (await client.get("/api/tickets/my")).json()["tickets"]
    assert ticket["avatar_url"].startswith(f"https://cdn.discordapp.com/avatars/{me['discord_id']}/")

    lobby.give_roles(STEWARD)
    lobby.clock.advance(timedelta(seconds=61))
    assert (await client.get(ME)).json()["role"] == "lootling"
    lobby.leave(STEWARD)
    lobby.clock.advance(timedelta(seconds=61))
    assert refusal(await client.get(ME)) == (401, "SESSION_ENDED")
    assert refusal(await arrived(lobby, STEWARD)) == (403, "NOT_A_MEMBER")
    lobby.give_roles(STEWARD, MODERATORS)
    assert refusal(await client.get(ME)) == (401, "SESSION_ENDED"), "what has ended stays ended"
    again = await lobby.client(token_in((await arrived(lobby, STEWARD)).headers["location"]))
    assert (await again.get(ME)).json()["role"] == "moderator"


async def test_without_discord_the_last_role_counts_for_ten_minutes(lobby: Lobby) -> None:
    client = await lobby.client(token_in((await arrived(lobby, STEWARD)).headers["location"]))
    lobby.discord.faults.add(Fault(path="/api/v10/guilds", status=503), times=50)
    lobby.clock.advance(timedelta(minutes=9))
    assert (await client.get(ME)).json()["role"] == "moderator"
    lobby.clock.advance(timedelta(minutes=2))
    assert (await client.get(ME)).json()["role"] == "lootling", "nobody is signed out by it"


async def test_a_state_counts_once_in_time_and_for_the_browser_that_began(lobby: Lobby) -> None:
    stranger, browser = await lobby.client(), await lobby.client()
    for bad in ("?code=x", "?code=x&state=y", "?error=access_denied&state=y", "?code=x&state=web"):
        assert refusal(await stranger.get(CALLBACK + bad)) == (400, "INVALID_STATE")
    assert refusal(await stranger.get(CALLBACK)) == (400, "MISSING_CODE")
    assert refusal(await stranger.get("/api/discord/auth?platform=fridge")) == (400, "INVALID_PLATFORM")

    address = await lobby.brought_back(await lobby.sent_out(browser), MEMBER)
    assert refusal(await stranger.get(address)) == (400, "INVALID_STATE")
    answers = await asyncio.gather(*(browser.get(address) for _ in range(2)))
    assert sorted(each.status_code for each in answers) == [302, 400]
    late = await lobby.brought_back(await lobby.sent_out(browser), MEMBER)
    lobby.clock.advance(timedelta(minutes=10))
    assert refusal(await browser.get(late)) == (400, "INVALID_STATE")

    question = {**await lobby.sent_out(stranger, platform="android"), "state": "mobile"}
    older = await stranger.get(await lobby.brought_back(question, MEMBER))
    assert older.headers["location"].startswith("hazebot://oauth?token=")
    assert refusal(await stranger.get(f"{CALLBACK}?code=nonsense&state=mobile")) == (400, "CODE_REFUSED")


async def test_what_discord_and_people_refuse_is_told(lobby: Lobby) -> None:
    browser = await lobby.client()
    said_no = await browser.get(await lobby.brought_back(await lobby.sent_out(browser), None))
    assert said_no.headers["location"] == f"{lobby.served.url}/panel?error=access_denied"
    address = await lobby.brought_back(await lobby.sent_out(browser), MEMBER)
    lobby.discord.faults.add(Fault(path="/api/v10/oauth2/token", status=503))
    assert refusal(await browser.get(address)) == (502, "DISCORD_ERROR")
    address = await lobby.brought_back(await lobby.sent_out(browser), MEMBER)
    told = (await browser.get(address, headers={"Accept": "application/json, text/html"})).json()
    assert (told["role"], told["discord_user"]["username"]) == ("lootling", MEMBER)


class TestOneAddressForAll:
    """With DISCORD_REDIRECT_URI as the reference has it, which the panel and the other dialect go by too."""

    @pytest.fixture
    def more_settings(self) -> dict[str, str]:
        return {"DISCORD_REDIRECT_URI": "http://localhost:5070/api/discord/callback", "HAZEBOT_OAUTH_BIND": "off"}

    async def test_browsers_of_the_panel_find_their_way_from_there(self, lobby: Lobby) -> None:
        browser = await lobby.client(Host="localhost:5070")
        for begin in ("/panel/sign-in/discord?next=/panel/account", "/api/auth/login?redirect=/panel/account"):
            sent = await browser.get(begin)
            question = dict(httpx.QueryParams(urlsplit(sent.headers["location"]).query))
            back = await browser.get(await lobby.brought_back(question, MEMBER))
            assert back.headers["location"].startswith("/panel/sign-in/discord/back?")
            done = await browser.get(back.headers["location"])
            assert (done.status_code, done.headers["location"]) == (303, "/panel/account")
            browser.cookies.clear()
        question = await lobby.sent_out(browser)
        assert question["redirect_uri"] == "http://localhost:5070/api/discord/callback"
        unbound = await (await lobby.client()).get(await lobby.brought_back(question, MEMBER))
        assert token_in(unbound.headers["location"])
