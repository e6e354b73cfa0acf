"""Reads of the ledger."""

from sqlalchemy import bindparam, func, select, union_all

from guildhall.core.db import Tx, query
from guildhall.domains.ledger.models import (
    Balance,
    Entry,
    Head,
    Token,
    WrongBalance,
    ledger_balances,
    ledger_entries,
    ledger_head,
    tokens,
)

TOKEN = query(Token, select(tokens).where(tokens.c.code == bindparam("code")))
TOKENS = query(Token, select(tokens).order_by(tokens.c.position, tokens.c.code))

_head = select(ledger_head.c.seq, ledger_head.c.digest).where(ledger_head.c.id == bindparam("id"))

HEAD = query(Head, _head)
HEAD_LOCKED = query(Head, _head.with_for_update(key_share=True))
CHAIN = query(
    Entry,
    select(ledger_entries)
    .where(ledger_entries.c.seq > bindparam("after"), ledger_entries.c.seq <= bindparam("last"))
    .order_by(ledger_entries.c.seq)
    .limit(bindparam("limit")),
)
BEYOND_HEAD = query(
    int,
    select(ledger_entries.c.seq)
    .where(ledger_entries.c.seq > select(ledger_head.c.seq).scalar_subquery())
    .order_by(ledger_entries.c.seq)
    .limit(1),
)
BALANCES_OF = query(
    Balance,
    select(ledger_balances.c.token, ledger_balances.c.amount)
    .where(ledger_balances.c.account == bindparam("account"))
    .order_by(ledger_balances.c.token),
)
BALANCES = query(int, select(func.count()).select_from(ledger_balances))

# One statement sees one state of the store, so entries that are written meanwhile do not look like a fault.
_moves = union_all(
    select(ledger_entries.c.target.label("account"), ledger_entries.c.token, ledger_entries.c.amount),
    select(ledger_entries.c.source, ledger_entries.c.token, -ledger_entries.c.amount),
    select(ledger_balances.c.account, ledger_balances.c.token, -ledger_balances.c.amount),
).subquery()
WRONG_BALANCE = query(
    WrongBalance,
    select(_moves.c.account, _moves.c.token)
    .group_by(_moves.c.account, _moves.c.token)
    .having(func.sum(_moves.c.amount) != 0)
    .order_by(_moves.c.account, _moves.c.token)
    .limit(1),
)


async def balances_of(tx: Tx, account: str) -> list[Balance]:
    """Return what an account holds, by token."""
    return await tx.all(BALANCES_OF, account=account)
