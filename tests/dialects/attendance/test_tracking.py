"""What is tracked and how it counts: mode, list, fairness."""

from datetime import timedelta

import httpx
import pytest

from guildhall.domains.attendance import State
from guildhall.simulator.discord import DiscordSimulator, guilds
from tests.dialects.attendance.asking import Place, Voices, refusal
from tests.serving import Served


async def test_the_mode_is_taken_in_any_case_and_under_either_name(manager: httpx.AsyncClient) -> None:
    for body, mode in (
        ({"mode": "ALLOWLIST"}, "Allowlist"),
        ({"tracking_mode": "denylist"}, "Denylist"),
        ({"mode": "All", "more": 1}, "All"),
        ({"mode": "off", "tracking_mode": "all"}, "Off"),
    ):
        answer = await manager.patch("tracking-mode", json=body)
        assert answer.json() == {"mode": mode, "tracking_mode": mode}
    refused: tuple[object, ...] = ({}, {"mode": "some"}, {"mode": None}, {"mode": 1}, {"tracking_mode": ["All"]}, [])
    for wrong in refused:
        assert (await manager.patch("tracking-mode", json=wrong)).status_code == 422
    assert (await manager.get("tracked-channels")).json() == {"tracking_mode": "Off", "channels": []}


async def test_a_change_of_mode_acts_at_once_on_people_who_are_there(
    manager: httpx.AsyncClient, place: Place, voices: Voices
) -> None:
    await voices.begin()
    await voices.moved(place.member, place.lounge)
    await manager.patch("tracking-mode", json={"mode": "All"})
    await voices.passes(timedelta(seconds=10))
    await manager.patch("tracking-mode", json={"mode": "Off"})
    (session,) = (await manager.get("sessions")).json()["sessions"]
    assert (session["end_reason"], session["duration_seconds"]) == ("untracked", 10)


async def test_channels_go_on_the_list_once_and_off_it(
    served: Served, manager: httpx.AsyncClient, place: Place, discord: DiscordSimulator
) -> None:
    entry = {
        "channel_id": place.lounge,
        "name": "Lounge",
        "added_at": "2026-03-02T09:00:00Z",
        "added_by": place.owner,
    }
    for channel_id in (place.lounge, int(place.lounge)):
        assert (await manager.post("tracked-channels", json={"channel_id": channel_id})).json() == entry
    assert (await manager.get("tracked-channels")).json()["channels"] == [entry]

    assert refusal(await manager.post("tracked-channels", json={"channel_id": place.text})) == (
        422,
        "NOT_A_VOICE_CHANNEL",
    )
    assert refusal(await manager.post("tracked-channels", json={"channel_id": "4242"})) == (422, "NOT_A_VOICE_CHANNEL")
    for wrong in ({}, {"channel_id": "x"}, {"channel_id": True}, {"channel_id": 1.5}, {"channel_id": -1}):
        assert (await manager.post("tracked-channels", json=wrong)).status_code == 422

    guilds.delete_channel(discord.world, discord.guild, discord.guild.channels[place.lounge])
    await served.house.cache.delete(f"discord:/guilds/{place.guild}/channels")
    assert (await manager.get("tracked-channels")).json()["channels"] == [entry | {"name": None}]

    assert (await manager.delete(f"tracked-channels/{place.lounge}")).json() == {"ok": True}
    assert refusal(await manager.delete(f"tracked-channels/{place.lounge}")) == (404, "CHANNEL_NOT_LISTED")
    assert refusal(await manager.delete("tracked-channels/lounge")) == (422, "INVALID_FIELD")


async def test_fairness_is_changed_in_part_and_counts_for_the_whole_period(
    manager: httpx.AsyncClient, place: Place, voices: Voices
) -> None:
    settings = {"pause_on_mute": False, "pause_on_deafen": False, "pause_when_solo": False, "min_session_seconds": 0}
    assert (await manager.get("fairness")).json() == settings
    await voices.begin()
    await manager.patch("tracking-mode", json={"mode": "All"})
    await voices.moved(place.member, place.lounge)
    await voices.passes(timedelta(seconds=60))
    await voices.moved(place.member, place.lounge, State.SELF_MUTE)
    await voices.passes(timedelta(seconds=30))
    await voices.moved(place.member, None)

    for changes, total in (
        ({}, 90),
        ({"pause_on_mute": True}, 60),
        ({"min_session_seconds": 61}, None),
        ({"min_session_seconds": 60, "other": 1}, 60),
        ({"pause_when_solo": True}, None),
        ({"pause_when_solo": False, "pause_on_mute": False}, 90),
    ):
        settings |= {name: value for name, value in changes.items() if name in settings}
        assert (await manager.patch("fairness", json=changes)).json() == settings
        entries = (await manager.get("leaderboard")).json()["entries"]
        assert [each["total_seconds"] for each in entries] == ([] if total is None else [total])

    for wrong in (
        {"pause_on_mute": "false"},
        {"pause_on_mute": None},
        {"pause_on_deafen": 1},
        {"min_session_seconds": -1},
        {"min_session_seconds": 86_401},
        {"min_session_seconds": "60"},
        {"min_session_seconds": True},
    ):
        answer = await manager.patch("fairness", json=wrong)
        assert refusal(answer) == (422, "INVALID_FIELD")
        assert answer.json()["field"] == next(iter(wrong))
    assert (await manager.get("fairness")).json() == settings


@pytest.mark.parametrize("body", [b"", b"nothing", b"null", b'"All"', b"\xff", b'{"mode":"All","mode":"Off"}'])
async def test_a_body_that_is_no_object_is_refused(manager: httpx.AsyncClient, body: bytes) -> None:
    assert (await manager.patch("tracking-mode", content=body)).status_code == 422
    assert (await manager.patch("fairness", content=body)).status_code == 422
