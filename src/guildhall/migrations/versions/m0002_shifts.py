"""Shifts: plans, the fixed slots of days, sign-ups and their trail; bookings of the whole house by time."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import Day, JsonDoc, UtcTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "shift_lines",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("day", Day(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_shift_lines")),
    )
    op.create_index("ix_shift_lines_day_slot_seq", "shift_lines", ["day", "slot", "seq"], unique=False)
    op.create_table(
        "shift_plans",
        sa.Column("valid_from", Day(), nullable=False),
        sa.Column("daily", JsonDoc(), nullable=False),
        sa.Column("weekdays", JsonDoc(), nullable=False),
        sa.Column("refuse_past", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("valid_from", name=op.f("pk_shift_plans")),
    )
    op.create_table(
        "shift_slots",
        sa.Column("day", Day(), nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("opens", sa.Integer(), nullable=False),
        sa.Column("closes", sa.Integer(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.CheckConstraint("closes > opens", name=op.f("ck_shift_slots_order")),
        sa.CheckConstraint("places >= 0", name=op.f("ck_shift_slots_places")),
        sa.CheckConstraint("slot >= 0", name=op.f("ck_shift_slots_slot")),
        sa.PrimaryKeyConstraint("day", "slot", name=op.f("pk_shift_slots")),
    )
    op.create_table(
        "shift_signups",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("day", Day(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("invite", sa.Text(), nullable=True),
        sa.Column("signed_up_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.CheckConstraint("state IN ('live', 'withdrawn', 'declined')", name=op.f("ck_shift_signups_state")),
        sa.CheckConstraint("place >= 0 AND place < places", name=op.f("ck_shift_signups_place")),
        sa.ForeignKeyConstraint(
            ["day", "slot"], ["shift_slots.day", "shift_slots.slot"], name=op.f("fk_shift_signups_day_slot")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_shift_signups_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_signups")),
    )
    op.create_index("ix_shift_signups_user_id_day", "shift_signups", ["user_id", "day"], unique=False)
    op.create_index(
        "uq_shift_signups_day_slot_place",
        "shift_signups",
        ["day", "slot", "place"],
        unique=True,
        sqlite_where=sa.text("state = 'live'"),
        postgresql_where=sa.text("state = 'live'"),
    )
    op.create_index(
        "uq_shift_signups_day_slot_user_id",
        "shift_signups",
        ["day", "slot", "user_id"],
        unique=True,
        sqlite_where=sa.text("state = 'live'"),
        postgresql_where=sa.text("state = 'live'"),
    )
    op.create_index(
        "ix_bookings_starts_at",
        "bookings",
        ["starts_at", "ends_at"],
        unique=False,
        sqlite_where=sa.text("state = 'live'"),
        postgresql_where=sa.text("state = 'live'"),
    )
