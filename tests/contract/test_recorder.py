"""The recorder catches what it is for, and the contract documents agree with themselves."""

import asyncio
import contextlib
import json
import textwrap
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.documents import DIALECTS, Document, Place, document, escaped, meet, normal, owners
from tests.contract.plugin import SOURCES
from tests.contract.recorder import BARS, Recorder, recording_client

pytest_plugins = ["pytester"]

JSON = {"content-type": "application/json"}
APP = {
    "appId": "app_abc123",
    "appSecret": "chb_sk_live_x7k9",
    "name": "ElinorBot",
    "createdAt": "2026-03-18T16:00:00Z",
}
BOOKING = {
    "eventId": "abc123",
    "title": "Team Standup",
    "room": "ostrom",
    "start": "2026-03-19T14:00:00+01:00",
    "end": "2026-03-19T15:00:00+01:00",
}
HEALTH = {"status": "ok", "success": True, "data": {"status": "ok"}, "checks": {"database": "ok"}}


@pytest.fixture
def book() -> Recorder:
    """Make a recorder of its own, so that provoked violations do not count for the run."""
    return Recorder()


def see(
    book: Recorder,
    call: str,
    status: int,
    body: object = None,
    headers: dict[str, str] = JSON,
    **request_headers: str,
) -> None:
    """Let the recorder observe an answer to "METHOD /path" with a JSON body, or with raw bytes."""
    method, _, path = call.partition(" ")
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {name.replace("_", "-"): value for name, value in request_headers.items()}
    book.observe(method, path, status, headers, raw, request_headers=sent)


def slug(error: str, status: int) -> dict[str, object]:
    return {"error": error, "message": "No.", "status": status}


def code(error: str) -> dict[str, object]:
    return {"error": "No.", "code": error, "request_id": "01J"}


def test_an_answer_as_documented_passes_and_counts_for_its_operation(book: Recorder) -> None:
    see(book, "POST /v1/apps", 200, {**APP, "extra": 1})
    see(book, "POST /v1/rooms/ostrom/book", 409, slug("room_booked", 409))
    see(book, "GET /v1/rooms/ostrom/calendar.ics", 304, b"", {})

    assert book.covered("commonshub.register_app")
    assert book.covered("commonshub.get_room_calendar")
    assert not book.covered("commonshub.book_room")
    assert book.answered["commonshub.book_room"] == {409}
    assert book.violations == []


@pytest.mark.parametrize(
    ("call", "status", "body", "told"),
    [
        ("POST /v1/apps", 201, APP, "the status is not documented for register_app"),
        ("GET /v1/apps", 409, slug("room_booked", 409), "the status is not documented for list_apps"),
        ("POST /v1/apps", 200, {**APP, "name": None}, r"\$\.name: null is not of type \"string\""),
        ("POST /v1/apps", 200, {**APP, "createdAt": "2026-03-18"}, r"\$\.createdAt: .* is not a \"date-time\""),
        ("POST /v1/apps", 200, {"appId": "app_abc123"}, r"\"appSecret\" is a required property"),
        ("POST /v1/apps", 200, b'{"appId": NaN}', "the body is not JSON"),
        ("POST /v1/apps", 200, b"", "the body is not JSON"),
        ("GET /v1/apps", 200, {"apps": [{**APP, "lastUsedAt": "now"}]}, r"\$\.apps\[0\]\.lastUsedAt"),
        ("GET /v1/users/u_1", 200, {"userId": "u_1", "email": "a@b.example"}, r"\$\.email"),
        ("POST /v1/rooms/ostrom/book", 409, slug("slot_full", 409), "'slot_full' is not listed for this status"),
        ("POST /v1/rooms/ostrom/book", 409, slug("room_booked", 400), r"\$\.status: 400 contradicts"),
        ("GET /api/bot/status", 401, code("FORBIDDEN"), "'FORBIDDEN' is not listed for this status"),
        ("GET /api/bot/status", 401, {"error": "No.", "code": "UNAUTHORIZED"}, "always sent, .* request_id"),
        ("POST /api/auth/verify-token", 401, code("NOT_A_MEMBER"), "'NOT_A_MEMBER' is not listed"),
        ("GET /healthz", 200, {"success": True}, r"\"data\" is a required property"),
    ],
)
def test_a_broken_answer_is_refused_with_its_place_and_does_not_count(
    book: Recorder, call: str, status: int, body: object, told: str
) -> None:
    with pytest.raises(AssertionError, match=told):
        see(book, call, status, body)

    assert book.answered == {}
    assert len(book.violations) == 1
    assert book.violations[0].startswith(call)


