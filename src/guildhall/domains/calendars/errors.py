"""What can go wrong with a calendar outside.

GuildhallError
├── Conflict
│   └── CalendarChanged      the event's version outside is not the one that was last seen
├── Unavailable
│   └── CalendarUnavailable  no answer, or one that makes no sense: worth another try
└── Unprocessable
    └── CalendarRefused      the calendar understood and said no
"""

from guildhall.core.errors import Conflict, Unavailable, Unprocessable


class CalendarChanged(Conflict):
    """The event was changed outside since it was last seen there."""

    code = "calendar_changed"
    text = "The event was changed in the calendar outside"


class CalendarUnavailable(Unavailable):
    """The calendar cannot be reached, or does not answer as a calendar does; later it may."""

    code = "calendar_unavailable"
    text = "The calendar outside cannot be reached"


class CalendarRefused(Unprocessable):
    """The calendar understood the request and refused it: a wrong password, no such calendar, no right to write."""

    code = "calendar_refused"
    text = "The calendar outside refused"
