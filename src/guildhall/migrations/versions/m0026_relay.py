"""What passes between Discord and the desk: messages that came in, their copies, and posts that wait to go out."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import JsonDoc, UtcTime

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "ticket_cursors",
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("active_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_ticket_cursors")),
    )
    op.create_index("ix_ticket_cursors_active_at", "ticket_cursors", ["active_at"], unique=False)
    op.create_index("ix_ticket_cursors_user_id", "ticket_cursors", ["user_id"], unique=False)
    op.create_table(
        "ticket_incoming",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lane", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("attachments", JsonDoc(), nullable=False),
        sa.Column("reply_to", sa.BigInteger(), nullable=True),
        sa.Column("heard_at", UtcTime(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'done')", name=op.f("ck_ticket_incoming_state")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_ticket_incoming")),
    )
    op.create_index("ix_ticket_incoming_heard_at", "ticket_incoming", ["heard_at"], unique=False)
    op.create_index(
        "ix_ticket_incoming_waiting",
        "ticket_incoming",
        ["lane", "message_id"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "ticket_intakes",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("begun_at", UtcTime(), nullable=False),
        sa.Column("ends_at", UtcTime(), nullable=False),
        sa.CheckConstraint("step IN ('choosing', 'answered', 'form')", name=op.f("ck_ticket_intakes_step")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_ticket_intakes")),
    )
    op.create_index("ix_ticket_intakes_ends_at", "ticket_intakes", ["ends_at"], unique=False)
    op.create_table(
        "ticket_notices",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "what", name=op.f("pk_ticket_notices")),
    )
    op.create_table(
        "ticket_copies",
        sa.Column("discord_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.CheckConstraint("role IN ('written', 'copied')", name=op.f("ck_ticket_copies_role")),
        sa.ForeignKeyConstraint(
            ["message_id"], ["ticket_messages.id"], name=op.f("fk_ticket_copies_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("discord_id", name=op.f("pk_ticket_copies")),
    )
    op.create_index("ix_ticket_copies_message_id", "ticket_copies", ["message_id", "channel_id", "part"], unique=False)
    op.create_table(
        "ticket_posts",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=True),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("payload", JsonDoc(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("queued_at", UtcTime(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("tried_at", UtcTime(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name=op.f("ck_ticket_posts_ended")),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'failed')", name=op.f("ck_ticket_posts_state")),
        sa.CheckConstraint("target IN ('channel', 'user', 'log')", name=op.f("ck_ticket_posts_target")),
        sa.ForeignKeyConstraint(
            ["message_id"], ["ticket_messages.id"], name=op.f("fk_ticket_posts_message_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_posts_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ticket_posts")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ticket_posts_ended_at", "ticket_posts", ["ended_at"], unique=False)
    op.create_index("ix_ticket_posts_message_id", "ticket_posts", ["message_id"], unique=False)
    op.create_index("ix_ticket_posts_ticket_id", "ticket_posts", ["ticket_id"], unique=False)
    op.create_index(
        "ix_ticket_posts_waiting",
        "ticket_posts",
        ["lane", "seq"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_tickets_opening",
        "tickets",
        ["number"],
        unique=False,
        sqlite_where=sa.text("state = 'opening'"),
        postgresql_where=sa.text("state = 'opening'"),
    )
