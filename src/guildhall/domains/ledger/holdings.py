"""What wallets hold: asked of the chain now and then, and kept as it was last seen."""

import asyncio
from datetime import datetime, timedelta

from sqlalchemy.dialects.postgresql import insert

from guildhall.core.db import Database, command
from guildhall.core.log import get_logger
from guildhall.domains.ledger.mint_models import SeenBalance, wallet_balances
from guildhall.domains.ledger.port import Chain, ChainAway
from guildhall.domains.ledger.queries import SEEN, TOKENS

log = get_logger(__name__)

FRESH = timedelta(seconds=10)
ANSWERS_WITHIN = 3.0
"""Seconds. Whoever wants to see their balance waits no longer for a chain; they see what was seen last."""

# Both engines understand the PostgreSQL form of an insert that turns into an update.
_new = insert(wallet_balances)
KEEP = command(
    _new.on_conflict_do_update(
        index_elements=[wallet_balances.c.chain_id, wallet_balances.c.contract, wallet_balances.c.holder],
        set_={"units": _new.excluded.units, "seen_at": _new.excluded.seen_at},
    )
)


async def refresh_balances(database: Database, chain: Chain, wallet: str, *, now: datetime) -> None:
    """Ask the chain what a wallet holds, unless that was done just now. A chain that is away changes nothing.

    To be called outside every transaction: nobody else should wait for a chain.
    """
    async with database.read() as tx:
        tokens = [each for each in await tx.all(TOKENS) if each.contract is not None]
        seen = {each.contract: each for each in await tx.all(SEEN, holder=wallet)}
    stale = [each for each in tokens if not _is_fresh(seen.get(str(each.contract)), now)]
    try:
        async with asyncio.timeout(ANSWERS_WITHIN):
            held = [await chain.holding(str(each.contract), wallet) for each in stale]
    except (ChainAway, TimeoutError) as fault:
        log.info("The chain does not tell a balance", reason=str(fault) or "no answer in time")
        return
    if stale:
        async with database.write() as tx:
            for token, units in zip(stale, held, strict=True):
                await tx.run(
                    KEEP,
                    chain_id=token.chain_id,
                    contract=token.contract,
                    holder=wallet,
                    units=str(units),
                    seen_at=now,
                )


def _is_fresh(seen: SeenBalance | None, now: datetime) -> bool:
    return seen is not None and now - seen.seen_at < FRESH
