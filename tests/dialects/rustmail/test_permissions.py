"""Who may do what at the desk, and who says so: grants, roles on Discord, settings, and the house itself."""

import asyncio
from datetime import timedelta

import pytest

from guildhall.core.db import Database
from guildhall.dialects.rustmail.words import WORDS
from guildhall.domains import audit
from guildhall.domains.identity.desk import DeskRules
from guildhall.simulator.discord import DiscordSimulator, Fault, guilds
from guildhall.simulator.discord.state import Role
from tests.clock import SettableClock
from tests.dialects.rustmail.people import MEMBER, OTHER, OWNER, STEWARD, FrontDesk, held_by, refusal

ADMINISTRATOR = 0x8
MINUTE = timedelta(minutes=1)
ALL = list(WORDS)
GRANTS = "/api/admin/permissions"
NAMED = {
    "SUPER_ADMIN_USERS": "1, 2",
    "SUPER_ADMIN_ROLES": "3,4",
    "ADMIN_ROLE_ID": "5",
    "MODERATOR_ROLE_ID": "6",
}


async def test_administrators_of_house_and_server_hold_everything_and_others_nothing(
    front: FrontDesk, discord: DiscordSimulator
) -> None:
    keeper = guilds.create_role(discord.world, discord.guild, Role(discord.world.new_id(), "Keeper", ADMINISTRATOR, 1))
    front.give_roles("pavel_n", keeper.name)
    house_admin = await front.enters(OTHER, "admin", linked=False)
    owner, steward, member = [await front.enters(name) for name in (OWNER, STEWARD, MEMBER)]
    for client in (house_admin, owner):
        answer = (await client.get("/api/user/permissions")).json()
        assert answer == {"is_super_admin": True, "permissions": ALL}
    for client in (steward, member):
        answer = (await client.get("/api/user/permissions")).json()
        assert answer == {"is_super_admin": False, "permissions": []}
        for path in (GRANTS, "/api/apikeys", "/api/admin/members", "/api/admin/roles", "/api/admin/audit"):
            assert refusal(await client.get(path)) == (403, "FORBIDDEN")
    assert await held_by(await front.enters("pavel_n")) == ALL


@pytest.mark.parametrize("more_settings", [NAMED])
async def test_settings_name_super_administrators_and_moderators(
    front: FrontDesk, more_settings: dict[str, str]
) -> None:
    member, steward = await front.enters(MEMBER), await front.enters(STEWARD)
    staff = front.served.house.staff
    named = (staff.rules.super_users, staff.rules.super_roles, staff.rules.ticket_roles)
    assert [sorted(each) for each in named] == [[1, 2], [3, 4, 5], [6]]
    role = int(front.role("Steward"))
    for rules, expected in (
        (DeskRules(), []),
        (DeskRules(ticket_roles=frozenset({role})), ["view_panel", "view_tickets", "manage_tickets"]),
        (DeskRules(super_roles=frozenset({role})), ALL),
        (DeskRules(super_users=frozenset({int(front.id_of(STEWARD))})), ALL),
    ):
        staff.rules = rules
        assert (await held_by(steward), await held_by(member)) == (expected, [])


