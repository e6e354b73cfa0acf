"""A run: the rules of a guild are held against the figures of those who are marked, and what follows is written down.

Figures are read and added up without holding anything. What a run comes to is written only for those whose mark is
still the one that it read, so of two runs at once the second has nothing left to say, and whoever was marked again in
the meantime is judged again.
"""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy import bindparam, update
from sqlalchemy.dialects.postgresql import insert

from guildhall.core import outbox
from guildhall.core.db import Command, Database, Tx, command
from guildhall.core.jobs import JobContext
from guildhall.core.jobs.engine import Handler
from guildhall.domains.attendance.errors import BotNotInGuild, NotMember
from guildhall.domains.attendance.models import Tier
from guildhall.domains.attendance.policy import access_guild, access_guild_to_change
from guildhall.domains.attendance.roles.conditions import Decisions, Figures, Window, decide
from guildhall.domains.attendance.roles.figures import Facts, figures_of, read_facts
from guildhall.domains.attendance.roles.giving import GIVE_ROLES, GiveRoles
from guildhall.domains.attendance.roles.hierarchy import Standing
from guildhall.domains.attendance.roles.marks import RUN_ROLES, UNMARK, RunRoles, judge, judge_voices
from guildhall.domains.attendance.roles.models import (
    EVERYBODY,
    Grant,
    GrantState,
    Mark,
    Rule,
    attendance_role_grants,
    attendance_role_rules,
)
from guildhall.domains.attendance.roles.port import RoleDesk, standing_of
from guildhall.domains.attendance.roles.queries import (
    AMONG_PEOPLE,
    ASKED,
    GRANTS,
    GRANTS_OF,
    GUILDS_WITH_RULES,
    MARKS,
    NEXT_DUE,
    OVERTAKEN,
    RULES,
)

OVERDUE: Final = timedelta(minutes=10)
"""What is due for as long as this waits for nobody any more: the work of it was given up."""

SET_PROBLEM = command(
    update(attendance_role_rules)
    .where(attendance_role_rules.c.id == bindparam("rule_id"))
    .values(assignable=bindparam("new_assignable"), problem=bindparam("new_problem"))
)
_KEY = ("guild_id", "user_id", "role_id")
_ASKED = ("rule_id", "state", "asked_at", "due_at")


def _asking(engine: str) -> Command:
    new = insert(attendance_role_grants).from_select([*_KEY, *_ASKED], ASKED[engine])
    return command(
        new.on_conflict_do_update(
            index_elements=[attendance_role_grants.c[name] for name in _KEY],
            set_={name: new.excluded[name] for name in (*_ASKED, "problem")},
            # What is under way is left to end.
            where=attendance_role_grants.c.due_at.is_(None),
        )
    )


ASK = {engine: _asking(engine) for engine in ASKED}
TAKE = {
    engine: command(
        update(attendance_role_grants)
        .where(
            attendance_role_grants.c.guild_id == bindparam("of_guild"),
            attendance_role_grants.c.role_id == bindparam("of_role"),
            attendance_role_grants.c.state == bindparam("given"),
            among,
        )
        .values(state=bindparam("new_state"), due_at=bindparam("now"))
    )
    for engine, among in AMONG_PEOPLE.items()
}


def runner_of(desk: RoleDesk) -> Handler[RunRoles]:
    """Return the handler of RUN_ROLES."""

    async def run(context: JobContext, job: RunRoles) -> None:
        await run_roles(context.database, desk, guild_id=job.guild_id, now=context.clock.now())

    return run


async def run_for_voices(context: JobContext) -> None:
    """Let rules be judged for everybody who is in voice, in all guilds that have rules; take up what was given up."""
    now = context.clock.now()
    async with context.database.read() as tx:
        guilds = await tx.all(GUILDS_WITH_RULES)
    for guild_id in guilds:
        async with context.database.write() as tx:
            await access_guild_to_change(tx, guild_id)
            await judge_voices(tx, guild_id=guild_id, now=now)
            waiting = await tx.one(NEXT_DUE, guild_id=guild_id)
            if waiting is not None and waiting < now - OVERDUE:
                await outbox.put(tx, GIVE_ROLES, GiveRoles(guild_id), now=now)


async def run_roles(database: Database, desk: RoleDesk, *, guild_id: int, now: datetime) -> None:
    """Judge the rules of a guild for whoever is marked, and ask for the roles that follow.

    In a guild of the free tier, and in one that the bot has left, all rests and the marks are forgotten. Raises
    DiscordUnavailable; the marks stay then.
    """
    case = await database.long_read(partial(_read, guild_id=guild_id, now=now))
    if not case.marks:
        return
    try:
        standing = await standing_of(desk, guild_id) if case.rules else None
    except BotNotInGuild:
        standing = None
    if standing is None or case.facts is None:
        async with database.write() as tx:
            await access_guild_to_change(tx, guild_id)
            await _forget(tx, case)
            await _go_on(tx, guild_id, now)
        return
    figures = await asyncio.to_thread(figures_of, case.facts, case.rules)
    able = [rule for rule in case.rules if standing.problem_with(rule.role_id) is None]
    decisions = decide(able, figures, case.whom(figures), case.grants, present=case.named)
    await _find_returned(desk, decisions)
    async with database.write() as tx:
        await _write(tx, case, standing, decisions, now)


