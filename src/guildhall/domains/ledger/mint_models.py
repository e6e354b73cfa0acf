"""Mints on a chain: what is wanted, every transaction that was signed for it, and what is known of the chain."""

from datetime import datetime
from enum import StrEnum

import msgspec
from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from guildhall.core.db import UtcTime, metadata, stored

mints = Table(
    "mints",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("chain_id", BigInteger, nullable=False),
    Column("contract", Text),
    Column("recipient", Text, nullable=False),
    # In the contract's units, which with 18 decimals outgrow every integer of the engines.
    Column("units", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("sender", Text),
    Column("nonce", BigInteger),
    Column("tx_hash", Text),
    Column("said", Text),
    Column("made_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    UniqueConstraint("ref"),
    # A nonce is for one thing. This stands behind the lease: two processes that both think they may sign cannot.
    UniqueConstraint("chain_id", "sender", "nonce"),
    CheckConstraint("kind IN ('mint', 'filler')", name="kind"),
    CheckConstraint("state IN ('queued', 'signed', 'sent', 'confirmed', 'failed')", name="state"),
    CheckConstraint("state <> 'queued' OR nonce IS NULL", name="queued"),
    CheckConstraint(
        "state NOT IN ('signed', 'sent', 'confirmed') OR "
        "(sender IS NOT NULL AND nonce IS NOT NULL AND tx_hash IS NOT NULL)",
        name="signed",
    ),
    Index("ix_mints_state_id", "state", "id"),
)

mint_transactions = Table(
    "mint_transactions",
    metadata,
    Column("tx_hash", Text, primary_key=True),
    Column("mint_id", Text, ForeignKey("mints.id"), nullable=False),
    Column("chain_id", BigInteger, nullable=False),
    Column("sender", Text, nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("gas", BigInteger, nullable=False),
    Column("fee", BigInteger, nullable=False),
    Column("tip", BigInteger),
    Column("raw", Text, nullable=False),
    Column("signed_at", UtcTime, nullable=False),
    Index("ix_mint_transactions_mint_id", "mint_id"),
    Index("ix_mint_transactions_chain_id_sender_nonce", "chain_id", "sender", "nonce"),
)

minters = Table(
    "minters",
    metadata,
    Column("sender", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("away_since", UtcTime),
    Column("rest_until", UtcTime),
    Column("fault", Text),
)

wallet_balances = Table(
    "wallet_balances",
    metadata,
    Column("chain_id", BigInteger, primary_key=True, autoincrement=False),
    Column("contract", Text, primary_key=True),
    Column("holder", Text, primary_key=True),
    Column("units", Text, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
)


class MintState(StrEnum):
    """A mint is queued, signed and sent; on the chain it is confirmed, or it has failed."""

    QUEUED = "queued"
    SIGNED = "signed"
    SENT = "sent"
    CONFIRMED = "confirmed"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Whether it stays so by itself."""
        return self in {MintState.CONFIRMED, MintState.FAILED}


class MintKind(StrEnum):
    """Tokens for somebody, or a transaction that does nothing and only uses up a nonce."""

    MINT = "mint"
    FILLER = "filler"


@stored(mints)
class ChainMint(msgspec.Struct, frozen=True, kw_only=True):
    """A mint on a chain. `units` are the contract's; `said` is why it failed, or what the node said last."""

    id: str
    kind: MintKind = MintKind.MINT
    ref: str
    token: str
    chain_id: int
    contract: str | None
    recipient: str
    units: str
    state: MintState = MintState.QUEUED
    sender: str | None = None
    nonce: int | None = None
    tx_hash: str | None = None
    said: str | None = None
    made_at: datetime
    ended_at: datetime | None = None


@stored(mint_transactions)
class MintTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction that was signed for a mint; kept for ever, for any of them may be the one in a block."""

    tx_hash: str
    mint_id: str
    chain_id: int
    sender: str
    nonce: int
    gas: int
    fee: int
    tip: int | None
    raw: str
    signed_at: datetime


@stored(minters)
class Minter(msgspec.Struct, frozen=True, kw_only=True):
    """How a key fares: since when its chain does not answer, when to ask again, and what is wrong."""

    sender: str
    failures: int = 0
    away_since: datetime | None = None
    rest_until: datetime | None = None
    fault: str | None = None


class SeenBalance(msgspec.Struct, frozen=True):
    """What a wallet held when the chain was last asked, in the contract's units."""

    contract: str
    units: str
    seen_at: datetime


class TokenBalance(msgspec.Struct, frozen=True):
    """A token's code and decimals, with the units a wallet was seen to hold."""

    code: str
    decimals: int
    units: str
