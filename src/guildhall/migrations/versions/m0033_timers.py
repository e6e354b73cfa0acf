"""What happens in tickets in time: those that are quiet, ratings, reminders and alerts."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import JsonDoc, UtcTime

revision = "0033"
down_revision = "0032"

_WAITS = sa.text("state = 'waiting'")
_QUIET = sa.text("quiet_since IS NOT NULL")


def upgrade() -> None:
    """Apply."""
    op.add_column("tickets", sa.Column("quiet_since", UtcTime(), nullable=True))
    op.add_column("tickets", sa.Column("warned_at", UtcTime(), nullable=True))
    op.execute("UPDATE tickets SET quiet_since = last_message_at WHERE closed = false AND last_message_by = 'staff'")
    op.create_index("ix_tickets_quiet_since", "tickets", ["quiet_since"], sqlite_where=_QUIET, postgresql_where=_QUIET)
    op.create_table(
        "ticket_ratings",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("closing", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("staff_id", sa.Text(), nullable=True),
        sa.Column("rated_at", UtcTime(), nullable=False),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_ticket_ratings_score")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_ratings_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ticket_id", "closing", name=op.f("pk_ticket_ratings")),
    )
    op.create_index(
        "ix_ticket_ratings_rated_at", "ticket_ratings", ["rated_at", "staff_id", "score", "ticket_id"], unique=False
    )
    op.add_column("mails", sa.Column("html", sa.Text(), nullable=True))
    op.create_table(
        "ticket_reminders",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("role_ids", JsonDoc(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'done', 'dropped')", name=op.f("ck_ticket_reminders_state")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_reminders_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_reminders")),
    )
    op.create_index(
        "ix_ticket_reminders_due_at", "ticket_reminders", ["due_at"], sqlite_where=_WAITS, postgresql_where=_WAITS
    )
    op.create_index("ix_ticket_reminders_ticket_id", "ticket_reminders", ["ticket_id"])
    op.create_table(
        "ticket_alerts",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("always", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_alerts_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ticket_id", "person_id", name=op.f("pk_ticket_alerts")),
    )
    op.create_table(
        "ticket_spared",
        sa.Column("role_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("role_id", "person_id", name=op.f("pk_ticket_spared")),
    )
