"""Rooms: what can be booked, when it is free, and by whom it is held."""

from guildhall.domains.rooms.administration import (
    RoomPlan,
    apply_file,
    archive_room,
    close_day,
    create_default_rooms,
    put_room,
    reopen_day,
)
from guildhall.domains.rooms.availability import FreeSlot, free_slots
from guildhall.domains.rooms.bookings import Wish, book_room, cancel_booking, check_wish
from guildhall.domains.rooms.hub import Hub
from guildhall.domains.rooms.hub_file import SECTIONS, HubFile, read_hub_file
from guildhall.domains.rooms.models import BookedEvent, Booking, BookingState, ClosedDay, Hours, Opening, Room
from guildhall.domains.rooms.policy import (
    access_booking_to_cancel,
    access_event,
    access_room,
    access_room_to_change,
    may_see_details,
)
from guildhall.domains.rooms.queries import (
    bookings_of,
    closed_between,
    events_in,
    events_in_house,
    every_room,
    list_rooms,
)
from guildhall.domains.rooms.schedule import (
    CalendarPlan,
    DayPlan,
    calendar_of_person,
    calendar_of_room,
    days_asked_for,
    schedule_of,
    span_of_days,
)

__all__ = [
    "SECTIONS",
    "BookedEvent",
    "Booking",
    "BookingState",
    "CalendarPlan",
    "ClosedDay",
    "DayPlan",
    "FreeSlot",
    "Hours",
    "Hub",
    "HubFile",
    "Opening",
    "Room",
    "RoomPlan",
    "Wish",
    "access_booking_to_cancel",
    "access_event",
    "access_room",
    "access_room_to_change",
    "apply_file",
    "archive_room",
    "book_room",
    "bookings_of",
    "calendar_of_person",
    "calendar_of_room",
    "cancel_booking",
    "check_wish",
    "close_day",
    "closed_between",
    "create_default_rooms",
    "days_asked_for",
    "events_in",
    "events_in_house",
    "every_room",
    "free_slots",
    "list_rooms",
    "may_see_details",
    "put_room",
    "read_hub_file",
    "reopen_day",
    "schedule_of",
    "span_of_days",
]
