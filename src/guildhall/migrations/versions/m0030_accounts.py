"""Accounts that the environment names, and sessions that programs hold."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import UtcTime

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Apply."""
    op.add_column("sessions", sa.Column("kind", sa.Text(), server_default="browser", nullable=False))
    op.add_column("sessions", sa.Column("way", sa.Text(), server_default="password", nullable=False))
    op.add_column("sessions", sa.Column("ended_at", UtcTime(), nullable=True))
    op.create_index("ix_sessions_ended_at", "sessions", ["ended_at"])
    op.create_table(
        "environment_accounts",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_environment_accounts_user_id_users")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_environment_accounts")),
    )
