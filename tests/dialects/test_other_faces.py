"""What no operation answers is answered in the words of the dialect that owns the path."""

import re
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from guildhall import app as application
from guildhall.core.errors import GuildhallError, MethodNotAllowed, NotFound
from guildhall.settings import Settings
from guildhall.web.faces import Face
from guildhall.web.system import System
from tests.clock import SettableClock
from tests.contract.documents import DIALECTS, ERROR, document
from tests.serving import Served, serving, settings_for
from tests.web.more import BASES, more_routes, routes_of

FACES: dict[str, Face] = {face.name: face for face, _ in application.FACES} | {"system": System()}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
UNKNOWN = {
    "attendance": (
        "/api/v1/guilds",
        "/api/v1/guilds/1/nothing",
        "/api/v1//guilds/1",
        "/verify",
        "/verify/x",
        "/tlog/x",
    ),
    "commonshub": ("/v1", "/v1/", "/v1/nothing", "//v1/nothing", "/auth/nothing"),
    "hazebot": ("/api/tickets/one/two/three", "/api/tickets/1/nothing", "/api/admin", "/api/users/1", "/api/memes/x"),
    "rustmail": ("/api", "/api/", "/api/nothing", "/api/bot/x", "/api/admin/members/x", "/api/v2", "/api/v1x"),
    "veza": ("/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/guildsmen", "/api/v1/guild/1"),
    "system": ("/nothing", "/v2", "/v1x", "/apis", "/healthy", "/verifyx", "/.well-known/nothing", "/robots.txt"),
}
CODES = {
    "attendance": {"json": "INVALID_JSON", "large": "PAYLOAD_TOO_LARGE", "type": "UNSUPPORTED_MEDIA_TYPE"},
    "commonshub": {"json": "invalid_json", "large": "payload_too_large", "type": "unsupported_media_type"},
    "hazebot": {"json": "INVALID_JSON", "large": "PAYLOAD_TOO_LARGE", "type": "UNSUPPORTED_MEDIA_TYPE"},
    "rustmail": {"json": "INVALID_JSON", "large": "PAYLOAD_TOO_LARGE", "type": "UNSUPPORTED_MEDIA_TYPE"},
    "veza": {"json": "BAD_REQUEST", "large": "PAYLOAD_TOO_LARGE", "type": "UNSUPPORTED_MEDIA_TYPE"},
    "system": {"json": "INVALID_JSON", "large": "PAYLOAD_TOO_LARGE", "type": "UNSUPPORTED_MEDIA_TYPE"},
}


@pytest.fixture
def engine() -> str:
    """What is tested here does not depend on the engine."""
    return "sqlite"


