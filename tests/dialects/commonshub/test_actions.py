"""Prepared actions of the Commons Hub dialect."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from guildhall.core.actor import SYSTEM, Actor, ActorKind, Credential
from guildhall.domains import actions, identity, shifts
from guildhall.domains.identity import Permission
from guildhall.domains.rooms.times import parse_day
from guildhall.domains.shifts import PlannedSlot
from tests.clock import SettableClock
from tests.dialects.commonshub.asking import STANDUP, acting_for, booked, make_admin, refusal
from tests.dialects.commonshub.conftest import Registering
from tests.dialects.commonshub.test_devices import signed_in_device
from tests.serving import PROVIDER_ID, Served

DAY = "2026-03-19"
TARGET = "u_849888126"
SIGNUP: dict[str, object] = {"date": DAY, "slotIndex": 0}
BOOKING: dict[str, object] = {"roomId": "ostrom", **STANDUP}
NOBODY = "act_00000000000000000000"
# fmt: off
REFUSED: tuple[tuple[dict[str, Any], int, str, str | None], ...] = (
    ({"action": None}, 400, "missing_field", "action"),
    ({"userId": None}, 400, "missing_field", "userId"),
    ({"params": None}, 400, "missing_field", "params"),
    ({"action": "dance"}, 400, "unknown_action", None),
    ({"action": 5}, 400, "unknown_action", "action"),
    ({"params": []}, 400, "invalid_params", "params"),
    ({"params": {"slotIndex": 0}}, 400, "invalid_params", "date"),
    ({"params": {"date": "2026-02-30", "slotIndex": 0}}, 400, "invalid_params", "date"),
    ({"params": {"date": DAY, "slotIndex": "0"}}, 400, "invalid_params", "slotIndex"),
    ({"params": {"date": DAY, "slotIndex": True}}, 400, "invalid_params", "slotIndex"),
    ({"params": {"date": DAY, "slotIndex": -1}}, 400, "invalid_params", "slotIndex"),
    ({"params": {**SIGNUP, "email": "nowhere"}}, 400, "invalid_params", "email"),
    ({"params": {**SIGNUP, "slotIndex": 9}}, 404, "slot_not_found", None),
    ({"action": "shift_cancel", "params": {**SIGNUP, "slotIndex": 9}}, 404, "slot_not_found", None),
    ({"expiresIn": 0}, 400, "invalid_expiry", None),
    ({"expiresIn": 604_801}, 400, "invalid_expiry", None),
    ({"expiresIn": "3600"}, 400, "invalid_expiry", "expiresIn"),
    ({"userId": "no spaces"}, 400, "invalid_user_id", None),
    ({"userId": ""}, 400, "invalid_user_id", None),
    ({"userId": 849888126}, 400, "invalid_user_id", "userId"),
    ({"action": "room_booking", "params": {**BOOKING, "roomId": "attic"}}, 404, "room_not_found", None),
    ({"action": "room_booking", "params": {**BOOKING, "title": " "}}, 400, "invalid_params", "title"),
    ({"action": "room_booking", "params": {**BOOKING, "description": "x" * 5001}}, 400, "invalid_params",
     "description"),
    ({"action": "room_booking", "params": {**BOOKING, "date": "soon"}}, 400, "invalid_params", "date"),
    ({"action": "room_booking", "params": {**BOOKING, "start": "2pm"}}, 400, "invalid_params", "start"),
    ({"action": "room_booking", "params": {**BOOKING, "start": "24:00"}}, 400, "invalid_params", "start"),
    ({"action": "room_booking", "params": {**BOOKING, "end": "25:00"}}, 400, "invalid_params", "end"),
    ({"action": "room_booking", "params": {**BOOKING, "end": "13:00"}}, 400, "invalid_params", "end"),
    ({"action": "room_booking", "params": {**BOOKING, "email": "x"}}, 400, "invalid_params", "email"),
    ({"action": "room_booking", "params": {**BOOKING, "private": "yes"}}, 400, "invalid_params", "private"),
    ({"action": "room_booking", "params": {**BOOKING, "date": "2026-03-29", "start": "02:30"}}, 400,
     "invalid_params", "start"),
    ({"action": "room_cancel", "params": {"roomId": "ostrom"}}, 400, "invalid_params", "eventId"),
    ({"action": "room_cancel", "params": {"roomId": "attic", "eventId": "x"}}, 404, "room_not_found", None),
    ({"action": "room_cancel", "params": {"roomId": "ostrom", "eventId": "x"}}, 404, "booking_not_found", None),
)
# fmt: on
"""Changes to what can be prepared, and the status, slug and field of what is answered then."""


async def prepare(client: httpx.AsyncClient, action: str = "shift_signup", **changes: object) -> httpx.Response:
    """Prepare as the reference does, but for these changes; a key with None is left out."""
    body = {"action": action, "userId": TARGET, "params": SIGNUP, **changes}
    return await client.post(
        "/v1/actions/prepare", json={key: value for key, value in body.items() if value is not None}
    )


async def prepared(client: httpx.AsyncClient, action: str = "shift_signup", **changes: object) -> str:
    """Prepare, and return the action's path."""
    answer = await prepare(client, action, **changes)
    assert answer.status_code == 200, answer.text
    return f"/v1/actions/{answer.json()['actionId']}"


