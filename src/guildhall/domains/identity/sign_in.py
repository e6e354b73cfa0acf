"""Signing in with a password.

Hashing a password takes tens of milliseconds, so it happens between transactions, never inside one: the attempt is
counted first, then the password is checked, then the session is opened. Counting first is what stops a hundred
simultaneous guesses.
"""

import math
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, update

from guildhall.core.actor import Actor, ActorKind, Credential
from guildhall.core.crypto import PasswordHasher, needs_rehash
from guildhall.core.db import Database, Tx, command, insert_if_new
from guildhall.domains import audit
from guildhall.domains.identity import names
from guildhall.domains.identity.device_logins import forget_old_logins
from guildhall.domains.identity.errors import NameTaken, TooManyAttempts, WrongPassword
from guildhall.domains.identity.models import Session, User, sign_in_attempts, spent_states, users
from guildhall.domains.identity.people import create_person
from guildhall.domains.identity.queries import ANY_ADMIN, ATTEMPTS, PASSWORD_HASH, USER_BY_SIGN_IN_NAME
from guildhall.domains.identity.sessions import end_other_sessions, forget_expired, open_session

WINDOW = timedelta(minutes=15)
MOST_FOR_NAME = 10
MOST_FOR_ADDRESS = 30
LONGEST_CASEFOLDED = 3 * names.LONGEST_USERNAME
"""One character may fold into three. A longer name is nobody's, and too long for an index of PostgreSQL."""

BEGIN = insert_if_new(sign_in_attempts)
RESTART = command(
    update(sign_in_attempts)
    .where(sign_in_attempts.c.subject == bindparam("who"), sign_in_attempts.c.window_ends_at <= bindparam("now"))
    .values(count=0, window_ends_at=bindparam("until"))
)
COUNT_UP = command(
    update(sign_in_attempts)
    .where(sign_in_attempts.c.subject == bindparam("who"))
    .values(count=sign_in_attempts.c.count + 1)
)
COUNT_DOWN = command(
    update(sign_in_attempts)
    .where(sign_in_attempts.c.subject == bindparam("who"), sign_in_attempts.c.count > 0)
    .values(count=sign_in_attempts.c.count - 1)
)
CLEAR = command(delete(sign_in_attempts).where(sign_in_attempts.c.subject == bindparam("who")))
FORGET = command(delete(sign_in_attempts).where(sign_in_attempts.c.window_ends_at <= bindparam("now")))
FORGET_SPENT = command(delete(spent_states).where(spent_states.c.expires_at <= bindparam("now")))
SET_PASSWORD = command(
    update(users).where(users.c.id == bindparam("user_id")).values(password_hash=bindparam("new_hash"))
)


async def sign_in(
    database: Database,
    hasher: PasswordHasher,
    *,
    name: str,
    password: str,
    ip: str | None,
    user_agent: str | None,
    now: datetime,
) -> tuple[Session, str]:
    """Check a password and open a session; return it with the cookie's value.

    Raises WrongPassword, in equal time for an unknown name, and TooManyAttempts after ten tries for the name or thirty
    from the address within fifteen minutes, even when the password is right.
    """
    user = await person_with_password(database, hasher, name=name, password=password, ip=ip, now=now)
    if user.disabled_at is not None:
        await note_failure(database, user, ip, now)
        raise WrongPassword
    async with database.write() as tx:
        return await open_session(tx, user, ip=ip, user_agent=user_agent, now=now)


async def person_with_password(
    database: Database, hasher: PasswordHasher, *, name: str, password: str, ip: str | None, now: datetime
) -> User:
    """Return whose name and password these are, somebody disabled too; raises what `sign_in` does.

    A try that succeeds counts neither for the name nor for the address.
    """
    known_as = name.casefold()[:LONGEST_CASEFOLDED]
    async with database.write() as tx:
        await count_attempt(tx, f"name:{known_as}", MOST_FOR_NAME, now)
        await count_attempt(tx, f"address:{ip}", MOST_FOR_ADDRESS, now)
        user = await tx.one(USER_BY_SIGN_IN_NAME, name=known_as)
        kept = await tx.one(PASSWORD_HASH, id=user.id) if user else None
    fits = await hasher.verify(kept, password)
    if user is None or kept is None or not fits:
        await note_failure(database, user, ip, now)
        raise WrongPassword
    renewed = await hasher.hash(password) if needs_rehash(kept) else None
    async with database.write() as tx:
        await tx.run(CLEAR, who=f"name:{known_as}")
        await tx.run(COUNT_DOWN, who=f"address:{ip}")
        if renewed:
            await tx.run(SET_PASSWORD, user_id=user.id, new_hash=renewed)
    return user


