"""Signing in with Discord: states that were used, and how people are called elsewhere."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import UtcTime

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "spent_states",
        sa.Column("state_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_spent_states")),
    )
    op.create_index("ix_spent_states_expires_at", "spent_states", ["expires_at"])
    op.add_column("identities", sa.Column("label", sa.Text(), nullable=True))
