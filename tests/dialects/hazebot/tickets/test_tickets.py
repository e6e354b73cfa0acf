"""Tickets over the wire of the apps: who sees and does what, in the words that each client reads."""

import asyncio
from datetime import timedelta

import httpx
import msgspec
import pytest
from sqlalchemy import func, select

from guildhall.core.actor import SYSTEM
from guildhall.core.db import query
from guildhall.core.jobs import JobContext
from guildhall.domains import tickets
from guildhall.domains.identity.desk import Standing, SubjectKind
from guildhall.domains.identity.desk.staff import Known
from guildhall.domains.site import change_configuration
from guildhall.domains.tickets import EVERYTHING, Draft, Person, Source, categories
from guildhall.domains.tickets.blocks import block
from guildhall.domains.tickets.models import ticket_messages
from tests.clock import SettableClock
from tests.dialects.hazebot.tickets.people import OPENING, People, opened, refusal
from tests.serving import Served

TICKETS = "/api/tickets"
MOD_ID = "987654321098765432"


@pytest.fixture
async def rosa(people: People) -> httpx.AsyncClient:
    """Somebody with a question."""
    return await people.enters("rosa", discord_id="123456789012345678")


@pytest.fixture
async def mod(people: People) -> httpx.AsyncClient:
    """Somebody who answers."""
    return await people.enters("mod", "moderator", discord_id=MOD_ID)


async def configure(served: Served, **settings: object) -> None:
    async with served.house.database.write() as tx:
        changes = {name if "." in name else f"tickets.{name}": value for name, value in settings.items()}
        now = served.house.clock.now()
        await change_configuration(tx, SYSTEM, changes, site=served.house.site, now=now)


async def test_a_ticket_is_opened_listed_and_read_in_the_words_of_each_client(
    people: People, rosa: httpx.AsyncClient, mod: httpx.AsyncClient
) -> None:
    made = await rosa.post(TICKETS, json=OPENING, headers={"Idempotency-Key": "one"})
    again = await rosa.post(TICKETS, json=OPENING, headers={"Idempotency-Key": "one"})
    assert (made.status_code, made.json()) == (201, again.json())
    assert made.json()["message"] == f"Ticket #{made.json()['ticket_num']} created successfully!"
    place = f"{TICKETS}/{made.json()['ticket_id']}"
    await mod.post(f"{place}/claim")
    listed = (await mod.get(TICKETS)).json()
    (shown,) = listed["tickets"]
    assert (listed["total"], listed["limit"], listed["offset"]) == (1, None, 0)
    assert (shown["status"], shown["state"], shown["type"], shown["user_id"]) == (
        "open", "Claimed", "General", "123456789012345678",
    )  # fmt: skip
    assert (shown["claimed_by"], shown["claimed_by_name"], shown["user_name"]) == (MOD_ID, "mod", "rosa")
    assert (shown["unread_count"], shown["initial_message"]) == (1, None)
    app = await mod.get(TICKETS, headers={"X-App-Version": "3.1"}, params={"status": "CLAIMED", "limit": 5})
    assert (app.json()["tickets"][0]["status"], app.headers["vary"]) == ("Claimed", "X-App-Version, Origin")
    detail = (await rosa.get(place)).json()
    words = f"**Subject:** {OPENING['subject']}\n\n**Description:**\n{OPENING['description']}"
    assert detail["initial_message"] == detail["messages"][0]["content"] == words
    assert detail["messages"][1] | {"id": "", "timestamp": ""} == {
        "id": "", "author_id": "bot", "author_name": "Guildhall", "author_avatar": None,
        "content": "Ticket claimed by mod", "timestamp": "", "is_admin": False, "is_bot": True, "role": None,
        "display_content": "Ticket claimed by mod", "attachments": [], "edited_at": None,
    }  # fmt: skip
    assert (await rosa.get(f"{TICKETS}/my")).json()["total"] == 1
    assert (await mod.get(f"{TICKETS}/my")).json()["total"] == 0
    stranger = await people.enters("stranger")
    assert (await stranger.get(TICKETS)).json()["tickets"] == []
    assert refusal(await stranger.get(place)) == (403, "FORBIDDEN")
    assert refusal(await mod.get(f"{TICKETS}/none")) == (404, "TICKET_NOT_FOUND")
    for asked, code in (
        ("status=lost", "INVALID_STATUS"),
        ("limit=0", "INVALID_PARAMETER"),
        ("offset=x", "INVALID_PARAMETER"),
    ):
        assert refusal(await mod.get(f"{TICKETS}?{asked}")) == (400, code)


