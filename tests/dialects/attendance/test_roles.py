"""Rules that give roles: put, listed, deleted, refused."""

from typing import Any

import httpx
import pytest

from guildhall.core import ids
from guildhall.simulator.discord import DiscordSimulator, guilds
from guildhall.simulator.discord.state import Role
from tests.dialects.attendance.asking import Place, refusal
from tests.serving import Served


@pytest.fixture
def roles(discord: DiscordSimulator) -> dict[str, str]:
    """The ids of the guild's roles by name."""
    return {each.name: each.id for each in discord.guild.roles.values()}


async def test_a_rule_is_put_listed_changed_and_deleted(manager: httpx.AsyncClient, roles: dict[str, str]) -> None:
    rule = (await manager.post("verified-roles", json={"role_id": roles["Regular"], "min_seconds": 36_000})).json()
    assert rule == {
        "id": rule["id"],
        "role_id": roles["Regular"],
        "min_seconds": 36_000,
        "scope": "current_period",
        "days": None,
        "top_n": None,
        "min_active_days": None,
        "revoke": False,
        "enabled": True,
        "assignable": True,
        "problem": None,
    }
    again = {"role_id": int(roles["Regular"]), "min_seconds": 60, "top_n": 10, "revoke": True, "more": 1}
    changed = rule | {"min_seconds": 60, "top_n": 10, "revoke": True}
    assert (await manager.post("verified-roles", json=again)).json() == changed

    moved = {"id": rule["id"].upper(), "role_id": roles["Host"], "min_seconds": 0, "scope": "last_days", "days": 7}
    changed = rule | {"role_id": roles["Host"], "min_seconds": 0, "scope": "last_days", "days": 7}
    assert (await manager.post("verified-roles", json=moved)).json() == changed
    other = {"id": None, "role_id": roles["Host"], "min_seconds": 5, "scope": "lifetime", "min_active_days": 3}
    second = (await manager.post("verified-roles", json=other)).json()
    assert (await manager.get("verified-roles")).json() == {"rules": [changed, second]}

    for _ in range(2):
        clash = {**other, "id": rule["id"]}
        assert refusal(await manager.post("verified-roles", json=clash)) == (422, "RULE_EXISTS")
    assert (await manager.delete(f"verified-roles/{second['id']}")).json() == {"ok": True}
    assert refusal(await manager.delete(f"verified-roles/{second['id']}")) == (404, "RULE_NOT_FOUND")
    assert refusal(await manager.delete("verified-roles/first")) == (422, "INVALID_FIELD")
    assert (await manager.get("verified-roles")).json() == {"rules": [changed]}


async def test_what_is_wrong_with_a_rule_is_said(manager: httpx.AsyncClient, roles: dict[str, str]) -> None:
    fine: dict[str, Any] = {"role_id": roles["Regular"], "min_seconds": 60}
    for wrong, field in (
        ({"role_id": "x"}, "role_id"),
        ({"role_id": True}, "role_id"),
        ({"min_seconds": -1}, "min_seconds"),
        ({"min_seconds": 315_360_001}, "min_seconds"),
        ({"min_seconds": "60"}, "min_seconds"),
        ({"min_seconds": True}, "min_seconds"),
        ({"scope": "ever"}, "scope"),
        ({"scope": None}, "scope"),
        ({"scope": "last_days"}, "days"),
        ({"scope": "last_days", "days": 0}, "days"),
        ({"days": 367}, "days"),
        ({"top_n": 0}, "top_n"),
        ({"top_n": 1001}, "top_n"),
        ({"min_active_days": 0}, "min_active_days"),
        ({"min_active_days": 1.5}, "min_active_days"),
        ({"revoke": "false"}, "revoke"),
        ({"enabled": None}, "enabled"),
        ({"id": "first"}, "id"),
    ):
        answer = await manager.post("verified-roles", json={**fine, **wrong})
        assert (refusal(answer), answer.json()["field"]) == ((422, "INVALID_FIELD"), field)
    for missing in ("role_id", "min_seconds"):
        body = {name: value for name, value in fine.items() if name != missing}
        assert refusal(await manager.post("verified-roles", json=body)) == (422, "MISSING_FIELD")
    for role_id, code in (
        ("4242", "ROLE_UNKNOWN"),
        (roles["@everyone"], "ROLE_NOT_GIVABLE"),
        (roles["guildhall"], "ROLE_NOT_GIVABLE"),
    ):
        assert refusal(await manager.post("verified-roles", json={**fine, "role_id": role_id})) == (422, code)
    assert refusal(await manager.post("verified-roles", json={**fine, "id": ids.uuid()})) == (404, "RULE_NOT_FOUND")
    assert (await manager.get("verified-roles")).json() == {"rules": []}


async def test_a_role_that_the_bot_may_not_give_now_is_stored_with_the_problem(
    manager: httpx.AsyncClient, discord: DiscordSimulator
) -> None:
    high = guilds.create_role(discord.world, discord.guild, Role(discord.world.new_id(), "High", 0, 5))
    rule = (await manager.post("verified-roles", json={"role_id": high.id, "min_seconds": 60})).json()
    assert rule["assignable"] is False
    assert rule["problem"] == "The role does not stand below the bot's own: move the bot's role above it."


async def test_in_the_free_tier_rules_need_pro(
    served: Served, manager: httpx.AsyncClient, place: Place, roles: dict[str, str]
) -> None:
    rule = (await manager.post("verified-roles", json={"role_id": roles["Regular"], "min_seconds": 60})).json()
    await manager.patch("subscription", json={"tier": "free"})
    body = {"role_id": roles["Regular"], "min_seconds": 60}
    for answer in (
        await manager.get("verified-roles"),
        await manager.post("verified-roles", json=body),
        await manager.post("verified-roles", json={**body, "id": ids.uuid()}),
        await manager.delete(f"verified-roles/{rule['id']}"),
        await manager.delete(f"verified-roles/{ids.uuid()}"),
    ):
        assert (refusal(answer), answer.json()["tier_required"]) == ((403, "TIER_REQUIRED"), "pro")
    assert refusal(await manager.post("verified-roles", json={**body, "min_seconds": -1})) == (422, "INVALID_FIELD")
    await manager.patch("subscription", json={"tier": "pro"})
    assert (await manager.get("verified-roles")).json() == {"rules": [rule]}
