"""What happens in tickets in time: those that are quiet, ratings, reminders and alerts."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import UtcTime

revision = "0033"
down_revision = "0027"

_QUIET = sa.text("quiet_since IS NOT NULL")


def upgrade() -> None:
    """Apply."""
    op.add_column("tickets", sa.Column("quiet_since", UtcTime(), nullable=True))
    op.add_column("tickets", sa.Column("warned_at", UtcTime(), nullable=True))
    op.execute("UPDATE tickets SET quiet_since = last_message_at WHERE closed = false AND last_message_by = 'staff'")
    op.create_index("ix_tickets_quiet_since", "tickets", ["quiet_since"], sqlite_where=_QUIET, postgresql_where=_QUIET)
