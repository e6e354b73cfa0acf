"""Signing keys: made, unlocked, locked, rotated, and never seen."""

import asyncio
import base64
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select

from guildhall.core.actor import SYSTEM
from guildhall.core.db import Database, metadata, query
from guildhall.core.errors import Unavailable
from guildhall.core.events import LocalEvents
from guildhall.domains.attendance.key_errors import (
    InvalidPassphrase,
    KeyExists,
    KeyNotFound,
    UnlockClosed,
    WrongPassphrase,
)
from guildhall.domains.attendance.key_models import SealedSeed, SigningKey, attendance_seeds
from guildhall.domains.attendance.keyring import DERIVATIONS_AT_ONCE, Keyring
from guildhall.domains.attendance.keys import (
    forget_attempts,
    generate_key,
    heed_locks,
    lock_key,
    rotate_key,
    unlock_key,
)
from guildhall.domains.attendance.signed.queries import active_key, keys_of
from tests.clock import SettableClock
from tests.domains.attendance.examples import GUILD

PASSPHRASE = "correct horse battery staple"
OTHER = "another passphrase of ours"
WRONG = "wrong horse battery staple"


class Wing:
    """The verbs with what they all take."""

    def __init__(self, database: Database, keyring: Keyring, clock: SettableClock) -> None:
        self.database, self.keyring, self.clock = database, keyring, clock

    async def generate(self, passphrase: str = PASSPHRASE) -> SigningKey:
        return await generate_key(
            self.database, self.keyring, SYSTEM, guild_id=GUILD, passphrase=passphrase, now=self.clock.now()
        )

    async def unlock(self, passphrase: str = PASSPHRASE) -> SigningKey:
        opened = await unlock_key(
            self.database, self.keyring, SYSTEM, guild_id=GUILD, passphrase=passphrase, now=self.clock.now()
        )
        return opened.key

    async def lock(self) -> None:
        async with self.database.write() as tx:
            await lock_key(tx, self.keyring, SYSTEM, guild_id=GUILD, now=self.clock.now())

    async def rotate(self, passphrase: str = OTHER) -> SigningKey:
        return await rotate_key(
            self.database, self.keyring, SYSTEM, guild_id=GUILD, passphrase=passphrase, now=self.clock.now()
        )

    async def keys(self) -> list[SigningKey]:
        async with self.database.read() as tx:
            return await keys_of(tx, GUILD)

    async def seed(self) -> bytes:
        """The seed that the store holds, opened by the documented recipe and nothing of the house."""
        async with self.database.read() as tx:
            [stored] = await tx.all(query(SealedSeed, select(attendance_seeds)))
        wrapped = hash_secret_raw(PASSPHRASE.encode(), stored.salt, 3, 64 * 1024, 4, 32, Type.ID)
        place = f"guildhall-attendance-key|1|{GUILD}|{stored.key_id}".encode()
        return AESGCM(wrapped).decrypt(stored.nonce, stored.sealed, place)


@pytest.fixture
def wing(database: Database, keyring: Keyring, clock: SettableClock) -> Wing:
    return Wing(database, keyring, clock)


def public_key(key: SigningKey) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(key.public_key))


async def test_a_key_is_made_once_unlocked_and_opens_by_the_documented_recipe(wing: Wing) -> None:
    with pytest.raises(KeyNotFound):
        await wing.unlock()
    for bad in ("seven77", "x" * 1025):
        with pytest.raises(InvalidPassphrase) as refused:
            await wing.generate(bad)
        assert refused.value.details == {"field": "passphrase"}
    key = await wing.generate()
    assert wing.keyring.key_of(GUILD) == key.id
    signed = wing.keyring.sign(GUILD, b"content")
    assert signed is not None
    public_key(key).verify(base64.b64decode(signed.signature), b"content")
    seed = await wing.seed()
    assert Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw() == base64.b64decode(
        key.public_key
    )
    with pytest.raises(KeyExists):
        await wing.generate()
    assert await wing.keys() == [key]


async def test_a_sealed_seed_opens_for_its_own_guild_only(wing: Wing) -> None:
    key = await wing.generate()
    async with wing.database.read() as tx:
        [stored] = await tx.all(query(SealedSeed, select(attendance_seeds)))
    with pytest.raises(WrongPassphrase):
        await wing.keyring.open(PASSPHRASE, stored, guild_id=GUILD + 1)
    wrapped = hash_secret_raw(PASSPHRASE.encode(), stored.salt, 3, 64 * 1024, 4, 32, Type.ID)
    with pytest.raises(InvalidTag):
        AESGCM(wrapped).decrypt(stored.nonce, stored.sealed, f"guildhall-attendance-key|1|{GUILD}|".encode())
    assert stored.key_id == key.id


async def test_of_two_who_make_the_first_key_at_once_one_does(wing: Wing) -> None:
    made = await asyncio.gather(wing.generate(), wing.generate(OTHER), return_exceptions=True)
    [refused] = [each for each in made if isinstance(each, BaseException)]
    assert isinstance(refused, KeyExists)
    [key] = await wing.keys()
    assert key in made
    assert wing.keyring.key_of(GUILD) == key.id


async def test_a_locked_key_signs_nothing_until_its_passphrase_is_given(wing: Wing) -> None:
    key = await wing.generate()
    await wing.lock()
    assert wing.keyring.key_of(GUILD) is None
    assert wing.keyring.sign(GUILD, b"content") is None
    await wing.lock()
    with pytest.raises(WrongPassphrase):
        await wing.unlock(WRONG)
    assert wing.keyring.key_of(GUILD) is None
    assert await wing.unlock() == key
    assert wing.keyring.key_of(GUILD) == key.id
    with pytest.raises(WrongPassphrase):
        await wing.unlock(WRONG)
    assert wing.keyring.key_of(GUILD) == key.id
    assert await wing.unlock() == key


