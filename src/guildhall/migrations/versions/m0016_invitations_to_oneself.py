"""Whether people are invited to what they book themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Apply."""
    op.add_column("users", sa.Column("wants_invitations", sa.Boolean(), nullable=False, server_default=sa.false()))