def test_the_content_type_must_be_documented_whatever_the_body_holds(book: Recorder) -> None:
    see(
        book,
        "GET /v1/rooms/ostrom/calendar.ics",
        200,
        b"BEGIN:VCALENDAR",
        {"content-type": "text/calendar; charset=utf-8"},
    )

    for wrong in ({"content-type": "text/html"}, {}):
        with pytest.raises(AssertionError, match="is not documented"):
            see(book, "POST /v1/apps", 200, APP, wrong)
    with pytest.raises(AssertionError, match="'text/plain' is not documented"):
        see(book, "GET /v1/rooms/ostrom/calendar.ics", 200, b"BEGIN:VCALENDAR", {"content-type": "text/plain"})
    with pytest.raises(AssertionError, match="a body where none is documented"):
        see(book, "GET /v1/rooms/ostrom/calendar.ics", 304, b"BEGIN:VCALENDAR", {})


def test_documented_headers_must_be_there_when_required_and_fit_when_given(book: Recorder) -> None:
    limited = slug("rate_limited", 429)
    see(book, "GET /api/auth/logout", 302, b"", {"location": "/panel"})
    see(book, "GET /v1/apps", 429, limited, {**JSON, "retry-after": "12"})

    with pytest.raises(AssertionError, match="header Location is absent"):
        see(book, "GET /api/auth/logout", 302, b"", {})
    with pytest.raises(AssertionError, match="header Retry-After"):
        see(book, "GET /v1/apps", 429, limited, {**JSON, "retry-after": "soon"})


def test_slugs_that_every_operation_may_answer_pass_even_with_an_unlisted_status(book: Recorder) -> None:
    see(book, "GET /v1/apps", 413, slug("payload_too_large", 413))
    see(book, "GET /v1/users/u_1", 404, slug("not_found", 404))
    see(book, "GET /api/ping", 405, code("METHOD_NOT_ALLOWED"), {**JSON, "allow": "GET"})

    with pytest.raises(AssertionError, match="'too_big' is not listed"):
        see(book, "GET /v1/apps", 413, slug("too_big", 413))
    with pytest.raises(AssertionError, match="405 without an Allow header"):
        see(book, "GET /api/ping", 405, code("METHOD_NOT_ALLOWED"))
    with pytest.raises(AssertionError, match="an error of commonshub is JSON"):
        see(book, "GET /v1/apps", 413, b"too large", {"content-type": "text/plain"})


def test_a_reused_idempotency_key_may_be_refused_on_every_unsafe_route_that_was_sent_one(book: Recorder) -> None:
    reused = slug("idempotency_key_reused", 409)
    see(book, "POST /v1/apps", 409, reused, idempotency_key="k1")

    with pytest.raises(AssertionError, match="the status is not documented"):
        see(book, "POST /v1/apps", 409, reused)
    with pytest.raises(AssertionError, match="the status is not documented"):
        see(book, "GET /v1/apps", 409, reused, idempotency_key="k1")


def test_an_unknown_path_must_be_refused_in_the_words_of_its_dialect(book: Recorder) -> None:
    see(book, "GET /v1/nowhere", 404, slug("not_found", 404))
    see(book, "GET /api/nowhere", 404, code("NOT_FOUND"))
    see(book, "PUT /v1/apps", 405, slug("method_not_allowed", 405), {**JSON, "allow": "GET, POST"})
    see(book, "GET /api/v1/guilds/1/nowhere", 404, {"error": "Not found"})

    with pytest.raises(AssertionError, match="a success that no operation documents"):
        see(book, "GET /v1/nowhere", 200, {})
    with pytest.raises(AssertionError, match="no operation"):
        see(book, "GET /v1/nowhere", 404, {"error": "not_found"})
    with pytest.raises(AssertionError, match='"code" is a required property'):
        see(book, "GET /api/v1/nowhere", 404, {"success": False, "error": "Not found"})
    assert book.answered == {}


def test_paths_outside_the_dialects_and_options_have_no_contract(book: Recorder) -> None:
    see(book, "GET /panel", 200, b"<html>", {"content-type": "text/html"})
    see(book, "GET /docs/openapi/veza.json", 200, {})
    see(book, "OPTIONS /v1/apps", 204, b"", {})

    assert book.answered == {}


def test_head_is_judged_like_get_without_a_body(book: Recorder) -> None:
    see(book, "HEAD /v1/rooms", 200, b"")
    see(book, "HEAD /v1/rooms", 401, b"")

    assert book.covered("commonshub.list_rooms")
    with pytest.raises(AssertionError, match="is not documented"):
        see(book, "HEAD /v1/rooms", 200, b"", {"content-type": "text/html"})


def test_a_path_of_several_documents_is_held_against_each_of_them(book: Recorder) -> None:
    see(book, "GET /health", 200, HEALTH)

    assert book.answered == {"attendance.get_health": {200}, "veza.get_health_legacy": {200}}
    with pytest.raises(AssertionError, match='"success" is a required property'):
        see(book, "GET /health", 200, {"status": "ok"})
    with pytest.raises(AssertionError, match='"status" is a required property'):
        see(book, "GET /health", 200, {"success": True, "data": {"status": "ok"}})


