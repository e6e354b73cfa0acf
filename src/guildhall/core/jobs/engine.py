"""The engine: hands due rows of the outbox to DBOS, runs their handlers on the application's loop, notes the outcome.

Three loops run while it is started: one keeps the lease and with it the right to work, one hands over what is due, one
takes over what dead processes left. Each looks at the state of the store, not at messages, so a lost message costs
time and nothing else.
"""

import asyncio
import contextlib
import contextvars
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final, Generic, TypeVar

import msgspec

from guildhall.core import ids, leases
from guildhall.core.clock import Clock
from guildhall.core.db import Database, StoreUnavailable
from guildhall.core.jobs import outcome, rows
from guildhall.core.jobs.outcome import JobLost, JobRefused
from guildhall.core.jobs.rows import PAGE, DueRows, Tick
from guildhall.core.jobs.transact import Handed, Transact, check_platform
from guildhall.core.log import bind_request, get_logger
from guildhall.core.outbox import COMMON, Job, JobKind, JobState, Queue

log = get_logger(__name__)

P = TypeVar("P", bound=msgspec.Struct)
T = TypeVar("T")

LEASE: Final = "jobs"
LOOK: Final = timedelta(seconds=2)
"""How long a row that nobody announced may wait, such as one put by another process."""
UNKNOWN: Final = timedelta(seconds=30)
SHORTEST_WAIT: Final = timedelta(milliseconds=10)
LONGEST_WAIT: Final = 30.0
KEEP_DONE: Final = timedelta(days=7)
KEEP_FAILED: Final = timedelta(days=90)
KEEP_NOTES: Final = timedelta(days=1)
OPEN: Final = {JobState.WAITING, JobState.HANDED}
UNDER_WAY: Final = {"ENQUEUED", "DELAYED", "PENDING"}
ENDED_WELL: Final = "SUCCESS"
WORN_OUT: Final = "MAX_RECOVERY_ATTEMPTS_EXCEEDED"


@dataclass(frozen=True)
class JobContext:
    """What a handler knows about its job.

    `id` is the same in every attempt and every repeat: the idempotency key for whatever the handler does. `attempt`
    counts from 1.
    """

    id: str
    attempt: int
    database: Database
    clock: Clock


Handler = Callable[[JobContext, P], Awaitable[None]]


@dataclass(frozen=True)
class Work(Generic[P]):
    """A kind of job with who does it; with a period it recurs."""

    kind: JobKind[P]
    handle: Handler[P]
    period: timedelta | None = None


