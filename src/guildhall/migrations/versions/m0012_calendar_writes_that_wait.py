"""What calendars outside are still to be told is counted without reading what they were told."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply."""
    op.create_index(
        "ix_calendar_writes_due",
        "calendar_writes",
        ["link_id", "gave_up_at"],
        unique=False,
        sqlite_where=sa.text("wanted > written"),
        postgresql_where=sa.text("wanted > written"),
    )
