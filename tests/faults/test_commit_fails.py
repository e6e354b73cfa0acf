"""The answer leaves after the commit: what is not committed was never promised, and the house goes on."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx
import msgspec
import pytest

from guildhall.core.actor import Credential
from guildhall.core.db import SqliteDatabase, Tx, postgres
from guildhall.core.errors import Internal, Unavailable
from guildhall.domains.identity import Permission
from guildhall.settings import Settings
from guildhall.web.bodies import Body
from guildhall.web.routing import Route, route
from tests.clock import SettableClock
from tests.contract.documents import DIALECTS
from tests.core.widgets import NAMES, Part, Widget, sync_engine, with_widgets
from tests.core.working import eventually
from tests.dialects.test_other_faces import FACES
from tests.serving import MASTER_KEY, Served, serving, settings_for
from tests.web.more import BASES, Told, more_routes, routes_of

PATIENCE = 20.0
LARGE = "x" * 50_000
"""A name that takes a dozen pages of the file."""


class Wish(Body, frozen=True, kw_only=True):
    name: str
    part_of: str = ""


@dataclass
class Door:
    """Holds a handler in the middle of its transaction."""

    inside: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)


def writing_routes(base: str, door: Door) -> tuple[Route, ...]:
    @route("POST", f"{base}/widgets", permission=Permission.PUBLIC, accepts=Credential.NONE)
    async def make_widget(data: Wish, tx: Tx) -> Told:
        """Make a widget, and a part of one; that the one exists is judged at the commit."""
        await tx.insert(Widget(id=data.name))
        if data.part_of:
            await tx.insert(Part(1, data.part_of))
        tx.announce("widgets", id=data.name)
        return Told(data.name)

    @route("POST", f"{base}/slow-widgets", permission=Permission.PUBLIC, accepts=Credential.NONE)
    async def make_widget_slowly(data: Wish, tx: Tx) -> Told:
        """Make a widget, and wait in the middle."""
        await tx.insert(Widget(id=data.name))
        door.inside.set()
        await door.opened.wait()
        return Told(data.name)

    return (make_widget, make_widget_slowly)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return settings_for(with_widgets(database_url), tmp_path, BODY_TIMEOUT="2")


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
async def served(settings: Settings, clock: SettableClock, door: Door) -> AsyncIterator[Served]:
    routes = {name: (*routes_of(base), *writing_routes(base, door)) for name, base in BASES.items()}
    with more_routes(**routes):
        async with serving(settings, clock=clock) as served:
            yield served


@pytest.fixture
async def client(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is not held to the contract, which lacks these routes."""
    async with httpx.AsyncClient(base_url=served.url, timeout=PATIENCE) as client:
        yield client


@pytest.fixture
def told(served: Served) -> list[str]:
    """What is announced from now on."""
    told: list[str] = []
    served.house.database.announcer = lambda _, data: told.append(str(data["id"]))
    return told


async def names(served: Served) -> list[str]:
    async with served.house.database.read() as tx:
        return await tx.all(NAMES)


def code_of(name: str, answer: httpx.Response) -> object:
    return answer.json()[DIALECTS[name].slug_key if name in DIALECTS else "code"]


def expected(name: str, error: Internal | Unavailable) -> tuple[int, object]:
    answer = FACES[name].refuse(error, request_id="")
    return answer.status, msgspec.json.decode(answer.body)[DIALECTS[name].slug_key if name in DIALECTS else "code"]


@pytest.mark.parametrize("name", FACES)
async def test_a_commit_that_fails_is_a_fault_of_the_house_and_nothing_happened(
    served: Served, client: httpx.AsyncClient, told: list[str], name: str
) -> None:
    path = f"{BASES[name]}/widgets"
    answer = await client.post(path, json={"name": "a", "part_of": "nobody"})
    assert (answer.status_code, code_of(name, answer)) == expected(name, Internal())
    assert (await names(served), told) == ([], [])

    answer = await client.post(path, json={"name": "b", "part_of": "b"})
    assert answer.status_code == 200
    assert (await names(served), told) == (["b"], ["b"])


