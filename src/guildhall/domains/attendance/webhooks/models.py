"""What webhooks keep: where a guild's events go, and every delivery with its body as it is sent."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from guildhall.core.db import JsonDoc, UtcTime, metadata, stored

_pending: dict[str, Any] = {"sqlite_where": text("state = 'pending'"), "postgresql_where": text("state = 'pending'")}


class WebhookEvent(StrEnum):
    """What a guild can be told of."""

    SESSION_COMPLETED = "session.completed"
    PERIOD_ARCHIVED = "period.archived"
    ROLE_GRANTED = "role.granted"
    ROLE_REVOKED = "role.revoked"


TEST_EVENT: Final = "webhook.test"
DEFAULT_EVENTS: Final = (WebhookEvent.SESSION_COMPLETED, WebhookEvent.PERIOD_ARCHIVED)


class DeliveryState(StrEnum):
    """Where a delivery stands. One that is waiting has no body yet: what it tells of is to be signed first."""

    WAITING = "waiting"
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


attendance_webhooks = Table(
    "attendance_webhooks",
    metadata,
    Column("guild_id", BigInteger, ForeignKey("attendance_guilds.guild_id"), primary_key=True, autoincrement=False),
    Column("url", Text),
    Column("enabled", Boolean, nullable=False),
    Column("events", JsonDoc, nullable=False),
    Column("secret", Text),
    Column("previous_secret", Text),
    Column("previous_until", UtcTime),
    Column("disabled_reason", Text),
    Column("failures", Integer, nullable=False),
    Column("failing_since", UtcTime),
    CheckConstraint("url IS NOT NULL OR NOT enabled", name="enabled"),
    CheckConstraint("url IS NULL OR secret IS NOT NULL", name="secret"),
)

attendance_webhook_deliveries = Table(
    "attendance_webhook_deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("guild_id", BigInteger, ForeignKey("attendance_webhooks.guild_id"), nullable=False),
    Column("event_type", Text, nullable=False),
    Column("subject", Text),
    Column("body", LargeBinary),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("next_try_at", UtcTime),
    Column("delivered_at", UtcTime),
    Column("last_status", Integer),
    Column("last_error", Text),
    UniqueConstraint("event_type", "subject"),
    CheckConstraint("state IN ('waiting', 'pending', 'delivered', 'failed')", name="state"),
    CheckConstraint("(state = 'pending') = (next_try_at IS NOT NULL)", name="next_try"),
    CheckConstraint("state = 'waiting' OR body IS NOT NULL", name="body"),
    Index("ix_attendance_webhook_deliveries_pending", "guild_id", "next_try_at", **_pending),
    Index("ix_attendance_webhook_deliveries_guild_id_created_at", "guild_id", "created_at", "id"),
    Index("ix_attendance_webhook_deliveries_state_created_at", "state", "created_at"),
)


@stored(attendance_webhooks)
class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """Where a guild's events go, and which.

    The secrets are sealed. The previous one signs beside the present one up to `previous_until`. `failures` counts the
    deliveries given up since the last good one; `failing_since` is the first bad attempt since the last good one.
    `disabled_reason` is there when the house switched the address off.
    """

    guild_id: int
    url: str | None = None
    enabled: bool = False
    events: tuple[WebhookEvent, ...] = DEFAULT_EVENTS
    secret: str | None = None
    previous_secret: str | None = None
    previous_until: datetime | None = None
    disabled_reason: str | None = None
    failures: int = 0
    failing_since: datetime | None = None


@stored(attendance_webhook_deliveries)
class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way to one address; its id is the webhook-id of every attempt.

    `subject` names what it tells of, of which it is the only delivery. `attempts` counts all there ever were, `step`
    those of this round, which a retry by hand begins anew. While an attempt is under way, `next_try_at` is when another
    is made should nothing be heard of it.
    """

    id: str
    guild_id: int
    event_type: str
    subject: str | None = None
    body: bytes | None = None
    state: DeliveryState
    attempts: int = 0
    step: int = 0
    created_at: datetime
    next_try_at: datetime | None = None
    delivered_at: datetime | None = None
    last_status: int | None = None
    last_error: str | None = None
