"""Keys of other systems: list, create, revoke, delete."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, ClassVar

import msgspec

from guildhall.core.actor import Actor
from guildhall.core.clock import Clock
from guildhall.core.db import Tx
from guildhall.core.errors import Invalid, InvalidField, MissingField
from guildhall.dialects.rustmail.wire import REFUSED, REFUSED_TO_WRITE, SESSION, Success, epoch, epoch_or_none
from guildhall.domains.identity import Permission, desk
from guildhall.domains.identity.desk import KeyScope, ShownIntegrationKey
from guildhall.domains.identity.desk.errors import (
    IntegrationKeyNotFound,
    InvalidExpiry,
    InvalidName,
    InvalidPermission,
)
from guildhall.web.bodies import Body, number_in_path
from guildhall.web.routing import route

MANAGE = Permission.MANAGE_DESK_KEYS
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time that knows its offset."""


class ApiKeyCreate(Body, frozen=True, kw_only=True):
    """A key to make; `expires_at` is in seconds since 1970 or RFC 3339, never when absent."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = {
        "name": InvalidName,
        "permissions": InvalidPermission,
        "expires_at": InvalidExpiry,
    }

    name: str
    permissions: list[KeyScope]
    expires_at: int | str | None = None

    @property
    def end(self) -> datetime | None:
        """When the key ends. Raises InvalidExpiry for what is no time."""
        try:
            if isinstance(self.expires_at, int):
                return datetime.fromtimestamp(self.expires_at, UTC)
            return None if self.expires_at is None else msgspec.convert(self.expires_at, Moment).astimezone(UTC)
        except (ValueError, OverflowError, OSError) as fault:
            raise InvalidExpiry(field="expires_at") from fault


class ApiKeyReply(msgspec.Struct, frozen=True, kw_only=True):
    """A key without its value."""

    id: int
    name: str
    permissions: list[KeyScope]
    created_at: int
    expires_at: int | None
    last_used_at: int | None
    is_active: bool
    key_preview: str
    created_by: str | None

    @classmethod
    def of(cls, key: ShownIntegrationKey, now: datetime) -> "ApiKeyReply":
        """Show a key."""
        return cls(
            id=key.id,
            name=key.name,
            permissions=key.scopes,
            created_at=epoch(key.created_at),
            expires_at=epoch_or_none(key.expires_at),
            last_used_at=epoch_or_none(key.last_used_at),
            is_active=key.is_active(now),
            key_preview=f"{key.preview}…",
            created_by=key.created_by,
        )


class ApiKeyList(msgspec.Struct, frozen=True):
    """Every key."""

    keys: list[ApiKeyReply]


class ApiKeyCreated(msgspec.Struct, frozen=True, kw_only=True):
    """A new key with its value, which cannot be read again."""

    id: int
    key: str
    name: str
    api_key: str
    permissions: list[KeyScope]
    created_at: int
    expires_at: int | None


@route("GET", "/api/apikeys", permission=MANAGE, accepts=SESSION, refusals=REFUSED)
async def list_api_keys(tx: Tx, clock: Clock) -> ApiKeyList:
    """List keys, newest first."""
    return ApiKeyList([ApiKeyReply.of(each, clock.now()) for each in await desk.list_integration_keys(tx)])


@route(
    "POST", "/api/apikeys", permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, InvalidName, InvalidPermission, InvalidExpiry, MissingField, InvalidField),
)  # fmt: skip
async def create_api_key(data: ApiKeyCreate, tx: Tx, actor: Actor, clock: Clock) -> ApiKeyCreated:
    """Make a key and show it this once."""
    key, value = await desk.create_integration_key(
        tx, actor, name=data.name, scopes=data.permissions, expires_at=data.end, now=clock.now()
    )
    return ApiKeyCreated(
        id=key.id,
        key=value,
        name=key.name,
        api_key=value,
        permissions=key.scopes,
        created_at=epoch(key.created_at),
        expires_at=epoch_or_none(key.expires_at),
    )


@route(
    "POST", "/api/apikeys/{key_id}/revoke", permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, IntegrationKeyNotFound),
)  # fmt: skip
async def revoke_api_key(key_id: str, tx: Tx, actor: Actor, clock: Clock) -> Success:
    """Switch a key off for good; the next call with it answers 401."""
    await desk.revoke_integration_key(tx, actor, number_in_path(key_id), now=clock.now())
    return Success()


@route(
    "DELETE", "/api/apikeys/{key_id}", permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, IntegrationKeyNotFound),
)  # fmt: skip
async def delete_api_key(key_id: str, tx: Tx, actor: Actor, clock: Clock) -> Success:
    """Remove a key."""
    await desk.delete_integration_key(tx, actor, number_in_path(key_id), now=clock.now())
    return Success()
