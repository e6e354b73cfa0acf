"""Idempotency keys: the same call again gets the same answer, and nothing happens twice.

The key is claimed by a unique row in the transaction that does the work, so a second call waits for the first by the
database's own means and then finds its answer. Answers are sealed, because some hold a secret that is shown once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Column, Index, Integer, Table, Text, bindparam, delete, select, update

from guildhall.core.crypto import SecretBox
from guildhall.core.db import Tx, UtcTime, command, insert_if_new, metadata, query
from guildhall.core.errors import Conflict

KEPT = timedelta(hours=24)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("sealed_answer", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Index("ix_idempotency_keys_created_at", "created_at"),
)


class IdempotencyKeyReused(Conflict):
    """The key was used before with another body."""

    code = "idempotency_key_reused"
    text = "This Idempotency-Key was used before with another request"


class Claim(msgspec.Struct, frozen=True):
    """Who calls what with which key, as one hash, and a fingerprint of the request."""

    scope: str
    fingerprint: str


@dataclass(frozen=True)
class Kept:
    """The answer that a key has already: an HTTP status and a body."""

    status: int
    body: str


class KeptAnswer(msgspec.Struct, frozen=True):
    """The stored row of a key."""

    fingerprint: str
    status: int
    sealed_answer: str
    created_at: datetime


CLAIM = insert_if_new(idempotency_keys)
FORGET_EXPIRED_CLAIM = command(
    delete(idempotency_keys).where(
        idempotency_keys.c.scope == bindparam("key"), idempotency_keys.c.created_at <= bindparam("expired")
    )
)
KEPT_ANSWER = query(
    KeptAnswer,
    select(*(idempotency_keys.c[name] for name in KeptAnswer.__struct_fields__)).where(
        idempotency_keys.c.scope == bindparam("key")
    ),
)
KEEP = command(
    update(idempotency_keys)
    .where(idempotency_keys.c.scope == bindparam("key"))
    .values(status=bindparam("answer_status"), sealed_answer=bindparam("answer"))
)
RELEASE = command(delete(idempotency_keys).where(idempotency_keys.c.scope == bindparam("key")))
FORGET = command(delete(idempotency_keys).where(idempotency_keys.c.created_at <= bindparam("expired")))


async def kept(tx: Tx, wanted: Claim, *, box: SecretBox, now: datetime) -> Kept | None:
    """Return the answer that a key has already, and claim nothing. Raises IdempotencyKeyReused."""
    found = await tx.one(KEPT_ANSWER, key=wanted.scope)
    if found is None or found.created_at <= now - KEPT:
        return None
    return _opened(found, wanted, box)


async def claim(tx: Tx, wanted: Claim, *, box: SecretBox, now: datetime) -> Kept | None:
    """Claim a key, or return the answer that it has already. Raises IdempotencyKeyReused."""
    await tx.run(FORGET_EXPIRED_CLAIM, key=wanted.scope, expired=now - KEPT)
    mine = await tx.run(
        CLAIM, scope=wanted.scope, fingerprint=wanted.fingerprint, status=0, sealed_answer="", created_at=now
    )
    if mine:
        return None
    found = await tx.one(KEPT_ANSWER, key=wanted.scope)
    if found is None:
        raise LookupError("a claimed idempotency key vanished within its own transaction")
    return _opened(found, wanted, box)


def _opened(found: KeptAnswer, wanted: Claim, box: SecretBox) -> Kept:
    if found.fingerprint != wanted.fingerprint:
        raise IdempotencyKeyReused
    return Kept(found.status, box.decrypt(found.sealed_answer, place=wanted.scope))


async def release(tx: Tx, claimed: Claim) -> None:
    """Let a key be used again, because what it was used for was undone."""
    await tx.run(RELEASE, key=claimed.scope)


async def keep(tx: Tx, claimed: Claim, answer: Kept, *, box: SecretBox) -> None:
    """Keep the answer to a claimed key."""
    sealed = box.encrypt(answer.body, place=claimed.scope)
    await tx.run(KEEP, key=claimed.scope, answer_status=answer.status, answer=sealed)


async def forget_expired(tx: Tx, *, now: datetime) -> int:
    """Remove answers that are older than a day."""
    return await tx.run(FORGET, expired=now - KEPT)
