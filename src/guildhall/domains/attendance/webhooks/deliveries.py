"""Deliveries: tried out by hand, sent again, and what an attempt comes to."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace
from sqlalchemy import Boolean, bindparam, delete, func, literal_column, true, update

from guildhall.core import ids
from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.domains import audit
from guildhall.domains.attendance.entrance import access_pro_guild
from guildhall.domains.attendance.webhooks.addresses import switch_off
from guildhall.domains.attendance.webhooks.errors import DeliveryWaits, TooManyTests, WebhookAddressNeeded
from guildhall.domains.attendance.webhooks.events import TOPIC, body_of
from guildhall.domains.attendance.webhooks.models import (
    TEST_EVENT,
    Delivery,
    DeliveryState,
    Webhook,
    attendance_webhook_deliveries as deliveries,
    attendance_webhooks as webhooks,
)
from guildhall.domains.attendance.webhooks.payloads import Nothing
from guildhall.domains.attendance.webhooks.queries import KEPT, TESTS_SINCE, WEBHOOK, access_delivery
from guildhall.domains.attendance.webhooks.schedule import Outcome, next_try

MOST_TESTS: Final = 10
TESTS_WITHIN: Final = timedelta(minutes=1)
"""A test sends at once, to whomever the address names: nobody is to be hammered by it."""

MOST_FAILURES: Final = 50
"""Deliveries given up in a row after which an address is switched off."""

CLAIM = command(
    update(deliveries)
    .where(
        deliveries.c.id == bindparam("delivery_id"),
        deliveries.c.state == literal_column("'pending'"),
        deliveries.c.attempts == bindparam("seen"),
        deliveries.c.next_try_at <= bindparam("now"),
    )
    .values(
        attempts=deliveries.c.attempts + 1,
        step=deliveries.c.step + 1,
        next_try_at=bindparam("until"),
    )
)
# What was given up meanwhile stays so, unless it has arrived after all; what is retried by hand has begun anew.
SETTLE = command(
    update(deliveries)
    .where(
        deliveries.c.id == bindparam("delivery_id"),
        deliveries.c.attempts == bindparam("attempt"),
        deliveries.c.step == bindparam("in_step"),
        (deliveries.c.state == literal_column("'pending'")) | (bindparam("arrived", type_=Boolean()) == true()),
    )
    .values(
        state=bindparam("new_state"),
        next_try_at=bindparam("due"),
        delivered_at=bindparam("at"),
        last_status=bindparam("status"),
        last_error=bindparam("why"),
    )
)
SEND_AGAIN = command(
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery_id"))
    .values(state=DeliveryState.PENDING.value, step=0, next_try_at=bindparam("at"), delivered_at=None)
)
WORKS = command(
    update(webhooks)
    .where(
        webhooks.c.guild_id == bindparam("of_guild"), (webhooks.c.failures > 0) | webhooks.c.failing_since.is_not(None)
    )
    .values(failures=0, failing_since=None)
)
FAILS = command(
    update(webhooks)
    .where(webhooks.c.guild_id == bindparam("of_guild"))
    .values(
        failures=webhooks.c.failures + bindparam("more"),
        failing_since=func.coalesce(webhooks.c.failing_since, bindparam("at", type_=webhooks.c.failing_since.type)),
    )
)
FORGET = command(
    delete(deliveries).where(
        deliveries.c.state.in_([literal_column("'delivered'"), literal_column("'failed'")]),
        deliveries.c.created_at < bindparam("before"),
    )
)


async def begin_test(tx: Tx, actor: Actor, *, guild_id: int, until: datetime, now: datetime) -> Delivery:
    """Queue an event that says nothing, whose only attempt its asker makes at once; up to `until` nobody else does.

    Raises GuildNotSeen, NeedsPro, WebhookAddressNeeded, TooManyTests.
    """
    await access_pro_guild(tx, guild_id)
    await _access_address(tx, guild_id)
    tests = await tx.one(TESTS_SINCE, guild_id=guild_id, since=now - TESTS_WITHIN, event_type=TEST_EVENT) or 0
    if tests >= MOST_TESTS:
        raise TooManyTests(retry_after=int(TESTS_WITHIN.total_seconds()))
    delivery = Delivery(
        id=ids.uuid(),
        guild_id=guild_id,
        event_type=TEST_EVENT,
        body=body_of(TEST_EVENT, Nothing(str(guild_id)), now),
        state=DeliveryState.PENDING,
        attempts=0,
        step=0,
        created_at=now,
        next_try_at=until,
    )
    await tx.insert(delivery)
    await audit.record(tx, actor, "attendance.webhook_tested", str(guild_id), now=now, delivery=delivery.id)
    return delivery


async def retry_delivery(tx: Tx, actor: Actor, *, guild_id: int, delivery_id: str, now: datetime) -> Delivery:
    """Send a delivery again under its id, with all its attempts, whatever became of it before.

    Raises GuildNotSeen, NeedsPro, DeliveryNotFound, WebhookAddressNeeded, DeliveryWaits.
    """
    await access_pro_guild(tx, guild_id)
    delivery = await access_delivery(tx, guild_id=guild_id, delivery_id=delivery_id)
    await _access_address(tx, guild_id)
    if delivery.state is DeliveryState.WAITING:
        raise DeliveryWaits
    await tx.run(SEND_AGAIN, delivery_id=delivery.id, at=now)
    await audit.record(tx, actor, "attendance.webhook_sent_again", str(guild_id), now=now, delivery=delivery.id)
    tx.announce(TOPIC, guild_id=str(guild_id))
    return replace(delivery, state=DeliveryState.PENDING, next_try_at=now, delivered_at=None)


async def claim(tx: Tx, delivery: Delivery, *, until: datetime, now: datetime) -> Delivery | None:
    """Count an attempt that begins now; None when somebody else has begun it.

    If nothing is heard of it by `until`, another one is due.
    """
    if await tx.run(CLAIM, delivery_id=delivery.id, seen=delivery.attempts, until=until, now=now) == 0:
        return None
    return replace(delivery, attempts=delivery.attempts + 1, step=delivery.step + 1, next_try_at=until)


async def settle(tx: Tx, delivery: Delivery, outcome: Outcome, *, chance: Callable[[], float], now: datetime) -> None:
    """Write down what an attempt came to, unless another has begun since, or somebody has given the delivery up."""
    is_test = delivery.event_type == TEST_EVENT
    due = None if outcome.delivered or outcome.gone or is_test else next_try(delivery.step, now, chance)
    state = _state_after(outcome, due)
    noted = await tx.run(
        SETTLE,
        delivery_id=delivery.id,
        attempt=delivery.attempts,
        in_step=delivery.step,
        arrived=outcome.delivered,
        new_state=state.value,
        due=due,
        at=now if outcome.delivered else None,
        status=outcome.status,
        why=outcome.error,
    )
    if outcome.gone:
        await switch_off(tx, delivery.guild_id, reason="The receiver answered 410: it wants no more", now=now)
    elif noted and not is_test:
        await _judge_address(tx, delivery.guild_id, state, now)


async def forget_deliveries(tx: Tx, *, now: datetime) -> None:
    """Remove the deliveries that ended and are older than 30 days."""
    await tx.run(FORGET, before=now - KEPT)


def _state_after(outcome: Outcome, due: datetime | None) -> DeliveryState:
    if outcome.delivered:
        return DeliveryState.DELIVERED
    return DeliveryState.PENDING if due is not None else DeliveryState.FAILED


async def _judge_address(tx: Tx, guild_id: int, state: DeliveryState, now: datetime) -> None:
    """Count what speaks against an address; one that fails for too long is switched off."""
    if state is DeliveryState.DELIVERED:
        await tx.run(WORKS, of_guild=guild_id)
        return
    await tx.run(FAILS, of_guild=guild_id, more=int(state is DeliveryState.FAILED), at=now)
    webhook = await tx.one(WEBHOOK, guild_id=guild_id)
    if webhook is not None and webhook.failures >= MOST_FAILURES:
        await switch_off(tx, guild_id, reason=f"{MOST_FAILURES} deliveries in a row failed", now=now)


async def _access_address(tx: Tx, guild_id: int) -> Webhook:
    webhook = await tx.one(WEBHOOK, guild_id=guild_id)
    if webhook is None or webhook.url is None:
        raise WebhookAddressNeeded
    return webhook
