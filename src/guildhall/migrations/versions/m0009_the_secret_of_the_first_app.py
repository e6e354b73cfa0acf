"""The secret of the app that the house makes by itself, sealed, so that administrators can read it again."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply."""
    op.add_column("apps", sa.Column("sealed_secret", sa.Text(), nullable=True))
