"""What makes no sense is refused by its name and in words fit for display, by requests and by sockets."""

import asyncio
from typing import Any

import jwt
import pytest

from guildhall.core import ids
from tests.clock import SettableClock
from tests.dialects.hazebot.tickets.people import OPENING, People, opened, refusal
from tests.serving import Served

TICKETS, LOGIN, ME = "/api/tickets", "/api/auth/login", "/api/auth/me"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def engine() -> str:
    """What is tested here does not depend on the engine."""
    return "sqlite"


async def test_bodies_that_nobody_can_read_are_refused_before_anything_happens(served: Served, people: People) -> None:
    rosa = await people.enters("rosa")
    stranger = await people.client("x")
    for client, place in ((stranger, LOGIN), (rosa, TICKETS)):
        for content, headers, status in (
            (b'{"username": "rosa"', JSON, 400),
            (b"{} {}", JSON, 400),
            (b"[]", JSON, 400),
            (b"\xff", JSON, 400),
            (b"", JSON, 400),
            (b'{"username": 5, "password": [], "type": {}}', JSON, 400),
            (b"a=1", {"Content-Type": "text/plain"}, 415),
            (b" " * (1024 * 1024 + 1), JSON, 413),
        ):
            answer = await client.post(place, content=content, headers=headers)
            body = answer.json()
            assert answer.status_code == status, (place, content[:40], body)
            assert body["error"]
            assert body["request_id"] == answer.headers["x-request-id"]
    wrong = (await rosa.post(TICKETS, json={**OPENING, "subject": "ab"})).json()
    assert [sorted(each) for each in wrong["details"]] == [["message", "path"]]
    unknown, method = await rosa.get("/api/tickets/a/b/c"), await rosa.delete(TICKETS)
    assert (unknown.status_code, unknown.json()["error"]) == (404, "Endpoint not found")
    assert (method.status_code, method.json()["error"]) == (405, "Method not allowed")


async def test_a_ticket_is_opened_with_all_that_it_needs_and_once_for_a_key(people: People) -> None:
    rosa = await people.enters("rosa")
    for other, code in (
        ({"subject": "x" * 201}, "INVALID_REQUEST"),
        ({"description": "x" * 4001}, "INVALID_REQUEST"),
        ({"type": 5}, "INVALID_REQUEST"),
    ):
        assert refusal(await rosa.post(TICKETS, json=OPENING | other)) == (400, code), other
    unknown = await rosa.post(TICKETS, json=OPENING | {"type": "Nonsense"})
    assert (refusal(unknown), "General" in unknown.json()["error"]) == ((400, "INVALID_CATEGORY"), True)
    key = {"Idempotency-Key": "one"}
    answers = await asyncio.gather(*(rosa.post(TICKETS, json=OPENING, headers=key) for _ in range(5)))
    assert {(each.status_code, each.content) for each in answers} == {(201, answers[0].content)}
    reused = await rosa.post(TICKETS, json={**OPENING, "subject": "Another one"}, headers=key)
    assert refusal(reused) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert (await rosa.get(f"{TICKETS}/my")).json()["total"] == 1
    for asked in ("limit=x", "limit=-1", "limit=10001", "offset=-1"):
        assert refusal(await rosa.get(f"{TICKETS}/my?{asked}")) == (400, "INVALID_PARAMETER"), asked


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
async def test_only_tokens_of_this_house_for_calls_count(served: Served, people: People, clock: SettableClock) -> None:
    token = await people.token("rosa")
    house, now = served.house, int(clock.now().timestamp())
    session = people.sessions["rosa"]
    good: dict[str, Any] = {
        "iss": "guildhall", "sub": session.user_id, "sid": session.id, "typ": "access", "jti": ids.ulid(), "iat": now,
        "exp": now + 60,
    }  # fmt: skip
    key = house.community.key

    async def told(said: dict[str, Any], *, key: str = key, **how: Any) -> tuple[int, str]:  # noqa: ANN401 (what the library takes)
        client = await people.client(jwt.encode(said, key, **{"algorithm": "HS256", **how}))
        answer = await client.get(ME)
        return (200, "") if answer.is_success else refusal(answer)

    assert await told(good) == (200, "")
    invalid = (401, "TOKEN_INVALID")
    for name in good:
        assert await told({each: value for each, value in good.items() if each != name}) == invalid, name
    for other in (
        {"iss": "elsewhere"}, {"typ": "socket"}, {"typ": "refresh"}, {"sid": ids.ulid()}, {"sub": ids.ulid()},
        {"exp": "soon"}, {"exp": 10**12}, {"sub": "monitoring"},
    ):  # fmt: skip
        assert (await told(good | other))[0] == 401, other
    assert await told(good, key="another key of sufficient length, but not ours") == invalid
    assert await told(good, key="", algorithm="none") == invalid
    assert await told(good, algorithm="HS512") == invalid
    assert await told(good | {"exp": now}) == (401, "TOKEN_EXPIRED")
    claims = good | {"role": "admin", "permissions": ["all"], "user": "ada", "discord_id": "1"}
    client = await people.client(jwt.encode(claims, key, algorithm="HS256"))
    me = (await client.get(ME)).json()
    assert (me["role"], me["user"]) == ("lootling", "rosa"), "what a token says of its bearer is never believed"
    for header in ("", "Bearer", "Basic eDp5", f"Token {token}", f"Bearer {token} x"):
        answer = await client.get(ME, headers={"Authorization": header})
        assert answer.status_code == 401, header


async def test_sockets_refuse_what_requests_refuse(people: People) -> None:
    own = await people.token("rosa")
    rosa, mod = await people.client(own), await people.enters("mod", "moderator")
    ticket_id = await opened(rosa)
    client, heard = await people.socket(own)

    async def refused(event: str, payload: object) -> str:
        answer = await client.call(event, payload)
        said = await heard.next("error")
        assert (answer["success"], answer["code"], answer["error"]) == (False, said["code"], said["message"])
        return str(said["code"])

    here = {"ticket_id": ticket_id}
    for payload, code in (
        ({**here, "message": " "}, "EMPTY_MESSAGE"),
        (here, "EMPTY_MESSAGE"),
        ({**here, "message": "x" * 4001}, "MESSAGE_TOO_LONG"),
        ({**here, "message": ["x"]}, "EMPTY_MESSAGE"),
        ({"ticket_id": 5, "message": "x"}, "TICKET_NOT_FOUND"),
        ({"ticket_id": "x" * 65, "message": "x"}, "INVALID_REQUEST"),
        ({"message": "x"}, "INVALID_REQUEST"),
        ([], "INVALID_REQUEST"),
    ):
        assert await refused("send_message", payload) == code, payload
    for event in ("join_ticket", "mark_read"):
        assert await refused(event, {}) == "INVALID_REQUEST"
        assert await refused(event, {"ticket_id": "none"}) == "TICKET_NOT_FOUND"
    await mod.post(f"{TICKETS}/{ticket_id}/close")
    assert await refused("send_message", {**here, "message": "But"}) == "TICKET_CLOSED"
