"""Categories of tickets: what people choose from, what they are asked, and who is told and may look."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec
from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text

from guildhall.core.db import JsonDoc, UtcTime, metadata, stored
from guildhall.domains.tickets.models import FormAnswer

_live: dict[str, Any] = {
    "sqlite_where": text("deleted_at IS NULL"),
    "postgresql_where": text("deleted_at IS NULL"),
}

# A deleted category stays: who may see the tickets that were in it must not change by its end.
ticket_categories = Table(
    "ticket_categories",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("folded_name", Text, nullable=False),
    Column("description", Text),
    Column("emoji", Text),
    Column("discord_category_id", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("fields", JsonDoc, nullable=False),
    Column("answer", Text),
    Column("viewer_role_ids", JsonDoc, nullable=False),
    Column("role_ids", JsonDoc, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("deleted_at", UtcTime),
    Index("uq_ticket_categories_live_name", "folded_name", unique=True, **_live),
)

ticket_choice = Table(
    "ticket_choice",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("enabled", Boolean, nullable=False),
    Column("selection_timeout_s", Integer, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
    CheckConstraint("selection_timeout_s BETWEEN 30 AND 86400", name="selection_timeout_s"),
)
"""Whether people choose a category. Whoever changes any category holds this row, so that such changes take turns."""

ticket_answers = Table(
    "ticket_answers",
    metadata,
    Column("ticket_id", Text, ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True),
    Column("answers", JsonDoc, nullable=False),
)

MOST_OFFERED: Final = 24
"""A menu of Discord has 25 entries, and one of them is for everything else."""


class FieldKind(StrEnum):
    """One line, or several."""

    SHORT = "short"
    PARAGRAPH = "paragraph"


class FormField(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that people are asked before a ticket opens. Lengths are in characters, those of trimmed answers."""

    key: str
    label: str
    type: FieldKind
    required: bool
    placeholder: str | None = None
    min_length: int | None = None
    max_length: int | None = None


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set of a category.

    `discord_category_id` is where its channels are made, `position` where it stands in the menu (None: last). With an
    `answer`, choosing it sends that text, and a ticket opens only for whoever asks on. `viewer_role_ids` are the roles
    that may see its tickets, none of them meaning all staff.
    """

    name: str
    discord_category_id: str
    description: str | None = None
    emoji: str | None = None
    position: int | None = None
    enabled: bool = True
    fields: list[FormField] = []
    answer: str | None = None
    viewer_role_ids: list[str] = []


class Category(Layout, frozen=True, kw_only=True):
    """A category. `role_ids` are pinged when a ticket opens in it."""

    id: str
    position: int
    role_ids: list[str]
    created_at: datetime
    updated_at: datetime


@stored(ticket_categories)
class NewCategory(Category, frozen=True, kw_only=True):
    """A category as it is put in; no two that are not deleted have the same name, written in whatever case."""

    folded_name: str


class ChoiceSettings(msgspec.Struct, frozen=True):
    """Whether people choose a category, and for how long they may think before they get none."""

    enabled: bool
    selection_timeout_s: int


CHOICE_AT_FIRST: Final = ChoiceSettings(enabled=True, selection_timeout_s=300)
"""What the migration puts into the one row."""


@stored(ticket_answers)
class TicketAnswers(msgspec.Struct, frozen=True):
    """The filled-in form of a ticket."""

    ticket_id: str
    answers: list[FormAnswer]


class Viewers(msgspec.Struct, frozen=True):
    """Who may see a category's tickets."""

    id: str
    viewer_role_ids: list[str]
