"""Who may call: the credentials of the Commons Hub dialect, and the order in which a request is judged."""

from datetime import timedelta

import httpx

from guildhall.domains import audit
from tests.clock import SettableClock
from tests.dialects.commonshub.asking import acting_for, book, booked, make_admin, profile, refusal
from tests.serving import MASTER_KEY, PROVIDER_ID, Served

READS = ("/v1/rooms", "/v1/rooms/ostrom", "/v1/rooms/ostrom/availability", "/v1/users/u_849888126")
FOR_A_USER = (
    ("GET", "/v1/users/me"),
    ("PUT", "/v1/users/me"),
    ("GET", "/v1/users/me/bookings"),
    ("POST", "/v1/users/me/calendar-feed"),
    ("POST", "/v1/rooms/ostrom/book"),
)
ADMINISTRATION = (("PUT", "/v1/rooms/attic"), ("GET", "/v1/users"), ("PUT", "/v1/users/u_849888126/roles"))
APPS = (("POST", "/v1/apps"), ("GET", "/v1/apps"), ("DELETE", "/v1/apps/app_unknown"))
BROKEN = b"{"


async def test_a_booking_is_judged_by_credential_app_user_room_body_and_state_in_this_order(
    stranger: httpx.AsyncClient,
    device: httpx.AsyncClient,
    app: httpx.AsyncClient,
    person: httpx.AsyncClient,
    master: httpx.AsyncClient,
) -> None:
    attic, ostrom = "/v1/rooms/attic/book", "/v1/rooms/ostrom/book"
    bad_id = acting_for("not an id")
    assert refusal(await stranger.post(attic, content=BROKEN, headers=bad_id)) == (401, "unauthorized")
    assert refusal(await device.post(attic, content=BROKEN, headers=bad_id)) == (403, "app_not_trusted")
    assert refusal(await app.post(attic, content=BROKEN)) == (400, "missing_user_id")
    assert refusal(await master.post(attic, content=BROKEN)) == (400, "missing_user_id")
    assert refusal(await app.post(attic, content=BROKEN, headers=bad_id)) == (400, "invalid_user_id")
    assert refusal(await person.post(attic, content=BROKEN)) == (400, "unknown_room")
    assert refusal(await person.post(ostrom, content=BROKEN)) == (400, "invalid_json")

    closed = {"name": "Ostrom Room", "capacity": 12, "bookable": False}
    await master.put("/v1/rooms/ostrom", json=closed)
    assert refusal(await book(person, end="14:00")) == (400, "invalid_range")
    assert refusal(await book(person)) == (422, "room_closed")


async def test_administration_is_judged_by_role_before_ids_and_body(
    app: httpx.AsyncClient, device: httpx.AsyncClient, person: httpx.AsyncClient, master: httpx.AsyncClient
) -> None:
    roles = "/v1/users/u_nobody/roles"
    assert refusal(await device.put(roles, content=BROKEN)) == (403, "app_not_trusted")
    assert refusal(await app.put(roles, content=BROKEN)) == (403, "admin_required")
    assert refusal(await app.put(roles, content=BROKEN, headers=acting_for("not an id"))) == (400, "invalid_user_id")
    assert refusal(await person.put(roles, content=BROKEN)) == (403, "admin_required")
    await make_admin(master, PROVIDER_ID)
    assert refusal(await person.put(roles, content=BROKEN)) == (404, "user_not_found")
    mine = f"/v1/users/{PROVIDER_ID}/roles"
    assert refusal(await person.put(mine, content=BROKEN)) == (400, "invalid_json")
    assert refusal(await person.put(mine, json={"roles": []})) == (422, "last_admin")


async def test_a_cancellation_is_judged_by_room_then_booking_then_owner(
    app: httpx.AsyncClient, person: httpx.AsyncClient
) -> None:
    event = (await booked(person))["eventId"]
    other = acting_for("777")
    assert refusal(await app.delete("/v1/rooms/attic/book/none")) == (400, "missing_user_id")
    assert refusal(await app.delete("/v1/rooms/attic/book/none", headers=other)) == (404, "room_not_found")
    assert refusal(await app.delete("/v1/rooms/ostrom/book/none", headers=other)) == (404, "booking_not_found")
    assert refusal(await app.delete(f"/v1/rooms/mush/book/{event}", headers=other)) == (404, "booking_not_found")
    assert refusal(await app.delete(f"/v1/rooms/ostrom/book/{event}", headers=other)) == (403, "not_booking_owner")


async def test_without_a_known_credential_nothing_answers_but_calendars(stranger: httpx.AsyncClient) -> None:
    unknown = "chb_sk_live_" + "x" * 32
    for header in ("", "Bearer", "Basic Zm9v", f"Bearer {unknown}", f"Token {MASTER_KEY}", f"Bearer {MASTER_KEY}x"):
        headers = {"Authorization": header} if header else {}
        for method, path in (*(("GET", path) for path in READS), *FOR_A_USER, *ADMINISTRATION, *APPS):
            answer = await stranger.request(method, path, headers=headers)
            assert refusal(answer) == (401, "unauthorized"), (header, path)
            assert answer.headers["www-authenticate"].startswith("Bearer")
        assert (await stranger.get("/v1/rooms/ostrom/calendar.ics", headers=headers)).status_code == 200
    lower_case = {"Authorization": f"bearer {MASTER_KEY}"}
    assert (await stranger.get("/v1/rooms", headers=lower_case)).status_code == 200


