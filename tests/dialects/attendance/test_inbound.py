"""Attendance that other systems saw."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.clock import SettableClock
from tests.dialects.attendance.asking import WEBHOOK_SECRET, Place, refusal

PATH = "/webhooks/attendance"
SHOWN = {"x-webhook-secret": WEBHOOK_SECRET}


@pytest.fixture
def more_settings() -> dict[str, str]:
    return {"ATTENDANCE_INBOUND": "on"}


@pytest.fixture
def event(place: Place, clock: SettableClock) -> dict[str, Any]:
    """An hour that somebody was in the lounge, by another system's word. It is over when the test begins."""
    clock.advance(timedelta(hours=2))
    return {
        "id": "zoom-8841-20260302-42",
        "type": "session.recorded",
        "guild_id": place.guild,
        "user_id": place.member,
        "channel_id": place.lounge,
        "joined_at": "2026-03-02T09:30:00.750Z",
        "left_at": "2026-03-02T11:30:00+01:00",
    }


async def test_a_recorded_session_is_stored_once_and_counts(
    manager: httpx.AsyncClient, anybody: httpx.AsyncClient, event: dict[str, Any], place: Place, clock: SettableClock
) -> None:
    assert refusal(await anybody.post(PATH, json=event, headers=SHOWN)) == (404, "GUILD_NOT_SEEN")
    clock.advance(timedelta(hours=-2))
    await manager.patch("tracking-mode", json={"mode": "All"})
    clock.advance(timedelta(hours=2))
    stored = (await anybody.post(PATH, json=event, headers=SHOWN)).json()
    assert (stored["accepted"], stored["duplicate"]) == (True, False)
    again = (await anybody.post(PATH, json=event, headers=SHOWN)).json()
    assert again == stored | {"duplicate": True}

    (session,) = (await manager.get("sessions")).json()["sessions"]
    assert (session["session_id"], session["source"], session["end_reason"]) == (
        stored["session_id"],
        "webhook",
        "recorded",
    )
    assert (session["joined_at"], session["duration_seconds"]) == ("2026-03-02T09:30:00Z", 3600)

    for changes, code in (
        ({"joined_at": "2026-03-02T10:00:00Z", "left_at": "2026-03-02T10:40:00Z"}, "SESSION_OVERLAP"),
        ({"joined_at": "2026-03-02T08:00:00Z", "left_at": "2026-03-02T08:30:00Z"}, "OUTSIDE_PERIOD"),
        ({"left_at": "2026-03-02T11:02:00Z"}, "BAD_SPAN"),
        ({"left_at": "2026-03-02T09:30:00Z"}, "BAD_SPAN"),
        ({"id": ""}, "INVALID_FIELD"),
        ({"id": "x" * 129}, "INVALID_FIELD"),
        ({"type": "session.guessed"}, "INVALID_FIELD"),
        ({"user_id": "x"}, "INVALID_FIELD"),
        ({"guild_id": True}, "INVALID_FIELD"),
        ({"joined_at": "2026-03-02T09:30:00"}, "INVALID_FIELD"),
        ({"joined_at": 1772443800}, "INVALID_FIELD"),
    ):
        answer = await anybody.post(PATH, json={**event, "id": "another", **changes}, headers=SHOWN)
        assert refusal(answer) == (422, code)
    for name in event:
        body = {key: value for key, value in event.items() if key != name}
        assert refusal(await anybody.post(PATH, json=body, headers=SHOWN)) == (422, "MISSING_FIELD")

    await manager.patch("tracking-mode", json={"mode": "Off"})
    body = {**event, "id": "third", "user_id": int(place.steward)}
    assert refusal(await anybody.post(PATH, json=body, headers=SHOWN)) == (422, "CHANNEL_NOT_TRACKED")


@pytest.mark.parametrize("headers", [{}, {"x-webhook-secret": ""}, {"x-webhook-secret": "nearly right"}])
async def test_who_does_not_show_the_secret_is_refused(
    anybody: httpx.AsyncClient, event: dict[str, Any], headers: dict[str, str]
) -> None:
    for body in (event, {}, None):
        assert refusal(await anybody.post(PATH, json=body, headers=headers)) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize("more_settings", [{"WEBHOOK_SECRET": ""}, {"ATTENDANCE_INBOUND": "off"}])
async def test_where_it_is_off_the_documented_answer_is_501(anybody: httpx.AsyncClient, event: dict[str, Any]) -> None:
    for body in (event, None):
        assert refusal(await anybody.post(PATH, json=body, headers=SHOWN)) == (501, "NOT_IMPLEMENTED")