@pytest.mark.parametrize(
    ("call", "names"),
    [
        ("GET /v1/users/me", ["commonshub.get_me"]),
        ("GET /v1/users/u_1", ["commonshub.get_user"]),
        ("GET /v1/users/u_1/", ["commonshub.get_user"]),
        ("GET /v1//users/u_1", ["commonshub.get_user"]),
        ("DELETE /v1/users/me/tokens/current", ["commonshub.revoke_my_token"]),
        ("GET /api/auth/login", ["rustmail.start_login"]),
        ("POST /api/auth/login", ["hazebot.log_in"]),
        ("GET /tlog/tile/0/x001/x234/067", ["attendance.get_log_tile"]),
        ("GET /tlog/tile/entries/000.p/17", ["attendance.get_log_entries"]),
        ("GET /api/v1/tracks/search", ["veza.search_tracks"]),
        ("GET /v1/rooms/ostrom/book", []),
        ("GET /v10/rooms", []),
    ],
)
def test_a_request_meets_the_most_literal_operation_that_has_its_method(call: str, names: list[str]) -> None:
    method, _, path = call.partition(" ")

    assert [operation.name for operation in meet(method, normal(path))] == names


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_documented_operation_is_met_by_its_own_path(dialect: str) -> None:
    for operation in document(dialect).operations:
        assert dialect in owners(operation.template), operation.template
        assert operation in meet(operation.method, operation.template.replace("{tile}", "x001/067"))
        assert operation.source in SOURCES


def test_the_general_slugs_are_read_from_the_description_of_the_document() -> None:
    assert document("commonshub").general[403] == {"app_not_trusted", "wrong_user"}
    assert document("commonshub").general[503] == {"unavailable"}
    assert document("hazebot").general[401] == {"TOKEN_MISSING", "TOKEN_INVALID", "TOKEN_EXPIRED", "SESSION_ENDED"}
    assert sorted(document("hazebot").general) == [400, 401, 403, 404, 405, 413, 415, 429, 500, 503]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_listed_slug_belongs_to_a_status_that_the_operation_documents(dialect: str) -> None:
    contract = document(dialect)
    strays = [
        (operation.id, status)
        for operation in contract.operations
        for status in operation.slugs
        if contract.response(operation, status) is None
    ]

    assert strays == []


def test_the_bars_name_operations_of_the_contract() -> None:
    known = {operation.name for dialect in DIALECTS for operation in document(dialect).operations}

    assert {f"{dialect}.{name}" for dialect, names in BARS.items() for name in names} <= known


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_example_of_a_document_fits_its_own_schema(dialect: str) -> None:
    contract = document(dialect)
    faults = [
        f"{schema} {list(error.instance_path)}: {error.message}"
        for schema, example in examples(contract)
        for error in contract.validator(schema, sent=False).iter_errors(example)
    ]

    assert faults == []
    assert len(list(examples(contract))) > 10


@contextlib.asynccontextmanager
async def canned_server(answers: dict[str, bytes]) -> AsyncIterator[str]:
    """Run a server on loopback that has one fixed answer for each path, byte by byte as written; yield its address.

    An answer without a Content-Length stays open, as an event stream does.
    """
    over = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        answer = answers[head.split(b" ")[1].decode()]
        writer.write(answer)
        await writer.drain()
        if b"content-length" not in answer:
            await over.wait()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            over.set()


