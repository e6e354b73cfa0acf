"""What those who manage a guild see of its webhook and its deliveries."""

from datetime import datetime

from guildhall.core.db import Tx
from guildhall.domains.attendance.boards import AFTER_ALL_IDS, FOREVER
from guildhall.domains.attendance.entrance import access_pro_guild
from guildhall.domains.attendance.webhooks.models import Delivery, DeliveryState, Webhook
from guildhall.domains.attendance.webhooks.queries import PAGE, PAGE_IN_STATE, WEBHOOK


async def webhook_of(tx: Tx, *, guild_id: int) -> Webhook:
    """Return where a guild's events go. Raises GuildNotSeen, NeedsPro."""
    await access_pro_guild(tx, guild_id)
    return await tx.one(WEBHOOK, guild_id=guild_id) or Webhook(guild_id=guild_id)


async def deliveries_of(
    tx: Tx,
    *,
    guild_id: int,
    state: DeliveryState | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[Delivery]:
    """Return a page of deliveries without their bodies, newest first.

    `before` is when the last one of the page before was made, with its id. With those that are pending come those that
    wait for a signature. Raises GuildNotSeen, NeedsPro.
    """
    await access_pro_guild(tx, guild_id)
    time, last = before or (FOREVER, AFTER_ALL_IDS)
    place = {"guild_id": guild_id, "before_time": time, "before_id": last, "limit": limit}
    if state is None:
        return await tx.all(PAGE, **place)
    also = DeliveryState.WAITING if state is DeliveryState.PENDING else state
    return await tx.all(PAGE_IN_STATE, **place, state=state, or_state=also)
