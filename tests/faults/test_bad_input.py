"""Whatever is sent: a clear answer in the owner's words, no traceback, and everybody else is served meanwhile.

The server runs as its operator runs it and is spoken to over bare sockets, because clients mend what is tested here.
What is not HTTP at all, or more of it than a head may have, is answered by the HTTP server below the application: with
an empty 400, 414 or 431 and an end of the connection. Those tests say so.
"""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPMessage, HTTPResponse

import pytest

from guildhall.app import FACES
from guildhall.panel import ROUTES as PANEL_ROUTES
from guildhall.web.system import ROUTES as SYSTEM_ROUTES
from tests.cli.program import Program, serving
from tests.contract.documents import ERROR, document

KEY = "chb_admin_for_the_tests_of_guildhall_only"
ANSWERS_WITHIN = 15.0
MEGABYTE = 1024 * 1024
HEAD = f"Host: hub.test\r\nAuthorization: Bearer {KEY}\r\n".encode()
ROOM = b"/v1/rooms/ostrom"
AVAILABILITY = b"/v1/rooms/ostrom/availability"
ROUTES = [*SYSTEM_ROUTES, *PANEL_ROUTES, *(each for _, routes in FACES for each in routes)]
DOCS = {"/docs", "/docs/start.js", "/docs/assets/{name}", "/docs/openapi/{file}"}


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def code(self) -> str | None:
        """The slug of an error in the words of the Commons Hub; None when the body is none."""
        if self.headers["content-type"] != "application/json":
            return None
        value = json.loads(self.body)
        return value["error"] if document("commonshub").validator(ERROR, sent=True).is_valid(value) else None


def shown(value: object) -> str:
    """A name for a test's parameter."""
    return f"{value!r:.90} ({len(value)})" if isinstance(value, bytes) else ""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    settings = {"ADMIN_API_KEY": KEY, "BODY_TIMEOUT": "1", "RATE_LIMIT_PER_IP": "1000000", "LOG_LEVEL": "info"}
    with serving(tmp_path_factory.mktemp("server"), **settings) as program:
        yield program


@pytest.fixture(scope="module")
def slow_head(server: Program) -> Iterator[socket.socket]:
    """A client that began a request when the first test of this file began, and says nothing more."""
    with connected(server) as client:
        client.sendall(b"GET /health HTTP/1.1\r\nHost: hub.test\r\nX-Slow: ")
        yield client


@pytest.fixture(autouse=True)
def _served_and_silent(server: Program, slow_head: socket.socket) -> Iterator[None]:
    """After each test the server still serves, and its log has no traceback."""
    before = len(server.log)
    yield
    assert ask(server, b"GET /health HTTP/1.1\r\nHost: hub.test\r\n\r\n").status == 200
    assert not re.search(r"Traceback|\"level\":\"(error|critical)\"", server.log[before:]), server.log[before:]


@contextmanager
def connected(server: Program) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), ANSWERS_WITHIN) as client:
        yield client


def reply(client: socket.socket, method: str = "GET") -> Reply:
    """Read one answer; TimeoutError when it does not come in time."""
    response = HTTPResponse(client, method=method)
    response.begin()
    return Reply(response.status, response.msg, response.read())


def ask(server: Program, raw: bytes, method: str = "GET") -> Reply:
    with connected(server) as client:
        client.sendall(raw)
        return reply(client, method)


def get(path: bytes, more: bytes = b"", *, method: bytes = b"GET") -> bytes:
    return method + b" " + path + b" HTTP/1.1\r\n" + HEAD + more + b"\r\n"


def put(body: bytes, more: bytes = b"", path: bytes = ROOM) -> bytes:
    return get(path, b"Content-Length: %d\r\n" % len(body) + more, method=b"PUT") + body


def is_closed(client: socket.socket) -> bool:
    """Whether the server has ended the connection, after reading what it still sent."""
    with suppress(ConnectionResetError):
        while client.recv(65536):
            pass
    return True


