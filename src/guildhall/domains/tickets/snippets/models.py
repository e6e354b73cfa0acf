"""Snippets as they are kept."""

from datetime import datetime

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Integer, Table, Text

from guildhall.core.db import UtcTime, metadata

ticket_snippets = Table(
    "ticket_snippets",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("content", Text, nullable=False),
    Column("anonymous", Boolean, nullable=False),
    Column("uses", Integer, nullable=False),
    Column("created_by", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    sqlite_autoincrement=True,
)


class Snippet(msgspec.Struct, frozen=True, kw_only=True):
    """A text with variables. An anonymous one is sent anonymously; `created_by` is a person's id, None the house."""

    id: int
    key: str
    content: str
    anonymous: bool
    uses: int
    created_by: str | None
    created_at: datetime
    updated_at: datetime