class JobEngine:
    """Works the outbox of a database. One in a process, on one event loop.

    `lease` is how long after a process's death its work waits for another; machines' clocks must agree within a third
    of it. Declare the work, `start`, and `wake` when `outbox.TOPIC` is announced. Declaring a kind twice, or two
    different queues of one name, raises ValueError.
    """

    def __init__(
        self, database: Database, database_url: str, clock: Clock, *, lease: timedelta = timedelta(seconds=15)
    ) -> None:
        self._database = database
        self._clock = clock
        self._lease = lease
        self._executor = ids.ulid()
        # On SQLite there is one lease for all processes, so one of them works; on PostgreSQL each has its own.
        self._alone = database.engine == "sqlite"
        self._lease_name = LEASE if self._alone else f"{LEASE}:{self._executor}"
        self._database_url = database_url
        self._transact: Transact | None = None
        self._works: dict[str, Work[Any]] = {}
        self._queues: dict[str, Queue] = {}
        self._loops: list[asyncio.Task[None]] = []
        self._running: set[asyncio.Task[Any]] = set()
        self._tick = asyncio.Event()
        self._due = asyncio.Event()
        self._changed = asyncio.Event()
        self._stopping = False
        self._stands_by = False
        self._rest_until = clock.now()
        self._checked = ""
        self.every("jobs.tidy", timedelta(hours=1), self._tidy)

    @property
    def working(self) -> bool:
        """Whether this process works jobs now: it is started, holds its lease, and the engine is launched."""
        return self._transact is not None

    def work(self, kind: JobKind[P], handler: Handler[P]) -> None:
        """Let a handler do the jobs of a kind. To be called before `start`."""
        self._declare(Work(kind, handler))

    def every(
        self,
        name: str,
        period: timedelta,
        handler: Callable[[JobContext], Awaitable[None]],
        *,
        queue: Queue = COMMON,
        timeout: timedelta = timedelta(minutes=5),
    ) -> None:
        """Run a handler once in every period in the whole cluster, never twice at a time; first at once.

        Periods missed while nobody worked are made up for by one run. A failure is seen on the job's row until the
        next run, which is the next attempt. To be called before `start`.
        """

        async def turn(context: JobContext, _: Tick) -> None:
            await handler(context)

        self._declare(Work(JobKind(name, Tick, queue=queue, backoff=(), timeout=timeout), turn, period))

    def _declare(self, work: Work[Any]) -> None:
        name, queue = work.kind.name, work.kind.queue
        if name in self._works:
            raise ValueError(f"Two handlers for jobs of the kind {name}")
        if self._queues.setdefault(queue.name, queue) != queue:
            raise ValueError(f"Two queues with the name {queue.name}")
        self._works[name] = work

    def wake(self) -> None:
        """Look for due jobs now. Cheap, and harmless in a process that does not work."""
        self._due.set()

    async def start(self) -> None:
        """Begin, in the background: this returns at once. Raises RuntimeError where DBOS cannot run."""
        check_platform()
        self._loop = asyncio.get_running_loop()
        self._due_rows = DueRows(tuple(self._works))
        steps = ((self._keep_lease, self._tick), (self._hand_over, self._due), (self._sweep, self._changed))
        self._loops = [asyncio.create_task(self._repeat(step, nudge)) for step, nudge in steps]

    async def stop(self, grace: timedelta = timedelta(seconds=10)) -> None:
        """Take no more work, let what runs end within `grace`, interrupt the rest, give up the lease.

        What was interrupted runs again elsewhere, or here after the next start. After a long outage of PostgreSQL that
        still lasts, DBOS's threads may keep the process for a minute more; to kill it is harmless.
        """
        self._stopping = True
        for nudge in (self._tick, self._due, self._changed):
            nudge.set()
        await _finish(self._loops, grace)
        await self._lay_down(grace)
        try:
            async with self._database.write() as tx:
                await leases.release(tx, self._lease_name, self._executor)
        except StoreUnavailable:
            log.warning("The lease of this process cannot be given back, and will end by itself")

    async def _repeat(self, step: Callable[[], Awaitable[timedelta]], nudge: asyncio.Event) -> None:
        """Take a step whenever nudged, and after the pause that the last one asked for."""
        while not self._stopping:
            nudge.clear()
            try:
                pause = await step()
            except StoreUnavailable as fault:
                log.warning("Jobs wait for the database", reason=fault.message)
                pause = min(LOOK, self._lease / 3)
            except Exception:
                log.exception("The job engine stumbled, and goes on")
                pause = min(LOOK, self._lease / 3)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(nudge.wait(), pause.total_seconds())

    async def _keep_lease(self) -> timedelta:
        now = self._clock.now()
        async with self._database.write() as tx:
            kept = await leases.renew(tx, self._lease_name, self._executor, self._lease, now)
            held = kept or await leases.acquire(tx, self._lease_name, self._executor, self._lease, now)
        if held and not kept:
            # When leases lapsed because the database was away, the other processes are not dead; they need the time of
            # one lease to say so. Where one process works there is nobody to wait for.
            self._rest_until = now if self._alone else now + self._lease
        if held and self._transact is None:
            await self._take_up()
        elif not held and self._transact is not None:
            log.warning("Another process works the jobs now")
            await self._lay_down(timedelta(0))
        elif not held and not self._stands_by:
            self._stands_by = True
            log.info("Another process works the jobs; this one stands by")
        return self._lease / 3

    async def _take_up(self) -> None:
        async with self._database.write() as tx:
            for work in self._works.values():
                if work.period is not None:
                    await rows.stand(tx, work.kind, work.period, self._clock.now())
        self._transact = await asyncio.to_thread(
            Transact, self._database_url, self._executor, self._queues.values(), self._run
        )
        self._stands_by = False
        self._due.set()
        self._changed.set()

    async def _lay_down(self, grace: timedelta) -> None:
        transact, self._transact = self._transact, None
        if transact is not None:
            transact.stop_taking()
            await _finish(self._running, grace)
            await asyncio.to_thread(transact.destroy)

    async def _hand_over(self) -> timedelta:
        """Hand what is due to DBOS, then note it. A crash in between hands it over twice, which is once."""
        transact = self._transact
        if transact is None:
            return LOOK
        while not self._stopping and (due := await self._find_due()):
            named = [(self._works[job.kind].kind.queue.name, Handed(job.id, job.round)) for job in due]
            await asyncio.to_thread(transact.enqueue, named)
            async with self._database.write() as tx:
                for job in due:
                    await rows.hand(tx, job)
        async with self._database.read() as tx:
            following = await self._due_rows.next_due(tx)
        return LOOK if following is None else max(SHORTEST_WAIT, min(LOOK, following - self._clock.now()))

    async def _find_due(self) -> list[Job]:
        async with self._database.read() as tx:
            return await self._due_rows.due(tx, self._clock.now())

    async def _sweep(self) -> timedelta:
        """Take over what dead processes had in hand, and hand over again what DBOS has lost."""
        transact = self._transact
        if transact is not None and self._clock.now() >= self._rest_until:
            # First who has work, then who lives: whoever takes work in between has had a lease before.
            at_work = await asyncio.to_thread(transact.executors_at_work)
            async with self._database.read() as tx:
                alive = await leases.holders(tx, LEASE, self._clock.now())
            # Whoever has no lease is not fit to say who is dead.
            if self._executor in alive:
                if dead := at_work - alive:
                    log.info("Taking over the jobs of processes that ended", processes=len(dead))
                    await asyncio.to_thread(transact.take_over, dead)
                await self._find_strays(transact)
        return self._lease / 3

    async def _find_strays(self, transact: Transact) -> None:
        async with self._database.read() as tx:
            page = await rows.handed(tx, self._checked)
        self._checked = page[-1].id if len(page) == PAGE else ""
        states = await asyncio.to_thread(transact.states, [Handed(job.id, job.round) for job in page])
        for job in page:
            state = states.get(Handed(job.id, job.round))
            if state not in UNDER_WAY and job.kind in self._works:
                await self._reclaim(job, state)

    async def _reclaim(self, job: Job, state: str | None) -> None:
        """Bring back a job that should be under way and is not.

        The row is noted before DBOS's own note of the end, so a job that merely ended meanwhile is not touched here.
        """
        work, now = self._works[job.kind], self._clock.now()
        if state is None:
            after = msgspec.structs.replace(job, state=JobState.WAITING)
        elif state == ENDED_WELL:
            # The note of the row is lost, as when an older copy of the store was put back.
            after = outcome.put_back(job, now)
        else:
            fault = JobRefused(JobLost.text) if state == WORN_OUT else JobLost()
            after = outcome.failed(job, work.kind, work.period, fault, now)
        async with self._database.write() as tx:
            await rows.settle(tx, job, after)
        self.wake()

    async def _run(self, job_id: str, in_round: int) -> None:
        """Run a job on the application's loop. Called on DBOS's own."""
        # In a context of its own, so that nothing of DBOS is seen by what the handler calls.
        run = contextvars.Context().run(asyncio.run_coroutine_threadsafe, self._work(job_id, in_round), self._loop)
        await asyncio.wrap_future(run)

    async def _work(self, job_id: str, in_round: int) -> None:
        task = _this_task()
        self._running.add(task)
        try:
            bind_request(job_id)
            job = await self._insist(partial(self._find, job_id))
            if job is not None and job.round == in_round and job.state in OPEN:
                await self._insist(partial(self._settle, job, await self._after(job)))
        finally:
            self._running.discard(task)

    async def _after(self, job: Job) -> Job:
        """Try the job, and return it as it shall be noted."""
        work = self._works.get(job.kind)
        if work is None:
            return outcome.put_back(job, self._clock.now() + UNKNOWN)
        fault = await self._try(work, job)
        now = self._clock.now()
        if fault is None:
            return outcome.succeeded(job, work.period, now)
        after = outcome.failed(job, work.kind, work.period, fault, now)
        log.warning("A job failed", kind=job.kind, attempt=job.attempts + 1, state=after.state, exc_info=fault)
        return after

    async def _try(self, work: Work[Any], job: Job) -> Exception | None:
        context = JobContext(job.id, job.attempts + 1, self._database, self._clock)
        try:
            payload = msgspec.json.decode(job.payload, type=work.kind.payload)
            async with asyncio.timeout(work.kind.timeout.total_seconds()):
                await work.handle(context, payload)
        except Exception as fault:  # noqa: BLE001 (whatever a handler raises is a failure of its job alone)
            return fault
        except asyncio.CancelledError:
            if _this_task().cancelling():
                raise
            # A handler that waited for something cancelled has failed; nobody asked it to end.
            return JobLost()
        return None

    async def _insist(self, step: Callable[[], Awaitable[T]]) -> T:
        """Repeat a step of the store until it works: the effect of a handler is worth waiting with its note."""
        wait = 0.5
        while True:
            try:
                return await step()
            except StoreUnavailable as fault:
                log.warning("A job waits for the database", reason=fault.message)
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)

    async def _find(self, job_id: str) -> Job | None:
        async with self._database.read() as tx:
            return await rows.find(tx, job_id)

    async def _settle(self, job: Job, after: Job) -> None:
        async with self._database.write() as tx:
            await rows.settle(tx, job, after)
        if after.state is JobState.WAITING:
            self.wake()

    async def _tidy(self, _: JobContext) -> None:
        """Remove what is of no more use to anybody."""
        now = self._clock.now()
        for state, keep in ((JobState.DONE, KEEP_DONE), (JobState.FAILED, KEEP_FAILED)):
            removed = PAGE
            while removed == PAGE:
                async with self._database.write() as tx:
                    removed = await rows.remove(tx, state, now - keep)
        async with self._database.write() as tx:
            await leases.clear_ended(tx, now - KEEP_NOTES)
        if self._transact is not None:
            await asyncio.to_thread(self._transact.forget, now - KEEP_NOTES)


async def _finish(tasks: Collection[asyncio.Task[Any]], grace: timedelta) -> None:
    """Wait for tasks, and interrupt those that have not ended within the time."""
    ends = list(tasks)
    if ends:
        await asyncio.wait(ends, timeout=grace.total_seconds())
    for task in ends:
        task.cancel()
    await asyncio.gather(*ends, return_exceptions=True)


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("This runs in a task only")
    return task
