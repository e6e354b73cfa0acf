"""Whether the bot shall run, and how it does."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import Day, UtcTime

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "bot_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", UtcTime(), nullable=True),
        sa.Column("reported_at", UtcTime(), nullable=True),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.Column("heard_at", UtcTime(), nullable=True),
        sa.Column("reconnects", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("guilds", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("faulty_events", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("identify_day", Day(), nullable=True),
        sa.Column("identifies", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_bot_state_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bot_state")),
    )
