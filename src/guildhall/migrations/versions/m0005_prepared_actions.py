"""Prepared actions."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import JsonDoc, UtcTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "prepared_actions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("params", JsonDoc(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("app_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("decided_at", UtcTime(), nullable=True),
        sa.Column("result", JsonDoc(), nullable=True),
        sa.CheckConstraint("state IN ('pending', 'executed', 'cancelled')", name=op.f("ck_prepared_actions_state")),
        sa.CheckConstraint("(state = 'pending') = (decided_at IS NULL)", name=op.f("ck_prepared_actions_decided")),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_prepared_actions_order")),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name=op.f("fk_prepared_actions_app_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_prepared_actions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prepared_actions")),
    )
    op.create_index(
        "ix_prepared_actions_user_id_expires_at",
        "prepared_actions",
        ["user_id", "expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_prepared_actions_user_id_created_at", "prepared_actions", ["user_id", "created_at"], unique=False
    )
    op.create_index("ix_prepared_actions_expires_at", "prepared_actions", ["expires_at"], unique=False)
    op.create_index("ix_prepared_actions_decided_at", "prepared_actions", ["decided_at"], unique=False)
