"""What every answer has, whoever gives it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from guildhall.app import open_house
from guildhall.settings import Settings, load_settings
from guildhall.web.answers import redirect
from tests.clock import SettableClock
from tests.contract.documents import DIALECTS
from tests.serving import serving, settings_for
from tests.web.more import BASES, more_routes, routes_of

PATHS = (
    "/health",
    "/v1/rooms",
    "/v1/nothing",
    "/api/v1/fails",
    "/nothing",
    "/docs",
    "/panel",
    "/panel/sign-in",
    "/metrics",
)
ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


@pytest.fixture
def public_url() -> str:
    return "http://hub.test"


@pytest.fixture
def settings(sqlite_database_url: str, tmp_path: Path, public_url: str) -> Settings:
    return settings_for(sqlite_database_url, tmp_path, PUBLIC_URL=public_url)


@pytest.fixture
async def client(settings: Settings, clock: SettableClock) -> AsyncIterator[httpx.AsyncClient]:
    with more_routes(**{name: routes_of(base) for name, base in BASES.items()}):
        async with serving(settings, clock=clock) as served, httpx.AsyncClient(base_url=served.url) as client:
            yield client


async def test_every_answer_has_an_id_of_its_own_and_the_headers_that_protect_its_reader(
    client: httpx.AsyncClient,
) -> None:
    seen = set()
    for path in PATHS:
        for method in ("GET", "HEAD", "OPTIONS", "DELETE"):
            answer = await client.request(method, path, headers={"X-Request-Id": "chosen by the client"})
            assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS, (method, path)
            assert re.fullmatch(r"[0-9a-z]{26}", answer.headers["x-request-id"])
            seen.add(answer.headers["x-request-id"])
            is_page = answer.headers.get("content-type", "").startswith("text/html")
            assert ("content-security-policy" in answer.headers) == is_page
            assert ("x-frame-options" in answer.headers) == is_page
            assert "strict-transport-security" not in answer.headers
    assert len(seen) == len(PATHS) * 4


@pytest.mark.parametrize("public_url", ["https://hub.test"])
async def test_behind_https_browsers_are_told_to_stay_there(client: httpx.AsyncClient) -> None:
    for path in PATHS:
        assert (await client.get(path)).headers["strict-transport-security"] == "max-age=31536000"


async def test_requests_are_counted_by_what_was_asked_and_not_by_what_was_sent(client: httpx.AsyncClient) -> None:
    for number in range(5):
        await client.get(f"/v1/rooms/{number}")
        await client.get(f"/nothing/{number}")
        await client.request(f"METHOD{number}", "/health")
    text = (await client.get("/metrics")).text
    routes = set(re.findall(r'guildhall_requests_total\{face="(\w+)",method="(\w+)",route="([^"]+)"', text))
    assert routes == {
        ("commonshub", "GET", "/v1/rooms/{room_id}"),
        ("system", "GET", "none"),
        ("system", "other", "none"),
    }


async def test_the_documents_are_read_without_a_network(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(addresses) >= 4
    for address in addresses:
        if not address.startswith("data:"):
            assert address.startswith("/docs/")
            assert (await client.get(address)).status_code == 200
    script = (await client.get("/docs/start.js")).text
    documents = re.findall(r'"(/docs/openapi/\w+\.json)"', script)
    assert {Path(each).stem for each in documents} == set(DIALECTS)
    for address in documents:
        document = (await client.get(address)).json()
        assert document["openapi"] == "3.1.0"
        assert document["components"]["schemas"]["Error"]["required"]
    for address in ("/docs/openapi/nothing.json", "/docs/openapi/veza", "/docs/openapi/system.json"):
        assert (await client.get(address)).status_code == 404


async def test_a_file_is_kept_by_browsers_for_as_long_as_its_address_names_its_content(
    client: httpx.AsyncClient,
) -> None:
    (address,) = re.findall(r'"(/docs/assets/swagger-ui\.css\?v=\w+)"', (await client.get("/docs")).text)
    named = await client.get(address)
    assert named.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert named.headers["content-type"] == "text/css; charset=utf-8"
    bare = await client.get("/docs/assets/swagger-ui.css")
    assert bare.headers["cache-control"] == "public, max-age=300"
    assert bare.content == named.content
    same = await client.get(address, headers={"If-None-Match": named.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert (await client.get(address, headers={"If-None-Match": '"another"'})).status_code == 200


async def test_a_module_imports_others_of_its_own_version_only(client: httpx.AsyncClient) -> None:
    (address,) = re.findall(r'"(/panel/static/panel\.js\?v=\w+)"', (await client.get("/panel/sign-in")).text)
    waiting, seen = [address], set[str]()
    while waiting:
        seen.add(waiting[-1])
        module = await client.get(waiting.pop())
        assert module.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert module.headers["content-type"] == "text/javascript; charset=utf-8"
        imported = re.findall(r'^import (?:.* from )?"([^"]+)";$', module.text, re.MULTILINE)
        waiting += set(imported) - seen
    assert len(seen) > 1
    assert {each.partition("?")[2] for each in seen} == {address.partition("?")[2]}


async def test_the_front_door_leads_to_the_panel(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/panel")


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("https://hub.test:8080/a;b/?c=d&e=%20#f", b"https://hub.test:8080/a;b/?c=d&e=%20#f"),
        ("/panel?next=é 🦊", b"/panel?next=%C3%A9%20%F0%9F%A6%8A"),
        ("/panel\r\nSet-Cookie: a=b", b"/panel%0D%0ASet-Cookie:%20a=b"),
        ("/panel\0", b"/panel%00"),
    ],
)
def test_the_address_of_a_redirection_cannot_end_its_header(address: str, written: bytes) -> None:
    assert redirect(address).headers == ((b"location", written),)


async def test_a_redis_that_only_a_sample_of_settings_names_is_done_without(
    sqlite_database_url: str, tmp_path: Path
) -> None:
    settings = load_settings(
        {"DATABASE_URL": sqlite_database_url, "DATA_DIR": str(tmp_path), "REDIS_HOST": "127.0.0.1", "REDIS_PORT": "1"},
        None,
    )
    assert settings.store.redis_url
    async with open_house(settings, works_jobs=False) as house:
        assert house.settings.store.redis_url == ""
