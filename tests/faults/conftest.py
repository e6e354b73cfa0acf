"""Temporary."""
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

from guildhall.core import leases, outbox
from guildhall.core.db import metadata
from tests.services.postgres import create_database, drop_database


def fill(url: str) -> str:
    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    metadata.create_all(engine, tables=[outbox.jobs, leases.leases])
    engine.dispose()
    return url

@pytest.fixture
def sqlite_database_url(tmp_path: Path) -> str:
    return fill(f"sqlite:///{tmp_path / 'guildhall.db'}")

@pytest.fixture
def postgresql_database_url(postgres_url: str) -> Iterator[str]:
    name = f"test_{secrets.token_hex(8)}"
    yield fill(create_database(postgres_url, name))
    drop_database(postgres_url, name)
