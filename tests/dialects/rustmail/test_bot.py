"""Starting, stopping and dressing the bot: the real one, connected to the simulated Discord."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from guildhall.bot import Supervisor
from guildhall.domains.bot import Phase
from guildhall.settings import Settings
from guildhall.simulator.discord import DiscordSimulator, Limits, simulate
from tests.bot.conftest import Scene, until
from tests.clock import SettableClock
from tests.dialects.rustmail.people import ABOVE, OWNER, STEWARD, FrontDesk, refusal
from tests.services.discord import pointed_at
from tests.serving import Served, free_port, serving, settings_for

BOT = "/api/bot"


@pytest.fixture
async def discord() -> AsyncIterator[DiscordSimulator]:
    """Discord, which the library's clients are pointed at."""
    async with simulate(limits=Limits(requests=10_000, requests_of_the_bot=10_000)) as simulator:
        with pointed_at(simulator):
            yield simulator


@pytest.fixture
async def scene(served: Served, clock: SettableClock, discord: DiscordSimulator) -> AsyncIterator[Scene]:
    """The process that serves, with the bot in it."""
    supervisor = Supervisor(served.house)
    supervisor.start()
    try:
        yield Scene(served.house, clock, discord, supervisor)
    finally:
        await supervisor.stop()


def seen(discord: DiscordSimulator) -> tuple[str, str]:
    """Return what members of the guild see of the bot: its state, and its activity."""
    sessions = [each for each in discord.gateway.sessions.values() if each.connection is not None]
    assert len(sessions) == 1
    shown: dict[str, Any] = sessions[0].presence
    activities = shown.get("activities") or []
    texts = [each.get("state") if each["type"] == 4 else each["name"] for each in activities]
    return shown.get("status", ""), "".join(texts)


async def test_it_is_stopped_started_and_started_anew_and_each_answer_waits_until_it_is_so(
    front: FrontDesk, scene: Scene, discord: DiscordSimulator, clock: SettableClock
) -> None:
    owner, steward = await front.enters(OWNER), await front.enters(STEWARD)
    await front.grants(owner, "view_panel", to=front.id_of(STEWARD))
    await scene.comes_to(Phase.CONNECTED)

    async def order(word: str) -> tuple[str, bool, str]:
        answer = await owner.post(f"{BOT}/{word}", headers=ABOVE)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert body["success"] is True
        return body["message"], body["changed"], body["state"]

    assert refusal(await steward.post(f"{BOT}/stop", headers=ABOVE)) == (403, "FORBIDDEN")
    assert await order("stop") == ("Bot stopped", True, "stopped")
    assert discord.gateway.sessions == {}
    assert await order("stop") == ("Bot stopped", False, "stopped")
    status = (await steward.get(f"{BOT}/status")).json()
    assert (status["online"], status["uptime"], status["state"], status["desired_state"], status["failure"]) == (
        False, 0, "stopped", "stopped", None,
    )  # fmt: skip

    assert await order("start") == ("Bot started", True, "running")
    assert discord.gateway.identified == 2
    assert await order("start") == ("Bot started", False, "running")
    status = (await steward.get(f"{BOT}/status")).json()
    assert (status["online"], status["status"], status["simulated"]) == (True, "running", True)
    assert discord.gateway.identified == 2

    assert await order("restart") == ("Bot restarted", True, "running")
    assert discord.gateway.identified == 3

    # Whoever comes at the same moment is not refused, and the last word counts.
    ends = await asyncio.gather(order("stop"), order("start"), order("start"), order("stop"))
    assert {message for message, _, _ in ends} == {"Bot stopped", "Bot started"}
    wanted = (await scene.state()).wanted
    await scene.comes_to(Phase.CONNECTED if wanted else Phase.STOPPED)


async def test_members_see_a_new_presence_at_once_and_after_every_start(
    front: FrontDesk, scene: Scene, discord: DiscordSimulator
) -> None:
    owner = await front.enters(OWNER)
    await scene.comes_to(Phase.CONNECTED)
    assert await discord.world.until(lambda: seen(discord) == ("online", "DM for support"))

    async def dress(**body: str) -> dict[str, Any]:
        answer = await owner.post(f"{BOT}/presence", json=body, headers=ABOVE)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    assert await dress(status="New status message") == {
        "success": True, "applied": True, "presence": "New status message", "presence_state": "online",
    }  # fmt: skip
    assert await discord.world.until(lambda: seen(discord) == ("online", "New status message"))
    assert (await dress(status="chess", state="maintenance", activity="playing"))["presence_state"] == "maintenance"
    assert await discord.world.until(lambda: seen(discord) == ("dnd", "chess"))
    # The configuration is the same value in another place.
    changed = await owner.put(f"{BOT}/config", json={"bot": {"status": "", "presence_state": "idle"}}, headers=ABOVE)
    assert changed.json()["reconnected"] is False
    assert await discord.world.until(lambda: seen(discord) == ("idle", ""))

    await owner.post(f"{BOT}/stop", headers=ABOVE)
    assert (await dress(status="idle"))["applied"] is False
    await owner.post(f"{BOT}/start", headers=ABOVE)
    assert await discord.world.until(lambda: seen(discord) == ("idle", "idle"))
    for wrong in ({"status": "x" * 129}, {"status": "x", "state": "asleep"}, {"status": "x", "activity": "dancing"}):
        answer = await owner.post(f"{BOT}/presence", json=wrong, headers=ABOVE)
        assert refusal(answer) == (400, "INVALID_PRESENCE")
    assert refusal(await owner.post(f"{BOT}/presence", json={}, headers=ABOVE)) == (400, "INVALID_REQUEST")


