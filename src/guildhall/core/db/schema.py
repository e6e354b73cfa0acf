"""The vocabulary of tables: one metadata, and column types that mean the same on both engines."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import JSON, BigInteger, Dialect, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class UtcTime(TypeDecorator[datetime]):
    """An instant, kept as microseconds since 1970 in UTC on both engines, so that sums over time are plain integers."""

    impl = BigInteger
    cache_ok = True


class Day(TypeDecorator[date]):
    """A day of the calendar, kept as YYYY-MM-DD on both engines."""

    impl = Text
    cache_ok = True


class JsonDoc(TypeDecorator[Any]):
    """A JSON document: JSONB on PostgreSQL, text on SQLite."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return dialect.type_descriptor(JSONB() if dialect.name == "postgresql" else Text())


def micros(moment: datetime) -> int:
    """Return an aware instant as microseconds since 1970. A naive one is a mistake and raises TypeError."""
    return (moment - EPOCH) // MICROSECOND


def moment(value: int) -> datetime:
    """Return the UTC instant that many microseconds after 1970."""
    return EPOCH + timedelta(0, 0, value)


def encode_json(value: object) -> str:
    """Return a value as JSON text."""
    return msgspec.json.encode(value).decode()
