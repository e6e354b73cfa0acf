"""The fixtures that everybody uses. `tests.services.plugin` has the servers, this file what tests do with them."""

import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from guildhall.core.db import Database, open_database
from guildhall.core.db.base import Engine
from tests.clock import SettableClock
from tests.services.postgres import create_database, drop_database

pytest_plugins = ["tests.services.plugin", "tests.contract.plugin", "tests.serving"]


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn: whatever depends on it runs once on SQLite and once on PostgreSQL."""
    engine: Engine = request.param
    return engine


@pytest.fixture
def database_url(engine: Engine, request: pytest.FixtureRequest) -> str:
    """The address of an empty database of this test alone, made by the real migrations."""
    url: str = request.getfixturevalue(f"{engine}_database_url")
    return url


@pytest.fixture
def sqlite_database_url(service: Callable[[str], str], tmp_path: Path) -> str:
    """The same, for a test that is about SQLite only."""
    return f"sqlite:///{shutil.copy(service('sqlite-template'), tmp_path / 'guildhall.db')}"


@pytest.fixture
def postgresql_database_url(service: Callable[[str], str], postgres_url: str) -> Iterator[str]:
    """The same, for a test that is about PostgreSQL only."""
    name = f"test_{secrets.token_hex(8)}"
    yield create_database(postgres_url, name, template=service("postgres-template"))
    drop_database(postgres_url, name)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database of this test alone."""
    database = await open_database(database_url)
    yield database
    await database.close()


@pytest.fixture
def clock() -> SettableClock:
    """Time that the test moves."""
    return SettableClock()
