"""Signing what waits: queued when a key is unlocked, done by the process that has it."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from guildhall.core import outbox
from guildhall.core.db import Tx
from guildhall.core.outbox import JobKind

SEEK: Final = (timedelta(seconds=1),) * 20
"""How often the work is offered again, in search of the process that has the key."""


class SignPending(msgspec.Struct, frozen=True):
    """The payload: whose records wait."""

    guild_id: int


SIGN_PENDING: Final = JobKind("attendance.sign", SignPending, backoff=SEEK, timeout=timedelta(hours=1))


async def queue_signing(tx: Tx, guild_id: int, *, now: datetime) -> None:
    """Let what waits in a guild be signed once this transaction is committed."""
    await outbox.put(tx, SIGN_PENDING, SignPending(guild_id), now=now)
