"""Tables of the tests' own, with every type of column and a rule that is judged at the commit."""

import enum
from datetime import UTC, date, datetime

import msgspec
import sqlalchemy
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    select,
)

from guildhall.core.db import Day, JsonDoc, UtcTime, query, stored

here = MetaData()
widgets = Table(
    "widgets",
    here,
    Column("id", Text, primary_key=True),
    Column("made_at", UtcTime, nullable=False),
    Column("sold_at", UtcTime),
    Column("notes", JsonDoc),
    Column("works", Boolean),
    Column("colour", Text),
    Column("day", Day),
    Column("count", BigInteger),
    Column("weight", Float),
    CheckConstraint("count >= 0", name="count"),
)
parts = Table(
    "parts",
    here,
    Column("id", Integer, primary_key=True),
    Column("widget", Text, ForeignKey("widgets.id", deferrable=True, initially="DEFERRED"), nullable=False),
)


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


@stored(widgets)
class Widget(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    made_at: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    sold_at: datetime | None = None
    notes: dict[str, object] | None = None
    works: bool | None = None
    colour: Colour | None = None
    day: date | None = None
    count: int | None = None
    weight: float | None = None


@stored(parts)
class Part(msgspec.Struct, frozen=True):
    id: int
    widget: str


NAMES = query(str, select(widgets.c.id).order_by(widgets.c.id))
HOW_MANY = query(int, select(func.count()).select_from(widgets))


def with_widgets(url: str) -> str:
    with sync_engine(url).begin() as connection:
        here.create_all(connection)
    return url


def sync_engine(url: str) -> sqlalchemy.Engine:
    return sqlalchemy.create_engine(
        url.replace("postgresql://", "postgresql+psycopg://"), poolclass=sqlalchemy.NullPool
    )
