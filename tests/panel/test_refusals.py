"""What the panel refuses, seen without a browser."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from guildhall.core.actor import SYSTEM
from guildhall.domains import identity
from guildhall.domains.identity import User
from tests.clock import SettableClock
from tests.serving import ADMIN_NAME, ADMIN_PASSWORD, Served, serving, settings_for

OFFICE = ("office/rooms", "office/rooms/new", "office/closed-days", "office/plans", "office/plans/new", "office/tokens")
CHANGES = ("office/closed-days", "office/rooms/ostrom/archive", "office/plans/new", "office/tokens/CHT/remove")
SIGN_IN = {"name": ADMIN_NAME, "password": ADMIN_PASSWORD}
BOOKING = {"room": "ostrom", "date": "2026-03-03", "start": "10:00", "end": "11:00", "title": "Tea"}


@pytest.fixture
async def visitor(served: Served, administrator: User) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a cookie jar, not signed in."""
    async with httpx.AsyncClient(base_url=served.url) as client:
        yield client


@pytest.fixture
async def grace(served: Served) -> dict[str, str]:
    """Name and password of somebody without any role."""
    house = served.house
    password_hash = await house.passwords.hash("a member's password")
    async with house.database.write() as tx:
        await identity.create_person(
            tx, SYSTEM, sign_in_name="grace", password_hash=password_hash, email=None, roles=[], now=house.clock.now()
        )
    return {"name": "Grace", "password": "a member's password"}


async def csrf_token(client: httpx.AsyncClient) -> str:
    """Return the token that forms of this client's session carry."""
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', (await client.get("/panel/account")).text)
    assert found is not None
    return found[1]


async def test_a_stranger_is_led_to_the_door_and_from_there_only_to_pages_of_the_panel(
    visitor: httpx.AsyncClient,
) -> None:
    led = await visitor.get("/panel/rooms?date=2026-03-03")
    assert (led.status_code, led.headers["location"]) == (303, "/panel/sign-in?next=/panel/rooms%3Fdate%3D2026-03-03")
    door = await visitor.get(led.headers["location"])
    assert 'name="next" value="/panel/rooms?date=2026-03-03"' in door.text
    for elsewhere in ("https://evil.example", "//evil.example", "/panel//evil.example", "/\\evil.example", "/v1/rooms"):
        answer = await visitor.post("/panel/sign-in", data={**SIGN_IN, "next": elsewhere})
        assert (answer.status_code, answer.headers["location"]) == (303, "/panel")
    answer = await visitor.post("/panel/sign-in", data={**SIGN_IN, "next": "/panel/rooms?date=2026-03-03"})
    assert answer.headers["location"] == "/panel/rooms?date=2026-03-03"
    assert (await visitor.get("/panel/sign-in")).headers["location"] == "/panel"


async def test_forms_that_are_not_from_our_pages_change_nothing(served: Served, visitor: httpx.AsyncClient) -> None:
    other_site = await visitor.post("/panel/sign-in", data=SIGN_IN, headers={"Origin": "https://evil.example"})
    assert (other_site.status_code, "set-cookie" in other_site.headers) == (403, False)
    unsigned = await visitor.post("/panel/book", data=BOOKING)
    assert (unsigned.status_code, unsigned.headers["location"]) == (303, "/panel/sign-in?next=/panel")
    await visitor.post("/panel/sign-in", data=SIGN_IN)
    token = await csrf_token(visitor)
    for data, headers in (
        (BOOKING, {}),
        ({**BOOKING, "csrf_token": token[:-1] + ("0" if token[-1] != "0" else "1")}, {}),
        ({**BOOKING, "csrf_token": "\u00e9"}, {}),
        ({**BOOKING, "csrf_token": token}, {"Origin": "https://evil.example"}),
        ({**BOOKING, "csrf_token": token}, {"Sec-Fetch-Site": "cross-site"}),
    ):
        refused = await visitor.post("/panel/book", data=data, headers=headers)
        assert (refused.status_code, 'data-code="csrf_failed"' in refused.text) == (403, True)
    booked = await visitor.post("/panel/book", data={**BOOKING, "csrf_token": token}, headers={"Origin": served.url})
    assert (booked.status_code, booked.headers["location"]) == (303, "/panel/rooms?date=2026-03-03&done=booked")
    page = await visitor.get("/panel/bookings")
    assert page.text.count("<b>Tea</b>") == 1


async def test_a_session_slides_for_a_week_and_then_ends(visitor: httpx.AsyncClient, clock: SettableClock) -> None:
    opened = await visitor.post("/panel/sign-in", data=SIGN_IN)
    cookie = opened.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=604800"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie
    clock.advance(timedelta(seconds=30))
    assert "set-cookie" not in (await visitor.get("/panel/rooms")).headers
    clock.advance(timedelta(days=6))
    assert (await visitor.get("/panel/rooms")).headers["set-cookie"] == cookie
    clock.advance(timedelta(days=6))
    assert (await visitor.get("/panel/rooms")).status_code == 200
    clock.advance(timedelta(days=7))
    assert (await visitor.get("/panel/rooms")).status_code == 303


