"""SQLite in WAL mode: short statements run on the loop's own thread, commits on another.

A statement that finds its rows by index takes microseconds, less than a hop to a thread; a commit waits for the disk,
so only that leaves the loop. Writers of this process take turns under a lock, and one commit serves all that waited for
it. Those of other processes take turns by BEGIN IMMEDIATE, which waits in the thread when the file is busy.
"""

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from guildhall.core.db.base import Clash, Database, Result, StoreUnavailable, Tx, to_the_end

log = logging.getLogger(__name__)

BUSY_TIMEOUT = 10_000
PRIMARY_CODE = 0xFF
"""Beneath these bits an error code of SQLite says what went wrong, above them why."""

SLOW_STATEMENT = 0.005
CLASHES = (
    sqlite3.SQLITE_CONSTRAINT_UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    sqlite3.SQLITE_CONSTRAINT_TRIGGER,
)


class SqliteTx(Tx):
    """A transaction on one SQLite connection."""

    engine = "sqlite"

    def __init__(self, connection: sqlite3.Connection, database: Database) -> None:
        super().__init__(database)
        self._connection = connection

    async def _fetch(self, text: str, arguments: list[Any]) -> list[Any]:
        begun = time.perf_counter()
        rows = self._step(text, arguments).fetchall()
        self._note("read", text, time.perf_counter() - begun)
        return rows

    async def _execute(self, text: str, arguments: list[Any]) -> int:
        begun = time.perf_counter()
        try:
            count = self._step(text, arguments).rowcount
        except sqlite3.IntegrityError as fault:
            if fault.sqlite_errorcode in CLASHES:
                raise Clash(str(fault)) from fault
            raise
        self._note("write", text, time.perf_counter() - begun)
        return count

    def _step(self, text: str, arguments: list[Any]) -> sqlite3.Cursor:
        if self._observe is not None:
            self._observe(text)
        return self._connection.execute(text, arguments)

    def _note(self, kind: str, text: str, seconds: float) -> None:
        self._database.timer(kind, seconds)
        if seconds > SLOW_STATEMENT:
            log.debug("a statement held the loop for %.1f ms: %s", seconds * 1000, text)


class SqliteDatabase(Database):
    """A SQLite file."""

    engine = "sqlite"

    def __init__(self, path: str, *, synchronous: str = "FULL") -> None:
        self._path = path
        # A log beside the file means that the last process did not close it.
        self._was_left_open = Path(f"{path}-wal").exists()
        self._synchronous = synchronous
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        try:
            self._writer = self._connect()
        except sqlite3.DatabaseError as fault:
            raise StoreUnavailable(f"The database file {Path(path).name} cannot be opened: {fault}") from fault
        self._readers: list[sqlite3.Connection] = []
        self._turn = asyncio.Lock()
        self._commit_ahead: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-commit")

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """Open a snapshot; each concurrent reader has a connection of its own."""
        connection = self._readers.pop() if self._readers else self._connect()
        connection.execute("BEGIN")
        try:
            yield SqliteTx(connection, self)
        finally:
            connection.execute("COMMIT")
            self._readers.append(connection)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        """Wait for the turn, and return when the changes are on disk.

        Those who wait for the turn at the same time share one commit, and so one wait for the disk: to SQLite they are
        savepoints of one transaction. One that raises is undone alone; when the commit fails, nothing of any happened.
        """
        async with self._turn:
            commit = await self._join()
            self._writer.execute("SAVEPOINT turn")
            tx = SqliteTx(self._writer, self)
            try:
                yield tx
                await tx.run_last_acts()
            except BaseException:
                self._undo_turn()
                raise
            self._writer.execute("RELEASE turn")
        cancelled = await to_the_end(commit)
        tx.run_effects()
        if cancelled:
            raise asyncio.CancelledError

    async def long_read(self, work: Callable[[Tx], Coroutine[Any, Any, Result]]) -> Result:
        """Do work on a connection and a thread of their own: reads here answer within the loop, and would hold it."""
        return await asyncio.to_thread(self._read_apart, work)

    async def check(self) -> str | None:
        """Look through the file if the last process did not close it, on a connection and a thread of their own."""
        return await asyncio.to_thread(self._look_through) if self._was_left_open else None

    async def close(self) -> None:
        """Let the planner keep what it learnt, then close."""
        if self._commit_ahead is not None:
            await asyncio.wait([self._commit_ahead])
        async with self._turn:
            self._thread.shutdown(wait=True)
            for connection in self._readers:
                connection.close()
            self._writer.execute("PRAGMA optimize")
            self._writer.close()

    async def _join(self) -> asyncio.Task[None]:
        """Return the commit that the changes of this turn will be part of."""
        if self._commit_ahead is None:
            await self._begin()
            self._commit_ahead = asyncio.create_task(self._commit_together())
        elif not self._writer.in_transaction:
            # The disk failed an earlier turn so badly that SQLite undid all of them.
            raise StoreUnavailable
        return self._commit_ahead

    async def _commit_together(self) -> None:
        """Take a turn, after those that wait for theirs already, and commit what they did."""
        async with self._turn:
            self._commit_ahead = None
            begun = time.perf_counter()
            await self._in_thread(self._commit)
            self.timer("commit", time.perf_counter() - begun)

    def _undo_turn(self) -> None:
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK TO turn")
            self._writer.execute("RELEASE turn")

    async def _begin(self) -> None:
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as fault:
            if not _is_busy(fault):
                raise StoreUnavailable from fault
            if await self._in_thread(self._begin_patiently):
                self._writer.execute("ROLLBACK")
                raise asyncio.CancelledError from None

    def _begin_patiently(self) -> None:
        self._writer.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
        try:
            self._writer.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as fault:
            raise StoreUnavailable from fault
        finally:
            self._writer.execute("PRAGMA busy_timeout = 0")

    def _read_apart(self, work: Callable[[Tx], Coroutine[Any, Any, Result]]) -> Result:
        with contextlib.closing(self._connect()) as connection:
            connection.execute("BEGIN")
            return asyncio.run(work(SqliteTx(connection, self)))

    def _look_through(self) -> str | None:
        with contextlib.closing(self._connect()) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        return None if found == "ok" else str(found)

    def _commit(self) -> None:
        try:
            self._writer.execute("COMMIT")
        except sqlite3.Error:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise

    async def _in_thread(self, work: Callable[[], None]) -> bool:
        """Run work in the thread to its end, and tell whether the request that asked for it was cancelled meanwhile."""
        return await to_the_end(asyncio.get_running_loop().run_in_executor(self._thread, work))

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, cached_statements=512, timeout=0
        )
        _enter_wal(connection)
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -32000")
        connection.execute("PRAGMA mmap_size = 268435456")
        return connection


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Put a file into WAL mode, and read it once: the first to read builds the index of the log and refuses all others.

    While another process does the same, the file is busy, and of these refusals SQLite's own patience covers only some.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("SELECT count(*) FROM sqlite_schema")
        except sqlite3.OperationalError as fault:
            if not _is_busy(fault) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _is_busy(fault: sqlite3.OperationalError) -> bool:
    """Tell whether others hold the file for now: in a transaction, or while they rebuild the index of its log."""
    return fault.sqlite_errorcode & PRIMARY_CODE == sqlite3.SQLITE_BUSY
