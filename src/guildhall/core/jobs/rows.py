"""How the engine reads and moves the rows of the outbox."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import ColumnElement, bindparam, delete, func, or_, select, update

from guildhall.core.db import Query, Tx, command, query
from guildhall.core.outbox import JOB, Job, JobKind, JobState, jobs, put

BATCH: Final = 50
"""Due jobs handed over in one transaction; more would hold up the loop and whoever else writes."""
PAGE: Final = 200
STANDING: Final = "every"
"""The key of the one row that each kind of periodic work has."""


class Tick(msgspec.Struct, frozen=True):
    """The payload of periodic work: nothing."""


_open = or_(jobs.c.state == JobState.WAITING.value, jobs.c.state == JobState.HANDED.value)

HAND = command(
    update(jobs)
    .where(jobs.c.id == bindparam("job"), jobs.c.round == bindparam("in_round"), jobs.c.state == JobState.WAITING.value)
    .values(state=JobState.HANDED.value)
)
SETTLE = command(
    update(jobs)
    .where(jobs.c.id == bindparam("job"), jobs.c.round == bindparam("in_round"), _open)
    .values(
        state=bindparam("to_state"),
        round=bindparam("to_round"),
        attempts=bindparam("to_attempts"),
        due_at=bindparam("to_due"),
        ended_at=bindparam("to_end"),
        error=bindparam("to_error"),
    )
)
HANDED = query(
    Job,
    select(jobs)
    .where(jobs.c.state == JobState.HANDED.value, jobs.c.id > bindparam("after"))
    .order_by(jobs.c.id)
    .limit(PAGE),
)
SOONER = command(
    update(jobs)
    .where(
        jobs.c.kind == bindparam("of_kind"),
        jobs.c.key == STANDING,
        jobs.c.state == JobState.WAITING.value,
        jobs.c.due_at > bindparam("latest"),
    )
    .values(due_at=bindparam("due"))
)
# A job ends after it was due, so the bound on `due_at` is no further condition; it lets the index find the rows.
REMOVE = command(
    delete(jobs).where(
        jobs.c.id.in_(
            select(jobs.c.id)
            .where(
                jobs.c.state == bindparam("state"),
                jobs.c.due_at <= bindparam("before"),
                jobs.c.ended_at <= bindparam("before"),
            )
            .limit(PAGE)
        )
    )
)


class DueRows:
    """The reads that find waiting jobs of the kinds that a process can work."""

    def __init__(self, kinds: Sequence[str]) -> None:
        mine: ColumnElement[bool] = or_(*(jobs.c.kind == kind for kind in kinds))
        waiting = (jobs.c.state == JobState.WAITING.value, mine)
        self._due: Query[Job] = query(
            Job,
            select(jobs).where(*waiting, jobs.c.due_at <= bindparam("now")).order_by(jobs.c.due_at).limit(BATCH),
        )
        self._next: Query[datetime] = query(datetime, select(func.min(jobs.c.due_at)).where(*waiting))

    async def due(self, tx: Tx, now: datetime) -> list[Job]:
        """Return the jobs that are due, longest due first, at most a batch."""
        return await tx.all(self._due, now=now)

    async def next_due(self, tx: Tx) -> datetime | None:
        """Return when the next job is due, which may be past."""
        return await tx.one(self._next)


async def find(tx: Tx, job_id: str) -> Job | None:
    """Return a job, or None."""
    return await tx.one(JOB, id=job_id)


async def hand(tx: Tx, job: Job) -> None:
    """Note that a waiting job was handed to the engine, unless it has gone on since."""
    await tx.run(HAND, job=job.id, in_round=job.round)


async def settle(tx: Tx, job: Job, after: Job) -> None:
    """Note what became of this round of a job, unless another run of the round did so before."""
    await tx.run(
        SETTLE,
        job=job.id,
        in_round=job.round,
        to_state=after.state,
        to_round=after.round,
        to_attempts=after.attempts,
        to_due=after.due_at,
        to_end=after.ended_at,
        to_error=after.error,
    )


async def handed(tx: Tx, after: str) -> list[Job]:
    """Return the jobs that the engine should have, in the order of their ids after this one, at most a page."""
    return await tx.all(HANDED, after=after)


async def stand(tx: Tx, kind: JobKind[Tick], period: timedelta, now: datetime) -> None:
    """Let the one row of a kind of periodic work exist, due now when it is new, and within a period when it is not."""
    await put(tx, kind, Tick(), key=STANDING, now=now)
    await tx.run(SOONER, of_kind=kind.name, latest=now + period, due=now + period)


async def remove(tx: Tx, state: JobState, before: datetime) -> int:
    """Remove jobs that ended in a state by then, at most a page. Returns how many."""
    return await tx.run(REMOVE, state=state, before=before)