async def test_an_answer_that_was_not_committed_is_not_kept_for_its_key(
    served: Served, client: httpx.AsyncClient
) -> None:
    headers = {"Idempotency-Key": "one"}
    wish = {"name": "a", "part_of": "later"}
    assert (await client.post("/v1/widgets", json=wish, headers=headers)).status_code == 500
    await client.post("/v1/widgets", json={"name": "later"})
    done = await client.post("/v1/widgets", json=wish, headers=headers)
    again = await client.post("/v1/widgets", json=wish, headers=headers)
    assert (done.status_code, again.status_code, again.json()) == (200, 200, done.json())
    assert again.headers["idempotent-replay"] == "true"
    assert await names(served) == ["a", "later"]


async def test_a_full_disk_fails_what_is_written_and_nothing_else(
    sqlite_database_url: str, tmp_path: Path, clock: SettableClock, door: Door
) -> None:
    settings = settings_for(with_widgets(sqlite_database_url), tmp_path)
    with more_routes(commonshub=writing_routes("/v1", door)):
        async with serving(settings, clock=clock) as served, httpx.AsyncClient(base_url=served.url) as client:
            store = served.house.database
            assert isinstance(store, SqliteDatabase)
            (pages,) = store._writer.execute("PRAGMA page_count").fetchone()
            store._writer.execute(f"PRAGMA max_page_count = {pages}")
            for number in range(3):
                answer = await client.post("/v1/widgets", json={"name": f"{LARGE}{number}"})
                assert (answer.status_code, answer.json()["error"]) == (500, "server_error")
                assert (await client.get("/v1/rooms", headers=master())).status_code == 200
            assert await names(served) == []
            store._writer.execute(f"PRAGMA max_page_count = {pages * 100}")
            assert (await client.post("/v1/widgets", json={"name": LARGE})).status_code == 200
            assert await names(served) == [LARGE]
    with closing(sqlite3.connect(sqlite_database_url.removeprefix("sqlite:///"))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def master() -> dict[str, str]:
    return {"Authorization": f"Bearer {MASTER_KEY}"}


async def test_a_client_that_goes_away_in_the_middle_leaves_all_or_nothing(
    served: Served, client: httpx.AsyncClient, door: Door
) -> None:
    leaving = asyncio.create_task(client.post("/v1/slow-widgets", json={"name": "a"}))
    await door.inside.wait()
    leaving.cancel()
    with suppress(asyncio.CancelledError):
        await leaving
    door.opened.set()
    assert (await client.post("/v1/widgets", json={"name": "b"})).status_code == 200
    assert set(await names(served)) - {"a"} == {"b"}


async def test_clients_that_do_not_wait_for_their_answer_leave_nothing_half_done(served: Served) -> None:
    async with httpx.AsyncClient(base_url=served.url, headers=master()) as client:

        async def put_and_leave(number: int) -> None:
            request = client.put(f"/v1/rooms/room{number}", json={"name": f"Room {number}", "capacity": 3})
            task = asyncio.create_task(request)
            for _ in range(number):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])

        await asyncio.gather(*(put_and_leave(number) for number in range(60)))
        answer = await client.put("/v1/rooms/last", json={"name": "Last", "capacity": 3})
        assert answer.status_code == 200

        async def all_is_done() -> bool:
            text = (await client.get("/metrics")).text
            return "guildhall_requests_in_flight 1.0" in text

        await eventually(all_is_done)
        listed = {room["id"] for room in (await client.get("/v1/rooms")).json()["rooms"]}
    with sync_engine(served.house.settings.database_url).connect() as connection:
        audited = connection.exec_driver_sql("SELECT target FROM audit_entries WHERE action = 'room.created'")
        assert {target for (target,) in audited} == listed


async def is_ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/readyz")).status_code == 200


class Road:
    """The way to the database, which can be cut and mended; the address of the database leads along it."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._open = True
        self._clear = asyncio.Event()
        self._clear.set()
        self._under_way: set[asyncio.StreamWriter] = set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Join a client and the database until one of them, or the road, ends."""
        if not self._open:
            writer.close()
            return
        onward, back = await asyncio.open_connection(*self._target)
        self._under_way |= {writer, back}
        with suppress(ConnectionError):
            await asyncio.gather(self._pass(reader, back), self._pass(onward, writer))

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            await self._clear.wait()
            sink.write(data)
        sink.close()

    def cut(self) -> None:
        self._open = False
        for writer in self._under_way:
            writer.transport.abort()
        self._under_way.clear()

    def block(self) -> None:
        """Let nothing pass any more, without a word to either side."""
        self._clear.clear()

    def mend(self) -> None:
        self._open = True
        self._clear.set()


