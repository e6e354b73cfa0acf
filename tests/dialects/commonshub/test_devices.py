"""Device login of the Commons Hub dialect, and the tokens it hands out."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from guildhall.domains import identity
from tests.clock import SettableClock
from tests.serving import ADMIN_NAME, ADMIN_PASSWORD, Served

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


@pytest.fixture
async def device(served: Served, master: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """A client that holds the secret of a device app."""
    made = (await master.post("/v1/apps", json={"name": "chb", "kind": "device"})).json()
    async with served.client(headers={"Authorization": f"Bearer {made['appSecret']}"}) as client:
        yield client


async def started(device: httpx.AsyncClient, **body: str) -> dict[str, Any]:
    answer = await device.post("/v1/auth/device", json=body)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def approve(person: httpx.AsyncClient, code: str, decision: str = "approve") -> httpx.Response:
    return await person.post("/v1/auth/verify", json={"userCode": code, "decision": decision})


async def signed_in_device(device: httpx.AsyncClient, person: httpx.AsyncClient) -> str:
    codes = await started(device)
    await approve(person, codes["userCode"])
    return str((await device.get(f"/v1/auth/device/{codes['deviceCode']}")).json()["token"])


async def test_a_device_is_let_in_and_gets_its_token_once(
    device: httpx.AsyncClient, person: httpx.AsyncClient, served: Served
) -> None:
    codes = await started(device, clientName="chb on laptop")
    assert codes["verifyUrl"] == "http://hub.test/auth/verify"
    assert codes["verificationUriComplete"] == f"http://hub.test/auth/verify?code={codes['userCode']}"
    assert (codes["expiresIn"], codes["interval"], len(codes["userCode"])) == (900, 5, 6)
    poll = f"/v1/auth/device/{codes['deviceCode']}"
    async with served.client() as anybody:
        assert (await anybody.get(poll)).json()["status"] == "pending"
    decided = await approve(person, f"{codes['userCode'][:3]} - {codes['userCode'][3:]}")
    assert decided.json()["status"] == "approved"
    assert decided.json()["app"]["name"] == "chb"
    granted = (await device.get(poll)).json()
    assert (granted["status"], granted["userId"], granted["displayName"]) == (
        "approved",
        "u_849888126",
        "Xavier Damman",
    )
    assert refusal(await device.get(poll)) == (410, "code_used")
    async with served.client(headers={"Authorization": f"Bearer {granted['token']}"}) as own:
        assert (await own.get("/v1/users/me")).json()["username"] == "xdamman"
        (shown,) = (await own.get("/v1/users/me/tokens")).json()["tokens"]
        assert (shown["name"], shown["current"]) == ("chb on laptop", True)
        assert (await own.get("/v1/users/me", headers={"X-User-Id": "849888126"})).status_code == 200
        assert refusal(await own.get("/v1/users/me", headers={"X-User-Id": "somebody"})) == (403, "wrong_user")
        assert refusal(await own.get("/v1/apps")) == (403, "admin_required")
        assert refusal(await own.post("/v1/auth/verify", json={"userCode": "123456"})) == (403, "session_required")
        assert (await own.delete("/v1/users/me/tokens/current")).json() == {"ok": True}
        assert refusal(await own.get("/v1/users/me")) == (401, "unauthorized")


async def test_two_polls_at_once_get_one_token(device: httpx.AsyncClient, person: httpx.AsyncClient) -> None:
    codes = await started(device)
    await approve(person, codes["userCode"])
    polls = await asyncio.gather(*(device.get(f"/v1/auth/device/{codes['deviceCode']}") for _ in range(8)))
    assert sorted(answer.status_code for answer in polls) == [200] + [410] * 7


async def test_a_device_app_may_do_nothing_else(device: httpx.AsyncClient) -> None:
    assert refusal(await device.get("/v1/rooms")) == (403, "app_not_trusted")
    assert refusal(await device.get("/v1/users/me", headers={"X-User-Id": "7"})) == (403, "app_not_trusted")
    assert refusal(await device.post("/v1/auth/verify", json={"userCode": "123456"})) == (403, "app_not_trusted")


async def test_polls_tell_denied_expired_unknown_foreign_and_too_fast(
    device: httpx.AsyncClient, app: httpx.AsyncClient, person: httpx.AsyncClient, clock: SettableClock
) -> None:
    codes = await started(device)
    poll = f"/v1/auth/device/{codes['deviceCode']}"
    assert (await device.get(poll)).json()["reason"] == "authorization_pending"
    hasty = (await device.get(poll)).json()
    assert (hasty["reason"], hasty["interval"]) == ("slow_down", 10)
    clock.advance(timedelta(seconds=10))
    assert (await device.get(poll)).json()["reason"] == "authorization_pending"
    assert refusal(await app.get(poll)) == (403, "wrong_app")
    assert refusal(await device.get("/v1/auth/device/dev_unknown")) == (404, "device_code_not_found")
    await approve(person, codes["userCode"], "deny")
    assert refusal(await device.get(poll)) == (403, "access_denied")
    late = await started(device)
    clock.advance(timedelta(seconds=900))
    assert refusal(await device.get(f"/v1/auth/device/{late['deviceCode']}")) == (410, "expired_token")
    assert refusal(await approve(person, late["userCode"])) == (410, "code_expired")
    assert refusal(await approve(person, codes["userCode"])) == (410, "code_used")
    assert (await device.head(poll)).status_code == 405


async def test_standard_clients_exchange_the_code_in_the_words_of_the_standard(
    device: httpx.AsyncClient, person: httpx.AsyncClient, served: Served, clock: SettableClock
) -> None:
    codes = await started(device)
    form = {"grant_type": GRANT, "device_code": codes["deviceCode"]}
    url = "/v1/auth/device/token"
    async with served.client() as client:
        assert refusal(await client.post(url, data={})) == (400, "invalid_request")
        assert refusal(await client.post(url, data=form | {"grant_type": "password"})) == (
            400,
            "unsupported_grant_type",
        )
        assert refusal(await client.post(url, data=form)) == (400, "authorization_pending")
        assert refusal(await client.post(url, data=form)) == (400, "slow_down")
        await approve(person, codes["userCode"])
        clock.advance(timedelta(seconds=15))
        granted = await client.post(url, data=form)
        assert (granted.json()["token_type"], granted.json()["expires_in"]) == ("Bearer", 90 * 24 * 3600)
        assert refusal(await client.post(url, data=form)) == (400, "invalid_grant")
        denied = await started(device)
        await approve(person, denied["userCode"], "deny")
        assert refusal(await client.post(url, data=form | {"device_code": denied["deviceCode"]})) == (
            400,
            "access_denied",
        )
        late = await started(device)
        clock.advance(timedelta(seconds=901))
        assert refusal(await client.post(url, data=form | {"device_code": late["deviceCode"]})) == (
            400,
            "expired_token",
        )


async def test_five_misses_close_the_codes_that_were_live_and_a_new_one_starts_fresh(
    device: httpx.AsyncClient, person: httpx.AsyncClient, served: Served, app_secret: str, clock: SettableClock
) -> None:
    codes = await started(device)
    wrong = f"{(int(codes['userCode']) + 1) % 1_000_000:06d}"
    assert refusal(await approve(person, "12345")) == (400, "invalid_code")
    for _ in range(5):
        assert refusal(await approve(person, wrong)) == (404, "code_not_found")
    assert refusal(await approve(person, wrong)) == (429, "too_many_attempts")
    assert refusal(await approve(person, codes["userCode"])) == (429, "too_many_attempts")
    other = {"Authorization": f"Bearer {app_secret}", "X-User-Id": "another"}
    async with served.client(headers=other) as client:
        assert (await approve(client, codes["userCode"])).status_code == 200
    clock.advance(timedelta(seconds=1))
    fresh = await started(device)
    assert (await approve(person, fresh["userCode"])).json()["status"] == "approved"


async def test_an_app_has_at_most_fifty_live_codes(device: httpx.AsyncClient, clock: SettableClock) -> None:
    for _ in range(50):
        await started(device)
    refused = await device.post("/v1/auth/device")
    assert refusal(refused) == (429, "too_many_pending")
    assert int(refused.headers["retry-after"]) >= 1
    clock.advance(timedelta(seconds=900))
    await started(device)


async def test_a_token_dies_with_its_app_without_use_and_by_its_owner(
    device: httpx.AsyncClient,
    person: httpx.AsyncClient,
    master: httpx.AsyncClient,
    served: Served,
    clock: SettableClock,
) -> None:
    first, second, third = [await signed_in_device(device, person) for _ in range(3)]

    async def status(token: str) -> int:
        async with served.client(headers={"Authorization": f"Bearer {token}"}) as client:
            return (await client.get("/v1/users/me")).status_code

    assert [await status(token) for token in (first, second, third)] == [200, 200, 200]
    async with served.client(headers={"Authorization": f"Bearer {first}"}) as client:
        listed = (await client.get("/v1/users/me/tokens")).json()["tokens"]
        (own,) = [each["tokenId"] for each in listed if each["current"]]
    assert (await person.delete(f"/v1/users/me/tokens/{own}")).json() == {"ok": True}
    assert refusal(await person.delete(f"/v1/users/me/tokens/{own}")) == (404, "token_not_found")
    assert refusal(await person.delete("/v1/users/me/tokens/current")) == (404, "token_not_found")
    assert await status(first) == 401
    clock.advance(timedelta(days=89))
    assert await status(second) == 200
    clock.advance(timedelta(days=2))
    assert [await status(second), await status(third)] == [200, 401]
    apps = (await master.get("/v1/apps")).json()["apps"]
    *_, device_app = [each["appId"] for each in apps if each["name"] == "chb"]
    await master.delete(f"/v1/apps/{device_app}")
    assert await status(second) == 401


async def test_a_person_approves_in_the_browser_with_the_forms_token(
    device: httpx.AsyncClient, served: Served, administrator: identity.User
) -> None:
    codes = await started(device, clientName="chb on laptop")
    async with served.client() as browser:
        page = await browser.get("/auth/verify")
        assert (page.status_code, page.headers["location"]) == (303, "/panel/sign-in?next=/auth/verify")
        await browser.post("/panel/sign-in", data={"name": ADMIN_NAME, "password": ADMIN_PASSWORD})
        proof = identity.csrf_token(browser.cookies["session_id"])
        page = await browser.get("/auth/verify", params={"code": codes["userCode"]})
        assert f'value="{codes["userCode"]}"' in page.text
        asks = await browser.post("/panel/device-login", data={"code": codes["userCode"], "csrf_token": proof})
        assert "chb on laptop" in asks.text
        form = {"userCode": codes["userCode"], "decision": "approve"}
        forged = await browser.post("/v1/auth/verify", data=form)
        assert refusal(forged) == (403, "csrf_failed")
        wants_page = {"Accept": "text/html"}
        answer = await browser.post("/v1/auth/verify", data=form | {"csrf_token": proof}, headers=wants_page)
        assert answer.status_code == 200
        assert "Approved" in answer.text
        again = await browser.post("/v1/auth/verify", data=form | {"csrf_token": proof}, headers=wants_page)
        assert "used already" in again.text
    granted = (await device.get(f"/v1/auth/device/{codes['deviceCode']}")).json()
    assert granted["displayName"] == ADMIN_NAME


async def test_a_personal_key_acts_for_its_owner_within_what_it_may(
    served: Served, administrator: identity.User, clock: SettableClock
) -> None:
    async with served.client() as browser:
        await browser.post("/panel/sign-in", data={"name": ADMIN_NAME, "password": ADMIN_PASSWORD})
        async with served.house.database.write() as tx:
            found = await identity.signed_in_with(tx, browser.cookies["session_id"], ip=None, now=clock.now())
            assert found is not None
            _, value = await identity.create_key(
                tx, found.actor, found.user, name="door", permissions=["hub.read", "rooms.book"], now=clock.now()
            )
    async with served.client(headers={"Authorization": f"Bearer {value}"}) as own:
        assert (await own.get("/v1/rooms")).status_code == 200
        booking = {"title": "Standup", "date": "2026-03-19", "start": "14:00", "end": "15:00"}
        assert (await own.post("/v1/rooms/ostrom/book", json=booking)).json()["bookedBy"] == ADMIN_NAME
        assert refusal(await own.get("/v1/users")) == (403, "admin_required")
    async with served.client(headers={"Authorization": "Bearer gh_key_unknown"}) as stranger:
        assert refusal(await stranger.get("/v1/rooms")) == (401, "unauthorized")
