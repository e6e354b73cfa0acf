"""Signing what has closed: at once where the guild's key is unlocked, else oldest first when it is.

Closing a session or period stores its bytes as pending. A signature is written only where none is yet, and Ed25519
gives the same one for the same bytes: neither a repeat nor a death in between can leave two.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Table, bindparam, update

from guildhall.core import outbox
from guildhall.core.clock import Clock
from guildhall.core.db import Command, Database, StoreUnavailable, Tx, command
from guildhall.core.events import LAGGED, EventBus
from guildhall.core.jobs import JobContext
from guildhall.core.jobs.engine import Handler
from guildhall.core.log import get_logger
from guildhall.core.outbox import JobKind
from guildhall.domains.attendance.key_errors import KeyElsewhere
from guildhall.domains.attendance.key_models import Unsigned
from guildhall.domains.attendance.keyring import Keyring
from guildhall.domains.attendance.models import SigningState, attendance_periods, attendance_sessions, whole_second
from guildhall.domains.attendance.signed.queries import (
    ACTIVE_KEY_SHARED,
    OLDEST_PERIOD,
    OLDEST_SESSION,
)
from guildhall.domains.attendance.tlog.log import queue_entry
from guildhall.domains.attendance.webhooks.events import tell_signed
from guildhall.evidence.formats import RecordKind

log = get_logger(__name__)

WAITING: Final = "attendance.waiting"
"""What a closed record without a signature announces, with its `guild_id`, for the process that has the key."""

SEEK: Final = (timedelta(seconds=1),) * 20
"""How often the work is offered again, in search of the process that has the key."""


class SignPending(msgspec.Struct, frozen=True):
    """The payload: whose records wait."""

    guild_id: int


SIGN_PENDING: Final = JobKind("attendance.sign", SignPending, backoff=SEEK, timeout=timedelta(hours=1))


def _signing(table: Table) -> Command:
    return command(
        update(table)
        .where(table.c.id == bindparam("record_id"), table.c.signing_state == SigningState.PENDING.value)
        .values(
            signing_key_id=bindparam("by"),
            signature_v1=bindparam("first"),
            signature_v2=bindparam("second"),
            signed_at=bindparam("at"),
            signing_state=SigningState.SIGNED.value,
        )
    )


SIGN: Final = {RecordKind.SESSION: _signing(attendance_sessions), RecordKind.PERIOD: _signing(attendance_periods)}


async def queue_signing(tx: Tx, guild_id: int, *, now: datetime) -> None:
    """Let what waits in a guild be signed once this transaction is committed."""
    await outbox.put(tx, SIGN_PENDING, SignPending(guild_id), now=now)


async def sign_closed(
    tx: Tx, keyring: Keyring, kind: RecordKind, records: Iterable[Unsigned], *, guild_id: int, now: datetime
) -> bool:
    """Sign records that this transaction has closed; False when the guild's key is not unlocked here.

    They wait then, and the processes are told once they are committed, because one of them may have the key.
    """
    if not await _holds_active_key(tx, keyring, guild_id):
        tx.announce(WAITING, guild_id=str(guild_id))
        return False
    for record in records:
        await _sign(tx, kind, keyring, guild_id, record, now)
    return True


async def sign_waiting(database: Database, keyring: Keyring, clock: Clock, *, guild_id: int) -> int:
    """Sign what waits in a guild, oldest first, each record in a transaction of its own; return how many.

    Ends early, without an error, when the guild's key is not unlocked here or no more.
    """
    signed = 0
    while True:
        async with database.write() as tx:
            if not await _sign_oldest(tx, keyring, guild_id, clock.now()):
                return signed
        signed += 1


def signer_of(keyring: Keyring) -> Handler[SignPending]:
    """Return the handler of SIGN_PENDING for the process that has this keyring."""

    async def sign_pending(context: JobContext, job: SignPending) -> None:
        await sign_waiting(context.database, keyring, context.clock, guild_id=job.guild_id)
        # Another process may have the key, and is sought. Nobody may: whoever unlocks it queues the work anew.
        if keyring.key_of(job.guild_id) is None and context.attempt <= len(SEEK):
            raise KeyElsewhere

    return sign_pending


async def keep_signing(database: Database, keyring: Keyring, clock: Clock, events: EventBus) -> None:
    """Sign what other processes close in guilds whose key is unlocked here, until cancelled."""
    async with events.subscribe(WAITING) as told:
        async for event in told:
            guilds = keyring.guilds() if event.topic == LAGGED else [int(event.data["guild_id"])]
            try:
                for guild_id in guilds:
                    await sign_waiting(database, keyring, clock, guild_id=guild_id)
            except StoreUnavailable as fault:
                log.warning("Records wait for the database to be signed", reason=fault.message)


async def _sign_oldest(tx: Tx, keyring: Keyring, guild_id: int, now: datetime) -> bool:
    """Sign the oldest record that waits; False when there is none, or the guild's key is not unlocked here."""
    if not await _holds_active_key(tx, keyring, guild_id):
        return False
    session, period = await tx.one(OLDEST_SESSION, guild_id=guild_id), await tx.one(OLDEST_PERIOD, guild_id=guild_id)
    if session is not None and (period is None or session.closed_at <= period.closed_at):
        return await _sign(tx, RecordKind.SESSION, keyring, guild_id, session, now)
    return await _sign(tx, RecordKind.PERIOD, keyring, guild_id, period, now)


async def _holds_active_key(tx: Tx, keyring: Keyring, guild_id: int) -> bool:
    """Tell whether the key that is unlocked here is the guild's; another process may have rotated it meanwhile."""
    held = keyring.key_of(guild_id)
    if held is None:
        return False
    active = await tx.one(ACTIVE_KEY_SHARED, guild_id=guild_id)
    return active is not None and active.id == held


async def _sign(
    tx: Tx, kind: RecordKind, keyring: Keyring, guild_id: int, record: Unsigned | None, now: datetime
) -> bool:
    """Write the signatures of a record that waits; False for none, and when the key was locked meanwhile."""
    if record is None:
        return False
    first, second = keyring.sign(guild_id, record.bytes_v1), keyring.sign(guild_id, record.bytes_v2)
    if first is None or second is None:
        return False
    signed = await tx.run(
        SIGN[kind],
        record_id=record.id,
        by=first.key_id,
        first=first.signature,
        second=second.signature,
        at=whole_second(now),
    )
    if signed:
        await queue_entry(tx, kind, record.id, salt=record.salt, v2_hash=record.hash_v2)
        await tell_signed(tx, kind, guild_id, record.id, now=now)
    return True
