"""People: made on first contact, linked, renamed, given roles."""

import contextlib
import secrets
from datetime import datetime

from sqlalchemy import bindparam, delete, update

from guildhall.core import ids
from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.core.errors import Conflict, InvalidField
from guildhall.domains import audit
from guildhall.domains.identity import names
from guildhall.domains.identity.errors import NameTaken
from guildhall.domains.identity.models import (
    Identity,
    NewUser,
    User,
    UserRole,
    search_text,
    user_roles,
    users,
)
from guildhall.domains.identity.policy import check_admin_remains, holds_admin
from guildhall.domains.identity.queries import USER, USER_LOCKED, roles_of, user_known_as
from guildhall.domains.identity.sessions import ACCESS_CHANGED, end_sessions_of
from guildhall.domains.identity.wallets import checksummed

CHANGE = command(
    update(users)
    .where(users.c.id == bindparam("user_id"))
    .values(
        username=bindparam("new_username"),
        display_name=bindparam("new_display_name"),
        email=bindparam("new_email"),
        email_verified=bindparam("verified"),
        wallet=bindparam("new_wallet"),
        search=bindparam("new_search"),
    )
)
WANT_INVITATIONS = command(
    update(users)
    .where(users.c.id == bindparam("user_id"), users.c.wants_invitations != bindparam("wanted"))
    .values(wants_invitations=bindparam("wanted"))
)
DISABLE = command(update(users).where(users.c.id == bindparam("user_id")).values(disabled_at=bindparam("at")))
CLEAR_ROLES = command(delete(user_roles).where(user_roles.c.user_id == bindparam("holder")))
MOST_ROLES = 20
RESERVED_ROLES = frozenset({"super_admin"})


class AliasTaken(Conflict):
    """Somebody has this public id, or is this person, by now; the caller looks again."""

    code = "alias_taken"


async def ensure_user(
    tx: Tx,
    actor: Actor,
    *,
    provider: str,
    external_id: str,
    username: str | None,
    display_name: str | None,
    now: datetime,
) -> User:
    """Return the person whom a provider knows by this id, made on first contact and renamed when the names differ.

    Two simultaneous first contacts make one person: the unique identity decides.
    """
    alias = external_id if external_id.startswith("u_") else f"u_{external_id}"
    while (user := await user_known_as(tx, external_id, provider=provider)) is None:
        # Somebody who has the alias is either this person, made a moment ago by a parallel call, or another provider's.
        with contextlib.suppress(AliasTaken):
            async with tx.savepoint():
                await _create_user(tx, actor, alias, provider, external_id, username, display_name, now)
        alias = "u_" + _random_digits()
    return await rename_user(tx, actor, user, username=username, display_name=display_name, now=now)


async def rename_user(
    tx: Tx, actor: Actor, user: User, *, username: str | None, display_name: str | None, now: datetime
) -> User:
    """Store the names an app gives for its user where they differ; None keeps what is stored."""
    if username in (None, user.username) and display_name in (None, user.display_name):
        return user
    return await _change(tx, actor, await _locked(tx, user), now=now, username=username, display_name=display_name)


async def update_profile(
    tx: Tx,
    actor: Actor,
    user: User,
    *,
    email: str | None,
    wallet: str | None,
    display_name: str,
    now: datetime,
) -> User:
    """Change a person's contact, wallet and display name. Raises InvalidEmail, InvalidWallet, InvalidField.

    `user` is locked for the change; a changed address counts as unverified until a mailed link confirms it.
    """
    email = None if email is None else names.valid_email(email)
    wallet = None if wallet is None else checksummed(wallet)
    shown = names.clean_name(display_name, longest=names.LONGEST_DISPLAY_NAME, field="displayName")
    return await _change(tx, actor, user, now=now, email=email, wallet=wallet, display_name=shown)


async def want_invitations(tx: Tx, actor: Actor, user: User, *, wanted: bool, now: datetime) -> None:
    """Say whether a person is invited to what they book, at the address of their profile."""
    if await tx.run(WANT_INVITATIONS, user_id=user.id, wanted=wanted):
        await audit.record(tx, actor, "user.changed", user.id, now=now, fields=["wants_invitations"])


async def set_roles(tx: Tx, actor: Actor, user: User, roles: list[str], *, now: datetime) -> list[str]:
    """Replace a person's roles and return them. Raises InvalidField, LastAdmin.

    `user` is locked for the change. A super administrator stays one: that role is given and taken in the panel only.
    """
    _check_roles(roles)
    held = await roles_of(tx, user.id)
    kept = sorted({*roles, *RESERVED_ROLES.intersection(held)})
    if holds_admin(held) and not holds_admin(kept):
        await check_admin_remains(tx, actor, user)
    await tx.run(CLEAR_ROLES, holder=user.id)
    for role in kept:
        await tx.insert(UserRole(user.id, role))
    tx.announce(ACCESS_CHANGED, user_id=user.id)
    await audit.record(tx, actor, "user.roles_set", user.id, now=now, before=held, after=kept)
    return kept