@asynccontextmanager
async def road_to(url: str) -> AsyncIterator[tuple[Road, str]]:
    """A road to the database at an address, and the address that leads along it."""
    address = httpx.URL(url)
    road = Road(address.host, address.port or 5432)
    server = await asyncio.start_server(road.carry, "127.0.0.1", 0)
    async with server:
        yield road, str(address.copy_with(port=server.sockets[0].getsockname()[1]))
        road.cut()


async def test_an_outage_of_the_database_is_told_and_ends_by_itself(
    postgresql_database_url: str, tmp_path: Path, clock: SettableClock
) -> None:
    async with road_to(postgresql_database_url) as (road, url):
        await asyncio.to_thread(with_widgets, postgresql_database_url)
        with more_routes(**{name: routes_of(base) for name, base in BASES.items()}):
            async with serving(settings_for(url, tmp_path), clock=clock) as served:
                await lives_through_an_outage(served, road)


async def lives_through_an_outage(served: Served, road: Road) -> None:
    async with served.client(headers=master()) as client, httpx.AsyncClient(base_url=served.url) as anybody:
        room = {"name": "Room", "capacity": 3}
        assert (await client.put("/v1/rooms/a", json=room)).status_code == 200
        for _ in range(2):
            road.cut()
            for _ in range(3):
                health = await client.get("/health")
                assert (health.status_code, health.json()["checks"]) == (200, {"database": "error"})
                ready = await client.get("/readyz")
                assert (ready.status_code, ready.json()["data"]["status"]) == (503, "not_ready")
                assert (await client.get("/healthz")).status_code == 200
                assert (await client.get("/metrics")).status_code == 200
                assert (await client.get("/v1/rooms")).json()["error"] == "unavailable"
                assert (await client.put("/v1/rooms/b", json=room)).status_code == 503
            for name in FACES:
                answer = await anybody.post(f"{BASES[name]}/fails-to-write")
                assert (answer.status_code, code_of(name, answer)) == expected(name, Unavailable())
            assert (await anybody.post("/panel/fails-to-write")).status_code == 503
            road.mend()
            await eventually(lambda: is_ready(client))
            assert (await client.get("/health")).json()["checks"] == {"database": "ok", "bot": "offline"}
            assert (await client.put("/v1/rooms/b", json=room)).status_code == 200


async def test_a_database_that_vanishes_without_a_word_is_given_up(
    postgresql_database_url: str, tmp_path: Path, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "ANSWER_WAIT", 0.3)
    monkeypatch.setattr(postgres, "POOL_WAIT", 0.3)
    async with road_to(postgresql_database_url) as (road, url):
        settings = settings_for(url, tmp_path)
        async with serving(settings, clock=clock) as served, served.client(headers=master()) as client:
            room = {"name": "Room", "capacity": 3}
            assert (await client.put("/v1/rooms/a", json=room)).status_code == 200
            road.block()
            for _ in range(3):
                assert (await client.get("/v1/rooms")).json()["error"] == "unavailable"
                assert (await client.put("/v1/rooms/a", json=room)).json()["error"] == "unavailable"
                assert (await client.get("/readyz")).status_code == 503
            road.mend()
            await eventually(lambda: is_ready(client))
            assert (await client.put("/v1/rooms/a", json=room)).status_code == 200


async def test_a_connection_that_the_database_ends_in_the_middle_is_an_outage_too(
    postgresql_database_url: str, tmp_path: Path, clock: SettableClock
) -> None:
    settings = settings_for(postgresql_database_url, tmp_path)
    async with serving(settings, clock=clock) as served, served.client(headers=master()) as client:
        other = await asyncpg.connect(postgresql_database_url)
        async with other.transaction():
            await other.execute("SELECT * FROM rooms FOR UPDATE")
            waiting = asyncio.create_task(client.put("/v1/rooms/ostrom", json={"name": "Room", "capacity": 3}))
            killed = """SELECT count(pg_terminate_backend(pid)) FROM pg_locks JOIN pg_stat_activity USING (pid)
                        WHERE NOT granted AND datname = current_database()"""

            async def has_killed_it() -> bool:
                return bool(await other.fetchval(killed))

            await eventually(has_killed_it)
            answer = await waiting
        assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
        # The connections that are not in use go too, and the pool makes new ones without a word.
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await other.close()
        answers = [(await client.get("/readyz")).status_code for _ in range(3)]
        assert answers[-1] == 200
        assert (await client.put("/v1/rooms/ostrom", json={"name": "Room", "capacity": 3})).status_code == 200