@pytest.fixture
def settings(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_for(database_url, tmp_path_factory.mktemp("data"))


@pytest.fixture
async def client(settings: Settings, clock: SettableClock) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that has more routes in each face; it is not held to the contract, which lacks them."""
    with more_routes(**{name: routes_of(base) for name, base in BASES.items()}):
        async with serving(settings, clock=clock) as served, httpx.AsyncClient(base_url=served.url) as client:
            yield client


def said_by(face: Face, answer: httpx.Response, error: GuildhallError) -> bool:
    """Whether this is the face's answer to this error."""
    expected = face.refuse(error, request_id=answer.headers["x-request-id"])
    return answer.status_code == expected.status and answer.content == expected.body


def code_of(name: str, answer: httpx.Response) -> object:
    """The code of an error that has the dialect's form."""
    if name in DIALECTS:
        document(name).validator(ERROR, sent=True).validate(answer.json())
    assert answer.headers["content-type"] == "application/json"
    return answer.json()[DIALECTS[name].slug_key if name in DIALECTS else "code"]


def paths_of_the_contracts() -> Iterator[tuple[str, set[str]]]:
    """Every path that a contract documents, filled in, with the dialects that may answer there."""
    owners: dict[str, set[str]] = {}
    for dialect in DIALECTS:
        for operation in document(dialect).operations:
            owners.setdefault(re.sub(r"\{\w+\}", "1", operation.template), set()).add(dialect)
    yield from owners.items()


@pytest.mark.parametrize("name", UNKNOWN)
async def test_an_unknown_path_is_not_found_by_whatever_method(served: Served, name: str) -> None:
    async with served.client() as client:
        for path in UNKNOWN[name]:
            for method in METHODS:
                request = client.build_request(method, "/")
                request.url = httpx.URL(served.url + path)
                answer = await client.send(request)
                if method == "HEAD":
                    assert (answer.status_code, answer.content) == (404, b"")
                else:
                    assert said_by(FACES[name], answer, NotFound()), (method, path, answer.text)


async def test_every_path_of_a_contract_belongs_to_its_dialect(served: Served) -> None:
    strangers = []
    async with httpx.AsyncClient(base_url=served.url) as client:
        for path, dialects in paths_of_the_contracts():
            answer = await client.request("PROPFIND", path)
            error = NotFound() if answer.status_code == 404 else MethodNotAllowed(allow=answer.headers.get("allow"))
            names = [name for name in FACES if said_by(FACES[name], answer, error)]
            at_the_root = not path.startswith(("/api/", "/v1/", "/auth/", "/verify", "/tlog"))
            if not dialects.union({"system"} if at_the_root else ()).intersection(names):
                strangers.append((path, dialects, names, answer.text))
    assert strangers == []


@pytest.mark.parametrize("name", FACES)
async def test_a_wrong_method_is_refused_with_those_that_there_are(client: httpx.AsyncClient, name: str) -> None:
    base = BASES[name]
    for path, allowed in ((f"{base}/echo", {"POST", "OPTIONS"}), (f"{base}/asked", {"GET", "HEAD", "OPTIONS"})):
        for method in set(METHODS) - allowed:
            answer = await client.request(method, path)
            assert answer.status_code == 405
            assert set(answer.headers["allow"].split(", ")) == allowed
            assert method == "HEAD" or said_by(FACES[name], answer, MethodNotAllowed(allow=answer.headers["allow"]))
        answer = await client.options(path)
        assert (answer.status_code, answer.content) == (204, b"")
        assert set(answer.headers["allow"].split(", ")) == allowed
        assert answer.headers["x-request-id"]


@pytest.mark.parametrize("name", FACES)
async def test_bad_bodies_are_refused_in_the_dialects_words(client: httpx.AsyncClient, name: str) -> None:
    path, words = f"{BASES[name]}/echo", CODES[name]
    for body in (
        b"{",
        b"",
        b"[]",
        b'{"text": "a", "text": "b"}',
        b'{"text": NaN}',
        b'{"text": "\xff"}',
        b"[" * min(100_000, FACES[name].body_limit),
    ):
        answer = await client.post(path, content=body)
        assert code_of(name, answer) == words["json"], (body[:20], answer.text)
    for body in (b"{}", b'{"text": 5}', b'{"text": "a", "number": "5"}'):
        answer = await client.post(path, content=body)
        assert 400 <= answer.status_code < 500
        assert code_of(name, answer) != words["json"]
    too_large = FACES[name].body_limit + 1
    assert code_of(name, await client.post(path, content=b" " * too_large)) == words["large"]

    async def in_parts() -> AsyncIterator[bytes]:
        for _ in range(too_large // 4096 + 1):
            yield b" " * 4096

    assert code_of(name, await client.post(path, content=in_parts())) == words["large"]
    answer = await client.post(path, content=b"<a/>", headers={"Content-Type": "text/xml"})
    assert code_of(name, answer) == words["type"]
    answer = await client.post(path, content=b'{"text": "a", "more": 1}')
    assert answer.status_code == 200
    assert "a" in answer.text


@pytest.mark.parametrize("name", [*FACES, "panel"])
async def test_a_fault_of_the_house_tells_nothing_of_itself(client: httpx.AsyncClient, name: str) -> None:
    for method, path in (("GET", "fails"), ("POST", "fails-to-write")):
        answer = await client.request(method, f"{BASES[name]}/{path}")
        assert answer.status_code == 500
        assert not re.search(r"SELECT|/srv|Traceback|lost", answer.text, re.IGNORECASE)
        assert answer.headers["x-request-id"] in answer.text or name == "attendance"
        if name == "panel":
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
        else:
            code_of(name, answer)
    assert (await client.get("/health")).json()["checks"] == {"database": "ok", "bot": "offline"}