async def test_a_list_asks_the_database_twice_and_once_for_names(
    served: Served, rosa: httpx.AsyncClient, mod: httpx.AsyncClient
) -> None:
    for _ in range(2):
        await opened(rosa)
    asked: list[str] = []
    served.house.database.observe = asked.append
    await mod.get(TICKETS, params={"limit": 2})
    listed = [each for each in asked if "ticket" in each or "union" in each.lower()]
    # The page and its length, the marks of what was read, and the names.
    assert len(listed) == 4
    assert not any("ticket_messages" in each for each in listed)


async def test_tickets_open_only_as_the_house_lets_them(
    served: Served, people: People, clock: SettableClock, rosa: httpx.AsyncClient, mod: httpx.AsyncClient
) -> None:
    for other, code in (
        ({"type": "Nonsense"}, "INVALID_CATEGORY"),
        ({"subject": "ab"}, "INVALID_REQUEST"),
        ({"description": "too short"}, "INVALID_REQUEST"),
    ):
        assert refusal(await rosa.post(TICKETS, json=OPENING | other)) == (400, code)
    first = await opened(rosa)
    await configure(served, max_open_per_user=1)
    assert refusal(await rosa.post(TICKETS, json=OPENING)) == (409, "TOO_MANY_OPEN_TICKETS")
    assert (await mod.post(TICKETS, json=OPENING)).status_code == 201
    for _ in range(4):
        await rosa.post(f"{TICKETS}/{first}/close")
        first = (await rosa.post(TICKETS, json=OPENING)).json().get("ticket_id", first)
    await rosa.post(f"{TICKETS}/{first}/close")
    assert refusal(await rosa.post(TICKETS, json=OPENING)) == (429, "RATE_LIMITED")
    await configure(served, enabled=False)
    assert refusal(await mod.post(TICKETS, json=OPENING)) == (503, "TICKETS_DISABLED")


async def test_people_write_and_staff_answer_once_each(
    served: Served, people: People, clock: SettableClock, rosa: httpx.AsyncClient, mod: httpx.AsyncClient
) -> None:
    place = f"{TICKETS}/{await opened(rosa)}"
    said = {"message": "  Hello  ", "content": "not this", "client_message_id": "c1"}
    sent = (await rosa.post(f"{place}/send", json=said)).json()["message"]
    assert (await rosa.post(f"{place}/send", json=said)).json()["message"] == sent
    assert (sent["content"], sent["is_admin"], sent["role"]) == ("Hello", False, None)
    posted = (await mod.post(f"{place}/messages", json={"content": "On it"})).json()
    assert posted["message"] == "Message sent successfully"
    assert (posted["data"]["is_admin"], posted["data"]["role"], posted["data"]["author_id"]) == (
        True,
        "moderator",
        MOD_ID,
    )
    assert (await rosa.get(place)).json()["unread_count"] == 1
    assert (await rosa.post(f"{place}/mark-read")).json() == {"success": True}
    assert (await rosa.get(place)).json()["unread_count"] == 0
    for body, code in (
        ({"message": " "}, "EMPTY_MESSAGE"),
        ({}, "EMPTY_MESSAGE"),
        ({"content": "x" * 4001}, "MESSAGE_TOO_LONG"),
    ):
        assert refusal(await rosa.post(f"{place}/send", json=body)) == (400, code)
    page = (await rosa.get(f"{place}/messages", params={"limit": 1, "before": posted["data"]["id"]})).json()
    assert ([each["id"] for each in page["messages"]], page["from_cache"]) == ([sent["id"]], False)
    newer = (await rosa.get(f"{place}/messages", params={"after": sent["id"]})).json()["messages"]
    assert [each["content"] for each in newer] == ["On it"]
    assert refusal(await rosa.get(f"{place}/messages?before=x")) == (400, "INVALID_PARAMETER")
    async with served.house.database.write() as tx:
        ticket = await tickets.access_ticket_to_change(tx, SYSTEM, place.removeprefix(f"{TICKETS}/"), sight=EVERYTHING)
        author, now = Person(MOD_ID, "mod"), clock.now()
        await tickets.write_note(tx, SYSTEM, ticket, author, Draft("a note", Source.PANEL), now=now)
        await tickets.write_as_staff(tx, SYSTEM, ticket, author, Draft("masked", Source.PANEL, anonymous=True), now=now)
    last = (await rosa.get(place)).json()["messages"][-1]
    assert (last["content"], last["author_id"], last["author_name"]) == ("masked", "staff", "Support team")
    assert (await mod.get(place)).json()["messages"][-1]["author_id"] == MOD_ID
    assert not any(each["content"] == "a note" for each in (await mod.get(place)).json()["messages"])


