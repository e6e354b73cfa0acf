"""An index by which is found to which tickets something has happened lately."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Apply."""
    of_tickets = sa.text("action >= 'ticket.' AND action < 'ticket/'")
    op.create_index(
        "ix_audit_entries_tickets",
        "audit_entries",
        ["at", "target"],
        sqlite_where=of_tickets,
        postgresql_where=of_tickets,
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_audit_entries_tickets", table_name="audit_entries")
