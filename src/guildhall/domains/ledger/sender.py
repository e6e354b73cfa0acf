"""The sender: takes queued mints to the chain, and follows each until the chain has its last word.

Whatever a node answers to a transaction is not believed: what counts is what the chain shows afterwards. The bytes that
were signed are stored before, so they can be sent again by whoever finds them, after any crash.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import bindparam, delete
from sqlalchemy.dialects.postgresql import insert

from guildhall.core import ids
from guildhall.core.clock import Clock
from guildhall.core.db import Database, Tx, command
from guildhall.core.log import get_logger
from guildhall.domains.ledger import chain_mints as verbs
from guildhall.domains.ledger.chain_mints import LeaseLost, SigningRight, call_of
from guildhall.domains.ledger.mint_models import ChainMint, Minter, MintState, MintTransaction, minters
from guildhall.domains.ledger.models import Token  # noqa: TC001 (as in every other module)
from guildhall.domains.ledger.port import Call, Chain, ChainAway, ChainRefused, ChainUnfit, Quote
from guildhall.domains.ledger.queries import (
    LIVE,
    MINTER,
    OPEN,
    OPEN_ON_CHAIN,
    QUEUED,
    TOKENS,
    TRANSACTIONS,
    free_nonce,
)

log = get_logger(__name__)

CONFIRMATIONS = 1
"""In a block is enough to call a mint done: should that block be replaced, the same bytes are valid in the next one."""

BURIED = 12
"""What frees the way for a second transaction must not come undone: a failure, and a nonce that somebody else used."""

IN_FLIGHT = 16
"""Nodes keep about so many transactions of one key ready; more of them would be thrown away."""

LARGEST_GAP = 256
STUCK = timedelta(seconds=60)
MOST_BUMPS = 10
"""Six times the price. The wait doubles with each, so the tenth comes after half a day."""

SHORTEST_REST, LONGEST_REST = timedelta(seconds=2), timedelta(minutes=5)
LOOK = 1.0

_new = insert(minters)
_columns = [each.name for each in minters.columns if each.name != "sender"]
KEEP_MINTER = command(
    _new.on_conflict_do_update(index_elements=[minters.c.sender], set_={name: _new.excluded[name] for name in _columns})
)

FORGET_OTHERS = command(delete(minters).where(minters.c.sender != bindparam("in_use")))
"""What a key that is no longer used had to say is of no more interest."""


class Sender:
    """Works off the mints of one key. Several may run, in one process or many: the lease lets one of them sign.

    `patience` is how long one turn follows what is under way; it is shorter than the lease.
    """

    def __init__(
        self, database: Database, chain: Chain, clock: Clock, *, patience: timedelta = timedelta(seconds=15)
    ) -> None:
        self._database = database
        self._chain = chain
        self._clock = clock
        self._patience = patience
        self._right = SigningRight(chain.sender, ids.ulid())
        self._turn = asyncio.Lock()
        self._checked: set[Token] = set()

    async def take_turn(self) -> None:
        """Do whatever can be done now. A chain that is away or unfit is noted, for the alerts and the next attempt."""
        # Whoever is at it looks for new mints too; what comes just too late waits for the next periodic turn.
        if self._turn.locked():
            return
        async with self._turn:
            if await self._has_reason() and await self._may_begin():
                await self._work()

    async def check_tokens(self) -> None:
        """See that every token of the house can be minted with this key. Raises ChainUnfit, ChainAway."""
        async with self._database.read() as tx:
            tokens = await tx.all(TOKENS)
        for token in tokens:
            if token not in self._checked and token.chain_id is not None and token.contract is not None:
                await self._chain.check(token.chain_id, token.contract, token.decimals)
                self._checked.add(token)

    async def note_fault(self, fault: Exception) -> None:
        """Keep why the chain cannot be used, and when to ask it again: each time after twice the pause."""
        now = self._clock.now()
        async with self._database.write() as tx:
            before = await tx.one(MINTER, sender=self._right.sender) or Minter(sender=self._right.sender)
            rest = min(SHORTEST_REST * 2 ** min(before.failures, 10), LONGEST_REST)
            is_away = isinstance(fault, ChainAway)
            await _keep(
                tx,
                Minter(
                    sender=before.sender,
                    failures=before.failures + 1,
                    away_since=(before.away_since or now) if is_away else None,
                    rest_until=now + rest,
                    fault=str(fault),
                ),
            )
        log.warning("Mints wait for the chain", reason=str(fault), seconds=rest.total_seconds())

    async def _has_reason(self) -> bool:
        async with self._database.read() as tx:
            return bool(await tx.all(OPEN, limit=1)) or await self._is_noted(tx)

    async def _is_noted(self, tx: Tx) -> bool:
        minter = await tx.one(MINTER, sender=self._right.sender)
        return minter is not None and minter.fault is not None

    async def _may_begin(self) -> bool:
        now = self._clock.now()
        async with self._database.write() as tx:
            minter = await tx.one(MINTER, sender=self._right.sender)
            if minter is not None and minter.rest_until is not None and now < minter.rest_until:
                return False
            return await self._right.take(tx, now)

    async def _work(self) -> None:
        try:
            await self.check_tokens()
            deadline = asyncio.get_running_loop().time() + self._patience.total_seconds()
            while await self._step() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 (a chain tells nobody anything)
                await asyncio.sleep(LOOK)
            await self._note_health()
        except (ChainAway, ChainUnfit) as fault:
            await self.note_fault(fault)
        except LeaseLost:
            log.info("Another process sends the mints now")
        finally:
            async with self._database.write() as tx:
                await self._right.give_back(tx)

    async def _note_health(self) -> None:
        async with self._database.write() as tx:
            if await self._is_noted(tx):
                await _keep(tx, Minter(sender=self._right.sender))

    async def _step(self) -> bool:
        """Look after everything once. Returns whether something is still under way."""
        chain_id = await self._chain.chain_id()
        async with self._database.read() as tx:
            if await tx.one(OPEN_ON_CHAIN, chain_id=chain_id) is None:
                return False
        # Read before anything else: what is found afterwards can only be newer.
        count, height = await self._chain.count(), await self._chain.height()
        for mint in await self._live(chain_id):
            await self._look_after(mint, count, height)
        await self._sign_what_waits(chain_id, count)
        return True

    async def _live(self, chain_id: int) -> Sequence[ChainMint]:
        async with self._database.read() as tx:
            return await tx.all(LIVE, chain_id=chain_id, sender=self._right.sender)

    async def _look_after(self, mint: ChainMint, count: int, height: int) -> None:
        async with self._database.read() as tx:
            signed = [each for each in await tx.all(TRANSACTIONS, mint_id=mint.id) if each.nonce == mint.nonce]
        for each in signed:
            receipt = await self._chain.receipt(each.tx_hash)
            if receipt is not None:
                if height - receipt.block + 1 >= (CONFIRMATIONS if receipt.succeeded else BURIED):
                    await self._settle(mint, each, succeeded=receipt.succeeded)
                return
        if count > signed[-1].nonce:
            await self._find_who_took(mint, {each.tx_hash for each in signed}, signed[-1].nonce, height)
        else:
            await self._keep_moving(mint, signed, is_next=count == mint.nonce)

    async def _settle(self, mint: ChainMint, mined: MintTransaction, *, succeeded: bool) -> None:
        async with self._database.write() as tx:
            await verbs.settle(tx, mined, succeeded=succeeded, now=self._clock.now())
        log.info("A mint is final", ref=mint.ref, tx_hash=mined.tx_hash, succeeded=succeeded)

    async def _find_who_took(self, mint: ChainMint, ours: set[str], nonce: int, height: int) -> None:
        """Look for a block that shows who used a nonce; that the node counts it as used is no proof."""
        found = await self._chain.user_of(nonce)
        if found is None:
            words = f"The node counts the nonce {nonce} as used, but no block shows by what"
        elif found[1] in ours:
            return
        elif height - found[0] + 1 < BURIED:
            words = f"The nonce {nonce} was used by {found[1]}; waiting until that is final"
        else:
            async with self._database.write() as tx:
                await verbs.give_up_nonce(tx, mint, found[1], now=self._clock.now())
            return
        await self._note_words(mint, words)

    async def _keep_moving(self, mint: ChainMint, signed: Sequence[MintTransaction], *, is_next: bool) -> None:
        """See that the node has the newest transaction of a mint, and make one that is stuck dearer."""
        newest, bumps = signed[-1], len(signed) - 1
        if not await self._chain.knows(newest.tx_hash):
            await self._submit(newest)
        elif mint.state is MintState.SIGNED:
            await self._mark_sent(newest)
        elif is_next and bumps < MOST_BUMPS and newest.signed_at + STUCK * 2**bumps <= self._clock.now():
            quote = await self._quote(call_of(mint)) or Quote(newest.gas, newest.fee, newest.tip)
            async with self._database.write() as tx:
                dearer = await verbs.replace_transaction(
                    tx, self._right, self._chain, mint, newest, quote, now=self._clock.now()
                )
            await self._submit(dearer)

    async def _sign_what_waits(self, chain_id: int, count: int) -> None:
        room = IN_FLIGHT - len(await self._live(chain_id))
        async with self._database.read() as tx:
            waiting = await tx.all(QUEUED, chain_id=chain_id, limit=room) if room > 0 else []
        for mint in waiting:
            try:
                quote = await self._chain.quote(call_of(mint))
            except ChainRefused as words:
                async with self._database.write() as tx:
                    await verbs.refuse_mint(tx, mint, f"The contract refuses the mint: {words}", now=self._clock.now())
                continue
            async with self._database.write() as tx:
                signed = await verbs.sign_mint(
                    tx, self._right, self._chain, mint, quote, count=count, now=self._clock.now()
                )
            if signed is not None:
                await self._submit(signed)
        if not waiting:
            await self._close_gap(chain_id, count)

    async def _close_gap(self, chain_id: int, count: int) -> None:
        """Fill the nonces that are missing before what is under way, which would otherwise wait for ever."""
        live = await self._live(chain_id)
        lowest = min((each.nonce for each in live if each.nonce is not None), default=count)
        async with self._database.read() as tx:
            missing = await free_nonce(tx, chain_id, self._right.sender, count)
        if missing >= lowest:
            return
        if lowest - missing > LARGEST_GAP:
            for mint in live:
                await self._note_words(mint, f"The chain is at nonce {count}, which is far before {lowest}")
            return
        quote = await self._chain.quote(Call(chain_id, None, self._right.sender, 0))
        for nonce in range(missing, min(lowest, missing + IN_FLIGHT)):
            async with self._database.write() as tx:
                filler = await verbs.fill_nonce(
                    tx, self._right, self._chain, chain_id, nonce, quote, now=self._clock.now()
                )
            await self._submit(filler)

    async def _quote(self, call: Call) -> Quote | None:
        try:
            return await self._chain.quote(call)
        except ChainRefused:
            return None

    async def _submit(self, signed: MintTransaction) -> None:
        try:
            await self._chain.submit(signed.raw)
        except ChainRefused as words:
            # Perhaps it has it already, perhaps the nonce is used: the next look at the chain tells.
            log.info("The node refuses a transaction", tx_hash=signed.tx_hash, words=str(words))
            async with self._database.write() as tx:
                await verbs.note_words(tx, signed.mint_id, f"The node says: {words}")
        else:
            await self._mark_sent(signed)

    async def _mark_sent(self, signed: MintTransaction) -> None:
        async with self._database.write() as tx:
            await verbs.mark_sent(tx, signed)

    async def _note_words(self, mint: ChainMint, words: str) -> None:
        if mint.said != words:
            async with self._database.write() as tx:
                await verbs.note_words(tx, mint.id, words)


async def _keep(tx: Tx, minter: Minter) -> None:
    await tx.run(FORGET_OTHERS, in_use=minter.sender)
    await tx.run(KEEP_MINTER, **{name: getattr(minter, name) for name in Minter.__struct_fields__})
