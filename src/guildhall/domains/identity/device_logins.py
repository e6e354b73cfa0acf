"""Device login: a program shows a code, a signed-in person approves it, the program gets a token. RFC 8628 and more.

A login is pending, then approved or denied, then used: the token is made by the poll that fetches it and exists only in
that answer. Guessing is held from the guesser's side: a wrong code matches no login, so misses are counted for each
person and address, and a live code is closed to whoever has missed too often since it was issued.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, update

from guildhall.core import ids
from guildhall.core.actor import Actor
from guildhall.core.crypto import digest
from guildhall.core.db import Database, Tx, command
from guildhall.core.errors import Conflict, Forbidden, Gone, Invalid, Limited, NotFound, Unauthenticated
from guildhall.domains import audit
from guildhall.domains.identity.models import App, CodeMiss, DeviceLogin, DeviceState, User, code_misses, device_logins
from guildhall.domains.identity.policy import access_self
from guildhall.domains.identity.queries import (
    APP,
    LIVE_CODES,
    LOGIN_BY_CODE,
    LOGIN_BY_DEVICE,
    MISSES_OF_ADDRESS,
    MISSES_OF_USER,
    PENDING_OF_APP,
    USER,
)
from guildhall.domains.identity.user_tokens import make_token

DEVICE_PREFIX = "dev_"
LIFE = timedelta(minutes=15)
INTERVAL = 5
SLOWER = 5
MOST_PENDING = 50
MOST_MISSES_OF_USER = 5
MOST_MISSES_OF_ADDRESS = 20
CODE_DIGITS = 6
KEPT = timedelta(days=1)

POLLED = command(
    update(device_logins)
    .where(device_logins.c.id == bindparam("login_id"))
    .values(polled_at=bindparam("at"), interval=bindparam("seconds"))
)
DECIDE = command(
    update(device_logins)
    .where(device_logins.c.id == bindparam("login_id"), device_logins.c.state == DeviceState.PENDING.value)
    .values(state=bindparam("new_state"), user_id=bindparam("by"))
)
USE = command(
    update(device_logins)
    .where(device_logins.c.id == bindparam("login_id"), device_logins.c.state == DeviceState.APPROVED.value)
    .values(state=DeviceState.USED.value)
)
RETIRE = command(
    update(device_logins)
    .where(device_logins.c.state == DeviceState.PENDING.value, device_logins.c.expires_at <= bindparam("now"))
    .values(state=DeviceState.EXPIRED.value)
)
FORGET = command(delete(device_logins).where(device_logins.c.expires_at <= bindparam("before")))
FORGET_MISSES = command(delete(code_misses).where(code_misses.c.at <= bindparam("before")))


class TooManyPending(Limited):
    """The app has as many live codes as it may have."""

    code = "too_many_pending"
    text = "This app has too many logins waiting; let some of them end first"


class DeviceCodeNotFound(NotFound):
    """No login has this device code."""

    code = "device_code_not_found"
    text = "There is no login with this code"


class WrongApp(Forbidden):
    """Another app started the login."""

    code = "wrong_app"
    text = "This login was started by another app"


class AccessDenied(Forbidden):
    """The person denied the device."""

    code = "access_denied"
    text = "The login was denied"


class ExpiredToken(Gone):
    """The login was not decided in time."""

    code = "expired_token"
    text = "The login took too long, please start again"


class CodeUsed(Gone):
    """The login was decided or its token fetched already."""

    code = "code_used"
    text = "This code was used already"


class CodeExpired(Gone):
    """The code's time is over."""

    code = "code_expired"
    text = "This code has expired, please start again on the device"


class InvalidCode(Invalid):
    """Not six digits."""

    code = "invalid_code"
    text = "The code has six digits"


class CodeNotFound(NotFound):
    """No live login shows this code."""

    code = "code_not_found"
    text = "No device shows this code"


class TooManyMisses(Limited):
    """Too many wrong codes; the live ones are closed to this person or address for a while."""

    code = "too_many_attempts"
    text = "Too many wrong codes, please wait before you try again"


