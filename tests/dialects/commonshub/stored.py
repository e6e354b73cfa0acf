"""What somebody finds who has stolen the database."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg


def everything_stored(url: str) -> str:
    """Return all that stands in a database, as text: of SQLite the files as they are, of PostgreSQL every row."""
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        return "".join(each.read_bytes().decode("latin-1") for each in path.parent.glob(f"{path.name}*"))
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        rows = (connection.execute(f'SELECT t::text FROM "{name}" t'.encode()).fetchall() for (name,) in tables)  # noqa: S608  (names from the catalogue)
        return "\n".join(row for table in rows for (row,) in table)
