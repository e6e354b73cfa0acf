"""Invitations by mail: one for a booking that names an address, and a cancellation with the same UID later."""

from dataclasses import replace
from datetime import datetime

from guildhall.core.db import Tx
from guildhall.domains.notifications import queue_mail
from guildhall.domains.rooms.calendars import Entry, Invitation, calendar_document
from guildhall.domains.rooms.hub import Hub
from guildhall.domains.rooms.models import Booking, Room


async def send_invitation(tx: Tx, booking: Booking, room: Room, *, hub: Hub, now: datetime) -> None:
    """Queue the invitation to a booking that names an address."""
    if booking.invite:
        await queue_invitation(tx, _entry(booking, room, hub), booking.invite, hub=hub, now=now)


async def send_cancellation(tx: Tx, booking: Booking, room: Room, *, hub: Hub, now: datetime) -> None:
    """Queue the message that takes a booking out of the invited person's calendar."""
    entry = replace(_entry(booking, room, hub), sequence=booking.sequence + 1, stamp=now, cancelled=True)
    if booking.invite:
        await queue_invitation(tx, entry, booking.invite, hub=hub, now=now)


async def queue_invitation(tx: Tx, entry: Entry, recipient: str, *, hub: Hub, now: datetime) -> None:
    """Queue the mail that puts an entry into somebody's calendar, or takes a cancelled one out of it."""
    method = "CANCEL" if entry.cancelled else "REQUEST"
    begins, ends = entry.starts_at.astimezone(hub.zone), entry.ends_at.astimezone(hub.zone)
    word = "Cancelled" if entry.cancelled else "Invitation"
    document = calendar_document([entry], zone=hub.zone, method=method, invitation=Invitation(hub.organiser, recipient))
    await queue_mail(
        tx,
        recipient=recipient,
        subject=f"{word}: {entry.title}",
        text=f"{entry.title}\n{entry.place}, {begins:%A %d %B %Y}, {begins:%H:%M} to {ends:%H:%M}\n",
        calendar=document.decode(),
        calendar_method=method,
        now=now,
    )


def _entry(booking: Booking, room: Room, hub: Hub) -> Entry:
    return Entry(
        uid=f"{booking.id}@{hub.host}",
        title=booking.title,
        description=booking.description,
        place=room.name,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        sequence=booking.sequence,
        stamp=booking.updated_at,
        created_at=booking.created_at,
    )
