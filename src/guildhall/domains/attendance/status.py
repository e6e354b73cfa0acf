"""How a guild's signing stands: its key, whether it is open in this process, and what waits for it."""

from dataclasses import dataclass

from guildhall.core.db import Tx
from guildhall.domains.attendance.key_errors import KeyNotFound
from guildhall.domains.attendance.key_models import Pending, SigningKey
from guildhall.domains.attendance.keyring import Keyring
from guildhall.domains.attendance.signed.queries import active_key, keys_of, pending_of


@dataclass(frozen=True)
class SigningStatus:
    """The active key, None before the first one; whether this process has it open; how much waits to be signed."""

    key: SigningKey | None
    unlocked: bool
    pending: Pending


async def signing_status(tx: Tx, keyring: Keyring, *, guild_id: int) -> SigningStatus:
    """Return how the signing of a guild stands."""
    key = await active_key(tx, guild_id)
    unlocked = key is not None and keyring.key_of(guild_id) == key.id
    return SigningStatus(key, unlocked, await pending_of(tx, guild_id))


async def public_keys(tx: Tx, *, guild_id: int) -> list[SigningKey]:
    """Return every key a guild ever signed with, newest first. Raises KeyNotFound before the first one."""
    keys = await keys_of(tx, guild_id)
    if not keys:
        raise KeyNotFound
    return keys
