"""Sockets: whoever may see a ticket hears of it at once, whichever way it is written in, and as long as they may."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import socketio  # type: ignore[import-untyped]  # the library has no types

from guildhall.core.actor import SYSTEM, Actor, ActorKind
from guildhall.domains import identity, tickets
from guildhall.domains.identity.community import caller_with_token, look_anew, socket_pass
from guildhall.domains.identity.sessions import ACCESS_CHANGED
from guildhall.domains.tickets import EVERYTHING, Draft, Person, Source
from guildhall.settings import Settings
from tests.clock import SettableClock
from tests.dialects.hazebot.tickets.people import PATIENCE, Heard, Page, People, coming_to, opened, refusal
from tests.serving import Served, serving, settings_for

MOD = Person("mod", "mod")


@pytest.fixture
def settings(sqlite_database_url: str, tmp_path: Path) -> Settings:
    return settings_for(sqlite_database_url, tmp_path)


class Conversation:
    """A ticket of somebody's, whose page and whose staff's program both follow it."""

    ticket_id: str
    rosa: httpx.AsyncClient
    mod: httpx.AsyncClient
    page: Page
    staff: Any
    heard: Heard

    @property
    def place(self) -> str:
        return f"/api/tickets/{self.ticket_id}"


@pytest.fixture
async def talk(people: People) -> Conversation:
    talk = Conversation()
    own, staff = await people.token("rosa"), await people.token("mod", "moderator")
    talk.rosa, talk.mod = await people.client(own), await people.client(staff)
    talk.ticket_id = await opened(talk.rosa)
    talk.page, (talk.staff, talk.heard) = await people.page(own), await people.socket(staff)
    await talk.page.says("join_ticket", ticket_id=talk.ticket_id)
    await talk.page.heard.next("joined_ticket")
    await talk.staff.emit("join_ticket", {"ticket_id": talk.ticket_id, "user_id": "ignored"})
    await talk.heard.next("joined_ticket")
    return talk


async def test_every_way_of_writing_reaches_both_sockets_once(
    served: Served, people: People, clock: SettableClock, talk: Conversation
) -> None:
    assert (await talk.page.heard.next("connected"))["authenticated"] is True
    history = await talk.page.heard.next("message_history")
    assert [each["is_bot"] for each in history["messages"]] == [False]
    await talk.page.says("send_message", ticket_id=talk.ticket_id, message="by socket", client_message_id="c1")
    await talk.page.heard.next("ack")
    assert (await talk.page.heard.next("ack"))["message"]["content"] == "by socket"
    await talk.mod.post(f"{talk.place}/send", json={"message": "by request"})
    async with served.house.database.write() as tx:
        ticket = await tickets.access_ticket_to_change(tx, SYSTEM, talk.ticket_id, sight=EVERYTHING)
        now = clock.now()
        await tickets.write_note(tx, SYSTEM, ticket, MOD, Draft("a note", Source.PANEL), now=now)
        masked = Draft("by another door", Source.DISCORD, anonymous=True)
        await tickets.write_as_staff(tx, SYSTEM, ticket, MOD, masked, now=now)
    for heard, author in ((talk.page.heard, "staff"), (talk.heard, "mod")):
        for words in ("by socket", "by request", "by another door"):
            said = await heard.next("new_message")
            update = await heard.next("ticket_update")
            assert (said["message"], said["ticket_id"]) == (words, talk.ticket_id)
            assert (update["event_type"], update["data"]) == ("new_message", said["messageData"])
        assert said["messageData"]["author_id"] == author
        assert heard.left("new_message") == []
    assert (await talk.rosa.get(talk.place)).json()["unread_count"] == 0


async def test_changes_of_a_ticket_are_told_by_their_names(
    served: Served, people: People, clock: SettableClock, talk: Conversation
) -> None:
    await talk.mod.post(f"{talk.place}/claim")
    mod_id = people.sessions["mod"].user_id
    assert await _updates(talk.page.heard, "ticket_assigned") == [
        ("new_message", "Ticket claimed by mod"), ("ticket_claimed", {"claimed_by": mod_id}),
        ("ticket_assigned", {"assigned_to": mod_id}),
    ]  # fmt: skip
    sent = (await talk.rosa.post(f"{talk.place}/send", json={"message": "Helo"})).json()["message"]
    async with served.house.database.write() as tx:
        ticket = await tickets.access_ticket_to_change(tx, SYSTEM, talk.ticket_id, sight=EVERYTHING)
        author, number, now = Person(sent["author_id"], "rosa"), int(sent["id"]), clock.now()
        await tickets.edit_message(tx, SYSTEM, ticket, number, person=author, content="Hello", now=now)
    await _updates(talk.page.heard, "message_edited")
    async with served.house.database.write() as tx:
        await tickets.delete_message(tx, SYSTEM, ticket, number, person=author, now=now)
    await talk.mod.post(f"{talk.place}/close", json={"close_message": "Solved."})
    await talk.rosa.post(f"{talk.place}/reopen")
    await _updates(talk.page.heard, "ticket_reopened")
    admin = await people.enters("ada", "admin")
    await admin.delete(talk.place)
    told = await _updates(talk.heard, "ticket_deleted")
    assert [each for each in told if each[0] != "new_message"][2:] == [
        ("message_edited", "Hello"), ("message_deleted", {"message_id": sent["id"]}),
        ("ticket_closed", {"close_message": "Solved."}), ("ticket_reopened", {}),
        ("ticket_deleted", {}),
    ]  # fmt: skip


async def _updates(heard: Heard, last: str) -> list[tuple[str, Any]]:
    """Return what was told of a ticket, up to the last that is named."""
    found: list[tuple[str, Any]] = []
    while not found or found[-1][0] != last:
        told = await heard.next("ticket_update")
        found.append((told["event_type"], told["data"].get("content", told["data"])))
    return found


async def test_only_who_may_see_a_ticket_follows_it(people: People, talk: Conversation) -> None:
    _, heard = stranger = await people.socket(await people.token("stranger"))
    for payload, code in (
        ({"ticket_id": talk.ticket_id}, "FORBIDDEN"),
        ({"ticket_id": "none"}, "TICKET_NOT_FOUND"),
        ({}, "INVALID_REQUEST"),
        ("nonsense", "INVALID_REQUEST"),
    ):
        await stranger[0].emit("join_ticket", payload)
        assert (await heard.next("error"))["code"] == code
    answer = await stranger[0].call("send_message", {"ticket_id": talk.ticket_id, "message": "Let me in"})
    assert (answer["success"], answer["code"]) == (False, "FORBIDDEN")
    await talk.mod.post(f"{talk.place}/send", json={"message": "Not for strangers"})
    await talk.heard.next("new_message")
    await talk.staff.emit("leave_ticket", {"ticket_id": talk.ticket_id})
    await talk.heard.next("left_ticket")
    await talk.mod.post(f"{talk.place}/send", json={"message": "Nor for who has left"})
    while (await talk.page.heard.next("new_message"))["message"] != "Nor for who has left":
        pass
    assert heard.left("new_message") == talk.heard.left("new_message") == []
    assert await talk.staff.call("mark_read", {"ticket_id": talk.ticket_id}) == {"success": True}


async def test_who_loses_their_role_or_session_hears_no_more(
    served: Served, people: People, clock: SettableClock, talk: Conversation
) -> None:
    async with served.house.database.write() as tx:
        user = await identity.user_who_signs_in_as(tx, "mod")
        assert user is not None
        await identity.set_roles(tx, SYSTEM, user, [], now=clock.now())
    assert (await talk.heard.next("error"))["code"] == "FORBIDDEN"
    await talk.rosa.post(f"{talk.place}/send", json={"message": "Among us"})
    await talk.page.heard.next("new_message")
    assert talk.heard.left("new_message") == []
    async with served.house.database.write() as tx:
        session = people.sessions["rosa"]
        themselves = Actor(ActorKind.USER, user_id=session.user_id)
        await identity.end_session(tx, themselves, session.id, now=clock.now())
    assert await talk.page.heard.next("disconnect") == "io server disconnect"


async def test_a_change_on_discord_is_looked_at_at_once(served: Served, people: People) -> None:
    await people.token("dora", discord_id="77")
    guild_id = served.house.community.servers[0].server.guild_id
    async with served.house.events.subscribe(ACCESS_CHANGED) as told:
        await look_anew(served.house.community, guild_id, 77)
        async with asyncio.timeout(PATIENCE):
            assert (await anext(told)).data["user_id"] == people.sessions["dora"].user_id


async def test_a_token_opens_a_socket_until_its_time_is_over(
    served: Served, people: People, clock: SettableClock
) -> None:
    token = await people.token("rosa", life=timedelta(minutes=5))
    house = served.house
    caller = await caller_with_token(house.community, token, ip=None)
    cookie = {"Cookie": f"gh_socket={socket_pass(house.community, caller)}"}
    ours = await people.page(None, extraHeaders={**cookie, "Origin": "http://hub.test"}, transports=["websocket"])
    await ours.heard.next("connected")
    polling = await people.page(None, extraHeaders={"Authorization": f"Bearer {token}"}, transports=["polling"])
    await polling.heard.next("connected")
    clock.advance(timedelta(minutes=6))
    for page in (ours, polling):
        await page.heard.next("token_expired")
        assert await page.heard.next("disconnect") == "io server disconnect"
    for shown, options, reason in (
        (None, {}, "Authentication required"),
        (None, {"extraHeaders": {**cookie, "Origin": "https://elsewhere.test"}}, "Authentication required"),
        ("nonsense", {"extraHeaders": {**cookie, "Origin": "http://hub.test"}}, "token_invalid"),
        (token, {}, "token_expired"),
    ):
        refused = await people.page(shown, **options, transports=["websocket"])
        assert await refused.heard.next("connect_error") == reason


async def test_a_phone_follows_what_it_has_read_where_the_house_lends_that(
    sqlite_database_url: str, tmp_path: Path, clock: SettableClock
) -> None:
    settings = settings_for(sqlite_database_url, tmp_path, HAZEBOT_SOCKET_REST_GRANT="on")
    async with serving(settings, clock=clock) as served, coming_to(served, clock) as people:
        rosa, mod = await people.enters("rosa"), await people.enters("mod", "moderator")
        ticket_id, other = await opened(rosa), await opened(rosa)
        phone, heard = await people.socket()
        assert (await heard.next("connected"))["authenticated"] is False
        for event in ("join_ticket", "send_message"):
            said = await phone.call(event, {"ticket_id": ticket_id, "message": "Let me in"})
            assert said["code"] == "FORBIDDEN"
        await rosa.get(f"/api/tickets/{ticket_id}/messages")
        assert (await phone.call("join_ticket", {"ticket_id": ticket_id}))["success"] is True
        assert (await phone.call("send_message", {"ticket_id": ticket_id, "message": "Here"}))["success"] is True
        assert (await heard.next("new_message"))["message"] == "Here"
        assert (await phone.call("send_message", {"ticket_id": other, "message": "There"}))["code"] == "FORBIDDEN"
        for each in (rosa, mod):
            await each.get(f"/api/tickets/{other}")
        assert (await phone.call("join_ticket", {"ticket_id": other}))["code"] == "FORBIDDEN", "it may be either"
        clock.advance(timedelta(minutes=61))
        await heard.next("token_expired")


async def test_nobody_opens_more_sockets_or_writes_more_than_they_may(people: People, talk: Conversation) -> None:
    token = await people.token("busy", "moderator")
    sockets = [await people.socket(token) for _ in range(10)]
    with pytest.raises(socketio.exceptions.ConnectionError):
        await people.socket(token)
    await sockets[0][0].disconnect()
    client, heard = sockets[1]
    for _ in range(60):
        await client.emit("join_ticket", {"ticket_id": "none"})
    for _ in range(60):
        assert (await heard.next("error"))["code"] == "TICKET_NOT_FOUND"
    await client.emit("join_ticket", {"ticket_id": "none"})
    assert (await heard.next("error"))["code"] == "RATE_LIMITED"
    said = {"ticket_id": talk.ticket_id, "message": "again"}
    answers = [await client.call("send_message", said) for _ in range(31)]
    assert [each["success"] for each in answers] == [True] * 30 + [False]
    assert refusal(await talk.mod.get("/api/tickets/none")) == (404, "TICKET_NOT_FOUND")
    await client.emit("send_message", {"ticket_id": talk.ticket_id, "message": "x" * 70_000})
    await heard.next("disconnect")


class Crowd:
    """Sockets of one person that do no more than come in, or not."""

    def __init__(self, session: aiohttp.ClientSession, token: str) -> None:
        self._session, self._token = session, token
        # Whatever is let go of is closed.
        self._open: list[aiohttp.ClientWebSocketResponse] = []
        self._running: list[asyncio.Future[aiohttp.ClientResponse]] = []

    async def knock(self, served: Served) -> aiohttp.ClientWebSocketResponse:
        """Show the token, and wait for no answer."""
        socket = await self._session.ws_connect(f"{served.url}/socket.io/?EIO=4&transport=websocket")
        assert (await socket.receive_str()).startswith("0{")
        await socket.send_str("40" + json.dumps({"token": self._token}))
        self._open.append(socket)
        return socket

    async def knocks_and_runs(self, served: Served) -> None:
        """Show the token, and leave before there is an answer: both by requests, which overtake each other."""
        place = f"{served.url}/socket.io/?EIO=4&transport=polling"
        async with self._session.get(place) as answer:
            place += "&sid=" + json.loads((await answer.text())[1:])["sid"]
        for packet in ("40" + json.dumps({"token": self._token}), "1"):
            self._running.append(asyncio.ensure_future(self._session.post(place, data=packet)))
        await asyncio.gather(*self._running)

    async def comes(self, served: Served) -> aiohttp.ClientWebSocketResponse | None:
        """Return a socket that was let in, None when it was not."""
        socket = await self.knock(served)
        if (await socket.receive_str()).startswith("44"):
            await socket.close()
            return None
        return socket

    async def comes_soon(self, served: Served) -> aiohttp.ClientWebSocketResponse:
        """Return a socket that is let in as soon as there is a place for it."""
        async with asyncio.timeout(PATIENCE):
            while True:
                if socket := await self.comes(served):
                    return socket


async def test_whoever_leaves_while_being_let_in_takes_no_place(served: Served, people: People) -> None:
    token = await people.token("hasty", "moderator")
    async with aiohttp.ClientSession() as session:
        crowd = Crowd(session, token)
        for _ in range(12):
            await crowd.knocks_and_runs(served)
        for _ in range(10):
            await crowd.comes_soon(served)
        assert await crowd.comes(served) is None


async def test_sockets_of_a_person_are_counted_over_all_processes(
    sqlite_database_url: str, tmp_path: Path, redis_url: str, clock: SettableClock
) -> None:
    settings = settings_for(sqlite_database_url, tmp_path, REDIS_URL=redis_url)
    async with (
        serving(settings, clock=clock) as one,
        coming_to(one, clock) as people,
        aiohttp.ClientSession() as session,
    ):
        crowd = Crowd(session, await people.token("busy", "moderator"))
        async with serving(settings, clock=clock) as other:
            found = [await crowd.comes(each) for each in (one, other) for _ in range(5)]
            assert [await crowd.comes(each) for each in (one, other)] == [None, None]
            assert found[0] is not None
            await found[0].close()
            await crowd.comes_soon(other)
            assert await crowd.comes(one) is None
        for _ in range(6):
            await crowd.comes_soon(one)
        assert await crowd.comes(one) is None


async def test_a_message_reaches_sockets_of_another_process_once(
    sqlite_database_url: str, tmp_path: Path, redis_url: str, clock: SettableClock
) -> None:
    settings = settings_for(sqlite_database_url, tmp_path, REDIS_URL=redis_url)
    async with (
        serving(settings, clock=clock) as one,
        serving(settings, clock=clock) as other,
        coming_to(one, clock) as here,
        coming_to(other, clock) as there,
    ):
        token = await here.token("rosa")
        rosa = await here.client(token)
        ticket_id = await opened(rosa)
        found = [await each.socket(token) for each in (here, there)]
        for client, heard in found:
            await client.emit("join_ticket", {"ticket_id": ticket_id})
            await heard.next("joined_ticket")
        for words in ("first", "second"):
            await rosa.post(f"/api/tickets/{ticket_id}/send", json={"message": words})
        for _, heard in found:
            said = []
            while "second" not in said:
                said.append((await heard.next("new_message"))["message"])
            # The news of its opening may have been on its way when the socket came.
            assert said[-2:] == ["first", "second"]
            assert len(said) == len(set(said))
        program = socketio.AsyncRedisManager(redis_url, channel="guildhall:sockets", write_only=True)
        await program.emit("broadcast", {"title": "Hello"}, room=f"person:{here.sessions['rosa'].user_id}")
        for _, heard in found:
            assert await heard.next("broadcast") == {"title": "Hello"}
        await program.redis.aclose()
