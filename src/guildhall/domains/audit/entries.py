"""Writing to the audit log."""

from datetime import datetime

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.domains.audit.models import NewEntry


async def record(tx: Tx, actor: Actor, action: str, target: str | None, *, now: datetime, **details: object) -> None:
    """Write down an act in the transaction that performs it. `details` are JSON values and hold no secrets."""
    entry = NewEntry(now, actor.kind.value, actor.user_id, actor.app_id, actor.ip, action, target, details)
    await tx.insert(entry)
