"""PostgreSQL through an asyncpg pool, with the driver's own cache of prepared statements."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from guildhall.core.db.base import Clash, Database, StoreUnavailable, Tx, to_the_end

log = logging.getLogger(__name__)

Connection = Any
POOL_WAIT = 30.0
ANSWER_WAIT = 30.0
"""Seconds that a statement may take; else a server that vanished without a word would be waited for forever."""

OUTAGES = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    ConnectionError,
    TimeoutError,
)
"""Faults of the moment: nothing was changed, and the same call may succeed a little later."""


async def _keep_session(_: Connection) -> None:
    """Spare a question at each return to the pool: nothing here changes a session, and open transactions end anyway."""


async def _roll_back(transaction: Any) -> None:  # noqa: ANN401 (asyncpg's transaction has no type of its own)
    if await to_the_end(transaction.rollback()):
        raise asyncio.CancelledError


class PostgresTx(Tx):
    """A transaction on one PostgreSQL connection."""

    engine = "postgresql"

    def __init__(self, connection: Connection, database: Database) -> None:
        super().__init__(database)
        self._connection = connection

    async def _fetch(self, text: str, arguments: list[Any]) -> list[Any]:
        if self._observe is not None:
            self._observe(text)
        begun = time.perf_counter()
        rows: list[Any] = await self._connection.fetch(text, *arguments)
        self._database.timer("read", time.perf_counter() - begun)
        return rows

    async def _execute(self, text: str, arguments: list[Any]) -> int:
        if self._observe is not None:
            self._observe(text)
        begun = time.perf_counter()
        try:
            status: str = await self._connection.execute(text, *arguments)
        except (asyncpg.UniqueViolationError, asyncpg.ExclusionViolationError) as fault:
            raise Clash(str(fault)) from fault
        self._database.timer("write", time.perf_counter() - begun)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0


class PostgresDatabase(Database):
    """A PostgreSQL database."""

    engine = "postgresql"

    def __init__(self, pool: Any) -> None:  # noqa: ANN401 (asyncpg's pool is generic over its records)
        self._pool = pool

    @classmethod
    async def open(cls, url: str, *, pool_size: int = 10) -> "PostgresDatabase":
        """Connect. Raises StoreUnavailable with the reason."""
        try:
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=pool_size,
                statement_cache_size=500,
                command_timeout=ANSWER_WAIT,
                reset=_keep_session,
            )
        except (*OUTAGES, OSError, asyncpg.PostgresError) as fault:
            raise StoreUnavailable(f"The database cannot be reached: {fault}") from fault
        return cls(pool)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """Borrow a connection; each statement sees the latest committed rows."""
        connection = await self._acquire()
        try:
            yield PostgresTx(connection, self)
        except OUTAGES as fault:
            raise StoreUnavailable from fault
        finally:
            await self._release(connection)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        """Open a READ COMMITTED transaction; rules under concurrency are constraints and row locks."""
        connection = await self._acquire()
        tx = PostgresTx(connection, self)
        try:
            transaction = connection.transaction()
            # Whoever is cancelled in between would give a connection back that is in the midst of a transaction.
            if await to_the_end(transaction.start()):
                await _roll_back(transaction)
                raise asyncio.CancelledError
            try:
                yield tx
                await tx.run_last_acts()
            except BaseException:
                await _roll_back(transaction)
                raise
            cancelled = await to_the_end(transaction.commit())
        except OUTAGES as fault:
            raise StoreUnavailable from fault
        finally:
            await self._release(connection)
        tx.run_effects()
        if cancelled:
            raise asyncio.CancelledError

    async def close(self) -> None:
        """Close the pool; a connection that does not end in time is cut."""
        try:
            await asyncio.wait_for(self._pool.close(), timeout=POOL_WAIT)
        except TimeoutError:
            self._pool.terminate()

    async def _acquire(self) -> Connection:
        try:
            return await self._pool.acquire(timeout=POOL_WAIT)
        except (*OUTAGES, OSError) as fault:
            raise StoreUnavailable from fault

    async def _release(self, connection: Connection) -> None:
        try:
            await self._pool.release(connection, timeout=POOL_WAIT)
        except OUTAGES as fault:
            # The pool has cut the connection; how the transaction ended is known without it.
            log.warning("A connection to the database was given up: %r", fault)
