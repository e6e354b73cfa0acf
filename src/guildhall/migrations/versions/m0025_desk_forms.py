"""Categories of tickets with their forms, snippets, and blocks."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import JsonDoc, UtcTime

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "ticket_categories",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded_name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("emoji", sa.Text(), nullable=True),
        sa.Column("discord_category_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("fields", JsonDoc(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("viewer_role_ids", JsonDoc(), nullable=False),
        sa.Column("role_ids", JsonDoc(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("deleted_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_categories")),
    )
    op.create_index(
        "uq_ticket_categories_live_name",
        "ticket_categories",
        ["folded_name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "ticket_choice",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("selection_timeout_s", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_ticket_choice_one_row")),
        sa.CheckConstraint(
            "selection_timeout_s BETWEEN 30 AND 86400", name=op.f("ck_ticket_choice_selection_timeout_s")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_choice")),
    )
    op.execute("INSERT INTO ticket_choice (id, enabled, selection_timeout_s) VALUES (1, true, 300)")
    op.create_table(
        "ticket_answers",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("answers", JsonDoc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_answers_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket_answers")),
    )
    op.create_table(
        "ticket_snippets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_snippets")),
        sa.UniqueConstraint("key", name=op.f("uq_ticket_snippets_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ticket_blocks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("notify", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=True),
        sa.CheckConstraint("subject_kind IN ('user', 'role')", name=op.f("ck_ticket_blocks_subject_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_blocks")),
        sa.UniqueConstraint(
            "subject_id",
            "subject_kind",
            "category_id",
            name=op.f("uq_ticket_blocks_subject_id_subject_kind_category_id"),
        ),
        sqlite_autoincrement=True,
    )
