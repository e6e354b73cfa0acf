"""The ledger, whose entries never change, and the rewards of shifts."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import Day, UtcTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply."""
    make_ledger()
    make_rewards()
    if op.get_bind().dialect.name == "postgresql":
        hold_entries_on_postgresql()
    else:
        hold_entries_on_sqlite()


def make_ledger() -> None:
    """Make the ledger with the head of an empty chain."""
    op.create_table(
        "ledger_entries",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("prev", sa.Text(), nullable=False),
        sa.Column("tx_hash", sa.Text(), nullable=False),
        sa.CheckConstraint("seq > 0", name=op.f("ck_ledger_entries_seq")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_ledger_entries_amount")),
        sa.CheckConstraint("source <> target", name=op.f("ck_ledger_entries_accounts")),
        sa.CheckConstraint("at BETWEEN 0 AND 253402300799000000", name=op.f("ck_ledger_entries_at")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint("ref", name=op.f("uq_ledger_entries_ref")),
        sa.UniqueConstraint("prev", name=op.f("uq_ledger_entries_prev")),
    )
    op.create_table(
        "ledger_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_ledger_head_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_head")),
    )
    op.execute(
        "INSERT INTO ledger_head (id, seq, digest) "
        "VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000')"
    )
    op.create_table(
        "ledger_balances",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "token", name=op.f("pk_ledger_balances")),
    )


def make_rewards() -> None:
    """Make the rewards of shifts, one for each slot and person."""
    op.create_table(
        "shift_rewards",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("day", Day(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("tx_hash", sa.Text(), nullable=False),
        sa.Column("rewarded_by", sa.Text(), nullable=False),
        sa.Column("rewarded_at", UtcTime(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_shift_rewards_amount")),
        sa.ForeignKeyConstraint(
            ["day", "slot"], ["shift_slots.day", "shift_slots.slot"], name=op.f("fk_shift_rewards_day_slot")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_shift_rewards_user_id")),
        sa.ForeignKeyConstraint(["rewarded_by"], ["users.id"], name=op.f("fk_shift_rewards_rewarded_by")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_shift_rewards")),
        sa.UniqueConstraint("day", "slot", "user_id", name=op.f("uq_shift_rewards_day_slot_user_id")),
    )
    op.create_index("ix_shift_rewards_user_id_seq", "shift_rewards", ["user_id", "seq"], unique=False)


def hold_entries_on_postgresql() -> None:
    """Refuse every change of entries, and emptying their table."""
    op.execute(
        "CREATE FUNCTION ledger_entries_stay() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'entries of the ledger never change'; END $$"
    )
    op.execute(
        "CREATE TRIGGER ledger_entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries "
        "FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_stay()"
    )


STAY = "SELECT RAISE(ABORT, 'entries of the ledger never change');"


def hold_entries_on_sqlite() -> None:
    """Refuse every change of entries, also the one that INSERT OR REPLACE makes past the trigger for deletes."""
    op.execute(f"CREATE TRIGGER ledger_entries_update BEFORE UPDATE ON ledger_entries BEGIN {STAY} END")
    op.execute(f"CREATE TRIGGER ledger_entries_delete BEFORE DELETE ON ledger_entries BEGIN {STAY} END")
    op.execute(
        "CREATE TRIGGER ledger_entries_replace BEFORE INSERT ON ledger_entries WHEN EXISTS "
        "(SELECT 1 FROM ledger_entries WHERE seq = NEW.seq OR ref = NEW.ref OR prev = NEW.prev) "
        "BEGIN SELECT RAISE(ABORT, 'this is in the ledger already'); END"
    )