def room(**values: str) -> bytes:
    """A room whose keys are JSON as written."""
    return (
        "{" + ",".join(f'"{key}":{text}' for key, text in {"name": '"X"', "capacity": "3", **values}.items()) + "}"
    ).encode()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(room(), None, id="a room, so that the rest is no accident"),
        pytest.param(b'{"name":"\xff\xfe","capacity":3}', "invalid_json", id="broken UTF-8"),
        pytest.param(b'{"name":"\xed\xa0\x80","capacity":3}', "invalid_json", id="a surrogate in UTF-8"),
        pytest.param(room(name='"X"').decode().encode("utf-16"), "invalid_json", id="UTF-16"),
        pytest.param(b"\xef\xbb\xbf" + room(), "invalid_json", id="a byte order mark"),
        pytest.param(room(name=r'"\ud800"'), "invalid_json", id="half a surrogate pair"),
        pytest.param(room(name=r'"\udc00\ud800"'), "invalid_json", id="a surrogate pair the wrong way round"),
        pytest.param(room(name=r'"a\u0000b"'), "invalid_json", id="NUL"),
        pytest.param(room(amenities="[" * 700 + r'"\ud800"' + "]" * 700), "invalid_json", id="half a pair far down"),
        pytest.param(b'{"name":"X","name":"Y","capacity":3}', "invalid_json", id="a key twice"),
        pytest.param(room(a='{"b":1,"b":2}'), "invalid_json", id="an inner key twice"),
        pytest.param(b'{"name":"X","\\u006eame":"Y","capacity":3}', "invalid_json", id="a key twice, once escaped"),
        pytest.param(room(capacity="NaN"), "invalid_json", id="NaN"),
        pytest.param(room(capacity="Infinity"), "invalid_json", id="Infinity"),
        pytest.param(room(capacity="-Infinity"), "invalid_json", id="minus Infinity"),
        pytest.param(room(capacity="1e999"), "invalid_json", id="1e999"),
        pytest.param(room(capacity="1" * 5000), "invalid_json", id="a number of 5000 digits"),
        pytest.param(room(capacity="0x10"), "invalid_json", id="a hexadecimal number"),
        pytest.param(room(capacity="03"), "invalid_json", id="a leading zero"),
        pytest.param(b"[" * 60_000, "invalid_json", id="60,000 brackets"),
        pytest.param(b"[" * 30_000 + b"]" * 30_000, "invalid_json", id="30,000 brackets, closed"),
        pytest.param(b'{"a":' * 10_000, "invalid_json", id="10,000 objects in each other"),
        pytest.param(b"[" * 100_000, "payload_too_large", id="100,000 brackets"),
        pytest.param(room() + b"x", "invalid_json", id="something behind it"),
        pytest.param(room()[:-1] + b",}", "invalid_json", id="a comma too many"),
        pytest.param(b"'{}'", "invalid_json", id="single quotes"),
        pytest.param(b"", "invalid_json", id="nothing"),
        pytest.param(b"\0", "invalid_json", id="a NUL byte"),
        pytest.param(b"null", "invalid_json", id="null"),
        pytest.param(b"[]", "invalid_json", id="a list"),
        pytest.param(b"{}", "missing_field", id="an empty object"),
        pytest.param(room(capacity='"3"'), "invalid_field", id="a number as text"),
        pytest.param(room(capacity="true"), "invalid_field", id="a number as truth"),
        pytest.param(room(capacity="3.0"), "invalid_field", id="a number with a part"),
        pytest.param(room(capacity="9" * 300), "invalid_field", id="a number of 300 digits"),
        pytest.param(room(capacity="-0"), "invalid_field", id="minus zero"),
        pytest.param(room(name='"' + "x" * 60_000 + '"'), "invalid_field", id="a long name"),
    ],
)  # fmt: skip
def test_a_bad_body_is_refused(server: Program, body: bytes, code: str | None) -> None:
    answer = ask(server, put(body))
    assert (answer.status, answer.code) == ((200, None) if code is None else (413 if "large" in code else 400, code))
    assert len(answer.body) < 1000
    assert b"sys." not in answer.body


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (b"application/json", 200),
        (b"application/json; charset=latin-1", 200),
        (b"application/merge-patch+json", 200),
        (b"", 200),
        (b"text/plain", 415),
        (b"\xff\xfe", 415),
        (b"application/x-www-form-urlencoded", 415),
        (b"multipart/form-data; boundary=x", 415),
        (b"application/jsonp", 415),
    ],
)
def test_a_body_of_another_kind_is_refused(server: Program, kind: bytes, status: int) -> None:
    assert ask(server, put(room(), b"Content-Type: " + kind + b"\r\n")).status == status
    assert ask(server, put(room(), b"Content-Encoding: gzip\r\n")).status == 200
    assert ask(server, put(b"\x1f\x8b\x08\x00", b"Content-Encoding: gzip\r\n")).code == "invalid_json"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (b"/v1/rooms/%ff%fe", 404, "room_not_found"),
        (b"/v1/rooms/%ed%a0%80", 404, "room_not_found"),
        (b"/v1/rooms/%c0%ae", 404, "room_not_found"),
        (b"/v1/rooms/%00", 404, "not_found"),
        (b"/v1/rooms/a%00b", 404, "not_found"),
        (b"/v1/rooms/ostrom%00", 404, "not_found"),
        (b"/v1/rooms/%", 404, "room_not_found"),
        (b"/v1/rooms/%zz", 404, "room_not_found"),
        (b"/v1/rooms/..", 404, "room_not_found"),
        (b"/v1/rooms/%2e%2e", 404, "room_not_found"),
        (b"/v1/rooms/%252e%252e", 404, "room_not_found"),
        (b"/v1/rooms/../../etc/passwd", 404, "not_found"),
        (b"/v1/%2e%2e/health", 404, "not_found"),
        (b"/v1/../health", 404, "not_found"),
        (b"/v1/rooms/..%2f..%2fetc%2fpasswd", 404, "not_found"),
        (b"/v1/rooms\\..\\..\\etc", 404, "not_found"),
        (b"//v1//nothing", 404, "not_found"),
        (b"/v1/rooms/" + b"a" * 60_000, 404, "room_not_found"),
        (b"/v1/" + b"a/" * 30_000, 404, "not_found"),
        (b"http://elsewhere.test/v1/nothing", 404, "not_found"),
        (b"/v1/rooms/;jsessionid=1", 404, "room_not_found"),
        (b"/V1/rooms", 404, None),
        (b"/docs/assets/../../../etc/passwd", 404, None),
        (b"/docs/assets/..%2f..%2f..%2fetc%2fpasswd", 404, None),
        (b"/docs/assets/%2e%2e/%2e%2e/settings.py", 404, None),
        (b"/docs/openapi/..%2fapp.py", 404, None),
        (b"/panel/static/..%2f..%2fsettings.py", 404, None),
        (b"*", 404, None),
        (b"/v1/rooms/\xff\xfe", 400, None),
        (b"/v1/rooms/a b", 400, None),
        (b"/v1/rooms/\x01", 400, None),
        (b"/v1/rooms/" + b"a" * 70_000, 414, None),
    ],
    ids=shown,
)
def test_a_tricky_path_leads_nowhere(server: Program, path: bytes, status: int, code: str | None) -> None:
    """Raw bytes and blanks are no HTTP: the server below answers with an empty 400, and a path over 64 KiB with 414."""
    answer = ask(server, get(path))
    assert (answer.status, answer.code) == (status, code)
    assert b"root:" not in answer.body
    assert b"import" not in answer.body


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (b"date=%ff", 400),
        (b"date=%ed%a0%80", 400),
        (b"date=%00", 400),
        (b"date=2026-01-01&date=2026-01-02", 400),
        (b"d%61te=2026-01-01&date=2026-01-01", 400),
        (b"date=2026-01-01&%ff=1", 400),
        (b"date=2026-01-01&" + b"&".join(b"a%d=1" % number for number in range(2000)), 400),
        (b"date=9999-12-31", 400),
        (b"date=0001-01-01", 400),
        (b"from=9999-12-31&to=9999-12-31", 400),
        (b"date=" + b"9" * 5000, 400),
        (b"date=2026-01-01%20", 400),
        (b"date=+2026-01-01", 400),
        (b"date=2026-01-01&unknown=1", 200),
        (b"date=2026-01-01&&;==&", 200),
        (b"date=2026-01-01?date=2026-01-02", 400),
    ],
    ids=shown,
)
def test_a_bad_query_is_refused(server: Program, query: bytes, status: int) -> None:
    answer = ask(server, get(AVAILABILITY + b"?" + query))
    assert answer.status == status
    assert (answer.code is None) == (status == 200)


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (b"X-User-Id: \xff\xfe", 400),
        (b"X-User-Id: " + b"1" * 65, 400),
        (b"X-User-Id: ", 400),
        (b"Accept: image/png", 200),
        (b"Accept: \xff;;;,q=", 200),
        (b"Accept-Encoding: br;q=x, *", 200),
        (b"Accept-Language: " + b"xx," * 2000, 200),
        (b"Cookie: ;;=\xff; session_id=%00;;", 200),
        (b"Cookie: " + b"a=b; " * 5000, 200),
        (b"Range: bytes=0-,-1,5-2", 200),
        (b"If-None-Match: \xff", 200),
        (b"If-Modified-Since: yesterday", 200),
        (b"Content-Type: \xff", 200),
        (b"X-Forwarded-For: 1.2.3.4, \xff, ::::", 200),
        (b"X-Forwarded-For: " + b"1.2.3.4," * 5000, 200),
        (b"Origin: null", 200),
        (b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__", 200),
    ],
    ids=shown,
)
def test_a_strange_header_harms_nobody(server: Program, header: bytes, status: int) -> None:
    answer = ask(server, get(b"/v1/rooms", header + b"\r\n"))
    assert answer.status == status
    assert answer.headers["content-type"] == "application/json"
    assert (answer.code is None) == (status == 200)


