"""Attendance: signing keys with their encrypted seeds, attempts to unlock."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import UtcTime

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "attendance_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("retired_at", UtcTime(), nullable=True),
        sa.Column("previous_key_id", sa.Text(), nullable=True),
        sa.Column("cross_signature", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["previous_key_id"], ["attendance_keys.id"], name=op.f("fk_attendance_keys_previous_key_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_keys")),
    )
    op.create_index("ix_attendance_keys_guild_id_created_at", "attendance_keys", ["guild_id", "created_at"])
    op.create_index(
        "uq_attendance_keys_guild_id",
        "attendance_keys",
        ["guild_id"],
        unique=True,
        sqlite_where=sa.text("retired_at IS NULL"),
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.create_table(
        "attendance_seeds",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("memory_kib", sa.Integer(), nullable=False),
        sa.Column("passes", sa.Integer(), nullable=False),
        sa.Column("lanes", sa.Integer(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["attendance_keys.id"], name=op.f("fk_attendance_seeds_key_id")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_attendance_seeds")),
    )
    op.create_table(
        "attendance_unlock_attempts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_unlock_attempts")),
    )
    op.create_index("ix_attendance_unlock_attempts_guild_id_at", "attendance_unlock_attempts", ["guild_id", "at"])
