"""The first setup of a house that knows no Discord yet: checks, the one save, and that the bot starts by itself."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from guildhall.bot import Supervisor
from guildhall.domains.bot import Phase
from guildhall.settings import Settings
from guildhall.simulator.discord import DiscordSimulator, Limits, simulate
from tests.bot.conftest import Scene
from tests.clock import SettableClock
from tests.dialects.rustmail.people import OWNER, STEWARD, FrontDesk, refusal
from tests.services.discord import pointed_at
from tests.serving import Served, settings_for

SETUP = "/api/setup"
TOKEN = "lantern-setup-4711"


@pytest.fixture
async def discord() -> AsyncIterator[DiscordSimulator]:
    """Discord, which the library's clients are pointed at."""
    async with simulate(limits=Limits(requests=10_000, requests_of_the_bot=10_000)) as simulator:
        with pointed_at(simulator):
            yield simulator


@pytest.fixture
def settings(database_url: str, tmp_path: Path, discord: DiscordSimulator) -> Settings:
    """A house that knows where Discord is, and nothing else of it."""
    places = {name: discord.settings[name] for name in ("DISCORD_API_BASE", "DISCORD_GATEWAY_URL")}
    return settings_for(database_url, tmp_path, SETUP_TOKEN=TOKEN, **places)


