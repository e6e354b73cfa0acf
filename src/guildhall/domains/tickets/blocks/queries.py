"""Reading blocks."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, or_, select, text
from sqlalchemy.sql.elements import ColumnElement

from guildhall.core.db import JsonDoc, Tx, UtcTime, query
from guildhall.domains.tickets.blocks.matching import strongest
from guildhall.domains.tickets.blocks.models import ANY_CATEGORY, Block, ticket_blocks
from guildhall.domains.tickets.categories.models import ticket_categories

_in_force: ColumnElement[bool] = or_(
    ticket_blocks.c.expires_at.is_(None), ticket_blocks.c.expires_at > bindparam("now", type_=UtcTime)
)
# A block for a category that was deleted stops nobody.
_has_place = or_(
    ticket_blocks.c.category_id == ANY_CATEGORY,
    select(ticket_categories.c.id)
    .where(ticket_categories.c.id == ticket_blocks.c.category_id, ticket_categories.c.deleted_at.is_(None))
    .exists(),
)
_listed = select(ticket_blocks).where(_in_force, _has_place).order_by(ticket_blocks.c.id.desc())
BLOCKS = query(Block, _listed)
BLOCKS_OF = query(Block, _listed.where(ticket_blocks.c.subject_id == bindparam("subject")))
BLOCK_LOCKED = query(Block, select(ticket_blocks).where(ticket_blocks.c.id == bindparam("id")).with_for_update())

# Lists come as one JSON parameter, because a statement has a fixed number of them.
_one_of_subjects = {
    "postgresql": text("ticket_blocks.subject_id = ANY(ARRAY(SELECT jsonb_array_elements_text(:subjects)))"),
    "sqlite": text("ticket_blocks.subject_id IN (SELECT value FROM json_each(:subjects))"),
}
BLOCKS_ON = {
    engine: query(
        Block, select(ticket_blocks).where(_in_force, one_of.bindparams(bindparam("subjects", type_=JsonDoc)))
    )
    for engine, one_of in _one_of_subjects.items()
}


async def list_blocks(tx: Tx, *, now: datetime, subject_id: str | None = None) -> list[Block]:
    """Return the blocks that are in force, of one subject or of all, newest first."""
    if subject_id is None:
        return await tx.all(BLOCKS, now=now)
    return await tx.all(BLOCKS_OF, now=now, subject=subject_id)


async def block_of(
    tx: Tx, *, user_id: str, role_ids: Collection[str], category_id: str | None = None, now: datetime
) -> Block | None:
    """Return what stops a user of Discord with these roles from writing, None when nothing does.

    `category_id` is None before one is chosen: then only blocks for the whole desk count.
    """
    subjects = sorted({user_id, *role_ids})
    found = await tx.all(BLOCKS_ON[tx.engine], now=now, subjects=subjects)
    return strongest(found, user_id=user_id, role_ids=frozenset(role_ids), category_id=category_id, now=now)