async def test_with_required_claims_the_first_reply_claims_and_others_are_refused(
    served: Served, people: People, rosa: httpx.AsyncClient, mod: httpx.AsyncClient
) -> None:
    await configure(served, claim_exclusive=True)
    place = f"{TICKETS}/{await opened(rosa)}"
    await mod.post(f"{place}/send", json={"message": "Mine"})
    other, admin = await people.enters("other", "moderator"), await people.enters("ada", "admin")
    assert refusal(await other.post(f"{place}/send", json={"message": "No, mine"})) == (409, "TICKET_CLAIMED")
    assert (await admin.post(f"{place}/send", json={"message": "Both of you"})).json()["message"]["role"] == "admin"


async def test_fifty_claims_at_once_have_one_winner(people: People, rosa: httpx.AsyncClient) -> None:
    place = f"{TICKETS}/{await opened(rosa)}"
    takers = [await people.enters(f"mod{number}", "moderator") for number in range(5)]
    answers = await asyncio.gather(*(taker.post(f"{place}/claim") for taker in takers))
    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409, 409]


async def test_tickets_are_handed_over_moved_closed_and_opened_again(
    served: Served, people: People, clock: SettableClock, rosa: httpx.AsyncClient, mod: httpx.AsyncClient
) -> None:
    async with served.house.database.write() as tx:
        layout = categories.Layout(name="Bug reports", discord_category_id="1300000000000000001")
        await categories.create_category(tx, SYSTEM, layout, now=clock.now())
    place = f"{TICKETS}/{await opened(rosa)}"
    admin = await people.enters("ada", "admin")
    assert refusal(await rosa.put(place, json={"status": "closed"})) == (403, "FORBIDDEN")
    assert refusal(await mod.put(place, json={})) == (400, "INVALID_REQUEST")
    assert refusal(await mod.put(place, json={"type": "Nonsense"})) == (400, "INVALID_CATEGORY")
    assert refusal(await mod.put(place, json={"status": "open"})) == (409, "TICKET_OPEN")
    assert refusal(await mod.post(f"{place}/assign", json={"assigned_to": "123456789012345678"})) == (400, "NOT_STAFF")
    assert refusal(await mod.post(f"{place}/assign", json={"assigned_to": 2**60})) == (400, "NOT_STAFF")
    # A browser has made a floating number of the id.
    damaged = int(float(MOD_ID))
    assert str(damaged) != MOD_ID
    assert (await admin.post(f"{place}/assign", json={"assigned_to": damaged})).status_code == 200
    assert (await mod.get(place)).json()["assigned_to"] == MOD_ID
    assert refusal(await mod.post(f"{place}/claim", json={"user_id": served_id(people, "ada")})) == (403, "FORBIDDEN")
    assert (await admin.post(f"{place}/claim", json={"user_id": MOD_ID})).status_code == 200
    assert (await mod.put(place, json={"type": "bug REPORTS", "claimed_by": None})).status_code == 200
    moved = (await mod.get(place)).json()
    assert (moved["type"], moved["state"]) == ("Bug reports", "Open")
    assert (await mod.put(place, json={"status": "claimed", "assigned_to": "legacy_user"})).status_code == 200
    assert (await mod.post(f"{place}/close", json={"close_message": "Solved."})).json()["message"] == "Ticket closed"
    assert refusal(await mod.post(f"{place}/close")) == (409, "TICKET_CLOSED")
    assert refusal(await rosa.post(f"{place}/send", json={"message": "But"})) == (409, "TICKET_CLOSED")
    lines = [each["content"] for each in (await rosa.get(place)).json()["messages"]]
    assert lines[-2:] == ["**Closing Message:** Solved.", "Ticket successfully closed."]
    assert (await rosa.post(f"{place}/reopen")).json()["message"] == "Ticket reopened"
    assert refusal(await rosa.post(f"{place}/reopen")) == (409, "TICKET_OPEN")
    again = (await rosa.get(place)).json()
    assert (again["claimed_by"], again["assigned_to"], again["reopen_count"]) == (None, None, 1)
    await configure(served, max_user_reopens=1)
    await mod.put(place, json={"status": "closed"})
    assert refusal(await rosa.post(f"{place}/reopen")) == (409, "REOPEN_LIMIT")
    await configure(served, owner_can_close=False)
    assert refusal(await rosa.post(f"{place}/reopen")) == (403, "OWNER_MAY_NOT_CLOSE")
    assert (await mod.put(place, json={"status": "open"})).status_code == 200
    assert refusal(await rosa.post(f"{place}/close")) == (403, "OWNER_MAY_NOT_CLOSE")


