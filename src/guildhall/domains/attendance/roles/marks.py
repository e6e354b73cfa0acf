"""For whom rules are to be judged, and the work of doing so.

Whoever is marked is judged soon: the first mark of a guild queues a run, and every further one until then is part of
it. So a thousand sessions that end together make one run.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Select, bindparam, delete, text
from sqlalchemy.dialects.postgresql import insert

from guildhall.core import ids, outbox
from guildhall.core.db import Command, JsonDoc, Tx, command
from guildhall.core.outbox import JobKind
from guildhall.domains.attendance.models import EndReason, Session
from guildhall.domains.attendance.roles.models import EVERYBODY, attendance_role_marks
from guildhall.domains.attendance.roles.queries import IN_VOICE, MARKED, STANDBY

GATHER: Final = timedelta(seconds=3)
"""How long a run waits for further marks."""


class RunRoles(msgspec.Struct, frozen=True):
    """The payload: whose rules are to be judged; the marks tell for whom."""

    guild_id: int


RUN_ROLES: Final = JobKind("attendance.roles.run", RunRoles)


def _marking(who: Select[Any]) -> Command:
    new = insert(attendance_role_marks).from_select(["guild_id", "user_id", "mark"], who)
    return command(
        new.on_conflict_do_update(
            index_elements=[attendance_role_marks.c.guild_id, attendance_role_marks.c.user_id],
            set_={"mark": new.excluded.mark},
        )
    )


MARK = {engine: _marking(people) for engine, people in MARKED.items()}
MARK_VOICES = _marking(IN_VOICE)
_listed = bindparam("listed", type_=JsonDoc)
UNMARK = {
    engine: command(
        delete(attendance_role_marks).where(attendance_role_marks.c.guild_id == bindparam("of_guild"), among)
    )
    for engine, among in {
        "postgresql": text("mark = ANY(ARRAY(SELECT jsonb_array_elements_text(:listed)))").bindparams(_listed),
        "sqlite": text("mark IN (SELECT value FROM json_each(:listed))").bindparams(_listed),
    }.items()
}


async def judge_after_sessions(tx: Tx, guild_id: int, sessions: Iterable[Session], *, now: datetime) -> None:
    """Let rules be judged for those whose sessions in a guild have ended. The guild's turn must be held.

    Where a reset only cut a session in two, the end of the period lets them be judged for everybody.
    """
    people = {each.user_id for each in sessions if each.end_reason is not EndReason.RESET}
    if people:
        await judge(tx, guild_id=guild_id, people=people, now=now)


async def judge(tx: Tx, *, guild_id: int, people: Collection[int] = (EVERYBODY,), now: datetime) -> None:
    """Let rules be judged for some people or for everybody, soon after the commit. The guild's turn must be held.

    A guild without rules that work, or of the free tier, costs one short read.
    """
    standby = await tx.one(STANDBY, guild_id=guild_id)
    if standby is None or not standby.working:
        return
    await tx.run(MARK[tx.engine], guild_id=guild_id, people=list(people), mark=ids.ulid())
    if not standby.marked:
        await outbox.put(tx, RUN_ROLES, RunRoles(guild_id), now=now, due=now + GATHER)


async def judge_voices(tx: Tx, *, guild_id: int, now: datetime) -> None:
    """Let rules be judged for everybody who is in voice, and for who was marked and forgotten since."""
    await tx.run(MARK_VOICES, guild_id=guild_id, mark=ids.ulid())
    standby = await tx.one(STANDBY, guild_id=guild_id)
    if standby is not None and standby.marked:
        await outbox.put(tx, RUN_ROLES, RunRoles(guild_id), now=now)
