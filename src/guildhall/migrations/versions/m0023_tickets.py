"""The front desk: tickets, what is said in them, and an index of the words."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import UtcTime

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "ticket_numbers",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_ticket_numbers_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_numbers")),
    )
    op.create_table(
        "ticket_tallies",
        sa.Column("category_id", sa.Text(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("block", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("category_id", "closed", "block", name=op.f("pk_ticket_tallies")),
    )
    op.create_table(
        "tickets",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("transport", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Text(), nullable=True),
        sa.Column("category_name", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("assigned_to", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("first_reply_at", UtcTime(), nullable=True),
        sa.Column("last_message_at", UtcTime(), nullable=True),
        sa.Column("last_message_by", sa.Text(), nullable=True),
        sa.Column("last_words", sa.Text(), nullable=True),
        sa.Column("message_count", sa.Integer(), nullable=False),
        sa.Column("reply_count", sa.Integer(), nullable=False),
        sa.Column("closed_at", UtcTime(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("close_reason", sa.Text(), nullable=True),
        sa.Column("close_at", UtcTime(), nullable=True),
        sa.Column("close_planned_by", sa.Text(), nullable=True),
        sa.Column("close_planned_reason", sa.Text(), nullable=True),
        sa.Column("close_planned_silent", sa.Boolean(), nullable=False),
        sa.Column("reopen_count", sa.Integer(), nullable=False),
        sa.Column("user_reopen_count", sa.Integer(), nullable=False),
        sa.Column("user_left", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(closed_at IS NULL) = (state != 'closed')", name=op.f("ck_tickets_closed_at")),
        sa.CheckConstraint("(state = 'closed') = closed", name=op.f("ck_tickets_closed")),
        sa.CheckConstraint("priority IN ('low', 'normal', 'high', 'urgent')", name=op.f("ck_tickets_priority")),
        sa.CheckConstraint("state IN ('opening', 'open', 'on_hold', 'closed')", name=op.f("ck_tickets_state")),
        sa.CheckConstraint("transport IN ('relay', 'direct')", name=op.f("ck_tickets_transport")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("number", name=op.f("uq_tickets_number")),
    )
    op.create_index(
        "ix_tickets_category_id_closed_number", "tickets", ["category_id", "closed", "number"], unique=False
    )
    op.create_index("ix_tickets_channel_id", "tickets", ["channel_id"], unique=False)
    op.create_index("ix_tickets_claimed_by_closed_number", "tickets", ["claimed_by", "closed", "number"], unique=False)
    op.create_index(
        "ix_tickets_close_at",
        "tickets",
        ["close_at"],
        unique=False,
        sqlite_where=sa.text("close_at IS NOT NULL"),
        postgresql_where=sa.text("close_at IS NOT NULL"),
    )
    op.create_index("ix_tickets_closed_at", "tickets", ["closed_at", "id"], unique=False)
    op.create_index("ix_tickets_closed_number", "tickets", ["closed", "number"], unique=False)
    op.create_index("ix_tickets_last_message_at", "tickets", ["last_message_at", "id"], unique=False)
    op.create_index("ix_tickets_user_id_closed_number", "tickets", ["user_id", "closed", "number"], unique=False)
    op.create_index("ix_tickets_user_name", "tickets", ["user_name", "id"], unique=False)
    op.create_index(
        "uq_tickets_live_relay",
        "tickets",
        ["guild_id", "user_id"],
        unique=True,
        sqlite_where=sa.text("transport = 'relay' AND state != 'closed'"),
        postgresql_where=sa.text("transport = 'relay' AND state != 'closed'"),
    )
    op.create_table(
        "ticket_messages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("edited_at", UtcTime(), nullable=True),
        sa.Column("deleted_at", UtcTime(), nullable=True),
        sa.Column("deleted_by", sa.Text(), nullable=True),
        sa.Column("delivery", sa.Text(), nullable=True),
        sa.Column("delivery_error", sa.Text(), nullable=True),
        sa.CheckConstraint("delivery IN ('pending', 'delivered', 'failed')", name=op.f("ck_ticket_messages_delivery")),
        sa.CheckConstraint("kind IN ('user', 'staff', 'note', 'system')", name=op.f("ck_ticket_messages_kind")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_messages_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_messages")),
        sa.UniqueConstraint(
            "ticket_id", "author_id", "client_id", name=op.f("uq_ticket_messages_ticket_id_author_id_client_id")
        ),
        sa.UniqueConstraint("ticket_id", "number", name=op.f("uq_ticket_messages_ticket_id_number")),
    )
    op.create_index("ix_ticket_messages_ticket_id", "ticket_messages", ["ticket_id", "id"], unique=False)
    op.create_table(
        "ticket_participants",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.CheckConstraint("role IN ('user', 'staff')", name=op.f("ck_ticket_participants_role")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_participants_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ticket_id", "person_id", name=op.f("pk_ticket_participants")),
    )
    op.create_table(
        "ticket_read_marks",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_read_marks_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "ticket_id", name=op.f("pk_ticket_read_marks")),
    )
    op.create_table(
        "ticket_tags",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_tags_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ticket_id", "tag", name=op.f("pk_ticket_tags")),
    )
    op.create_index("ix_ticket_tags_tag", "ticket_tags", ["tag", "ticket_id"], unique=False)
    op.create_table(
        "ticket_revisions",
        sa.Column(
            "message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"], ["ticket_messages.id"], name=op.f("fk_ticket_revisions_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", "at", name=op.f("pk_ticket_revisions")),
    )

    op.execute("INSERT INTO ticket_numbers (id, last) VALUES (1, 0)")
    if op.get_bind().dialect.name == "postgresql":
        index_words_on_postgresql()
    else:
        index_words_on_sqlite()


def index_words_on_postgresql() -> None:
    """Index the words as they are searched for: what stands between letters and digits parts them."""
    op.execute(
        r"CREATE INDEX ix_ticket_messages_search ON ticket_messages "
        r"USING gin (to_tsvector('simple', regexp_replace(content, '\W+', ' ', 'g'))) "
        r"WHERE kind IN ('user', 'staff') AND deleted_at IS NULL"
    )
    op.execute(
        r"CREATE INDEX ix_tickets_search ON tickets "
        r"USING gin (to_tsvector('simple', regexp_replace(user_name || ' ' || coalesce(subject, ''), '\W+', ' ', 'g')))"
    )


MESSAGE_IN = "INSERT INTO ticket_search (rowid, ticket_id, words) VALUES (NEW.id, NEW.ticket_id, NEW.content);"
TICKET_IN = """
    INSERT INTO ticket_search (rowid, ticket_id, words)
    VALUES (-NEW.number, NEW.id, NEW.user_name || ' ' || coalesce(NEW.subject, ''));
