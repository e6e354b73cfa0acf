"""Audit entries as they are kept."""

from datetime import datetime

import msgspec
from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, text

from guildhall.core.db import JsonDoc, UtcTime, metadata, stored

_of_tickets = text("action >= 'ticket.' AND action < 'ticket/'")

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("user_id", Text),
    Column("app_id", Text),
    Column("ip", Text),
    Column("action", Text, nullable=False),
    Column("target", Text),
    Column("details", JsonDoc, nullable=False),
    Index("ix_audit_entries_target_seq", "target", "seq"),
    Index("ix_audit_entries_user_id_seq", "user_id", "seq"),
    Index("ix_audit_entries_action_seq", "action", "seq"),
    # Other systems ask again and again which tickets something has happened to.
    Index("ix_audit_entries_tickets", "at", "target", sqlite_where=_of_tickets, postgresql_where=_of_tickets),
    Index(
        "ix_audit_entries_app_id_seq",
        "app_id",
        "seq",
        sqlite_where=text("app_id IS NOT NULL"),
        postgresql_where=text("app_id IS NOT NULL"),
    ),
)


@stored(audit_entries)
class NewEntry(msgspec.Struct, frozen=True):
    """An entry before the database has numbered it."""

    at: datetime
    actor: str
    user_id: str | None
    app_id: str | None
    ip: str | None
    action: str
    target: str | None
    details: dict[str, object]


class AuditEntry(msgspec.Struct, frozen=True):
    """One entry; `seq` grows with time, `actor` is the kind of actor, `action` reads `noun.verb`."""

    seq: int
    at: datetime
    actor: str
    user_id: str | None
    app_id: str | None
    ip: str | None
    action: str
    target: str | None
    details: dict[str, object]