def canned(status: str, media_type: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\nconnection: close\r\n"
    return head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body


@pytest.fixture
def own_run(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Stand in for the recorder of the run, which `recording_client` reports to."""
    own = Recorder()
    monkeypatch.setattr("tests.contract.recorder.recorder", own)
    return own


async def test_the_recording_client_raises_in_the_test_that_received_the_broken_answer(own_run: Recorder) -> None:
    heard: list[int] = []

    async def listen(response: httpx.Response) -> None:
        heard.append(response.status_code)

    rooms = json.dumps({"rooms": []}).encode()
    answers = {
        "/v1/rooms?x=1": canned("200 OK", "application/json", rooms),
        "/v1/apps": canned("200 OK", "application/json", rooms),
    }
    async with (
        canned_server(answers) as address,
        recording_client(address, event_hooks={"response": [listen]}) as client,
    ):
        answer = await client.get("/v1/rooms", params={"x": "1"})
        with pytest.raises(AssertionError, match=r"GET /v1/apps \(commonshub.list_apps\)"):
            await client.get("/v1/apps")

    assert answer.json() == {"rooms": []}
    assert own_run.answered == {"commonshub.list_rooms": {200}}
    assert heard == [200, 200]


async def test_an_event_stream_is_judged_by_its_head_and_left_to_the_test_to_read(own_run: Recorder) -> None:
    stream = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\ndata: one\n\n"
    async with (
        asyncio.timeout(20),
        canned_server({"/api/bot/events": stream}) as address,
        recording_client(address) as client,
        client.stream("GET", "/api/bot/events") as response,
    ):
        first = await anext(response.aiter_lines())

    assert first == "data: one"
    assert own_run.covered("rustmail.stream_events")


SUITE = """
    import pytest
    from tests.contract.recorder import recorder

    ROOMS = b'{"rooms": []}'
    JSON = {"content-type": "application/json"}

    @pytest.mark.parametrize("turn", range(4))
    def test_rooms(turn):
        recorder.observe("GET", "/v1/rooms", 200, JSON, ROOMS)

    def test_apps():
        recorder.observe("GET", "/v1/apps", 401, JSON, b'{"error": "unauthorized", "message": "", "status": 401}')

    def test_swallowing():
        with pytest.raises(AssertionError):
            if SWALLOW:
                recorder.observe("GET", "/v1/rooms", 200, JSON, b"{}")
            raise AssertionError
"""


def run_suite(
    pytester: pytest.Pytester, bars: dict[str, tuple[str, ...]], *options: str, swallow: bool = False
) -> pytest.RunResult:
    """Run a small suite of its own in two workers, under the plugin and with these bars."""
    pytester.makeconftest(
        f"""
        from tests.contract import plugin, recorder
        plugin.BARS = recorder.BARS = {bars!r}
        pytest_plugins = ["tests.contract.plugin"]
        """
    )
    pytester.makepyfile(f"SWALLOW = {swallow}\n" + textwrap.dedent(SUITE))
    return pytester.runpytest_subprocess("-p", "xdist.plugin", "-n", "2", *options)


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a run in another folder import the plugin, and no plugin it does not name."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.mark.usefixtures("importable")
def test_the_report_adds_up_all_workers_and_the_whole_suite_must_reach_the_bar(pytester: pytest.Pytester) -> None:
    reached = run_suite(pytester, {"commonshub": ("list_rooms",)})
    reached.stdout.re_match_lines([r"dialect +reference +reference\+decision +decision +all +only errors"])
    reached.stdout.re_match_lines([r"attendance +0/5 .* 0/53 +0", r"commonshub +1/14 +0/9 +0/15 +1/38 +1"])
    assert reached.ret == pytest.ExitCode.OK

    short = run_suite(pytester, {"commonshub": ("list_rooms", "list_apps")})
    short.stdout.fnmatch_lines(["contract: 1 of 2 required operations never succeeded: commonshub.list_apps"])
    short.assert_outcomes(passed=6)
    assert short.ret == pytest.ExitCode.TESTS_FAILED

    narrowed = run_suite(pytester, {"commonshub": ("list_rooms", "list_apps")}, "-k", "rooms")
    narrowed.stdout.re_match_lines([r"commonshub +1/14"])
    narrowed.stdout.no_re_match_line("attendance")
    assert narrowed.ret == pytest.ExitCode.OK


@pytest.mark.usefixtures("importable")
def test_a_violation_that_a_test_swallows_still_fails_the_run(pytester: pytest.Pytester) -> None:
    swallowed = run_suite(pytester, {}, "-k", "swallowing", swallow=True)

    swallowed.assert_outcomes(passed=1)
    swallowed.stdout.fnmatch_lines(['contract violated: GET /v1/rooms (commonshub.list_rooms) answered 200: *"rooms"*'])
    assert swallowed.ret == pytest.ExitCode.TESTS_FAILED


def examples(contract: Document) -> Iterator[tuple[str, Any]]:
    """Every example of a body, with the pointer of the schema beside it."""
    for place in described(contract, "#", contract.tree):
        shown = place.tree.get("examples", {})
        values = [contract.resolve(f"{place.pointer}/examples/{escaped(name)}").tree["value"] for name in shown]
        if "example" in place.tree:
            values.append(place.tree["example"])
        yield from ((f"{place.pointer}/schema", value) for value in values)


def described(contract: Document, pointer: str, tree: object) -> Iterator[Place]:
    """Every object that holds a schema beside its examples: media types, parameters and headers."""
    if isinstance(tree, list):
        for index, each in enumerate(tree):
            yield from described(contract, f"{pointer}/{index}", each)
    if isinstance(tree, dict):
        if "schema" in tree and {"example", "examples"} & tree.keys():
            yield Place(pointer, tree)
        for key, each in tree.items():
            if key not in {"example", "examples", "properties"}:
                yield from described(contract, f"{pointer}/{escaped(key)}", each)