"""
MESSAGE_OUT = "DELETE FROM ticket_search WHERE rowid = OLD.id;"
TICKET_OUT = "DELETE FROM ticket_search WHERE rowid = -OLD.number;"
TRIGGERS = {
    "message_written": f"INSERT ON ticket_messages WHEN NEW.kind IN ('user', 'staff') BEGIN {MESSAGE_IN} END",
    "message_edited": (
        "UPDATE OF content ON ticket_messages WHEN NEW.kind IN ('user', 'staff') AND NEW.deleted_at IS NULL "
        f"BEGIN {MESSAGE_OUT} {MESSAGE_IN} END"
    ),
    "message_deleted": (
        f"UPDATE OF deleted_at ON ticket_messages WHEN NEW.deleted_at IS NOT NULL BEGIN {MESSAGE_OUT} END"
    ),
    "message_gone": f"DELETE ON ticket_messages BEGIN {MESSAGE_OUT} END",
    "ticket_opened": f"INSERT ON tickets BEGIN {TICKET_IN} END",
    "ticket_named": f"UPDATE OF user_name, subject ON tickets BEGIN {TICKET_OUT} {TICKET_IN} END",
    "ticket_gone": f"DELETE ON tickets BEGIN {TICKET_OUT} END",
}


def index_words_on_sqlite() -> None:
    """Keep the words in a full-text table: of messages under their ids, of tickets under their negative numbers."""
    op.execute("CREATE VIRTUAL TABLE ticket_search USING fts5(ticket_id UNINDEXED, words)")
    for name, deed in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER ticket_search_{name} AFTER {deed}")
