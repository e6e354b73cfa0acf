"""The rules of a guild, as the people who manage it write them. Whoever changes one sees it act soon after."""

from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import bindparam, delete, update

from guildhall.core import ids
from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.domains import audit
from guildhall.domains.attendance.models import fields_of
from guildhall.domains.attendance.roles.errors import RuleExists, TooManyRules
from guildhall.domains.attendance.roles.hierarchy import Standing
from guildhall.domains.attendance.roles.marks import judge
from guildhall.domains.attendance.roles.models import Grant, Rule, Scope, Terms, attendance_role_rules
from guildhall.domains.attendance.roles.policy import access_pro_guild_to_change, access_rule
from guildhall.domains.attendance.roles.queries import (
    HOLDERS,
    HOLDINGS,
    RULE_COUNT,
    RULE_LIKE,
    RULES,
    Holding,
)

MOST_RULES: Final = 50

_rule = (
    attendance_role_rules.c.guild_id == bindparam("of_guild"),
    attendance_role_rules.c.id == bindparam("rule_id"),
)
_changeable = (*Terms.__struct_fields__, "assignable", "problem")
CHANGE = command(
    update(attendance_role_rules).where(*_rule).values({name: bindparam(f"new_{name}") for name in _changeable})
)
DELETE = command(delete(attendance_role_rules).where(*_rule))


async def put_rule(
    tx: Tx,
    actor: Actor,
    *,
    guild_id: int,
    terms: Terms,
    rule_id: str | None = None,
    standing: Standing,
    now: datetime,
) -> Rule:
    """Change the rule with this id or else with this role and scope, or make a new one; judge everybody by it.

    A role that the bot may not give now is taken in with the problem that stands in its way. Raises InvalidField,
    GuildNotSeen, NeedsPro, RuleNotFound, RoleUnknown, RoleNotGivable, RuleExists, TooManyRules.
    """
    terms.check()
    # What says nothing is not kept.
    terms = terms if terms.scope is Scope.LAST_DAYS else replace(terms, days=None)
    await access_pro_guild_to_change(tx, guild_id)
    like = await tx.one(RULE_LIKE, guild_id=guild_id, role_id=terms.role_id, scope=terms.scope)
    before = await access_rule(tx, guild_id, rule_id) if rule_id is not None else like
    standing.check_givable(terms.role_id)
    if like is not None and before is not None and like.id != before.id:
        raise RuleExists
    problem = standing.problem_with(terms.role_id)
    found: dict[str, Any] = {"assignable": problem is None, "problem": problem}
    if before is None:
        rule = await _create(tx, actor, guild_id, terms, found, now)
    else:
        rule = replace(before, **fields_of(terms), **found)
        renamed = {f"new_{name}": getattr(rule, name) for name in _changeable}
        await tx.run(CHANGE, of_guild=guild_id, rule_id=rule.id, **renamed)
    await _write_down(tx, actor, guild_id, before, rule, now)
    await judge(tx, guild_id=guild_id, now=now)
    return rule


async def _create(tx: Tx, actor: Actor, guild_id: int, terms: Terms, found: dict[str, Any], now: datetime) -> Rule:
    if (await tx.one(RULE_COUNT, guild_id=guild_id) or 0) >= MOST_RULES:
        raise TooManyRules
    rule = Rule(**fields_of(terms), **found, id=ids.uuid(), guild_id=guild_id, created_at=now, created_by=actor.user_id)
    await tx.insert(rule)
    return rule


async def delete_rule(tx: Tx, actor: Actor, *, guild_id: int, rule_id: str, now: datetime) -> None:
    """Delete a rule; who has its role keeps it. Raises GuildNotSeen, NeedsPro, RuleNotFound."""
    await access_pro_guild_to_change(tx, guild_id)
    rule = await access_rule(tx, guild_id, rule_id)
    await tx.run(DELETE, of_guild=guild_id, rule_id=rule.id)
    await _write_down(tx, actor, guild_id, rule, None, now)


async def rules_in(tx: Tx, *, guild_id: int) -> list[Rule]:
    """Return the rules of a guild in order of creation, whatever its tier."""
    return await tx.all(RULES, guild_id=guild_id)


async def holdings_in(tx: Tx, *, guild_id: int) -> list[Holding]:
    """Return for each rule of a guild how many people stand in which state."""
    return await tx.all(HOLDINGS, guild_id=guild_id)


async def holders_of(tx: Tx, *, guild_id: int, rule_id: str, limit: int = 100) -> list[Grant]:
    """Return what became of the role for the people to whom a rule gave it, the latest first."""
    return await tx.all(HOLDERS, guild_id=guild_id, rule_id=rule_id, limit=limit)


async def _write_down(
    tx: Tx, actor: Actor, guild_id: int, before: Rule | None, after: Rule | None, now: datetime
) -> None:
    old, new = (msgspec.to_builtins(Terms(**_terms(each))) if each else None for each in (before, after))
    if old != new:
        await audit.record(tx, actor, "attendance.role_rule", str(guild_id), now=now, old=old, new=new)
        tx.announce("attendance", guild_id=str(guild_id))


def _terms(rule: Rule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in Terms.__struct_fields__}
