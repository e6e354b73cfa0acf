"""The tokens, the entries of the ledger, the head of their chain, and the balances that follow from them."""

from datetime import datetime

import msgspec
from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Integer, Table, Text, UniqueConstraint

from guildhall.core.db import UtcTime, metadata, stored

tokens = Table(
    "tokens",
    metadata,
    Column("code", Text, primary_key=True),
    Column("hourly", BigInteger, nullable=False),
    Column("most", BigInteger, nullable=False),
    Column("chain_id", BigInteger),
    Column("contract", Text),
    Column("decimals", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("managed_by_file", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    CheckConstraint("hourly >= 0", name="hourly"),
    CheckConstraint("most > 0", name="most"),
    CheckConstraint("decimals BETWEEN 0 AND 30", name="decimals"),
    CheckConstraint("(chain_id IS NULL) = (contract IS NULL)", name="chain"),
)

# Nothing updates or deletes entries: triggers of the migration refuse it.
ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("kind", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("prev", Text, nullable=False),
    Column("tx_hash", Text, nullable=False),
    UniqueConstraint("ref"),
    # One successor for each entry: a chain that could fork would have two histories.
    UniqueConstraint("prev"),
    CheckConstraint("seq > 0", name="seq"),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("source <> target", name="accounts"),
    # Up to the year 9999; on SQLite this also keeps out what is no number.
    CheckConstraint("at BETWEEN 0 AND 253402300799000000", name="at"),
)

ledger_head = Table(
    "ledger_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    CheckConstraint("id = 1", name="single"),
)

ledger_balances = Table(
    "ledger_balances",
    metadata,
    Column("account", Text, primary_key=True),
    Column("token", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
)


@stored(tokens)
class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token of the house: what an hour earns and what one reward is at most, both in base units.

    On a chain it is the contract at an address, whose own base unit has `decimals` decimals.
    """

    code: str
    hourly: int
    most: int
    chain_id: int | None = None
    contract: str | None = None
    decimals: int = 6
    position: int = 0
    managed_by_file: bool = False
    created_at: datetime


@stored(ledger_entries)
class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An amount, in base units, that went from one account to another; `tx_hash` covers it and all before it."""

    seq: int
    at: datetime
    kind: str
    ref: str
    token: str
    amount: int
    source: str
    target: str
    prev: str
    tx_hash: str


class Head(msgspec.Struct, frozen=True):
    """Where the chain ends: the last entry's number and its hash without `0x`."""

    seq: int
    digest: str


class Balance(msgspec.Struct, frozen=True):
    """What an account holds of a token, in base units; that of an issuer is what it gave, below zero."""

    token: str
    amount: int


class WrongBalance(msgspec.Struct, frozen=True):
    """An account whose balance is not the sum of its entries."""

    account: str
    token: str


class Holding(msgspec.Struct, frozen=True):
    """What a person holds of a token, in base units, with the person's names."""

    account: str
    token: str
    amount: int
    alias: str
    display_name: str


class Movement(msgspec.Struct, frozen=True):
    """An entry as people read it; the names are those of whoever was given, if it is somebody known."""

    seq: int
    at: datetime
    ref: str
    token: str
    amount: int
    target: str
    tx_hash: str
    alias: str | None
    display_name: str | None
