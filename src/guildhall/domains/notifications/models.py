"""Mails: every one is kept, so that an operator without a mail server can read what would have been sent."""

from datetime import datetime
from enum import StrEnum

import msgspec
from sqlalchemy import CheckConstraint, Column, Index, Table, Text

from guildhall.core.db import UtcTime, metadata, stored

SENDING = "mail.send"
"""The kind of the job that sends a mail."""

mails = Table(
    "mails",
    metadata,
    Column("id", Text, primary_key=True),
    Column("recipient", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text),
    Column("calendar", Text),
    Column("calendar_method", Text),
    Column("state", Text, nullable=False),
    Column("error", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("sent_at", UtcTime),
    CheckConstraint("state IN ('queued', 'sent', 'refused', 'kept')", name="state"),
    Index("ix_mails_state_id", "state", "id"),
)


class MailState(StrEnum):
    """Queued until the mail server has taken it or said that it never will; kept where there is no mail server."""

    QUEUED = "queued"
    SENT = "sent"
    REFUSED = "refused"
    KEPT = "kept"


@stored(mails)
class StoredMail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail to one address, with an optional page beside its text and an iCalendar part with its method.

    That is REQUEST or CANCEL.
    """

    id: str
    recipient: str
    subject: str
    text: str
    html: str | None = None
    calendar: str | None = None
    calendar_method: str | None = None
    state: MailState = MailState.QUEUED
    error: str | None = None
    created_at: datetime
    sent_at: datetime | None = None
