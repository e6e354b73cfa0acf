"""What every verb sees of the store: a database that opens transactions, and the transaction."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, TypeVar

import msgspec

from guildhall.core.db.statements import Command, Query, insertion_of
from guildhall.core.errors import GuildhallError, Unavailable

log = logging.getLogger(__name__)

Row = TypeVar("Row")
Result = TypeVar("Result")
Engine = Literal["sqlite", "postgresql"]


Announcer = Callable[[str, dict[str, str | int | None]], None]
Timer = Callable[[str, float], None]


def _nobody_listens(_topic: str, _data: dict[str, str | int | None]) -> None:
    """Stand in for the event bus in a process that has none, such as the command line."""


def _nobody_times(_kind: str, _seconds: float) -> None:
    """Stand in for the measurements in a process that takes none."""


class StoreUnavailable(Unavailable):
    """The database cannot be reached, or did not come free in time."""

    text = "The database cannot be reached right now, please try again"


class Clash(Exception):
    """A unique or exclusion rule refused a row."""


class Tx(ABC):
    """One transaction. Verbs read and write through it and never commit; whoever opened it does."""

    engine: Engine

    def __init__(self, database: "Database") -> None:
        self._database = database
        self._observe = database.observe
        self._effects: list[Callable[[], None]] = []
        self._last_acts: list[tuple[Command, dict[str, Any]]] = []

    async def one(self, query: Query[Row], /, **params: Any) -> Row | None:  # noqa: ANN401 (whatever a statement takes)
        """Return the first row, or None."""
        compiled = query.on(self.engine)
        rows = await self._fetch(compiled.text, compiled.arguments(params))
        return query.reader(self.engine)(rows[0]) if rows else None

    async def all(self, query: Query[Row], /, **params: Any) -> list[Row]:  # noqa: ANN401 (whatever a statement takes)
        """Return every row."""
        compiled = query.on(self.engine)
        reader = query.reader(self.engine)
        return [reader(row) for row in await self._fetch(compiled.text, compiled.arguments(params))]

    async def run(
        self,
        command: Command,
        /,
        *,
        clash: type[GuildhallError] | None = None,
        **params: Any,  # noqa: ANN401 (whatever a statement takes)
    ) -> int:
        """Change rows and return how many; a broken unique or exclusion rule raises `clash`."""
        compiled = command.on(self.engine)
        try:
            return await self._execute(compiled.text, compiled.arguments(params))
        except Clash as fault:
            if clash is None:
                raise
            raise clash from fault

    async def insert(self, row: msgspec.Struct, *, clash: type[GuildhallError] | None = None) -> None:
        """Insert a struct into its table; a broken unique or exclusion rule raises `clash`."""
        values = {name: getattr(row, name) for name in row.__struct_fields__}
        await self.run(insertion_of(type(row)), clash=clash, **values)

    async def ping(self) -> None:
        """Ask the database for nothing. Raises StoreUnavailable when it is away."""
        await self._fetch("SELECT 1", [])

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """Open a part that rolls back alone when it raises."""
        return _Savepoint(self)

    def after_commit(self, effect: Callable[[], None]) -> None:
        """Call `effect` once the transaction is committed, never when it is not."""
        self._effects.append(effect)

    def at_end(self, command: Command, /, **params: Any) -> None:  # noqa: ANN401 (whatever a statement takes)
        """Run a command as the transaction's last act, after those that were given so before.

        For a row that many transactions change: whoever holds it then holds it for no longer than the commit.
        """
        self._last_acts.append((command, params))

    async def run_last_acts(self) -> None:
        """Run what was left for the end. Called by the database that is about to commit."""
        for act, params in self._last_acts:
            await self.run(act, **params)

    def announce(self, topic: str, **data: str | int | None) -> None:
        """Tell whoever watches `topic`, once the transaction is committed."""
        self.after_commit(lambda: self._database.announcer(topic, data))

    def run_effects(self) -> None:
        """Run what waited for the commit. Called by the database that committed."""
        for effect in self._effects:
            try:
                effect()
            except Exception:
                # What is committed has happened; a fault of who is told of it must not deny that.
                log.exception("An effect after a commit failed")

    @abstractmethod
    async def _fetch(self, text: str, arguments: list[Any]) -> list[Any]: ...

    @abstractmethod
    async def _execute(self, text: str, arguments: list[Any]) -> int: ...


class _Savepoint(AbstractAsyncContextManager[None]):
    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._effects = len(tx._effects)  # noqa: SLF001 (the transaction's own part)
        self._last_acts = len(tx._last_acts)  # noqa: SLF001 (the transaction's own part)

    async def __aenter__(self) -> None:
        await self._tx._execute("SAVEPOINT part", [])  # noqa: SLF001 (the transaction's own part)

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            await self._tx._execute("ROLLBACK TO SAVEPOINT part", [])  # noqa: SLF001 (the transaction's own part)
            del self._tx._effects[self._effects :]  # noqa: SLF001 (the transaction's own part)
            del self._tx._last_acts[self._last_acts :]  # noqa: SLF001 (the transaction's own part)
        await self._tx._execute("RELEASE SAVEPOINT part", [])  # noqa: SLF001 (the transaction's own part)


class Database(ABC):
    """A store.

    `observe`, when set, is called with the text of every statement, `timer` with the kind of what was done ("read",
    "write", "commit") and the seconds it took, `announcer` with the topic and data of everything that committed
    transactions announced.
    """

    engine: Engine
    observe: Callable[[str], None] | None = None
    announcer: Announcer = staticmethod(_nobody_listens)
    timer: Timer = staticmethod(_nobody_times)

    @abstractmethod
    def read(self) -> AbstractAsyncContextManager[Tx]:
        """Open a transaction for reading: one snapshot on SQLite, each statement by itself on PostgreSQL."""

    @abstractmethod
    def write(self) -> AbstractAsyncContextManager[Tx]:
        """Open a transaction that commits when the block ends and rolls back when it raises."""

    async def long_read(self, work: Callable[[Tx], Coroutine[Any, Any, Result]]) -> Result:
        """Do work that reads for so long that no request may wait behind it, and return what it returns."""
        async with self.read() as tx:
            return await work(tx)

    async def check(self) -> str | None:
        """Look for damage that an unclean stop may have left, and return what is wrong. May take seconds."""
        return None

    @abstractmethod
    async def close(self) -> None:
        """Close every connection."""


async def to_the_end(work: Awaitable[None]) -> bool:
    """Wait for work that must not be left half-way, and tell whether the caller was cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            cancelled = True
    task.result()
    return cancelled
