"""Where a guild's events go: the address, its secret, what it is told, and when it is switched off."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from msgspec import UNSET, UnsetType
from msgspec.structs import replace
from sqlalchemy import bindparam, true, update

from guildhall.core.actor import SYSTEM, Actor
from guildhall.core.crypto import SecretBox
from guildhall.core.db import Database, Tx, command, insert_or_replace
from guildhall.core.outside import OutsideHttp
from guildhall.domains import audit
from guildhall.domains.attendance.entrance import access_pro_guild
from guildhall.domains.attendance.models import fields_of
from guildhall.domains.attendance.policy import access_guild_to_change
from guildhall.domains.attendance.posting.queueing import queue_settings
from guildhall.domains.attendance.webhooks.errors import WebhookAddressNeeded
from guildhall.domains.attendance.webhooks.events import drop_queued
from guildhall.domains.attendance.webhooks.models import Webhook, WebhookEvent, attendance_webhooks
from guildhall.domains.attendance.webhooks.queries import WEBHOOK_LOCKED
from guildhall.domains.attendance.webhooks.signatures import new_secret

OVERLAP: Final = timedelta(hours=24)
"""How long the old secret signs beside the new one."""

OFF: Final = "The webhook was switched off"

SAVE = insert_or_replace(attendance_webhooks)
SWITCH_OFF = command(
    update(attendance_webhooks)
    .where(attendance_webhooks.c.guild_id == bindparam("of_guild"), attendance_webhooks.c.enabled == true())
    .values(enabled=False, disabled_reason=bindparam("why"))
)


async def set_webhook(
    database: Database,
    outside: OutsideHttp,
    box: SecretBox,
    actor: Actor,
    *,
    guild_id: int,
    url: str | UnsetType | None = UNSET,
    enabled: bool | None = None,
    events: Collection[WebhookEvent] | None = None,
    rotate_secret: bool = False,
    now: datetime,
) -> tuple[Webhook, str | None]:
    """Check the address if one is given, then change the webhook, as `change_webhook` does. Raises what both raise."""
    if isinstance(url, str):
        await check_address(database, outside, guild_id=guild_id, url=url)
    async with database.write() as tx:
        return await change_webhook(
            tx,
            box,
            actor,
            guild_id=guild_id,
            url=url,
            enabled=enabled,
            events=events,
            rotate_secret=rotate_secret,
            now=now,
        )


async def check_address(database: Database, outside: OutsideHttp, *, guild_id: int, url: str) -> None:
    """Judge an address by its form, then, for those who may have a webhook, by the machines behind its name.

    To ask for them takes its time, so it is done between transactions. Raises GuildNotSeen, NeedsPro, AddressRefused.
    """
    outside.check_form(url)
    async with database.read() as tx:
        await access_pro_guild(tx, guild_id)
    await outside.check(url)


async def change_webhook(
    tx: Tx,
    box: SecretBox,
    actor: Actor,
    *,
    guild_id: int,
    url: str | UnsetType | None = UNSET,
    enabled: bool | None = None,
    events: Collection[WebhookEvent] | None = None,
    rotate_secret: bool = False,
    now: datetime,
) -> tuple[Webhook, str | None]:
    """Change what is given of a webhook; return it, with the secret when one was made.

    The first address makes a secret, and without an address there is none. `url` was checked before; it is checked
    again at each sending. Raises GuildNotSeen, NeedsPro, WebhookAddressNeeded.
    """
    await access_guild_to_change(tx, guild_id)
    await access_pro_guild(tx, guild_id)
    old = await tx.one(WEBHOOK_LOCKED, guild_id=guild_id) or Webhook(guild_id=guild_id)
    new = _changed(old, url, enabled=enabled, events=events)
    if new.url is None and rotate_secret:
        raise WebhookAddressNeeded
    secret = new_secret() if new.url is not None and (rotate_secret or new.secret is None) else None
    if secret is not None:
        new = _with_secret(new, box.encrypt(secret, place=place_of(guild_id)), now)
    await tx.run(SAVE, **fields_of(new))
    if old.enabled and not new.enabled:
        await drop_queued(tx, guild_id, why=OFF)
    await _write_down(tx, actor, old, new, secret_made=secret is not None, now=now)
    return new, secret


async def switch_off(tx: Tx, guild_id: int, *, reason: str, now: datetime) -> None:
    """Switch off an address that does not work, and say why; fine when it is off already."""
    if await tx.run(SWITCH_OFF, of_guild=guild_id, why=reason):
        await drop_queued(tx, guild_id, why=OFF)
        await audit.record(tx, SYSTEM, "attendance.webhook_switched_off", str(guild_id), now=now, reason=reason)
        await queue_settings(
            tx,
            SYSTEM,
            guild_id=guild_id,
            what="webhook",
            old={"enabled": True},
            new={"enabled": False, "why": reason},
            now=now,
        )
        tx.announce("attendance", guild_id=str(guild_id))


def place_of(guild_id: int) -> str:
    """Return where the secrets of a guild's webhook are sealed."""
    return f"attendance.webhook:{guild_id}"


def secrets_of(webhook: Webhook, box: SecretBox, *, now: datetime) -> list[str]:
    """Return the secrets that sign now, the present one first. Raises SecretUnreadable."""
    sealed = [webhook.secret]
    if webhook.previous_until is not None and now < webhook.previous_until:
        sealed.append(webhook.previous_secret)
    return [box.decrypt(each, place=place_of(webhook.guild_id)) for each in sealed if each is not None]


def _changed(
    old: Webhook, url: str | UnsetType | None, *, enabled: bool | None, events: Collection[WebhookEvent] | None
) -> Webhook:
    """Return the webhook with what is given. Raises WebhookAddressNeeded."""
    new = old
    if url is None:
        new = replace(Webhook(guild_id=old.guild_id), events=old.events)
    elif isinstance(url, str) and url != old.url:
        new = replace(new, url=url, disabled_reason=None, failures=0, failing_since=None)
    if events is not None:
        new = replace(new, events=tuple(each for each in WebhookEvent if each in events))
    if enabled and new.url is None:
        raise WebhookAddressNeeded
    if enabled is not None:
        new = replace(new, enabled=enabled, disabled_reason=None)
    return replace(new, failures=0, failing_since=None) if new.enabled and not old.enabled else new


def _with_secret(webhook: Webhook, sealed: str, now: datetime) -> Webhook:
    if webhook.secret is None:
        return replace(webhook, secret=sealed)
    return replace(webhook, secret=sealed, previous_secret=webhook.secret, previous_until=now + OVERLAP)


async def _write_down(tx: Tx, actor: Actor, old: Webhook, new: Webhook, *, secret_made: bool, now: datetime) -> None:
    was, now_is = _told(old), _told(new)
    await audit.record(
        tx, actor, "attendance.webhook", str(new.guild_id), now=now, old=was, new=now_is, secret=secret_made
    )
    if was != now_is:
        await queue_settings(tx, actor, guild_id=new.guild_id, what="webhook", old=was, new=now_is, now=now)
    tx.announce("attendance", guild_id=str(new.guild_id))


def _told(webhook: Webhook) -> dict[str, object]:
    """Return what may be written down: the path of an address is often a secret itself."""
    host = urlsplit(webhook.url).netloc if webhook.url else None
    return {"host": host, "enabled": webhook.enabled, "events": list(webhook.events)}
