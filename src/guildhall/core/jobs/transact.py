"""DBOS, behind the few calls that the engine makes. All of them block; the engine makes them in threads.

DBOS is a singleton of its process and slow to import, so it is imported at launch.
"""

import asyncio
import logging
import sqlite3
import sys
import threading
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy
from sqlalchemy.pool import ConnectionPoolEntry

from guildhall.core.outbox import Queue

if TYPE_CHECKING:
    from dbos._queue import QueueRateLimit

log = logging.getLogger("dbos")

APPLICATION: Final = "guildhall"
WORKFLOW: Final = "job"
# Work in hand is bound to the version that took it; a version that never changes lets every release resume it.
VERSION: Final = "1"
DEATHS: Final = 10
THREADS: Final = 8
CONNECTIONS: Final = 10
BATCH: Final = 500
THREAD_ENDS_WITHIN: Final = 5.0

Run = Callable[[str, int], Awaitable[None]]


@dataclass(frozen=True)
class Handed:
    """A job as DBOS knows it: the row's id, and which round of it."""

    job_id: str
    round: int

    @property
    def workflow_id(self) -> str:
        """The name under which handing over twice is handing over once."""
        return f"{self.job_id}.{self.round}"


class Transact:
    """DBOS at work on a store, as one executor of the cluster, from its making until `destroy`.

    Making it creates DBOS's schema if there is none, and begins to take work: `run` is called for each job, in DBOS's
    own loop.
    """

    def __init__(self, database_url: str, executor: str, queues: Collection[Queue], run: Run) -> None:
        from dbos import DBOS, DBOSPortableJSONSerializer  # noqa: PLC0415 (takes most of a second)

        # DBOS would put a handler of its own on its logger if there were none, and keep its lines to itself.
        if not log.handlers:
            log.addHandler(logging.NullHandler())
        self._api = DBOS
        self._taking = True
        self._engine = open_engine(database_url)
        self._whole_seconds = database_url.startswith("sqlite")
        self._instance = DBOS(
            config={
                "name": APPLICATION,
                "system_database_url": database_url,
                "system_database_engine": self._engine,
                "application_version": VERSION,
                "executor_id": executor,
                "serializer": DBOSPortableJSONSerializer(),
                "use_listen_notify": False,
                "max_executor_threads": THREADS,
                "notification_listener_polling_interval_sec": 0.25,
                "log_level": "WARNING",
                "enable_otlp": False,
            }
        )

        async def job(job_id: str, in_round: int) -> None:
            if not self._taking:
                # DBOS notes nothing about a cancelled run, so the job stays in hand and is taken over later.
                raise asyncio.CancelledError
            await run(job_id, in_round)

        DBOS.workflow(name=WORKFLOW, max_recovery_attempts=DEATHS)(job)
        DBOS.listen_queues([queue.name for queue in queues])
        try:
            DBOS.launch()
            for queue in queues:
                self._register(queue)
        except BaseException:
            self.stop_taking()
            self.destroy()
            raise

    def _register(self, queue: Queue) -> None:
        limit: QueueRateLimit | None = None
        if queue.rate is not None:
            # DBOS notes starts in whole seconds on SQLite; one second more keeps the promise of at most so many.
            slack = 1 if self._whole_seconds else 0
            limit = {"limit": queue.rate.count, "period": queue.rate.period.total_seconds() + slack}
        self._api.register_queue(
            queue.name,
            worker_concurrency=queue.at_once,
            limiter=limit,
            polling_interval_sec=queue.poll.total_seconds(),
        )

    def enqueue(self, jobs: Iterable[tuple[str, Handed]]) -> None:
        """Queue each job on the queue named with it; one that is there already stays as it is."""
        for queue, handed in jobs:
            self._api.enqueue_workflow_with_options(
                {
                    "workflow_name": WORKFLOW,
                    "queue_name": queue,
                    "workflow_id": handed.workflow_id,
                    "app_version": VERSION,
                },
                handed.job_id,
                handed.round,
            )

    def executors_at_work(self) -> set[str]:
        """Return which executors have work in hand."""
        pending = self._api.list_workflows(status="PENDING", load_input=False, load_output=False)
        return {work.executor_id for work in pending if work.executor_id}

    def take_over(self, executors: Collection[str]) -> None:
        """Queue again what these executors have in hand."""
        # The public way to resume a workflow would also restart one that a faster process took over already.
        self._api._recover_pending_workflows(sorted(executors))  # noqa: SLF001

    def states(self, jobs: Sequence[Handed]) -> dict[Handed, str]:
        """Return the state of each job that DBOS knows."""
        if not jobs:
            return {}
        names = {handed.workflow_id: handed for handed in jobs}
        found = self._api.list_workflows(workflow_ids=list(names), load_input=False, load_output=False)
        return {names[each.workflow_id]: each.status for each in found}

    def forget(self, before: datetime) -> None:
        """Remove the notes about work that ended by then."""
        while ended := self._api.list_workflows(
            completed_before=before.isoformat(), limit=BATCH, load_input=False, load_output=False
        ):
            self._api.delete_workflows([each.workflow_id for each in ended])

    def stop_taking(self) -> None:
        """Take no more work from the queues, and wait for no database that is away."""
        self._taking = False
        for event in self._instance.background_thread_stop_events:
            event.set()
        # DBOS repeats a call to its database for as long as that is away, in threads that would keep the process alive.
        if self._instance._sys_db_field is not None:  # noqa: SLF001
            self._instance._sys_db_field._retry_connection_errors = False  # noqa: SLF001

    def destroy(self) -> None:
        """End all threads. Work in hand stays noted as such, for whoever takes it over."""
        # DBOS closes its loop before the threads that take work and give it to that loop have ended.
        for thread in threading.enumerate():
            if thread.name.startswith("queue-worker-"):
                thread.join(THREAD_ENDS_WITHIN)
        # Every interrupted job would be a warning, and interrupting them is the purpose.
        log.setLevel(logging.ERROR)
        # A thread that is late hands its connection back when the pool is closed; nobody would close it then.
        sqlalchemy.event.listen(self._engine, "checkin", close_at_once)
        self._api.destroy(destroy_registry=True)
        self._engine.dispose()


