"""Asking the hub for things, and reading its refusals."""

from collections.abc import Mapping
from typing import Any

import httpx

STANDUP: Mapping[str, object] = {
    "title": "Team Standup",
    "date": "2026-03-19",
    "start": "14:00",
    "end": "15:00",
    "description": "Weekly sync",
}
"""A booking as the reference shows it."""


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and the slug of a refusal."""
    return answer.status_code, answer.json()["error"]


def acting_for(user_id: str, name: str | None = None, display_name: str | None = None) -> dict[str, str]:
    """Return the headers by which an app acts for one of its users."""
    headers = {"X-User-Id": user_id, "X-User-Name": name, "X-User-Display-Name": display_name}
    return {header: text for header, text in headers.items() if text is not None}


async def book(client: httpx.AsyncClient, room: str = "ostrom", **changes: object) -> httpx.Response:
    """Book as the reference does, but for these changes; a key with None is left out."""
    headers: Any = changes.pop("headers", None)
    body = {key: value for key, value in {**STANDUP, **changes}.items() if value is not None}
    return await client.post(f"/v1/rooms/{room}/book", json=body, headers=headers)


async def booked(client: httpx.AsyncClient, room: str = "ostrom", **changes: object) -> dict[str, Any]:
    """Book, and return the booking."""
    answer = await book(client, room, **changes)
    assert answer.status_code == 200, answer.text
    booking: dict[str, Any] = answer.json()
    return booking


async def profile(client: httpx.AsyncClient, user_id: str, name: str | None = None) -> dict[str, Any]:
    """Return the profile of the person for whom an app acts, who is made when nobody has seen them before."""
    answer = await client.get("/v1/users/me", headers=acting_for(user_id, name))
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def make_admin(master: httpx.AsyncClient, user_id: str) -> None:
    """Give a person the role of an administrator, and no other."""
    answer = await master.put(f"/v1/users/{user_id}/roles", json={"roles": ["admin"]})
    assert answer.status_code == 200, answer.text
