"""Device logins, the tokens they hand out, and wrong codes."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import UtcTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "code_misses",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_code_misses_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_misses")),
    )
    op.create_index("ix_code_misses_at", "code_misses", ["at"], unique=False)
    op.create_index("ix_code_misses_ip_at", "code_misses", ["ip", "at"], unique=False)
    op.create_index("ix_code_misses_user_id_at", "code_misses", ["user_id", "at"], unique=False)
    op.create_table(
        "device_logins",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("device_hash", sa.Text(), nullable=False),
        sa.Column("user_code", sa.Text(), nullable=False),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("client_name", sa.Text(), nullable=True),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("interval", sa.Integer(), nullable=False),
        sa.Column("polled_at", UtcTime(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'approved', 'denied', 'used', 'expired')", name=op.f("ck_device_logins_state")
        ),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name=op.f("fk_device_logins_app_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_device_logins_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_logins")),
        sa.UniqueConstraint("device_hash", name=op.f("uq_device_logins_device_hash")),
    )
    op.create_index("ix_device_logins_app_id_state", "device_logins", ["app_id", "state"], unique=False)
    op.create_index("ix_device_logins_expires_at", "device_logins", ["expires_at"], unique=False)
    op.create_index("ix_device_logins_state_expires_at", "device_logins", ["state", "expires_at"], unique=False)
    op.create_index("ix_device_logins_user_code_created_at", "device_logins", ["user_code", "created_at"], unique=False)
    op.create_index(
        "uq_device_logins_user_code",
        "device_logins",
        ["user_code"],
        unique=True,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "user_tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("last_used_at", UtcTime(), nullable=True),
        sa.Column("revoked_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name=op.f("fk_user_tokens_app_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_tokens_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_user_tokens_token_hash")),
    )
    op.create_index("ix_user_tokens_user_id_created_at", "user_tokens", ["user_id", "created_at"], unique=False)
