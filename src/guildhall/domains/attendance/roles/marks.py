"""For whom rules are to be judged, and the work of doing so.

Whoever is marked is judged soon: the first mark of a guild queues a run, and every further one until then is part of
it. So a thousand sessions that end together make one run.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import bindparam, delete, text
from sqlalchemy.dialects.postgresql import insert

from guildhall.core import ids, outbox
from guildhall.core.db import JsonDoc, Tx, command, insert_or_replace
from guildhall.core.outbox import JobKind
from guildhall.domains.attendance.models import EndReason, Session
from guildhall.domains.attendance.roles.models import EVERYBODY, attendance_role_marks
from guildhall.domains.attendance.roles.queries import IN_VOICE, STANDBY

GATHER: Final = timedelta(seconds=3)
"""How long a run waits for further marks."""


class RunRoles(msgspec.Struct, frozen=True):
    """The payload: whose rules are to be judged; the marks tell for whom."""

    guild_id: int


RUN_ROLES: Final = JobKind("attendance.roles.run", RunRoles)

MARK = insert_or_replace(attendance_role_marks)
_new = insert(attendance_role_marks).from_select(["guild_id", "user_id", "mark"], IN_VOICE)
MARK_VOICES = command(
    _new.on_conflict_do_update(
        index_elements=[attendance_role_marks.c.guild_id, attendance_role_marks.c.user_id],
        set_={"mark": _new.excluded.mark},
    )
)
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


async def judge_after_session(tx: Tx, session: Session, *, now: datetime) -> None:
    """Let rules be judged for whoever's session has ended. The guild's turn must be held.

    Where a reset only cut it in two, the end of the period lets them be judged for everybody.
    """
    if session.end_reason is not EndReason.RESET:
        await judge(tx, guild_id=session.guild_id, user_id=session.user_id, now=now)


async def judge(tx: Tx, *, guild_id: int, user_id: int = EVERYBODY, now: datetime) -> None:
    """Let rules be judged for a person or for everybody, soon after the commit. The guild's turn must be held.

    A guild without rules that work, or of the free tier, costs one short read.
    """
    standby = await tx.one(STANDBY, guild_id=guild_id)
    if standby is None or not standby.working:
        return
    await tx.run(MARK, guild_id=guild_id, user_id=user_id, mark=ids.ulid())
    if not standby.marked:
        await outbox.put(tx, RUN_ROLES, RunRoles(guild_id), now=now, due=now + GATHER)


async def judge_voices(tx: Tx, *, guild_id: int, now: datetime) -> None:
    """Let rules be judged for everybody who is in voice, and for who was marked and forgotten since."""
    await tx.run(MARK_VOICES, guild_id=guild_id, mark=ids.ulid())
    standby = await tx.one(STANDBY, guild_id=guild_id)
    if standby is not None and standby.marked:
        await outbox.put(tx, RUN_ROLES, RunRoles(guild_id), now=now)
