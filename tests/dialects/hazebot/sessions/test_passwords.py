"""Accounts with passwords, and the life of a token."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import jwt
import pytest
from sqlalchemy import text

from guildhall.core.actor import SYSTEM
from guildhall.domains import identity
from guildhall.domains.identity.community import caller_with_socket_pass, caller_with_token
from guildhall.domains.identity.errors import SessionEnded
from guildhall.domains.identity.sessions import ACCESS_CHANGED
from guildhall.web.house import House
from tests.core.widgets import sync_engine
from tests.dialects.hazebot.sessions.lobby import Lobby, refusal
from tests.serving import serving

VERIFY, ME, PING, REFRESH, LOGOUT = (
    f"/api/{each}" for each in ("auth/verify-token", "auth/me", "ping", "auth/refresh", "auth/logout")
)
DAY = timedelta(days=1)


async def ends(house: House, name: str, *, disabled: bool = False) -> None:
    """End the sessions of somebody, who is disabled with it or not."""
    async with house.database.write() as tx:
        user = await identity.user_who_signs_in_as(tx, name)
        assert user is not None
        if disabled:
            await identity.disable_person(tx, SYSTEM, user, now=house.clock.now())
        else:
            await identity.end_sessions_of(tx, SYSTEM, user, now=house.clock.now())


async def test_the_samples_of_the_reference_work_as_they_are_written(lobby: Lobby) -> None:
    client, told = await lobby.enters("admin", "your-password")
    assert (told["user"], told["role"], told["discord_id"], told["permissions"]) == (
        "admin",
        "admin",
        "legacy_user",
        ["all"],
    )
    claims = jwt.decode(told["token"], options={"verify_signature": False})
    assert (claims["iss"], claims["typ"], claims["sid"]) == ("guildhall", "access", claims["session_id"])
    assert (claims["role"], claims["role_name"], claims["auth_type"]) == ("admin", "Admin", "legacy")
    assert claims["exp"] - claims["iat"] == 7 * DAY.total_seconds()
    for answer in (await client.post(VERIFY), await client.get(VERIFY)):
        assert answer.json() == {"valid": True, "user": "admin", "role": "admin", "expires_at": told["expires_at"]}
        assert (answer.headers["x-auth-user"], answer.headers["x-auth-role"]) == ("admin", "admin")
    bare = await (await lobby.client(Authorization=told["token"])).get(
        VERIFY, headers={"Content-Type": "application/json"}
    )
    assert bare.status_code == 200
    assert refusal(await (await lobby.client()).post(VERIFY)) == (401, "TOKEN_MISSING")
    wrong = await (await lobby.client("x.y.z")).get(VERIFY)
    assert (refusal(wrong), wrong.json()["error"]) == ((401, "TOKEN_INVALID"), "token_invalid")


async def test_everybody_has_the_role_that_they_were_given_and_no_other(lobby: Lobby) -> None:
    admin, _ = await lobby.enters("admin", "your-password")
    moderator, told = await lobby.enters("User1", "pass1")
    lootling, _ = await lobby.enters("user2", "pass:2")
    shown = ["tickets", "tickets_read", "users_read", "users_moderate", "analytics_read", "meme_generator", "mod"]
    assert (told["role"], told["permissions"]) == ("moderator", shown)
    me = (await moderator.get(ME)).json()
    assert (me["role_name"], me["permissions"], me["roles"]) == ("Moderator", [*shown, "all"], ["moderator"])
    assert (await moderator.get(PING)).json()["your_permissions"] == shown
    assert (await moderator.post(REFRESH)).json()["permissions"] == [*shown, "all"]
    assert (await lootling.get(ME)).json()["permissions"] == ["tickets_own", "meme_generator"]
    for client, status in ((admin, 200), (moderator, 200), (lootling, 403)):
        assert (await client.get(VERIFY, headers={"X-Original-URI": "/analytics"})).status_code == status
        assert (await client.get(VERIFY)).status_code == 200
    house = lobby.served.house
    async with house.database.write() as tx:
        user = await identity.user_who_signs_in_as(tx, "user2")
        assert user is not None
        await identity.set_roles(tx, SYSTEM, user, ["admin"], now=house.clock.now())
    assert (await lootling.get(ME)).json()["role"] == "admin"


async def test_a_token_ends_with_its_session_at_once_in_every_process(lobby: Lobby, database_url: str) -> None:
    house = lobby.served.house
    first, _ = await lobby.enters("user1", "pass1")
    fresh = (await first.post(REFRESH)).json()
    assert fresh["auth_type"] == "refreshed"
    second = await lobby.client(fresh["token"])
    other, _ = await lobby.enters("user1", "pass1")
    async with serving(house.settings, clock=lobby.clock) as twin, twin.client(headers=second.headers) as elsewhere:
        assert (await elsewhere.get(ME)).status_code == 200
        async with house.events.subscribe(ACCESS_CHANGED) as events:
            gone = await first.post(LOGOUT)
            assert gone.json() == {"message": "Logged out successfully", "success": True}
            assert "gh_socket=;" in gone.headers["set-cookie"]
            event = await anext(events)
        caller = await caller_with_token(house.community, (await lobby.enters("user1", "pass1"))[1]["token"], ip=None)
        assert caller.user is not None
        assert event.data == {"user_id": caller.user.id}
        for client in (first, second, elsewhere):
            answer = await client.get(ME)
            assert (refusal(answer), answer.json()["error"]) == ((401, "SESSION_ENDED"), "session_ended")
    assert (await other.get(ME)).status_code == 200
    with sync_engine(database_url).begin() as connection:
        connection.execute(text("DELETE FROM sessions WHERE ended_at IS NOT NULL"))
    assert refusal(await first.get(ME)) == (401, "TOKEN_INVALID"), "a server with the same key never made it"
    await ends(house, "user1", disabled=True)
    assert refusal(await other.get(ME)) == (401, "SESSION_ENDED")
    login = await first.post("/api/auth/login", json={"username": "user1", "password": "pass1"})
    assert refusal(login) == (403, "ACCOUNT_DISABLED")


async def test_a_token_lasts_a_week_and_a_session_no_longer_than_ninety_days(lobby: Lobby) -> None:
    clock, begun = lobby.clock, lobby.clock.now()
    client, told = await lobby.enters("user1", "pass1")
    session_id = (await client.get(PING)).json()["your_session_id"]
    for _ in range(13):
        clock.advance(6 * DAY + DAY / 2)
        told = (await client.post(REFRESH)).json()
        client.headers["Authorization"] = f"Bearer {told['token']}"
    assert (await client.get(PING)).json()["your_session_id"] == session_id
    assert told["expires_at"] == f"{begun + 90 * DAY:%Y-%m-%dT%H:%M:%SZ}", "a week more would be 91 days and a half"
    clock.advance(6 * DAY)
    expired = await client.get(PING)
    assert (refusal(expired), expired.json()["error"]) == ((401, "TOKEN_EXPIRED"), "token_expired")


async def test_being_seen_is_written_once_a_minute(lobby: Lobby) -> None:
    client, told = await lobby.enters("user1", "pass1")
    community = lobby.served.house.community

    async def seen() -> object:
        caller = await caller_with_token(community, told["token"], ip=None)
        assert caller.session is not None
        return caller.session.last_seen_at

    begun = await seen()
    for seconds, moved in ((59, False), (1, True)):
        lobby.clock.advance(timedelta(seconds=seconds))
        await client.get(PING)
        assert (await seen() != begun) is moved


async def test_a_browser_gets_a_cookie_that_opens_sockets_and_nothing_else(lobby: Lobby) -> None:
    community = lobby.served.house.community
    client, _ = await lobby.enters("user1", "pass1")
    for answer in (await client.get(ME), await client.post(REFRESH), await client.get(PING)):
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("gh_socket=")
        assert all(each in cookie for each in ("HttpOnly", "SameSite=Strict", "Path=/socket.io"))
        value = cookie.partition(";")[0].removeprefix("gh_socket=")
    caller = await caller_with_socket_pass(community, value, ip=None)
    assert (caller.name, caller.session_id) == ("user1", (await client.get(ME)).json()["session_id"])
    assert refusal(await (await lobby.client(value)).get(ME)) == (401, "TOKEN_INVALID")
    await ends(lobby.served.house, "user1")
    with pytest.raises(SessionEnded):
        await caller_with_socket_pass(community, value, ip=None)


async def test_wrong_names_and_passwords_are_one_refusal_and_soon_none_is_heard(lobby: Lobby) -> None:
    client = await lobby.client()

    async def tried(name: str, password: str) -> tuple[int, str, str]:
        answer = await client.post("/api/auth/login", json={"username": name, "password": password})
        return (*refusal(answer), answer.json()["error"])

    assert (
        await tried("nobody", "x") == await tried("user1", "x") == (401, "INVALID_CREDENTIALS", "Invalid credentials")
    )
    for body in (
        {"username": "a"},
        {"username": "", "password": "x"},
        {"username": 5, "password": "x"},
        {"username": "a" * 65, "password": "x"},
    ):
        assert refusal(await client.post("/api/auth/login", json=body)) == (400, "INVALID_REQUEST")
    refused = await asyncio.gather(*(tried("user1", "wrong") for _ in range(12)))
    assert [each[:2] for each in refused].count((401, "INVALID_CREDENTIALS")) == 9
    assert (await tried("user1", "pass1"))[:2] == (429, "TOO_MANY_ATTEMPTS"), "the right password is not heard either"
    await lobby.enters("admin", "your-password")
    lobby.clock.advance(timedelta(minutes=15))
    await lobby.enters("user1", "pass1")
    assert refusal(await client.post("/api/auth/monitoring-token", json={"secret": "x"})) == (503, "NOT_CONFIGURED")


class TestMonitoring:
    """With a secret."""

    @pytest.fixture
    def more_settings(self) -> dict[str, str]:
        return {"API_MONITORING_SECRET": "what the service shows"}

    async def test_a_service_that_looks_on_has_a_token_until_its_secret_changes(self, lobby: Lobby) -> None:
        client, path = await lobby.client(), "/api/auth/monitoring-token"
        told = (await client.post(path, json={"secret": "what the service shows"})).json()
        assert (told["expires_in_days"], told["permissions"][0]) == (90, "health_check")
        service = await lobby.client(told["token"])
        assert (await service.get(PING)).json()["your_role"] == "monitoring"
        assert (await service.get(ME)).json()["auth_type"] == "monitoring"
        assert (await service.get(VERIFY)).status_code == 200
        assert refusal(await service.get(VERIFY, headers={"X-Original-URI": "/"})) == (403, "STAFF_ONLY")
        assert refusal(await service.post(LOGOUT)) == (403, "FORBIDDEN")
        for _ in range(4):
            assert refusal(await client.post(path, json={"secret": "wrong"})) == (401, "INVALID_SECRET")
        assert refusal(await client.post(path, json={"secret": "what the service shows"})) == (429, "TOO_MANY_ATTEMPTS")
        settings = lobby.served.house.settings
        changed = replace(settings, community=replace(settings.community, monitoring_secret="another secret"))
        async with serving(changed, clock=lobby.clock) as twin, twin.client(headers=service.headers) as elsewhere:
            assert refusal(await elsewhere.get(PING)) == (401, "SESSION_ENDED")
