"""Looking through the whole ledger for anything that was changed."""

from dataclasses import dataclass

from guildhall.core.db import Tx
from guildhall.domains.ledger.chain import GENESIS, PREFIX, fault_of, head_after
from guildhall.domains.ledger.errors import LedgerBroken
from guildhall.domains.ledger.models import Head
from guildhall.domains.ledger.queries import BALANCES, BEYOND_HEAD, CHAIN, HEAD, HEAD_ROW, WRONG_BALANCE

PAGE = 500
BEFORE_ALL = -(2**62)


@dataclass(frozen=True)
class Verified:
    """What was found to be in order; `tx_hash` is that of the last entry, None in an empty ledger."""

    entries: int
    balances: int
    tx_hash: str | None


async def verify(tx: Tx) -> Verified:
    """Recompute every hash and every balance; memory stays small however long the ledger is. Raises LedgerBroken.

    Entries may be written meanwhile; those after the head that was found first are left for the next time.
    """
    head = await tx.one(HEAD, id=HEAD_ROW)
    if head is None:
        raise LedgerBroken("The head of the ledger is missing")
    last = await _follow_chain(tx, head)
    if last != head:
        raise LedgerBroken(f"The ledger ends with entry {head.seq}, whose hash is not that of its head", seq=head.seq)
    beyond = await tx.one(BEYOND_HEAD)
    if beyond is not None:
        raise LedgerBroken(f"Entry {beyond} of the ledger stands after its end", seq=beyond)
    wrong = await tx.one(WRONG_BALANCE)
    if wrong is not None:
        raise LedgerBroken(f"The balance of {wrong.account} in {wrong.token} is not the sum of its entries")
    return Verified(head.seq, await tx.one(BALANCES) or 0, PREFIX + head.digest if head.seq else None)


async def _follow_chain(tx: Tx, head: Head) -> Head:
    """Check every entry up to the head, and return the end that they lead to."""
    last, place = GENESIS, BEFORE_ALL
    while page := await tx.all(CHAIN, after=place, last=head.seq, limit=PAGE):
        for entry in page:
            fault = fault_of(entry, last)
            if fault is not None:
                raise _broken(last.seq + 1, fault)
            last, place = head_after(entry), entry.seq
    if last.seq < head.seq:
        raise _broken(last.seq + 1, "it is missing")
    return last


def _broken(seq: int, fault: str) -> LedgerBroken:
    return LedgerBroken(f"Entry {seq} of the ledger was changed: {fault}", seq=seq)
