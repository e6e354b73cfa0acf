"""Permissions beside those of roles, and the names by which other systems know a person."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.core.errors import Conflict, Forbidden, InvalidField
from guildhall.domains import audit
from guildhall.domains.identity import names
from guildhall.domains.identity.models import Identity, User, UserGrant, identities, user_grants
from guildhall.domains.identity.permissions import Permission
from guildhall.domains.identity.queries import GRANTS, IDENTITIES

DISCORD: Final = "discord"
"""The provider whose ids are those of Discord's users."""

CLEAR_GRANTS = command(delete(user_grants).where(user_grants.c.user_id == bindparam("holder")))
UNLINK = command(
    delete(identities).where(
        identities.c.provider == bindparam("system"),
        identities.c.external_id == bindparam("known_as"),
        identities.c.user_id == bindparam("owner"),
    )
)


class CannotGrant(Forbidden):
    """Nobody gives or takes a permission that they do not hold themselves."""

    code = "cannot_grant"
    text = "You can only give and take permissions that you hold yourself"


class IdentityTaken(Conflict):
    """Another person is already linked to this name."""

    code = "identity_taken"
    text = "Somebody else is already linked to this account"


async def set_grants(tx: Tx, actor: Actor, user: User, wanted: Sequence[str], *, now: datetime) -> list[str]:
    """Replace the permissions a person holds beside their roles. Raises InvalidField, CannotGrant."""
    unknown = sorted(set(wanted) - set(Permission))
    if unknown:
        raise InvalidField(f"There is no permission {unknown[0]!r}", field="permissions")
    held = await tx.all(GRANTS, user_id=user.id)
    if any(not actor.may(permission) for permission in set(held) ^ set(wanted)):
        raise CannotGrant
    await tx.run(CLEAR_GRANTS, holder=user.id)
    kept = sorted(set(wanted))
    for permission in kept:
        await tx.insert(UserGrant(user.id, permission))
    await audit.record(tx, actor, "user.grants_set", user.id, now=now, before=sorted(held), after=kept)
    return kept


async def grants_of(tx: Tx, user_id: str) -> list[str]:
    """Return the permissions a person holds beside those of their roles."""
    return await tx.all(GRANTS, user_id=user_id)


async def link_identity(
    tx: Tx, actor: Actor, user: User, *, provider: str, external_id: str, label: str | None = None, now: datetime
) -> Identity:
    """Let a provider's id name this person; `label` is how they are called there.

    Raises InvalidField, InvalidUserId, IdentityTaken.
    """
    if not names.ROLE.fullmatch(provider):
        raise InvalidField("provider is a word of small letters, digits, _ and -", field="provider")
    linked = Identity(provider, names.valid_user_id(external_id).removeprefix("u_"), user.id, now, label)
    await tx.insert(linked, clash=IdentityTaken)
    await audit.record(tx, actor, "user.linked", user.id, now=now, provider=provider, external_id=linked.external_id)
    return linked


async def unlink_identity(tx: Tx, actor: Actor, user: User, *, provider: str, external_id: str, now: datetime) -> None:
    """Let a provider's id no longer name this person; one that does not is fine."""
    if await tx.run(UNLINK, system=provider, known_as=external_id, owner=user.id):
        await audit.record(tx, actor, "user.unlinked", user.id, now=now, provider=provider, external_id=external_id)


async def identities_of(tx: Tx, user_id: str) -> list[Identity]:
    """Return the names by which other systems know a person."""
    return await tx.all(IDENTITIES, user_id=user_id)
