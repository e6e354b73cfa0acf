"""A guild's webhook: where its events go, and what became of each."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.outside import AddressRefused
from guildhall.domains import attendance
from guildhall.domains.attendance import Delivery, DeliveryState, Tier, Webhook, WebhookEvent
from guildhall.domains.attendance.webhooks.errors import DeliveryWaits, TooManyTests, WebhookAddressNeeded
from guildhall.panel.forms import change, show
from guildhall.panel.guild_door import MANAGE, Place, place_of
from guildhall.panel.guilds import GUILD, guild_page
from guildhall.panel.pages import PER_PAGE, told
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form, QueryString, read_form
from guildhall.web.calls import Call
from guildhall.web.house import House

WEBHOOK: Final = GUILD + "/webhook"
EVENTS: Final = (
    (WebhookEvent.SESSION_COMPLETED, "Sessions", "Who was where and how long, with the signed receipt."),
    (WebhookEvent.PERIOD_ARCHIVED, "Archived periods", "The figures and the signature of each period that ends."),
    (WebhookEvent.ROLE_GRANTED, "Roles that are given", "By which rule, to whom."),
    (WebhookEvent.ROLE_REVOKED, "Roles that are taken back", ""),
)
NAMES: Final = {
    WebhookEvent.SESSION_COMPLETED.value: "Session",
    WebhookEvent.PERIOD_ARCHIVED.value: "Archived period",
    WebhookEvent.ROLE_GRANTED.value: "Role given",
    WebhookEvent.ROLE_REVOKED.value: "Role taken back",
    "webhook.test": "Test",
}
STATES: Final = (
    (DeliveryState.PENDING, "Under way"),
    (DeliveryState.DELIVERED, "Delivered"),
    (DeliveryState.FAILED, "Failed"),
)


class LogQuery(QueryString, frozen=True, kw_only=True):
    """Which page of the log: deliveries in a state, older than one."""

    state: DeliveryState | None = None
    before: str = ""


class AddressForm(Form, frozen=True, kw_only=True):
    """Where events go; the boxes of those that are told are read by their names."""

    url: str = ""


class SwitchForm(Form, frozen=True, kw_only=True):
    """Whether events go there."""

    on: str = ""


@dataclass(frozen=True)
class Told:
    """What was just entered and why it is refused, or the secret that was just made."""

    entered: str | None = None
    refusal: Refusal | None = None
    secret: str = ""


NOTHING_TOLD: Final = Told()


@show(WEBHOOK, permission=MANAGE)
async def show_webhook(query: LogQuery, call: Call, tx: Tx) -> Answer:
    """Show where events go and the log of deliveries."""
    return await _page(call, tx, query)


@change(WEBHOOK + "/address", permission=MANAGE, transaction="none")
async def set_address(form: AddressForm, call: Call, actor: Actor, house: House) -> Answer:
    """Say where events go, and which; the first address is switched on with it, and its secret is shown this once."""
    events = [each for each, _, _ in EVENTS if each.value in read_form(call.body, dict[str, str])]
    place = place_of(call)
    async with house.database.read() as tx:
        old = await attendance.webhook_of(tx, guild_id=place.guild_id)
    enabled = True if old.url is None else None
    try:
        _, secret = await _set(call, actor, url=form.url.strip(), events=events, enabled=enabled)
    except AddressRefused as error:
        return await _shown(call, house, Told(entered=form.url, refusal=Refusal.of(error)))
    return await _with_secret(call, house, secret, "webhook-saved")


@change(WEBHOOK + "/switch", permission=MANAGE, transaction="none")
async def switch_webhook(form: SwitchForm, call: Call, actor: Actor, house: House) -> Answer:
    """Let events go there or not."""
    return await _judged(call, house, lambda: _set(call, actor, enabled=form.on == "yes"), "webhook-switched")


@change(WEBHOOK + "/rotate", permission=MANAGE, transaction="none")
async def rotate_secret(call: Call, actor: Actor, house: House) -> Answer:
    """Make another secret and show it this once; the old one signs beside it for a day."""
    try:
        _, secret = await _set(call, actor, rotate_secret=True)
    except WebhookAddressNeeded as error:
        return await _shown(call, house, Told(refusal=Refusal.of(error)))
    return await _with_secret(call, house, secret, "webhook-saved")


@change(WEBHOOK + "/remove", permission=MANAGE, transaction="none")
async def remove_address(call: Call, actor: Actor, house: House) -> Answer:
    """Forget the address and its secret."""
    return await _judged(call, house, lambda: _set(call, actor, url=None), "webhook-removed")


@change(WEBHOOK + "/test", permission=MANAGE, transaction="none")
async def try_webhook(call: Call, actor: Actor, house: House) -> Answer:
    """Send an event that says nothing, now, and tell what came of it."""
    place, now = place_of(call), house.clock.now()
    try:
        async with house.database.write() as tx:
            begun = await attendance.begin_test(
                tx, actor, guild_id=place.guild_id, until=now + house.courier.lease, now=now
            )
    except (WebhookAddressNeeded, TooManyTests) as error:
        return await _shown(call, house, Told(refusal=Refusal.of(error)))
    delivery = await house.courier.deliver(begun)
    arrived = delivery.state is DeliveryState.DELIVERED
    return redirect(told(_path(place), "webhook-arrived" if arrived else "webhook-not-arrived"))


@change(WEBHOOK + "/deliveries/{delivery_id}/retry", permission=MANAGE, transaction="none")
async def retry_delivery(delivery_id: str, call: Call, actor: Actor, house: House) -> Answer:
    """Send a delivery again."""

    async def retry() -> None:
        async with house.database.write() as tx:
            await attendance.retry_delivery(
                tx, actor, guild_id=place_of(call).guild_id, delivery_id=delivery_id, now=house.clock.now()
            )

    return await _judged(call, house, retry, "webhook-again")


async def _set(call: Call, actor: Actor, **given: Any) -> tuple[Webhook, str | None]:  # noqa: ANN401 (what the verb takes)
    house = call.house
    return await attendance.set_webhook(
        house.database,
        house.outside,
        house.webhooks_box,
        actor,
        guild_id=place_of(call).guild_id,
        **given,
        now=house.clock.now(),
    )


async def _judged(call: Call, house: House, act: Callable[[], Awaitable[object]], notice: str) -> Answer:
    """Do something and tell of it, or show why it cannot be done as things stand."""
    try:
        await act()
    except (WebhookAddressNeeded, DeliveryWaits) as error:
        return await _shown(call, house, Told(refusal=Refusal.of(error)))
    return redirect(told(_path(place_of(call)), notice))


async def _with_secret(call: Call, house: House, secret: str | None, notice: str) -> Answer:
    if secret is None:
        return redirect(told(_path(place_of(call)), notice))
    return await _shown(call, house, Told(secret=secret))


async def _shown(call: Call, house: House, what: Told) -> Answer:
    async with house.database.read() as tx:
        return await _page(call, tx, LogQuery(), what)


async def _page(call: Call, tx: Tx, query: LogQuery, what: Told = NOTHING_TOLD) -> Answer:
    place = place_of(call)
    guild = await attendance.access_guild(tx, place.guild_id)
    if guild.tier is Tier.FREE:
        return guild_page(call, "guild_webhook.html", guild, title="Webhook", webhook=None)
    webhook = await attendance.webhook_of(tx, guild_id=place.guild_id)
    found = await _log(tx, place, query)
    shown = found[:PER_PAGE]
    return guild_page(
        call,
        "guild_webhook.html",
        guild,
        title="Webhook",
        refusal=what.refusal,
        webhook=webhook,
        url=what.entered if what.entered is not None else webhook.url or "",
        secret=what.secret,
        events=EVENTS,
        names=NAMES,
        states=STATES,
        state=query.state,
        deliveries=shown,
        before=shown[-1].id if len(found) > PER_PAGE else None,
        now=call.house.clock.now(),
    )


async def _log(tx: Tx, place: Place, query: LogQuery) -> list[Delivery]:
    """Return a page of the log, and one delivery more if there is a next page. Raises DeliveryNotFound."""
    last = None
    if query.before:
        seen = await attendance.access_delivery(tx, guild_id=place.guild_id, delivery_id=query.before)
        last = (seen.created_at, seen.id)
    return await attendance.deliveries_of(
        tx, guild_id=place.guild_id, state=query.state, before=last, limit=PER_PAGE + 1
    )


def _path(place: Place) -> str:
    return f"{place.path}/webhook"
