"""Fetch and authorise in one step."""

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.domains.identity import Permission
from guildhall.domains.tickets.blocks.errors import BlockNotFound
from guildhall.domains.tickets.blocks.models import Block
from guildhall.domains.tickets.blocks.queries import BLOCK_LOCKED


async def access_block(tx: Tx, actor: Actor, block_id: int) -> Block:
    """Return a block for those who manage them; its row stays locked. Raises BlockNotFound."""
    found = await tx.one(BLOCK_LOCKED, id=block_id)
    if found is None or not actor.may(Permission.MANAGE_BLOCKS):
        raise BlockNotFound
    return found
