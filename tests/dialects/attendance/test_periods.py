"""Periods: their borders, ending one now, and the archive."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from tests.clock import SettableClock
from tests.dialects.attendance.asking import Place, Voices, refusal

DEFAULTS = {
    "interval": "weekly",
    "anchor": "calendar",
    "timezone": "UTC",
    "hour": 0,
    "weekday": "monday",
    "day": 1,
    "month": 1,
}


async def test_the_schedule_is_changed_in_part_under_either_name_and_resets_nothing(
    manager: httpx.AsyncClient,
) -> None:
    shown: dict[str, object] = dict(DEFAULTS)
    for changes, expected, border in (
        (
            {"timezone": "Europe/Brussels", "weekday": "monday", "anchor": "calendar"},
            {"timezone": "Europe/Brussels"},
            "2026-03-08T23:00:00Z",
        ),
        ({"reset_interval": "daily", "hour": 12}, {"interval": "daily", "hour": 12}, "2026-03-02T11:00:00Z"),
        ({"anchor_mode": "rolling"}, {"anchor": "rolling"}, "2026-03-03T09:00:00Z"),
        (
            {"interval": "yearly", "reset_interval": "hourly", "anchor": "calendar", "day": 31, "month": 2},
            {"interval": "yearly", "anchor": "calendar", "day": 31, "month": 2},
            "2027-02-28T11:00:00Z",
        ),
        ({"interval": "off"}, {"interval": "off"}, None),
    ):
        shown |= expected
        answer = await manager.patch("reset-interval", json=changes)
        assert answer.json() == shown | {"next_reset_at": border}
    status = (await manager.get("signing/status")).json()
    assert (status["current_period_index"], status["period"]["ends_at"]) == (1, None)

    for wrong, field in (
        ({}, "interval"),
        ({"other": 1}, "interval"),
        ({"interval": "fortnightly"}, "interval"),
        ({"anchor": "floating"}, "anchor"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": 1}, "timezone"),
        ({"hour": 24}, "hour"),
        ({"hour": "3"}, "hour"),
        ({"weekday": "Monday"}, "weekday"),
        ({"day": 0}, "day"),
        ({"month": 13}, "month"),
        ({"interval": None}, "interval"),
    ):
        answer = await manager.patch("reset-interval", json=wrong)
        assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_reset_now_archives_the_period_once_however_many_ask_at_the_same_time(
    manager: httpx.AsyncClient, place: Place, voices: Voices
) -> None:
    none_yet = (await manager.post("reset-now")).json()
    assert (none_yet["reset"], none_yet["archived"]) == (False, None)
    await voices.begin()
    await manager.patch("tracking-mode", json={"mode": "All"})
    await voices.moved(place.member, place.lounge)
    await voices.passes(timedelta(seconds=90))

    answers = await asyncio.gather(*(manager.post("reset-now") for _ in range(10)))
    bodies = [answer.json() for answer in answers]
    archived = bodies[0]["archived"]
    assert [body["archived"] for body in bodies] == [archived] * 10
    assert any(body["reset"] for body in bodies)
    assert (archived["period_index"], archived["entry_count"], archived["total_seconds"]) == (1, 1, 90)
    assert (archived["signed"], archived["signature"]) == (False, None)
    assert bodies[0]["period"]["period_index"] == 2
    history = (await manager.get("signing/history")).json()
    assert history == {"periods": [archived], "total": 1, "hidden_periods": 0}

    (second, first) = (await manager.get("sessions")).json()["sessions"]
    assert (first["end_reason"], first["left_at"]) == ("reset", second["joined_at"])
    assert second["continued_from"] == first["session_id"]
    board = (await manager.get("leaderboard", params={"period_index": 1})).json()
    assert [each["total_seconds"] for each in board["entries"]] == [90]


async def test_a_period_whose_border_has_passed_is_behind_whoever_asks(
    manager: httpx.AsyncClient, clock: SettableClock
) -> None:
    await manager.patch("reset-interval", json={"interval": "daily"})
    clock.advance(timedelta(days=3))
    board = (await manager.get("leaderboard")).json()
    assert (board["period_index"], board["started_at"]) == (2, "2026-03-05T00:00:00Z")
    assert (await manager.get("signing/history")).json()["periods"][0]["ended_at"] == "2026-03-03T00:00:00Z"


async def test_the_archive_is_paged(manager: httpx.AsyncClient, voices: Voices) -> None:
    await voices.begin()
    for _ in range(3):
        await voices.passes(timedelta(seconds=5))
        await manager.post("reset-now")
    page = (await manager.get("signing/history", params={"limit": 2, "offset": 1})).json()
    assert ([each["period_index"] for each in page["periods"]], page["total"]) == ([2, 1], 3)


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"offset": -1}, {"offset": 10**12}])
async def test_a_page_outside_the_bounds_is_refused(manager: httpx.AsyncClient, wrong: dict[str, object]) -> None:
    answer = await manager.get("signing/history", params=wrong)  # type: ignore[arg-type]  # wrong on purpose
    assert refusal(answer) == (422, "INVALID_FIELD")
