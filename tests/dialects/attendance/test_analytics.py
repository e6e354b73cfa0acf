"""Boards, figures of people and channels, heatmaps, and the list of sessions."""

from datetime import timedelta

import httpx
import pytest

from tests.dialects.attendance.asking import Place, Voices, refusal

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def week(manager: httpx.AsyncClient, place: Place, voices: Voices) -> None:
    """A member in the lounge for three minutes and in the workshop for one, then a steward in the lounge for two."""
    await voices.begin()
    await manager.patch("tracking-mode", json={"mode": "All"})
    await voices.visited(place.member, place.lounge, 3 * MINUTE)
    await voices.visited(place.member, place.workshop, MINUTE)
    await voices.visited(place.steward, place.lounge, 2 * MINUTE)


@pytest.mark.usefixtures("week")
async def test_the_board_is_ranked_and_paged_and_tells_who_is_in_voice(
    manager: httpx.AsyncClient, place: Place, voices: Voices
) -> None:
    await voices.moved(place.steward, place.lounge)
    board = (await manager.get("leaderboard")).json()
    first, second = board["entries"]
    assert first == {
        "rank": 1,
        "user_id": place.member,
        "total_seconds": 240,
        "session_count": 2,
        "in_voice": False,
    }
    assert (second["rank"], second["user_id"], second["total_seconds"], second["in_voice"]) == (
        2,
        place.steward,
        120,
        True,
    )
    assert (board["total"], board["limit"], board["offset"], board["ended_at"]) == (2, 50, 0, None)
    page = (await manager.get("leaderboard", params={"limit": 1, "offset": 1, "period_index": 1})).json()
    assert page == board | {"entries": [second], "limit": 1, "offset": 1}

    for wrong in ({"limit": 501}, {"limit": 0}, {"offset": -1}, {"period_index": -1}, {"period_index": "x"}):
        assert refusal(await manager.get("leaderboard", params=wrong)) == (422, "INVALID_FIELD")
    for unknown in (0, 2, 2**31 - 1):
        answer = await manager.get("leaderboard", params={"period_index": unknown})
        assert refusal(answer) == (404, "PERIOD_NOT_FOUND")


@pytest.mark.usefixtures("week")
async def test_a_persons_figures_are_by_channel_and_zeros_for_somebody_without_sessions(
    manager: httpx.AsyncClient, place: Place
) -> None:
    shown = (await manager.get("stats", params={"user_id": place.member})).json()
    assert (shown["total_seconds"], shown["session_count"], shown["rank"], shown["in_voice"]) == (240, 2, 1, False)
    assert shown["channels"] == [
        {"channel_id": place.lounge, "name": "Lounge", "total_seconds": 180, "session_count": 1},
        {"channel_id": place.workshop, "name": "Workshop", "total_seconds": 60, "session_count": 1},
    ]
    nobody = (await manager.get("stats", params={"user_id": "4242"})).json()
    assert (nobody["total_seconds"], nobody["session_count"], nobody["rank"], nobody["channels"]) == (0, 0, None, [])

    assert refusal(await manager.get("stats")) == (422, "MISSING_FIELD")
    for wrong in ("", "x", "1.5", "-1", "0", "1" * 21, "9" * 20):
        assert refusal(await manager.get("stats", params={"user_id": wrong})) == (422, "INVALID_FIELD")
    answer = await manager.get("stats", params={"user_id": "1", "period_index": 9})
    assert refusal(answer) == (404, "PERIOD_NOT_FOUND")


@pytest.mark.usefixtures("week")
async def test_a_channels_figures_name_who_was_there_most(manager: httpx.AsyncClient, place: Place) -> None:
    shown = (await manager.get("channel-stats", params={"channel_id": place.lounge})).json()
    assert (shown["name"], shown["total_seconds"], shown["session_count"], shown["unique_users"]) == (
        "Lounge",
        300,
        2,
        2,
    )
    assert [each["user_id"] for each in shown["top_users"]] == [place.member, place.steward]
    quiet = (await manager.get("channel-stats", params={"channel_id": place.text})).json()
    assert (quiet["total_seconds"], quiet["top_users"]) == (0, [])

    answer = await manager.get("channel-stats", params={"channel_id": "4242"})
    assert refusal(answer) == (404, "CHANNEL_NOT_FOUND")
    assert refusal(await manager.get("channel-stats")) == (422, "MISSING_FIELD")
    assert refusal(await manager.get("channel-stats", params={"channel_id": "lounge"})) == (422, "INVALID_FIELD")


