"""Refusals of rooms and bookings.

GuildhallError
├── NotFound
│   ├── RoomNotFound
│   └── BookingNotFound        unknown, of another room, or cancelled already
├── Invalid
│   ├── InvalidDate            not a day of the calendar
│   ├── InvalidTime            not a time of that day
│   ├── InvalidRange           the end is not after the start, or the days do not form a range
│   ├── RangeTooLong
│   ├── OutsideOpeningHours
│   ├── InPast
│   └── TooFarAhead
├── Forbidden
│   └── NotBookingOwner
├── Conflict
│   └── RoomBooked             details: the clashing start and end, free alternatives
└── Unprocessable
    └── RoomClosed             the room takes no bookings
"""

from guildhall.core.errors import Conflict, Forbidden, Invalid, NotFound, Unprocessable


class RoomNotFound(NotFound):
    """No such room."""

    code = "room_not_found"
    text = "There is no such room"


class BookingNotFound(NotFound):
    """No live booking with this id in this room."""

    code = "booking_not_found"
    text = "There is no such booking"


class InvalidDate(Invalid):
    """Not a day of the calendar."""

    code = "invalid_date"
    text = "A date is written YYYY-MM-DD and exists in the calendar"


class InvalidTime(Invalid):
    """Not a time of that day."""

    code = "invalid_time"
    text = "A time is written HH:MM and exists on that day"


class InvalidRange(Invalid):
    """The end is not after the start."""

    code = "invalid_range"
    text = "The end must be after the start"


class RangeTooLong(Invalid):
    """More days than one answer holds; `details.limit` is the most."""

    code = "range_too_long"
    text = "The range has too many days"


class OutsideOpeningHours(Invalid):
    """The house is closed then; `details` has the opening hours of the day."""

    code = "outside_opening_hours"
    text = "The room is not open at that time"


class InPast(Invalid):
    """The room takes no bookings for the past."""

    code = "in_past"
    text = "This time is in the past"


class TooFarAhead(Invalid):
    """The room takes no bookings that far ahead; `details.maxAdvanceDays` is the limit."""

    code = "too_far_ahead"
    text = "This room cannot be booked that far ahead"


class NotBookingOwner(Forbidden):
    """Only the person who booked, or an administrator, may do this."""

    code = "not_booking_owner"
    text = "Only the person who booked, or an administrator, can cancel this booking"


class ExternalEvent(Forbidden):
    """The event belongs to a calendar outside, and is changed there."""

    code = "external_event"
    text = "This event comes from another calendar; change it there"


class RoomBooked(Conflict):
    """Another booking holds part of that time."""

    code = "room_booked"
    text = "The room is already booked at that time"


class RoomClosed(Unprocessable):
    """The room takes no bookings."""

    code = "room_closed"
    text = "This room takes no bookings"
