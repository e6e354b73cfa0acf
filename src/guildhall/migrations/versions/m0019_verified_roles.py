"""Verified roles: rules, what they gave to whom, and for whom they are to be judged."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import UtcTime

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "attendance_role_rules",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("role_id", sa.BigInteger(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("min_seconds", sa.Integer(), nullable=False),
        sa.Column("top_n", sa.Integer(), nullable=True),
        sa.Column("min_active_days", sa.Integer(), nullable=True),
        sa.Column("revoke", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("assignable", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "scope IN ('current_period', 'last_period', 'last_days', 'lifetime')",
            name=op.f("ck_attendance_role_rules_scope"),
        ),
        sa.CheckConstraint("(scope = 'last_days') = (days IS NOT NULL)", name=op.f("ck_attendance_role_rules_days")),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["attendance_guilds.guild_id"], name=op.f("fk_attendance_role_rules_guild_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance_role_rules")),
        sa.UniqueConstraint(
            "guild_id", "role_id", "scope", name=op.f("uq_attendance_role_rules_guild_id_role_id_scope")
        ),
    )
    op.create_table(
        "attendance_role_grants",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("role_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcTime(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=True),
        sa.Column("given_at", UtcTime(), nullable=True),
        sa.Column("taken_at", UtcTime(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'giving', 'given', 'own', 'taking', 'taken', 'away', 'refused')",
            name=op.f("ck_attendance_role_grants_state"),
        ),
        sa.CheckConstraint(
            "(state IN ('asked', 'giving', 'taking')) = (due_at IS NOT NULL)",
            name=op.f("ck_attendance_role_grants_due"),
        ),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["attendance_guilds.guild_id"], name=op.f("fk_attendance_role_grants_guild_id")
        ),
        sa.PrimaryKeyConstraint("guild_id", "user_id", "role_id", name=op.f("pk_attendance_role_grants")),
    )
    op.create_index(
        "ix_attendance_role_grants_due",
        "attendance_role_grants",
        ["guild_id", "due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_attendance_role_grants_guild_id_role_id", "attendance_role_grants", ["guild_id", "role_id", "state"]
    )
    op.create_table(
        "attendance_role_marks",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["attendance_guilds.guild_id"], name=op.f("fk_attendance_role_marks_guild_id")
        ),
        sa.PrimaryKeyConstraint("guild_id", "user_id", name=op.f("pk_attendance_role_marks")),
    )
