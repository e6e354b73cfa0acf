"""Reads of the ledger."""

from sqlalchemy import ColumnElement, and_, bindparam, func, select, tuple_, union_all

from guildhall.core.db import Tx, query
from guildhall.domains.identity.models import users
from guildhall.domains.ledger.models import (
    Balance,
    Entry,
    Head,
    Holding,
    Movement,
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

HEAD_ROW = 1
OF_PERSON = "user:"
NEWEST = 2**62
_names = (users.c.alias, users.c.display_name)


def _is_of_person(account: ColumnElement[str]) -> ColumnElement[bool]:
    # Nothing here compares by order but whole accounts with each other: databases differ in how they sort punctuation.
    prefix, rest = func.substr(account, 1, len(OF_PERSON)), func.substr(account, len(OF_PERSON) + 1)
    return and_(prefix == OF_PERSON, users.c.alias == rest)


HOLDINGS = query(
    Holding,
    select(ledger_balances, *_names)
    .join_from(ledger_balances, users, _is_of_person(ledger_balances.c.account))
    .where(
        tuple_(ledger_balances.c.account, ledger_balances.c.token) > tuple_(bindparam("account"), bindparam("token"))
    )
    .order_by(ledger_balances.c.account, ledger_balances.c.token)
    .limit(bindparam("limit")),
)
MOVEMENTS = query(
    Movement,
    select(
        *(ledger_entries.c[name] for name in Movement.__struct_fields__ if name in ledger_entries.c),
        *_names,
    )
    .outerjoin_from(ledger_entries, users, _is_of_person(ledger_entries.c.target))
    .where(ledger_entries.c.seq < bindparam("before"))
    .order_by(ledger_entries.c.seq.desc())
    .limit(bindparam("limit")),
)

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


async def head_of_chain(tx: Tx) -> Head:
    """Return where the chain ends. Raises LookupError in a store that was damaged."""
    head = await tx.one(HEAD, id=HEAD_ROW)
    if head is None:
        raise LookupError("the head of the ledger is gone")
    return head


async def page_of_holdings(tx: Tx, *, after: tuple[str, str] = ("", ""), limit: int) -> list[Holding]:
    """Return what people hold, by account and token, after the account and token that ended the page before."""
    account, token = after
    return await tx.all(HOLDINGS, account=account, token=token, limit=limit)


async def page_of_movements(tx: Tx, *, before: int | None = None, limit: int) -> list[Movement]:
    """Return entries, newest first, that were written before entry `before`."""
    return await tx.all(MOVEMENTS, before=NEWEST if before is None else before, limit=limit)
