"""Accounts that the environment names: made, changed and disabled at every start, as it says then.

Only what the environment changes is applied. Whoever changed their password or was given another role in the panel
keeps it for as long as the environment says what it said before.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, update

from guildhall.core.actor import SYSTEM
from guildhall.core.crypto import PasswordHasher
from guildhall.core.db import Database, Tx, command
from guildhall.core.log import get_logger
from guildhall.domains.identity.errors import LastAdmin, NameTaken
from guildhall.domains.identity.models import EnvironmentAccount, User, environment_accounts
from guildhall.domains.identity.people import create_person, disable_person, enable_person, set_roles
from guildhall.domains.identity.policy import holds_admin
from guildhall.domains.identity.queries import (
    ENVIRONMENT_ACCOUNT_LOCKED,
    ENVIRONMENT_ACCOUNTS,
    USER_BY_SIGN_IN_NAME,
    USER_LOCKED,
    roles_of,
)
from guildhall.domains.identity.sessions import end_sessions_of
from guildhall.domains.identity.sign_in import SET_PASSWORD
from guildhall.settings import NamedAccount

log = get_logger(__name__)

GONE: Final = "gone"
"""Stands in place of the role of an account that the environment does not name any more."""

GIVEN: Final = frozenset({"admin", "moderator", "lootling"})

NOTE = command(
    update(environment_accounts)
    .where(environment_accounts.c.name == bindparam("of"))
    .values(password_hash=bindparam("new_hash"), role=bindparam("new_role"))
)


async def keep_accounts(
    database: Database, hasher: PasswordHasher, accounts: Sequence[NamedAccount], *, now: datetime
) -> None:
    """Make the accounts as they are named, all in one transaction, and disable those that are named no more.

    A changed password ends the sessions. The last administrator, and the first one of the house, are never disabled.
    Raises NameTaken when somebody else signs in with a name, LastAdmin when the last administrator were to be none.
    """
    async with database.read() as tx:
        kept = {each.name: each.password_hash for each in await tx.all(ENVIRONMENT_ACCOUNTS)}
    hashes = {each.name.casefold(): await _hash_of(hasher, each, kept) for each in accounts}
    async with database.write() as tx:
        for each in accounts:
            await _keep(tx, each, hashes[each.name.casefold()], now)
        for row in await tx.all(ENVIRONMENT_ACCOUNTS):
            if row.name not in hashes and row.role != GONE:
                await _disable(tx, row, now)


async def _hash_of(hasher: PasswordHasher, account: NamedAccount, kept: Mapping[str, str]) -> str:
    """Return the hash that is kept while it is that of the password, else a new one."""
    known = kept.get(account.name.casefold())
    if known is not None and await hasher.verify(known, account.password):
        return known
    return await hasher.hash(account.password)


async def _keep(tx: Tx, account: NamedAccount, password_hash: str, now: datetime) -> None:
    name = account.name.casefold()
    row = await tx.one(ENVIRONMENT_ACCOUNT_LOCKED, name=name)
    if row is None:
        user = await _found_or_made(tx, account, password_hash, now)
        await tx.insert(EnvironmentAccount(name, user.id, password_hash, account.role), clash=NameTaken)
        return
    user = await _locked(tx, row)
    if row.role != account.role:
        if user.disabled_at is not None:
            await enable_person(tx, SYSTEM, user, now=now)
        others = [each for each in await roles_of(tx, user.id) if each not in {*GIVEN, "super_admin"}]
        await set_roles(tx, SYSTEM, user, sorted({*others, account.role}), now=now)
    if row.password_hash != password_hash:
        await tx.run(SET_PASSWORD, user_id=user.id, new_hash=password_hash)
        await end_sessions_of(tx, SYSTEM, user, now=now)
    await tx.run(NOTE, of=name, new_hash=password_hash, new_role=account.role)


async def _found_or_made(tx: Tx, account: NamedAccount, password_hash: str, now: datetime) -> User:
    """Return the administrator who has the name already, as they are, or a new person. Raises NameTaken."""
    found = await tx.one(USER_BY_SIGN_IN_NAME, name=account.name.casefold())
    if found is None:
        return await create_person(
            tx,
            SYSTEM,
            sign_in_name=account.name,
            password_hash=password_hash,
            email=None,
            roles=[account.role],
            now=now,
        )
    if account.role != "admin" or not holds_admin(await roles_of(tx, found.id)):
        raise NameTaken(f"Somebody else signs in as {account.name!r} already")
    return found


async def _disable(tx: Tx, row: EnvironmentAccount, now: datetime) -> None:
    user = await _locked(tx, row)
    if "super_admin" in await roles_of(tx, user.id):
        return
    try:
        async with tx.savepoint():
            await disable_person(tx, SYSTEM, user, now=now)
    except LastAdmin:
        log.warning("The environment names the last administrator no more, who stays", name=row.name)
        return
    await tx.run(NOTE, of=row.name, new_hash=row.password_hash, new_role=GONE)


async def _locked(tx: Tx, row: EnvironmentAccount) -> User:
    user = await tx.one(USER_LOCKED, id=row.user_id)
    if user is None:
        raise LookupError("a user vanished whom the environment names")
    return user