async def test_a_grant_counts_from_the_next_request_on_and_ends_with_it(front: FrontDesk) -> None:
    owner, steward, member = [await front.enters(name) for name in (OWNER, STEWARD, MEMBER)]
    assert refusal(await member.get("/api/panel/check")) == (403, "FORBIDDEN")
    number = await front.grants(owner, "ManageTickets", to=front.id_of(MEMBER))
    assert await held_by(member) == ["view_panel", "view_tickets", "manage_tickets"]
    assert (await member.get("/api/panel/check")).json()["user_id"] == front.id_of(MEMBER)
    by_role = await front.grants(owner, "view_audit", to=front.role("Steward"), kind="role")
    everybody = await front.grants(owner, "manage_snippets", to=front.discord.guild.id, kind="role")
    assert await held_by(steward) == ["view_panel", "manage_snippets", "view_audit"]
    assert await held_by(member) == ["view_panel", "view_tickets", "manage_tickets", "manage_snippets"]
    listed = (await owner.get(GRANTS)).json()["permissions"]
    assert [each["id"] for each in listed] == [number, by_role, everybody]
    assert {each["granted_by"] for each in listed} == {front.id_of(OWNER)}
    assert listed[0] | {"granted_at": 0} == {
        "id": number,
        "subject_type": "user",
        "subject_id": front.id_of(MEMBER),
        "permission": "manage_tickets",
        "granted_by": front.id_of(OWNER),
        "granted_at": 0,
    }
    for each in (number, everybody):
        assert (await owner.delete(f"{GRANTS}/{each}")).json() == {"success": True}
    assert await held_by(member) == []
    for unknown in (number, 0, 999, "x", "-1", "9" * 30):
        assert refusal(await owner.delete(f"{GRANTS}/{unknown}")) == (404, "PERMISSION_NOT_FOUND")


async def test_nobody_gives_or_takes_what_they_do_not_hold(front: FrontDesk, database: Database) -> None:
    owner, member = await front.enters(OWNER), await front.enters(MEMBER)
    await front.grants(owner, "manage_permissions", to=front.id_of(MEMBER))
    tickets = await front.grants(owner, "view_tickets", to=front.id_of(OTHER))
    body = {"subject_type": "user", "subject_id": front.id_of(OTHER), "permission": "manage_bot"}
    assert refusal(await member.post(GRANTS, json=body)) == (403, "CANNOT_GRANT")
    assert refusal(await member.delete(f"{GRANTS}/{tickets}")) == (403, "CANNOT_GRANT")
    given = await front.grants(member, "manage_permissions", to=front.id_of(OTHER))
    assert (await member.delete(f"{GRANTS}/{given}")).status_code == 200
    async with database.read() as tx:
        made, taken = [
            await audit.page_of_entries(tx, limit=9, target=str(given), action=f"desk_grant.{deed}")
            for deed in ("made", "withdrawn")
        ]
    assert [len(made), len(taken)] == [1, 1]
    assert taken[0].details == {
        "subject_type": "user",
        "subject_id": front.id_of(OTHER),
        "permission": "desk_grants.manage",
    }
    assert taken[0].user_id == made[0].user_id


async def test_the_same_grant_many_times_at_once_is_one(front: FrontDesk, database: Database) -> None:
    owner = await front.enters(OWNER)
    body = {"subject_type": "role", "subject_id": f"000{front.role('Steward')}"[-20:], "permission": "view_bans"}
    answers = await asyncio.gather(*(owner.post(GRANTS, json=body) for _ in range(12)))
    assert {each.status_code for each in answers} == {200}
    assert len({each.json()["id"] for each in answers}) == 1
    assert sorted(each.json()["created"] for each in answers) == [False] * 11 + [True]
    async with database.read() as tx:
        assert len(await audit.page_of_entries(tx, limit=99, action="desk_grant.made")) == 1
    number = answers[0].json()["id"]
    gone = await asyncio.gather(*(owner.delete(f"{GRANTS}/{number}") for _ in range(6)))
    assert sorted(each.status_code for each in gone) == [200] + [404] * 5
    again = await owner.post(GRANTS, json=body)
    assert again.json()["created"]
    assert again.json()["id"] > number
    for _ in range(5):
        last = (await owner.post(GRANTS, json=body)).json()["id"]
        answers = await asyncio.gather(
            *(owner.post(GRANTS, json=body) for _ in range(4)), *(owner.delete(f"{GRANTS}/{last}") for _ in range(4))
        )
        assert [each.status_code for each in answers[:4]] == [200] * 4
        assert sorted(each.status_code for each in answers[4:]) == [200] + [404] * 3