async def change_password(
    database: Database, hasher: PasswordHasher, actor: Actor, *, session_id: str, old: str, new: str, now: datetime
) -> None:
    """Replace the password of the person who acts and end their other sessions. Raises WrongPassword, WeakPassword."""
    names.valid_password(new)
    async with database.write() as tx:
        await count_attempt(tx, f"change:{actor.user_id}", MOST_FOR_NAME, now)
        kept = await tx.one(PASSWORD_HASH, id=actor.user_id)
    if not await hasher.verify(kept, old):
        raise WrongPassword
    new_hash = await hasher.hash(new)
    async with database.write() as tx:
        await tx.run(SET_PASSWORD, user_id=actor.user_id, new_hash=new_hash)
        await tx.run(CLEAR, who=f"change:{actor.user_id}")
        await audit.record(tx, actor, "user.password_changed", actor.user_id, now=now)
        await end_other_sessions(tx, actor, session_id, now=now)


async def create_first_administrator(
    database: Database, hasher: PasswordHasher, actor: Actor, *, name: str, password: str, email: str, now: datetime
) -> User | None:
    """Make the first administrator, or return None when the house has one.

    Raises WeakPassword, InvalidEmail, and NameTaken when somebody who is no administrator has the name.
    """
    async with database.read() as tx:
        if await tx.one(ANY_ADMIN):
            return None
    password_hash = await hasher.hash(names.valid_password(password))
    async with database.write() as tx:
        if await tx.one(ANY_ADMIN):
            return None
        try:
            async with tx.savepoint():
                return await create_person(
                    tx,
                    actor,
                    sign_in_name=name,
                    password_hash=password_hash,
                    email=email or None,
                    roles=["super_admin"],
                    now=now,
                )
        except NameTaken:
            if await tx.one(ANY_ADMIN):
                return None  # Another process that starts at the same time was first.
            raise


async def set_password(
    database: Database, hasher: PasswordHasher, actor: Actor, user: User, *, new: str, now: datetime
) -> None:
    """Set a person's password on an administrator's word and end all their sessions. Raises WeakPassword."""
    new_hash = await hasher.hash(names.valid_password(new))
    async with database.write() as tx:
        await tx.run(SET_PASSWORD, user_id=user.id, new_hash=new_hash)
        await audit.record(tx, actor, "user.password_set", user.id, now=now)
        owner = Actor(ActorKind.USER, Credential.NONE, user_id=user.id)
        await end_other_sessions(tx, owner, "", now=now)


async def forget_what_is_over(tx: Tx, *, now: datetime) -> None:
    """Remove sessions and device logins that have ended, counts of attempts whose window is over, and old states."""
    await tx.run(FORGET, now=now)
    await forget_expired(tx, now=now)
    await forget_old_logins(tx, now=now)
    await tx.run(FORGET_SPENT, now=now)


async def count_attempt(tx: Tx, who: str, most: int, now: datetime) -> None:
    """Count one more try of a name or an address. Raises TooManyAttempts when there are more in fifteen minutes."""
    await tx.run(BEGIN, subject=who, count=0, window_ends_at=now + WINDOW)
    await tx.run(RESTART, who=who, now=now, until=now + WINDOW)
    await tx.run(COUNT_UP, who=who)
    attempts = await tx.one(ATTEMPTS, who=who)
    if attempts is not None and attempts.count > most:
        raise TooManyAttempts(retry_after=math.ceil((attempts.window_ends_at - now).total_seconds()))


async def note_failure(database: Database, user: User | None, ip: str | None, now: datetime) -> None:
    """Write a failure down, that of an unknown name too, which a quicker answer would give away."""
    async with database.write() as tx:
        target = user.id if user else None
        await audit.record(tx, Actor(ActorKind.ANONYMOUS, ip=ip), "session.refused", target, now=now)
