"""Blocks as they are kept."""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Integer, Table, Text, UniqueConstraint

from guildhall.core.db import UtcTime, metadata
from guildhall.domains.identity.desk import SubjectKind

ANY_CATEGORY: Final = ""
"""Stands where a block is for the whole desk: nothing equals NULL, so that two blocks of one person would not clash."""

ticket_blocks = Table(
    "ticket_blocks",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("category_id", Text, nullable=False),
    Column("reason", Text),
    Column("notify", Boolean, nullable=False),
    Column("created_by", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    CheckConstraint("subject_kind IN ('user', 'role')", name="subject_kind"),
    UniqueConstraint("subject_id", "subject_kind", "category_id"),
    sqlite_autoincrement=True,
)


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Who may not write to the desk, or open tickets of one category.

    Subjects are named by Discord's ids; `notify` says whether they are told. `created_by` is a person's id, None the
    house. Without `expires_at` the block lasts until it is lifted.
    """

    id: int
    subject_kind: SubjectKind
    subject_id: str
    category_id: str
    reason: str | None
    notify: bool
    created_by: str | None
    created_at: datetime
    expires_at: datetime | None

    @property
    def only_category(self) -> str | None:
        """The one category that is closed to the subject, None when all are."""
        return self.category_id or None
