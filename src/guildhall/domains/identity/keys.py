"""API keys: a person's key with a list of permissions, kept as a hash."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, update

from guildhall.core import ids
from guildhall.core.actor import Actor, ActorKind, Credential
from guildhall.core.crypto import digest
from guildhall.core.db import Tx, command
from guildhall.core.errors import InvalidField
from guildhall.domains import audit
from guildhall.domains.identity import names
from guildhall.domains.identity.errors import KeyNotFound
from guildhall.domains.identity.models import ApiKey, User, api_keys
from guildhall.domains.identity.permissions import permissions_of
from guildhall.domains.identity.queries import API_KEY_BY_HASH, API_KEYS_OF, GRANTS, USER, roles_of

KEY_PREFIX = "gh_key_"
LONGEST_NAME = 64
PREVIEW = 12

REVOKE = command(
    update(api_keys)
    .where(
        api_keys.c.id == bindparam("key_id"), api_keys.c.user_id == bindparam("owner"), api_keys.c.revoked_at.is_(None)
    )
    .values(revoked_at=bindparam("at"))
)


async def create_key(
    tx: Tx, actor: Actor, user: User, *, name: str, permissions: Sequence[str], now: datetime
) -> tuple[ApiKey, str]:
    """Make a key for a person and return it with its value, which is never readable again.

    Raises InvalidField for a permission that the maker does not hold: a key never carries more than its maker.
    """
    for permission in permissions:
        if not actor.may(permission):
            raise InvalidField(f"You do not hold the permission {permission!r} yourself", field="permissions")
    value = KEY_PREFIX + ids.base62(40)
    key = ApiKey(
        id=ids.ulid(),
        user_id=user.id,
        name=names.clean_name(name, longest=LONGEST_NAME, field="name"),
        key_hash=digest(value),
        preview=value[:PREVIEW],
        permissions=sorted(set(permissions)),
        created_at=now,
    )
    await tx.insert(key)
    await audit.record(tx, actor, "api_key.created", key.id, now=now, name=key.name, permissions=key.permissions)
    return key, value


async def revoke_key(tx: Tx, actor: Actor, key_id: str, *, now: datetime) -> None:
    """End a key of the person who acts. Raises KeyNotFound."""
    if not await tx.run(REVOKE, key_id=key_id, owner=actor.user_id, at=now):
        raise KeyNotFound
    await audit.record(tx, actor, "api_key.revoked", key_id, now=now)


async def keys_of(tx: Tx, user_id: str) -> list[ApiKey]:
    """Return a person's live keys."""
    return await tx.all(API_KEYS_OF, user_id=user_id)


async def actor_with_key(tx: Tx, value: str, *, ip: str | None) -> Actor | None:
    """Return who acts with this key: its owner, within the key's permissions and what the owner still holds."""
    key = await tx.one(API_KEY_BY_HASH, hash=digest(value))
    user = None if key is None else await tx.one(USER, id=key.user_id)
    if key is None or user is None or user.disabled_at is not None:
        return None
    roles = await roles_of(tx, user.id)
    held = permissions_of(Credential.API_KEY, roles, await tx.all(GRANTS, user_id=user.id))
    allowed = frozenset(held.intersection(key.permissions))
    return Actor(ActorKind.USER, Credential.API_KEY, user.id, roles=frozenset(roles), permissions=allowed, ip=ip)