async def test_an_app_reads_without_a_user_and_needs_one_for_what_is_a_users(
    app: httpx.AsyncClient, master: httpx.AsyncClient, person: httpx.AsyncClient
) -> None:
    await profile(person, PROVIDER_ID)
    for client in (app, master, person):
        assert [(await client.get(path)).status_code for path in READS] == [200] * len(READS)
    for method, path in FOR_A_USER:
        for client in (app, master):
            answer = await client.request(method, path)
            assert refusal(answer) == (400, "missing_user_id"), path
    for method, path in ADMINISTRATION:
        for client in (app, person):
            assert refusal(await client.request(method, path, json={})) == (403, "admin_required"), path


async def test_apps_belong_to_the_master_key_even_before_administrators(
    app: httpx.AsyncClient, person: httpx.AsyncClient, master: httpx.AsyncClient
) -> None:
    await profile(person, PROVIDER_ID)
    await make_admin(master, PROVIDER_ID)
    for method, path in APPS:
        for client in (app, person):
            assert refusal(await client.request(method, path, json={})) == (403, "admin_required"), path
    as_somebody = acting_for("777")
    assert (await master.get("/v1/apps", headers=as_somebody)).status_code == 200


async def test_a_device_app_may_do_nothing_here(device: httpx.AsyncClient) -> None:
    for method, path in (*(("GET", path) for path in READS), *FOR_A_USER, *ADMINISTRATION, *APPS):
        for headers in ({}, acting_for(PROVIDER_ID)):
            answer = await device.request(method, path, json={}, headers=headers)
            assert refusal(answer) == (403, "app_not_trusted"), path


async def test_the_master_key_acts_for_a_user_with_the_rights_of_an_administrator(
    master: httpx.AsyncClient, app: httpx.AsyncClient
) -> None:
    as_somebody = acting_for("777", "zoe")
    late = await booked(master, start="23:00", end="24:00", headers=as_somebody)
    assert late["bookedBy"] == "zoe"
    assert late["userId"] == "u_777"
    assert refusal(await book(app, start="23:00", end="24:00", headers=as_somebody)) == (400, "outside_opening_hours")
    assert (await profile(master, "777"))["roles"] == []


async def test_a_revoked_app_is_a_stranger_from_the_next_request_on(
    master: httpx.AsyncClient, person: httpx.AsyncClient, app: httpx.AsyncClient
) -> None:
    assert (await person.get("/v1/users/me")).status_code == 200
    _, known = (await master.get("/v1/apps")).json()["apps"]
    assert (await master.delete(f"/v1/apps/{known['appId']}")).json() == {"ok": True}
    for client in (person, app):
        assert refusal(await client.get("/v1/rooms")) == (401, "unauthorized")
    assert [each["name"] for each in (await master.get("/v1/apps")).json()["apps"]] == ["chb"]


async def test_the_last_use_of_an_app_is_known_to_the_minute(
    master: httpx.AsyncClient, app: httpx.AsyncClient, clock: SettableClock
) -> None:
    async def last_used() -> str | None:
        _, known = (await master.get("/v1/apps")).json()["apps"]
        used: str | None = known["lastUsedAt"]
        return used

    assert await last_used() is None
    await app.get("/v1/rooms")
    assert await last_used() == "2026-03-02T09:00:00Z"
    clock.advance(timedelta(seconds=59))
    await app.get("/v1/rooms")
    assert await last_used() == "2026-03-02T09:00:00Z"
    clock.advance(timedelta(seconds=1))
    await app.get("/v1/rooms")
    assert await last_used() == "2026-03-02T09:01:00Z"


async def test_an_id_of_another_form_acts_for_nobody(app: httpx.AsyncClient) -> None:
    for user_id in ("a b", "a/b", "a,b", "", "x" * 65, "a%20b", "u_1;drop", "zoë"):
        for path in ("/v1/rooms", "/v1/users/me"):
            answer = await app.get(path, headers=[(b"X-User-Id", user_id.encode())])
            assert refusal(answer) == (400, "invalid_user_id"), user_id
    for user_id in ("@zoe:matrix.example-org_1", "x" * 64, "0"):
        assert (await profile(app, user_id))["userId"] == f"u_{user_id}"


async def test_a_booking_of_an_app_is_written_down_with_who_did_it_through_which_app(
    person: httpx.AsyncClient, served: Served, master: httpx.AsyncClient
) -> None:
    event = (await booked(person))["eventId"]
    _, known = (await master.get("/v1/apps")).json()["apps"]
    async with served.house.database.read() as tx:
        (entry,) = await audit.page_of_entries(tx, limit=10, target=event)
    assert (entry.action, entry.app_id, entry.actor) == ("room.booked", known["appId"], "user")
    assert entry.details == {"room": "ostrom"}
