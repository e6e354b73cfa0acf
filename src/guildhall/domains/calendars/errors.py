"""What can go wrong with a calendar outside, and with linking one.

GuildhallError
├── NotFound
│   └── CalendarNotLinked    the room or the shift plan has no calendar outside
├── Conflict
│   ├── CalendarChanged      the event's version outside is not the one that was last seen
│   └── LinkManagedByFile    the hub's configuration file says what it is
├── Unavailable
│   └── CalendarUnavailable  no answer, or one that makes no sense: worth another try
└── Unprocessable
    └── CalendarRefused      the calendar understood and said no
"""

from guildhall.core.errors import Conflict, NotFound, Unavailable, Unprocessable


class CalendarNotLinked(NotFound):
    """The room or the shift plan has no calendar outside."""

    code = "calendar_not_linked"
    text = "No calendar outside is linked here"


class CalendarChanged(Conflict):
    """The event was changed outside since it was last seen there."""

    code = "calendar_changed"
    text = "The event was changed in the calendar outside"


class LinkManagedByFile(Conflict):
    """The link is set in the hub's configuration file, and changed only there."""

    code = "managed_by_file"
    text = "This is set in the hub's configuration file and can only be changed there"


class CalendarUnavailable(Unavailable):
    """The calendar cannot be reached, or does not answer as a calendar does; later it may."""

    code = "calendar_unavailable"
    text = "The calendar outside cannot be reached"


class CalendarRefused(Unprocessable):
    """The calendar understood the request and refused it: a wrong password, no such calendar, no right to write."""

    code = "calendar_refused"
    text = "The calendar outside refused"