async def test_a_presence_reaches_the_process_that_runs_the_bot_from_another_one(
    front: FrontDesk, settings: Settings, clock: SettableClock, discord: DiscordSimulator
) -> None:
    owner = await front.enters(OWNER)
    async with serving(settings, clock=clock, works_jobs=True):

        async def connected() -> bool:
            return bool((await owner.get(f"{BOT}/status")).json()["online"])

        await until(connected)
        answer = await owner.post(f"{BOT}/presence", json={"status": "From afar"}, headers=ABOVE)
        assert answer.json()["applied"] is True
        assert await discord.world.until(lambda: seen(discord)[1] == "From afar")
        assert (await owner.post(f"{BOT}/stop", headers=ABOVE)).json()["state"] == "stopped"
        assert discord.gateway.sessions == {}


async def test_channels_must_exist_as_far_as_the_bot_can_tell(front: FrontDesk, scene: Scene) -> None:
    owner = await front.enters(OWNER)
    await scene.comes_to(Phase.CONNECTED)
    await scene.is_watched()
    body = {"bot": {"enable_logs": True, "logs_channel_id": "42"}}
    answer = await owner.put(f"{BOT}/config", json=body, headers=ABOVE)
    assert refusal(answer) == (400, "INVALID_SETTING")
    assert [each["path"] for each in answer.json()["details"]] == ["bot.logs_channel_id"]
    known = next(iter(scene.discord.guild.channels))
    body["bot"]["logs_channel_id"] = known
    assert (await owner.put(f"{BOT}/config", json=body, headers=ABOVE)).status_code == 200
    await owner.post(f"{BOT}/stop", headers=ABOVE)
    body["bot"]["logs_channel_id"] = "42"
    assert (await owner.put(f"{BOT}/config", json=body, headers=ABOVE)).status_code == 200


class TestWithATokenOfTheConfiguration:
    """The environment has no token, so the stored one counts."""

    @pytest.fixture
    def settings(self, database_url: str, tmp_path: Path, discord: DiscordSimulator) -> Settings:
        environ = {**discord.settings, "DISCORD_TOKEN": "", "SUPER_ADMIN_USERS": ",".join(discord.world.users)}
        return settings_for(database_url, tmp_path, **environ)

    async def test_the_bot_begins_anew_with_another_token_and_says_why_it_cannot(
        self, front: FrontDesk, scene: Scene, discord: DiscordSimulator
    ) -> None:
        owner = await front.enters(OWNER)
        await scene.comes_to(Phase.WAITING)
        status = (await owner.get(f"{BOT}/status")).json()
        assert (status["state"], status["failure"]) == ("failed", "BOT_NOT_CONFIGURED")
        for word in ("start", "restart"):
            assert refusal(await owner.post(f"{BOT}/{word}", headers=ABOVE)) == (400, "BOT_NOT_CONFIGURED")

        async def sign(token: str) -> dict[str, Any]:
            answer = await owner.put(f"{BOT}/config", json={"bot": {"token": token}}, headers=ABOVE)
            assert answer.status_code == 200, answer.text
            assert token not in answer.text
            return dict(answer.json())

        assert (await sign("nonsense"))["reconnected"] is False
        assert (await owner.get(f"{BOT}/status")).json()["failure"] == "BOT_TOKEN_INVALID"
        assert refusal(await owner.post(f"{BOT}/start", headers=ABOVE)) == (503, "BOT_TOKEN_INVALID")
        assert (await sign(discord.token))["reconnected"] is True
        assert (await owner.get(f"{BOT}/status")).json()["online"] is True
        discord.world.application.privileged = 0
        await scene.steer("POST", "/faults", drop_gateway=4014)
        await scene.comes_to(Phase.FAILED)
        assert (await owner.get(f"{BOT}/status")).json()["failure"] == "BOT_INTENTS_MISSING"


class TestWithoutDiscord:
    """Nobody answers where Discord should be."""

    @pytest.fixture
    def settings(self, database_url: str, tmp_path: Path, discord: DiscordSimulator) -> Settings:
        environ = {**discord.settings, "DISCORD_GATEWAY_URL": f"ws://127.0.0.1:{free_port()}/"}
        return settings_for(database_url, tmp_path, **environ)

    async def test_a_start_that_cannot_reach_discord_says_so_and_goes_on_trying(
        self, front: FrontDesk, scene: Scene
    ) -> None:
        owner = await front.enters(OWNER)
        assert refusal(await owner.post(f"{BOT}/restart", headers=ABOVE)) == (503, "DISCORD_UNAVAILABLE")
        state = await scene.state()
        assert (state.wanted, state.course.value) == (True, "reconnecting")
