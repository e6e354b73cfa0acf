"""The page behind the link that an app gives its person."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect

from guildhall.domains.identity import User
from tests.clock import SettableClock
from tests.panel.visiting import sign_in, visiting
from tests.serving import ADMIN_NAME, ADMIN_PASSWORD, Served

BOOKING = {"roomId": "ostrom", "title": "Tea & <b>cake</b>", "date": "2026-03-19", "start": "14:00", "end": "15:00"}
SENTENCE = "Book Ostrom Room on Thursday 19 March 2026 from 14:00 to 15:00, for \u201cTea & <b>cake</b>\u201d."
BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
EVENTS = "/v1/rooms/ostrom/availability?date=2026-03-19"


async def prepared(app: httpx.AsyncClient, user_id: str, action: str = "room_booking", **params: object) -> str:
    """Prepare something for a person, and return the path of its page."""
    body = {"action": action, "userId": user_id, "params": params or BOOKING}
    answer = await app.post("/v1/actions/prepare", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["confirmUrl"]).removeprefix("http://hub.test")


async def status_of(app: httpx.AsyncClient, path: str) -> str:
    return str((await app.get(path.removesuffix("/confirm"))).json()["status"])


@pytest.fixture
async def visitor(served: Served, administrator: User) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a cookie jar, not signed in, whose answers are held against the contract."""
    async with served.client() as client:
        yield client


async def come_in(visitor: httpx.AsyncClient) -> str:
    """Sign in, and return the token that forms carry."""
    await visitor.post("/panel/sign-in", data={"name": ADMIN_NAME, "password": ADMIN_PASSWORD})
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', (await visitor.get("/panel/account")).text)
    assert found is not None
    return found[1]


async def test_a_person_comes_by_the_link_signs_in_reads_and_confirms(
    browser: Browser, served: Served, administrator: User, app: httpx.AsyncClient
) -> None:
    path = await prepared(app, administrator.alias)
    async with visiting(browser, served) as page:
        await page.goto(path)
        await page.get_by_label("Name").fill(ADMIN_NAME)
        await page.get_by_label("Password").fill(ADMIN_PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page).to_have_url(f"{served.url}{path}")
        await expect(page.locator(".lead")).to_have_text(SENTENCE)
        await expect(page.locator(".facts")).to_contain_text("ElinorBot")
        await expect(page.locator(".facts")).to_contain_text("2 Mar 2026, 11:00")
        await page.reload()
        assert await status_of(app, path) == "pending", "looking executes nothing"
        await page.get_by_role("button", name="Confirm").click()
        await expect(page.get_by_role("heading", name="Done")).to_be_visible()
        assert await status_of(app, path) == "executed"
        await page.goto(path)
        await expect(page.locator("#problem .lead")).to_have_text("This action was already executed.")
    assert [event["title"] for event in (await app.get(EVENTS)).json()["events"]] == ["Tea & <b>cake</b>"]


async def test_without_scripts_a_refusal_is_told_and_the_question_stands(
    browser: Browser, served: Served, administrator: User, app: httpx.AsyncClient, person: httpx.AsyncClient
) -> None:
    path = await prepared(app, administrator.alias)
    body = {**BOOKING, "title": "Quicker"}
    event = (await person.post("/v1/rooms/ostrom/book", json=body)).json()["eventId"]
    async with visiting(browser, served, java_script_enabled=False) as page:
        await sign_in(page)
        await page.get_by_role("link", name="Prepared actions").click()
        await page.get_by_role("link", name="Book Ostrom Room").click()
        await page.get_by_role("button", name="Confirm").click()
        await expect(page.locator(".problem")).to_contain_text("Ostrom Room is already booked from 14:00 to 15:00")
        assert await status_of(app, path) == "pending"
        await person.delete(f"/v1/rooms/ostrom/book/{event}")
        await page.get_by_role("button", name="Confirm").click()
        await expect(page.get_by_role("heading", name="Done")).to_be_visible()
        assert await status_of(app, path) == "executed"


