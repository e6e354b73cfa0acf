"""What becomes of a job after an attempt: sums over one row, without I/O."""

from datetime import datetime, timedelta

import msgspec

from guildhall.core.errors import GuildhallError, Internal, Limited, Unprocessable
from guildhall.core.outbox import Job, JobKind, JobState


class JobRefused(Unprocessable):
    """Raised by a handler when another attempt could not help; the job fails at once, with this message."""

    code = "job_refused"
    text = "The work cannot be done"


class JobLost(Internal):
    """The engine has no result of a job that it took: the process died too often while it ran, or it was cancelled."""

    code = "job_lost"
    text = "The work was interrupted and left no result"


def succeeded(job: Job, period: timedelta | None, now: datetime) -> Job:
    """Return the job after a run that went well; periodic work waits for its next turn."""
    if period is not None:
        return _next_turn(job, period, now, attempts=0, error=None)
    return msgspec.structs.replace(job, state=JobState.DONE, ended_at=now, error=None)


def failed(job: Job, kind: JobKind[msgspec.Struct], period: timedelta | None, fault: Exception, now: datetime) -> Job:
    """Return the job after a run that failed: waiting for the next attempt, or failed for good after the last."""
    error, attempts = words(fault, kind.timeout), job.attempts + 1
    if not isinstance(fault, JobRefused) and attempts <= len(kind.backoff):
        return msgspec.structs.replace(
            job,
            state=JobState.WAITING,
            round=job.round + 1,
            attempts=attempts,
            due_at=now + _wait(kind.backoff[attempts - 1], fault),
            error=error,
        )
    if period is not None:
        return _next_turn(job, period, now, attempts=attempts, error=error)
    return msgspec.structs.replace(job, state=JobState.FAILED, attempts=attempts, ended_at=now, error=error)


def put_back(job: Job, due: datetime) -> Job:
    """Return the job as one that nobody has tried in this round, for a process that can."""
    return msgspec.structs.replace(job, state=JobState.WAITING, round=job.round + 1, due_at=due)


def words(fault: Exception, timeout: timedelta) -> str:
    """Return what may be shown of a fault.

    Our own errors are written for people. What libraries say may quote addresses with passwords, SQL with values or
    bodies with tokens, so only its type is told; the whole stands in the log.
    """
    if isinstance(fault, GuildhallError):
        return fault.message
    if isinstance(fault, TimeoutError):
        return f"TimeoutError: not done within {timeout.total_seconds():g} seconds, or something it waited for was not"
    if isinstance(fault, OSError) and fault.strerror:
        return f"{type(fault).__name__}: {fault.strerror}"
    return type(fault).__name__


def _wait(backoff: timedelta, fault: Exception) -> timedelta:
    if isinstance(fault, Limited):
        return max(backoff, timedelta(seconds=int(str(fault.details["retry_after"]))))
    return backoff


def _next_turn(job: Job, period: timedelta, now: datetime, *, attempts: int, error: str | None) -> Job:
    """Keep to the rhythm of the first turn, and leave out the turns that were missed."""
    turns = max(1, (now - job.due_at) // period + 1)
    return msgspec.structs.replace(
        job,
        state=JobState.WAITING,
        round=job.round + 1,
        attempts=attempts,
        due_at=job.due_at + turns * period,
        error=error,
    )
