"""Permissions at the front desk, the keys of other systems, and bans."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import JsonDoc, UtcTime

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "desk_grants",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("permission", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=True),
        sa.Column("granted_at", UtcTime(), nullable=False),
        sa.CheckConstraint("subject_kind IN ('user', 'role')", name=op.f("ck_desk_grants_subject_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_grants")),
        sa.UniqueConstraint(
            "subject_kind", "subject_id", "permission", name=op.f("uq_desk_grants_subject_kind_subject_id_permission")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "integration_keys",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("scopes", JsonDoc(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=True),
        sa.Column("last_used_at", UtcTime(), nullable=True),
        sa.Column("revoked_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integration_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_integration_keys_key_hash")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "guild_bans",
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("global_name", sa.Text(), nullable=True),
        sa.Column("avatar", sa.Text(), nullable=True),
        sa.Column("banned_by_id", sa.BigInteger(), nullable=True),
        sa.Column("banned_by_name", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_guild_bans")),
    )
    op.create_index("ix_guild_bans_guild_id_entry_id", "guild_bans", ["guild_id", "entry_id"])
    op.create_index(
        "ix_audit_entries_app_id_seq",
        "audit_entries",
        ["app_id", "seq"],
        sqlite_where=sa.text("app_id IS NOT NULL"),
        postgresql_where=sa.text("app_id IS NOT NULL"),
    )
