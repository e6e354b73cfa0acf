"""Reads of webhooks and deliveries."""

from datetime import timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    Text,
    bindparam,
    func,
    literal_column,
    select,
    true,
    tuple_,
)

from guildhall.core.db import Tx, UtcTime, query
from guildhall.domains.attendance.models import attendance_guilds
from guildhall.domains.attendance.webhooks.errors import DeliveryNotFound
from guildhall.domains.attendance.webhooks.models import (
    Delivery,
    Webhook,
    attendance_webhook_deliveries as deliveries,
    attendance_webhooks as webhooks,
)

KEPT: Final = timedelta(days=30)
"""How long an ended delivery is listed."""

_of_guild: BindParameter[int] = bindparam("guild_id")
# The state is written out, because the index over what is pending serves only statements that name it.
_pending: ColumnElement[bool] = deliveries.c.state == literal_column("'pending'")
_due = deliveries.c.next_try_at <= bindparam("now")

WEBHOOK = query(Webhook, select(webhooks).where(webhooks.c.guild_id == _of_guild))
WEBHOOK_LOCKED = query(Webhook, select(webhooks).where(webhooks.c.guild_id == _of_guild).with_for_update())
LISTENING = query(
    Webhook,
    select(webhooks)
    .join_from(webhooks, attendance_guilds, attendance_guilds.c.guild_id == webhooks.c.guild_id)
    .where(
        webhooks.c.guild_id == _of_guild,
        webhooks.c.enabled == true(),
        attendance_guilds.c.tier == literal_column("'pro'"),
    ),
)
WAITING = query(
    Delivery,
    select(deliveries).where(
        deliveries.c.event_type == bindparam("event_type"),
        deliveries.c.subject == bindparam("subject"),
        deliveries.c.state == literal_column("'waiting'"),
    ),
)
DELIVERY = query(
    Delivery, select(deliveries).where(deliveries.c.id == bindparam("delivery_id"), deliveries.c.guild_id == _of_guild)
)
TESTS_SINCE = query(
    int,
    select(func.count())
    .select_from(deliveries)
    .where(
        deliveries.c.guild_id == _of_guild,
        deliveries.c.created_at > bindparam("since"),
        deliveries.c.event_type == bindparam("event_type"),
    ),
)


class DueGuild(msgspec.Struct, frozen=True):
    """A guild with deliveries to try now, and whether its receiver fails."""

    guild_id: int
    failing: bool


DUE_GUILDS = query(
    DueGuild,
    select(deliveries.c.guild_id, webhooks.c.failing_since.is_not(None).label("failing"))
    .join_from(deliveries, webhooks, webhooks.c.guild_id == deliveries.c.guild_id)
    .where(_pending, _due)
    .group_by(deliveries.c.guild_id, webhooks.c.failing_since)
    # Those that work come first, so that no number of broken ones can hide them.
    .order_by(literal_column("failing"), func.min(deliveries.c.next_try_at))
    .limit(bindparam("limit", type_=Integer)),
)
DUE_OF_GUILD = query(
    Delivery,
    select(deliveries)
    .where(_pending, _due, deliveries.c.guild_id == _of_guild)
    .order_by(deliveries.c.next_try_at, deliveries.c.id)
    .limit(bindparam("limit", type_=Integer))
    .with_for_update(skip_locked=True),
)


def _page(*conditions: ColumnElement[bool]) -> Select[Any]:
    # That of an archived period can be large, and nobody reads it in a list.
    without_body = (literal_column("NULL").label("body") if each.name == "body" else each for each in deliveries.c)
    return (
        select(*without_body)
        .where(
            deliveries.c.guild_id == _of_guild,
            deliveries.c.created_at <= bindparam("before_time"),
            tuple_(deliveries.c.created_at, deliveries.c.id)
            < tuple_(bindparam("before_time", type_=UtcTime()), bindparam("before_id", type_=Text())),
            *conditions,
        )
        .order_by(deliveries.c.created_at.desc(), deliveries.c.id.desc())
        .limit(bindparam("limit", type_=Integer))
    )


PAGE = query(Delivery, _page())
PAGE_IN_STATE = query(
    Delivery, _page((deliveries.c.state == bindparam("state")) | (deliveries.c.state == bindparam("or_state")))
)


async def access_delivery(tx: Tx, *, guild_id: int, delivery_id: str) -> Delivery:
    """Return a delivery of a guild. Raises DeliveryNotFound."""
    found = await tx.one(DELIVERY, guild_id=guild_id, delivery_id=delivery_id)
    if found is None:
        raise DeliveryNotFound
    return found
