"""Outbound webhooks: where events go, trying it out, and what became of each."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import InvalidField, MissingField
from guildhall.core.outside import AddressRefused
from guildhall.dialects.attendance.guilds import GUARDED, GUILD, MANAGER, TOKEN, guild_of
from guildhall.dialects.attendance.wire import Page, given, mark_after, read_mark, uuid_text
from guildhall.domains import attendance
from guildhall.domains.attendance import Delivery, DeliveryState, Webhook, WebhookEvent
from guildhall.domains.attendance.errors import NeedsPro
from guildhall.domains.attendance.webhooks.errors import (
    DeliveryNotFound,
    DeliveryWaits,
    TooManyTests,
    WebhookAddressNeeded,
)
from guildhall.evidence.formats import instant
from guildhall.web.bodies import Body, QueryString, read_body
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import route

Status = Literal["pending", "delivered", "failed"]
STATUS: Final[Mapping[DeliveryState, Status]] = {
    DeliveryState.WAITING: "pending",
    DeliveryState.PENDING: "pending",
    DeliveryState.DELIVERED: "delivered",
    DeliveryState.FAILED: "failed",
}


class WebhookUpdate(Body, frozen=True, kw_only=True):
    """Some of what says where events go."""

    url: str | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET
    events: list[WebhookEvent] | UnsetType = UNSET
    rotate_secret: bool | UnsetType = UNSET

    @property
    def named(self) -> dict[str, Any]:
        """What was sent. Raises MissingField when that is nothing, InvalidField."""
        named = given(self)
        if not named:
            raise MissingField("Nothing of the settings is named", field="url")
        if len(set(named.get("events", ()))) < len(named.get("events", ())):
            raise InvalidField("An event is named twice", field="events")
        return named


class WebhookReply(msgspec.Struct, frozen=True, kw_only=True):
    """Where events go; the secret is there only when it was just made."""

    url: str | None
    enabled: bool
    events: list[WebhookEvent]
    secret_set: bool
    disabled_reason: str | None
    secret: str | UnsetType = UNSET

    @classmethod
    def of(cls, webhook: Webhook, secret: str | None = None) -> "WebhookReply":
        """Show a webhook."""
        return cls(
            url=webhook.url,
            enabled=webhook.enabled,
            events=list(webhook.events),
            secret_set=webhook.secret is not None,
            disabled_reason=webhook.disabled_reason,
            secret=secret or UNSET,
        )


class DeliveryReply(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery; one that waits for a signature is pending and has no next attempt yet."""

    id: str
    event_type: str
    status: Status
    attempts: int
    created_at: str
    last_status_code: int | None
    last_error: str | None
    next_attempt_at: str | None
    delivered_at: str | None

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryReply":
        """Show a delivery."""
        return cls(
            id=delivery.id,
            event_type=delivery.event_type,
            status=STATUS[delivery.state],
            attempts=delivery.attempts,
            created_at=instant(delivery.created_at),
            last_status_code=delivery.last_status,
            last_error=delivery.last_error,
            next_attempt_at=instant(delivery.next_try_at) if delivery.next_try_at else None,
            delivered_at=instant(delivery.delivered_at) if delivery.delivered_at else None,
        )


class DeliveryNamed(msgspec.Struct, frozen=True):
    """Which delivery an answer tells of."""

    id: str


class DeliveriesQuery(QueryString, frozen=True, kw_only=True):
    """Which page of which deliveries."""

    status: Status | None = None
    limit: Page = 50
    cursor: str | None = None


class DeliveriesReply(msgspec.Struct, frozen=True):
    """A page of deliveries."""

    deliveries: list[DeliveryReply]
    next_cursor: str | None


@route("GET", f"{GUILD}/webhooks/settings", permission=MANAGER, accepts=TOKEN, refusals=(*GUARDED, NeedsPro))
async def get_webhook_settings(guild_id: str, tx: Tx) -> WebhookReply:
    """Show where outbound events go, never the secret."""
    return WebhookReply.of(await attendance.webhook_of(tx, guild_id=int(guild_id)))


