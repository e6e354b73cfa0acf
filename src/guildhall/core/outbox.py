"""The outbox: work for later, written in the transaction that makes it necessary.

A verb that causes a mail, a payout or a calendar entry puts a row here beside its own; both are committed or neither
is. The row is the whole truth about the job: its payload, its state, its attempts, when it is due. The engine in
`guildhall.core.jobs` works it off, at least once, and can be rebuilt from these rows alone.

    SEND_MAIL = JobKind("mail.send", Mail)                                   # declared once, by a domain
    await outbox.put(tx, SEND_MAIL, Mail(to, subject, text), now=now)        # in a verb
    engine.work(SEND_MAIL, send)                                             # once, where everything is wired

A row waits until it is due, is handed to the engine, and ends as done or failed. A failed one stays to be seen and may
be retried by hand; a done one is removed after a while.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Generic, TypeVar

import msgspec
from sqlalchemy import Column, Index, Integer, Table, Text, UniqueConstraint, bindparam, func, select, update

from guildhall.core import ids
from guildhall.core.actor import Actor
from guildhall.core.db import JsonDoc, Tx, UtcTime, command, insert_if_new, metadata, query
from guildhall.core.errors import Conflict, Forbidden, NotFound

P = TypeVar("P", bound=msgspec.Struct)

MANAGE_JOBS: Final = "jobs.manage"
"""The permission to retry jobs that failed."""

TOPIC: Final = "jobs"
"""What a committed `put` announces, so that the engine of its process looks at once."""


class JobNotFound(NotFound):
    """There is no such job, or it was done and removed."""

    text = "There is no such job"


class JobNotFailed(Conflict):
    """The job has not failed, so there is nothing to retry."""

    code = "job_not_failed"
    text = "Only a job that has failed can be retried"


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    HANDED = "handed"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Rate:
    """At most `count` starts in any `period`, over all processes. A period of more than a day raises ValueError."""

    count: int
    period: timedelta

    def __post_init__(self) -> None:
        if self.period > timedelta(days=1):
            raise ValueError("starts are remembered for a day only")


@dataclass(frozen=True)
class Queue:
    """A lane of jobs with limits of its own.

    `at_once` is how many of its jobs one process runs together. Each queue is looked at every `poll`, and at most
    `at_once` jobs start each time; a look costs a little time of the processor, so queues are few, and the short
    intervals are for work that people wait for.
    """

    name: str
    at_once: int = 16
    rate: Rate | None = None
    poll: timedelta = timedelta(milliseconds=250)


COMMON: Final = Queue("common")

PATIENT: Final = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
)
"""Seven attempts over almost nine hours, enough for the usual outage of somebody else's server."""


@dataclass(frozen=True)
class JobKind(Generic[P]):
    """A sort of work, declared once by the domain that needs it.

    `name` and the fields of `payload` are kept in rows: a change must read what an older version wrote. `backoff` holds
    the wait after each failed attempt, so there is one attempt more than it has entries. An attempt that takes longer
    than `timeout` is cancelled and has failed.
    """

    name: str
    payload: type[P]
    queue: Queue = COMMON
    backoff: tuple[timedelta, ...] = PATIENT
    timeout: timedelta = timedelta(minutes=5)


jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("payload", JsonDoc, nullable=False),
    Column("key", Text),
    Column("state", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("error", Text),
    UniqueConstraint("kind", "key"),
    Index(None, "state", "id"),
    Index(None, "state", "due_at"),
)


class Job(msgspec.Struct, frozen=True):
    """A job as it stands.

    `round` counts how often it was made ready to run, and is never reset: two runs of one round are the same run.
    `attempts` counts failures since it was put, retried by hand, or last succeeded as periodic work; `error` tells the
    last of them, in words without secrets.
    """

    id: str
    kind: str
    payload: msgspec.Raw
    key: str | None
    state: JobState
    round: int
    attempts: int
    made_at: datetime
    due_at: datetime
    ended_at: datetime | None
    error: str | None


PUT = insert_if_new(jobs)
JOB = query(Job, select(jobs).where(jobs.c.id == bindparam("id")))
JOBS = query(
    Job,
    select(jobs)
    .where(jobs.c.state == bindparam("state"), jobs.c.id < bindparam("before"))
    .order_by(jobs.c.id.desc())
    .limit(bindparam("limit", type_=Integer)),
)
COUNT = query(int, select(func.count()).select_from(jobs).where(jobs.c.state == bindparam("state")))
RETRY = command(
    update(jobs)
    .where(jobs.c.id == bindparam("job"), jobs.c.state == bindparam("from_state"))
    .values(state=bindparam("to_state"), round=jobs.c.round + 1, attempts=0, due_at=bindparam("due"), ended_at=None)
)
AFTER_ALL_IDS: Final = "z"


async def put(
    tx: Tx, kind: JobKind[P], payload: P, *, now: datetime, key: str | None = None, due: datetime | None = None
) -> str | None:
    """Let a job run once this transaction is committed, at `due` or at once. Returns its id.

    Work of the kind with the same `key` is put only once while the earlier row exists, which for a done job is a week:
    then None is returned. Put into the key what makes the work another, such as a version.
    """
    job = Job(
        id=ids.ulid(),
        kind=kind.name,
        payload=msgspec.Raw(msgspec.json.encode(payload)),
        key=key,
        state=JobState.WAITING,
        round=0,
        attempts=0,
        made_at=now,
        due_at=due or now,
        ended_at=None,
        error=None,
    )
    if await tx.run(PUT, **{name: getattr(job, name) for name in Job.__struct_fields__}) == 0:
        return None
    tx.announce(TOPIC, id=job.id)
    return job.id


async def list_jobs(tx: Tx, *, state: JobState, before: str | None = None, limit: int = 50) -> list[Job]:
    """Return a page of jobs in a state, newest first; `before` is the id that ended the page before."""
    return await tx.all(JOBS, state=state, before=before or AFTER_ALL_IDS, limit=limit)


async def count_jobs(tx: Tx) -> dict[JobState, int]:
    """Return how many jobs are in each state."""
    return {state: await tx.one(COUNT, state=state) or 0 for state in JobState}


async def retry_job(tx: Tx, actor: Actor, *, job_id: str, now: datetime) -> None:
    """Run a failed job again, with all its attempts. Raises Forbidden, JobNotFound, JobNotFailed."""
    if not actor.may(MANAGE_JOBS):
        raise Forbidden
    if await tx.one(JOB, id=job_id) is None:
        raise JobNotFound
    if await tx.run(RETRY, job=job_id, from_state=JobState.FAILED, to_state=JobState.WAITING, due=now) == 0:
        raise JobNotFailed
    tx.announce(TOPIC, id=job_id)
