"""Calendars outside: links, what each was told, and conflicts that were told."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import UtcTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "calendar_links",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("managed_by_file", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("position", sa.Text(), nullable=True),
        sa.Column("synced_at", UtcTime(), nullable=True),
        sa.Column("failed_since", UtcTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('caldav', 'google')", name=op.f("ck_calendar_links_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_links")),
        sa.UniqueConstraint("target", name=op.f("uq_calendar_links_target")),
    )
    op.create_table(
        "calendar_writes",
        sa.Column("link_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("outside_id", sa.Text(), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("written", sa.Integer(), nullable=False),
        sa.Column("written_at", UtcTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failed_since", UtcTime(), nullable=True),
        sa.Column("gave_up_at", UtcTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("written <= wanted", name=op.f("ck_calendar_writes_order")),
        sa.ForeignKeyConstraint(["link_id"], ["calendar_links.id"], name=op.f("fk_calendar_writes_link_id")),
        sa.PrimaryKeyConstraint("link_id", "event_id", name=op.f("pk_calendar_writes")),
    )
    op.create_index("ix_calendar_writes_link_id_outside_id", "calendar_writes", ["link_id", "outside_id"], unique=False)
    op.create_index(
        "ix_calendar_writes_gave_up_at",
        "calendar_writes",
        ["gave_up_at"],
        unique=False,
        sqlite_where=sa.text("gave_up_at IS NOT NULL"),
        postgresql_where=sa.text("gave_up_at IS NOT NULL"),
    )
    op.create_table(
        "calendar_conflicts",
        sa.Column("link_id", sa.Text(), nullable=False),
        sa.Column("outside_id", sa.Text(), nullable=False),
        sa.Column("booking_id", sa.Text(), nullable=False),
        sa.Column("told_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["calendar_links.id"], name=op.f("fk_calendar_conflicts_link_id")),
        sa.PrimaryKeyConstraint("link_id", "outside_id", "booking_id", name=op.f("pk_calendar_conflicts")),
    )
