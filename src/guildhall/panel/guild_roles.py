"""Roles for attendance: the rules of a guild in plain words, what stands in their way, and who has the roles."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final
from zoneinfo import ZoneInfo

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import Conflict, GuildhallError, InvalidField, Unprocessable
from guildhall.domains import attendance
from guildhall.domains.attendance import GuildRole, Tier, roles
from guildhall.domains.attendance.errors import BotNotInGuild, DiscordUnavailable
from guildhall.domains.attendance.roles import Grant, GrantState, Holding, Rule, Scope, Standing, Terms
from guildhall.panel.forms import change, show, whole_number
from guildhall.panel.guild_door import MANAGE, Place, place_of
from guildhall.panel.guild_people import Member, members_of
from guildhall.panel.guilds import GUILD, guild_page
from guildhall.panel.pages import told
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form
from guildhall.web.calls import Call
from guildhall.web.house import House

ROLES: Final = GUILD + "/roles"
HOUR: Final = 3600
LONGEST: Final = 16
SHOWN: Final = 200
SCOPES: Final = (
    (Scope.CURRENT_PERIOD, "this period"),
    (Scope.LAST_PERIOD, "the last finished period"),
    (Scope.LAST_DAYS, "the last days"),
    (Scope.LIFETIME, "all time"),
)
STATES: Final = {
    GrantState.ASKED: "on its way",
    GrantState.GIVING: "on its way",
    GrantState.GIVEN: "has it",
    GrantState.OWN: "had it before",
    GrantState.TAKING: "being taken back",
    GrantState.TAKEN: "taken back",
    GrantState.AWAY: "not in the guild",
    GrantState.REFUSED: "refused by Discord",
}
WITH: Final = frozenset({GrantState.GIVEN, GrantState.OWN})
UNDER_WAY: Final = frozenset({GrantState.ASKED, GrantState.GIVING, GrantState.TAKING})


class RuleForm(Form, frozen=True, kw_only=True):
    """A rule as somebody wants it; what is left empty is no condition."""

    role_id: str = ""
    scope: Scope = Scope.CURRENT_PERIOD
    days: str = ""
    hours: str = ""
    top_n: str = ""
    min_active_days: str = ""
    revoke: str = ""
    enabled: str = ""

    def terms(self) -> Terms:
        """Return what it asks for. Raises InvalidField."""
        if self.scope is Scope.LAST_DAYS and not self.days.strip():
            raise InvalidField("Say of how many days", field="days")
        terms = Terms(
            role_id=whole_id(self.role_id),
            min_seconds=_seconds(self.hours),
            scope=self.scope,
            days=_number(self.days, "days") if self.scope is Scope.LAST_DAYS else None,
            top_n=_number(self.top_n, "top_n"),
            min_active_days=_number(self.min_active_days, "min_active_days"),
            revoke=self.revoke == "yes",
            enabled=self.enabled == "yes",
        )
        terms.check()
        return terms


@dataclass(frozen=True)
class ListedRule:
    """A rule in plain words; how many have its role by it, and for how many it is under way."""

    rule: Rule
    role: str
    words: str
    holders: int
    under_way: int


@dataclass(frozen=True)
class Holder:
    """Somebody to whom a rule gave its role, and what became of it; `since` when they have it."""

    member: Member
    state: GrantState
    words: str
    since: str


@show(ROLES, permission=MANAGE, transaction="none")
async def show_rules(call: Call, house: House) -> Answer:
    """Show the rules of a guild."""
    return await _rules_page(call, house)


@show(ROLES + "/{rule_id}", permission=MANAGE, transaction="none")
async def show_rule(rule_id: str, call: Call, house: House) -> Answer:
    """Show one rule, and who has its role by it."""
    return await _rule_page(call, house, rule_id)


@change(ROLES, permission=MANAGE, transaction="none")
async def add_rule(form: RuleForm, call: Call, actor: Actor, house: House) -> Answer:
    """Make a rule, or change the one that gives this role for this time."""
    try:
        await _put(form, call, actor, house)
    except (InvalidField, Conflict, Unprocessable) as error:
        return await _rules_page(call, house, form=form, error=error)
    return redirect(told(_path(place_of(call)), "role-rule-saved"))


@change(ROLES + "/{rule_id}", permission=MANAGE, transaction="none")
async def change_rule(rule_id: str, form: RuleForm, call: Call, actor: Actor, house: House) -> Answer:
    """Change a rule."""
    try:
        await _put(form, call, actor, house, rule_id=rule_id)
    except (InvalidField, Conflict, Unprocessable) as error:
        return await _rule_page(call, house, rule_id, form=form, error=error)
    return redirect(told(_path(place_of(call)), "role-rule-saved"))


@change(ROLES + "/{rule_id}/delete", permission=MANAGE)
async def delete_rule(rule_id: str, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Delete a rule; whoever has its role keeps it."""
    place = place_of(call)
    await roles.delete_rule(tx, actor, guild_id=place.guild_id, rule_id=rule_id, now=house.clock.now())
    return redirect(told(_path(place), "role-rule-deleted"))


async def _put(form: RuleForm, call: Call, actor: Actor, house: House, *, rule_id: str | None = None) -> None:
    terms, place = form.terms(), place_of(call)
    standing = await roles.standing_of(house.directory, place.guild_id)
    async with house.database.write() as tx:
        await roles.put_rule(
            tx,
            actor,
            guild_id=place.guild_id,
            terms=terms,
            rule_id=rule_id,
            standing=standing,
            now=house.clock.now(),
        )


