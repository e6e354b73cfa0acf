"""Whose request it is, when there are proxies in between that the operator trusts, and when there are not."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from guildhall.core.actor import Actor
from guildhall.settings import Settings
from guildhall.web.routing import Route, route
from tests.clock import SettableClock
from tests.serving import serving, settings_for
from tests.web.more import OPEN, Told, more_routes

CLIENT, PROXY, STRANGER = "203.0.113.7", "10.1.2.3", "198.51.100.9"
FORWARDED = "X-Forwarded-For"


def routes() -> tuple[Route, ...]:
    @route("GET", "/v1/address", **OPEN, transaction="none")
    async def tell_address(actor: Actor) -> Told:
        """Say from where the actor calls."""
        return Told(str(actor.ip))

    return (tell_address,)


@pytest.fixture
def trusted() -> str:
    return ""


@pytest.fixture
def settings(sqlite_database_url: str, tmp_path: Path, trusted: str) -> Settings:
    return settings_for(sqlite_database_url, tmp_path, TRUSTED_PROXIES=trusted, RATE_LIMIT_PER_IP="5")


@pytest.fixture
async def client(settings: Settings, clock: SettableClock) -> AsyncIterator[httpx.AsyncClient]:
    with more_routes(commonshub=routes()):
        async with serving(settings, clock=clock) as served, httpx.AsyncClient(base_url=served.url) as client:
            yield client


async def address(client: httpx.AsyncClient, *forwarded: str, path: str = "/v1/address") -> str:
    answer = await client.get(path, headers=[(FORWARDED, each) for each in forwarded])
    told: str = answer.json()["text"]
    return told


async def test_nobody_is_believed_unless_the_operator_says_so(client: httpx.AsyncClient) -> None:
    assert await address(client, CLIENT) == "127.0.0.1"
    for header in ("X-Real-IP", "Forwarded", "CF-Connecting-IP", "X-Client-IP"):
        answer = await client.get("/v1/address", headers={header: CLIENT})
        assert answer.json()["text"] == "127.0.0.1"


@pytest.mark.parametrize("trusted", ["127.0.0.1, 10.0.0.0/8, ::1"])
@pytest.mark.parametrize(
    ("forwarded", "found"),
    [
        ([], "127.0.0.1"),
        ([""], "127.0.0.1"),
        ([CLIENT], CLIENT),
        ([f"{CLIENT}, {PROXY}"], CLIENT),
        ([f"{CLIENT} ,{PROXY},"], CLIENT),
        ([f"{STRANGER}, {CLIENT}"], CLIENT),
        ([f"{PROXY}, {CLIENT}"], CLIENT),
        ([STRANGER, CLIENT], CLIENT),
        ([STRANGER, f"{CLIENT}, {PROXY}"], CLIENT),
        ([f"10.9.9.9, {PROXY}"], "10.9.9.9"),
        (["2001:db8::7"], "2001:db8::7"),
        ([f"::ffff:{CLIENT}"], CLIENT),
        (["nonsense"], "127.0.0.1"),
        ([f"{CLIENT}, nonsense"], "127.0.0.1"),
        ([f"nonsense, {CLIENT}"], CLIENT),
        ([f"{CLIENT}:5678"], "127.0.0.1"),
        (["127.0.0.1"], "127.0.0.1"),
        ([",".join([STRANGER] * 2000) + f",{CLIENT}"], CLIENT),
    ],
    ids=lambda value: repr(value)[:60],
)
async def test_of_several_hops_the_nearest_that_is_not_trusted_is_the_client(
    client: httpx.AsyncClient, forwarded: list[str], found: str
) -> None:
    assert await address(client, *forwarded) == found


@pytest.mark.parametrize("trusted", ["192.0.2.0/24"])
async def test_a_peer_that_is_not_trusted_says_nothing_about_others(client: httpx.AsyncClient) -> None:
    assert await address(client, CLIENT) == "127.0.0.1"


@pytest.mark.parametrize("trusted", ["127.0.0.1"])
async def test_each_client_behind_a_proxy_has_a_limit_of_its_own(client: httpx.AsyncClient) -> None:
    for number in range(10):
        assert await address(client, f"203.0.113.{number}") == f"203.0.113.{number}"
    for _ in range(4):
        await address(client, "203.0.113.1")
    refused = await client.get("/v1/address", headers={FORWARDED: "203.0.113.1"})
    assert (refused.status_code, refused.json()["error"]) == (429, "rate_limited")
    assert int(refused.headers["retry-after"]) >= 1
    assert await address(client, "203.0.113.2") == "203.0.113.2"


async def test_a_made_up_address_does_not_get_around_the_limit(client: httpx.AsyncClient) -> None:
    answers = [await client.get("/v1/address", headers={FORWARDED: f"203.0.113.{number}"}) for number in range(10)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 5
    unknown = await client.get("/v1/rooms", headers={"Authorization": "Bearer guessed"})
    assert unknown.status_code == 429


@pytest.mark.parametrize("trusted", ["127.0.0.1"])
async def test_measurements_are_for_this_machine_and_not_for_whom_a_proxy_of_it_speaks(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get("/metrics")).status_code == 200
    assert (await client.get("/metrics", headers={FORWARDED: CLIENT})).status_code == 401
    assert (await client.get("/metrics", headers={FORWARDED: "127.0.0.1"})).status_code == 401


async def test_measurements_are_for_the_holder_of_the_token_where_there_is_one(
    sqlite_database_url: str, tmp_path: Path, clock: SettableClock
) -> None:
    settings = settings_for(sqlite_database_url, tmp_path, METRICS_TOKEN="a-token-for-tests")
    async with serving(settings, clock=clock) as served, httpx.AsyncClient(base_url=served.url) as client:
        for token, status in ((None, 401), ("another", 401), ("a-token-for-tests", 200), ("é", 401)):
            headers = [] if token is None else [(b"Authorization", f"Bearer {token}".encode("latin-1"))]
            assert (await client.get("/metrics", headers=headers)).status_code == status