def served_id(people: People, name: str) -> str:
    return people.sessions[name].user_id


async def test_a_deleted_ticket_is_gone_at_once_and_wiped_later(
    served: Served, people: People, clock: SettableClock, rosa: httpx.AsyncClient, mod: httpx.AsyncClient
) -> None:
    place = f"{TICKETS}/{await opened(rosa)}"
    admin = await people.enters("ada", "admin")
    assert refusal(await mod.delete(place)) == (403, "FORBIDDEN")
    assert (await admin.delete(place)).json()["message"] == "Ticket deleted"
    assert refusal(await admin.delete(place)) == (404, "TICKET_NOT_FOUND")
    assert refusal(await rosa.get(place)) == (404, "TICKET_NOT_FOUND")
    assert [(await each.get(TICKETS)).json()["total"] for each in (rosa, admin)] == [0, 0]
    house = served.house
    context = JobContext("wipe", 1, house.database, clock)
    await tickets.wipe_deleted(context)
    assert await _rows(served) == 1
    clock.advance(timedelta(minutes=11))
    await tickets.wipe_deleted(context)
    assert await _rows(served) == 0


async def test_tickets_that_were_closed_long_ago_are_deleted(
    served: Served, people: People, clock: SettableClock, rosa: httpx.AsyncClient
) -> None:
    kept, old = await opened(rosa), await opened(rosa)
    await rosa.post(f"{TICKETS}/{old}/close")
    delete_old, context = tickets.deleter_of(served.house.site), JobContext("age", 1, served.house.database, clock)
    clock.advance(timedelta(days=8))
    mod = await people.enters("mod", "moderator")
    await delete_old(context)
    assert (await mod.get(TICKETS)).json()["total"] == 2
    await configure(served, auto_delete_after_close_days=7)
    await delete_old(context)
    assert [each["ticket_id"] for each in (await mod.get(TICKETS)).json()["tickets"]] == [kept]


async def test_a_transcript_is_for_whoever_reads_it_and_files_open_by_their_links(
    served: Served, people: People, clock: SettableClock, rosa: httpx.AsyncClient, mod: httpx.AsyncClient
) -> None:
    ticket_id = await opened(rosa)
    place = f"{TICKETS}/{ticket_id}"

    house = served.house
    kept = await house.files.keep_file(b"hello", name="log.txt", content_type="text/plain", limit=100)
    async with house.database.write() as tx:
        ticket = await tickets.access_ticket_to_change(tx, SYSTEM, ticket_id, sight=EVERYTHING)
        author, now = Person(MOD_ID, "mod"), clock.now()
        await tickets.write_note(tx, SYSTEM, ticket, author, Draft("a note", Source.PANEL), now=now)
        said = Draft("see this", Source.PANEL, attachments=(kept,))
        await tickets.write_as_staff(tx, SYSTEM, ticket, author, said, now=now)
    (file,) = (await rosa.get(place)).json()["messages"][-1]["attachments"]
    assert (file["filename"], file["size"], file["content_type"]) == ("log.txt", 5, "text/plain")
    path = file["url"].removeprefix(house.settings.public_url)
    assert (await rosa.get(path, headers={"Authorization": ""})).content == b"hello"
    page = await rosa.get(f"{place}/transcript")
    assert page.headers["content-type"].startswith("text/html")
    assert ("see this" in page.text, "a note" in page.text) == (True, False)
    document = await mod.get(f"{place}/transcript", params={"format": "json"})
    assert document.json()["format"] == "guildhall.transcript.v1"
    assert "a note" in document.text
    assert refusal(await mod.get(f"{place}/transcript?format=pdf")) == (400, "INVALID_PARAMETER")
    stranger = await people.enters("stranger")
    assert refusal(await stranger.get(f"{place}/transcript")) == (403, "FORBIDDEN")
    await configure(served, **{"transcripts.enabled": False})
    assert refusal(await mod.get(f"{place}/transcript")) == (403, "TRANSCRIPTS_OFF")