@pytest.mark.parametrize(
    "token", [b"\xff\xfe", b"a" * 50_000, b"chb_sk_live_" + b"\xe9" * 32, b"Bearer Bearer", b"a b"]
)
def test_a_strange_credential_is_unknown(server: Program, token: bytes) -> None:
    raw = b"GET /v1/rooms HTTP/1.1\r\nHost: hub.test\r\nAuthorization: Bearer " + token + b"\r\n\r\n"
    answer = ask(server, raw)
    assert (answer.status, answer.code) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("key", "status"),
    [(b"", 400), (b"a" * 256, 400), (b"a" * 255, 200), (b"\xff\xfe", 200), (b"..%00../", 200)],
)
def test_an_idempotency_key_may_be_any_text_of_its_length(server: Program, key: bytes, status: int) -> None:
    assert ask(server, put(room(), b"Idempotency-Key: " + key + b"\r\n")).status == status


@pytest.mark.parametrize(
    ("flood", "status"),
    [
        (b"".join(b"X-%d: a\r\n" % number for number in range(90)), 200),
        (b"X-A: " + b"a" * 60_000 + b"\r\n", 200),
        (b"".join(b"X-%d: a\r\n" % number for number in range(200)), 431),
        (b"".join(b"X-%d: a\r\n" % number for number in range(5000)), 431),
        (b"X-A: " + b"a" * MEGABYTE + b"\r\n", 431),
        (b"X" * MEGABYTE + b": a\r\n", 431),
    ],
    ids=["90", "60 KB in one", "200", "5000", "a megabyte in one", "a name of a megabyte"],
)
def test_a_flood_of_headers_is_cut_off(server: Program, flood: bytes, status: int) -> None:
    """Above 100 headers or 64 KiB the server below answers with an empty 431 and ends the connection."""
    with connected(server) as client:
        with suppress(ConnectionResetError, BrokenPipeError):
            client.sendall(b"GET /health HTTP/1.1\r\nHost: hub.test\r\n" + flood + b"\r\n")
        assert reply(client).status == status
        assert status == 200 or is_closed(client)


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /health HTTP/2.0\r\nHost: x\r\n\r\n",
        b"GET /health HTTP/9\r\nHost: x\r\n\r\n",
        b"GET /health\r\n\r\n",
        b"hello\r\n\r\n",
        b"\r\n\r\n\r\n\x00\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET  /health HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nX A: b\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: b\r\n folded\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: a\x01b\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n",
        b"POST /v1/apps HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
        b"POST /v1/apps HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/apps HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n",
        b"POST /v1/apps HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"POST /v1/apps HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"POST /v1/apps HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
    ],
    ids=shown,
)
def test_what_is_no_http_is_refused_by_the_server_below(server: Program, raw: bytes) -> None:
    """An empty 400 and the end of the connection, before the application hears of it."""
    with connected(server) as client:
        client.sendall(raw)
        answer = reply(client)
        assert (answer.status, answer.body) == (400, b"")
        assert is_closed(client)