@pytest.mark.usefixtures("week")
async def test_the_heatmap_has_every_hour_of_the_week_in_the_zone_asked_for(
    manager: httpx.AsyncClient, place: Place
) -> None:
    heatmap = (await manager.get("analytics/heatmap")).json()
    assert (heatmap["timezone"], heatmap["to"]) == ("UTC", "2026-03-02T09:06:00Z")
    full = [each for each in heatmap["buckets"] if each["seconds"]]
    assert full == [{"day_of_week": 0, "hour": 9, "seconds": 360, "unique_users": 2}]
    places = [(each["day_of_week"], each["hour"]) for each in heatmap["buckets"]]
    assert places == [(day, hour) for day in range(7) for hour in range(24)]

    asked: dict[str, str | int] = {
        "timezone": "Asia/Tokyo",
        "days": 1,
        "user_id": place.member,
        "channel_id": place.workshop,
    }
    (bucket,) = (
        each for each in (await manager.get("analytics/heatmap", params=asked)).json()["buckets"] if each["seconds"]
    )
    assert bucket == {"day_of_week": 0, "hour": 18, "seconds": 60, "unique_users": 1}

    for wrong in ({"days": 0}, {"days": 367}, {"timezone": "Nowhere"}, {"timezone": "x" * 65}, {"user_id": "x"}):
        assert (await manager.get("analytics/heatmap", params=wrong)).status_code == 422


@pytest.mark.usefixtures("week")
async def test_sessions_are_listed_newest_first_filtered_and_paged(
    manager: httpx.AsyncClient, place: Place, voices: Voices
) -> None:
    await voices.moved(place.member, place.workshop)
    sessions = (await manager.get("sessions")).json()
    assert sessions["next_cursor"] is None
    opened, last, second, first = sessions["sessions"]
    assert (opened["left_at"], opened["end_reason"], opened["signed"]) == (None, None, False)
    assert (first["joined_at"], first["left_at"]) == ("2026-03-02T09:00:00Z", "2026-03-02T09:03:00Z")
    assert (first["duration_seconds"], first["counted_seconds"]) == (180, 180)
    assert (first["source"], first["end_reason"], first["period_index"]) == ("discord", "left", 1)

    for asked, expected in (
        ({"user_id": place.steward}, [last]),
        ({"channel_id": place.lounge}, [last, first]),
        ({"user_id": place.member, "channel_id": place.workshop}, [opened, second]),
        ({"from": "2026-03-02T10:03:00+01:00"}, [opened, last, second]),
        ({"to": "2026-03-02T09:03:00Z"}, [first]),
        ({"period_index": 1, "limit": 200}, [opened, last, second, first]),
    ):
        assert (await manager.get("sessions", params=asked)).json()["sessions"] == expected

    seen, cursor = [], None
    while True:
        page = (await manager.get("sessions", params={"limit": 1, **({"cursor": cursor} if cursor else {})})).json()
        seen += page["sessions"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [opened, last, second, first]

    for wrong in (
        {"limit": 201},
        {"user_id": "x"},
        {"channel_id": "0"},
        {"from": "yesterday"},
        {"to": "2026-03-02T09:03:00"},
        {"cursor": ""},
        {"cursor": "é"},
        {"cursor": "eA"},
        {"period_index": "one"},
    ):
        assert refusal(await manager.get("sessions", params=wrong)) == (422, "INVALID_FIELD")
    assert refusal(await manager.get("sessions", params={"period_index": 2})) == (404, "PERIOD_NOT_FOUND")
