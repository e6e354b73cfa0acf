"""What is true of an event of ours, as a calendar outside shall show it."""

from guildhall.core.db import Tx
from guildhall.domains import rooms, shifts
from guildhall.domains.calendar_sync.queries import BOOKING
from guildhall.domains.calendar_sync.scene import CALENDAR
from guildhall.domains.calendars import Link, OwnEvent
from guildhall.domains.rooms import Booking, BookingState, Hub, Room
from guildhall.domains.rooms.calendars import BUSY


async def truth_of(tx: Tx, link: Link, event_id: str, *, hub: Hub) -> OwnEvent | None:
    """Return an event as it is now, or None when the calendar of this link shall hold none."""
    if link.room_id is None:
        return await shifts.slot_event(tx, event_id, hub=hub)
    booking = await tx.one(BOOKING, id=event_id, room_id=link.room_id)
    if booking is None or booking.state is BookingState.CANCELLED:
        return None
    return booking_event(booking, await rooms.access_room(tx, CALENDAR, link.room_id), hub=hub)


def booking_event(booking: Booking, room: Room, *, hub: Hub) -> OwnEvent:
    """Return a live booking's event; of a private one, strangers who see that calendar learn only "Busy"."""
    return OwnEvent(
        event_id=booking.id,
        uid=f"{booking.id}@{hub.host}",
        title=BUSY if booking.private else booking.title,
        description=None if booking.private else booking.description,
        place=room.name,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        sequence=booking.sequence,
        stamp=booking.updated_at,
        attendees=(booking.invite,) if booking.invite else (),
    )