async def test_five_wrong_passphrases_close_the_guild_for_a_quarter_of_an_hour(wing: Wing) -> None:
    await wing.generate()
    tries = await asyncio.gather(*(wing.unlock(WRONG) for _ in range(8)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in tries) == ["UnlockClosed"] * 3 + ["WrongPassphrase"] * 5
    wing.clock.advance(timedelta(minutes=14, seconds=59, milliseconds=500))
    with pytest.raises(UnlockClosed) as closed:
        await wing.unlock()
    assert closed.value.details["retry_after"] == 1
    wing.clock.advance(timedelta(milliseconds=500))
    await wing.unlock()
    for _ in range(4):
        with pytest.raises(WrongPassphrase):
            await wing.unlock(WRONG)
    # Spread over more than the window, five are not too many.
    wing.clock.advance(timedelta(minutes=16))
    with pytest.raises(WrongPassphrase):
        await wing.unlock(WRONG)
    await wing.unlock()
    wing.clock.advance(timedelta(hours=1))
    async with wing.database.write() as tx:
        await forget_attempts(tx, now=wing.clock.now())


async def test_a_passphrase_that_could_not_be_tried_does_not_count_as_wrong(wing: Wing) -> None:
    await wing.generate()
    patient, impatient = wing.keyring, Keyring(waiting=-DERIVATIONS_AT_ONCE)
    wing.keyring = impatient
    for _ in range(6):
        with pytest.raises(Unavailable):
            await wing.unlock()
    wing.keyring = patient
    await wing.unlock()
    impatient.close()


async def test_rotation_keeps_the_old_public_half_and_is_signed_by_the_old_key(wing: Wing) -> None:
    with pytest.raises(KeyNotFound):
        await wing.rotate()
    old = await wing.generate()
    wing.clock.advance(timedelta(days=1))
    new = await wing.rotate()
    assert wing.keyring.key_of(GUILD) == new.id
    text = f"guildhall-attendance-rotate|{GUILD}|{old.id}|{new.id}|{new.public_key}"
    assert new.cross_signature is not None
    public_key(old).verify(base64.b64decode(new.cross_signature), text.encode())
    newest, oldest = await wing.keys()
    assert (newest.id, newest.active, newest.previous_key_id) == (new.id, True, old.id)
    assert (oldest.id, oldest.active, oldest.retired_at) == (old.id, False, wing.clock.now())
    with pytest.raises(WrongPassphrase):
        await wing.unlock(PASSPHRASE)
    assert (await wing.unlock(OTHER)).id == new.id


async def test_a_forgotten_passphrase_ends_a_key_without_a_cross_signature(wing: Wing) -> None:
    await wing.generate()
    await wing.lock()
    new = await wing.rotate()
    assert new.cross_signature is None
    async with wing.database.read() as tx:
        assert await active_key(tx, GUILD) == new
        assert [each.key_id for each in await tx.all(query(SealedSeed, select(attendance_seeds)))] == [new.id]


async def test_what_one_process_locks_or_replaces_another_forgets(wing: Wing) -> None:
    events, elsewhere = LocalEvents(), Keyring()
    await events.start()
    wing.database.announcer = lambda topic, data: events.publish(topic, {**data})
    heeding = asyncio.create_task(heed_locks(elsewhere, events))
    await _until(lambda: events.subscribers == 1)
    key = await wing.generate()
    elsewhere.hold(GUILD, key.id, bytearray(32))
    await wing.lock()
    await _until(lambda: elsewhere.key_of(GUILD) is None)
    elsewhere.hold(GUILD, key.id, bytearray(32))
    await wing.rotate()
    await _until(lambda: elsewhere.key_of(GUILD) is None)
    heeding.cancel()
    await events.stop()
    elsewhere.close()


async def test_neither_seed_nor_passphrase_is_ever_stored_logged_or_audited(
    wing: Wing, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await wing.generate()
    seed = await wing.seed()
    with pytest.raises(WrongPassphrase):
        await wing.unlock(WRONG)
    await wing.lock()
    await wing.unlock()
    await wing.rotate()
    everything = caplog.text + await _whole_store(wing.database)
    assert "attendance.key_rotated" in everything
    secrets = [PASSPHRASE, WRONG, OTHER, seed.hex(), base64.b64encode(seed).decode()[:-1], repr(seed)[2:-1]]
    assert [secret for secret in secrets if secret in everything] == []


async def test_a_forgotten_seed_is_overwritten(keyring: Keyring) -> None:
    first, second = bytearray(range(32)), bytearray(range(32))
    keyring.hold(GUILD, "one", first)
    keyring.hold(GUILD, "two", second)
    assert first == bytes(32)
    assert second == bytes(range(32))
    keyring.close()
    assert second == bytes(32)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 (neither the bus nor the ring tells of it)
            await asyncio.sleep(0)


async def _whole_store(database: Database) -> str:
    """Every column of every table, as text."""
    found: list[Any] = []
    async with database.read() as tx:
        for table in metadata.sorted_tables:
            compiled = query(str, select(table)).on(database.engine)
            found += [tuple(row) for row in await tx._fetch(compiled.text, [])]
    return repr(found)