async def test_the_cookie_is_for_https_alone_where_the_house_has_it(
    sqlite_database_url: str, tmp_path: Path, clock: SettableClock
) -> None:
    settings = settings_for(sqlite_database_url, tmp_path, PUBLIC_URL="https://hub.test")
    async with serving(settings, clock=clock) as served, httpx.AsyncClient(base_url=served.url) as client:
        await identity.create_first_administrator(
            served.house.database,
            served.house.passwords,
            SYSTEM,
            name=ADMIN_NAME,
            password=ADMIN_PASSWORD,
            email="",
            now=clock.now(),
        )
        opened = await client.post("/panel/sign-in", data=SIGN_IN, headers={"Origin": "https://hub.test"})
        assert "Secure" in opened.headers["set-cookie"]


async def test_guessing_passwords_is_slowed_down(visitor: httpx.AsyncClient) -> None:
    for _ in range(10):
        wrong = await visitor.post("/panel/sign-in", data={**SIGN_IN, "password": "a guess"})
        assert wrong.status_code == 401
    right = await visitor.post("/panel/sign-in", data=SIGN_IN)
    assert (right.status_code, right.headers["retry-after"]) == (429, "900")
    assert "Too many attempts" in right.text


async def test_members_do_not_enter_the_office(visitor: httpx.AsyncClient, grace: dict[str, str]) -> None:
    await visitor.post("/panel/sign-in", data=grace)
    token = await csrf_token(visitor)
    for path in ("people", "apps", "office", *OFFICE, "rewards", "ledger", "ledger/entries", "audit", "mail", "system"):
        assert (await visitor.get(f"/panel/{path}")).status_code == 403
    for path in ("people", "apps", "rewards", "ledger/verify", "system/master-key", *CHANGES):
        assert (await visitor.post(f"/panel/{path}", data={"csrf_token": token})).status_code == 403
    rooms = await visitor.get("/panel/rooms")
    assert (rooms.status_code, "/panel/system" in rooms.text) == (200, False)


async def test_private_bookings_and_those_of_others_are_guarded(
    visitor: httpx.AsyncClient, person: httpx.AsyncClient, grace: dict[str, str]
) -> None:
    secret = {**BOOKING, "title": "Surprise party", "description": "for Ada", "private": True}
    room = secret.pop("room")
    event_id = (await person.post(f"/v1/rooms/{room}/book", json=secret)).json()["eventId"]
    await visitor.post("/panel/sign-in", data=grace)
    for path in ("rooms", "rooms/ostrom", f"bookings/{event_id}"):
        page = await visitor.get(f"/panel/{path}")
        assert ("Busy" in page.text, "Surprise" in page.text, "for Ada" in page.text) == (True, False, False)
    token = await csrf_token(visitor)
    refused = await visitor.post(f"/panel/bookings/{event_id}/cancel", data={"csrf_token": token})
    assert (refused.status_code, 'data-code="not_booking_owner"' in refused.text) == (403, True)
    assert (await visitor.get("/panel/bookings/nothing")).status_code == 404


async def test_bad_input_gets_a_page_that_says_so(visitor: httpx.AsyncClient) -> None:
    await visitor.post("/panel/sign-in", data=SIGN_IN)
    token = await csrf_token(visitor)
    for path, status in (
        ("/panel/nowhere", 404),
        ("/panel/rooms/nowhere", 404),
        ("/panel/rooms?date=soon", 400),
        ("/panel/book?start=noon", 400),
        ("/panel/people?after=x", 400),
        ("/panel/jobs?state=odd", 400),
        ("/panel/mail?state=odd", 400),
        ("/panel/office/plans/2026-02-30", 400),
        ("/panel/office/plans/2026-02-28", 404),
        ("/panel/office/tokens/XYZ", 400),
        ("/panel/ledger/entries?before=x", 400),
        ("/panel/mail/none", 404),
        ("/panel/static/..%2fface.py", 404),
    ):
        answer = await visitor.get(path)
        assert (path, answer.status_code, answer.headers["content-type"]) == (path, status, "text/html; charset=utf-8")
        assert "Traceback" not in answer.text
    assert (await visitor.put("/panel/rooms")).status_code == 405
    for change, beside in (
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"date": "2026-02-30"}, "date"),
        ({"start": "25:00"}, "start"),
        ({"end": "09:00"}, "end"),
        ({"room": "nowhere"}, "room"),
        ({"email": "nobody"}, "email"),
    ):
        answer = await visitor.post("/panel/book", data={**BOOKING, **change, "csrf_token": token})
        assert (change, f'id="{beside}-problem"' in answer.text) == (change, True)
        assert answer.status_code in (400, 404)
    twice = await visitor.post("/panel/book", content=b"title=a&title=b", headers={"Content-Type": "x"})
    assert twice.status_code == 400
