"""What calendars outside say of the rooms."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import UtcTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "imported_events",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("piece", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("outside_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("organiser", sa.Text(), nullable=True),
        sa.Column("starts_at", UtcTime(), nullable=False),
        sa.Column("ends_at", UtcTime(), nullable=False),
        sa.Column("busy_from", UtcTime(), nullable=False),
        sa.Column("busy_to", UtcTime(), nullable=False),
        sa.Column("changed_at", UtcTime(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_imported_events_order")),
        sa.CheckConstraint(
            "busy_from >= starts_at AND busy_to <= ends_at AND busy_to > busy_from",
            name=op.f("ck_imported_events_piece"),
        ),
        sa.CheckConstraint("busy_to - busy_from <= 93600000000", name=op.f("ck_imported_events_length")),
        sa.ForeignKeyConstraint(["room_id"], ["rooms.id"], name=op.f("fk_imported_events_room_id")),
        sa.PrimaryKeyConstraint("id", "piece", name=op.f("pk_imported_events")),
    )
    op.create_index(
        "ix_imported_events_room_id_busy_from", "imported_events", ["room_id", "busy_from", "busy_to"], unique=False
    )
    op.create_index("ix_imported_events_busy_from", "imported_events", ["busy_from", "busy_to"], unique=False)
    op.create_index("ix_imported_events_room_id_outside_id", "imported_events", ["room_id", "outside_id"], unique=False)
