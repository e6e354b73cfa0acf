"""The configuration with its changes, and which order the bot has acted on."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import JsonDoc, UtcTime

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "site_configuration",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("set_values", JsonDoc(), nullable=False),
        sa.Column("sealed", JsonDoc(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_site_configuration_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_configuration")),
    )
    op.create_table(
        "site_changes",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("changes", JsonDoc(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_site_changes")),
    )
    op.add_column("bot_state", sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("bot_state", sa.Column("failure", sa.Text(), nullable=True))
