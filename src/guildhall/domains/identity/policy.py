"""Fetch and authorise in one step."""

from guildhall.core.actor import Actor, Credential
from guildhall.core.db import Tx
from guildhall.domains.identity.errors import AppNotFound, LastAdmin, MissingUserId, UserNotFound
from guildhall.domains.identity.models import ADMIN_ROLES, App, User
from guildhall.domains.identity.queries import ADMINS, APP, USER, USER_LOCKED, user_by_alias, user_known_as

MASTER = Credential.MASTER_KEY | Credential.MASTER_KEY_FOR_USER


async def access_self(tx: Tx, actor: Actor, *, to_change: bool = False) -> User:
    """Return the person who acts; `to_change` locks their row. Raises MissingUserId when the actor is no person."""
    user = None if actor.user_id is None else await tx.one(USER_LOCKED if to_change else USER, id=actor.user_id)
    if user is None:
        raise MissingUserId
    return user


async def access_user(tx: Tx, actor: Actor, name: str, *, to_change: bool = False) -> User:
    """Return a person by public id, or by the id that the caller's provider gives them. Raises UserNotFound.

    `to_change` locks their row until the transaction ends.
    """
    by_alias = actor.provider is None
    user = await (user_by_alias(tx, name) if by_alias else user_known_as(tx, name, provider=str(actor.provider)))
    if user is not None and to_change:
        user = await tx.one(USER_LOCKED, id=user.id)
    if user is None:
        raise UserNotFound
    return user


async def access_app(tx: Tx, actor: Actor, app_id: str) -> App:
    """Return an app that is not revoked, for those who manage apps. Raises AppNotFound."""
    app = await tx.one(APP, id=app_id) if actor.may("apps.manage") else None
    if app is None:
        raise AppNotFound
    return app


async def check_admin_remains(tx: Tx, actor: Actor, user: User) -> None:
    """Refuse to let an administrator remove the last one. The rows stay locked: two cannot remove each other."""
    admins = set(await tx.all(ADMINS))
    if admins <= {user.id} and not actor.method & MASTER:
        raise LastAdmin


def holds_admin(roles: list[str]) -> bool:
    """Tell whether one of these roles administers the house."""
    return not ADMIN_ROLES.isdisjoint(roles)
