"""What a guild is told of, queued in the transaction in which it happens.

Where the guild has a key, a session or period is told of with its signature. Its delivery is queued when it closes and
has no body until it is signed, so that settings and tier decide at the time of the event, and a key that is made later
tells nobody twice.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec
from sqlalchemy import bindparam, delete, literal_column, update

from guildhall.core import ids
from guildhall.core.db import Tx, command, insert_if_new
from guildhall.domains.attendance.boards import line_of
from guildhall.domains.attendance.models import Period, Session, SigningState, fields_of
from guildhall.domains.attendance.policy import access_guild
from guildhall.domains.attendance.queries import PERIOD_BY_ID
from guildhall.domains.attendance.signed.queries import active_key
from guildhall.domains.attendance.webhooks.models import (
    Delivery,
    DeliveryState,
    WebhookEvent,
    attendance_webhook_deliveries as deliveries,
)
from guildhall.domains.attendance.webhooks.payloads import (
    Data,
    Event,
    RoleChanged,
    period_archived,
    session_completed,
)
from guildhall.domains.attendance.webhooks.queries import LISTENING, WAITING
from guildhall.evidence.formats import RecordKind, instant

TOPIC: Final = "attendance.webhooks"
"""What a delivery that is to be tried now announces, with its `guild_id`."""

EVENT_OF: Final = {
    RecordKind.SESSION: WebhookEvent.SESSION_COMPLETED,
    RecordKind.PERIOD: WebhookEvent.PERIOD_ARCHIVED,
}
QUEUE = insert_if_new(deliveries)
FILL = command(
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery_id"), deliveries.c.state == literal_column("'waiting'"))
    .values(body=bindparam("new_body"), state=DeliveryState.PENDING.value, next_try_at=bindparam("at"))
)
FORGET_WAITING = command(
    delete(deliveries).where(
        deliveries.c.guild_id == bindparam("guild_id"), deliveries.c.state == literal_column("'waiting'")
    )
)
GIVE_UP = command(
    update(deliveries)
    .where(deliveries.c.guild_id == bindparam("of_guild"), deliveries.c.state == literal_column("'pending'"))
    .values(state=DeliveryState.FAILED.value, next_try_at=None, last_error=bindparam("why"))
)


async def queue_session_events(tx: Tx, guild_id: int, sessions: Sequence[Session], *, now: datetime) -> None:
    """Tell of sessions of a guild that this transaction has ended, once they are signed if the guild has a key."""
    if not await _listens(tx, guild_id, WebhookEvent.SESSION_COMPLETED):
        return
    guild, has_key = await access_guild(tx, guild_id), await active_key(tx, guild_id) is not None
    for session in sessions:
        line = await line_of(tx, guild, session_id=session.id, now=now)
        waits = has_key and line.session.signing_state != SigningState.SIGNED
        data = None if waits else await session_completed(tx, guild_id, line)
        await _queue(tx, guild_id, WebhookEvent.SESSION_COMPLETED, data, subject=session.id, now=now)


async def queue_period_event(tx: Tx, period: Period, *, now: datetime) -> None:
    """Tell of a period that this transaction has archived, once it is signed if the guild has a key."""
    if not await _listens(tx, period.guild_id, WebhookEvent.PERIOD_ARCHIVED):
        return
    archived = await _period(tx, period.guild_id, period.id)
    unsigned = archived.signing_state is not SigningState.SIGNED
    waits = unsigned and await active_key(tx, period.guild_id) is not None
    data = None if waits else await period_archived(tx, archived)
    await _queue(tx, period.guild_id, WebhookEvent.PERIOD_ARCHIVED, data, subject=period.id, now=now)


async def queue_role_event(
    tx: Tx,
    event: Literal[WebhookEvent.ROLE_GRANTED, WebhookEvent.ROLE_REVOKED],
    *,
    guild_id: int,
    rule_id: str,
    user_id: int,
    role_id: int,
    now: datetime,
) -> None:
    """Tell that a rule has given a role to somebody, or taken it back."""
    if await _listens(tx, guild_id, event):
        data = RoleChanged(guild_id=str(guild_id), rule_id=rule_id, user_id=str(user_id), role_id=str(role_id))
        await _queue(tx, guild_id, event, data, now=now)


async def tell_signed(tx: Tx, kind: RecordKind, guild_id: int, record_id: str, *, now: datetime) -> None:
    """Let the delivery go that waited for the signature of a session or period, if there is one."""
    waiting = await tx.one(WAITING, event_type=EVENT_OF[kind], subject=record_id)
    if waiting is None:
        return
    data = await _data_of(tx, kind, guild_id, record_id, now)
    body = body_of(waiting.event_type, data, waiting.created_at)
    await tx.run(FILL, delivery_id=waiting.id, new_body=body, at=now)
    tx.announce(TOPIC, guild_id=str(guild_id))


async def drop_queued(tx: Tx, guild_id: int, *, why: str) -> None:
    """Give up what is still to be delivered to a guild; what has content can be sent again by hand."""
    await tx.run(FORGET_WAITING, guild_id=guild_id)
    await tx.run(GIVE_UP, of_guild=guild_id, why=why)


def body_of(event_type: str, data: Data, at: datetime) -> bytes:
    """Return the body of an event of this instant."""
    return msgspec.json.encode(Event(event_type, instant(at), data))


async def _listens(tx: Tx, guild_id: int, event: WebhookEvent) -> bool:
    webhook = await tx.one(LISTENING, guild_id=guild_id)
    return webhook is not None and event in webhook.events


async def _data_of(tx: Tx, kind: RecordKind, guild_id: int, record_id: str, now: datetime) -> Data:
    if kind is RecordKind.SESSION:
        line = await line_of(tx, await access_guild(tx, guild_id), session_id=record_id, now=now)
        return await session_completed(tx, guild_id, line)
    return await period_archived(tx, await _period(tx, guild_id, record_id))


async def _period(tx: Tx, guild_id: int, period_id: str) -> Period:
    period = await tx.one(PERIOD_BY_ID, guild_id=guild_id, period_id=period_id)
    if period is None:
        raise LookupError("a period vanished while it was told of")
    return period


async def _queue(
    tx: Tx, guild_id: int, event: WebhookEvent, data: Data | None, *, subject: str | None = None, now: datetime
) -> None:
    delivery = Delivery(
        id=ids.uuid(),
        guild_id=guild_id,
        event_type=event,
        subject=subject,
        body=body_of(event, data, now) if data else None,
        state=DeliveryState.PENDING if data else DeliveryState.WAITING,
        created_at=now,
        next_try_at=now if data else None,
    )
    await tx.run(QUEUE, **fields_of(delivery))
    tx.announce(TOPIC, guild_id=str(guild_id))