class CodeTaken(Conflict):
    """Another live login shows this code; the caller tries another."""

    code = "code_taken"
    text = "Another device shows this code"


@dataclass(frozen=True)
class Waiting:
    """The login is not decided; `seconds_left` until it ends, and whether the program asks too often."""

    interval: int
    seconds_left: int
    too_fast: bool


@dataclass(frozen=True)
class Granted:
    """The token, which nobody sees again, and whose it is."""

    token: str
    token_id: str
    user: User


async def start_login(tx: Tx, actor: Actor, *, client_name: str | None, now: datetime) -> tuple[DeviceLogin, str]:
    """Start a login for the app that acts, and return it with the device code, which is kept as a hash.

    Raises Unauthenticated when no app acts, TooManyPending.
    """
    app = None if actor.app_id is None else await tx.one(APP, id=actor.app_id)
    if app is None:
        raise Unauthenticated
    await tx.run(RETIRE, now=now)
    if await tx.one(PENDING_OF_APP, app_id=app.id) == MOST_PENDING:
        raise TooManyPending(retry_after=INTERVAL)
    device_code = DEVICE_PREFIX + ids.url_token()
    while True:
        login = DeviceLogin(
            id=ids.ulid(),
            device_hash=digest(device_code),
            user_code=f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}",
            app_id=app.id,
            client_name=client_name,
            ip=actor.ip,
            interval=INTERVAL,
            created_at=now,
            expires_at=now + LIFE,
        )
        try:
            async with tx.savepoint():
                await tx.insert(login, clash=CodeTaken)
        except CodeTaken:
            continue
        return login, device_code


async def poll_login(tx: Tx, actor: Actor, device_code: str, *, now: datetime) -> Waiting | Granted:
    """Tell a program how its login stands; the first poll after the approval gets the token, and no other does.

    Raises DeviceCodeNotFound, WrongApp, AccessDenied, ExpiredToken, CodeUsed.
    """
    login = await tx.one(LOGIN_BY_DEVICE, hash=digest(device_code))
    if login is None:
        raise DeviceCodeNotFound
    if actor.app_id is not None and actor.app_id != login.app_id:
        raise WrongApp
    if login.state is DeviceState.DENIED:
        raise AccessDenied
    if login.state is DeviceState.USED:
        raise CodeUsed
    if login.expires_at <= now or login.state is DeviceState.EXPIRED:
        raise ExpiredToken
    if login.state is DeviceState.PENDING:
        return await _keep_waiting(tx, login, now)
    return await _grant(tx, actor, login, now)


@dataclass(frozen=True)
class Decided:
    """A login that a person decided: how, and for which app."""

    state: DeviceState
    app: App


async def decide_login(database: Database, actor: Actor, code: str, *, approve: bool, now: datetime) -> Decided:
    """Approve or deny the login that shows a code, as the person who acts.

    A miss is counted in a transaction that commits although the call is refused, and that holds the person's row, so
    that many guesses at the same time are counted one after the other. Raises MissingUserId, InvalidCode, CodeNotFound,
    CodeExpired, CodeUsed, TooManyMisses.
    """
    async with database.write() as tx:
        user = await access_self(tx, actor, to_change=True)
        login = await login_with_code(tx, user, code, ip=actor.ip, now=now)
        if login is not None:
            return await _decide(tx, actor, user, login, approve=approve, now=now)
        await tx.insert(CodeMiss(ids.ulid(), user.id, actor.ip, now))
    raise CodeNotFound


async def show_login(database: Database, actor: Actor, code: str, *, now: datetime) -> tuple[DeviceLogin, App]:
    """Return the undecided login that shows a code, and its app. Counts misses and raises as `decide_login`."""
    async with database.write() as tx:
        user = await access_self(tx, actor, to_change=True)
        login = await login_with_code(tx, user, code, ip=actor.ip, now=now)
        app = await tx.one(APP, id=login.app_id) if login else None
        if login is not None and app is not None:
            return login, app
        await tx.insert(CodeMiss(ids.ulid(), user.id, actor.ip, now))
    raise CodeNotFound


