"""Attendance: signing keys with their encrypted seeds, attempts to unlock, the transparency log."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import UtcTime

revision = "0014"
down_revision = "0013"


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
    op.create_table(
        "attendance_log_keys",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_attendance_log_keys_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_log_keys")),
    )
    op.create_table(
        "attendance_log_entries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=True),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_log_entries")),
        sa.UniqueConstraint("position", name=op.f("uq_attendance_log_entries_position")),
        sa.UniqueConstraint("record_id", name=op.f("uq_attendance_log_entries_record_id")),
    )
    op.create_index(
        "ix_attendance_log_entries_queued",
        "attendance_log_entries",
        ["id"],
        sqlite_where=sa.text("position IS NULL"),
        postgresql_where=sa.text("position IS NULL"),
    )
    op.create_table(
        "attendance_log_tiles",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tile", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "tile", name=op.f("pk_attendance_log_tiles")),
    )
    op.create_table(
        "attendance_log_checkpoints",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_attendance_log_checkpoints")),
    )
