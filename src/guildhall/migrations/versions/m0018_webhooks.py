"""Where a guild's events go, and what was delivered there."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import JsonDoc, UtcTime

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "attendance_webhooks",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("events", JsonDoc(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("previous_secret", sa.Text(), nullable=True),
        sa.Column("previous_until", UtcTime(), nullable=True),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", UtcTime(), nullable=True),
        sa.CheckConstraint("url IS NOT NULL OR NOT enabled", name=op.f("ck_attendance_webhooks_enabled")),
        sa.CheckConstraint("url IS NULL OR secret IS NOT NULL", name=op.f("ck_attendance_webhooks_secret")),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["attendance_guilds.guild_id"], name=op.f("fk_attendance_webhooks_guild_id")
        ),
        sa.PrimaryKeyConstraint("guild_id", name=op.f("pk_attendance_webhooks")),
    )
    op.create_table(
        "attendance_webhook_deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("next_try_at", UtcTime(), nullable=True),
        sa.Column("delivered_at", UtcTime(), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'pending', 'delivered', 'failed')",
            name=op.f("ck_attendance_webhook_deliveries_state"),
        ),
        sa.CheckConstraint(
            "(state = 'pending') = (next_try_at IS NOT NULL)", name=op.f("ck_attendance_webhook_deliveries_next_try")
        ),
        sa.CheckConstraint("state = 'waiting' OR body IS NOT NULL", name=op.f("ck_attendance_webhook_deliveries_body")),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["attendance_webhooks.guild_id"], name=op.f("fk_attendance_webhook_deliveries_guild_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_webhook_deliveries")),
        sa.UniqueConstraint("event_type", "subject", name=op.f("uq_attendance_webhook_deliveries_event_type_subject")),
    )
    op.create_index(
        "ix_attendance_webhook_deliveries_pending",
        "attendance_webhook_deliveries",
        ["guild_id", "next_try_at"],
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_attendance_webhook_deliveries_guild_id_created_at",
        "attendance_webhook_deliveries",
        ["guild_id", "created_at", "id"],
    )
    op.create_index(
        "ix_attendance_webhook_deliveries_state_created_at",
        "attendance_webhook_deliveries",
        ["state", "created_at"],
    )