def test_the_preface_of_the_next_http_ends_the_connection(server: Program) -> None:
    """The server below hangs up without a word."""
    with connected(server) as client:
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert client.recv(1) == b""


def test_old_and_careless_clients_are_served(server: Program) -> None:
    for raw in (
        b"GET /health HTTP/1.0\r\n\r\n",
        b"GET /health HTTP/1.0\r\nHost: x\r\n\r\n",
        b"GET /health HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET /health HTTP/1.1\nHost: x\n\n",
        b"\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://elsewhere.test/health HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /health?a=%ff#b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
    ):
        assert ask(server, raw).status == 200, raw
    with connected(server) as client:
        client.sendall(b"GET /health HTTP/1.0\r\n\r\n")
        assert reply(client).status == 200
        assert is_closed(client)


def test_requests_sent_in_one_go_are_answered_one_by_one_in_order(server: Program) -> None:
    with connected(server) as client:
        client.sendall(get(b"/health") + put(b"{") + get(b"/v1/nothing") + get(b"/v1/rooms"))
        answers = [reply(client), reply(client), reply(client), reply(client)]
    assert [(answer.status, answer.code) for answer in answers] == [
        (200, None),
        (400, "invalid_json"),
        (404, "not_found"),
        (200, None),
    ]


def test_a_request_hidden_in_another_is_not_run(server: Program) -> None:
    """With two lengths the chunks count, and the connection ends, so that nobody in between is confused."""
    smuggled = b"DELETE /v1/apps/1 HTTP/1.1\r\n" + HEAD + b"\r\n"
    with connected(server) as client:
        client.sendall(get(ROOM, b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", method=b"PUT"))
        client.sendall(b"0\r\n\r\n" + smuggled)
        assert reply(client).code == "invalid_json"
        assert is_closed(client)


@pytest.mark.parametrize("chunks", [b"zz\r\n", b"fffffffffffffffffff\r\n", b"5\r\nab", b"1\r\nabc\r\n"])
def test_a_body_that_breaks_off_is_refused(server: Program, chunks: bytes) -> None:
    with connected(server) as client:
        client.sendall(get(ROOM, b"Transfer-Encoding: chunked\r\n", method=b"PUT") + chunks)
        client.shutdown(socket.SHUT_WR)
        assert reply(client).code == "invalid_json"
    with connected(server) as client:
        client.sendall(get(ROOM, b"Content-Length: 50\r\n", method=b"PUT") + b"{")
        client.shutdown(socket.SHUT_WR)
        assert reply(client).code == "invalid_json"


def test_a_body_of_a_hundred_megabytes_is_refused_before_it_comes(server: Program) -> None:
    before = server.peak_of_memory
    with connected(server) as client:
        client.sendall(get(ROOM, b"Content-Length: %d\r\n" % (100 * MEGABYTE), method=b"PUT"))
        assert (answer := reply(client)).code == "payload_too_large"
        assert json.loads(answer.body)["details"] == {"limit": 65536}
    with connected(server) as client:
        # Without a credential nobody reads a byte of it.
        client.sendall(b"PUT /v1/rooms/x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (100 * MEGABYTE))
        assert reply(client).code == "unauthorized"
    for head, size in (
        (b"Content-Length: %d\r\n" % (100 * MEGABYTE), 0),
        (b"Transfer-Encoding: chunked\r\n", MEGABYTE),
    ):
        with connected(server) as client:
            client.sendall(get(ROOM, head, method=b"PUT"))
            piece = b"%x\r\n%s\r\n" % (size, b" " * size) if size else b" " * MEGABYTE
            with suppress(ConnectionResetError, BrokenPipeError):
                for _ in range(100):
                    client.sendall(piece)
            with suppress(ConnectionResetError):
                assert reply(client).code == "payload_too_large"
    assert server.peak_of_memory - before < 20 * MEGABYTE


def test_fifty_slow_bodies_are_refused_in_time_and_hold_nobody_up(server: Program) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(connected(server)) for _ in range(50)]
        for client in slow:
            client.sendall(get(ROOM, b"Content-Length: 50\r\n", method=b"PUT") + b"{")
        # Everybody else is served while these wait.
        assert ask(server, get(b"/v1/rooms")).status == 200
        assert ask(server, put(room())).status == 200
        for client in slow:
            client.sendall(b" ")
        for client in slow:
            answer = reply(client)
            assert (answer.status, answer.code) == (400, "invalid_json")
            assert b"did not arrive within 1 seconds" in answer.body


def test_whoever_asks_for_leave_to_send_and_does_not_is_refused_too(server: Program) -> None:
    with connected(server) as client:
        client.sendall(get(ROOM, b"Expect: 100-continue\r\nContent-Length: 50\r\n", method=b"PUT"))
        assert reply(client).code == "invalid_json"  # Python's client reads over the 100 that comes first.


def test_clients_that_say_nothing_or_go_away_harm_nobody(server: Program) -> None:
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(connected(server))
        for number in range(50):
            with connected(server) as client:
                client.sendall(put(room())[: number * 5])
        for _ in range(50):
            with connected(server) as client:
                client.sendall(get(b"/v1/rooms") * 20)
        assert ask(server, get(b"/v1/rooms")).status == 200


def test_sockets_are_not_spoken_here(server: Program) -> None:
    """The server below refuses the handshake with an empty 403."""
    handshake = b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n"
    for path in (b"/health", b"/v1/rooms", b"/ws", b"/api/v1/ws"):
        assert 400 <= ask(server, get(path, handshake)).status < 500


@pytest.mark.parametrize("path", sorted({each.path for each in ROUTES} | DOCS))
def test_head_and_options_are_answered_everywhere(server: Program, path: str) -> None:
    here = [each for each in ROUTES if each.path == path]
    known = {each.method for each in here} or {"GET"}
    # A GET that writes has no HEAD, which must change nothing.
    if "GET" in known and ("GET", "write") not in {(each.method, each.transaction) for each in here}:
        known.add("HEAD")
    asked = re.sub(r"\{\w+\}", "1", path).encode()
    options = ask(server, get(asked, method=b"OPTIONS"), "OPTIONS")
    assert (options.status, options.body) == (204, b"")
    allowed = set(options.headers["allow"].split(", "))
    assert allowed == known | {"OPTIONS"}
    head = ask(server, get(asked, method=b"HEAD"), "HEAD")
    if "HEAD" in known:
        full = ask(server, get(asked))
        assert head.status == full.status
        assert head.headers["content-type"] == full.headers["content-type"]
        assert head.headers["content-length"] == full.headers["content-length"] or asked == b"/metrics"
    else:
        assert head.status == 405
        assert set(head.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    ("form", "status"),
    [
        (b"name=ada&password=x", 401),
        (b"", 401),
        (b"name=%ff&password=x", 400),
        (b"name=\xff&password=x", 400),
        (b"name=%00&password=x", 400),
        (b"name=a&name=b&password=x", 400),
        (b"&".join(b"a%d=1" % number for number in range(2000)), 400),
        (b'{"name":"ada","password":"x"}', 401),
        (b"name=" + b"a" * 60_000, 401),
        (b"name=" + b"a" * 70_000, 413),
        (b"name=<script>alert(1)</script>&password=x", 401),
        (b"next=//elsewhere.test&name=a&password=x", 401),
    ],
    ids=shown,
)
def test_a_bad_form_is_refused_with_a_page(server: Program, form: bytes, status: int) -> None:
    head = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % len(form)
    answer = ask(server, b"POST /panel/sign-in HTTP/1.1\r\nHost: hub.test\r\n" + head + form)
    assert answer.status == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert b"<script>alert" not in answer.body


def test_a_head_that_does_not_end_is_cut_off(server: Program, slow_head: socket.socket) -> None:
    """After ten seconds the server below ends the connection. The client has waited since the first test began."""
    assert is_closed(slow_head)
