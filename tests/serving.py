"""A whole server for a test: the real application behind the real HTTP server, on a database of the test's own."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from guildhall.app import build_app, open_house
from guildhall.core.actor import SYSTEM
from guildhall.domains import identity
from guildhall.server import BACKLOG
from guildhall.settings import Settings, load_settings
from guildhall.web.house import House
from tests.clock import SettableClock
from tests.contract.recorder import recording_client

MASTER_KEY = "chb_admin_for_the_tests_of_guildhall_only"
ADMIN_NAME = "ada"
ADMIN_PASSWORD = "a password for tests"
PROVIDER_ID = "849888126"
"""The platform's id of the person for whom `hub.person()` acts."""


@dataclass(frozen=True)
class Served:
    """A running server: its parts, and its address."""

    house: House
    url: str

    def client(self, **options: object) -> httpx.AsyncClient:
        """Return an HTTP client whose every answer is held against the contract."""
        return recording_client(self.url, **options)


@asynccontextmanager
async def serving(
    settings: Settings, *, clock: SettableClock | None = None, works_jobs: bool = False, port: int | None = None
) -> AsyncIterator[Served]:
    """Run a server in this process, on a port of this machine, a free one unless it is named."""
    async with open_house(settings, clock=clock, works_jobs=works_jobs) as house:
        port = port or free_port()
        server = Server(
            build_app(house),
            address="127.0.0.1",
            port=port,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            backlog=BACKLOG,
            log_enabled=False,
        )
        task = asyncio.create_task(server.serve())
        await listening(port)
        try:
            yield Served(house, f"http://127.0.0.1:{port}")
        finally:
            server.stop()  # type: ignore[no-untyped-call]  # Granian leaves it untyped
            await task


def settings_for(database_url: str, data_dir: Path, **more: str) -> Settings:
    """Return the settings of a test's server; `more` are names and values of the environment."""
    environ = {
        "DATABASE_URL": database_url,
        "DATA_DIR": str(data_dir),
        "ADMIN_API_KEY": MASTER_KEY,
        "PUBLIC_URL": "http://hub.test",
        "SQLITE_SYNCHRONOUS": "NORMAL",
        "RATE_LIMIT_PER_IP": "100000",
        "COMMONSHUB_RATE_LIMIT": "1000000",
        **more,
    }
    return load_settings(environ, dotenv=None)


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def listening(port: int, *, tries: int = 500) -> None:
    """Return once somebody listens on the port."""
    for _ in range(tries):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.01)  # The pause between two looks at a condition, not a guess at a time.
    raise TimeoutError(f"nobody listens on port {port}")


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a server on a database of this test alone; redefine it to change them."""
    return settings_for(database_url, tmp_path)


@pytest.fixture
async def served(settings: Settings, clock: SettableClock) -> AsyncIterator[Served]:
    """A running server whose clock the test moves."""
    logging.getLogger("_granian").setLevel(logging.ERROR)
    async with serving(settings, clock=clock) as each:
        yield each


@pytest.fixture
async def master(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A client that holds the master key."""
    async with served.client(headers={"Authorization": f"Bearer {MASTER_KEY}"}) as client:
        yield client


@pytest.fixture
async def app_secret(master: httpx.AsyncClient) -> str:
    """The secret of a trusted app."""
    answer = await master.post("/v1/apps", json={"name": "ElinorBot"})
    return str(answer.json()["appSecret"])


@pytest.fixture
async def app(served: Served, app_secret: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client that holds an app's secret and acts for nobody."""
    async with served.client(headers={"Authorization": f"Bearer {app_secret}"}) as client:
        yield client


@pytest.fixture
async def person(served: Served, app_secret: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client that acts for one person through an app."""
    headers = {
        "Authorization": f"Bearer {app_secret}",
        "X-User-Id": PROVIDER_ID,
        "X-User-Name": "xdamman",
        "X-User-Display-Name": "Xavier%20Damman",
    }
    async with served.client(headers=headers) as client:
        yield client


@pytest.fixture
async def administrator(served: Served) -> identity.User:
    """The first administrator, who signs in to the panel as ADMIN_NAME with ADMIN_PASSWORD."""
    house = served.house
    user = await identity.create_first_administrator(
        house.database,
        house.passwords,
        SYSTEM,
        name=ADMIN_NAME,
        password=ADMIN_PASSWORD,
        email="",
        now=house.clock.now(),
    )
    assert user is not None
    return user
