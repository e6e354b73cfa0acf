"""Writing to the ledger."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, update
from sqlalchemy.dialects.postgresql import insert

from guildhall.core.db import Tx, command
from guildhall.domains.ledger.chain import Mint, follow, head_after
from guildhall.domains.ledger.errors import EntryExists
from guildhall.domains.ledger.models import Entry, ledger_balances, ledger_head
from guildhall.domains.ledger.queries import HEAD_LOCKED, HEAD_ROW

MOVE_HEAD = command(
    update(ledger_head)
    .where(ledger_head.c.id == bindparam("row"))
    .values(seq=bindparam("new_seq"), digest=bindparam("new_digest"))
)
# Both engines understand the PostgreSQL form of an insert that turns into an update.
_new = insert(ledger_balances)
ADD_TO_BALANCE = command(
    _new.on_conflict_do_update(
        index_elements=[ledger_balances.c.account, ledger_balances.c.token],
        set_={"amount": ledger_balances.c.amount + _new.excluded.amount},
    )
)


async def mint(tx: Tx, wanted: Sequence[Mint], *, now: datetime) -> list[Entry]:
    """Write one entry for each mint, in order, and keep the balances. Raises EntryExists when a `ref` is taken.

    The head of the chain stays locked to the end of the transaction: whoever else writes waits, so there is no fork.
    """
    head = await tx.one(HEAD_LOCKED, id=HEAD_ROW)
    if head is None:
        raise LookupError("the head of the ledger is gone")
    entries = []
    for each in wanted:
        entry = follow(head, each, now)
        await tx.insert(entry, clash=EntryExists)
        await tx.run(ADD_TO_BALANCE, account=entry.source, token=entry.token, amount=-entry.amount)
        await tx.run(ADD_TO_BALANCE, account=entry.target, token=entry.token, amount=entry.amount)
        entries.append(entry)
        head = head_after(entry)
    await tx.run(MOVE_HEAD, row=HEAD_ROW, new_seq=head.seq, new_digest=head.digest)
    return entries