async def execute(client: httpx.AsyncClient, path: str, **headers: str) -> httpx.Response:
    return await client.post(f"{path}/execute", headers=headers, timeout=60)


async def shown(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.get(path)).json()
    return answer


@pytest.fixture
async def other(served: Served, app_secret: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client that acts for somebody else through the same app."""
    headers = {"Authorization": f"Bearer {app_secret}", "X-User-Id": "555"}
    async with served.client(headers=headers) as client:
        yield client


async def test_an_action_is_prepared_looked_at_and_executed_once(
    app: httpx.AsyncClient, person: httpx.AsyncClient, other: httpx.AsyncClient, clock: SettableClock
) -> None:
    clock.set(datetime(2026, 3, 19, 16, 0, tzinfo=UTC))
    await person.get("/v1/users/me")
    answer = await prepare(app, expiresIn=None, hint="unknown keys are ignored")
    made = answer.json()
    summary = "Sign up for the shift on Thursday 19 March 2026 from 08:30 to 11:30."
    assert re.fullmatch(r"act_[0-9A-Za-z]{20}", made["actionId"])
    assert made == {
        "actionId": made["actionId"],
        "confirmUrl": f"http://hub.test/v1/actions/{made['actionId']}/confirm",
        "expiresAt": "2026-03-19T17:00:00Z",
        "summary": summary,
    }
    path = f"/v1/actions/{made['actionId']}"
    pending = await shown(app, path)
    assert pending == {
        "actionId": made["actionId"],
        "action": "shift_signup",
        "params": {"date": DAY, "slotIndex": 0},
        "userId": TARGET,
        "status": "pending",
        "expiresAt": "2026-03-19T17:00:00Z",
        "summary": summary,
        "preparedBy": "ElinorBot",
        "executedAt": None,
        "result": None,
    }
    assert (await shown(app, f"/v1/shifts/{DAY}"))["slots"][0]["spotsLeft"] == 3, "preparing reserves nothing"

    assert refusal(await execute(person, f"/v1/actions/{NOBODY}")) == (404, "action_not_found")
    assert refusal(await execute(person, "/v1/actions/nothing")) == (404, "action_not_found")
    assert refusal(await execute(app, path)) == (400, "missing_user_id")
    wrong = await execute(other, path)
    assert (refusal(wrong), wrong.json()["message"]) == (
        (403, "wrong_user"),
        "This action was prepared for another user",
    )
    clock.advance(timedelta(minutes=1))
    done = await execute(person, path)
    result = {
        "slot": {"start": "08:30", "end": "11:30", "index": 0},
        "date": DAY,
        "spotsLeft": 2,
        "warnings": [],
    }
    assert done.json() == {"ok": True, "result": result, "actionId": made["actionId"]}
    assert refusal(await execute(person, path)) == (410, "action_already_executed")
    assert refusal(await execute(other, path)) == (403, "wrong_user")
    executed = {"status": "executed", "executedAt": "2026-03-19T16:01:00Z", "result": result}
    assert await shown(app, path) == {**pending, **executed}
    assert refusal(await person.delete(path)) == (410, "action_already_executed")


async def test_every_kind_says_what_it_does_and_answers_as_the_deed_itself(
    app: httpx.AsyncClient, person: httpx.AsyncClient
) -> None:
    async def carried_out(action: str, params: dict[str, object]) -> tuple[str, dict[str, Any]]:
        path = await prepared(app, action, params=params)
        seen = await shown(app, path)
        assert seen["params"] == params
        answer = await execute(person, path)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()["result"]
        assert (await shown(app, path))["result"] == result
        return str(seen["summary"]), result

    directly = await booked(person, start="10:00", end="11:00")
    said, result = await carried_out("room_booking", {**BOOKING, "title": " Team Standup "})
    assert said == "Book Ostrom Room on Thursday 19 March 2026 from 14:00 to 15:00, for \u201cTeam Standup\u201d."
    changed = {"eventId", "start", "end"}
    assert {key: result[key] for key in result.keys() - changed} == {
        key: directly[key] for key in directly.keys() - changed
    }
    assert (result["start"], result["end"]) == (f"{DAY}T14:00:00+01:00", f"{DAY}T15:00:00+01:00")

    said, cancelled = await carried_out("room_cancel", {"roomId": "ostrom", "eventId": result["eventId"]})
    assert said == "Cancel \u201cTeam Standup\u201d in Ostrom Room on Thursday 19 March 2026 from 14:00 to 15:00."
    assert cancelled == {"eventId": result["eventId"], "room": "ostrom", "cancelled": True}
    events = (await shown(app, f"/v1/rooms/ostrom/availability?date={DAY}"))["events"]
    assert [event["id"] for event in events] == [directly["eventId"]]

    await carried_out("shift_signup", {**SIGNUP, "email": "xavier@example.com"})
    said, withdrawn = await carried_out("shift_cancel", SIGNUP)
    assert said == "Withdraw from the shift on Thursday 19 March 2026 from 08:30 to 11:30."
    assert withdrawn == {"slot": {"start": "08:30", "end": "11:30", "index": 0}, "date": DAY, "spotsLeft": 3}

    secret = await booked(person, title="Surprise", private=True, start="16:00", end="18:00")
    path = await prepared(app, "room_cancel", params={"roomId": "ostrom", "eventId": secret["eventId"]})
    assert (await shown(app, path))["summary"] == (
        "Cancel the booking in Ostrom Room on Thursday 19 March 2026 from 16:00 to 18:00."
    )


async def test_what_cannot_be_prepared_is_refused_by_name_and_field(app: httpx.AsyncClient) -> None:
    for changes, status, slug, field in REFUSED:
        answer = await prepare(app, **changes)
        told = answer.json().get("details", {}).get("field")
        assert (changes, *refusal(answer), told) == (changes, status, slug, field)


async def test_bookings_of_another_room_and_cancelled_ones_cannot_be_prepared_for(
    app: httpx.AsyncClient, person: httpx.AsyncClient
) -> None:
    event = (await booked(person))["eventId"]
    elsewhere = await prepare(app, "room_cancel", params={"roomId": "mush", "eventId": event})
    assert refusal(elsewhere) == (404, "booking_not_found")
    path = await prepared(app, "room_cancel", params={"roomId": "ostrom", "eventId": event})
    await person.delete(f"/v1/rooms/ostrom/book/{event}")
    assert refusal(await execute(person, path)) == (404, "booking_not_found")
    assert refusal(await prepare(app, "room_cancel", params={"roomId": "ostrom", "eventId": event})) == (
        404,
        "booking_not_found",
    )


async def test_preparing_makes_the_person_that_the_app_vouches_for_and_a_refusal_makes_nobody(
    app: httpx.AsyncClient, master: httpx.AsyncClient, another_app: Registering, device: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
) -> None:  # fmt: skip
    unknown = await prepare(app, userId="777", params={**SIGNUP, "slotIndex": 9})
    assert (unknown.status_code, (await app.get("/v1/users/u_777")).status_code) == (404, 404)
    path = await prepared(app, userId="777")
    assert (await shown(app, path))["userId"] == "u_777"
    assert (await app.get("/v1/users/777")).json()["username"] == "777"
    assert (await shown(app, await prepared(app, userId="u_777")))["userId"] == "u_777"
    telegram = await another_app(name="Telegram", provider="telegram")
    theirs = [(await shown(app, await prepared(telegram, userId=name)))["userId"] for name in ("u_777", "777")]
    assert theirs[0] == "u_777", "an id of the house names its person in every app"
    assert theirs[1] != "u_777", "the same id of another system names another person"
    assert (await execute(app, path, **acting_for("u_777"))).status_code == 200

    by_master = await prepared(master, userId="888")
    assert (await shown(master, by_master))["preparedBy"] is None
    assert refusal(await prepare(device)) == (403, "app_not_trusted")
    assert refusal(await prepare(stranger)) == (401, "unauthorized")
    assert (await app.get(by_master)).status_code == 200, "any trusted app may look"


async def test_a_person_with_a_token_of_their_own_sees_and_decides_what_is_theirs_alone(
    app: httpx.AsyncClient, person: httpx.AsyncClient, device: httpx.AsyncClient, served: Served
) -> None:
    await person.get("/v1/users/me")
    token = await signed_in_device(device, person)
    async with served.client(headers={"Authorization": f"Bearer {token}"}) as own:
        for name in (TARGET, PROVIDER_ID):
            path = await prepared(own, userId=name)
            assert (await shown(own, path))["userId"] == TARGET
        for name in ("555", "nobody-yet"):
            assert refusal(await prepare(own, userId=name)) == (403, "wrong_user")
        assert (await app.get("/v1/users/nobody-yet")).status_code == 404
        theirs = await prepared(app, userId="555")
        for answer in (await own.get(theirs), await own.delete(theirs), await execute(own, theirs)):
            assert refusal(answer) == (403, "wrong_user")
        assert (await execute(own, path)).status_code == 200
        assert (await own.delete(await prepared(app))).json() == {"ok": True}
    async with served.house.database.write() as tx:
        user = await identity.user_by_alias(tx, TARGET)
        assert user is not None
        actor = Actor(ActorKind.USER, Credential.SESSION, user.id, permissions=frozenset({Permission.USE_ACTIONS}))
        _, key = await identity.create_key(
            tx, actor, user, name="few rights", permissions=[Permission.USE_ACTIONS], now=served.house.clock.now()
        )
    async with served.client(headers={"Authorization": f"Bearer {key}"}) as by_key:
        cut_down = await prepared(by_key)
        assert refusal(await execute(by_key, cut_down)) == (401, "unauthorized")


async def test_a_person_finds_what_waits_for_them_beside_their_profile_when_they_ask(
    app: httpx.AsyncClient, person: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    first, second, done = [await prepared(app, expiresIn=seconds) for seconds in (60, 120, 180)]
    await prepared(app, userId="555")
    assert (await execute(person, done)).status_code == 200

    async def waiting(client: httpx.AsyncClient) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await client.get("/v1/users/me?include=actions")).json()["actions"]
        return found

    assert [f"/v1/actions/{each['actionId']}" for each in await waiting(person)] == [first, second]
    assert (await waiting(person))[0] == await shown(app, first)
    assert [each["userId"] for each in await waiting(other)] == ["u_555"]
    for query in ("", "?include=anything"):
        assert "actions" not in (await person.get(f"/v1/users/me{query}")).json()


async def test_who_may_withdraw_is_the_person_the_app_and_the_master_key(
    app: httpx.AsyncClient, person: httpx.AsyncClient, other: httpx.AsyncClient, master: httpx.AsyncClient,
    another_app: Registering,
) -> None:  # fmt: skip
    paths = [await prepared(app) for _ in range(3)]
    foreign = await another_app()
    assert refusal(await foreign.delete(paths[0])) == (403, "wrong_user")
    assert refusal(await other.delete(paths[0])) == (403, "wrong_user")
    assert refusal(await app.delete(f"/v1/actions/{NOBODY}")) == (404, "action_not_found")
    for path, client in zip(paths, (app, person, master), strict=True):
        assert (await client.delete(path)).json() == {"ok": True}
        assert refusal(await client.delete(path)) == (410, "action_cancelled")
        assert refusal(await execute(person, path)) == (410, "action_cancelled")
        seen = await shown(app, path)
        assert (seen["status"], seen["executedAt"], seen["result"]) == ("cancelled", None, None)


async def test_an_action_expires_by_the_clock_and_is_forgotten_a_month_later(
    app: httpx.AsyncClient, person: httpx.AsyncClient, served: Served, clock: SettableClock
) -> None:
    path, later = await prepared(app, expiresIn=60), await prepared(app, expiresIn=604_800)
    clock.advance(timedelta(seconds=59))
    assert (await shown(app, path))["status"] == "pending"
    clock.advance(timedelta(seconds=1))
    assert (await shown(app, path))["status"] == "expired"
    assert refusal(await execute(person, path)) == (410, "action_expired")
    assert refusal(await person.delete(path)) == (410, "action_expired")
    assert (await execute(person, later)).status_code == 200
    for days, status in ((29, 200), (1, 404)):
        clock.advance(timedelta(days=days))
        async with served.house.database.write() as tx:
            await actions.forget_decided(tx, now=clock.now())
        assert ((await app.get(path)).status_code, (await app.get(later)).status_code) == (status, status)


async def test_a_person_has_at_most_fifty_pending_actions(
    app: httpx.AsyncClient, person: httpx.AsyncClient, clock: SettableClock
) -> None:
    paths = [await prepared(app, expiresIn=100 + number) for number in range(48)]
    clock.advance(timedelta(seconds=10))
    answers = await asyncio.gather(*(prepare(app) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 2 + [429] * 4
    many = await prepare(app)
    assert (refusal(many), many.headers["retry-after"]) == ((429, "too_many_pending"), "90")
    assert (await prepare(app, userId="another")).status_code == 200
    await person.delete(paths[7])
    assert (await prepare(app)).status_code == 200
    assert (await prepare(app)).status_code == 429
    clock.advance(timedelta(seconds=90))
    assert (await prepare(app)).status_code == 200


async def test_fifty_executions_at_once_are_one(app: httpx.AsyncClient, person: httpx.AsyncClient) -> None:
    path = await prepared(app)
    answers = await asyncio.gather(*(execute(person, path) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] + [410] * 49
    refused = {refusal(answer) for answer in answers if answer.status_code == 410}
    assert refused == {(410, "action_already_executed")}
    assert (await shown(app, f"/v1/shifts/{DAY}"))["slots"][0]["spotsLeft"] == 2


async def test_of_execution_and_withdrawal_at_once_one_counts(
    app: httpx.AsyncClient, person: httpx.AsyncClient
) -> None:
    for number in range(5):
        path = await prepared(app, params={"date": f"2026-03-{10 + number}", "slotIndex": 0})
        done, withdrawn = await asyncio.gather(execute(person, path), app.delete(path))
        assert sorted((done.status_code, withdrawn.status_code)) == [200, 410]
        day = await shown(app, f"/v1/shifts/2026-03-{10 + number}")
        assert len(day["slots"][0]["signups"]) == (1 if done.status_code == 200 else 0)


async def test_a_refused_deed_changes_nothing_and_leaves_the_action_pending(
    app: httpx.AsyncClient, person: httpx.AsyncClient, served: Served, clock: SettableClock
) -> None:
    async def refused(path: str) -> tuple[int, str]:
        answer = await execute(person, path)
        seen = await shown(app, path)
        assert (seen["status"], seen["executedAt"], seen["result"]) == ("pending", None, None)
        return refusal(answer)

    again, cancel = await prepared(app), await prepared(app, "shift_cancel")
    assert await refused(cancel) == (404, "not_signed_up")
    await person.post(f"/v1/shifts/{DAY}/0/signup")
    assert await refused(again) == (409, "already_signed_up")
    assert (await execute(person, cancel)).status_code == 200
    for who in ("1", "2", "3"):
        await app.post(f"/v1/shifts/{DAY}/0/signup", headers=acting_for(who))
    full = await execute(person, again)
    assert (await refused(again), full.json()["message"]) == (
        (422, "slot_full"),
        "This shift slot is full (3/3 spots taken)",
    )
    await app.delete(f"/v1/shifts/{DAY}/0/signup", headers=acting_for("2"))
    assert (await execute(person, again)).json()["result"]["spotsLeft"] == 0

    book = await prepared(app, "room_booking", params=BOOKING)
    taken = await booked(app, headers=acting_for("1"))
    assert await refused(book) == (409, "room_booked")
    not_mine = await prepared(app, "room_cancel", params={"roomId": "ostrom", "eventId": taken["eventId"]})
    assert await refused(not_mine) == (403, "not_booking_owner")
    await app.delete(f"/v1/rooms/ostrom/book/{taken['eventId']}", headers=acting_for("1"))
    assert (await execute(person, book)).status_code == 200

    late = await prepared(app, params={"date": "2026-04-01", "slotIndex": 4})
    async with served.house.database.write() as tx:
        plan = [PlannedSlot(600, 720)]
        await shifts.set_plan(tx, SYSTEM, valid_from=parse_day("2026-04-01"), daily=plan, now=clock.now())
    assert await refused(late) == (404, "slot_not_found")


async def test_the_rights_are_those_the_person_has_when_it_happens(
    app: httpx.AsyncClient, person: httpx.AsyncClient, master: httpx.AsyncClient
) -> None:
    theirs = await booked(app, headers=acting_for("1"))
    await person.get("/v1/users/me")
    night = {**BOOKING, "start": "23:00", "end": "24:00"}
    early, cancel = (
        await prepared(app, "room_booking", params=night),
        await prepared(app, "room_cancel", params={"roomId": "ostrom", "eventId": theirs["eventId"]}),
    )
    acting = acting_for(PROVIDER_ID)
    assert refusal(await execute(master, early, **acting)) == (400, "outside_opening_hours"), "no rights are lent"
    assert refusal(await execute(master, cancel, **acting)) == (403, "not_booking_owner")
    assert refusal(await execute(master, cancel)) == (400, "missing_user_id")
    await make_admin(master, PROVIDER_ID)
    assert (await execute(master, early, **acting)).status_code == 200
    await make_admin(master, "1")
    await master.put(f"/v1/users/{PROVIDER_ID}/roles", json={"roles": []})
    assert refusal(await execute(person, cancel)) == (403, "not_booking_owner")
    await make_admin(master, PROVIDER_ID)
    assert (await execute(person, cancel)).status_code == 200


async def test_a_repeated_preparation_with_a_key_is_one_action(app: httpx.AsyncClient) -> None:
    body = {"action": "shift_signup", "userId": TARGET, "params": SIGNUP}
    key = {"Idempotency-Key": "once"}
    first, second = [await app.post("/v1/actions/prepare", json=body, headers=key) for _ in range(2)]
    assert (first.json(), second.headers["idempotent-replay"]) == (second.json(), "true")
    other = await app.post("/v1/actions/prepare", json={**body, "expiresIn": 5}, headers=key)
    assert refusal(other) == (409, "idempotency_key_reused")


async def test_what_happened_is_in_the_audit_log(
    app: httpx.AsyncClient, person: httpx.AsyncClient, served: Served
) -> None:
    path = await prepared(app)
    await execute(person, path)
    async with served.house.database.read() as tx:
        rows = await tx._fetch("SELECT action, actor, app_id FROM audit_entries ORDER BY seq", [])
    seen = [(row[0], row[1], row[2] is not None) for row in rows if row[0].startswith(("action.", "shift.signed"))]
    assert seen == [
        ("action.prepared", "app", True),
        ("shift.signed_up", "user", True),
        ("action.executed", "user", True),
    ]


async def test_a_reward_is_prepared_by_an_app_and_executed_by_a_minter_once(
    app: httpx.AsyncClient, person: httpx.AsyncClient, master: httpx.AsyncClient
) -> None:
    await person.post(f"/v1/shifts/{DAY}/0/signup")
    params = {**SIGNUP, "participants": [TARGET, "u_123"], "amountPerUser": 2.5, "token": "CHT"}
    for change, field in (({"amountPerUser": 0}, "amountPerUser"), ({"amountPerUser": 0.1234567}, "amountPerUser"),
                          ({"token": "XYZ"}, "token"), ({"participants": []}, "participants")):  # fmt: skip
        answer = await prepare(app, "reward", params={**params, **change})
        assert refusal(answer) == (400, "invalid_params")
        assert answer.json()["details"]["field"] == field
    action = await prepared(app, "reward", params=params)
    assert refusal(await person.post(f"{action}/execute")) == (403, "missing_role")
    await master.put(f"/v1/users/{TARGET}/roles", json={"roles": ["minter"]})
    given, refused = (await person.post(f"{action}/execute")).json()["result"]["results"]
    assert (given["amount"], given["success"], given["alreadyRewarded"]) == (2.5, True, False)
    assert (refused["success"], refused["error"]) == (False, "user_not_found")
    assert refusal(await person.post(f"{action}/execute")) == (410, "action_already_executed")
    assert (await person.get("/v1/users/me/rewards")).json()["balances"] == [{"token": "CHT", "amount": 2.5}]
