"""Reminders and alerts, and who is not to be pinged by a reminder for a role."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text

from guildhall.core.db import JsonDoc, UtcTime, metadata, stored

_waits: dict[str, Any] = {"sqlite_where": text("state = 'waiting'"), "postgresql_where": text("state = 'waiting'")}

ticket_reminders = Table(
    "ticket_reminders",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("ticket_id", Text, ForeignKey("tickets.id", ondelete="CASCADE"), nullable=False),
    Column("author_id", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("role_ids", JsonDoc, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("state", Text, nullable=False),
    CheckConstraint("state IN ('waiting', 'done', 'dropped')", name="state"),
    Index("ix_ticket_reminders_due_at", "due_at", **_waits),
    Index("ix_ticket_reminders_ticket_id", "ticket_id"),
)

ticket_alerts = Table(
    "ticket_alerts",
    metadata,
    Column("ticket_id", Text, ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", Text, primary_key=True),
    Column("always", Boolean, nullable=False),
)
"""Who is pinged at the next message of a ticket's user, or at each."""

ticket_spared = Table(
    "ticket_spared",
    metadata,
    Column("role_id", Text, primary_key=True),
    Column("person_id", Text, primary_key=True),
)
"""Who has a role and does not want to be pinged by its reminders."""


class ReminderState(StrEnum):
    """Where a reminder stands; it is dropped when somebody cancels it or the ticket closes first."""

    WAITING = "waiting"
    DONE = "done"
    DROPPED = "dropped"


@stored(ticket_reminders)
class NewReminder(msgspec.Struct, frozen=True, kw_only=True):
    """A reminder before the database has numbered it."""

    ticket_id: str
    author_id: str
    text: str
    role_ids: list[str]
    due_at: datetime
    state: ReminderState = ReminderState.WAITING


class Reminder(NewReminder, frozen=True, kw_only=True):
    """Something that somebody, and whoever has one of the roles, is to be reminded of in a ticket."""

    id: int


@stored(ticket_alerts)
class Alert(msgspec.Struct, frozen=True):
    """Somebody who is told when the user writes."""

    ticket_id: str
    person_id: str
    always: bool


@stored(ticket_spared)
class Spared(msgspec.Struct, frozen=True):
    """Somebody whom the reminders of a role leave alone."""

    role_id: str
    person_id: str
