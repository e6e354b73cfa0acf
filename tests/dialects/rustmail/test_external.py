"""What other systems do with a key: opening tickets, polling them, writing in them and closing them."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, Protocol

import httpx
import pytest

from guildhall.core.actor import SYSTEM
from guildhall.domains import tickets
from guildhall.domains.bot import Phase
from guildhall.domains.tickets import EVERYTHING, Draft, Person, Source, Wanted
from guildhall.simulator.discord import DiscordSimulator, people
from guildhall.web import ticket_channels
from tests.clock import SettableClock
from tests.dialects.rustmail.channels import making_channels, says
from tests.dialects.rustmail.people import MEMBER, OTHER, OWNER, STEWARD, FrontDesk, refusal
from tests.serving import Served

PLACE = "/api/externals/tickets"
CREATE = f"{PLACE}/create"


class Keyed(Protocol):
    """Makes a client with a key that has these permissions."""

    def __call__(self, *permissions: str) -> Awaitable[httpx.AsyncClient]:
        """Make one."""


@pytest.fixture
async def owner(front: FrontDesk) -> httpx.AsyncClient:
    """The owner of the server, who may do everything at the desk."""
    return await front.enters(OWNER)


@pytest.fixture
async def keyed(front: FrontDesk, owner: httpx.AsyncClient) -> Keyed:
    async def make(*permissions: str) -> httpx.AsyncClient:
        body = {"name": "A shop", "permissions": list(permissions)}
        key = (await owner.post("/api/apikeys", json=body)).json()["key"]
        return await front.opened(**{"X-API-Key": key})

    return make


@pytest.fixture
async def shop(keyed: Keyed) -> httpx.AsyncClient:
    """A shop's own system, which may do all that keys may."""
    return await keyed("read:tickets", "write:tickets")


async def opened(served: Served) -> int:
    """Return how many tickets there are."""
    async with served.house.database.read() as tx:
        return await tickets.count_tickets(tx, Wanted(), sight=EVERYTHING)


async def test_another_system_opens_a_ticket_and_is_answered_when_its_channel_is_there(
    front: FrontDesk, served: Served, owner: httpx.AsyncClient, shop: httpx.AsyncClient
) -> None:
    fields = [{"key": "order", "label": "Order number", "type": "short", "required": True}]
    made = await owner.post("/api/categories", json={"name": "Billing", "discord_category_id": "5", "fields": fields})
    billing, rosa = made.json(), front.id_of(MEMBER)
    await front.grants(owner, "manage_tickets", to=front.id_of(STEWARD))
    body = {
        "discord_id": rosa,
        "staff_discord_id": front.id_of(STEWARD),
        "subject": "Order A-17",
        "message": "It has not come.",
        "category": " billing",
        "fields": {"order": "A-17"},
    }
    async with making_channels(served) as channels:
        answer = await shop.post(CREATE, json=body)
        created = answer.json()
        assert (answer.status_code, created["success"], created["username"]) == (200, True, MEMBER)
        assert (created["channel_id"], created["user_id"]) == (str(channels[0]), rosa)
        again = await shop.post(CREATE, json={"discord_id": rosa})
        assert refusal(again) == (409, "TICKET_ALREADY_OPEN")
        shown = [again.json()[name] for name in ("ticket_id", "channel_id")]
        assert shown == [created["ticket_id"], created["channel_id"]]

    detail = (await owner.get(f"/api/bot/tickets/{created['ticket_id']}")).json()
    assert (detail["state"], detail["origin"], detail["transport"]) == ("open", "external", "relay")
    assert (detail["category_id"], detail["assigned_to"]) == (billing["id"], front.id_of(STEWARD))
    assert detail["form_answers"] == [{"key": "order", "label": "Order number", "value": "A-17"}]
    (said,) = (await owner.get(f"/api/bot/tickets/{created['ticket_id']}/messages")).json()["messages"]
    assert (said["kind"], said["content"], said["author_id"], said["source"]) == (
        "user",
        "It has not come.",
        rosa,
        "api",
    )


