"""Tickets that were deleted: hidden at once, wiped by a job."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import UtcTime

revision = "0031"
down_revision = "0030"

_DELETED = sa.text("deleted_at IS NOT NULL")


def upgrade() -> None:
    """Apply."""
    op.add_column("tickets", sa.Column("deleted_at", UtcTime(), nullable=True))
    op.create_index(
        "ix_tickets_deleted_at", "tickets", ["deleted_at"], sqlite_where=_DELETED, postgresql_where=_DELETED
    )