async def _rules_page(
    call: Call, house: House, *, form: RuleForm | None = None, error: GuildhallError | None = None
) -> Answer:
    place = place_of(call)
    standing = await _standing(house, place)
    async with house.database.read() as tx:
        guild = await attendance.access_guild(tx, place.guild_id)
        rules = await roles.rules_in(tx, guild_id=place.guild_id)
        holdings = await roles.holdings_in(tx, guild_id=place.guild_id)
    return guild_page(
        call,
        "guild_roles.html",
        guild,
        title="Roles",
        refusal=_refusal(error),
        rules=_listed(rules, holdings, _names(standing)),
        form=form or RuleForm(enabled="yes"),
        choices=_choices(standing, None),
        scopes=SCOPES,
        is_pro=guild.tier is Tier.PRO,
    )


async def _rule_page(
    call: Call, house: House, rule_id: str, *, form: RuleForm | None = None, error: GuildhallError | None = None
) -> Answer:
    place = place_of(call)
    standing = await _standing(house, place)
    async with house.database.read() as tx:
        guild = await attendance.access_guild(tx, place.guild_id)
        rule = await roles.access_rule(tx, place.guild_id, rule_id)
        holdings = await roles.holdings_in(tx, guild_id=place.guild_id)
        grants = await roles.holders_of(tx, guild_id=place.guild_id, rule_id=rule.id, limit=SHOWN)
    members = await members_of(house, place, [each.user_id for each in grants])
    (listed,) = _listed([rule], holdings, _names(standing))
    return guild_page(
        call,
        "guild_role.html",
        guild,
        title=listed.role,
        refusal=_refusal(error),
        listed=listed,
        holders=[_holder(members[each.user_id], each, ZoneInfo(guild.schedule.timezone)) for each in grants],
        total=sum(each.people for each in holdings if each.rule_id == rule.id),
        form=form or _filled(rule),
        choices=_choices(standing, rule),
        scopes=SCOPES,
        is_pro=guild.tier is Tier.PRO,
    )


async def _standing(house: House, place: Place) -> Standing | None:
    """Return the roles of a guild, None where Discord tells nothing now."""
    try:
        return await roles.standing_of(house.directory, place.guild_id)
    except (BotNotInGuild, DiscordUnavailable):
        return None


def _names(standing: Standing | None) -> Mapping[int, str]:
    return {each.id: each.name for each in standing.guild.roles} if standing else {}


def _choices(standing: Standing | None, rule: Rule | None) -> list[tuple[GuildRole, str]]:
    """Return the roles to choose from, each with what stands in its way; one that is gone stays chosen where it is."""
    if standing is None:
        return []
    found = [(each, standing.problem_with(each.id) or "") for each in standing.givable]
    if rule is not None and all(each.id != rule.role_id for each, _ in found):
        gone = GuildRole(rule.role_id, _role_name({}, rule.role_id), 0, 0, managed=False)
        found.append((gone, standing.problem_with(rule.role_id) or ""))
    return found


def _listed(rules: Sequence[Rule], holdings: Sequence[Holding], names: Mapping[int, str]) -> list[ListedRule]:
    having: Counter[str] = Counter()
    under_way: Counter[str] = Counter()
    for each in holdings:
        if each.state in WITH:
            having[each.rule_id] += each.people
        if each.state in UNDER_WAY:
            under_way[each.rule_id] += each.people
    return [
        ListedRule(rule, _role_name(names, rule.role_id), roles.in_words(rule), having[rule.id], under_way[rule.id])
        for rule in rules
    ]


def _holder(member: Member, grant: Grant, zone: ZoneInfo) -> Holder:
    has_it = grant.state is GrantState.GIVEN
    local = grant.given_at.astimezone(zone) if grant.given_at and has_it else None
    return Holder(member, grant.state, STATES[grant.state], f"{local.day} {local:%b %Y}" if local else "")


def _role_name(names: Mapping[int, str], role_id: int) -> str:
    return f"@{names[role_id]}" if role_id in names else f"role {role_id}"


def _refusal(error: GuildhallError | None) -> Refusal | None:
    return Refusal.of(error, fields={"min_seconds": "hours"}) if error else None


def _filled(rule: Rule) -> RuleForm:
    return RuleForm(
        role_id=str(rule.role_id),
        scope=rule.scope,
        days=_text(rule.days),
        hours=_hours(rule.min_seconds),
        top_n=_text(rule.top_n),
        min_active_days=_text(rule.min_active_days),
        revoke="yes" if rule.revoke else "",
        enabled="yes" if rule.enabled else "",
    )


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def whole_id(text: str) -> int:
    """Read the role that was chosen. Raises InvalidField."""
    if not text.isascii() or not text.isdigit() or len(text) > 19:  # noqa: PLR2004 (digits of the largest id)
        raise InvalidField("Choose a role", field="role_id")
    return int(text)


def _number(text: str, field: str) -> int | None:
    return whole_number(text, field=field) if text.strip() else None


def _seconds(hours: str) -> int:
    """Read hours, with a fraction after a point or a comma. Raises InvalidField."""
    try:
        given = Decimal(hours.strip().replace(",", ".")[:LONGEST] or "0")
    except InvalidOperation as fault:
        raise InvalidField("This must be a number of hours, such as 1.5", field="min_seconds") from fault
    if not given.is_finite() or given < 0:
        raise InvalidField("This must be a number of hours, such as 1.5", field="min_seconds")
    return round(given * HOUR)


def _hours(seconds: int) -> str:
    """Write seconds as hours, so finely that reading them gives the same seconds."""
    if not seconds:
        return ""
    return f"{Decimal(seconds) / HOUR:.5f}".rstrip("0").rstrip(".")


def _path(place: Place) -> str:
    return f"{place.path}/roles"
