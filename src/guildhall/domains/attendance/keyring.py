"""Private keys: encrypted under a passphrase for the store, open in the memory of this process alone.

A passphrase becomes a key by Argon2id, slow on purpose: a few at a time, and never on the event loop. Whoever has the
store has nothing but the chance to guess; whoever restarts the process has to ask for the passphrase again.
"""

import asyncio
import base64
import os
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from guildhall.core.errors import Unavailable
from guildhall.domains.attendance.key_errors import InvalidPassphrase, WrongPassphrase
from guildhall.domains.attendance.key_models import SealedSeed

T = TypeVar("T")

VERSION: Final = 1
MEMORY_KIB: Final = 64 * 1024
PASSES: Final = 3
LANES: Final = 4
SALT_LENGTH: Final = 16
NONCE_LENGTH: Final = 12
SEED_LENGTH: Final = 32

SHORTEST: Final = 8
LONGEST: Final = 1024

DERIVATIONS_AT_ONCE: Final = 2
"""Derivations computed at the same time; each takes 64 MiB and some tenths of a second of four threads."""

DERIVATIONS_WAITING: Final = 32


@dataclass(frozen=True)
class Signed:
    """A signature in base64, and the id of the key that made it."""

    key_id: str
    signature: str


@dataclass(frozen=True)
class _Held:
    key_id: str
    seed: bytearray


class Keyring:
    """The unlocked keys of this process, one for each guild, and the place where passphrases are tried.

    What the libraries copy while they compute cannot be overwritten from here; what this object keeps is overwritten
    when a key is locked, replaced, or the ring is closed.
    """

    def __init__(self, *, waiting: int = DERIVATIONS_WAITING) -> None:
        self._held: dict[int, _Held] = {}
        self._threads = ThreadPoolExecutor(DERIVATIONS_AT_ONCE, thread_name_prefix="passphrases")
        self._places = DERIVATIONS_AT_ONCE + waiting

    def key_of(self, guild_id: int) -> str | None:
        """Return the id of the guild's key that is unlocked here, or None."""
        held = self._held.get(guild_id)
        return held.key_id if held else None

    def guilds(self) -> list[int]:
        """Return the guilds whose keys are unlocked here."""
        return list(self._held)

    def sign(self, guild_id: int, content: bytes) -> Signed | None:
        """Sign bytes with the guild's key, or return None when it is not unlocked here. Takes some 0.1 milliseconds."""
        held = self._held.get(guild_id)
        if held is None:
            return None
        signature = Ed25519PrivateKey.from_private_bytes(held.seed).sign(content)
        return Signed(held.key_id, base64.b64encode(signature).decode())

    def hold(self, guild_id: int, key_id: str, seed: bytearray) -> None:
        """Keep a seed from now on, in place of any other of the guild. The bytes become the ring's own."""
        self.forget(guild_id)
        self._held[guild_id] = _Held(key_id, seed)

    def forget(self, guild_id: int) -> None:
        """Overwrite and drop the guild's seed, if there is one."""
        held = self._held.pop(guild_id, None)
        if held is not None:
            wipe(held.seed)

    def close(self) -> None:
        """Forget every seed and give up what waits."""
        for guild_id in self.guilds():
            self.forget(guild_id)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def seal(self, passphrase: str, seed: bytearray, *, guild_id: int, key_id: str) -> SealedSeed:
        """Encrypt a seed under a passphrase, with today's parameters. Raises Unavailable when too many wait."""
        return await self._run(partial(_seal, passphrase, seed, guild_id, key_id))

    async def open(self, passphrase: str, sealed: SealedSeed, *, guild_id: int) -> bytearray:
        """Decrypt a seed. Raises WrongPassphrase, and Unavailable when too many wait."""
        return await self._run(partial(_open, passphrase, sealed, guild_id))

    async def _run(self, work: Callable[[], T]) -> T:
        if self._places == 0:
            raise Unavailable("Too many passphrases are being tried at this moment, please try again")
        self._places -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._places += 1


def check_passphrase(passphrase: str) -> None:
    """Raise InvalidPassphrase for one that is too short or too long."""
    if not SHORTEST <= len(passphrase) <= LONGEST:
        raise InvalidPassphrase


def new_seed() -> bytearray:
    """Return a fresh seed, from the operating system's randomness."""
    return bytearray(os.urandom(SEED_LENGTH))


def public_key_of(seed: bytearray) -> str:
    """Return the public half of a seed, in base64."""
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    return base64.b64encode(public.public_bytes_raw()).decode()


def wipe(secret: bytearray) -> None:
    """Overwrite bytes with zeros."""
    secret[:] = bytes(len(secret))


def _place(guild_id: int, key_id: str) -> bytes:
    """Return the associated data, which binds an encrypted seed to its guild and its key."""
    return f"guildhall-attendance-key|{VERSION}|{guild_id}|{key_id}".encode()


def _derive(passphrase: str, *, salt: bytes, memory_kib: int, passes: int, lanes: int) -> bytes:
    # The same passphrase typed on another system can be another sequence of code points. What a client sends can hold
    # half a surrogate pair; it is wrong then, and no reason to fail.
    normal = unicodedata.normalize("NFKC", passphrase).encode(errors="surrogatepass")
    return hash_secret_raw(normal, salt, passes, memory_kib, lanes, 32, Type.ID)


def _seal(passphrase: str, seed: bytearray, guild_id: int, key_id: str) -> SealedSeed:
    salt, nonce = os.urandom(SALT_LENGTH), os.urandom(NONCE_LENGTH)
    key = _derive(passphrase, salt=salt, memory_kib=MEMORY_KIB, passes=PASSES, lanes=LANES)
    return SealedSeed(
        key_id=key_id,
        version=VERSION,
        memory_kib=MEMORY_KIB,
        passes=PASSES,
        lanes=LANES,
        salt=salt,
        nonce=nonce,
        sealed=AESGCM(key).encrypt(nonce, seed, _place(guild_id, key_id)),
    )


def _open(passphrase: str, stored: SealedSeed, guild_id: int) -> bytearray:
    key = _derive(passphrase, salt=stored.salt, memory_kib=stored.memory_kib, passes=stored.passes, lanes=stored.lanes)
    seed = bytearray(SEED_LENGTH)
    try:
        AESGCM(key).decrypt_into(stored.nonce, stored.sealed, _place(guild_id, stored.key_id), seed)
    except InvalidTag:
        raise WrongPassphrase from None
    return seed
