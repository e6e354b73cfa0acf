"""The picture that somebody had where they signed in last."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Apply."""
    op.add_column("identities", sa.Column("avatar", sa.Text()))