async def check_address(call: Call) -> None:
    """Judge an address that is given before a transaction holds the guild's turn. Raises as the route."""
    url = read_body(call.body, WebhookUpdate).named.get("url")
    if url is not None:
        house = call.house
        await attendance.check_address(house.database, house.outside, guild_id=guild_of(call), url=url)


@route(
    "PATCH", f"{GUILD}/webhooks/settings", permission=MANAGER, accepts=TOKEN, prepare=check_address,
    refusals=(*GUARDED, NeedsPro, MissingField, InvalidField, AddressRefused, WebhookAddressNeeded),
)  # fmt: skip
async def update_webhook_settings(
    guild_id: str, data: WebhookUpdate, tx: Tx, actor: Actor, house: House
) -> WebhookReply:
    """Change the target, the events or the secret."""
    webhook, secret = await attendance.change_webhook(
        tx, house.webhooks_box, actor, guild_id=int(guild_id), **data.named, now=house.clock.now()
    )
    return WebhookReply.of(webhook, secret)


async def follow_test(call: Call, body: bytes) -> bytes:
    """Send the event that was just queued, unless that has begun, and tell what came of it."""
    house, named = call.house, msgspec.json.decode(body, type=DeliveryNamed).id
    async with house.database.read() as tx:
        delivery = await attendance.access_delivery(tx, guild_id=guild_of(call), delivery_id=named)
    return msgspec.json.encode(DeliveryReply.of(await house.courier.deliver(delivery)))


@route(
    "POST", f"{GUILD}/webhooks/test", permission=MANAGER, accepts=TOKEN, follow=follow_test,
    refusals=(*GUARDED, NeedsPro, WebhookAddressNeeded, TooManyTests),
)  # fmt: skip
async def send_test_webhook(guild_id: str, tx: Tx, actor: Actor, house: House) -> DeliveryReply:
    """Send a webhook.test event to the configured address now, once."""
    now = house.clock.now()
    return DeliveryReply.of(
        await attendance.begin_test(tx, actor, guild_id=int(guild_id), until=now + house.courier.lease, now=now)
    )


@route(
    "GET",
    f"{GUILD}/webhooks/deliveries",
    permission=MANAGER,
    accepts=TOKEN,
    refusals=(*GUARDED, NeedsPro, InvalidField),
)
async def list_webhook_deliveries(guild_id: str, query: DeliveriesQuery, tx: Tx) -> DeliveriesReply:
    """List the deliveries of the last 30 days, newest first."""
    # One more than asked for tells whether there is a next page.
    found = await attendance.deliveries_of(
        tx,
        guild_id=int(guild_id),
        state=DeliveryState(query.status) if query.status else None,
        before=read_mark(query.cursor) if query.cursor is not None else None,
        limit=query.limit + 1,
    )
    shown = found[: query.limit]
    last = shown[-1] if found[query.limit :] else None
    return DeliveriesReply(
        [DeliveryReply.of(each) for each in shown], mark_after(last.created_at, last.id) if last else None
    )


@route(
    "POST", f"{GUILD}/webhooks/deliveries/{{delivery_id}}/retry", permission=MANAGER, accepts=TOKEN,
    refusals=(*GUARDED, NeedsPro, DeliveryNotFound, WebhookAddressNeeded, DeliveryWaits),
)  # fmt: skip
async def retry_webhook_delivery(guild_id: str, delivery_id: str, tx: Tx, actor: Actor, house: House) -> DeliveryReply:
    """Send a delivery again under the same webhook-id."""
    named = uuid_text(delivery_id, "delivery_id")
    delivery = await attendance.retry_delivery(
        tx, actor, guild_id=int(guild_id), delivery_id=named, now=house.clock.now()
    )
    return DeliveryReply.of(delivery)
