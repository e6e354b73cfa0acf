"""Changing the ledger behind its back, as somebody with the database in their hands could."""

from guildhall.core.db import Tx

LET_CHANGE = {
    "sqlite": (
        "DROP TRIGGER ledger_entries_update",
        "DROP TRIGGER ledger_entries_delete",
        "DROP TRIGGER ledger_entries_replace",
    ),
    "postgresql": ("ALTER TABLE ledger_entries DISABLE TRIGGER ledger_entries_stay",),
}


async def let_change(tx: Tx) -> None:
    """Take away what keeps entries as they are."""
    for statement in LET_CHANGE[tx.engine]:
        await tx._execute(statement, [])
