"""Snippets: texts with variables, by keys of their own."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from guildhall.core.actor import SYSTEM
from guildhall.core.db import Database
from guildhall.dialects.rustmail.wire import utc
from guildhall.domains import audit
from guildhall.domains.tickets import snippets
from guildhall.domains.tickets.snippets import VARIABLES
from guildhall.domains.tickets.snippets.errors import MissingArgument, SnippetNotFound
from tests.clock import SettableClock
from tests.dialects.rustmail.people import MEMBER, OWNER, STEWARD, FrontDesk, refusal

SNIPPETS = "/api/snippets"
HELLO = "Hello {{user.name}}, your refund is on its way."


async def made(client: httpx.AsyncClient, key: str, content: str = HELLO, **more: object) -> dict[str, object]:
    """Write a snippet and return what was answered."""
    answer = await client.post(SNIPPETS, json={"key": key, "content": content, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_snippet_is_written_changed_in_part_used_and_deleted(
    front: FrontDesk, clock: SettableClock, database: Database
) -> None:
    owner = await front.enters(OWNER)
    refund = await made(owner, "refund")
    assert refund == {
        "id": refund["id"],
        "key": "refund",
        "content": HELLO,
        "created_by": front.id_of(OWNER),
        "created_at": utc(clock.now()),
        "updated_at": utc(clock.now()),
        "uses": 0,
        "anonymous": False,
    }
    await made(owner, "a_first-1", "  {{args.1}} ", anonymous=True)
    clock.advance(timedelta(minutes=1))
    for change in ({"content": "Bye"}, {"anonymous": True}, {"content": "Bye {{args.2}}", "anonymous": False}):
        refund |= {**change, "updated_at": utc(clock.now())}
        assert (await owner.patch(f"{SNIPPETS}/refund", json=change)).json() == refund
    clock.advance(timedelta(minutes=1))
    assert (await owner.patch(f"{SNIPPETS}/refund", json={"anonymous": False})).json() == refund
    values = dict.fromkeys(VARIABLES, "x")
    async with database.write() as tx:
        assert await snippets.use_snippet(tx, "refund", values, ["a", "@everyone"]) == ("Bye @\u200beveryone", False)
        with pytest.raises(SnippetNotFound):
            await snippets.use_snippet(tx, "nothing", values)
    with pytest.raises(MissingArgument):
        async with database.write() as tx:
            await snippets.use_snippet(tx, "refund", values, ["a"])
    first, second = (await owner.get(SNIPPETS)).json()["snippets"]
    assert (first["key"], first["content"], first["anonymous"]) == ("a_first-1", "{{args.1}}", True)
    assert second == refund | {"uses": 1}
    assert (await owner.delete(f"{SNIPPETS}/refund")).json() == {"success": True}
    for each in (owner.delete(f"{SNIPPETS}/refund"), owner.patch(f"{SNIPPETS}/refund", json={"content": "x"})):
        assert refusal(await each) == (404, "SNIPPET_NOT_FOUND")
    assert (await made(owner, "refund"))["id"] != refund["id"]
    async with database.read() as tx:
        deeds = await audit.page_of_entries(tx, limit=9, target=str(refund["id"]))
    assert [each.action for each in deeds] == ["snippet.deleted", *["snippet.changed"] * 3, "snippet.created"]
    assert deeds[3].details == {
        "key": "refund",
        "old": {"content": HELLO, "anonymous": False},
        "new": {"content": "Bye", "anonymous": False},
    }


async def test_a_snippet_that_could_not_be_used_is_refused(front: FrontDesk) -> None:
    owner = await front.enters(OWNER)
    await made(owner, "x" * 64, "y" * 4000)
    for wrong, code in (
        ({"content": ""}, "INVALID_SNIPPET"),
        ({"content": " \n "}, "INVALID_SNIPPET"),
        ({"content": "x" * 4001}, "INVALID_SNIPPET"),
        ({"content": 5}, "INVALID_SNIPPET"),
        ({"content": "{{user.password}}"}, "UNKNOWN_VARIABLE"),
        ({"content": "{{args.10}}"}, "UNKNOWN_VARIABLE"),
        ({"content": "{{}}"}, "UNKNOWN_VARIABLE"),
        ({"anonymous": "yes"}, "INVALID_REQUEST"),
    ):
        body = {"key": "new", "content": "x"} | wrong
        assert refusal(await owner.post(SNIPPETS, json=body)) == (400, code), wrong
        assert refusal(await owner.patch(f"{SNIPPETS}/{'x' * 64}", json=wrong)) == (400, code), wrong
    for key in ("", "x" * 65, "Upper", "a b", "é", "a.b", 5):
        assert refusal(await owner.post(SNIPPETS, json={"key": key, "content": "x"})) == (400, "INVALID_SNIPPET")
    for missing in ({"key": "new"}, {"content": "x"}, {}):
        assert refusal(await owner.post(SNIPPETS, json=missing)) == (400, "INVALID_REQUEST")
    assert refusal(await owner.patch(f"{SNIPPETS}/{'x' * 64}", json={})) == (400, "INVALID_REQUEST")
    assert len((await owner.get(SNIPPETS)).json()["snippets"]) == 1


async def test_of_many_who_take_one_key_at_once_one_has_it(front: FrontDesk) -> None:
    owner = await front.enters(OWNER)
    answers = await asyncio.gather(
        *(owner.post(SNIPPETS, json={"key": "same", "content": str(each)}) for each in range(8))
    )
    assert sorted(each.status_code for each in answers) == [200] + [409] * 7
    assert {refusal(each) for each in answers if each.status_code == 409} == {(409, "DUPLICATE_KEY")}
    (kept,) = (await owner.get(SNIPPETS)).json()["snippets"]
    assert [kept] == [each.json() for each in answers if each.status_code == 200]


async def test_staff_read_snippets_and_only_those_who_manage_them_write_them(
    front: FrontDesk, clock: SettableClock, database: Database
) -> None:
    owner, steward, member = [await front.enters(name) for name in (OWNER, STEWARD, MEMBER)]
    async with database.write() as tx:
        for each in range(5):
            await snippets.create_snippet(tx, SYSTEM, key=f"k{each}", content="x", now=clock.now())
    await made(owner, "refund")
    await front.grants(owner, "view_tickets", to=front.id_of(STEWARD))
    statements: list[str] = []
    database.observe = statements.append
    shown = (await steward.get(SNIPPETS)).json()["snippets"]
    database.observe = None
    assert [each["created_by"] for each in shown] == ["system"] * 5 + [front.id_of(OWNER)]
    assert sum("ticket_snippets" in each for each in statements) == 1
    assert refusal(await member.get(SNIPPETS)) == (403, "FORBIDDEN")
    for method, where, body in (
        ("POST", SNIPPETS, {"key": "new", "content": "x"}),
        ("PATCH", f"{SNIPPETS}/refund", {"content": "x"}),
        ("DELETE", f"{SNIPPETS}/refund", None),
    ):
        assert refusal(await steward.request(method, where, json=body)) == (403, "FORBIDDEN")
        assert refusal(await (await front.opened()).request(method, where, json=body)) == (401, "UNAUTHORIZED")
    await front.grants(owner, "manage_snippets", to=front.id_of(MEMBER))
    assert (await made(member, "new"))["created_by"] == front.id_of(MEMBER)
    assert refusal(await member.get(SNIPPETS)) == (403, "FORBIDDEN")
