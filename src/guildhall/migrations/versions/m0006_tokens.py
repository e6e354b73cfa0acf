"""The tokens that the house gives."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import UtcTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "tokens",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("hourly", sa.BigInteger(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=True),
        sa.Column("contract", sa.Text(), nullable=True),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("managed_by_file", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.CheckConstraint("hourly >= 0", name=op.f("ck_tokens_hourly")),
        sa.CheckConstraint("most > 0", name=op.f("ck_tokens_most")),
        sa.CheckConstraint("decimals BETWEEN 0 AND 30", name=op.f("ck_tokens_decimals")),
        sa.CheckConstraint("(chain_id IS NULL) = (contract IS NULL)", name=op.f("ck_tokens_chain")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_tokens")),
    )