async def disable_person(tx: Tx, actor: Actor, user: User, *, now: datetime) -> None:
    """Let somebody in nowhere any more, and end their sessions. Raises LastAdmin."""
    if holds_admin(await roles_of(tx, user.id)):
        await check_admin_remains(tx, actor, user)
    await tx.run(DISABLE, user_id=user.id, at=now)
    await audit.record(tx, actor, "user.disabled", user.id, now=now)
    await end_sessions_of(tx, actor, user, now=now)


async def enable_person(tx: Tx, actor: Actor, user: User, *, now: datetime) -> None:
    """Let somebody who was disabled in again."""
    await tx.run(DISABLE, user_id=user.id, at=None)
    await audit.record(tx, actor, "user.enabled", user.id, now=now)


async def create_person(
    tx: Tx,
    actor: Actor,
    *,
    sign_in_name: str,
    password_hash: str,
    email: str | None,
    roles: list[str],
    now: datetime,
) -> User:
    """Make a person who signs in with a password. Raises NameTaken, InvalidField, InvalidEmail."""
    name = names.clean_name(sign_in_name, longest=names.LONGEST_USERNAME, field="name")
    address = names.valid_email(email) if email else None
    user_id = ids.ulid()
    row = NewUser(
        id=user_id,
        alias="u_" + _random_digits(),
        username=name,
        display_name=name,
        sign_in_name=name.casefold(),
        password_hash=password_hash,
        email=address,
        created_at=now,
        search=search_text(name, name, address),
    )
    await tx.insert(row, clash=NameTaken)
    for role in roles:
        await tx.insert(UserRole(user_id, role))
    await audit.record(tx, actor, "user.created", user_id, now=now, roles=roles)
    return await _reload(tx, user_id)


async def _create_user(
    tx: Tx,
    actor: Actor,
    alias: str,
    provider: str,
    external_id: str,
    username: str | None,
    display_name: str | None,
    now: datetime,
) -> None:
    bare = external_id.removeprefix("u_")
    user_id = ids.ulid()
    shown = username or bare
    row = NewUser(
        id=user_id,
        alias=alias,
        username=shown,
        display_name=display_name or shown,
        created_at=now,
        search=search_text(shown, display_name or shown, None),
    )
    await tx.insert(row, clash=AliasTaken)
    await tx.insert(Identity(provider, bare, user_id, now, username), clash=AliasTaken)
    await audit.record(tx, actor, "user.created", user_id, now=now, provider=provider, external_id=bare)


async def _change(
    tx: Tx,
    actor: Actor,
    user: User,
    *,
    now: datetime,
    username: str | None = None,
    display_name: str | None = None,
    email: object = ...,
    wallet: object = ...,
) -> User:
    new_email = user.email if email is ... else email
    new_name, new_display = username or user.username, display_name or user.display_name
    after = {
        "username": new_name,
        "display_name": new_display,
        "email": new_email,
        "wallet": user.wallet if wallet is ... else wallet,
    }
    changed = sorted(key for key, value in after.items() if value != getattr(user, key))
    if not changed:
        return user
    await tx.run(
        CHANGE,
        user_id=user.id,
        new_username=new_name,
        new_display_name=new_display,
        new_email=new_email,
        verified=user.email_verified and new_email == user.email,
        new_wallet=after["wallet"],
        new_search=search_text(new_name, new_display, str(new_email) if new_email else None),
    )
    await audit.record(tx, actor, "user.changed", user.id, now=now, fields=changed)
    return await _reload(tx, user.id)


def _check_roles(roles: list[str]) -> None:
    if len(roles) > MOST_ROLES or len(set(roles)) != len(roles):
        raise InvalidField(f"roles are at most {MOST_ROLES}, each once", field="roles")
    for role in roles:
        if not names.ROLE.fullmatch(role) or role in RESERVED_ROLES:
            raise InvalidField(f"{role!r} is not a role that can be given here", field="roles")


async def _reload(tx: Tx, user_id: str) -> User:
    return _present(await tx.one(USER, id=user_id))


async def _locked(tx: Tx, user: User) -> User:
    return _present(await tx.one(USER_LOCKED, id=user.id))


def _present(user: User | None) -> User:
    if user is None:
        raise LookupError("a user vanished within a transaction that knew them")
    return user


def _random_digits() -> str:
    return "".join(secrets.choice("0123456789") for _ in range(12))
