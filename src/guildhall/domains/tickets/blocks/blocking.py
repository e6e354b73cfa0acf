"""Blocking, and lifting a block."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, delete
from sqlalchemy.dialects.postgresql import insert

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command, query
from guildhall.core.errors import InvalidField
from guildhall.domains import audit
from guildhall.domains.identity.desk import SubjectKind
from guildhall.domains.identity.desk.errors import InvalidSubject
from guildhall.domains.identity.desk.granting import SNOWFLAKE
from guildhall.domains.tickets.blocks.models import ANY_CATEGORY, Block, ticket_blocks
from guildhall.domains.tickets.categories.queries import CATEGORY
from guildhall.domains.tickets.errors import CategoryNotFound, InvalidTime

LONGEST_REASON: Final = 500
LONGEST_BLOCK: Final = timedelta(days=365)

_key = ("subject_id", "subject_kind", "category_id")
_new = insert(ticket_blocks).values(
    {column.name: bindparam(column.name, type_=column.type) for column in ticket_blocks.columns if column.name != "id"}
)
BLOCK = query(
    Block,
    _new.on_conflict_do_update(
        index_elements=[ticket_blocks.c[name] for name in _key],
        set_={name: _new.excluded[name] for name in ("reason", "notify", "created_by", "created_at", "expires_at")},
    ).returning(*ticket_blocks.columns),
)
LIFT = command(delete(ticket_blocks).where(ticket_blocks.c.id == bindparam("block")))


async def block(
    tx: Tx,
    actor: Actor,
    *,
    subject_kind: SubjectKind,
    subject_id: str,
    category_id: str | None = None,
    reason: str | None = None,
    notify: bool = True,
    expires_at: datetime | None = None,
    now: datetime,
) -> Block:
    """Keep a user, or everybody with a role, from writing to the desk, or from one category of it.

    The same subject blocked again has one block, as it was said last. Raises InvalidSubject, InvalidTime unless it
    ends within a year from now, InvalidField for a reason over 500 characters, CategoryNotFound.
    """
    reason = (reason or "").strip() or None
    if not SNOWFLAKE.fullmatch(subject_id):
        raise InvalidSubject(field="subject_id")
    if expires_at is not None and not now < expires_at <= now + LONGEST_BLOCK:
        raise InvalidTime(field="expires_at")
    if len(reason or "") > LONGEST_REASON:
        raise InvalidField(f"A reason has at most {LONGEST_REASON} characters", field="reason")
    if category_id is not None and await tx.one(CATEGORY, id=category_id) is None:
        raise CategoryNotFound
    made = await tx.one(
        BLOCK,
        subject_kind=subject_kind.value,
        subject_id=str(int(subject_id)),
        category_id=category_id or ANY_CATEGORY,
        reason=reason,
        notify=notify,
        created_by=actor.user_id,
        created_at=now,
        expires_at=expires_at,
    )
    if made is None:
        raise LookupError("a block that was just put there is gone")
    await audit.record(tx, actor, "block.made", str(made.id), now=now, **_details(made))
    return made


async def lift_block(tx: Tx, actor: Actor, lifted: Block, *, now: datetime) -> None:
    """Let a subject write again; the block is locked."""
    await tx.run(LIFT, block=lifted.id)
    await audit.record(tx, actor, "block.lifted", str(lifted.id), now=now, **_details(lifted))


def _details(told: Block) -> dict[str, object]:
    return {
        "subject_type": told.subject_kind.value,
        "subject_id": told.subject_id,
        "category_id": told.only_category,
        "reason": told.reason,
        "expires_at": told.expires_at,
    }
