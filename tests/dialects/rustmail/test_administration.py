"""Members and roles to choose from, and the audit log."""

import pytest

from guildhall.simulator.discord import DiscordSimulator, people
from tests.dialects.commonshub.test_statement_counts import counted
from tests.dialects.rustmail.people import OTHER, OWNER, STEWARD, FrontDesk, refusal
from tests.serving import Served

AUDIT = "/api/admin/audit"


async def test_members_come_by_id_a_page_at_a_time_or_by_the_beginning_of_a_name(
    front: FrontDesk, discord: DiscordSimulator
) -> None:
    owner = await front.enters(OWNER)
    for number in range(30):
        user = discord.world.add_user(f"zoe{number}", None)
        people.join(discord.world, discord.guild, user, [])
    everybody = sorted(discord.guild.members, key=int)
    seen, after = [], "0"
    while after:
        page = (await owner.get("/api/admin/members", params={"limit": 7, "after": after})).json()
        seen += [each["id"] for each in page["members"]]
        after = page["next_after"]
    assert seen == everybody
    assert len((await owner.get("/api/admin/members?limit=5000")).json()["members"]) == len(everybody)
    found, after = [], "0"
    while after:
        page = (await owner.get("/api/admin/members", params={"q": "ZOE", "limit": 20, "after": after})).json()
        found += [each["username"] for each in page["members"]]
        after = page["next_after"]
    assert sorted(found) == sorted(f"zoe{number}" for number in range(30))
    (steward,) = (await owner.get("/api/admin/members", params={"q": STEWARD})).json()["members"]
    assert steward == {
        "id": front.id_of(STEWARD),
        "user_id": front.id_of(STEWARD),
        "username": STEWARD,
        "display_name": "Tobias",
        "discriminator": "0",
        "avatar": discord.world.users[front.id_of(STEWARD)].avatar,
        "roles": [front.role("Steward")],
    }
    for wrong in ({"limit": "0"}, {"limit": "x"}, {"after": "x"}, {"after": "-1"}, {"q": "x" * 101}):
        assert refusal(await owner.get("/api/admin/members", params=wrong)) == (400, "INVALID_PARAMETER")


async def test_a_bot_that_may_not_list_members_says_so(front: FrontDesk, discord: DiscordSimulator) -> None:
    admin = await front.enters(OTHER, "admin")
    discord.world.application.privileged = 0
    answer = await admin.get("/api/admin/members")
    assert (*refusal(answer), "Server Members intent" in answer.json()["error"]) == (503, "DISCORD_UNAVAILABLE", True)
    assert (await admin.get("/api/admin/roles")).status_code == 200


async def test_roles_come_highest_first(front: FrontDesk, discord: DiscordSimulator) -> None:
    owner = await front.enters(OWNER)
    roles = (await owner.get("/api/admin/roles")).json()["roles"]
    assert {each["id"] for each in roles} == set(discord.guild.roles)
    assert [each["position"] for each in roles] == sorted((each["position"] for each in roles), reverse=True)
    steward = discord.guild.roles[front.role("Steward")]
    assert {"id": steward.id, "role_id": steward.id, "name": "Steward", "color": steward.color} in [
        {name: each[name] for name in ("id", "role_id", "name", "color")} for each in roles
    ]


@pytest.mark.parametrize("more_settings", [{"DISCORD_STAFF_GUILD_ID": "4242"}])
async def test_without_the_bot_on_the_staff_server_nobody_can_be_chosen_and_people_stay_signed_in(
    front: FrontDesk, more_settings: dict[str, str]
) -> None:
    owner, admin = await front.enters(OWNER), await front.enters(OTHER, "super_admin")
    for path in ("members", "roles", "members?q=a"):
        assert refusal(await admin.get(f"/api/admin/{path}")) == (503, "BOT_OFFLINE")
    assert (await owner.get("/api/user/permissions")).json() == {"is_super_admin": False, "permissions": []}


async def test_the_audit_log_tells_who_did_what_and_is_filtered_and_paged(front: FrontDesk) -> None:
    owner, admin = await front.enters(OWNER), await front.enters(OTHER, "admin", linked=False)
    grants = [await front.grants(owner, "view_tickets", to=str(number)) for number in range(1, 6)]
    await admin.post("/api/apikeys", json={"name": "n", "permissions": ["read:tickets"]})
    newest, *_ = (await owner.get(AUDIT)).json()["entries"]
    assert newest["action"] == "integration_key.created"
    assert (newest["target_type"], newest["target_id"], newest["source"]) == ("integration_key", "1", "panel")
    assert newest["detail"] == {"name": "n", "permissions": ["read:tickets"]}
    assert (newest["actor_id"][:2], newest["actor_name"]) == ("u_", OTHER)
    by_owner = {"actor_id": front.id_of(OWNER), "action": "desk_grant.made"}
    found, before = [], None
    while True:
        paging = {"limit": "2"} | ({"before": str(before)} if before else {})
        page = (await owner.get(AUDIT, params=by_owner | paging)).json()
        found += [each["target_id"] for each in page["entries"]]
        before = page["next_before"]
        if before is None:
            break
    assert found == [str(each) for each in reversed(grants)]
    for query, number in (
        ({"target_id": str(grants[0]), "action": "desk_grant.made"}, 1),
        ({"actor_id": newest["actor_id"], "action": "integration_key.created"}, 1),
        ({"actor_id": "somebody"}, 0),
        ({"action": "nothing.done"}, 0),
        ({"before": "1"}, 0),
    ):
        assert len((await owner.get(AUDIT, params=query)).json()["entries"]) == number, query
    for wrong in ({"limit": "0"}, {"limit": "x"}, {"before": "0"}, {"before": "x"}):
        assert refusal(await owner.get(AUDIT, params=wrong)) == (400, "INVALID_PARAMETER")
    assert (await owner.get(AUDIT, params={"limit": 10**9, "before": 10**30})).status_code in (200, 400)


async def test_lists_need_as_many_statements_for_much_as_for_little(front: FrontDesk, served: Served) -> None:
    owner = await front.enters(OWNER)
    lists = (("/api/admin/permissions", 8), ("/api/apikeys", 8), (AUDIT, 9))

    async def measured() -> list[int]:
        numbers = []
        for path, most in lists:
            with counted(served) as statements:
                assert (await owner.get(path)).status_code == 200
            assert len(statements) <= most, statements
            numbers.append(len(statements))
        return numbers

    few = await measured()
    for number in range(1, 41):
        await front.grants(owner, "view_tickets", to=str(number))
        await owner.post("/api/apikeys", json={"name": f"{number}", "permissions": ["read:tickets"]})
    for number in range(5):
        client = await front.enters(f"p{number}", "admin", linked=False)
        await client.post("/api/apikeys", json={"name": f"{number}", "permissions": ["read:tickets"]})
    assert await measured() == few
