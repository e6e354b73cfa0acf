"""Shift plans that the hub's configuration file sets are read-only elsewhere."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply."""
    op.add_column("shift_plans", sa.Column("managed_by_file", sa.Boolean(), nullable=False, server_default=sa.false()))
