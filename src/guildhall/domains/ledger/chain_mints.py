"""The verbs of a mint on a chain. Whatever is signed is written down in the transaction that chooses its nonce.

A nonce is given up only when the chain shows that another transaction used it, so of all that was ever signed for a
mint, one at most can have an effect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import bindparam, literal_column, update

from guildhall.core import ids, leases, outbox
from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.core.errors import Forbidden
from guildhall.core.outbox import JobKind
from guildhall.domains import audit
from guildhall.domains.identity import Permission
from guildhall.domains.ledger.amounts import contract_units
from guildhall.domains.ledger.chain import Mint
from guildhall.domains.ledger.errors import EntryExists, MintNotFailed, MintNotFound, UnknownToken
from guildhall.domains.ledger.mint_models import ChainMint, MintKind, MintState, MintTransaction, mints
from guildhall.domains.ledger.models import Token
from guildhall.domains.ledger.port import Call, Chain, Quote
from guildhall.domains.ledger.queries import MINT, free_nonce

TTL = timedelta(seconds=20)
"""So long mints wait when the process that sent them died; each signature holds the lease for as long again."""

BUMP_PERCENT = 20


class NewMints(msgspec.Struct, frozen=True):
    """Says that mints wait; the rows tell which."""


SEND_MINTS = JobKind("ledger.mints", NewMints, backoff=())
"""Wakes the sender at once. When it fails, the periodic look is the next attempt."""

_this_nonce = (mints.c.id == bindparam("mint_id"), mints.c.nonce == bindparam("with_nonce"))
_live = mints.c.state.in_([literal_column("'signed'"), literal_column("'sent'")])
SIGN = command(
    update(mints)
    .where(mints.c.id == bindparam("mint_id"), mints.c.state == literal_column("'queued'"))
    .values(
        state=literal_column("'signed'"),
        sender=bindparam("by"),
        nonce=bindparam("new_nonce"),
        tx_hash=bindparam("hash"),
        said=None,
    )
)
REPLACE = command(update(mints).where(*_this_nonce, _live).values(tx_hash=bindparam("hash")))
MARK_SENT = command(
    update(mints)
    .where(*_this_nonce, mints.c.state == literal_column("'signed'"))
    .values(state=literal_column("'sent'"), said=None)
)
SAY = command(update(mints).where(mints.c.id == bindparam("mint_id"), _live).values(said=bindparam("words")))
SETTLE = command(
    update(mints)
    .where(*_this_nonce, _live)
    .values(state=bindparam("outcome"), tx_hash=bindparam("hash"), said=bindparam("words"), ended_at=bindparam("at"))
)
REFUSE = command(
    update(mints)
    .where(mints.c.id == bindparam("mint_id"), mints.c.state == literal_column("'queued'"))
    .values(state=literal_column("'failed'"), said=bindparam("words"), ended_at=bindparam("at"))
)
_queue_again: dict[str, Any] = {
    "state": literal_column("'queued'"),
    "sender": None,
    "nonce": None,
    "tx_hash": None,
    "ended_at": None,
}
QUEUE_AGAIN = command(update(mints).where(*_this_nonce, _live).values(**_queue_again, said=bindparam("words")))
RETRY = command(
    update(mints)
    .where(mints.c.id == bindparam("mint_id"), mints.c.state == literal_column("'failed'"))
    .values(**_queue_again, said=None)
)


class LeaseLost(Exception):
    """Another process may sign for this key now."""


@dataclass(frozen=True)
class SigningRight:
    """The lease on a key, as one process has it."""

    sender: str
    holder: str

    @property
    def name(self) -> str:
        """The name of the lease."""
        return f"minter:{self.sender}"

    async def take(self, tx: Tx, now: datetime) -> bool:
        """Take the lease, if nobody else has it."""
        return await leases.acquire(tx, self.name, self.holder, TTL, now)

    async def confirm(self, tx: Tx, now: datetime) -> None:
        """Hold on to the lease within a transaction that signs, so that none commits without it. Raises LeaseLost.

        The row of the lease stays locked until the commit: nobody takes it over while something is being signed.
        """
        if not await leases.renew(tx, self.name, self.holder, TTL, now):
            raise LeaseLost

    async def give_back(self, tx: Tx) -> None:
        """End the lease."""
        await leases.release(tx, self.name, self.holder)


async def queue_mints(tx: Tx, token: Token, wanted: Sequence[Mint], *, now: datetime) -> list[ChainMint]:
    """Let tokens come into being on the chain, `account` being the address of a wallet. Once for each `ref`.

    They leave after the commit. Raises UnknownToken for one without a contract, InvalidAmount for what its contract
    cannot express, EntryExists when a `ref` is taken.
    """
    if token.chain_id is None or token.contract is None:
        raise UnknownToken(f"{token.code} has no contract on a chain")
    queued = [
        ChainMint(
            id=ids.ulid(),
            ref=each.ref,
            token=each.token,
            chain_id=token.chain_id,
            contract=token.contract,
            recipient=each.account,
            units=str(contract_units(each.amount, token.decimals)),
            made_at=now,
        )
        for each in wanted
    ]
    for mint in queued:
        await tx.insert(mint, clash=EntryExists)
    await outbox.put(tx, SEND_MINTS, NewMints(), now=now)
    return queued


async def sign_mint(
    tx: Tx, right: SigningRight, chain: Chain, mint: ChainMint, quote: Quote, *, count: int, now: datetime
) -> MintTransaction | None:
    """Give a queued mint the lowest nonce that was never used, `count` being the chain's, and sign it.

    None when it is not queued any more. Raises LeaseLost.
    """
    await right.confirm(tx, now)
    nonce = await free_nonce(tx, mint.chain_id, right.sender, count)
    signed = _signed(chain, mint, nonce, quote, now)
    if await tx.run(SIGN, mint_id=mint.id, by=right.sender, new_nonce=nonce, hash=signed.tx_hash) == 0:
        return None
    await tx.insert(signed)
    return signed


async def fill_nonce(
    tx: Tx, right: SigningRight, chain: Chain, chain_id: int, nonce: int, quote: Quote, *, now: datetime
) -> MintTransaction:
    """Sign a transaction that does nothing, for a nonce that is missing before one that is under way.

    A gap comes from a node that told a count too high. Raises LeaseLost.
    """
    await right.confirm(tx, now)
    filler = ChainMint(
        id=ids.ulid(),
        kind=MintKind.FILLER,
        ref=f"filler:{chain_id}:{right.sender}:{nonce}",
        token="",
        chain_id=chain_id,
        contract=None,
        recipient=right.sender,
        units="0",
        made_at=now,
    )
    signed = _signed(chain, filler, nonce, quote, now)
    state = {"state": MintState.SIGNED, "sender": right.sender, "nonce": nonce, "tx_hash": signed.tx_hash}
    await tx.insert(msgspec.structs.replace(filler, **state))
    await tx.insert(signed)
    return signed


async def replace_transaction(
    tx: Tx, right: SigningRight, chain: Chain, mint: ChainMint, stuck: MintTransaction, quote: Quote, *, now: datetime
) -> MintTransaction:
    """Sign a mint again with its nonce, a fifth dearer than the one that is stuck, or as dear as the chain is now.

    Raises LeaseLost, also when the mint was settled meanwhile.
    """
    await right.confirm(tx, now)
    dearer = Quote(
        gas=stuck.gas,
        fee=max(_raised(stuck.fee), quote.fee),
        tip=None if stuck.tip is None else max(_raised(stuck.tip), quote.tip or 0),
    )
    signed = _signed(chain, mint, stuck.nonce, dearer, now)
    if await tx.run(REPLACE, mint_id=mint.id, with_nonce=stuck.nonce, hash=signed.tx_hash) == 0:
        raise LeaseLost
    await tx.insert(signed)
    return signed


async def mark_sent(tx: Tx, signed: MintTransaction) -> None:
    """Note that the node has a transaction of a mint."""
    await tx.run(MARK_SENT, mint_id=signed.mint_id, with_nonce=signed.nonce)


async def note_words(tx: Tx, mint_id: str, words: str) -> None:
    """Keep what the node said of a mint that is under way, for whoever looks why it takes so long."""
    await tx.run(SAY, mint_id=mint_id, words=words)


async def settle(tx: Tx, mined: MintTransaction, *, succeeded: bool, now: datetime) -> None:
    """Close a mint by what the chain has made of one of its transactions."""
    await tx.run(
        SETTLE,
        mint_id=mined.mint_id,
        with_nonce=mined.nonce,
        outcome=MintState.CONFIRMED.value if succeeded else MintState.FAILED.value,
        hash=mined.tx_hash,
        words=None if succeeded else "The contract refused the mint after it was sent",
        at=now,
    )


async def refuse_mint(tx: Tx, mint: ChainMint, words: str, *, now: datetime) -> None:
    """Close a queued mint that the contract would refuse. Nothing was signed for it."""
    await tx.run(REFUSE, mint_id=mint.id, words=words, at=now)


async def give_up_nonce(tx: Tx, mint: ChainMint, taker: str, *, now: datetime) -> None:
    """Queue a mint again whose nonce another transaction has used for good; a filler is then done.

    To be called only when a block that is buried deep shows that transaction.
    """
    words = f"The nonce {mint.nonce} was used by {taker}"
    if mint.kind is MintKind.FILLER:
        await tx.run(
            SETTLE,
            mint_id=mint.id,
            with_nonce=mint.nonce,
            outcome=MintState.FAILED.value,
            hash=mint.tx_hash,
            words=words,
            at=now,
        )
    else:
        await tx.run(QUEUE_AGAIN, mint_id=mint.id, with_nonce=mint.nonce, words=words)


async def retry_mint(tx: Tx, actor: Actor, mint_id: str, *, now: datetime) -> None:
    """Queue a failed mint again; what failed is final, so it gets a nonce of its own.

    Raises Forbidden, MintNotFound, MintNotFailed.
    """
    if not actor.may(Permission.MANAGE_SYSTEM):
        raise Forbidden
    mint = await tx.one(MINT, id=mint_id)
    if mint is None:
        raise MintNotFound
    if mint.kind is MintKind.FILLER or await tx.run(RETRY, mint_id=mint_id) == 0:
        raise MintNotFailed
    await outbox.put(tx, SEND_MINTS, NewMints(), now=now)
    await audit.record(tx, actor, "mint.retried", mint_id, now=now, ref=mint.ref, said=mint.said)


def call_of(mint: ChainMint) -> Call:
    """Return what a mint asks of the chain."""
    return Call(mint.chain_id, mint.contract, mint.recipient, int(mint.units))


def _signed(chain: Chain, mint: ChainMint, nonce: int, quote: Quote, now: datetime) -> MintTransaction:
    signed = chain.sign(call_of(mint), nonce, quote)
    return MintTransaction(
        tx_hash=signed.tx_hash,
        mint_id=mint.id,
        chain_id=mint.chain_id,
        sender=chain.sender,
        nonce=nonce,
        gas=quote.gas,
        fee=quote.fee,
        tip=quote.tip,
        raw=signed.raw,
        signed_at=now,
    )


def _raised(price: int) -> int:
    # Rounded up, for nodes refuse what is a wei short.
    return -(-price * (100 + BUMP_PERCENT) // 100)
