"""Reads of the ledger, and of mints on a chain."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Integer, and_, bindparam, func, literal_column, select, tuple_, union_all

from guildhall.core.db import Tx, query
from guildhall.domains.identity.models import users
from guildhall.domains.ledger.amounts import base_units_of
from guildhall.domains.ledger.mint_models import (
    ChainMint,
    Minter,
    MintTransaction,
    SeenBalance,
    TokenBalance,
    mint_transactions,
    minters,
    mints,
    wallet_balances,
)
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

LATE = timedelta(minutes=10)
AFTER_ALL = "~"
"""After this a mint that is not final is worth a line to the operator."""

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

_queued = mints.c.state == literal_column("'queued'")
_live = mints.c.state.in_([literal_column("'signed'"), literal_column("'sent'")])
_open = mints.c.state.in_([literal_column("'queued'"), literal_column("'signed'"), literal_column("'sent'")])
_final = mints.c.state.in_([literal_column("'confirmed'"), literal_column("'failed'")])
_of_sender = and_(mints.c.chain_id == bindparam("chain_id"), mints.c.sender == bindparam("sender"))
_same_sender = and_(
    mint_transactions.c.chain_id == bindparam("chain_id"), mint_transactions.c.sender == bindparam("sender")
)
_next = mint_transactions.alias("following")

MINT = query(ChainMint, select(mints).where(mints.c.id == bindparam("id")))
QUEUED = query(
    ChainMint,
    select(mints)
    .where(_queued, mints.c.chain_id == bindparam("chain_id"))
    .order_by(mints.c.id)
    .limit(bindparam("limit", type_=Integer)),
)
LIVE = query(ChainMint, select(mints).where(_of_sender, _live).order_by(mints.c.nonce))
OPEN_ON_CHAIN = query(str, select(mints.c.id).where(_open, mints.c.chain_id == bindparam("chain_id")).limit(1))
OPEN = query(ChainMint, select(mints).where(_open).order_by(mints.c.id).limit(bindparam("limit", type_=Integer)))
PAGE_OF_MINTS = query(
    ChainMint,
    select(mints)
    .where(mints.c.kind == literal_column("'mint'"), mints.c.id < bindparam("before"))
    .order_by(mints.c.id.desc())
    .limit(bindparam("limit", type_=Integer)),
)
MINT_OF_TOKEN = query(str, select(mints.c.id).where(mints.c.token == bindparam("token")).limit(1))
TRANSACTIONS = query(
    MintTransaction,
    select(mint_transactions)
    .where(mint_transactions.c.mint_id == bindparam("mint_id"))
    .order_by(mint_transactions.c.nonce, mint_transactions.c.fee),
)
LAST_FINAL_NONCE = query(
    int, select(mints.c.nonce).where(_of_sender, _final, mints.c.nonce >= 0).order_by(mints.c.nonce.desc()).limit(1)
)
WAS_SIGNED = query(
    int, select(mint_transactions.c.nonce).where(_same_sender, mint_transactions.c.nonce == bindparam("nonce")).limit(1)
)
END_OF_RUN = query(
    int,
    select(func.min(mint_transactions.c.nonce)).where(
        _same_sender,
        mint_transactions.c.nonce >= bindparam("nonce"),
        ~select(_next.c.nonce)
        .where(
            _next.c.chain_id == mint_transactions.c.chain_id,
            _next.c.sender == mint_transactions.c.sender,
            _next.c.nonce == mint_transactions.c.nonce + 1,
        )
        .exists(),
    ),
)
MINTER = query(Minter, select(minters).where(minters.c.sender == bindparam("sender")))
MINTERS = query(Minter, select(minters).order_by(minters.c.sender))
LATE_MINTS = query(int, select(func.count()).select_from(mints).where(_open, mints.c.made_at <= bindparam("before")))
FAILED_MINTS = query(
    int,
    select(func.count())
    .select_from(mints)
    .where(mints.c.state == literal_column("'failed'"), mints.c.kind == literal_column("'mint'")),
)
LATEST_WORDS = query(
    str, select(mints.c.said).where(_open, mints.c.said.is_not(None)).order_by(mints.c.nonce, mints.c.id).limit(1)
)
SEEN = query(
    SeenBalance,
    select(*(wallet_balances.c[name] for name in SeenBalance.__struct_fields__)).where(
        wallet_balances.c.holder == bindparam("holder")
    ),
)
SEEN_BY_TOKEN = query(
    TokenBalance,
    select(tokens.c.code, tokens.c.decimals, wallet_balances.c.units)
    .join_from(
        tokens,
        wallet_balances,
        and_(wallet_balances.c.chain_id == tokens.c.chain_id, wallet_balances.c.contract == tokens.c.contract),
    )
    .where(wallet_balances.c.holder == bindparam("holder"), wallet_balances.c.units != literal_column("'0'"))
    .order_by(tokens.c.position, tokens.c.code),
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


async def free_nonce(tx: Tx, chain_id: int, sender: str, count: int) -> int:
    """Return the lowest nonce that is not in the chain, by its count or by ours, and was never signed."""
    last = await tx.one(LAST_FINAL_NONCE, chain_id=chain_id, sender=sender)
    nonce = count if last is None else max(count, last + 1)
    if await tx.one(WAS_SIGNED, chain_id=chain_id, sender=sender, nonce=nonce) is None:
        return nonce
    end = await tx.one(END_OF_RUN, chain_id=chain_id, sender=sender, nonce=nonce)
    if end is None:
        raise LookupError("a nonce that was signed has no end of its run")
    return end + 1


async def page_of_mints(tx: Tx, *, before: str | None, limit: int) -> Sequence[ChainMint]:
    """Return mints, newest first, that were wanted before mint `before`."""
    return await tx.all(PAGE_OF_MINTS, before=before or AFTER_ALL, limit=limit)


async def mint_alerts(tx: Tx, *, now: datetime) -> list[str]:
    """Say in sentences what keeps mints from the chain; nothing when all is well."""
    alerts = []
    for minter in await tx.all(MINTERS):
        if minter.away_since is not None:
            since = f"{minter.away_since:%Y-%m-%d %H:%M} UTC"
            alerts.append(f"The chain has not answered since {since}, mints wait: {minter.fault}")
        elif minter.fault is not None:
            alerts.append(f"Mints wait: {minter.fault}")
    if late := await tx.one(LATE_MINTS, before=now - LATE):
        said = await tx.one(LATEST_WORDS)
        alerts.append(f"{_counted(late)} not final after {LATE.seconds // 60} minutes{f': {said}' if said else ''}")
    if failed := await tx.one(FAILED_MINTS):
        alerts.append(f"{_counted(failed)} refused by the chain; see why, then retry")
    return alerts


async def balances_on_chain(tx: Tx, wallet: str) -> list[Balance]:
    """Return what a wallet was last seen to hold of the tokens of the house, less than a base unit left out."""
    return [
        Balance(each.code, base_units_of(int(each.units), each.decimals))
        for each in await tx.all(SEEN_BY_TOKEN, holder=wallet)
    ]


def _counted(number: int) -> str:
    return "1 mint is" if number == 1 else f"{number} mints are"