async def test_what_cannot_be_opened_is_refused_and_leaves_nothing(
    front: FrontDesk,
    served: Served,
    owner: httpx.AsyncClient,
    shop: httpx.AsyncClient,
    keyed: Keyed,
    discord: DiscordSimulator,
) -> None:
    rosa, pavel = front.id_of(MEMBER), front.id_of(OTHER)
    assert refusal(await shop.post(CREATE, json={"discord_id": rosa})) == (503, "BOT_OFFLINE")
    robot = discord.world.add_user("robot", bot=True)
    people.join(discord.world, discord.guild, robot, [])
    reader, cookie = await keyed("read:tickets"), await front.opened(await front.cookie_of(STEWARD))
    await owner.post("/api/blocks", json={"subject_type": "user", "subject_id": pavel})
    async with making_channels(served):
        refused: list[tuple[dict[str, Any], int, str]] = [
            ({}, 400, "INVALID_REQUEST"),
            ({"discord_id": 5}, 400, "INVALID_DISCORD_ID"),
            ({"discord_id": "rosa"}, 400, "INVALID_DISCORD_ID"),
            ({"discord_id": rosa, "staff_discord_id": "x"}, 400, "INVALID_STAFF_DISCORD_ID"),
            ({"discord_id": rosa, "staff_discord_id": pavel}, 404, "STAFF_NOT_FOUND"),
            ({"discord_id": "99"}, 404, "USER_NOT_FOUND"),
            ({"discord_id": "9" * 20}, 404, "USER_NOT_FOUND"),
            ({"discord_id": robot.id}, 400, "BOT_USER"),
            ({"discord_id": pavel}, 403, "USER_BLOCKED"),
            ({"discord_id": rosa, "category": "Lost"}, 404, "CATEGORY_NOT_FOUND"),
            ({"discord_id": rosa, "fields": {"order": "1"}}, 400, "INVALID_FIELD"),
            ({"discord_id": rosa, "subject": "x" * 201}, 400, "INVALID_REQUEST"),
            ({"discord_id": rosa, "message": "x" * 4001}, 400, "INVALID_REQUEST"),
        ]
        for body, status, code in refused:
            assert refusal(await shop.post(CREATE, json=body)) == (status, code), body
        missing = await shop.post(CREATE, json={"discord_id": "99"})
        assert missing.json()["error"] == "User not found in community server"
        assert refusal(await reader.post(CREATE, json={"discord_id": rosa})) == (403, "FORBIDDEN")
        assert refusal(await cookie.post(CREATE, json={"discord_id": rosa})) == (401, "UNAUTHORIZED")
        assert refusal(await shop.get("/api/bot/tickets")) == (401, "UNAUTHORIZED")
        await owner.put("/api/bot/config", json={"tickets": {"enabled": False}})
        assert refusal(await shop.post(CREATE, json={"discord_id": rosa})) == (503, "TICKETS_DISABLED")
    await says(served, Phase.STOPPED)
    assert refusal(await owner.post("/api/bot/tickets", json={"user_id": rosa})) == (503, "BOT_OFFLINE")
    assert await opened(served) == 0


async def test_fifty_at_once_open_one_ticket(front: FrontDesk, served: Served, shop: httpx.AsyncClient) -> None:
    rosa, pavel = front.id_of(MEMBER), front.id_of(OTHER)
    async with making_channels(served) as channels:
        answers = await asyncio.gather(*(shop.post(CREATE, json={"discord_id": rosa}) for _ in range(50)))
        (won,) = [each.json() for each in answers if each.status_code == 200]
        lost = [each for each in answers if each.status_code == 409]
        assert (len(lost), {each.json()["ticket_id"] for each in lost}) == (49, {won["ticket_id"]})

        once = {"Idempotency-Key": "order 17"}
        body = {"discord_id": pavel}
        same = await asyncio.gather(*(shop.post(CREATE, json=body, headers=once) for _ in range(50)))
        assert {(each.status_code, each.content) for each in same} == {(200, same[0].content)}
        other = await shop.post(CREATE, json={"discord_id": rosa}, headers=once)
        assert refusal(other) == (409, "IDEMPOTENCY_KEY_REUSED")
        assert (len(channels), await opened(served)) == (2, 2)


async def test_a_repeat_finds_what_was_not_done_in_time_and_begins_anew_what_was_undone(
    front: FrontDesk, served: Served, shop: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticket_channels.await_channel, "__kwdefaults__", {"patience": 0.1})
    once, body = {"Idempotency-Key": "one"}, {"discord_id": front.id_of(MEMBER)}
    await says(served, Phase.CONNECTED)
    for _ in range(2):
        assert refusal(await shop.post(CREATE, json=body, headers=once)) == (503, "DISCORD_UNAVAILABLE")
    assert await opened(served) == 1
    monkeypatch.undo()
    async with making_channels(served, refuses=True):
        assert refusal(await shop.post(CREATE, json=body, headers=once)) == (503, "DISCORD_UNAVAILABLE")
    assert await opened(served) == 0
    async with making_channels(served) as channels:
        created = (await shop.post(CREATE, json=body, headers=once)).json()
        assert (created["channel_id"], created["number"]) == (str(channels[0]), 2)
    await says(served, Phase.STOPPED)
    assert (await shop.post(CREATE, json=body, headers=once)).json() == created


