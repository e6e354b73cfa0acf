"""Verified roles: rules by which people get a role for their attendance."""

import msgspec

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import InvalidField, MissingField
from guildhall.dialects.attendance.guilds import GUARDED, GUILD, MANAGER, TOKEN, guild_of
from guildhall.dialects.attendance.wire import Ok, Snowflake, SnowflakeIn, snowflake, uuid_text
from guildhall.domains import attendance
from guildhall.domains.attendance import roles
from guildhall.domains.attendance.errors import NeedsPro
from guildhall.domains.attendance.roles import Rule, Scope, Standing, Terms
from guildhall.domains.attendance.roles.errors import (
    RoleNotGivable,
    RoleUnknown,
    RuleExists,
    RuleNotFound,
    TooManyRules,
)
from guildhall.web.bodies import Body, read_body
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import route


class VerifiedRoleWrite(Body, frozen=True, kw_only=True):
    """A rule as it is to be."""

    role_id: SnowflakeIn
    min_seconds: int
    id: str | None = None
    scope: Scope = Scope.CURRENT_PERIOD
    days: int | None = None
    top_n: int | None = None
    min_active_days: int | None = None
    revoke: bool = False
    enabled: bool = True

    def terms(self) -> Terms:
        """Return what it asks for. Raises InvalidField."""
        terms = Terms(
            role_id=snowflake(self.role_id, "role_id"),
            min_seconds=self.min_seconds,
            scope=self.scope,
            days=self.days,
            top_n=self.top_n,
            min_active_days=self.min_active_days,
            revoke=self.revoke,
            enabled=self.enabled,
        )
        terms.check()
        return terms


class VerifiedRole(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as it is stored, and whether the bot can give its role now."""

    id: str
    role_id: Snowflake
    min_seconds: int
    scope: Scope
    days: int | None
    top_n: int | None
    min_active_days: int | None
    revoke: bool
    enabled: bool
    assignable: bool
    problem: str | None

    @classmethod
    def of(cls, rule: Rule) -> "VerifiedRole":
        """Show a rule."""
        named = {name: getattr(rule, name) for name in cls.__struct_fields__}
        return cls(**{**named, "role_id": str(rule.role_id)})


class VerifiedRoles(msgspec.Struct, frozen=True):
    """The rules of a guild."""

    rules: list[VerifiedRole]


@route("GET", f"{GUILD}/verified-roles", permission=MANAGER, accepts=TOKEN, refusals=(*GUARDED, NeedsPro))
async def list_verified_roles(guild_id: str, tx: Tx) -> VerifiedRoles:
    """List the rules that give Discord roles for attendance."""
    await attendance.access_pro_guild(tx, int(guild_id))
    return VerifiedRoles([VerifiedRole.of(each) for each in await roles.rules_in(tx, guild_id=int(guild_id))])


async def find_standing(call: Call) -> Standing:
    """Ask Discord for the roles before a transaction holds the guild's turn; not for a rule that makes no sense."""
    read_body(call.body, VerifiedRoleWrite).terms()
    return await roles.standing_of(call.house.directory, guild_of(call))


@route(
    "POST", f"{GUILD}/verified-roles", permission=MANAGER, accepts=TOKEN, prepare=find_standing,
    refusals=(
        *GUARDED, MissingField, InvalidField, NeedsPro, RuleNotFound, RuleExists, RoleUnknown, RoleNotGivable,
        TooManyRules,
    ),
)  # fmt: skip
async def put_verified_role(
    guild_id: str, data: VerifiedRoleWrite, standing: Standing, tx: Tx, actor: Actor, house: House
) -> VerifiedRole:
    """Create a rule, or update the one with this id or else with this role and scope."""
    rule = await roles.put_rule(
        tx,
        actor,
        guild_id=int(guild_id),
        terms=data.terms(),
        rule_id=None if data.id is None else uuid_text(data.id, "id"),
        standing=standing,
        now=house.clock.now(),
    )
    return VerifiedRole.of(rule)


@route(
    "DELETE", f"{GUILD}/verified-roles/{{rule_id}}", permission=MANAGER, accepts=TOKEN,
    refusals=(*GUARDED, NeedsPro, RuleNotFound),
)  # fmt: skip
async def delete_verified_role(guild_id: str, rule_id: str, tx: Tx, actor: Actor, house: House) -> Ok:
    """Delete a rule; roles already given stay."""
    await roles.delete_rule(
        tx, actor, guild_id=int(guild_id), rule_id=uuid_text(rule_id, "rule_id"), now=house.clock.now()
    )
    return Ok()