async def login_with_code(tx: Tx, user: User, code: str, *, ip: str | None, now: datetime) -> DeviceLogin | None:
    """Return the login that shows a code, or None for a miss; spaces and hyphens in the code do not count.

    Raises InvalidCode, CodeExpired, CodeUsed, and TooManyMisses where this person or address has missed too often.
    """
    digits = code.replace(" ", "").replace("-", "")
    if len(digits) != CODE_DIGITS or not digits.isascii() or not digits.isdigit():
        raise InvalidCode
    misses = await _misses(tx, user, ip, now)
    login = await tx.one(LOGIN_BY_CODE, code=digits)
    if login is None:
        live = await tx.all(LIVE_CODES, now=now)
        if misses.any_limit_reached and all(misses.close(each) for each in live):
            raise TooManyMisses(retry_after=misses.seconds)
        return None
    if misses.close(login.created_at):
        raise TooManyMisses(retry_after=misses.seconds)
    if login.state not in (DeviceState.PENDING, DeviceState.EXPIRED):
        raise CodeUsed
    if login.expires_at <= now:
        raise CodeExpired
    return login


async def _decide(tx: Tx, actor: Actor, user: User, login: DeviceLogin, *, approve: bool, now: datetime) -> Decided:
    state = DeviceState.APPROVED if approve else DeviceState.DENIED
    app = await tx.one(APP, id=login.app_id)
    if app is None or not await tx.run(DECIDE, login_id=login.id, new_state=state.value, by=user.id):
        raise CodeUsed
    await audit.record(tx, actor, f"device_login.{state.value}", login.id, now=now, app=login.app_id)
    return Decided(state, app)


async def forget_old_logins(tx: Tx, *, now: datetime) -> None:
    """Remove what nobody asks for any more."""
    await tx.run(FORGET, before=now - KEPT)
    await tx.run(FORGET_MISSES, before=now - LIFE)


@dataclass(frozen=True)
class _Misses:
    """When a person and an address have missed in the last quarter of an hour."""

    of_user: Sequence[datetime]
    of_address: Sequence[datetime]

    @property
    def any_limit_reached(self) -> bool:
        """Whether there are enough misses to close anything."""
        return len(self.of_user) >= MOST_MISSES_OF_USER or len(self.of_address) >= MOST_MISSES_OF_ADDRESS

    @property
    def seconds(self) -> int:
        """How long misses are remembered."""
        return int(LIFE.total_seconds())

    def close(self, issued_at: datetime) -> bool:
        """Tell whether a code issued at that time is closed by them."""
        own = sum(miss >= issued_at for miss in self.of_user)
        near = sum(miss >= issued_at for miss in self.of_address)
        return own >= MOST_MISSES_OF_USER or near >= MOST_MISSES_OF_ADDRESS


async def _misses(tx: Tx, user: User, ip: str | None, now: datetime) -> _Misses:
    since = now - LIFE
    of_user = await tx.all(MISSES_OF_USER, user_id=user.id, since=since)
    return _Misses(of_user, await tx.all(MISSES_OF_ADDRESS, ip=ip, since=since))


async def _keep_waiting(tx: Tx, login: DeviceLogin, now: datetime) -> Waiting:
    too_fast = login.polled_at is not None and (now - login.polled_at).total_seconds() < login.interval
    interval = login.interval + SLOWER if too_fast else login.interval
    await tx.run(POLLED, login_id=login.id, at=now, seconds=interval)
    return Waiting(interval, int((login.expires_at - now).total_seconds()), too_fast)


async def _grant(tx: Tx, actor: Actor, login: DeviceLogin, now: datetime) -> Granted:
    if not await tx.run(USE, login_id=login.id):
        raise CodeUsed
    user = await tx.one(USER, id=login.user_id)
    app = await tx.one(APP, id=login.app_id)
    if user is None or user.disabled_at is not None or app is None:
        raise AccessDenied
    token, value = await make_token(tx, actor, user, app, name=login.client_name or app.name, now=now)
    return Granted(value, token.id, user)
