"""Tickets over the wire: lists in both shapes, one ticket, and what staff do with it."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, Protocol

import httpx
import pytest

from guildhall.core.actor import SYSTEM
from guildhall.domains import tickets
from guildhall.domains.bot import Phase
from guildhall.domains.tickets import Draft, Origin, Person, Source, Ticket, Transport
from guildhall.simulator.discord import Fault
from tests.clock import SettableClock
from tests.dialects.rustmail.channels import making_channels, says
from tests.dialects.rustmail.people import MEMBER, OTHER, OWNER, STEWARD, FrontDesk, refusal
from tests.serving import Served

TICKETS = "/api/bot/tickets"
ROSA = Person("123456789012345678", "rosa.m")


class Opens(Protocol):
    """Opens a ticket for somebody who has written one message."""

    def __call__(self, person: Person = ROSA, words: str = "My order has not come.", **named: str) -> Awaitable[Ticket]:
        """Open one."""


@pytest.fixture
async def owner(front: FrontDesk) -> httpx.AsyncClient:
    """The owner of the server, who may do everything at the desk."""
    return await front.enters(OWNER)


@pytest.fixture
async def staff(front: FrontDesk, owner: httpx.AsyncClient) -> httpx.AsyncClient:
    """Somebody who manages tickets."""
    await front.grants(owner, "manage_tickets", to=front.id_of(STEWARD))
    return await front.enters(STEWARD)


@pytest.fixture
def opened(served: Served, clock: SettableClock) -> Opens:
    async def open_one(person: Person = ROSA, words: str = "My order has not come.", **named: str) -> Ticket:
        given: dict[str, Any] = {"guild_id": 1, "origin": Origin.DM, "transport": Transport.RELAY, **named}
        async with served.house.database.write() as tx:
            ticket = await tickets.open_ticket(tx, SYSTEM, person=person, needs_channel=False, now=clock.now(), **given)
            await tickets.write_as_user(tx, SYSTEM, ticket, person, Draft(words, Source.DISCORD), now=clock.now())
        return ticket

    return open_one


async def test_a_ticket_is_shown_with_all_that_clients_read(staff: httpx.AsyncClient, opened: Opens) -> None:
    ticket = await opened(subject="Order A-17", category_id="billing", category_name="Billing")
    page = (await staff.get(TICKETS)).json()
    (shown,) = page["tickets"]
    assert {name: shown[name] for name in ("id", "user_id", "user_name", "status", "message_count", "number")} == {
        "id": ticket.id,
        "user_id": ROSA.id,
        "user_name": ROSA.name,
        "status": 1,
        "message_count": 1,
        "number": 1,
    }
    assert (shown["state"], shown["subject"], shown["category_name"]) == ("open", "Order A-17", "Billing")
    assert (page["total"], page["limit"], page["offset"], page["page"], page["total_pages"]) == (1, 50, 0, 1, 1)
    assert "threads" not in page
    detail = (await staff.get(f"{TICKETS}/{ticket.id}")).json()
    assert detail["participants"] == [{"id": ROSA.id, "name": ROSA.name, "role": "user"}]
    assert detail["previous_tickets"] == 0


async def test_later_clients_get_the_same_rows_as_threads(staff: httpx.AsyncClient, opened: Opens) -> None:
    ticket = await opened()
    for query in ({"page": 1}, {"page_size": 10}, {"sort_by": "created_at"}, {"sort_order": "asc"}, {"status": "1"}):
        (thread,) = (await staff.get(TICKETS, params=query)).json()["threads"]
        assert (thread["id"], thread["user_id"], thread["messages"]) == (ticket.id, int(ROSA.id), [])
    one = (await staff.get(TICKETS, params={"id": ticket.id})).json()
    assert one["threads"][0]["messages"] == one["messages"]
    assert one["messages"][0]["content"] == "My order has not come."
    assert (one["id"], one["tickets"][0]["id"], one["total"]) == (ticket.id, ticket.id, 1)
    assert refusal(await staff.get(TICKETS, params={"id": "nothing"})) == (404, "TICKET_NOT_FOUND")


async def test_a_list_is_filtered_sorted_and_paged(staff: httpx.AsyncClient, opened: Opens) -> None:
    for number in range(5):
        await opened(Person(str(5000 + number), f"person {number}"), words=f"About thing{number}")

    async def numbers(**query: str | int) -> list[int]:
        answer = await staff.get(TICKETS, params=query)
        assert answer.status_code == 200, answer.text
        return [ticket["number"] for ticket in answer.json()["tickets"]]

    assert await numbers(limit=2) == [5, 4]
    assert await numbers(limit=2, offset=4) == [1]
    assert await numbers(page=2, page_size=2) == [3, 2]
    assert await numbers(limit=1, page=5, page_size=2, offset=0) == [5], "limit and offset win"
    assert await numbers(limit=100_000) == [5, 4, 3, 2, 1]
    assert await numbers(sort_order="asc", sort_by="user_name") == [1, 2, 3, 4, 5]
    assert await numbers(user_id="5002") == [3]
    assert await numbers(q="thing3") == [4]
    assert await numbers(status="OPEN") == [5, 4, 3, 2, 1]
    assert await numbers(status="closed") == await numbers(status="0") == []
    assert await numbers(claimed_by="none", tag="late") == []
    bad: list[tuple[dict[str, str | int], str]] = [
        ({"status": "lost"}, "INVALID_STATUS"),
        ({"limit": 0}, "INVALID_PARAMETER"),
        ({"limit": "many"}, "INVALID_PARAMETER"),
        ({"offset": -1}, "INVALID_PARAMETER"),
        ({"offset": 10**12}, "INVALID_PARAMETER"),
        ({"page": 0}, "INVALID_PARAMETER"),
        ({"page_size": 0}, "INVALID_PARAMETER"),
        ({"sort_by": "mood"}, "INVALID_PARAMETER"),
        ({"sort_order": "up"}, "INVALID_PARAMETER"),
        ({"q": "x" * 201}, "INVALID_PARAMETER"),
    ]
    for query, code in bad:
        assert refusal(await staff.get(TICKETS, params=query)) == (400, code), query


async def test_staff_answer_note_change_and_delete(front: FrontDesk, staff: httpx.AsyncClient, opened: Opens) -> None:
    ticket = await opened()
    place = f"{TICKETS}/{ticket.id}/messages"
    reply = (await staff.post(place, json={"content": " We are looking into it. "})).json()
    assert (reply["number"], reply["kind"], reply["content"]) == (1, "staff", "We are looking into it.")
    assert (reply["author_id"], reply["delivery"], reply["anonymous"]) == (front.id_of(STEWARD), "none", False)
    note = (await staff.post(place, json={"content": "Known customer", "kind": "note", "anonymous": True})).json()
    assert (note["number"], note["kind"], note["anonymous"]) == (None, "note", False)
    edited = (await staff.patch(f"{place}/{reply['id']}", json={"content": "We have found it."})).json()
    assert edited["edited_at"] is not None
    page = (await staff.get(place, params={"include": "revisions", "limit": 2})).json()
    assert [message["kind"] for message in page["messages"]] == ["user", "staff"]
    assert page["has_more"]
    assert [each["content"] for each in page["messages"][1]["revisions"]] == ["We are looking into it."]
    newest = (await staff.get(place, params={"before": 10**6, "limit": 1})).json()
    assert [message["kind"] for message in newest["messages"]] == ["note"]
    assert "revisions" not in newest["messages"][0]
    stranger = await front.enters(OTHER)
    assert refusal(await stranger.post(place, json={"content": "Let me in"})) == (403, "FORBIDDEN")
    assert (await staff.delete(f"{place}/{note['id']}")).json() == {"success": True}
    assert refusal(await staff.patch(f"{place}/{note['id']}", json={"content": "Again"})) == (409, "MESSAGE_DELETED")
    user_message = page["messages"][0]["id"]
    refused: list[tuple[httpx.Response, tuple[int, str]]] = [
        (await staff.post(place, json={"content": " "}), (400, "EMPTY_MESSAGE")),
        (await staff.post(place, json={"content": "x" * 4001}), (400, "MESSAGE_TOO_LONG")),
        (await staff.post(place, json={"content": "x", "kind": "shout"}), (400, "INVALID_REQUEST")),
        (await staff.post(f"{TICKETS}/nothing/messages", json={"content": "x"}), (404, "TICKET_NOT_FOUND")),
        (await staff.patch(f"{place}/{user_message}", json={"content": "x"}), (403, "NOT_AUTHOR")),
        (await staff.patch(f"{place}/99999", json={"content": "x"}), (404, "MESSAGE_NOT_FOUND")),
        (await staff.patch(f"{place}/{reply['id']}", json={}), (400, "INVALID_REQUEST")),
        (await staff.delete(f"{place}/{user_message}"), (403, "NOT_AUTHOR")),
        (await staff.delete(f"{place}/99999"), (404, "MESSAGE_NOT_FOUND")),
        (await staff.get(place, params={"before": 0}), (400, "INVALID_PARAMETER")),
        (await staff.get(place, params={"include": "everything"}), (400, "INVALID_PARAMETER")),
    ]
    for answer, expected in refused:
        assert refusal(answer) == expected


async def test_of_two_who_claim_at_once_one_wins_and_may_give_it_back(
    front: FrontDesk, staff: httpx.AsyncClient, opened: Opens
) -> None:
    ticket = await opened()
    other = await front.enters(OTHER, "admin")
    answers = await asyncio.gather(*(each.post(f"{TICKETS}/{ticket.id}/claim") for each in (staff, other)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (lost,) = [answer for answer in answers if answer.status_code == 409]
    assert lost.json()["code"] == "TICKET_CLAIMED"
    winner = staff if answers[0].status_code == 200 else other
    released = (await winner.post(f"{TICKETS}/{ticket.id}/release")).json()
    assert (released["success"], released["ticket"]["claimed_by"]) == (True, None)


async def test_a_ticket_is_changed_in_part(
    front: FrontDesk, staff: httpx.AsyncClient, opened: Opens, clock: SettableClock
) -> None:
    ticket = await opened()
    place = f"{TICKETS}/{ticket.id}"
    at = (clock.now() + timedelta(hours=1)).isoformat()
    body = {"label": "refund", "tags": ["late"], "priority": "high", "on_hold": True, "scheduled_close_at": at}
    shown = (await staff.patch(place, json=body)).json()["ticket"]
    assert (shown["label"], shown["tags"], shown["priority"], shown["state"]) == ("refund", ["late"], "high", "on_hold")
    assert shown["scheduled_close_at"] == at.replace("+00:00", "Z")
    shown = (await staff.patch(place, json={"label": None, "scheduled_close_at": None})).json()["ticket"]
    assert (shown["label"], shown["scheduled_close_at"], shown["tags"]) == (None, None, ["late"])
    me = front.id_of(STEWARD)
    shown = (await staff.patch(place, json={"assigned_to": me, "category_id": None})).json()["ticket"]
    assert (shown["assigned_to"], shown["claimed_by"], shown["category_id"]) == (me, None, None)
    mara = front.id_of(OWNER)
    shown = (await staff.patch(place, json={"assigned_to": mara})).json()["ticket"]
    assert (shown["assigned_to"], shown["claimed_by"]) == (mara, None)
    assert (await staff.patch(place, json={"assigned_to": None})).json()["ticket"]["assigned_to"] is None
    bad: list[tuple[dict[str, Any], str]] = [
        ({}, "INVALID_REQUEST"),
        ({"assigned_to": front.id_of(OTHER)}, "NOT_STAFF"),
        ({"assigned_to": "99"}, "NOT_STAFF"),
        ({"assigned_to": "tobias"}, "NOT_STAFF"),
        ({"tags": ["Two words"]}, "INVALID_TAG"),
        ({"label": "x" * 51}, "INVALID_TAG"),
        ({"priority": "huge"}, "INVALID_REQUEST"),
        ({"scheduled_close_at": "2020-01-01T00:00:00Z"}, "INVALID_TIME"),
        ({"scheduled_close_at": "2030-01-01T00:00:00"}, "INVALID_TIME"),
        ({"subject": "x" * 201}, "INVALID_REQUEST"),
    ]
    for changes, code in bad:
        assert refusal(await staff.patch(place, json=changes)) == (400, code), changes
    assert refusal(await staff.patch(place, json={"category_id": "billing"})) == (404, "CATEGORY_NOT_FOUND")
    front.discord.faults.add(Fault(path="/api/v10/guilds", status=503), times=50)
    away = (await staff.patch(place, json={"assigned_to": mara})).json()["ticket"]
    assert away["assigned_to"] == mara, "what was last known of them counts"
    assert (await staff.get(place)).json()["label"] is None


async def test_a_ticket_is_closed_now_or_later_and_opened_again(
    front: FrontDesk, staff: httpx.AsyncClient, opened: Opens, clock: SettableClock
) -> None:
    ticket = await opened()
    place = f"{TICKETS}/{ticket.id}"
    planned = (await staff.post(f"{place}/close", json={"delay_seconds": 60, "silent": True})).json()["ticket"]
    assert (planned["status"], planned["scheduled_close_at"] is None) == (1, False)
    for bad in ({"delay_seconds": 0}, {"at": "2020-01-01T00:00:00Z"}, {"delay_seconds": "soon"}):
        assert refusal(await staff.post(f"{place}/close", json=bad)) == (400, "INVALID_TIME")
    assert refusal(await staff.post(f"{place}/reopen")) == (409, "TICKET_OPEN")
    closed = (await staff.post(f"{place}/close", json={"reason": "Solved"})).json()["ticket"]
    assert (closed["status"], closed["state"], closed["close_reason"]) == (0, "closed", "Solved")
    assert (closed["closed_by"], closed["scheduled_close_at"]) == (front.id_of(STEWARD), None)
    again = (
        staff.post(f"{place}/close"),
        staff.post(f"{place}/claim"),
        staff.post(f"{place}/release"),
        staff.patch(place, json={"label": "x"}),
        staff.post(f"{place}/messages", json={"content": "x"}),
    )
    for each in again:
        assert refusal(await each) == (409, "TICKET_CLOSED")
    opened_again = (await staff.post(f"{place}/reopen")).json()["ticket"]
    assert (opened_again["status"], opened_again["reopen_count"]) == (1, 1)
    assert (await staff.post(f"{place}/close")).status_code == 200
    await opened()
    assert refusal(await staff.post(f"{place}/reopen")) == (409, "TICKET_ALREADY_OPEN")


async def test_who_may_only_look_changes_nothing_and_strangers_see_nothing(
    front: FrontDesk, owner: httpx.AsyncClient, opened: Opens
) -> None:
    ticket = await opened()
    await front.grants(owner, "view_tickets", to=front.id_of(MEMBER))
    viewer, stranger = await front.enters(MEMBER), await front.enters(OTHER)
    nobody = await front.opened()
    place = f"{TICKETS}/{ticket.id}"
    for path in (TICKETS, place, f"{place}/messages"):
        assert (await viewer.get(path)).status_code == 200
        assert refusal(await stranger.get(path)) == (403, "FORBIDDEN")
        assert refusal(await nobody.get(path)) == (401, "UNAUTHORIZED")
    changes = (("POST", "/close"), ("POST", "/reopen"), ("POST", "/claim"), ("POST", "/release"), ("PATCH", ""))
    for method, path in changes:
        assert refusal(await viewer.request(method, place + path, json={"label": "x"})) == (403, "FORBIDDEN")


async def test_tickets_of_a_category_are_seen_by_its_viewers_alone(
    front: FrontDesk, owner: httpx.AsyncClient, staff: httpx.AsyncClient, opened: Opens
) -> None:
    role = front.role("Steward")
    made = await owner.post(
        "/api/categories", json={"name": "Complaints", "discord_category_id": "5", "viewer_role_ids": [role]}
    )
    hidden, shown = await opened(), await opened(Person("5000", "pavel"), words="Another thing")
    place, category = f"{TICKETS}/{hidden.id}", made.json()["id"]
    front.give_roles(STEWARD, "Steward")
    front.give_roles(OTHER)
    await front.grants(owner, "manage_tickets", to=front.id_of(OTHER))
    other = await front.enters(OTHER)
    moved = (await staff.patch(place, json={"category_id": category})).json()["ticket"]
    assert (moved["category_id"], moved["category_name"]) == (category, "Complaints")

    async def listed(client: httpx.AsyncClient, **query: str) -> list[str]:
        page = (await client.get(TICKETS, params=query)).json()
        assert page["total"] == len(page["tickets"])
        return [each["id"] for each in page["tickets"]]

    for client in (owner, staff):
        assert await listed(client) == [shown.id, hidden.id]
        assert await listed(client, category_id=category) == await listed(client, q="order") == [hidden.id]
        assert (await client.get(place)).status_code == 200
    assert await listed(other) == [shown.id]
    assert await listed(other, category_id=category) == await listed(other, q="order") == []
    say = {"content": "x"}
    unseen = [
        await other.get(TICKETS, params={"id": hidden.id}),
        await other.get(place),
        await other.patch(place, json={"label": "x"}),
        await other.get(f"{place}/messages"),
        await other.post(f"{place}/messages", json=say),
        *[await other.post(f"{place}/{deed}") for deed in ("close", "reopen", "claim", "release")],
    ]
    assert {refusal(answer) for answer in unseen} == {(404, "TICKET_NOT_FOUND")}
    for answer in (await other.patch(f"{place}/messages/1", json=say), await other.delete(f"{place}/messages/1")):
        assert refusal(answer) == (404, "MESSAGE_NOT_FOUND")
    page = (await other.get("/panel/desk")).text
    assert (hidden.id in page, shown.id in page) == (False, True)
    statuses = [(await each.get(f"/panel/desk/{hidden.id}")).status_code for each in (other, staff)]
    assert statuses == [404, 200]


async def test_a_snippet_is_sent_by_its_key(
    front: FrontDesk, owner: httpx.AsyncClient, staff: httpx.AsyncClient, opened: Opens
) -> None:
    ticket = await opened()
    place = f"{TICKETS}/{ticket.id}/messages"
    content = "Hello {{user.name}}, {{staff.name}} of {{guild.name}} sends {{args.1}}."
    await owner.post("/api/snippets", json={"key": "sent", "content": content, "anonymous": True})
    said = (await staff.post(place, json={"snippet": "sent", "args": ["A-17"]})).json()
    guild = front.discord.guild.name
    assert (said["content"], said["anonymous"]) == (f"Hello rosa.m, tobias.k of {guild} sends A-17.", True)
    note = (await staff.post(place, json={"snippet": "sent", "args": ["@everyone"], "kind": "note"})).json()
    assert ("@everyone" in note["content"], note["anonymous"]) == (False, False)
    refused: list[tuple[dict[str, Any], tuple[int, str]]] = [
        ({"snippet": "sent"}, (400, "INVALID_REQUEST")),
        ({"snippet": "sent", "args": ["x"] * 10}, (400, "INVALID_REQUEST")),
        ({"snippet": "lost"}, (404, "SNIPPET_NOT_FOUND")),
    ]
    for body, expected in refused:
        assert refusal(await staff.post(place, json=body)) == expected
    assert (await owner.get("/api/snippets")).json()["snippets"][0]["uses"] == 2


async def test_staff_open_a_ticket_for_somebody_and_reopen_it_with_a_new_channel(
    front: FrontDesk, served: Served, staff: httpx.AsyncClient
) -> None:
    rosa = front.id_of(MEMBER)
    async with making_channels(served) as channels:
        body = {"user_id": rosa, "message": "We saw your report.", "subject": "Report"}
        once = {"Idempotency-Key": "report 5"}
        first = await staff.post(TICKETS, json=body, headers=once)
        ticket = first.json()["ticket"]
        assert (ticket["state"], ticket["origin"], ticket["message_count"]) == ("open", "panel", 1)
        assert (ticket["channel_id"], ticket["user_name"]) == (str(channels[0]), MEMBER)
        assert (await staff.post(TICKETS, json=body, headers=once)).content == first.content
        again = await staff.post(TICKETS, json=body)
        assert refusal(again) == (409, "TICKET_ALREADY_OPEN")
        for wrong, status, code in (
            ({"user_id": "rosa"}, 400, "INVALID_REQUEST"),
            ({"user_id": "99"}, 404, "USER_NOT_FOUND"),
            ({"user_id": rosa, "category_id": "lost"}, 404, "CATEGORY_NOT_FOUND"),
        ):
            assert refusal(await staff.post(TICKETS, json=wrong)) == (status, code)
        place = f"{TICKETS}/{ticket['id']}"
        await staff.post(f"{place}/close")
        reopened = (await staff.post(f"{place}/reopen")).json()["ticket"]
        assert (reopened["state"], reopened["channel_id"]) == ("open", str(channels[1]))
        assert refusal(await staff.post(f"{place}/reopen")) == (409, "TICKET_OPEN")
        await staff.post(f"{place}/close")
    await says(served, Phase.STOPPED)
    assert refusal(await staff.post(f"{place}/reopen")) == (503, "BOT_OFFLINE")
    assert (await staff.get(place)).json()["state"] == "closed"
