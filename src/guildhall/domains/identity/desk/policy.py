"""Fetch and authorise in one step."""

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.domains.identity.desk.errors import GrantNotFound, IntegrationKeyNotFound
from guildhall.domains.identity.desk.models import Grant, IntegrationKey
from guildhall.domains.identity.desk.queries import GRANT_LOCKED, KEY_LOCKED
from guildhall.domains.identity.grants import CannotGrant
from guildhall.domains.identity.permissions import Permission

LARGEST_ID = 2**63 - 1


async def access_grant(tx: Tx, actor: Actor, grant_id: int) -> Grant:
    """Return a grant for whoever may take it; its row stays locked. Raises GrantNotFound, CannotGrant."""
    found = await tx.one(GRANT_LOCKED, id=grant_id) if 0 < grant_id <= LARGEST_ID else None
    if found is None or not actor.may(Permission.MANAGE_DESK_GRANTS):
        raise GrantNotFound
    check_may_give(actor, found.permission)
    return found


def check_may_give(actor: Actor, permission: Permission) -> None:
    """Refuse to let somebody give or take what they do not hold themselves. Raises CannotGrant."""
    if not actor.may(permission):
        raise CannotGrant


async def access_integration_key(tx: Tx, actor: Actor, key_id: int) -> IntegrationKey:
    """Return a key for those who manage them; its row stays locked. Raises IntegrationKeyNotFound."""
    found = await tx.one(KEY_LOCKED, id=key_id) if 0 < key_id <= LARGEST_ID else None
    if found is None or not actor.may(Permission.MANAGE_DESK_KEYS):
        raise IntegrationKeyNotFound
    return found
