"""The store: typed tables, statements compiled once, one transaction at a time, on SQLite or PostgreSQL.

SQLAlchemy Core is the language of tables, statements and migrations; a thin executor runs their compiled text on the
standard sqlite3 module or on asyncpg, because its own engine costs two to four times as much (docs/decisions/0002).
"""

from guildhall.core.db.base import Database, StoreUnavailable, Tx
from guildhall.core.db.postgres import PostgresDatabase
from guildhall.core.db.schema import Day, JsonDoc, UtcTime, metadata
from guildhall.core.db.sqlite import SqliteDatabase
from guildhall.core.db.statements import Command, Query, command, insert_if_new, insert_or_replace, query, stored

__all__ = [
    "Command",
    "Database",
    "Day",
    "JsonDoc",
    "PostgresDatabase",
    "Query",
    "SqliteDatabase",
    "StoreUnavailable",
    "Tx",
    "UtcTime",
    "command",
    "insert_if_new",
    "insert_or_replace",
    "metadata",
    "open_database",
    "query",
    "stored",
]


async def open_database(url: str, *, synchronous: str = "FULL", pool_size: int = 10) -> Database:
    """Open the store at a `sqlite:///path` or `postgresql://` address. Raises StoreUnavailable."""
    if url.startswith("sqlite:///"):
        return SqliteDatabase(url.removeprefix("sqlite:///"), synchronous=synchronous)
    return await PostgresDatabase.open(url, pool_size=pool_size)
