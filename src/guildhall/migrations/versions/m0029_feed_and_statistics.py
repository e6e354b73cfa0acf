"""The feed of what happens, and the indexes behind the desk's statistics."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import JsonDoc, UtcTime

revision = "0029"
down_revision = "0028"

REPLIES = sa.text("kind = 'staff' AND deleted_at IS NULL")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "feed",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("data", JsonDoc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed")),
    )
    op.create_table(
        "feed_end",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_feed_end_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_end")),
    )
    op.execute("INSERT INTO feed_end (id, last) VALUES (1, 0)")
    op.create_table(
        "feed_marks",
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("at", name=op.f("pk_feed_marks")),
    )
    op.create_index(
        "ix_tickets_statistics",
        "tickets",
        ["closed_at", "category_id", "created_at", "first_reply_at", "closed_by", "user_id"],
    )
    op.create_index("ix_tickets_created_at", "tickets", ["created_at", "category_id"])
    op.create_index(
        "ix_ticket_messages_replies",
        "ticket_messages",
        ["created_at", "author_id", "number", "ticket_id"],
        sqlite_where=REPLIES,
        postgresql_where=REPLIES,
    )
