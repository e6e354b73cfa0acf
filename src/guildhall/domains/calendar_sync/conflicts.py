"""Telling the administrators of an event outside that is in the way of a booking."""

from datetime import datetime
from zoneinfo import ZoneInfo

from guildhall.core.db import Tx
from guildhall.domains.calendar_sync.queries import ADMINISTRATORS
from guildhall.domains.notifications import queue_mail
from guildhall.domains.rooms import Conflict, Hub, Room


async def tell_conflict(tx: Tx, room: Room, conflict: Conflict, *, hub: Hub, now: datetime) -> None:
    """Queue a mail to every administrator who has an address. The booking stands whatever they do."""
    outside = _when(conflict.starts_at, conflict.ends_at, hub.zone)
    booked = _when(conflict.booking_starts_at, conflict.booking_ends_at, hub.zone)
    text = (
        f"{room.name} is booked, and its calendar outside has another event at the same time.\n\n"
        f"Booked here: {conflict.booking_title}, {booked}\n"
        f"Outside: {conflict.title}, {outside}\n\n"
        "The booking stands. Move or delete one of the two.\n"
    )
    for address in await tx.all(ADMINISTRATORS):
        await queue_mail(tx, recipient=address, subject=f"Two events in {room.name}", text=text, now=now)


def _when(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    begins, ends = start.astimezone(zone), end.astimezone(zone)
    form = "%H:%M" if begins.date() == ends.date() else "%A %d %B %Y, %H:%M"
    return f"{begins:%A %d %B %Y, %H:%M} to {ends.strftime(form)}"
