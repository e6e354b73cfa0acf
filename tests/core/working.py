"""Running a job engine for a test, and waiting for what it does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from guildhall.core import outbox
from guildhall.core.clock import Clock
from guildhall.core.db import Database
from guildhall.core.jobs import JobEngine
from guildhall.core.outbox import JOB, Job

LEASE = timedelta(seconds=1)
PATIENCE = 20.0


async def eventually(holds: Callable[[], Awaitable[bool]], within: float = PATIENCE) -> None:
    """Look until something holds; a test that waits longer has failed."""
    async with asyncio.timeout(within):
        while not await holds():  # noqa: ASYNC110 (other processes and threads make it hold, and tell nobody)
            await asyncio.sleep(0.02)


async def job(database: Database, job_id: str | None) -> Job:
    """Return a job that must exist."""
    async with database.read() as tx:
        found = await tx.one(JOB, id=job_id)
    assert found is not None
    return found


async def comes_to(database: Database, job_id: str | None, state: outbox.JobState) -> Job:
    """Wait until a job is in a state, and return it."""

    async def there() -> bool:
        return (await job(database, job_id)).state is state

    await eventually(there)
    return await job(database, job_id)


@asynccontextmanager
async def working(
    database: Database,
    database_url: str,
    clock: Clock,
    prepare: Callable[[JobEngine], None],
    *,
    grace: timedelta = timedelta(seconds=5),
) -> AsyncIterator[JobEngine]:
    """Run an engine with the work that `prepare` declares, wired as the application wires it."""
    engine = JobEngine(database, database_url, clock, lease=LEASE)
    prepare(engine)
    database.announcer = lambda topic, _: engine.wake() if topic == outbox.TOPIC else None
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop(grace)
