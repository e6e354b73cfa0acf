"""Reads of keys and of attempts to unlock."""

from sqlalchemy import Integer, bindparam, select

from guildhall.core.db import Tx, query
from guildhall.domains.attendance.key_models import (
    SealedSeed,
    SigningKey,
    UnlockAttempt,
    attendance_keys,
    attendance_seeds,
    attendance_unlock_attempts,
)

_of_guild = attendance_keys.c.guild_id == bindparam("guild_id")
_active = _of_guild & attendance_keys.c.retired_at.is_(None)

KEYS = query(
    SigningKey,
    select(attendance_keys).where(_of_guild).order_by(attendance_keys.c.created_at.desc(), attendance_keys.c.id.desc()),
)
ACTIVE_KEY = query(SigningKey, select(attendance_keys).where(_active))
ACTIVE_KEY_LOCKED = query(SigningKey, select(attendance_keys).where(_active).with_for_update())
SEED = query(SealedSeed, select(attendance_seeds).where(attendance_seeds.c.key_id == bindparam("key_id")))
LAST_ATTEMPTS = query(
    UnlockAttempt,
    select(attendance_unlock_attempts)
    .where(attendance_unlock_attempts.c.guild_id == bindparam("guild_id"))
    .order_by(attendance_unlock_attempts.c.at.desc())
    .limit(bindparam("limit", type_=Integer)),
)


async def keys_of(tx: Tx, guild_id: int) -> list[SigningKey]:
    """Return every key the guild ever had, newest first."""
    return await tx.all(KEYS, guild_id=guild_id)


async def active_key(tx: Tx, guild_id: int) -> SigningKey | None:
    """Return the key the guild signs with, locked or not, or None before the first one."""
    return await tx.one(ACTIVE_KEY, guild_id=guild_id)
