"""Audit logs of guilds that are told to staff, and bans with the place that members had."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db import JsonDoc, UtcTime

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "guild_log_cursors",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("begun_after", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", name=op.f("pk_guild_log_cursors")),
    )
    op.create_table(
        "guild_log_entries",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("taken_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_guild_log_entries")),
    )
    op.create_index("ix_guild_log_entries_taken_at", "guild_log_entries", ["taken_at"])
    op.create_table(
        "guild_ban_sightings",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("global_name", sa.Text(), nullable=True),
        sa.Column("avatar", sa.Text(), nullable=True),
        sa.Column("nickname", sa.Text(), nullable=True),
        sa.Column("roles", JsonDoc(), nullable=True),
        sa.Column("joined_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("guild_id", "user_id", "seen_at", name=op.f("pk_guild_ban_sightings")),
    )
    op.create_index("ix_guild_ban_sightings_seen_at", "guild_ban_sightings", ["seen_at"])
    op.create_index("ix_guild_ban_sightings_user_id", "guild_ban_sightings", ["user_id"])
    op.add_column("guild_bans", sa.Column("nickname", sa.Text(), nullable=True))
    op.add_column("guild_bans", sa.Column("roles", JsonDoc(), nullable=True))
    op.add_column("guild_bans", sa.Column("joined_at", UtcTime(), nullable=True))
