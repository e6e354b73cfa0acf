"""A guild's signing key: made once, unlocked by its passphrase, locked, rotated.

Deriving a key from a passphrase takes tenths of a second, so it happens between transactions. An attempt to unlock is
counted before the passphrase is tried, which is what stops a hundred simultaneous guesses. A seed enters the keyring
when the transaction that speaks of it is committed, never before.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import msgspec
from sqlalchemy import bindparam, delete, update

from guildhall.core import ids
from guildhall.core.actor import Actor
from guildhall.core.db import Database, Tx, command
from guildhall.core.errors import Unavailable
from guildhall.core.events import LAGGED, Event, EventBus
from guildhall.domains import audit
from guildhall.domains.attendance.key_errors import (
    KeyExists,
    KeyNotFound,
    KeyReplaced,
    UnlockClosed,
    WrongPassphrase,
)
from guildhall.domains.attendance.key_models import (
    Pending,
    SealedSeed,
    SigningKey,
    UnlockAttempt,
    attendance_keys,
    attendance_seeds,
    attendance_unlock_attempts,
)
from guildhall.domains.attendance.keyring import Keyring, check_passphrase, new_seed, public_key_of
from guildhall.domains.attendance.posting.queueing import queue_key_news
from guildhall.domains.attendance.signed.queries import (
    ACTIVE_KEY_LOCKED,
    LAST_ATTEMPTS,
    SEED,
    active_key,
    pending_of,
)
from guildhall.domains.attendance.signing import queue_signing

TOPIC: Final = "attendance.keys"
"""What a committed change of a key tells: `guild_id`, `key_id`, and `what` of generated, unlocked, locked, rotated."""

WINDOW: Final = timedelta(minutes=15)
MOST_WRONG: Final = 5

RETIRE = command(
    update(attendance_keys).where(attendance_keys.c.id == bindparam("key_id")).values(retired_at=bindparam("at"))
)
DROP_SEED = command(delete(attendance_seeds).where(attendance_seeds.c.key_id == bindparam("old_key_id")))
TAKE_BACK = command(delete(attendance_unlock_attempts).where(attendance_unlock_attempts.c.id == bindparam("attempt")))
FORGET_ATTEMPTS = command(
    delete(attendance_unlock_attempts).where(attendance_unlock_attempts.c.at < bindparam("before"))
)


class Unlocked(msgspec.Struct, frozen=True):
    """The key that is open now, and how much waited for it and is being signed."""

    key: SigningKey
    queued: Pending


@dataclass(frozen=True)
class NewKey:
    """A key pair that is made and sealed, and of which nothing is stored yet."""

    key: SigningKey
    seed: bytearray = field(repr=False)
    sealed: SealedSeed


async def generate_key(
    database: Database, keyring: Keyring, actor: Actor, *, guild_id: int, passphrase: str, now: datetime
) -> SigningKey:
    """Make the guild's first key and put it in force. Raises what `make_first_key` and `put_first_key` raise."""
    made = await make_first_key(database, keyring, guild_id=guild_id, passphrase=passphrase, now=now)
    async with database.write() as tx:
        return await put_first_key(tx, keyring, actor, made, now=now)


async def make_first_key(
    database: Database, keyring: Keyring, *, guild_id: int, passphrase: str, now: datetime
) -> NewKey:
    """Make a key for a guild that has none, and store nothing. Raises InvalidPassphrase, KeyExists, Unavailable."""
    check_passphrase(passphrase)
    async with database.read() as tx:
        if await active_key(tx, guild_id) is not None:
            raise KeyExists
    return await _make(keyring, guild_id, passphrase, now)


async def put_first_key(tx: Tx, keyring: Keyring, actor: Actor, made: NewKey, *, now: datetime) -> SigningKey:
    """Let a guild have its first key, unlocked; what waits is queued for signing. Of two at once, one does.

    Raises KeyExists.
    """
    await tx.insert(made.key, clash=KeyExists)
    await _put(tx, keyring, actor, made.key, made, "generated", now)
    return made.key


async def unlock_key(
    database: Database, keyring: Keyring, actor: Actor, *, guild_id: int, passphrase: str, now: datetime
) -> Unlocked:
    """Open the guild's key in this process and queue what waits; fine when it is open already.

    Raises KeyNotFound, WrongPassphrase, UnlockClosed after five wrong ones in fifteen minutes and for the fifteen
    minutes that follow, KeyReplaced, Unavailable.
    """
    async with database.write() as tx:
        key = await tx.one(ACTIVE_KEY_LOCKED, guild_id=guild_id)
        if key is None:
            raise KeyNotFound
        await _check_open(tx, guild_id, now)
        attempt = UnlockAttempt(ids.ulid(), guild_id, now)
        await tx.insert(attempt)
        sealed = await tx.one(SEED, key_id=key.id)
    if sealed is None:
        raise LookupError("an active key without its seed")
    try:
        seed = await keyring.open(passphrase, sealed, guild_id=guild_id)
    except WrongPassphrase:
        async with database.write() as tx:
            await audit.record(tx, actor, "attendance.unlock_failed", key.id, now=now, guild_id=str(guild_id))
        raise
    except Unavailable:
        # It was not tried, so it was not wrong.
        async with database.write() as tx:
            await tx.run(TAKE_BACK, attempt=attempt.id)
        raise
    async with database.write() as tx:
        await tx.run(TAKE_BACK, attempt=attempt.id)
        active = await tx.one(ACTIVE_KEY_LOCKED, guild_id=guild_id)
        if active is not None and active.id == key.id:
            await _write_down(tx, actor, key, "unlocked", now, effect=partial(keyring.hold, guild_id, key.id, seed))
            await queue_signing(tx, guild_id, now=now)
            return Unlocked(key, await pending_of(tx, guild_id))
    raise KeyReplaced


