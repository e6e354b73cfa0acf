"""Telling Discord of roles that were asked for. Each is a row that waits until it is settled.

Whoever takes a row moves its due time ahead first, so that nobody else takes it meanwhile; if they die, it comes due
again. A role that the person has already is left to whoever gave it. Once it is known that they have it not, the row
says so before Discord is told, so that a repeat does not take its own gift for somebody else's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import bindparam, literal_column, update

from guildhall.core import outbox
from guildhall.core.actor import SYSTEM
from guildhall.core.clock import Clock
from guildhall.core.db import Database, command
from guildhall.core.jobs import JobContext
from guildhall.core.jobs.engine import Handler
from guildhall.core.log import get_logger
from guildhall.core.outbox import JobKind
from guildhall.domains import audit
from guildhall.domains.attendance.errors import BotNotInGuild, DiscordUnavailable, NotMember
from guildhall.domains.attendance.models import Tier
from guildhall.domains.attendance.policy import access_guild, access_guild_to_change
from guildhall.domains.attendance.roles.conditions import in_words
from guildhall.domains.attendance.roles.errors import RoleRefused
from guildhall.domains.attendance.roles.models import (
    Grant,
    GrantState,
    attendance_role_grants,
    attendance_role_rules,
)
from guildhall.domains.attendance.roles.port import RoleDesk
from guildhall.domains.attendance.roles.queries import NEXT_DUE, PENDING, RULES
from guildhall.domains.attendance.webhooks.events import queue_role_event
from guildhall.domains.attendance.webhooks.models import WebhookEvent

log = get_logger(__name__)

AT_ONCE: Final = 50
"""Roles of one turn, so that a guild with thousands leaves room for others."""

CLAIM: Final = timedelta(minutes=2)
"""How long a role waits whose taker died."""

AT_REST: Final = timedelta(0)
REASON: Final = "Attendance"
ACTS: Final = {GrantState.GIVEN: "attendance.role_given", GrantState.TAKEN: "attendance.role_taken"}
EVENTS: Final[Mapping[GrantState, Literal[WebhookEvent.ROLE_GRANTED, WebhookEvent.ROLE_REVOKED]]] = {
    GrantState.GIVEN: WebhookEvent.ROLE_GRANTED,
    GrantState.TAKEN: WebhookEvent.ROLE_REVOKED,
}


class GiveRoles(msgspec.Struct, frozen=True):
    """The payload: whose roles wait; the rows tell which."""

    guild_id: int


GIVE_ROLES: Final = JobKind("attendance.roles.give", GiveRoles)

_grant = tuple(attendance_role_grants.c[name] == bindparam(f"of_{name}") for name in ("guild_id", "user_id", "role_id"))
_as_seen = (
    attendance_role_grants.c.state == bindparam("seen_state"),
    attendance_role_grants.c.due_at == bindparam("seen_due"),
)
MOVE = command(
    update(attendance_role_grants)
    .where(*_grant, *_as_seen)
    .values(state=bindparam("new_state"), due_at=bindparam("new_due"))
)
SETTLE = command(
    update(attendance_role_grants)
    .where(*_grant, *_as_seen)
    .values(
        state=bindparam("new_state"),
        due_at=None,
        given_at=bindparam("new_given"),
        taken_at=bindparam("new_taken"),
        problem=bindparam("new_problem"),
    )
)
_of_role = (
    attendance_role_grants.c.guild_id == bindparam("of_guild"),
    attendance_role_grants.c.role_id == bindparam("of_role"),
)
# What cannot be given is refused, what cannot be taken stays given.
REFUSE = [
    command(
        update(attendance_role_grants)
        .where(*_of_role, attendance_role_grants.c.state.in_([literal_column(f"'{each.value}'") for each in states]))
        .values(state=literal_column(f"'{outcome.value}'"), due_at=None, problem=bindparam("words"))
    )
    for states, outcome in (
        ((GrantState.ASKED, GrantState.GIVING), GrantState.REFUSED),
        ((GrantState.TAKING,), GrantState.GIVEN),
    )
]
BLAME = command(
    update(attendance_role_rules)
    .where(
        attendance_role_rules.c.guild_id == bindparam("of_guild"),
        attendance_role_rules.c.role_id == bindparam("of_role"),
    )
    .values(assignable=False, problem=bindparam("words"))
)


def giver_of(desk: RoleDesk) -> Handler[GiveRoles]:
    """Return the handler of GIVE_ROLES."""

    async def give(context: JobContext, job: GiveRoles) -> None:
        await give_roles(context.database, desk, context.clock, guild_id=job.guild_id)

    return give


async def give_roles(database: Database, desk: RoleDesk, clock: Clock, *, guild_id: int) -> None:
    """Tell Discord what is due in a guild, and queue the next turn if something is left.

    In a guild of the free tier all rests. Raises DiscordUnavailable; nothing is lost by it.
    """
    async with database.read() as tx:
        guild = await access_guild(tx, guild_id)
        due = await tx.all(PENDING, guild_id=guild_id, now=clock.now(), limit=AT_ONCE)
        reasons = {rule.id: f"{REASON}: {in_words(rule)}" for rule in await tx.all(RULES, guild_id=guild_id)}
    if guild.tier is not Tier.PRO:
        return
    pause = AT_REST
    for grant in due:
        try:
            pause = await _Turn(database, desk, clock, grant, reasons.get(grant.rule_id, REASON)).take()
        except BotNotInGuild:
            log.info("Roles wait for the bot to be in the guild again", guild_id=guild_id)
            return
        if pause:
            break
    await _go_on(database, guild_id, not_before=clock.now() + pause)


async def _go_on(database: Database, guild_id: int, *, not_before: datetime) -> None:
    """Queue the next turn if something waits. Whoever asks for more then knows that it will be seen."""
    async with database.write() as tx:
        await access_guild_to_change(tx, guild_id)
        following = await tx.one(NEXT_DUE, guild_id=guild_id)
        if following is not None:
            due = max(following, not_before)
            await outbox.put(tx, GIVE_ROLES, GiveRoles(guild_id), now=not_before, due=due)


@dataclass
class _Turn:
    """One role of one person."""

    database: Database
    desk: RoleDesk
    clock: Clock
    grant: Grant
    reason: str

    async def take(self) -> timedelta:
        """Do what is to be done, and return for how long Discord wants to be left alone."""
        try:
            if self.grant.state is GrantState.ASKED and await self._has_it():
                await self._settle(GrantState.OWN)
                return AT_REST
            return await self._tell()
        except NotMember:
            await self._settle(GrantState.AWAY)
        except RoleRefused as refused:
            await self._refuse(refused.message)
        return AT_REST

    async def _has_it(self) -> bool:
        member = await self.desk.member(self.grant.guild_id, self.grant.user_id)
        return self.grant.role_id in member.role_ids

    async def _tell(self) -> timedelta:
        takes = self.grant.state is GrantState.TAKING
        if not await self._move(GrantState.TAKING if takes else GrantState.GIVING, self.clock.now() + CLAIM):
            return AT_REST
        act = self.desk.take_role if takes else self.desk.give_role
        try:
            pause = await act(self.grant.guild_id, self.grant.user_id, self.grant.role_id, reason=self.reason)
        except DiscordUnavailable:
            await self._move(self.grant.state, self.clock.now())
            raise
        await self._settle(GrantState.TAKEN if takes else GrantState.GIVEN)
        return pause

    async def _move(self, state: GrantState, due: datetime) -> bool:
        """Take the row, or let go of it. False when somebody else has it."""
        grant = self.grant
        async with self.database.write() as tx:
            moved = await tx.run(MOVE, **_seen(grant), new_state=state, new_due=due)
        if moved:
            self.grant = msgspec.structs.replace(grant, state=state, due_at=due)
        return bool(moved)

    async def _settle(self, state: GrantState) -> None:
        grant, now = self.grant, self.clock.now()
        times: dict[str, Any] = {
            "new_given": now if state in {GrantState.GIVEN, GrantState.OWN} else grant.given_at,
            "new_taken": now if state is GrantState.TAKEN else None,
        }
        async with self.database.write() as tx:
            settled = await tx.run(SETTLE, **_seen(grant), new_state=state, new_problem=None, **times)
            if settled and state in ACTS:
                about = {"user": str(grant.user_id), "role": str(grant.role_id), "rule": grant.rule_id}
                await audit.record(tx, SYSTEM, ACTS[state], str(grant.guild_id), now=now, **about)
                await queue_role_event(
                    tx,
                    EVENTS[state],
                    guild_id=grant.guild_id,
                    rule_id=grant.rule_id,
                    user_id=grant.user_id,
                    role_id=grant.role_id,
                    now=now,
                )
                tx.announce("attendance", guild_id=str(grant.guild_id))

    async def _refuse(self, words: str) -> None:
        """Note for everybody who waits for this role that the bot may not give it."""
        role: dict[str, Any] = {"of_guild": self.grant.guild_id, "of_role": self.grant.role_id, "words": words}
        async with self.database.write() as tx:
            # Runs change many of these rows too, and take turns at the guild.
            await access_guild_to_change(tx, self.grant.guild_id)
            for refuse in REFUSE:
                await tx.run(refuse, **role)
            await tx.run(BLAME, **role)
            tx.announce("attendance", guild_id=str(self.grant.guild_id))


def _seen(grant: Grant) -> dict[str, Any]:
    return {
        "of_guild_id": grant.guild_id,
        "of_user_id": grant.user_id,
        "of_role_id": grant.role_id,
        "seen_state": grant.state,
        "seen_due": grant.due_at,
    }