def close_at_once(_connection: object, record: ConnectionPoolEntry) -> None:
    """Close a connection that is handed back to the pool."""
    record.invalidate()


def check_platform() -> None:
    """Raise RuntimeError where DBOS could not run: Python 3.12 and later need a SQLite that knows milliseconds."""
    if sys.version_info >= (3, 12) and sqlite3.sqlite_version_info < (3, 42):
        raise RuntimeError(
            f"Durable jobs need SQLite 3.42 or later with this Python, which has {sqlite3.sqlite_version}; "
            "use Python 3.11, a Python built with a newer SQLite, or PostgreSQL"
        )


def open_engine(database_url: str) -> sqlalchemy.Engine:
    """Open DBOS's store: a file beside a SQLite store, a schema in a PostgreSQL one."""
    if not database_url.startswith("sqlite"):
        return sqlalchemy.create_engine(
            sqlalchemy.make_url(database_url).set(drivername="postgresql+psycopg"),
            pool_size=2,
            max_overflow=CONNECTIONS - 2,
            pool_pre_ping=True,
            connect_args={
                "application_name": "guildhall-jobs",
                "connect_timeout": 10,
                # A frozen process must not keep its locks.
                "options": "-c idle_in_transaction_session_timeout=60000",
            },
        )
    file = Path(database_url.removeprefix("sqlite:///")).with_name("jobs.db")
    engine = sqlalchemy.create_engine(f"sqlite:///{file}", pool_size=2, max_overflow=18)

    @sqlalchemy.event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        connection.execute("PRAGMA busy_timeout = 30000")
        connection.execute("PRAGMA journal_mode = WAL")
        # Loss of power may take the last notes, and then the rows of the outbox say what was lost.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")

    return engine