@dataclass(frozen=True, kw_only=True)
class _Case:
    """What a run is about. `people` are those it looks at, None for everybody."""

    guild_id: int
    rules: Sequence[Rule]
    marks: Sequence[Mark]
    people: frozenset[int] | None = None
    grants: Sequence[Grant] = ()
    facts: Facts | None = None

    @property
    def named(self) -> frozenset[int]:
        """Those who are marked themselves."""
        return frozenset(each.user_id for each in self.marks) - {EVERYBODY}

    def whom(self, figures: Mapping[Window, Figures]) -> Collection[int]:
        """Return who is judged: with everybody, those who have figures and those who have roles."""
        if self.people is not None:
            return self.people
        return self.named.union(*figures.values(), (grant.user_id for grant in self.grants))

    def only(self, judged: Collection[int], decided: Mapping[str, set[int]]) -> Iterator[tuple[str, list[int]]]:
        """Yield what was decided by rule, for those who are still this run's to judge."""
        others = (self.people or frozenset()) - self.named
        for rule_id, people in decided.items():
            mine = people if EVERYBODY in judged else people & others.union(judged)
            if mine:
                yield rule_id, list(mine)


async def _read(tx: Tx, *, guild_id: int, now: datetime) -> _Case:
    guild = await access_guild(tx, guild_id)
    marks = await tx.all(MARKS, guild_id=guild_id)
    rules = await _rules(tx, guild_id) if marks and guild.tier is Tier.PRO else []
    if not rules:
        return _Case(guild_id=guild_id, rules=rules, marks=marks)
    people, grants = None, []
    if any(each.user_id == EVERYBODY for each in marks):
        grants = await tx.all(GRANTS, guild_id=guild_id)
    else:
        # Who rises on a board pushes somebody else down.
        overtaken = await tx.all(OVERTAKEN, guild_id=guild_id)
        people = frozenset({*(each.user_id for each in marks), *overtaken})
        grants = await tx.all(GRANTS_OF[tx.engine], guild_id=guild_id, people=list(people))
    facts = await read_facts(tx, guild, rules, people=people, now=now)
    return _Case(guild_id=guild_id, rules=rules, marks=marks, people=people, grants=grants, facts=facts)


async def _rules(tx: Tx, guild_id: int) -> list[Rule]:
    return [rule for rule in await tx.all(RULES, guild_id=guild_id) if rule.enabled]


async def _find_returned(desk: RoleDesk, decisions: Decisions) -> None:
    """Give again to those who left the guild and came back. What somebody else took from them since stays taken."""
    for rule_id, grant in decisions.doubtful:
        try:
            member = await desk.member(grant.guild_id, grant.user_id)
        except NotMember:
            continue
        is_new = grant.given_at is None or member.joined_at > grant.given_at
        if is_new and grant.role_id not in member.role_ids:
            decisions.give.setdefault(rule_id, set()).add(grant.user_id)


async def _write(tx: Tx, case: _Case, standing: Standing, decisions: Decisions, now: datetime) -> None:
    guild_id = case.guild_id
    await access_guild_to_change(tx, guild_id)
    freed = False
    if _terms(await _rules(tx, guild_id)) == _terms(case.rules):
        judged = await _forget(tx, case)
        waiting = await tx.one(NEXT_DUE, guild_id=guild_id)
        if judged and await _ask(tx, case, decisions, judged, now) and (waiting is None or waiting < now - OVERDUE):
            await outbox.put(tx, GIVE_ROLES, GiveRoles(guild_id), now=now)
        freed = await _note_problems(tx, case.rules, standing) and EVERYBODY not in judged
    await _go_on(tx, guild_id, now)
    if freed:
        await judge(tx, guild_id=guild_id, now=now)


async def _go_on(tx: Tx, guild_id: int, now: datetime) -> None:
    """Queue the next run if somebody was marked meanwhile, who saw others marked and left it to this run."""
    if await tx.all(MARKS, guild_id=guild_id):
        await outbox.put(tx, RUN_ROLES, RunRoles(guild_id), now=now)


def _terms(rules: Sequence[Rule]) -> list[tuple[object, ...]]:
    """Return what rules ask for, without what a run itself finds out about them."""
    names = [name for name in Rule.__struct_fields__ if name not in {"assignable", "problem"}]
    return [tuple(getattr(rule, name) for name in names) for rule in rules]


async def _forget(tx: Tx, case: _Case) -> frozenset[int]:
    """Take away the marks that this run has read, and return whose were still the same."""
    present = set(await tx.all(MARKS, guild_id=case.guild_id))
    same = [each for each in case.marks if each in present]
    await tx.run(UNMARK[tx.engine], of_guild=case.guild_id, listed=[each.mark for each in same])
    return frozenset(each.user_id for each in same)


async def _ask(tx: Tx, case: _Case, decisions: Decisions, judged: frozenset[int], now: datetime) -> int:
    """Write down who is to have a role and who is to lose one; return how many."""
    roles = {rule.id: rule.role_id for rule in case.rules}
    asked = 0
    for rule_id, people in case.only(judged, decisions.give):
        asked += await tx.run(
            ASK[tx.engine],
            guild_id=case.guild_id,
            role_id=roles[rule_id],
            rule_id=rule_id,
            people=people,
            now=now,
        )
    for rule_id, people in case.only(judged, decisions.take):
        asked += await tx.run(
            TAKE[tx.engine],
            of_guild=case.guild_id,
            of_role=roles[rule_id],
            people=people,
            given=GrantState.GIVEN,
            new_state=GrantState.TAKING,
            now=now,
        )
    return asked


async def _note_problems(tx: Tx, rules: Sequence[Rule], standing: Standing) -> bool:
    """Write down what stands in the way of rules now; tell whether one has come free, which is for everybody then."""
    freed = False
    for rule in rules:
        problem = standing.problem_with(rule.role_id)
        if (problem is None, problem) != (rule.assignable, rule.problem):
            await tx.run(SET_PROBLEM, rule_id=rule.id, new_assignable=problem is None, new_problem=problem)
            freed = freed or problem is None
    return freed
