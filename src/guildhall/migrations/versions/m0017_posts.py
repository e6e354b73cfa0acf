"""Channels that take posts of attendance, and the posts that wait for them."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import JsonDoc, UtcTime

revision = "0017"
down_revision = "0016"

FREQUENCIES = "frequency IN ('off', 'hourly', 'daily', 'weekly', 'monthly')"


def upgrade() -> None:
    """Apply."""
    has_due, waits = sa.text("board_due_at IS NOT NULL"), sa.text("state = 'waiting'")
    op.create_table(
        "attendance_destinations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("types", JsonDoc(), nullable=False),
        sa.Column("frequency", sa.Text(), nullable=False),
        sa.Column("board_due_at", UtcTime(), nullable=True),
        sa.Column("reminded_at", UtcTime(), nullable=True),
        sa.Column("added_at", UtcTime(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=True),
        sa.Column("last_post_at", UtcTime(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("refused_since", UtcTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_try_at", UtcTime(), nullable=True),
        sa.CheckConstraint(FREQUENCIES, name=op.f("ck_attendance_destinations_frequency")),
        sa.ForeignKeyConstraint(
            ["guild_id"],
            ["attendance_guilds.guild_id"],
            name=op.f("fk_attendance_destinations_guild_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_destinations")),
        sa.UniqueConstraint("guild_id", "channel_id", name=op.f("uq_attendance_destinations_guild_id_channel_id")),
    )
    op.create_index(
        "ix_attendance_destinations_board_due_at",
        "attendance_destinations",
        ["board_due_at"],
        sqlite_where=has_due,
        postgresql_where=has_due,
    )
    op.create_table(
        "attendance_posts",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("destination_id", sa.Text(), nullable=False),
        sa.Column("content", JsonDoc(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("ripe_at", UtcTime(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("tried_at", UtcTime(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'posted', 'given_up')", name=op.f("ck_attendance_posts_state")),
        sa.CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name=op.f("ck_attendance_posts_ended")),
        sa.ForeignKeyConstraint(
            ["destination_id"],
            ["attendance_destinations.id"],
            name=op.f("fk_attendance_posts_destination_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_attendance_posts")),
    )
    op.create_index(
        "ix_attendance_posts_destination_id_state_seq", "attendance_posts", ["destination_id", "state", "seq"]
    )
    op.create_index(
        "ix_attendance_posts_waiting",
        "attendance_posts",
        ["ripe_at", "destination_id"],
        sqlite_where=waits,
        postgresql_where=waits,
    )
    op.create_index("ix_attendance_posts_ended_at", "attendance_posts", ["ended_at"])