async def test_admins_set_how_tickets_work_and_all_read_what_they_need(
    served: Served, people: People, rosa: httpx.AsyncClient, mod: httpx.AsyncClient
) -> None:
    place, admin = "/api/config/tickets", await people.enters("ada", "admin")
    at_first = (await rosa.get(place)).json()
    assert (at_first["enabled"], at_first["categories"], at_first["auto_delete_after_close_days"]) == (
        True, ["General"], 0,
    )  # fmt: skip
    sent = {
        "max_open_per_user": 2, "auto_delete_after_close_days": None, "send_transcript_email": True,
        "transcript_email_address": "desk@example.org", "surprise": 1,
    }  # fmt: skip
    done = (await admin.put(place, json=sent)).json()
    assert (sorted(done["changed"]), done["ignored"]) == (
        ["max_open_per_user", "transcript_email_address"],
        ["surprise"],
    )
    read = [(await each.get(place)).json() for each in (admin, mod)]
    assert [each["transcript_email_address"] for each in read] == ["desk@example.org", ""]
    assert [each["send_transcript_email"] for each in read] == [True, True]
    for body, code in (
        ({"max_open_per_user": 99}, "INVALID_SETTING"),
        ({"enabled": "yes"}, "INVALID_SETTING"),
        ({"categories": ["Bug"]}, "INVALID_SETTING"),
        ({"categories": []}, "INVALID_SETTING"),
        ({"surprise": 1}, "NO_VALID_SETTING"),
    ):
        assert refusal(await admin.put(place, json=body)) == (400, code)
    assert refusal(await mod.put(place, json={"enabled": False})) == (403, "FORBIDDEN")
    await configure(served, **{"thread.inbox_category_id": "1300000000000000001"})
    assert (await admin.put(place, json={"categories": ["Bug", "Support"]})).json()["changed"] == ["categories"]
    offered = (await admin.put(place, json={"categories": ["support"]})).json()["config"]["categories"]
    assert offered == ["Support"]
    back = (await admin.post(f"{place}/reset")).json()
    assert (back["config"]["max_open_per_user"], back["config"]["send_transcript_email"]) == (3, False)


async def test_a_role_that_is_blocked_opens_no_ticket(
    served: Served, people: People, clock: SettableClock, rosa: httpx.AsyncClient
) -> None:
    house = served.house
    known = Known(Standing(frozenset({77})), clock.now())
    key = f"desk:standing:{house.community.servers[0].server.guild_id}:123456789012345678"
    await house.cache.set(key, msgspec.json.encode(known), ttl=timedelta(minutes=1))
    async with house.database.write() as tx:
        await block(tx, SYSTEM, subject_kind=SubjectKind.ROLE, subject_id="77", now=clock.now())
    assert refusal(await rosa.post(TICKETS, json=OPENING)) == (403, "BLOCKED")


async def test_pages_of_other_sites_read_by_token_and_nobody_asks_too_fast(
    served: Served, people: People, rosa: httpx.AsyncClient
) -> None:
    page = {"Origin": "https://app.example"}
    asked = {**page, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-platform, cookie"}
    invited = await rosa.options(TICKETS, headers=asked)
    assert invited.headers["access-control-allow-headers"] == "x-platform"
    assert "POST" in invited.headers["access-control-allow-methods"]
    for answer in (await rosa.get(TICKETS, headers=page), await rosa.get(f"{TICKETS}/none", headers=page)):
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert "access-control-allow-credentials" not in answer.headers
    assert "access-control-allow-origin" not in (await rosa.get("/api/bot/status", headers=page)).headers
    key = f"community:{served_id(people, 'rosa')}"
    await served.house.limiter.hit(key, limit=200, window=timedelta(seconds=4), cost=195)
    answers = [await rosa.get(TICKETS) for _ in range(6)]
    assert refusal(answers[-1]) == (429, "RATE_LIMITED")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 8


async def _rows(served: Served) -> int:
    counting = query(int, select(func.count(ticket_messages.c.ticket_id.distinct())))
    async with served.house.database.read() as tx:
        return await tx.one(counting) or 0
