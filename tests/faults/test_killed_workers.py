"""Jobs while processes are killed or frozen and the database goes away: every effect happens, and happens once."""

import asyncio
import contextlib
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy

from tests.faults.worker import tables
from tests.services.programs import wait_until

LEASE = 1.0
ORDERS = 100
WITHIN = 60.0
OUTCOMES = "SELECT id, round, attempts, ended_at FROM jobs WHERE kind = 'order.fulfil' ORDER BY id"


class Scene:
    """A database with the tables of the workers, and the workers on it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.hold = folder / "go"
        self.log = folder / "workers.log"
        self.workers: list[subprocess.Popen[bytes]] = []
        engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        tables.create_all(engine)
        engine.dispose()

    def worker(self, orders: int = 0, url: str = "", *, lease: float = LEASE) -> subprocess.Popen[bytes]:
        """Start a worker that takes so many orders, and wait until it has said so."""
        arguments = [url or self.url, str(lease), str(orders), str(self.hold)]
        with self.log.open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.worker", *arguments], stdout=subprocess.PIPE, stderr=log
            )
        self.workers.append(worker)
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"started\n", self.log.read_text()
        return worker

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a statement."""
        if self.url.startswith("sqlite"):
            with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=10)) as connection:
                return connection.execute(statement).fetchall()
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(statement.encode()).fetchall()

    def count(self, what: str) -> int:
        """Return how many rows there are of something."""
        (number,) = self.ask(f"SELECT count(*) FROM {what}")[0]  # noqa: S608 (written in this file)
        return int(number)

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something, and show what the workers said when it does not come."""
        assert wait_until(holds, within=WITHIN), self.log.read_text()[-5000:]

    def freeze(self, worker: subprocess.Popen[bytes]) -> None:
        """Stop a worker on PostgreSQL between two transactions: what a frozen one has locked stays locked."""
        busy = "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"

        def is_between() -> bool:
            worker.send_signal(signal.SIGSTOP)
            if self.count(busy) == 0:
                return True
            worker.send_signal(signal.SIGCONT)
            return False

        self.until(is_between)

    def close(self) -> None:
        """End the workers that are left."""
        for worker in self.workers:
            worker.send_signal(signal.SIGCONT)
            worker.kill()
            worker.communicate()


@contextmanager
def scene_on(url: str, folder: Path) -> Iterator[Scene]:
    scene = Scene(url, folder)
    try:
        yield scene
    finally:
        scene.close()


@pytest.fixture
def scene(database_url: str, tmp_path: Path) -> Iterator[Scene]:
    with scene_on(database_url, tmp_path) as scene:
        yield scene


@pytest.fixture
def postgresql_scene(postgresql_database_url: str, tmp_path: Path) -> Iterator[Scene]:
    with scene_on(postgresql_database_url, tmp_path) as scene:
        yield scene


def test_every_job_has_its_effect_once_however_often_the_process_is_killed(scene: Scene) -> None:
    scene.hold.touch()
    chance = random.Random()
    kills = 0
    while kills < 8 and scene.count("effects") < ORDERS:
        worker = scene.worker(ORDERS)
        done = scene.count("effects")
        # At any moment from its first on, but not always before it did something.
        if kills % 2:
            scene.until(lambda before=done: scene.count("effects") > before)  # type: ignore[misc]
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(chance.uniform(0, 1.2))
        worker.kill()
        worker.wait()
        kills += 1
    scene.worker(ORDERS)
    scene.until(lambda: scene.count("jobs WHERE kind = 'order.fulfil' AND state = 'done'") == ORDERS)
    assert scene.ask("SELECT number FROM effects ORDER BY number") == [(number,) for number in range(ORDERS)]
    assert scene.count("(SELECT DISTINCT job FROM tries) AS tried") == ORDERS
    assert kills >= 3, "it was killed while there was work"


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_another_process_finishes_what_a_dead_or_frozen_one_had_in_hand(
    postgresql_scene: Scene, blow: signal.Signals
) -> None:
    scene = postgresql_scene
    first = scene.worker(10)
    scene.until(lambda: scene.count("tries") == 10)
    if blow is signal.SIGSTOP:
        scene.freeze(first)
    else:
        first.send_signal(blow)
    second = scene.worker()
    scene.hold.touch()
    scene.until(lambda: scene.count("jobs WHERE kind = 'order.fulfil' AND state = 'done'") == 10)
    assert scene.count("effects") == 10
    assert scene.count("tries") == 20, "each was tried by the first, and once by the second"

    if blow is signal.SIGSTOP:
        ended = scene.ask(OUTCOMES)
        first.send_signal(signal.SIGCONT)
        first.terminate()
        assert first.wait(WITHIN) == 0, "it notices that it comes too late, and ends well"
        assert scene.ask(OUTCOMES) == ended
        assert scene.count("effects") == 10
    second.terminate()
    assert second.wait(WITHIN) == 0


def test_periodic_work_runs_once_in_a_cluster(postgresql_scene: Scene) -> None:
    scene = postgresql_scene
    workers = [scene.worker(), scene.worker()]
    scene.until(lambda: scene.count("beats") >= 4)
    for worker in workers:
        worker.terminate()
        assert worker.wait(WITHIN) == 0, scene.log.read_text()
    ((turns,),) = scene.ask("SELECT round FROM jobs WHERE kind = 'beat'")
    assert scene.count("beats") == turns


class Wire:
    """A way to the database that can be cut and mended."""

    def __init__(self, url: str) -> None:
        self._host, _, rest = url.partition("@")[2].partition(":")
        self._port, _, self._name = rest.partition("/")
        self._server: asyncio.Server | None = None
        self._passing: set[asyncio.Task[None]] = set()
        self._listening = 0

    @property
    def url(self) -> str:
        """The address at this end of the wire."""
        return f"postgresql://postgres@127.0.0.1:{self._listening}/{self._name}"

    async def mend(self) -> None:
        """Let connections through."""
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self._listening)
        self._listening = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._join(reader, writer))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._host, int(self._port))
        ways = [asyncio.create_task(self._pass(reader, back)), asyncio.create_task(self._pass(there, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in (back, writer):
                end.transport.abort()
                with contextlib.suppress(OSError):
                    await end.wait_closed()

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()


@pytest.fixture
async def wires(postgresql_scene: Scene) -> AsyncIterator[tuple[Wire, Wire]]:
    wires = Wire(postgresql_scene.url), Wire(postgresql_scene.url)
    for wire in wires:
        await wire.mend()
    yield wires
    for wire in wires:
        await wire.cut()


async def test_after_an_outage_of_the_database_nobody_takes_the_living_for_dead(
    postgresql_scene: Scene, wires: tuple[Wire, Wire]
) -> None:
    scene, lease = postgresql_scene, 5.0

    async def until(holds: Callable[[], bool]) -> None:
        await asyncio.to_thread(scene.until, holds)

    def held_at(moment: float) -> int:
        return scene.count(f"leases WHERE name LIKE 'jobs:%' AND expires_at > {int(moment * 1_000_000)}")

    first = await asyncio.to_thread(scene.worker, 5, wires[0].url, lease=lease)
    await until(lambda: scene.count("tries") == 5)
    second = await asyncio.to_thread(scene.worker, 0, wires[1].url, lease=lease)
    await until(lambda: scene.count("beats") >= 1 and held_at(time.time()) == 2)

    for wire in wires:
        await wire.cut()
    await until(lambda: held_at(time.time()) == 0)
    # The second is back before the first, and renews its lease twice: time enough for a look at who has work in hand.
    await wires[1].mend()
    await until(lambda: held_at(time.time()) == 1)
    renewed_first = time.time()
    await until(lambda: held_at(renewed_first + lease + 1) == 1)
    await wires[0].mend()
    await until(lambda: held_at(renewed_first + 3 * lease) == 2)
    assert scene.count("tries") == 5, "nobody took over the work of the other"
    scene.hold.touch()
    await until(lambda: scene.count("jobs WHERE kind = 'order.fulfil' AND state = 'done'") == 5)
    assert scene.count("tries") == 5

    for wire in wires:
        await wire.cut()
    for worker in (first, second):
        worker.terminate()
        assert await asyncio.to_thread(worker.wait, WITHIN) == 0, "it ends although the database is away"
