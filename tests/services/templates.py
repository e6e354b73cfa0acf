"""Databases made once by the real migrations, for every test to copy."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from guildhall import migrations
from tests.services.postgres import create_database

POSTGRES_TEMPLATE = "guildhall_template"


@contextmanager
def sqlite_template(folder: Path) -> Iterator[str]:
    """Make a SQLite database and yield its path. It is one file, to be copied while nobody has it open."""
    path = folder / "template.db"
    migrations.upgrade(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # What still stands in the log moves into the file.
    yield str(path)


@contextmanager
def postgres_template(maintenance: str) -> Iterator[str]:
    """Make a PostgreSQL database and yield its name, for `create_database`."""
    migrations.upgrade(create_database(maintenance, POSTGRES_TEMPLATE))
    yield POSTGRES_TEMPLATE
