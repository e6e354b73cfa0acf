"""The keys of other systems: shown once, kept as a hash, ended for good."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, or_, update

from guildhall.core.actor import Actor, ActorKind, Credential
from guildhall.core.crypto import digest
from guildhall.core.db import Database, Tx, command
from guildhall.core.errors import InvalidField
from guildhall.domains import audit
from guildhall.domains.identity import names
from guildhall.domains.identity.apps import TOUCH_EVERY, wants_touch
from guildhall.domains.identity.desk.errors import (
    IntegrationKeyExpired,
    IntegrationKeyRevoked,
    InvalidExpiry,
    InvalidName,
    InvalidPermission,
    WrongIntegrationKey,
)
from guildhall.domains.identity.desk.models import IntegrationKey, KeyScope, NewIntegrationKey, integration_keys
from guildhall.domains.identity.desk.policy import access_integration_key
from guildhall.domains.identity.desk.queries import KEY, KEY_BY_HASH
from guildhall.domains.identity.permissions import lent

KEY_PREFIX: Final = "rustmail_"
ACTS_AS: Final = "key:"
SECRET_BYTES: Final = 32
LONGEST_NAME: Final = 100

_of_key = integration_keys.c.id == bindparam("key_id")
REVOKE = command(update(integration_keys).where(_of_key).values(revoked_at=bindparam("at")))
DELETE = command(delete(integration_keys).where(_of_key))
TOUCH = command(
    update(integration_keys)
    .where(
        _of_key,
        or_(integration_keys.c.last_used_at.is_(None), integration_keys.c.last_used_at <= bindparam("unless_since")),
    )
    .values(last_used_at=bindparam("at"))
)


async def create_integration_key(
    tx: Tx, actor: Actor, *, name: str, scopes: Sequence[KeyScope], expires_at: datetime | None, now: datetime
) -> tuple[IntegrationKey, str]:
    """Make a key and return it with its value, which is never readable again.

    Raises InvalidName, InvalidPermission without a scope or with one twice, InvalidExpiry.
    """
    if not scopes or len(set(scopes)) != len(scopes):
        raise InvalidPermission(field="permissions")
    if expires_at is not None and expires_at <= now:
        raise InvalidExpiry(field="expires_at")
    value = KEY_PREFIX + secrets.token_hex(SECRET_BYTES)
    new = NewIntegrationKey(
        name=_valid_name(name),
        key_hash=digest(value),
        scopes=list(scopes),
        created_by=actor.user_id,
        created_at=now,
        expires_at=expires_at,
    )
    await tx.insert(new)
    key = await tx.one(KEY_BY_HASH, hash=new.key_hash)
    if key is None:
        raise LookupError("a key that was just there is gone")
    await audit.record(
        tx, actor, "integration_key.created", str(key.id), now=now, name=key.name, permissions=list(key.scopes)
    )
    return key, value


async def revoke_integration_key(tx: Tx, actor: Actor, key_id: int, *, now: datetime) -> None:
    """End a key for good, and keep it in the list; one that is ended stays so. Raises IntegrationKeyNotFound."""
    key = await access_integration_key(tx, actor, key_id)
    if key.revoked_at is None:
        await tx.run(REVOKE, key_id=key.id, at=now)
        await audit.record(tx, actor, "integration_key.revoked", str(key.id), now=now, name=key.name)


async def delete_integration_key(tx: Tx, actor: Actor, key_id: int, *, now: datetime) -> None:
    """Remove a key; the audit log keeps its name. Raises IntegrationKeyNotFound."""
    key = await access_integration_key(tx, actor, key_id)
    await tx.run(DELETE, key_id=key.id)
    await audit.record(tx, actor, "integration_key.deleted", str(key.id), now=now, name=key.name)


async def actor_with_integration_key(database: Database, value: str, *, ip: str | None, now: datetime) -> Actor:
    """Return the system that acts with this key; that it was used is remembered to the minute.

    Raises WrongIntegrationKey, IntegrationKeyRevoked, IntegrationKeyExpired.
    """
    async with database.read() as tx:
        key = await tx.one(KEY_BY_HASH, hash=digest(value))
    if key is None:
        raise WrongIntegrationKey
    if key.revoked_at is not None:
        raise IntegrationKeyRevoked
    if not key.is_active(now):
        raise IntegrationKeyExpired
    if wants_touch(key.last_used_at, now):
        async with database.write() as tx:
            await tx.run(TOUCH, key_id=key.id, at=now, unless_since=now - TOUCH_EVERY)
    return Actor(
        ActorKind.APP,
        Credential.INTEGRATION_KEY,
        app_id=f"{ACTS_AS}{key.id}",
        permissions=lent(Credential.INTEGRATION_KEY, key.permissions),
        ip=ip,
    )


async def key_of(tx: Tx, actor: Actor) -> IntegrationKey:
    """Return the key that another system acts with. Raises WrongIntegrationKey when it was deleted meanwhile."""
    key = await tx.one(KEY, id=int((actor.app_id or "").removeprefix(ACTS_AS)))
    if key is None:
        raise WrongIntegrationKey
    return key


def _valid_name(text: str) -> str:
    try:
        return names.clean_name(text, longest=LONGEST_NAME, field="name")
    except InvalidField as fault:
        raise InvalidName(field="name") from fault