@pytest.fixture
async def operator(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """Whoever knows the setup's token."""
    async with served.client(headers={"X-Setup-Token": TOKEN}) as client:
        yield client


def channel_of(discord: DiscordSimulator, kind: int) -> str:
    """Return the id of a channel of the guild."""
    return next(each.id for each in discord.guild.channels.values() if each.type == kind)


async def test_discord_is_asked_live_whether_what_is_entered_will_do(
    operator: httpx.AsyncClient, discord: DiscordSimulator
) -> None:
    status = (await operator.get(f"{SETUP}/status")).json()
    assert (status["setup_required"], status["step"], status["completed"]) == (True, "token", False)
    assert (status["token_prefill"], status["panel_url"]) == (None, "http://hub.test/panel")
    assert (await operator.get(f"{SETUP}/verify")).json() == {"success": True}

    async def ask(what: str, **body: object) -> dict[str, Any]:
        answer = await operator.post(f"{SETUP}/validate-{what}", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    good, guild = discord.token, discord.guild
    found = await ask("token", token=good)
    assert (found["valid"], found["error"], found["bot"]["id"]) == (True, None, discord.world.bot.id)
    assert found["bot"]["missing_intents"] == []
    for wrong in ("wrong", "two words", "schlüssel"):
        assert await ask("token", token=wrong) == {
            "valid": False, "bot": None, "error": "Discord does not know this token",
        }  # fmt: skip
    for guild_id in (guild.id, int(guild.id)):
        there = await ask("guild", token=good, guild_id=guild_id)
        assert (there["valid"], there["guild"]["name"], there["guild"]["missing_permissions"]) == (True, guild.name, [])
    assert (await ask("guild", token=good, guild_id="17"))["error"] == "The bot is not in this server; invite it first"
    channel = next(iter(guild.channels.values()))
    named = {"token": good, "guild_id": guild.id}
    assert (await ask("channel", **named, channel_id=channel.id))["channel"] == {
        "id": channel.id, "name": channel.name, "kind": channel.type,
    }  # fmt: skip
    assert (await ask("channel", **named, channel_id="17"))["valid"] is False
    assert (await ask("channel", token=good, guild_id="17", channel_id=channel.id))["error"].startswith("The channel")
    application = discord.world.application
    assert await ask("oauth2", client_id=application.id, client_secret=application.secret) == {
        "valid": True, "error": None,
    }  # fmt: skip
    assert (await ask("oauth2", client_id=application.id, client_secret="x"))["valid"] is False
    for path, body in (("token", {"token": ""}), ("guild", {"token": "x", "guild_id": "abc"}), ("token", {})):
        answer = await operator.post(f"{SETUP}/validate-{path}", json=body)
        assert (*refusal(answer), answer.json()["success"]) == (400, "INVALID_REQUEST", False)


async def test_whoever_guesses_the_token_is_slowed_down_and_keeps_nobody_else_out(
    served: Served, operator: httpx.AsyncClient
) -> None:
    async with served.client() as stranger:
        tries = await asyncio.gather(
            *(stranger.get(f"{SETUP}/verify", headers={"X-Setup-Token": f"guess {number}"}) for number in range(8))
        )
        codes = sorted(refusal(each) for each in tries)
        assert codes == [(403, "INVALID_SETUP_TOKEN")] * 5 + [(429, "RATE_LIMITED")] * 3
        late = await stranger.post(f"{SETUP}/save", json={})
        assert (late.status_code, int(late.headers["retry-after"]) > 0) == (429, True)
        assert (await stranger.get(f"{SETUP}/status")).status_code == 200


async def takes_nothing_wrong(operator: httpx.AsyncClient, whole: dict[str, Any]) -> None:
    """See each wrong answer refused by its name, and the house still not set up."""
    for wrong, field in (
        ({"token": "wrong"}, "bot.token"),
        ({"guild_id": "17"}, "bot.guild_id"),
        ({"guild_id": None}, "guild_id"),
        ({"server_mode": "dual"}, "community_guild_id"),
        ({"panel_super_admin_users": []}, "panel_super_admin_users"),
        ({"timezone": "Mars/Olympus"}, "bot.timezone"),
    ):
        answer = await operator.post(f"{SETUP}/save", json={**whole, **wrong})
        assert (*refusal(answer), answer.json()["success"]) == (400, "INVALID_REQUEST", False)
        assert [each["path"] for each in answer.json()["details"]] == [field]
    assert (await operator.get(f"{SETUP}/status")).json()["setup_required"] is True


async def goes_by_what_was_saved(front: FrontDesk, discord: DiscordSimulator) -> httpx.AsyncClient:
    """See the desk ruled and Discord asked by what was saved; return the client of the server's owner."""
    # Who was named rules the desk, the owner of the stored server as well, and the stored token asks for them.
    steward, owner = await front.enters(STEWARD), await front.enters(OWNER)
    for client in (steward, owner):
        assert (await client.get("/api/user/permissions")).json()["is_super_admin"] is True
    assert (await owner.get("/api/bot/profile")).json()["id"] == discord.world.bot.id
    assert len((await owner.get("/api/admin/members")).json()["members"]) > 1
    shown = (await owner.get("/api/bot/config")).json()
    assert (shown["thread"]["staff_message_color"], shown["command"]["prefix"]) == ("aabbcc", "?")
    assert shown["secrets"] == {"bot.client_secret": True, "bot.token": True}
    assert discord.token not in str(shown)
    login = await owner.get("/api/auth/login", headers={"Host": "hub.test"})
    assert f"client_id={discord.world.application.id}" in login.headers["location"]
    return owner


async def test_one_save_ends_the_setup_for_good_and_everything_that_speaks_with_discord_goes_by_it(
    served: Served, operator: httpx.AsyncClient, discord: DiscordSimulator, front: FrontDesk, clock: SettableClock
) -> None:
    house, guild, application = served.house, discord.guild, discord.world.application
    supervisor = Supervisor(house)
    supervisor.start()
    try:
        scene = Scene(house, clock, discord, supervisor)
        await scene.comes_to(Phase.WAITING)
        assert house.discord_door is None
        whole = {
            "token": discord.token,
            "server_mode": "single",
            "guild_id": guild.id,
            "inbox_category_id": channel_of(discord, 4),
            "panel_super_admin_users": [front.id_of(STEWARD)],
            "bot_status": "Write to us",
            "client_id": int(application.id),
            "client_secret": application.secret,
            "command_prefix": "?",
            "staff_message_color": "#AABBCC",
            "timezone": "Europe/Berlin",
            "logs_channel_id": None,
            "panel_url": "https://elsewhere.test",
        }
        await takes_nothing_wrong(operator, whole)
        ends = await asyncio.gather(*(operator.post(f"{SETUP}/save", json=whole) for _ in range(2)))
        assert sorted(each.status_code for each in ends) == [200, 403]
        await scene.comes_to(Phase.CONNECTED)
        assert (await operator.get(f"{SETUP}/status")).json()["step"] == "done"
        for path in ("verify", "validate-token", "save"):
            answer = await operator.request("GET" if path == "verify" else "POST", f"{SETUP}/{path}")
            assert (*refusal(answer), answer.json()["success"]) == (403, "SETUP_COMPLETED", False)
        assert (await operator.post(f"{SETUP}/restart")).json() == {"success": True}
        await scene.comes_to(Phase.CONNECTED)

        owner = await goes_by_what_was_saved(front, discord)
        clock.advance(timedelta(minutes=10, seconds=1))
        assert refusal(await operator.post(f"{SETUP}/restart")) == (403, "SETUP_COMPLETED")
        # A token that is taken away is not used any more by anything.
        await owner.put("/api/bot/config", json={"bot": {"token": ""}})
        assert refusal(await owner.get("/api/bot/profile")) == (503, "BOT_OFFLINE")
    finally:
        await supervisor.stop()
