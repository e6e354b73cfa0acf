"""Whoever repeats a call with the same Idempotency-Key gets the same answer, and nothing happens twice."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from guildhall.core.actor import Credential
from guildhall.core.db import Tx
from guildhall.core.errors import Conflict, Limited, Unavailable
from guildhall.domains.identity import Permission
from guildhall.settings import Settings
from guildhall.web.bodies import Body
from guildhall.web.routing import Route, route
from tests.clock import SettableClock
from tests.core.widgets import NAMES, Widget, with_widgets
from tests.serving import Served, serving, settings_for
from tests.web.more import Told, more_routes

REFUSALS = {"conflict": Conflict, "limited": Limited, "unavailable": Unavailable, "mistake": ZeroDivisionError}


class Wish(Body, frozen=True, kw_only=True):
    name: str
    end: str = ""


def routes() -> tuple[Route, ...]:
    @route("POST", "/v1/widgets", permission=Permission.PUBLIC, accepts=Credential.NONE)
    async def make_widget(data: Wish, tx: Tx) -> Told:
        """Make a widget, and end as wished."""
        await tx.insert(Widget(id=f"{data.name} {len(await tx.all(NAMES))}"))
        if data.end:
            raise REFUSALS[data.end]
        return Told(data.name)

    return (make_widget,)


@pytest.fixture
def settings(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_for(with_widgets(database_url), tmp_path_factory.mktemp("data"))


@pytest.fixture
async def served(settings: Settings, clock: SettableClock) -> AsyncIterator[Served]:
    with more_routes(commonshub=routes()):
        async with serving(settings, clock=clock) as served:
            yield served


@pytest.fixture
async def client(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is not held to the contract, which lacks these routes."""
    async with httpx.AsyncClient(base_url=served.url) as client:
        yield client


async def names(served: Served) -> list[str]:
    async with served.house.database.read() as tx:
        return await tx.all(NAMES)


async def make(client: httpx.AsyncClient, key: str | None = "one", **wish: str) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await client.post("/v1/widgets", json={"name": "a", **wish}, headers=headers)


async def test_a_repeated_call_gets_the_first_answer(served: Served, client: httpx.AsyncClient) -> None:
    first = await make(client)
    again = await make(client)
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    assert "idempotent-replay" not in first.headers
    assert again.headers["idempotent-replay"] == "true"
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert await names(served) == ["a 0"]
    refused = await make(client, name="b")
    assert (refused.status_code, refused.json()["error"]) == (409, "idempotency_key_reused")
    assert (await make(client, key="two")).status_code == 200
    assert (await make(client, key=None)).status_code == 200
    assert await names(served) == ["a 0", "a 1", "a 2"]


async def test_simultaneous_calls_with_one_key_happen_once(served: Served, client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(make(client) for _ in range(20)))
    assert {(each.status_code, each.content) for each in answers} == {(200, b'{"text":"a"}')}
    assert [each.headers.get("idempotent-replay") for each in answers].count(None) == 1
    assert await names(served) == ["a 0"]


async def test_a_refusal_is_kept_too_and_what_it_did_is_undone(served: Served, client: httpx.AsyncClient) -> None:
    first = await make(client, end="conflict")
    again = await make(client, end="conflict")
    assert (first.status_code, first.json()["error"]) == (409, "conflict")
    assert again.content == first.content
    assert again.headers["idempotent-replay"] == "true"
    assert await names(served) == []


@pytest.mark.parametrize(("end", "status"), [("limited", 429), ("unavailable", 503), ("mistake", 500)])
async def test_what_may_go_better_later_is_not_kept(
    served: Served, client: httpx.AsyncClient, end: str, status: int
) -> None:
    for _ in range(2):
        answer = await make(client, end=end)
        assert answer.status_code == status
        assert "idempotent-replay" not in answer.headers
    assert (await make(client, name="b")).status_code == 200
    assert await names(served) == ["b 0"]


async def test_a_key_belongs_to_one_credential_one_person_and_one_path(served: Served, app_secret: str) -> None:
    key = {"Authorization": f"Bearer {app_secret}", "Idempotency-Key": "one"}
    booking = {"title": "Standup", "date": "2026-03-19", "start": "14:00", "end": "15:00"}
    async with served.client(headers=key) as client:
        mine = {"X-User-Id": "1"}
        first = await client.post("/v1/rooms/ostrom/book", json=booking, headers=mine)
        again = await client.post("/v1/rooms/ostrom/book", json=booking, headers=mine)
        assert (first.status_code, again.json()) == (200, first.json())
        theirs = await client.post("/v1/rooms/ostrom/book", json=booking, headers={"X-User-Id": "2"})
        assert (theirs.status_code, theirs.json()["error"]) == (409, "room_booked")
        elsewhere = await client.post("/v1/rooms/mush/book", json=booking, headers=mine)
        assert elsewhere.status_code == 200
    async with served.client(headers=key) as client:
        other = await client.post("/v1/rooms/ostrom/book", json={**booking, "title": "Other"}, headers=mine)
        assert (other.status_code, other.json()["error"]) == (409, "idempotency_key_reused")
