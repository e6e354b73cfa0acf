"""Blocks: who may not write to the desk, until when, and in which category."""

import asyncio
from datetime import timedelta

from guildhall.core.db import Database
from guildhall.dialects.rustmail.wire import utc
from guildhall.domains import audit
from guildhall.domains.tickets import blocks
from tests.clock import SettableClock
from tests.dialects.rustmail.people import MEMBER, OWNER, STEWARD, FrontDesk, refusal

BLOCKS = "/api/blocks"
USER = {"subject_type": "user", "subject_id": "123456789012345678"}
HOUR, YEAR = timedelta(hours=1), timedelta(days=365)


async def test_a_user_is_blocked_until_a_time_and_let_in_again(
    front: FrontDesk, clock: SettableClock, database: Database
) -> None:
    owner = await front.enters(OWNER)
    now, end = clock.now(), clock.now() + HOUR
    answer = await owner.post(BLOCKS, json={**USER, "reason": " spam ", "expires_at": utc(end)})
    first = answer.json()
    assert (answer.status_code, first) == (
        200,
        {
            "id": first["id"],
            **USER,
            "reason": "spam",
            "created_by": front.id_of(OWNER),
            "created_at": utc(now),
            "expires_at": utc(end),
            "notify": True,
            "category_id": None,
        },
    )
    role = (await owner.post(BLOCKS, json={"subject_type": "role", "subject_id": "70", "notify": False})).json()
    assert (role["expires_at"], role["notify"], role["reason"]) == (None, False, None)
    for query, expected in (
        ("", [role, first]),
        ("?subject_id=70", [role]),
        (f"?subject_id={USER['subject_id']}", [first]),
        ("?subject_id=1", []),
        ("?subject_id=x", []),
    ):
        assert (await owner.get(BLOCKS + query)).json() == {"blocks": expected}
    clock.advance(HOUR)
    assert (await owner.get(BLOCKS)).json() == {"blocks": [role]}
    assert (await owner.delete(f"{BLOCKS}/{role['id']}")).json() == {"success": True}
    assert (await owner.get(BLOCKS)).json() == {"blocks": []}
    for unknown in (role["id"], 0, "x", "9" * 25):
        assert refusal(await owner.delete(f"{BLOCKS}/{unknown}")) == (404, "BLOCK_NOT_FOUND")
    async with database.read() as tx:
        deeds = await audit.page_of_entries(tx, limit=9, target=str(role["id"]))
    assert [each.action for each in deeds] == ["block.lifted", "block.made"]
    assert deeds[0].details["subject_id"] == "70"


async def test_the_same_subject_has_one_block_for_each_place_as_it_was_said_last(
    front: FrontDesk, clock: SettableClock
) -> None:
    owner = await front.enters(OWNER)
    category = (await owner.post("/api/categories", json={"name": "Bans", "discord_category_id": "1"})).json()["id"]
    many = await asyncio.gather(*(owner.post(BLOCKS, json={**USER, "reason": str(each)}) for each in range(6)))
    assert {each.status_code for each in many} == {200}
    assert len({each.json()["id"] for each in many}) == 1
    narrow = (await owner.post(BLOCKS, json={**USER, "category_id": category})).json()
    again = (await owner.post(BLOCKS, json={**USER, "subject_id": "0" + USER["subject_id"], "reason": "again"})).json()
    assert (again["id"], again["subject_id"]) == (many[0].json()["id"], USER["subject_id"])
    assert (await owner.get(BLOCKS)).json() == {"blocks": [narrow, again]}
    async with front.served.house.database.read() as tx:
        found = [
            await blocks.block_of(tx, user_id=USER["subject_id"], role_ids=[], category_id=each, now=clock.now())
            for each in (None, category)
        ]
    assert [each and each.id for each in found] == [again["id"], again["id"]]
    assert (await owner.delete(f"/api/categories/{category}")).status_code == 204
    assert (await owner.get(BLOCKS)).json() == {"blocks": [again]}


async def test_a_block_that_makes_no_sense_is_not_made(front: FrontDesk, clock: SettableClock) -> None:
    owner = await front.enters(OWNER)
    now = clock.now()
    for wrong, status, code in (
        ({"subject_type": "guild"}, 400, "INVALID_SUBJECT"),
        ({"subject_id": ""}, 400, "INVALID_SUBJECT"),
        ({"subject_id": "rosa"}, 400, "INVALID_SUBJECT"),
        ({"subject_id": "1" * 21}, 400, "INVALID_SUBJECT"),
        ({"subject_id": 123}, 400, "INVALID_SUBJECT"),
        ({"expires_at": utc(now)}, 400, "INVALID_TIME"),
        ({"expires_at": utc(now - HOUR)}, 400, "INVALID_TIME"),
        ({"expires_at": utc(now + YEAR + timedelta(seconds=1))}, 400, "INVALID_TIME"),
        ({"expires_at": "2036-01-01T00:00:00"}, 400, "INVALID_TIME"),
        ({"expires_at": "tomorrow"}, 400, "INVALID_TIME"),
        ({"expires_at": 5}, 400, "INVALID_TIME"),
        ({"reason": "x" * 501}, 400, "INVALID_REQUEST"),
        ({"notify": "yes"}, 400, "INVALID_REQUEST"),
        ({"category_id": "nothing"}, 404, "CATEGORY_NOT_FOUND"),
        ({"category_id": ""}, 404, "CATEGORY_NOT_FOUND"),
    ):
        assert refusal(await owner.post(BLOCKS, json={**USER, **wrong})) == (status, code), wrong
    for missing in ({"subject_type": "user"}, {"subject_id": "1"}):
        assert refusal(await owner.post(BLOCKS, json=missing)) == (400, "INVALID_REQUEST")
    assert (await owner.get(BLOCKS)).json() == {"blocks": []}
    longest = await owner.post(BLOCKS, json={**USER, "reason": "x" * 500, "expires_at": utc(now + YEAR)})
    assert longest.status_code == 200


async def test_staff_see_blocks_and_only_those_who_manage_them_block(front: FrontDesk, database: Database) -> None:
    owner, steward, member = [await front.enters(name) for name in (OWNER, STEWARD, MEMBER)]
    for number in range(5):
        await owner.post(BLOCKS, json={**USER, "subject_id": str(number)})
    await front.grants(owner, "view_tickets", to=front.id_of(STEWARD))
    statements: list[str] = []
    database.observe = statements.append
    shown = (await steward.get(BLOCKS)).json()["blocks"]
    database.observe = None
    assert {each["created_by"] for each in shown} == {front.id_of(OWNER)}
    assert sum("ticket_blocks" in each for each in statements) == 1
    for method, where, body in (("POST", BLOCKS, USER), ("DELETE", f"{BLOCKS}/{shown[0]['id']}", None)):
        assert refusal(await steward.request(method, where, json=body)) == (403, "FORBIDDEN")
        assert refusal(await (await front.opened()).request(method, where, json=body)) == (401, "UNAUTHORIZED")
    assert refusal(await member.get(BLOCKS)) == (403, "FORBIDDEN")
    assert len((await owner.get(BLOCKS)).json()["blocks"]) == 5
