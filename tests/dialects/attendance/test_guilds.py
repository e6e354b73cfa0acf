"""A guild as a whole: overview, channels, tier."""

from datetime import timedelta

import httpx
import pytest

from tests.dialects.attendance.asking import Place, Voices, refusal


async def test_the_overview_tells_who_is_there_the_period_and_how_signing_stands(
    manager: httpx.AsyncClient, place: Place, voices: Voices
) -> None:
    fresh = (await manager.get("overview")).json()
    assert fresh["guild_name"] == "The Lantern"
    assert fresh["tracking_mode"] == "Off"
    assert fresh["bot"] == {"connected": False, "witnessed_until": None}
    assert fresh["tier"] == "pro"

    await voices.begin()
    await manager.patch("tracking-mode", json={"mode": "all"})
    await voices.moved(place.member, place.lounge)
    shown = (await manager.get("overview")).json()
    here = {"channel_id": place.lounge, "name": "Lounge", "count": 1, "user_ids": [place.member]}
    assert shown["occupancy"] == {"total": 1, "channels": [here]}
    assert shown["bot"] == {"connected": True, "witnessed_until": "2026-03-02T09:00:00Z"}
    assert shown["period"] == {
        "period_id": fresh["period"]["period_id"],
        "period_index": 1,
        "started_at": "2026-03-02T09:00:00Z",
        "ends_at": "2026-03-09T00:00:00Z",
        "schedule": {
            "interval": "weekly",
            "anchor": "calendar",
            "timezone": "UTC",
            "hour": 0,
            "weekday": "monday",
            "day": 1,
            "month": 1,
        },
    }
    assert shown["signing"] == {
        "state": "unconfigured",
        "configured": False,
        "unlocked": False,
        "pending_sessions": 0,
        "pending_periods": 0,
    }
    assert (await manager.get("analytics/live-occupancy")).json() == shown["occupancy"]


async def test_channels_come_in_discords_order_and_say_which_are_on_the_list(
    manager: httpx.AsyncClient, place: Place
) -> None:
    await manager.post("tracked-channels", json={"channel_id": place.lounge})
    channels = (await manager.get("channels")).json()["channels"]
    shown = {each["id"]: (each["name"], each["type"], each["tracked"]) for each in channels}
    assert shown[place.lounge] == ("Lounge", "voice", True)
    assert shown[place.text] == ("general", "text", False)
    assert [each["position"] for each in channels] == sorted(each["position"] for each in channels)


async def test_the_tier_is_switched_at_once_and_says_what_it_opens(manager: httpx.AsyncClient) -> None:
    pro = (await manager.get("subscription")).json()
    assert pro["tier"] == "pro"
    assert set(pro["features"].values()) == {True}
    assert pro["limits"] == {"archived_periods": None}
    assert pro["locked"] is False

    for word in ("FREE", "free"):
        free = (await manager.patch("subscription", json={"tier": word})).json()
        assert free == (await manager.get("subscription")).json()
        assert (free["tier"], free["limits"]) == ("free", {"archived_periods": 5})
        assert set(free["features"].values()) == {False}
    for body in ({"tier": "gold"}, {"tier": None}, {"tier": ""}, {}):
        assert (await manager.patch("subscription", json=body)).status_code == 422
    assert refusal(await manager.get("export/period/1")) == (403, "TIER_REQUIRED")
    assert (await manager.get("export/period/1")).json()["tier_required"] == "pro"


@pytest.mark.parametrize("more_settings", [{"ATTENDANCE_TIER_LOCK": "on", "ATTENDANCE_DEFAULT_TIER": "free"}])
async def test_where_the_operator_keeps_the_tiers_nobody_else_switches_them(manager: httpx.AsyncClient) -> None:
    shown = (await manager.get("subscription")).json()
    assert (shown["tier"], shown["locked"]) == ("free", True)
    assert refusal(await manager.patch("subscription", json={"tier": "pro"})) == (403, "TIER_LOCKED")
    assert (await manager.patch("subscription", json={"tier": 1})).status_code == 422


async def test_a_free_guild_sees_its_newest_five_archives(
    manager: httpx.AsyncClient, place: Place, voices: Voices
) -> None:
    await voices.begin()
    for _ in range(7):
        await voices.passes(timedelta(minutes=1))
        assert (await manager.post("reset-now")).json()["reset"] is True
    await manager.patch("subscription", json={"tier": "free"})
    history = (await manager.get("signing/history")).json()
    assert ([each["period_index"] for each in history["periods"]], history["total"], history["hidden_periods"]) == (
        [7, 6, 5, 4, 3],
        5,
        2,
    )
    for answer in (
        await manager.get("leaderboard", params={"period_index": 2}),
        await manager.get("sessions", params={"period_index": 2}),
        await manager.post("signing/verify-period", json={"period_index": 2}),
    ):
        assert refusal(answer) == (403, "PERIOD_HIDDEN")
        assert answer.json()["tier_required"] == "pro"
    assert (await manager.get("leaderboard", params={"period_index": 3})).status_code == 200
    await manager.patch("subscription", json={"tier": "pro"})
    assert (await manager.get("leaderboard", params={"period_index": 2})).status_code == 200
