"""Attendance: guilds, their lists, who is in voice, periods, sessions, final boards."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import JsonDoc, UtcTime

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "attendance_guilds",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("fairness", JsonDoc(), nullable=False),
        sa.Column("schedule", JsonDoc(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("afk_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("watched", sa.Boolean(), nullable=False),
        sa.Column("witnessed_until", UtcTime(), nullable=True),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.CheckConstraint("mode IN ('Off', 'Allowlist', 'Denylist', 'All')", name=op.f("ck_attendance_guilds_mode")),
        sa.CheckConstraint("tier IN ('free', 'pro')", name=op.f("ck_attendance_guilds_tier")),
        sa.PrimaryKeyConstraint("guild_id", name=op.f("pk_attendance_guilds")),
    )
    op.create_index("ix_attendance_guilds_witnessed_until", "attendance_guilds", ["witnessed_until"], unique=False)
    op.create_table(
        "attendance_periods",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("ends_at", UtcTime(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("policy", JsonDoc(), nullable=True),
        sa.Column("entry_count", sa.Integer(), nullable=True),
        sa.Column("total_seconds", sa.BigInteger(), nullable=True),
        sa.Column("bytes_v1", sa.LargeBinary(), nullable=True),
        sa.Column("bytes_v2", sa.LargeBinary(), nullable=True),
        sa.Column("hash_v1", sa.Text(), nullable=True),
        sa.Column("hash_v2", sa.Text(), nullable=True),
        sa.Column("signature_v1", sa.Text(), nullable=True),
        sa.Column("signature_v2", sa.Text(), nullable=True),
        sa.Column("signing_key_id", sa.Text(), nullable=True),
        sa.Column("signed_at", UtcTime(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("signing_state", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "signing_state IN ('none', 'pending', 'signed')", name=op.f("ck_attendance_periods_signing_state")
        ),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_attendance_periods_order")),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["attendance_guilds.guild_id"], name=op.f("fk_attendance_periods_guild_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_periods")),
        sa.UniqueConstraint("guild_id", "number", name=op.f("uq_attendance_periods_guild_id_number")),
    )
    op.create_index(
        "ix_attendance_periods_ends_at",
        "attendance_periods",
        ["ends_at"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_attendance_periods_pending",
        "attendance_periods",
        ["guild_id", "ended_at"],
        unique=False,
        sqlite_where=sa.text("signing_state = 'pending'"),
        postgresql_where=sa.text("signing_state = 'pending'"),
    )
    op.create_index(
        "uq_attendance_periods_current",
        "attendance_periods",
        ["guild_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "attendance_presences",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["attendance_guilds.guild_id"], name=op.f("fk_attendance_presences_guild_id")
        ),
        sa.PrimaryKeyConstraint("guild_id", "user_id", name=op.f("pk_attendance_presences")),
    )
    op.create_index(
        "ix_attendance_presences_guild_id_channel_id", "attendance_presences", ["guild_id", "channel_id"], unique=False
    )
    op.create_table(
        "attendance_tracked_channels",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("added_at", UtcTime(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["attendance_guilds.guild_id"], name=op.f("fk_attendance_tracked_channels_guild_id")
        ),
        sa.PrimaryKeyConstraint("guild_id", "channel_id", name=op.f("pk_attendance_tracked_channels")),
    )
    op.create_table(
        "attendance_board_entries",
        sa.Column("period_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("total_seconds", sa.Integer(), nullable=False),
        sa.Column("session_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["period_id"], ["attendance_periods.id"], name=op.f("fk_attendance_board_entries_period_id")
        ),
        sa.PrimaryKeyConstraint("period_id", "position", name=op.f("pk_attendance_board_entries")),
        sa.UniqueConstraint("period_id", "user_id", name=op.f("uq_attendance_board_entries_period_id_user_id")),
    )
    op.create_index(
        "ix_attendance_board_entries_user_id", "attendance_board_entries", ["user_id", "period_id"], unique=False
    )
    op.create_table(
        "attendance_sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("period_id", sa.Text(), nullable=False),
        sa.Column("joined_at", UtcTime(), nullable=False),
        sa.Column("left_at", UtcTime(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("continued_from", sa.Text(), nullable=True),
        sa.Column("carried", sa.Integer(), nullable=False),
        sa.Column("stretches", JsonDoc(), nullable=False),
        sa.Column("counted_0", sa.Integer(), nullable=False),
        sa.Column("counted_1", sa.Integer(), nullable=False),
        sa.Column("counted_2", sa.Integer(), nullable=False),
        sa.Column("counted_3", sa.Integer(), nullable=False),
        sa.Column("counted_4", sa.Integer(), nullable=False),
        sa.Column("counted_5", sa.Integer(), nullable=False),
        sa.Column("counted_6", sa.Integer(), nullable=False),
        sa.Column("counted_7", sa.Integer(), nullable=False),
        sa.Column("counted_until", UtcTime(), nullable=False),
        sa.Column("paused", sa.Integer(), nullable=False),
        sa.Column("bytes_v1", sa.LargeBinary(), nullable=True),
        sa.Column("bytes_v2", sa.LargeBinary(), nullable=True),
        sa.Column("hash_v1", sa.Text(), nullable=True),
        sa.Column("hash_v2", sa.Text(), nullable=True),
        sa.Column("signature_v1", sa.Text(), nullable=True),
        sa.Column("signature_v2", sa.Text(), nullable=True),
        sa.Column("signing_key_id", sa.Text(), nullable=True),
        sa.Column("signed_at", UtcTime(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("signing_state", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "signing_state IN ('none', 'pending', 'signed')", name=op.f("ck_attendance_sessions_signing_state")
        ),
        sa.CheckConstraint("source IN ('discord', 'webhook')", name=op.f("ck_attendance_sessions_source")),
        sa.CheckConstraint("(left_at IS NULL) = (end_reason IS NULL)", name=op.f("ck_attendance_sessions_ended")),
        sa.CheckConstraint("left_at >= joined_at", name=op.f("ck_attendance_sessions_order")),
        sa.ForeignKeyConstraint(
            ["period_id"], ["attendance_periods.id"], name=op.f("fk_attendance_sessions_period_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_sessions")),
    )
    op.create_index(
        "ix_attendance_sessions_board",
        "attendance_sessions",
        [
            "period_id",
            "user_id",
            "channel_id",
            "carried",
            "end_reason",
            "counted_until",
            "paused",
            "counted_0",
            "counted_1",
            "counted_2",
            "counted_3",
            "counted_4",
            "counted_5",
            "counted_6",
            "counted_7",
        ],
        unique=False,
    )
    op.create_index(
        "ix_attendance_sessions_guild_id_channel_id_joined_at",
        "attendance_sessions",
        ["guild_id", "channel_id", "joined_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_attendance_sessions_guild_id_joined_at",
        "attendance_sessions",
        ["guild_id", "joined_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_attendance_sessions_guild_id_left_at", "attendance_sessions", ["guild_id", "left_at"], unique=False
    )
    op.create_index(
        "ix_attendance_sessions_guild_id_user_id_joined_at",
        "attendance_sessions",
        ["guild_id", "user_id", "joined_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_attendance_sessions_pending",
        "attendance_sessions",
        ["guild_id", "left_at"],
        unique=False,
        sqlite_where=sa.text("signing_state = 'pending'"),
        postgresql_where=sa.text("signing_state = 'pending'"),
    )
    op.create_index(
        "uq_attendance_sessions_open",
        "attendance_sessions",
        ["guild_id", "user_id"],
        unique=True,
        sqlite_where=sa.text("left_at IS NULL"),
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.create_table(
        "attendance_outside_sessions",
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["attendance_sessions.id"], name=op.f("fk_attendance_outside_sessions_session_id")
        ),
        sa.PrimaryKeyConstraint("external_id", name=op.f("pk_attendance_outside_sessions")),
    )
