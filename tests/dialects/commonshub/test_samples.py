"""The samples of the reference, sent as they are written and answered as they show."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx

from tests.contract.commonshub_samples import ERROR, SAMPLES, Sample, assert_like
from tests.dialects.commonshub.asking import acting_for, booked, make_admin
from tests.serving import MASTER_KEY, PROVIDER_ID, Served

PLACES = {"roomId": "ostrom", "userId": "u_849888126"}
ROLES = ["minter", "admin"]


def sample(operation: str) -> Sample:
    return next(each for each in SAMPLES if each.operation == operation)


async def send(served: Served, secret: str, which: Sample, places: Mapping[str, str], *headers: str) -> tuple[int, Any]:
    """Send a sample in nothing but the bytes that the reference shows, and return the status and the answer."""
    path = which.path.format_map({**PLACES, **places})
    body = (which.body or "").encode()
    lines = [f"{which.method} {path} HTTP/1.1", "Host: api.commonshub.brussels", f"Authorization: Bearer {secret}"]
    lines += [*headers, "Connection: close"]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(served.url.rpartition(":")[2]))
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    head, _, answer = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return int(head.split()[1]), json.loads(answer)


async def test_every_sample_of_the_reference_is_answered_as_it_shows(  # noqa: PLR0915 (one story, in the reference's order)
    served: Served, app_secret: str, master: httpx.AsyncClient, app: httpx.AsyncClient
) -> None:
    async def replay(operation: str, secret: str, *headers: str, **places: str) -> Any:  # noqa: ANN401  (JSON)
        which = sample(operation)
        status, answer = await send(served, secret, which, places, *headers)
        assert status == 200, (operation, answer)
        if which.answer is not None:
            assert_like(which.shown, answer)
        replayed.append(operation)
        return answer

    replayed: list[str] = []
    acting = f"X-User-Id: {PROVIDER_ID}"
    made = await replay("register_app", MASTER_KEY)
    secret = made["appSecret"]
    assert (made["name"], made["createdAt"][-1]) == ("ElinorBot", "Z")
    await app.get("/v1/users/me", headers=acting_for(PROVIDER_ID, "xdamman", "Xavier%20Damman"))
    await master.put(f"/v1/users/{PROVIDER_ID}/roles", json={"roles": ROLES})
    assert "ostrom" in [room["id"] for room in (await replay("list_rooms", secret))["rooms"]]

    await replay("update_me", secret, acting)
    profile = await replay("get_me", secret, acting)
    assert {key: profile[key] for key in ("userId", "username", "displayName", "email")} == {
        "userId": "u_849888126",
        "username": "xdamman",
        "displayName": "Xavier Damman",
        "email": "new@example.com",
    }
    public = await replay("get_user", secret)
    assert (sorted(public["roles"]), "email" in public) == (sorted(ROLES), False)

    board = await booked(app, title="Board Meeting", start="10:00", end="12:00", headers=acting_for(PROVIDER_ID))
    day = await replay("get_room_availability", secret)
    shown = sample("get_room_availability").shown
    assert day == {**shown, "events": [{**day["events"][0], **shown["events"][0], "id": board["eventId"]}]}
    booking = await replay("book_room", secret, acting)
    expected = {**sample("book_room").shown, "eventId": booking["eventId"]}
    assert {key: booking[key] for key in expected} == expected
    assert await replay("cancel_booking", secret, acting, eventId=booking["eventId"]) == {"ok": True}

    # One place is taken already, so that as many are left as the reference shows.
    await app.post("/v1/shifts/2026-03-19/0/signup", headers=acting_for("another"))
    prepared = await replay("prepare_action", secret)
    seen = await replay("get_action", secret, actionId=prepared["actionId"])
    shown = {**sample("get_action").shown, "actionId": prepared["actionId"], "expiresAt": prepared["expiresAt"]}
    assert {key: seen[key] for key in shown} == shown
    executed = await replay("execute_action", secret, acting, actionId=prepared["actionId"])
    shown = sample("execute_action").shown["result"]
    assert executed["result"] == {**shown, "slot": {**shown["slot"], "index": 0}, "warnings": []}
    await send(served, secret, sample("cancel_shift_signup"), {}, acting)
    signed_up = await replay("sign_up_for_shift", secret, acting)
    assert signed_up == {
        **sample("sign_up_for_shift").shown, "slot": {"start": "08:30", "end": "11:30", "index": 0},
        "warnings": [],
    }  # fmt: skip
    await replay("list_shifts", secret)
    assert await replay("cancel_shift_signup", secret, acting) == {"ok": True}
    await send(served, secret, sample("sign_up_for_shift"), {}, acting)
    rewarded, refused = (await replay("reward_shift", secret, acting))["results"]
    expected = {**sample("reward_shift").shown["results"][0], "txHash": rewarded["txHash"]}
    assert {key: rewarded[key] for key in expected} == expected
    assert (refused["userId"], refused["success"], refused["error"]) == ("u_123456789", False, "user_not_found")

    listed = (await replay("list_apps", MASTER_KEY))["apps"]
    await replay("revoke_app", MASTER_KEY, appId=made["appId"])
    assert made["appId"] in [each["appId"] for each in listed]
    assert sorted(replayed) == sorted(each.operation for each in SAMPLES)

    status, answer = await send(served, secret, sample("list_rooms"), {})
    assert status == answer["status"] == 401
    assert_like(ERROR.shown, answer)


async def test_the_refusals_that_the_reference_names_for_a_booking_have_its_status(
    person: httpx.AsyncClient, master: httpx.AsyncClient, served: Served, app_secret: str
) -> None:
    await person.get("/v1/users/me")
    await make_admin(master, PROVIDER_ID)
    acting = f"X-User-Id: {PROVIDER_ID}"
    which = sample("book_room")
    assert (await send(served, app_secret, which, {}, acting))[0] == 200
    assert (await send(served, app_secret, which, {}, acting))[0] == 409, "the room is already booked for that time"
    assert (await send(served, app_secret, which, {"roomId": "attic"}, acting))[0] == 400, "the room does not exist"
    backwards = Sample(which.operation, which.method, which.path, (which.body or "").replace("15:00", "13:00"))
    assert (await send(served, app_secret, backwards, {}, acting))[0] == 400, "an invalid time range"
