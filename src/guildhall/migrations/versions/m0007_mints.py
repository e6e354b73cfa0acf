"""Mints on a chain, and rewards that follow them."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import UtcTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply."""
    make_mints()
    make_what_is_known_of_the_chain()
    # Only SQLite needs a new table for this; nothing refers to the rewards.
    with op.batch_alter_table("shift_rewards") as rewards:
        rewards.alter_column("tx_hash", existing_type=sa.Text(), nullable=True)
        rewards.add_column(sa.Column("mint_id", sa.Text(), nullable=True))
        rewards.create_foreign_key(op.f("fk_shift_rewards_mint_id"), "mints", ["mint_id"], ["id"])
        rewards.create_unique_constraint(op.f("uq_shift_rewards_mint_id"), ["mint_id"])
        rewards.create_check_constraint(op.f("ck_shift_rewards_ledger"), "(tx_hash IS NULL) = (mint_id IS NOT NULL)")


def make_mints() -> None:
    """Make the mints and all transactions that were signed for them."""
    op.create_table(
        "mints",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=True),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("units", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=True),
        sa.Column("nonce", sa.BigInteger(), nullable=True),
        sa.Column("tx_hash", sa.Text(), nullable=True),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.CheckConstraint("kind IN ('mint', 'filler')", name=op.f("ck_mints_kind")),
        sa.CheckConstraint("state IN ('queued', 'signed', 'sent', 'confirmed', 'failed')", name=op.f("ck_mints_state")),
        sa.CheckConstraint("state <> 'queued' OR nonce IS NULL", name=op.f("ck_mints_queued")),
        sa.CheckConstraint(
            "state NOT IN ('signed', 'sent', 'confirmed') OR "
            "(sender IS NOT NULL AND nonce IS NOT NULL AND tx_hash IS NOT NULL)",
            name=op.f("ck_mints_signed"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mints")),
        sa.UniqueConstraint("ref", name=op.f("uq_mints_ref")),
        sa.UniqueConstraint("chain_id", "sender", "nonce", name=op.f("uq_mints_chain_id_sender_nonce")),
    )
    op.create_index("ix_mints_state_id", "mints", ["state", "id"], unique=False)
    op.create_table(
        "mint_transactions",
        sa.Column("tx_hash", sa.Text(), nullable=False),
        sa.Column("mint_id", sa.Text(), nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("gas", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("tip", sa.BigInteger(), nullable=True),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("signed_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["mint_id"], ["mints.id"], name=op.f("fk_mint_transactions_mint_id")),
        sa.PrimaryKeyConstraint("tx_hash", name=op.f("pk_mint_transactions")),
    )
    op.create_index("ix_mint_transactions_mint_id", "mint_transactions", ["mint_id"], unique=False)
    op.create_index(
        "ix_mint_transactions_chain_id_sender_nonce", "mint_transactions", ["chain_id", "sender", "nonce"], unique=False
    )


def make_what_is_known_of_the_chain() -> None:
    """Make the notes on how a key fares, and the balances that were seen last."""
    op.create_table(
        "minters",
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("away_since", UtcTime(), nullable=True),
        sa.Column("rest_until", UtcTime(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("sender", name=op.f("pk_minters")),
    )
    op.create_table(
        "wallet_balances",
        sa.Column("chain_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("units", sa.Text(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "contract", "holder", name=op.f("pk_wallet_balances")),
    )
