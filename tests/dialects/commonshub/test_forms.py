"""What requests may look like: methods, paths, bodies."""

import httpx
import pytest

from tests.dialects.commonshub.asking import STANDUP, booked, profile, refusal
from tests.serving import PROVIDER_ID

BOOK = "/v1/rooms/ostrom/book"
READS = (
    "/v1/rooms",
    "/v1/rooms/ostrom",
    "/v1/rooms/ostrom/availability?from=2026-03-19",
    "/v1/rooms/ostrom/calendar.ics",
    "/v1/users/me",
    "/v1/users/me/bookings",
    "/v1/users/u_849888126",
)


async def test_every_read_answers_head_as_it_answers_get_without_the_body(
    person: httpx.AsyncClient, master: httpx.AsyncClient
) -> None:
    await booked(person)
    for client, path in (*((person, path) for path in READS), (master, "/v1/apps"), (master, "/v1/users")):
        whole, head = await client.get(path), await client.head(path)
        assert (head.status_code, head.content) == (200, b""), path
        for header in ("content-length", "content-type", "etag"):
            assert head.headers.get(header) == whole.headers.get(header), path
    missing = await person.head("/v1/rooms/attic")
    assert (missing.status_code, missing.content) == (404, b"")


async def test_other_methods_are_told_which_there_are(person: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    for method, path, allowed in (
        ("DELETE", "/v1/rooms", {"GET", "HEAD"}),
        ("POST", "/v1/rooms/ostrom", {"GET", "HEAD", "PUT"}),
        ("GET", BOOK, {"POST"}),
        ("HEAD", BOOK, {"POST"}),
        ("PATCH", "/v1/users/me", {"GET", "HEAD", "PUT"}),
        ("PUT", "/v1/apps", {"GET", "HEAD", "POST"}),
        ("POST", "/v1/users/u_1/roles", {"PUT"}),
    ):
        for client in (person, stranger):
            answer = await client.request(method, path)
            assert answer.status_code == 405, path
            assert {each.strip() for each in answer.headers["allow"].split(",")} >= allowed, path
            if method != "HEAD":
                assert refusal(answer) == (405, "method_not_allowed")
    for path in ("/v1/rooms", BOOK, "/v1/users/me"):
        options = await person.options(path)
        assert options.status_code == 204
        assert "OPTIONS" in options.headers["allow"]


async def test_unknown_paths_are_not_found_in_the_words_of_the_dialect(stranger: httpx.AsyncClient) -> None:
    paths = ("", "/", "/nothing", "/rooms/ostrom/nothing", "/rooms/a/b/c", "/users/me/x", "/feeds/x")
    for path in (f"/v1{end}" for end in paths):
        answer = await stranger.get(path)
        assert refusal(answer) == (404, "not_found"), path
        assert set(answer.json()) >= {"error", "message", "status", "requestId"}
        assert answer.json()["requestId"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("path", [BOOK, "/v1/users/me"])
async def test_broken_json_is_refused_before_anything_happens(person: httpx.AsyncClient, path: str) -> None:
    method = "PUT" if path == "/v1/users/me" else "POST"
    for body in (
        b"", b"{", b"null", b"[]", b'"text"', b"1", b"{} {}", b'{"title": "a",}', b"{'title': 'a'}", b"\xff\xfe",
        b'{"title": "\xff"}', b'{"title": "a", "title": "b"}', b'{"more": {"x": 1, "x": 2}}', b'{"x": NaN}',
        b'{"x": Infinity}', b'{"x": -Infinity}', b'{"x": 1e999}', b"[" * 30_000, b'{"x": "\\ud800"}',
        b'{"title": "a\\u0000b"}', b'\xef\xbb\xbf{"title": "a"}', b"title=a&date=2026-03-19",
    ):  # fmt: skip
        answer = await person.request(method, path, content=body)
        assert refusal(answer) == (400, "invalid_json"), body
    bookings = await person.get("/v1/users/me/bookings")
    assert bookings.json() == {"bookings": []}


async def test_a_body_is_json_unless_it_says_otherwise(person: httpx.AsyncClient) -> None:
    body = b'{"displayName": "Xavier"}'
    json_types = ("application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json", "", None)
    for content_type in json_types:
        headers = {} if content_type is None else {"Content-Type": content_type}
        answer = await person.put("/v1/users/me", content=body, headers=headers)
        assert answer.status_code == 200, content_type
    other_types = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "nonsense")
    for content_type in other_types:
        answer = await person.put("/v1/users/me", content=body, headers={"Content-Type": content_type})
        assert refusal(answer) == (415, "unsupported_media_type"), content_type


async def test_a_body_of_more_than_64_kib_is_refused(person: httpx.AsyncClient) -> None:
    def padded(size: int) -> bytes:
        return b'{"displayName": "Xavier"' + b" " * (size - 25) + b"}"

    limit = 64 * 1024
    assert (await person.put("/v1/users/me", content=padded(limit))).status_code == 200
    too_large = await person.put("/v1/users/me", content=padded(limit + 1))
    assert refusal(too_large) == (413, "payload_too_large")
    assert too_large.json()["details"] == {"limit": limit}

    async def chunks() -> object:
        for _ in range(limit // 1024 + 1):
            yield b" " * 1024

    assert refusal(await person.put("/v1/users/me", content=chunks())) == (413, "payload_too_large")  # type: ignore[arg-type]


async def test_wrong_types_name_their_field(person: httpx.AsyncClient) -> None:
    answer = await person.post(BOOK, json={**STANDUP, "private": "yes"})
    assert refusal(answer) == (400, "invalid_field")
    assert answer.json()["details"] == {"field": "private"}


async def test_text_of_every_script_comes_back_as_it_went(person: httpx.AsyncClient, app: httpx.AsyncClient) -> None:
    text = "ünïcode ☃ 東京 🦊 עברית \u202e reversed \u200d joined"
    made = await booked(person, title=text, description=text + "\r\n\t" + text)
    assert (made["title"], made["description"]) == (text, text + "\r\n\t" + text)
    (event,) = (await app.get("/v1/rooms/ostrom/availability?date=2026-03-19")).json()["events"]
    assert event["title"] == text
    shown = (await person.put("/v1/users/me", json={"displayName": text})).json()
    assert shown["displayName"] == text
    assert (await profile(app, PROVIDER_ID))["displayName"] == text
