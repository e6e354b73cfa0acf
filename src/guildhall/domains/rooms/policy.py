"""Fetch and authorise in one step."""

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import NotFound
from guildhall.domains.identity.permissions import Permission
from guildhall.domains.rooms.errors import BookingNotFound, ExternalEvent, NotBookingOwner, RoomNotFound
from guildhall.domains.rooms.models import ROOM_ID, BookedEvent, Booking, ImportedEvent, Room, RoomEvent
from guildhall.domains.rooms.queries import BOOKING_LOCKED, EVENT, IMPORTED, ROOM, ROOM_LOCKED


async def access_room(tx: Tx, actor: Actor, room_id: str, *, to_book: bool = False) -> Room:
    """Return a room for looking at; `to_book` locks it until the transaction ends. Raises RoomNotFound."""
    del actor  # Rooms are public to everybody who reached this far.
    room = await tx.one(ROOM_LOCKED if to_book else ROOM, id=room_id)
    if room is None:
        raise RoomNotFound(f'There is no room "{room_id}"')
    return room


async def access_room_to_change(tx: Tx, actor: Actor, room_id: str) -> Room | None:
    """Return a room for changing, or None for one that is to be made. Raises NotFound for what is no id of a room."""
    del actor  # The route's permission decides who comes here.
    if not ROOM_ID.fullmatch(room_id):
        raise NotFound("A room's id has small letters, digits and hyphens")
    return await tx.one(ROOM_LOCKED, id=room_id)


async def access_booking_to_cancel(tx: Tx, actor: Actor, room: Room, booking_id: str) -> Booking:
    """Return a live booking for its owner or who runs the house.

    Raises BookingNotFound, ExternalEvent, NotBookingOwner.
    """
    booking = await tx.one(BOOKING_LOCKED, id=booking_id, room_id=room.id)
    if booking is None:
        raise ExternalEvent if await tx.one(IMPORTED, id=booking_id, room_id=room.id) else BookingNotFound
    if booking.user_id != actor.user_id and not runs_the_house(actor):
        raise NotBookingOwner
    return booking


async def access_event(tx: Tx, actor: Actor, booking_id: str) -> BookedEvent:
    """Return a booking, live or cancelled, for looking at: see `may_see_details`. Raises BookingNotFound."""
    del actor  # That the time is taken is known to everybody who reached this far.
    event = await tx.one(EVENT, id=booking_id)
    if event is None:
        raise BookingNotFound
    return event


def runs_the_house(actor: Actor) -> bool:
    """Tell whether the actor may book at any hour and cancel anything."""
    return actor.may(Permission.MANAGE_ROOMS)


def may_see_details(actor: Actor, event: RoomEvent) -> bool:
    """Tell whether the actor sees what an event is about: private bookings are "Busy" to everybody else."""
    if isinstance(event, ImportedEvent):
        return True
    return not event.private or event.user_id == actor.user_id or runs_the_house(actor)
