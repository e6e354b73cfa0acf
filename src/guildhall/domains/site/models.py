"""The configuration as it is kept: what was set, beside the row of every change."""

from datetime import datetime

import msgspec
from sqlalchemy import CheckConstraint, Column, Integer, Table, Text

from guildhall.core.db import JsonDoc, UtcTime, metadata, stored

site_configuration = Table(
    "site_configuration",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("set_values", JsonDoc, nullable=False),
    Column("sealed", JsonDoc, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

site_changes = Table(
    "site_changes",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("user_id", Text),
    Column("changes", JsonDoc, nullable=False),
)


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What was set, by `section.key`: plain values, and secrets as they were sealed. All else is as by default."""

    version: int = 0
    set_values: dict[str, object] = {}
    sealed: dict[str, str] = {}


class KeyChange(msgspec.Struct, frozen=True):
    """What became of one key; the values of a secret are not told."""

    key: str
    old: object
    new: object


@stored(site_changes)
class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the configuration: who made it, when, and what became of each key."""

    version: int
    at: datetime
    actor: str
    user_id: str | None
    changes: list[KeyChange]
