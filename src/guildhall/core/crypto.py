"""Secrets: encrypted when they must be read again, hashed when they need only be recognised.

- `SecretBox` encrypts what the server must show or use later: tokens of other services, seeds of second factors.
- `digest` is for long random tokens of ours: one look-up finds the row, and what leaks from the table opens nothing.
- `PasswordHasher` is for what people choose: slow on purpose, and never on the event loop.
"""

import asyncio
import base64
import binascii
import contextlib
import hashlib
import hmac
import os
import re
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import argon2
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from guildhall.core import ids
from guildhall.core.disk import sync_folder
from guildhall.core.errors import Unavailable
from guildhall.settings import SettingsError

T = TypeVar("T")

VERSION = "g1"
NONCE_LENGTH = 12

SEALED = re.compile(r"(?P<version>[a-z0-9]+)\.(?P<key>[0-9a-f]{8})\.(?P<body>[A-Za-z0-9_-]{38,})")
SECRET_NAME = re.compile(r"[a-z0-9_-]+")

HASHES_AT_ONCE = 2
"""Password hashes computed at the same time; each takes a core and 46 MiB for some 50 milliseconds."""

HASHES_WAITING = 64
"""Sign-ins that may wait for their turn, some two seconds; those beyond are told to come again."""

# The parameters that OWASP recommends for the least time: 46 MiB, one pass, one lane.
_argon2 = argon2.PasswordHasher(time_cost=1, memory_cost=46 * 1024, parallelism=1)


class SecretUnreadable(Exception):
    """A stored secret cannot be decrypted; the text says why and what an operator can do. It is not for clients."""


class SecretBox:
    """Encrypts text at rest for one purpose, with a key derived from SECRET_KEY for this purpose alone.

    A value belongs to a place, such as "identity.totp:" and the id of its row, and can be decrypted there only: moved
    to another row, it is not accepted.
    """

    def __init__(self, secret_key: str, purpose: str) -> None:
        self._purpose = purpose
        material = derived_key(secret_key, purpose, length=68)
        self._cipher = AESGCM(material[:32])
        self._key_id = material[32:36].hex()
        self._print_key = material[36:]

    def encrypt(self, text: str, *, place: str) -> str:
        """Return the text sealed for a place: version, key id, nonce and cipher, safe in URLs and columns of text."""
        nonce = os.urandom(NONCE_LENGTH)
        body = nonce + self._cipher.encrypt(nonce, text.encode(), place.encode())
        return f"{VERSION}.{self._key_id}.{base64.urlsafe_b64encode(body).decode().rstrip('=')}"

    def decrypt(self, sealed: str, *, place: str) -> str:
        """Return the text that was sealed for this place. Raises SecretUnreadable."""
        parts = SEALED.fullmatch(sealed)
        if parts is None or parts["version"] != VERSION:
            raise self._unreadable(place, "it is not in a form this version knows; restore the row from a backup")
        if parts["key"] != self._key_id:
            raise self._unreadable(
                place,
                f"it was encrypted under another SECRET_KEY (key {parts['key']}, now {self._key_id}); set the "
                "SECRET_KEY of that time, or remove the value and enter it anew",
            )
        try:
            body = base64.urlsafe_b64decode(parts["body"] + "=" * (-len(parts["body"]) % 4))
            return self._cipher.decrypt(body[:NONCE_LENGTH], body[NONCE_LENGTH:], place.encode()).decode()
        except (InvalidTag, binascii.Error):
            raise self._unreadable(
                place,
                "it was changed, or moved here from another row; restore the row from a backup, or remove the "
                "value and enter it anew",
            ) from None

    def fingerprint(self, data: bytes) -> str:
        """Return a hash by which the same bytes are known again; nobody without the key can try guesses on it."""
        return hmac.digest(self._print_key, data, "sha256").hex()

    def _unreadable(self, place: str, reason: str) -> SecretUnreadable:
        return SecretUnreadable(f"The secret for {self._purpose!r} at {place!r} cannot be decrypted: {reason}")


def derived_key(secret_key: str, purpose: str, *, length: int = 32) -> bytes:
    """Return a key for one purpose, from which neither SECRET_KEY nor the key of another purpose can be told."""
    return HKDF(SHA256(), length=length, salt=None, info=f"guildhall {purpose}".encode()).derive(secret_key.encode())


def load_or_create_secret(data_dir: Path, name: str) -> str:
    """Return the secret of this name, kept in `secrets/` of the data folder; made at the first call, 256 random bits.

    Readable by the owner alone. Processes that start together get the same one. Raises SettingsError when the file
    is there and empty.
    """
    if not SECRET_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a secret: use a-z, 0-9, _ and -")
    folder = data_dir / "secrets"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    if not path.exists():
        _create(path, ids.url_token())
    secret = path.read_text().strip()
    if not secret:
        raise SettingsError(f"{path} is empty; restore it from a backup, or delete it to have a new secret made")
    return secret


def _create(path: Path, secret: str) -> None:
    """Write a file whole or not at all; when another process is first, its file stays."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secret + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            # A link fails where a rename would replace.
            os.link(draft, path)
    finally:
        draft.unlink()
    sync_folder(path.parent)


def digest(secret: str) -> str:
    """Return the SHA-256 of a long random token, in hexadecimal, by which its row is found."""
    return hashlib.sha256(_bytes(secret)).hexdigest()


def same(one: str, other: str) -> bool:
    """Tell whether two secrets are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(_bytes(one), _bytes(other))


def hash_password(text: str) -> str:
    """Return the argon2id hash of a password, with its salt and parameters. Takes some 50 milliseconds."""
    return _argon2.hash(_normal(text))


def verify_password(stored: str | None, text: str) -> bool:
    """Tell whether this is the password. Without a stored hash, for an unknown account, it takes as long to say no."""
    if stored is None:
        _argon2.hash(_normal(text))
        return False
    try:
        return _argon2.verify(stored, _normal(text))
    except argon2.exceptions.VerifyMismatchError:
        return False


def needs_rehash(stored: str) -> bool:
    """Tell whether a hash was made with other parameters than today's, and should be replaced at the next sign-in."""
    return _argon2.check_needs_rehash(stored)


def _normal(text: str) -> bytes:
    # The same password typed on another system can be another sequence of code points.
    return _bytes(unicodedata.normalize("NFKC", text))


def _bytes(text: str) -> bytes:
    # What a client sends can hold half a surrogate pair; it is wrong then, and no reason to fail.
    return text.encode(errors="surrogatepass")


class PasswordHasher:
    """Hashes passwords beside the event loop, a few at a time."""

    def __init__(self, at_once: int = HASHES_AT_ONCE, waiting: int = HASHES_WAITING) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="passwords")
        self._places = at_once + waiting

    async def hash(self, text: str) -> str:
        """Do as `hash_password`. Raises Unavailable when too many wait."""
        return await self._run(partial(hash_password, text))

    async def verify(self, stored: str | None, text: str) -> bool:
        """Do as `verify_password`. Raises Unavailable when too many wait."""
        return await self._run(partial(verify_password, stored, text))

    def close(self) -> None:
        """Give up what waits."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._places == 0:
            raise Unavailable("Too many people sign in at this moment, please try again")
        self._places -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._places += 1
