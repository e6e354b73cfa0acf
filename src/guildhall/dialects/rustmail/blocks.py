"""Blocks: list those in force, block, lift."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, ClassVar

import msgspec

from guildhall.core.actor import Actor
from guildhall.core.clock import Clock
from guildhall.core.db import Tx
from guildhall.core.errors import Invalid, InvalidField, MissingField
from guildhall.dialects.rustmail.authors import authors_of
from guildhall.dialects.rustmail.wire import REFUSED, REFUSED_TO_WRITE, SESSION, Success, utc
from guildhall.domains.identity import Permission
from guildhall.domains.identity.desk import SubjectKind
from guildhall.domains.identity.desk.errors import InvalidSubject
from guildhall.domains.tickets import blocks
from guildhall.domains.tickets.blocks import Block
from guildhall.domains.tickets.blocks.errors import BlockNotFound
from guildhall.domains.tickets.errors import CategoryNotFound, InvalidTime
from guildhall.web.bodies import Body, QueryString, number_in_path
from guildhall.web.routing import route

MANAGE = Permission.MANAGE_BLOCKS


class BlockCreate(Body, frozen=True, kw_only=True):
    """Whom to block. Without an end the block lasts until it is lifted, without a category it is for the whole desk."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = {
        "subject_type": InvalidSubject,
        "subject_id": InvalidSubject,
        "expires_at": InvalidTime,
    }

    subject_type: SubjectKind
    subject_id: str
    reason: str | None = None
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    notify: bool = True
    category_id: str | None = None


class BlockQuery(QueryString, frozen=True, kw_only=True):
    """Which blocks to list."""

    subject_id: str | None = None


class BlockReply(msgspec.Struct, frozen=True, kw_only=True):
    """A block."""

    id: int
    subject_type: SubjectKind
    subject_id: str
    reason: str | None
    created_by: str
    created_at: str
    expires_at: str | None
    notify: bool
    category_id: str | None


class BlockList(msgspec.Struct, frozen=True):
    """Blocks in force."""

    blocks: list[BlockReply]


@route("GET", "/api/blocks", permission=Permission.VIEW_TICKETS, accepts=SESSION, refusals=REFUSED)
async def list_blocks(query: BlockQuery, tx: Tx, clock: Clock) -> BlockList:
    """List blocks that are in force, newest first."""
    return BlockList(await _shown(tx, await blocks.list_blocks(tx, subject_id=query.subject_id, now=clock.now())))


@route(
    "POST", "/api/blocks", permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, InvalidSubject, InvalidTime, CategoryNotFound, MissingField, InvalidField),
)  # fmt: skip
async def create_block(data: BlockCreate, tx: Tx, actor: Actor, clock: Clock) -> BlockReply:
    """Keep a user or role from writing to the desk."""
    made = await blocks.block(
        tx,
        actor,
        subject_kind=data.subject_type,
        subject_id=data.subject_id,
        category_id=data.category_id,
        reason=data.reason,
        notify=data.notify,
        expires_at=data.expires_at and data.expires_at.astimezone(UTC),
        now=clock.now(),
    )
    return (await _shown(tx, [made]))[0]


@route(
    "DELETE", "/api/blocks/{block_id}", permission=MANAGE, accepts=SESSION, refusals=(*REFUSED_TO_WRITE, BlockNotFound)
)
async def delete_block(block_id: str, tx: Tx, actor: Actor, clock: Clock) -> Success:
    """Lift a block."""
    found = await blocks.access_block(tx, actor, number_in_path(block_id))
    await blocks.lift_block(tx, actor, found, now=clock.now())
    return Success()


async def _shown(tx: Tx, found: list[Block]) -> list[BlockReply]:
    authors = await authors_of(tx, (each.created_by for each in found))
    return [
        BlockReply(
            id=each.id,
            subject_type=each.subject_kind,
            subject_id=each.subject_id,
            reason=each.reason,
            created_by=authors[each.created_by],
            created_at=utc(each.created_at),
            expires_at=utc(each.expires_at) if each.expires_at else None,
            notify=each.notify,
            category_id=each.only_category,
        )
        for each in found
    ]