async def staff_work_on(served: Served, ticket_id: str, steward: Person, clock: SettableClock) -> None:
    """Let somebody claim a ticket, answer anonymously, write a note, and take an answer back."""
    async with served.house.database.write() as tx:
        ticket = await tickets.access_ticket_to_change(tx, SYSTEM, ticket_id, sight=EVERYTHING)
        ticket = await tickets.claim_ticket(tx, SYSTEM, ticket, steward, now=clock.now())
        for write, words, hidden in (
            (tickets.write_as_staff, "We look", True),
            (tickets.write_note, "A known one", False),
            (tickets.write_as_staff, "Found it", False),
        ):
            draft = Draft(words, Source.PANEL, hidden)
            said = await write(tx, SYSTEM, ticket, steward, draft, now=clock.now())
            ticket = await tickets.access_ticket_to_change(tx, SYSTEM, ticket_id, sight=EVERYTHING)
        await tickets.delete_message(tx, SYSTEM, ticket, said.id, person=steward, now=clock.now())


async def ends_once(shop: httpx.AsyncClient, ticket_id: str) -> None:
    """Close a ticket, which takes nothing more then."""
    closed = (await shop.post(f"{PLACE}/{ticket_id}/close", json={"reason": "Solved"})).json()["ticket"]
    assert closed["closed_by"].startswith("api_key:")
    assert closed["close_reason"] == "Solved"
    assert (await shop.get(f"{PLACE}/{ticket_id}")).json()["messages"][-1]["content"] == "**Closing Message:** Solved"
    assert refusal(await shop.post(f"{PLACE}/{ticket_id}/close")) == (409, "TICKET_CLOSED")
    sent = await shop.post(f"{PLACE}/{ticket_id}/messages", json={"content": "Late"})
    assert refusal(sent) == (409, "TICKET_CLOSED")


async def is_listed(shop: httpx.AsyncClient, first: str, second: str, **queries: str) -> None:
    """See both tickets in the list, and the first, closed one alone where it is asked for in each of these ways."""

    async def listed(**query: str) -> set[str]:
        answer = await shop.get(PLACE, params=query)
        assert answer.status_code == 200, answer.text
        return {each["id"] for each in answer.json()["tickets"]}

    assert await listed() == {first, second}
    for query in ({"status": "closed"}, *({name: value} for name, value in queries.items())):
        assert await listed(**query) == {first}
    for wrong in ({"updated_since": "yesterday"}, {"updated_since": "2026-03-01T12:00:00"}, {"limit": "0"}):
        assert refusal(await shop.get(PLACE, params=wrong)) == (400, "INVALID_PARAMETER")
    assert refusal(await shop.get(PLACE, params={"status": "ajar"})) == (400, "INVALID_STATUS")
    assert refusal(await shop.get(f"{PLACE}/nothing")) == (404, "TICKET_NOT_FOUND")
    assert refusal(await shop.post(f"{PLACE}/nothing/close")) == (404, "TICKET_NOT_FOUND")


async def test_other_systems_read_no_notes_and_nobody_behind_anonymous_words(
    front: FrontDesk, served: Served, owner: httpx.AsyncClient, shop: httpx.AsyncClient, clock: SettableClock
) -> None:
    rosa, steward = front.id_of(MEMBER), Person("4444", "tobias.k")
    async with making_channels(served):
        first = (await shop.post(CREATE, json={"discord_id": rosa, "message": "Hello"})).json()["ticket_id"]
        second = (await shop.post(CREATE, json={"discord_id": front.id_of(OTHER)})).json()["ticket_id"]
    await staff_work_on(served, first, steward, clock)
    reply = (await shop.post(f"{PLACE}/{first}/messages", json={"content": "Your order left."})).json()
    assert (reply["author_id"], reply["author_name"], reply["kind"], reply["source"]) == (
        None,
        "A shop",
        "staff",
        "api",
    )
    note = (await shop.post(f"{PLACE}/{first}/messages", json={"content": "Paid", "kind": "note"})).json()
    assert note["kind"] == "note"
    shown = (await shop.get(f"{PLACE}/{first}")).json()
    assert [(each["kind"], each["content"]) for each in shown["messages"]] == [
        ("user", "Hello"),
        ("staff", "We look"),
        ("staff", ""),
        ("staff", "Your order left."),
    ]
    assert (shown["messages"][1]["author_id"], shown["messages"][1]["author_name"]) == (None, "Support team")
    assert (shown["claimed_by"], [each["role"] for each in shown["participants"]]) == (None, ["user"])
    page = (await shop.get(f"{PLACE}/{first}", params={"limit": 1, "after": shown["messages"][0]["id"]})).json()
    assert ([each["content"] for each in page["messages"]], page["has_more"]) == (["We look"], True)

    clock.advance(timedelta(minutes=5))
    since = clock.now().isoformat()
    await ends_once(shop, first)
    await is_listed(shop, first, second, updated_since=since, user_id=rosa)
    assert (await owner.get("/api/apikeys")).json()["keys"][0]["name"] == "A shop"
