"""Categories of tickets, their forms and roles, and whether people choose one."""

import asyncio

import httpx
import pytest

from guildhall.core.db import Database
from guildhall.domains import audit
from tests.clock import SettableClock
from tests.dialects.rustmail.people import MEMBER, OWNER, STEWARD, FrontDesk, refusal

CATEGORIES = "/api/categories"
SETTINGS = f"{CATEGORIES}/settings"
DISCORD = "987654321098765432"
FORM = [
    {"key": "order", "label": "Order number", "type": "short", "required": True, "max_length": 40},
    {"key": "why", "label": "What happened?", "type": "paragraph", "required": False, "placeholder": "In your words"},
]


async def made(client: httpx.AsyncClient, name: str, **more: object) -> dict[str, object]:
    """Make a category and return what was answered."""
    answer = await client.post(CATEGORIES, json={"name": name, "discord_category_id": DISCORD, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def names(client: httpx.AsyncClient) -> list[str]:
    """Return the names of categories in the order of the menu."""
    return [each["name"] for each in (await client.get(CATEGORIES)).json()]


async def test_a_category_is_made_changed_in_part_and_deleted(
    front: FrontDesk, clock: SettableClock, database: Database
) -> None:
    owner = await front.enters(OWNER)
    now = int(clock.now().timestamp())
    billing = await made(owner, " Billing ", fields=FORM, description="Payments", emoji="💶", viewer_role_ids=["55"])
    assert billing == {
        "id": billing["id"],
        "name": "Billing",
        "description": "Payments",
        "emoji": "💶",
        "discord_category_id": DISCORD,
        "position": 0,
        "enabled": True,
        "created_at": now,
        "updated_at": now,
        "fields": FORM,
        "answer": None,
        "viewer_role_ids": ["55"],
    }
    path = f"{CATEGORIES}/{billing['id']}"
    for change, expected in (
        ({"enabled": False}, {"enabled": False}),
        ({"description": None, "emoji": None}, {"description": None, "emoji": None}),
        ({"answer": "Look at the help page.", "position": 7}, {"answer": "Look at the help page.", "position": 7}),
        ({"fields": FORM[:1], "viewer_role_ids": []}, {"fields": FORM[:1], "viewer_role_ids": []}),
        ({"name": "billing"}, {"name": "billing"}),
        ({"enabled": True, "answer": " "}, {"enabled": True, "answer": None}),
        ({"name": "billing"}, {}),
    ):
        billing |= expected
        answer = await owner.patch(path, json=change)
        assert (answer.status_code, answer.json()) == (200, billing)
    assert (await owner.get(CATEGORIES)).json() == [billing]
    deleted = await owner.delete(path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await owner.get(CATEGORIES)).json() == []
    for each in (owner.patch(path, json={"enabled": True}), owner.delete(path), owner.delete(f"{CATEGORIES}/x")):
        assert refusal(await each) == (404, "CATEGORY_NOT_FOUND")
    async with database.read() as tx:
        deeds = await audit.page_of_entries(tx, limit=20, target=str(billing["id"]))
    assert [each.action for each in deeds] == ["category.deleted", *["category.changed"] * 6, "category.created"]
    assert (deeds[-2].details, deeds[-2].user_id) == (
        {"old": {"enabled": True}, "new": {"enabled": False}},
        deeds[0].user_id,
    )


async def test_categories_stand_in_the_order_of_their_positions(front: FrontDesk) -> None:
    owner = await front.enters(OWNER)
    for name, place in (("b", {}), ("c", {}), ("a", {"position": -1}), ("z", {"position": 40}), ("last", {})):
        await made(owner, name, **place)
    assert await names(owner) == ["a", "b", "c", "z", "last"]
    served = front.served.house.database
    statements: list[str] = []
    served.observe = statements.append
    await names(owner)
    served.observe = None
    assert sum("FROM ticket_categories" in each for each in statements) == 1


async def test_a_category_that_breaks_a_rule_is_neither_made_nor_becomes_so(front: FrontDesk) -> None:
    owner = await front.enters(OWNER)
    good = await made(owner, "Good")
    form = FORM[0]
    for wrong, code in (
        ({"name": ""}, "INVALID_NAME"),
        ({"name": 5}, "INVALID_NAME"),
        ({"name": "x" * 101}, "INVALID_NAME"),
        ({"discord_category_id": "x"}, "INVALID_REQUEST"),
        ({"discord_category_id": 987}, "INVALID_REQUEST"),
        ({"description": "x" * 101}, "INVALID_REQUEST"),
        ({"emoji": "smile"}, "INVALID_REQUEST"),
        ({"position": 1.5}, "INVALID_REQUEST"),
        ({"position": 10**9}, "INVALID_REQUEST"),
        ({"enabled": "yes"}, "INVALID_REQUEST"),
        ({"viewer_role_ids": ["x"]}, "INVALID_REQUEST"),
        ({"fields": "none"}, "INVALID_FIELD"),
        ({"fields": [form] * 2}, "INVALID_FIELD"),
        ({"fields": [form | {"key": f"k{each}"} for each in range(6)]}, "INVALID_FIELD"),
        ({"fields": [form | {"key": "Order!"}]}, "INVALID_FIELD"),
        ({"fields": [form | {"type": "select"}]}, "INVALID_FIELD"),
        ({"fields": [form | {"max_length": 0}]}, "INVALID_FIELD"),
        ({"fields": [form | {"min_length": 41}]}, "INVALID_FIELD"),
        ({"fields": [{"key": "order"}]}, "INVALID_REQUEST"),
        ({"answer": "x" * 2001}, "INVALID_FIELD"),
    ):
        body = {"name": "New", "discord_category_id": DISCORD} | wrong
        assert refusal(await owner.post(CATEGORIES, json=body)) == (400, code), wrong
        assert refusal(await owner.patch(f"{CATEGORIES}/{good['id']}", json=wrong)) == (400, code), wrong
    for missing in ({"name": "New"}, {"discord_category_id": DISCORD}):
        assert refusal(await owner.post(CATEGORIES, json=missing)) == (400, "INVALID_REQUEST")
    for unclear, code in (
        ("{}", "INVALID_REQUEST"),
        ("[]", "INVALID_JSON"),
        ("{", "INVALID_JSON"),
        ('{"name":1,"name":2}', "INVALID_JSON"),
    ):
        assert refusal(await owner.patch(f"{CATEGORIES}/{good['id']}", content=unclear)) == (400, code)
    plain = await owner.post(CATEGORIES, content="name=x", headers={"Content-Type": "text/plain"})
    assert refusal(plain) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert (await owner.get(CATEGORIES)).json() == [good]


async def test_names_are_unique_in_whatever_case_also_when_made_at_once_and_free_when_deleted(front: FrontDesk) -> None:
    owner = await front.enters(OWNER)
    body = {"discord_category_id": DISCORD}
    answers = await asyncio.gather(
        *(owner.post(CATEGORIES, json=body | {"name": name}) for name in ("Straße", "STRASSE", "strasse", "Straße"))
    )
    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
    assert {refusal(each) for each in answers if each.status_code == 409} == {(409, "DUPLICATE_NAME")}
    (first,) = [each.json() for each in answers if each.status_code == 200]
    other = await made(owner, "Other")
    assert refusal(await owner.patch(f"{CATEGORIES}/{other['id']}", json={"name": "strasse"})) == (
        409,
        "DUPLICATE_NAME",
    )
    both = [made(owner, "x"), made(owner, "y")]
    one, two = [each["id"] for each in await asyncio.gather(*both)]
    renamed = await asyncio.gather(*(owner.patch(f"{CATEGORIES}/{each}", json={"name": "Z"}) for each in (one, two)))
    assert sorted(each.status_code for each in renamed) == [200, 409]
    assert (await owner.delete(f"{CATEGORIES}/{first['id']}")).status_code == 204
    assert (await made(owner, "Straße"))["id"] != first["id"]


async def test_twenty_four_categories_are_offered_however_many_are_made_at_once(front: FrontDesk) -> None:
    owner = await front.enters(OWNER)
    off = await made(owner, "Off", enabled=False)
    for number in range(22):
        await made(owner, f"Number {number}")
    body = {"discord_category_id": DISCORD}
    answers = await asyncio.gather(*(owner.post(CATEGORIES, json=body | {"name": f"More {each}"}) for each in range(5)))
    refused = [refusal(each) for each in answers if each.status_code != 200]
    assert refused == [(400, "TOO_MANY_CATEGORIES")] * 3
    path = f"{CATEGORIES}/{off['id']}"
    assert refusal(await owner.patch(path, json={"enabled": True})) == (400, "TOO_MANY_CATEGORIES")
    assert (await owner.patch(path, json={"name": "Still off"})).status_code == 200
    await made(owner, "Off too", enabled=False)
    shown = (await owner.get(CATEGORIES)).json()
    offered = [each for each in shown if each["enabled"]]
    assert len(offered) == 24
    assert (await owner.patch(f"{CATEGORIES}/{offered[0]['id']}", json={"name": "Full house"})).status_code == 200
    assert (await owner.delete(f"{CATEGORIES}/{offered[0]['id']}")).status_code == 204
    assert (await owner.patch(path, json={"enabled": True})).status_code == 200


async def test_roles_of_a_category_are_added_replaced_removed_and_cleared(front: FrontDesk, database: Database) -> None:
    owner = await front.enters(OWNER)
    category = await made(owner, "Billing")
    path = f"{CATEGORIES}/{category['id']}/roles"
    assert (await owner.get(path)).json() == {"role_ids": []}
    for role_id, expected in (("7", ["7"]), ("8", ["7", "8"]), ("7", ["7", "8"]), ("07", ["7", "8"])):
        assert (await owner.post(path, json={"role_id": role_id})).json() == {"role_ids": expected}
    assert (await owner.delete(f"{path}/7")).json() == {"role_ids": ["8"]}
    assert (await owner.delete(f"{path}/7")).json() == {"role_ids": ["8"]}
    assert (await owner.put(path, json={"role_ids": ["3", "1"]})).json() == {"role_ids": ["3", "1"]}
    for wrong in ({"role_ids": ["1", "1"]}, {"role_ids": ["x"]}, {"role_ids": [1]}, {"role_ids": "1"}):
        assert refusal(await owner.put(path, json=wrong)) == (400, "INVALID_ROLE")
    for wrong_id in ("", "x", "1" * 21, 5, None):
        assert refusal(await owner.post(path, json={"role_id": wrong_id})) == (400, "INVALID_ROLE")
    assert refusal(await owner.post(path, json={})) == (400, "INVALID_REQUEST")
    assert (await owner.get(path)).json() == {"role_ids": ["3", "1"]}
    added = await asyncio.gather(*(owner.post(path, json={"role_id": str(each)}) for each in range(10, 20)))
    assert {each.status_code for each in added} == {200}
    assert len((await owner.get(path)).json()["role_ids"]) == 12
    cleared = await owner.delete(path)
    assert (cleared.status_code, cleared.content) == (204, b"")
    assert (await owner.get(path)).json() == {"role_ids": []}
    nowhere = f"{CATEGORIES}/nothing/roles"
    for each in (
        owner.get(nowhere),
        owner.post(nowhere, json={"role_id": "1"}),
        owner.put(nowhere, json={"role_ids": []}),
        owner.delete(nowhere),
        owner.delete(f"{nowhere}/1"),
    ):
        assert refusal(await each) == (404, "CATEGORY_NOT_FOUND")
    async with database.read() as tx:
        deeds = await audit.page_of_entries(tx, limit=1, target=str(category["id"]))
    assert deeds[0].details["new"] == {"role_ids": []}


async def test_people_choose_a_category_within_five_minutes_unless_told_otherwise(
    front: FrontDesk, database: Database
) -> None:
    owner = await front.enters(OWNER)
    assert (await owner.get(SETTINGS)).json() == {"enabled": True, "selection_timeout_s": 300}
    for wanted in ({"enabled": False, "selection_timeout_s": 30}, {"enabled": True, "selection_timeout_s": 86400}):
        for _ in range(2):
            assert (await owner.put(SETTINGS, json=wanted)).json() == wanted
        assert (await owner.get(SETTINGS)).json() == wanted
    for seconds in (29, 0, -1, 86401, 30.5, "300", None):
        wrong = {"enabled": True, "selection_timeout_s": seconds}
        assert refusal(await owner.put(SETTINGS, json=wrong)) == (400, "INVALID_TIMEOUT")
    for broken in ({"enabled": True}, {"selection_timeout_s": 60}, {"enabled": 1, "selection_timeout_s": 60}):
        assert refusal(await owner.put(SETTINGS, json=broken)) == (400, "INVALID_REQUEST")
    async with database.read() as tx:
        assert len(await audit.page_of_entries(tx, limit=9, action="category_choice.changed")) == 2


@pytest.mark.parametrize("permission", ["manage_categories", "view_tickets"])
async def test_only_those_who_manage_categories_read_and_change_them(front: FrontDesk, permission: str) -> None:
    owner, steward, member = [await front.enters(name) for name in (OWNER, STEWARD, MEMBER)]
    path = f"{CATEGORIES}/{(await made(owner, 'Billing'))['id']}"
    await front.grants(owner, permission, to=front.id_of(STEWARD))
    outside = await front.opened()
    may = permission == "manage_categories"
    for method, where, body in (
        ("GET", CATEGORIES, None),
        ("POST", CATEGORIES, {"name": "x", "discord_category_id": DISCORD}),
        ("PATCH", path, {"name": "y"}),
        ("GET", SETTINGS, None),
        ("PUT", SETTINGS, {"enabled": True, "selection_timeout_s": 60}),
        ("GET", f"{path}/roles", None),
        ("POST", f"{path}/roles", {"role_id": "1"}),
        ("PUT", f"{path}/roles", {"role_ids": []}),
        ("DELETE", f"{path}/roles/1", None),
        ("DELETE", f"{path}/roles", None),
        ("DELETE", path, None),
    ):
        assert refusal(await outside.request(method, where, json=body)) == (401, "UNAUTHORIZED")
        assert refusal(await member.request(method, where, json=body)) == (403, "FORBIDDEN")
        if method != "GET":
            foreign = await steward.request(method, where, json=body, headers={"Origin": "https://evil.example"})
            assert refusal(foreign) == (403, "CSRF_REJECTED")
        answer = await steward.request(method, where, json=body)
        assert answer.status_code in ((200, 204) if may else (403,)), (method, where)
