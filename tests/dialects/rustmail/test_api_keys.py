"""The keys of other systems: shown once, good for the external routes, ended for good."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256

import httpx
import msgspec
import pytest

from guildhall.core.actor import Actor, Credential
from guildhall.core.db import Database
from guildhall.domains import audit
from guildhall.domains.identity import Permission
from guildhall.settings import Settings
from guildhall.web.routing import route
from tests.clock import SettableClock
from tests.dialects.rustmail.people import OWNER, FrontDesk, refusal
from tests.serving import Served, serving
from tests.web.more import more_routes

KEYS = "/api/apikeys"
PROBE = "/api/externals/probe"
INTEGRATION = Credential.INTEGRATION_KEY


class Told(msgspec.Struct, frozen=True):
    who: str | None
    may: list[str]


@route("GET", f"{PROBE}/read", permission=Permission.INTEGRATION_READ, accepts=INTEGRATION, transaction="none")
async def read(actor: Actor) -> Told:
    """Say who reads."""
    return Told(actor.app_id, sorted(actor.permissions))


@route("POST", f"{PROBE}/create", permission=Permission.INTEGRATION_CREATE, accepts=INTEGRATION, transaction="none")
async def create(actor: Actor) -> Told:
    """Say who creates."""
    return Told(actor.app_id, sorted(actor.permissions))


@route("POST", f"{PROBE}/update", permission=Permission.INTEGRATION_UPDATE, accepts=INTEGRATION, transaction="none")
async def update(actor: Actor) -> Told:
    """Say who changes."""
    return Told(actor.app_id, sorted(actor.permissions))


@pytest.fixture
async def served(settings: Settings, clock: SettableClock) -> AsyncIterator[Served]:
    """A server with external routes that do nothing."""
    with more_routes(rustmail=(read, create, update)):
        async with serving(settings, clock=clock) as each:
            yield each


class Outside:
    """Another system with a key."""

    def __init__(self, served: Served, key: str, **headers: str) -> None:
        self._url, self._headers = served.url, {"X-API-Key": key, **headers}

    async def opens(self) -> list[int]:
        """Return the statuses of reading, creating and changing."""
        answers = (
            await self.asks(f"{PROBE}/read"),
            await self.asks(f"{PROBE}/create", "POST"),
            await self.asks(f"{PROBE}/update", "POST"),
        )
        return [each.status_code for each in answers]

    async def asks(self, path: str, method: str = "GET") -> httpx.Response:
        """Ask for something. The paths of the probe are in no contract, so nothing is recorded."""
        async with httpx.AsyncClient(base_url=self._url, headers=self._headers) as client:
            return await client.request(method, path)


async def made(client: httpx.AsyncClient, *permissions: str, **more: object) -> dict[str, object]:
    """Make a key and return what was shown."""
    answer = await client.post(KEYS, json={"name": "A shop", "permissions": list(permissions), **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_key_opens_what_it_was_made_for_on_external_routes_alone(front: FrontDesk, served: Served) -> None:
    cookie = await front.cookie_of(OWNER)
    owner = await front.opened(cookie)
    for permissions, statuses in (
        (["read:tickets"], [200, 403, 403]),
        (["READ_TICKETS"], [200, 403, 403]),
        (["write:tickets"], [403, 200, 200]),
        (["CREATE_TICKET"], [403, 200, 403]),
        (["UPDATE_TICKET"], [403, 403, 200]),
        (["read:tickets", "write:tickets"], [200, 200, 200]),
    ):
        shown = await made(owner, *permissions)
        key = str(shown["key"])
        assert re.fullmatch("rustmail_[0-9a-f]{64}", key)
        assert (shown["api_key"], shown["permissions"]) == (key, permissions)
        outside = Outside(served, key)
        assert await outside.opens() == statuses
        for path in (KEYS, "/api/admin/permissions", "/api/user/permissions", "/api/panel/check"):
            assert refusal(await outside.asks(path)) == (401, "UNAUTHORIZED")
        assert (await Outside(served, key, Cookie="session_id=x").asks(KEYS)).status_code == 401
        who = (await owner.get(KEYS)).json()["keys"][0]
        assert who["permissions"] == permissions
    assert await Outside(served, "", Cookie=f"session_id={cookie}").opens() == [401, 401, 401]
    for guess in ("x", "rustmail_" + "0" * 64, "rustmail_", "gh_key_x" * 1000, "Bearer"):
        assert await Outside(served, guess).opens() == [401, 401, 401]
    assert refusal(await Outside(served, guess).asks(f"{PROBE}/read")) == (401, "INVALID_API_KEY")


async def test_a_key_is_shown_once_and_its_value_is_nowhere(
    front: FrontDesk, served: Served, clock: SettableClock, database: Database
) -> None:
    owner = await front.enters(OWNER)
    first = await made(owner, "read:tickets")
    second = await made(owner, "write:tickets", name="Ä" * 100, expires_at=int(clock.now().timestamp()) + 60)
    listed = (await owner.get(KEYS)).json()["keys"]
    assert [each["id"] for each in listed] == [second["id"], first["id"]]
    digest = sha256(str(first["key"]).encode()).hexdigest()
    assert listed[1] == {
        "id": first["id"],
        "name": "A shop",
        "permissions": ["read:tickets"],
        "created_at": int(clock.now().timestamp()),
        "expires_at": None,
        "last_used_at": None,
        "is_active": True,
        "key_preview": f"{digest[:12]}…",
        "created_by": front.id_of(OWNER),
    }
    async with database.read() as tx:
        entries = await audit.page_of_entries(tx, limit=99)
    everything = repr(listed) + repr(entries)
    assert not any(str(each["key"]) in everything or str(each["key"])[9:] in everything for each in (first, second))
    outside = Outside(served, str(second["key"]))
    assert await outside.opens() == [403, 200, 200]
    clock.advance(timedelta(seconds=60))
    assert await outside.opens() == [401, 401, 401]
    assert refusal(await outside.asks(f"{PROBE}/read")) == (401, "API_KEY_EXPIRED")
    assert [each["is_active"] for each in (await owner.get(KEYS)).json()["keys"]] == [False, True]


async def test_a_revoked_or_deleted_key_opens_nothing_from_the_next_call_on(
    front: FrontDesk, served: Served, database: Database
) -> None:
    owner = await front.enters(OWNER)
    revoked, deleted = await made(owner, "read:tickets"), await made(owner, "read:tickets", name="Old")
    one, other = (Outside(served, str(each["key"])) for each in (revoked, deleted))
    assert [await one.opens(), await other.opens()] == [[200, 403, 403]] * 2
    for _ in range(2):
        assert (await owner.post(f"{KEYS}/{revoked['id']}/revoke")).json() == {"success": True}
    assert (await owner.delete(f"{KEYS}/{deleted['id']}")).json() == {"success": True}
    assert [await one.opens(), await other.opens()] == [[401] * 3] * 2
    said = [refusal(await each.asks(f"{PROBE}/read")) for each in (one, other)]
    assert said == [(401, "API_KEY_REVOKED"), (401, "INVALID_API_KEY")]
    (left,) = (await owner.get(KEYS)).json()["keys"]
    assert (left["id"], left["is_active"]) == (revoked["id"], False)
    for unknown in (deleted["id"], 0, "x", "9" * 25):
        assert refusal(await owner.delete(f"{KEYS}/{unknown}")) == (404, "API_KEY_NOT_FOUND")
        assert refusal(await owner.post(f"{KEYS}/{unknown}/revoke")) == (404, "API_KEY_NOT_FOUND")
    assert (await made(owner, "read:tickets"))["id"] not in (revoked["id"], deleted["id"])
    async with database.read() as tx:
        deeds = [await audit.page_of_entries(tx, limit=9, target=str(each["id"])) for each in (revoked, deleted)]
    assert [[each.action for each in entries] for entries in deeds] == [
        ["integration_key.revoked", "integration_key.created"],
        ["integration_key.deleted", "integration_key.created"],
    ]
    assert deeds[1][0].details == {"name": "Old"}


async def test_a_keys_last_use_is_written_once_a_minute_by_however_many_at_once(
    front: FrontDesk, served: Served, clock: SettableClock
) -> None:
    owner = await front.enters(OWNER)
    outside = Outside(served, str((await made(owner, "read:tickets"))["key"]))
    statements: list[str] = []
    for expected in (1, 0, 1):
        served.house.database.observe = statements.append
        await asyncio.gather(*(outside.opens() for _ in range(5)))
        served.house.database.observe = None
        written = (await owner.get(KEYS)).json()["keys"][0]["last_used_at"]
        assert written == int(clock.now().timestamp()) if expected else written < clock.now().timestamp()
        assert any(each.startswith("UPDATE integration_keys") for each in statements) is bool(expected)
        statements.clear()
        clock.advance(timedelta(seconds=59) if expected else timedelta(seconds=1))


async def test_a_key_that_makes_no_sense_is_not_made(front: FrontDesk, clock: SettableClock) -> None:
    owner = await front.enters(OWNER)
    good = {"name": "n", "permissions": ["read:tickets"]}
    now = int(clock.now().timestamp())
    for wrong, code in (
        ({"name": ""}, "INVALID_NAME"),
        ({"name": "  "}, "INVALID_NAME"),
        ({"name": "x" * 101}, "INVALID_NAME"),
        ({"name": "a\nb"}, "INVALID_NAME"),
        ({"name": 5}, "INVALID_NAME"),
        ({"permissions": []}, "INVALID_PERMISSION"),
        ({"permissions": ["read:tickets", "read:tickets"]}, "INVALID_PERMISSION"),
        ({"permissions": ["read:everything"]}, "INVALID_PERMISSION"),
        ({"permissions": "read:tickets"}, "INVALID_PERMISSION"),
        ({"permissions": ["view_tickets"]}, "INVALID_PERMISSION"),
        ({"expires_at": now}, "INVALID_EXPIRY"),
        ({"expires_at": -1}, "INVALID_EXPIRY"),
        ({"expires_at": 10**18}, "INVALID_EXPIRY"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "INVALID_EXPIRY"),
        ({"expires_at": "2036-01-01T00:00:00"}, "INVALID_EXPIRY"),
        ({"expires_at": "tomorrow"}, "INVALID_EXPIRY"),
        ({"expires_at": 1.5}, "INVALID_EXPIRY"),
        ({"expires_at": True}, "INVALID_EXPIRY"),
    ):
        assert refusal(await owner.post(KEYS, json=good | wrong)) == (400, code), wrong
    for absent in good:
        left = {name: value for name, value in good.items() if name != absent}
        assert refusal(await owner.post(KEYS, json=left)) == (400, "INVALID_REQUEST")
    assert (await owner.get(KEYS)).json() == {"keys": []}
    ends = {"expires_at": "2036-01-01T00:00:00+01:00"}
    assert (await owner.post(KEYS, json=good | ends)).json()["expires_at"] == 2082754800