async def test_a_grant_that_makes_no_sense_is_refused_with_its_reason(front: FrontDesk) -> None:
    owner = await front.enters(OWNER)
    good = {"subject_type": "user", "subject_id": "1", "permission": "view_panel"}
    for wrong, code in (
        ({"subject_type": "guild"}, "INVALID_SUBJECT"),
        ({"subject_type": 1}, "INVALID_SUBJECT"),
        ({"subject_id": "x"}, "INVALID_SUBJECT"),
        ({"subject_id": ""}, "INVALID_SUBJECT"),
        ({"subject_id": "1" * 21}, "INVALID_SUBJECT"),
        ({"subject_id": "\u0661"}, "INVALID_SUBJECT"),
        ({"permission": "rooms.book"}, "INVALID_PERMISSION"),
        ({"permission": "tickets.view"}, "INVALID_PERMISSION"),
        ({"permission": "VIEW_TICKETS"}, "INVALID_PERMISSION"),
        ({"permission": None}, "INVALID_PERMISSION"),
        ({"permission": ["view_panel"]}, "INVALID_PERMISSION"),
    ):
        assert refusal(await owner.post(GRANTS, json=good | wrong)) == (400, code), wrong
    for absent in good:
        left = {name: value for name, value in good.items() if name != absent}
        assert refusal(await owner.post(GRANTS, json=left)) == (400, "INVALID_REQUEST")
    assert refusal(await owner.post(GRANTS, content="{")) == (400, "INVALID_JSON")
    assert (await owner.get(GRANTS)).json() == {"permissions": []}


async def test_roles_are_known_for_a_minute_and_for_ten_while_discord_is_away(
    front: FrontDesk, discord: DiscordSimulator, clock: SettableClock
) -> None:
    admin, steward = await front.enters(OTHER, "admin"), await front.enters(STEWARD)
    await front.grants(admin, "view_tickets", to=front.role("Steward"), kind="role")
    await front.grants(admin, "view_bans", to=front.id_of(STEWARD))
    both, own = ["view_panel", "view_tickets", "view_bans"], ["view_panel", "view_bans"]
    assert await held_by(steward) == both
    front.give_roles(STEWARD)
    clock.advance(MINUTE - timedelta(seconds=1))
    assert await held_by(steward) == both
    clock.advance(timedelta(seconds=1))
    assert await held_by(steward) == own
    front.give_roles(STEWARD, "Steward")
    clock.advance(MINUTE)
    assert await held_by(steward) == both

    discord.faults.add(Fault(status=503), times=1000)
    clock.advance(9 * MINUTE)
    assert await held_by(steward) == both
    assert refusal(await admin.get("/api/admin/members")) == (503, "DISCORD_UNAVAILABLE")
    assert refusal(await admin.get("/api/admin/roles")) == (503, "DISCORD_UNAVAILABLE")
    clock.advance(MINUTE)
    assert await held_by(steward) == own
    assert (await steward.get("/api/panel/check")).status_code == 200
    discord.faults.clear()
    clock.advance(MINUTE)
    assert await held_by(steward) == both


async def test_whoever_leaves_the_server_keeps_what_was_given_to_themselves_only(
    front: FrontDesk, discord: DiscordSimulator, clock: SettableClock
) -> None:
    owner, steward = await front.enters(OWNER), await front.enters(STEWARD)
    await front.grants(owner, "view_tickets", to=discord.guild.id, kind="role")
    await front.grants(owner, "view_bans", to=front.id_of(STEWARD))
    assert await held_by(steward) == ["view_panel", "view_tickets", "view_bans"]
    del discord.guild.members[front.id_of(STEWARD)]
    clock.advance(MINUTE)
    assert await held_by(steward) == ["view_panel", "view_bans"]
    guilds.expel_bot(discord.world, discord.guild)
    clock.advance(MINUTE)
    assert await held_by(steward) == ["view_panel", "view_bans"]