async def test_scripts_show_the_same_and_the_list_has_what_waits_and_what_is_over(
    browser: Browser, served: Served, administrator: User, app: httpx.AsyncClient, clock: SettableClock
) -> None:
    shift: dict[str, Any] = {"date": "2026-03-19", "slotIndex": 0}
    paths = []
    for kind in ("shift_signup", "shift_cancel"):
        paths.append(await prepared(app, administrator.alias, kind, **shift))
        clock.advance(timedelta(minutes=1))
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.goto("/panel/actions")
        await expect(page.get_by_role("button", name="Confirm: ")).to_have_count(2)
        await page.get_by_role("link", name="Withdraw from the shift").click()
        await page.get_by_role("button", name="Confirm").click()
        await expect(page.locator(".problem")).to_have_text("You are not signed up for this shift.")
        await page.get_by_role("button", name="Decline").click()
        await expect(page.get_by_role("heading", name="Declined")).to_be_visible()
        await page.get_by_role("link", name="All prepared actions").click()
        await page.get_by_role("button", name="Confirm: Sign up").click()
        await expect(page.get_by_role("heading", name="Done")).to_be_visible()
        await page.goto("/panel/actions")
        await expect(page.locator(".tag")).to_have_text(["cancelled", "done"])
    assert [await status_of(app, path) for path in paths] == ["executed", "cancelled"]


async def test_the_page_is_for_its_person_alone_and_only_while_it_is_open(
    visitor: httpx.AsyncClient, app: httpx.AsyncClient, administrator: User, clock: SettableClock
) -> None:
    path, theirs = await prepared(app, administrator.alias), await prepared(app, "somebody")
    led = await visitor.get(path)
    assert (led.status_code, led.headers["location"]) == (303, f"/panel/sign-in?next={path}")
    signed_out = await visitor.post(path, data={"decision": "confirm"})
    assert (signed_out.status_code, signed_out.json()["error"]) == (401, "unauthorized")
    token = await come_in(visitor)

    seen = await visitor.get(path)
    assert {name: seen.headers[name] for name in ("cache-control", "x-frame-options", "referrer-policy")} == {
        "cache-control": "no-store",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
    }
    assert "frame-ancestors 'none'" in seen.headers["content-security-policy"]
    assert ("Tea &amp; &lt;b&gt;cake" in seen.text, "<b>cake" in seen.text) == (True, False)
    for method in (visitor.head, visitor.get):
        assert (await method(path)).status_code == 200
    assert await status_of(app, path) == "pending"

    nowhere = "/v1/actions/act_nothing/confirm"
    for address, status, slug in ((theirs, 403, "wrong_user"), (nowhere, 404, "action_not_found")):
        shown = await visitor.get(address)
        assert (shown.status_code, f'data-code="{slug}"' in shown.text) == (status, True)
        assert shown.headers["referrer-policy"] == "no-referrer"
        answer = await visitor.post(address, data={"csrf_token": token})
        assert (answer.status_code, answer.json()["error"]) == (status, slug)
    clock.advance(timedelta(hours=1))
    late = await visitor.get(path)
    assert (late.status_code, "This action expired." in late.text) == (410, True)
    answer = await visitor.post(path, data={"csrf_token": token})
    assert answer.json() == {"error": "action_expired", "message": "This action expired", "status": 410}


async def test_only_our_own_form_confirms_and_programs_are_answered_in_json(
    visitor: httpx.AsyncClient, app: httpx.AsyncClient, served: Served, administrator: User
) -> None:
    path = await prepared(app, administrator.alias, "shift_signup", date="2026-03-19", slotIndex=0)
    token = await come_in(visitor)
    for data, headers in (
        ({}, {}),
        ({"csrf_token": token[:-1] + ("0" if token[-1] != "0" else "1")}, {}),
        ({"csrf_token": token}, {"Origin": "https://evil.example"}),
        ({"csrf_token": token}, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}),
    ):
        refused = await visitor.post(path, data=data, headers=headers)
        assert (refused.status_code, refused.json()["error"]) == (403, "csrf_failed")
    assert await status_of(app, path) == "pending"
    async with httpx.AsyncClient(base_url=served.url, cookies=visitor.cookies) as browser:
        page = await browser.post(path, headers=BROWSER)
        assert (page.status_code, "This form is out of date" in page.text) == (403, True)
    done = await visitor.post(path, data={"csrf_token": token}, headers={"Origin": "null"})
    assert done.json() == {
        "ok": True,
        "actionId": path.split("/")[3],
        "result": {
            "slot": {"start": "08:30", "end": "11:30", "index": 0},
            "date": "2026-03-19",
            "spotsLeft": 2,
            "warnings": [],
        },
    }
    again = await visitor.post(path, data={"csrf_token": token})
    assert (again.status_code, again.json()["error"]) == (410, "action_already_executed")
    other = await prepared(app, administrator.alias, "shift_signup", date="2026-03-19", slotIndex=0)
    twice = await visitor.post(other, data={"csrf_token": token})
    assert (twice.status_code, twice.json()["error"]) == (409, "already_signed_up")
    declined = await visitor.post(other, data={"csrf_token": token, "decision": "decline"})
    assert (declined.status_code, await status_of(app, other)) == (200, "cancelled")