async def lock_key(tx: Tx, keyring: Keyring, actor: Actor, *, guild_id: int, now: datetime) -> None:
    """Forget the guild's private key; fine when it is locked already. Raises KeyNotFound.

    Other processes forget it when they hear the announcement.
    """
    key = await active_key(tx, guild_id)
    if key is None:
        raise KeyNotFound
    await _write_down(tx, actor, key, "locked", now, effect=partial(keyring.forget, guild_id))


async def rotate_key(
    database: Database, keyring: Keyring, actor: Actor, *, guild_id: int, passphrase: str, now: datetime
) -> SigningKey:
    """Make another key and put it in the place of the guild's. Raises what `make_next_key` raises."""
    made = await make_next_key(database, keyring, guild_id=guild_id, passphrase=passphrase, now=now)
    async with database.write() as tx:
        return await replace_key(tx, keyring, actor, made, now=now)


async def make_next_key(
    database: Database, keyring: Keyring, *, guild_id: int, passphrase: str, now: datetime
) -> NewKey:
    """Make a key for a guild that has one, and store nothing. Raises InvalidPassphrase, KeyNotFound, Unavailable."""
    check_passphrase(passphrase)
    async with database.read() as tx:
        if await active_key(tx, guild_id) is None:
            raise KeyNotFound
    return await _make(keyring, guild_id, passphrase, now)


async def replace_key(tx: Tx, keyring: Keyring, actor: Actor, made: NewKey, *, now: datetime) -> SigningKey:
    """Replace the guild's key by a new one, unlocked; works while the old one is locked, which it need not be.

    An old key that is unlocked here signs the change. Its encrypted seed is removed, its public half stays.
    """
    old = await tx.one(ACTIVE_KEY_LOCKED, guild_id=made.key.guild_id)
    if old is None:
        raise LookupError("a guild with a key always has an active one")
    cross_signature = _cross_signature(keyring, old, made.key)
    key = msgspec.structs.replace(made.key, previous_key_id=old.id, cross_signature=cross_signature)
    await tx.run(RETIRE, key_id=old.id, at=now)
    await tx.run(DROP_SEED, old_key_id=old.id)
    await tx.insert(key)
    await _put(tx, keyring, actor, key, made, "rotated", now)
    return key


async def heed_locks(keyring: Keyring, events: EventBus) -> None:
    """Forget here what another process locks or replaces, until cancelled."""
    async with events.subscribe(TOPIC) as told:
        async for event in told:
            if event.topic == LAGGED:
                # A lock may be among what was missed, and a key too few is better than one that should be locked.
                for guild_id in keyring.guilds():
                    keyring.forget(guild_id)
            elif _ends(event, keyring):
                keyring.forget(int(event.data["guild_id"]))


def _ends(event: Event, keyring: Keyring) -> bool:
    """Tell whether an event means that the key which this process holds must be forgotten."""
    replaced = keyring.key_of(int(event.data["guild_id"])) != event.data["key_id"]
    return bool(event.data["what"] == "locked" or (event.data["what"] == "rotated" and replaced))


async def forget_attempts(tx: Tx, *, now: datetime) -> None:
    """Remove the attempts to unlock that count no longer."""
    await tx.run(FORGET_ATTEMPTS, before=now - 2 * WINDOW)


async def _make(keyring: Keyring, guild_id: int, passphrase: str, now: datetime) -> NewKey:
    seed = new_seed()
    key = SigningKey(id=str(uuid.uuid4()), guild_id=guild_id, public_key=public_key_of(seed), created_at=now)
    return NewKey(key, seed, await keyring.seal(passphrase, seed, guild_id=guild_id, key_id=key.id))


async def _put(tx: Tx, keyring: Keyring, actor: Actor, key: SigningKey, made: NewKey, what: str, now: datetime) -> None:
    """Do what follows for a key whose row is written: its seed, what is told of it, what waits for it."""
    await tx.insert(made.sealed)
    await _write_down(tx, actor, key, what, now, effect=partial(keyring.hold, key.guild_id, key.id, made.seed))
    await queue_signing(tx, key.guild_id, now=now)


async def _check_open(tx: Tx, guild_id: int, now: datetime) -> None:
    """Raise UnlockClosed when the last five attempts fell into one window, until that long after the last of them."""
    last = await tx.all(LAST_ATTEMPTS, guild_id=guild_id, limit=MOST_WRONG)
    if len(last) < MOST_WRONG or last[0].at - last[-1].at >= WINDOW:
        return
    opens = last[0].at + WINDOW
    if now < opens:
        raise UnlockClosed(retry_after=-((now - opens) // timedelta(seconds=1)))


def _cross_signature(keyring: Keyring, old: SigningKey, new: SigningKey) -> str | None:
    """Return the old key's signature over the change, when it is the one that is unlocked here."""
    if keyring.key_of(old.guild_id) != old.id:
        return None
    text = f"guildhall-attendance-rotate|{old.guild_id}|{old.id}|{new.id}|{new.public_key}"
    signed = keyring.sign(old.guild_id, text.encode())
    return signed.signature if signed else None


async def _write_down(
    tx: Tx, actor: Actor, key: SigningKey, what: str, now: datetime, *, effect: Callable[[], None]
) -> None:
    await audit.record(tx, actor, f"attendance.key_{what}", key.id, now=now, guild_id=str(key.guild_id))
    await queue_key_news(tx, actor, guild_id=key.guild_id, key_id=key.id, what=what, now=now)
    tx.after_commit(effect)
    tx.announce(TOPIC, guild_id=str(key.guild_id), key_id=key.id, what=what)
