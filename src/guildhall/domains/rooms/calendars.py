"""iCalendar documents of rooms and people. Pure: rows in, bytes out."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vText

from guildhall.domains.rooms.models import BookingState, ImportedEvent, RoomEvent

PRODUCT = "-//Guildhall//Rooms//EN"
BUSY = "Busy"
ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Entry:
    """One entry of a calendar. `uid` never changes, `sequence` grows with every change, `stamp` is the last one."""

    uid: str
    title: str
    description: str | None
    place: str
    starts_at: datetime
    ends_at: datetime
    sequence: int
    stamp: datetime
    created_at: datetime
    cancelled: bool = False


@dataclass(frozen=True)
class Invitation:
    """Who is asked to come, by whom."""

    organiser: str
    attendee: str


def entry_of(event: RoomEvent, *, place: str, host: str, shows_details: bool) -> Entry:
    """Return the calendar entry of an event; one whose details are not for the reader says only "Busy"."""
    if isinstance(event, ImportedEvent):
        return _entry_of_imported(event, place=place, host=host)
    return Entry(
        uid=f"{event.id}@{host}",
        title=event.title if shows_details else BUSY,
        description=event.description if shows_details else None,
        place=place,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        sequence=event.sequence,
        stamp=event.updated_at,
        created_at=event.created_at,
        cancelled=event.state is BookingState.CANCELLED,
    )


def _entry_of_imported(event: ImportedEvent, *, place: str, host: str) -> Entry:
    return Entry(
        uid=f"{event.id}@{host}",
        title=event.title,
        description=None,
        place=place,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        sequence=0,
        stamp=event.changed_at,
        created_at=event.changed_at,
    )


def calendar_document(
    entries: Iterable[Entry],
    *,
    zone: ZoneInfo,
    name: str | None = None,
    method: str | None = None,
    invitation: Invitation | None = None,
) -> bytes:
    """Return entries as an iCalendar document with the definition of the zone for the years they lie in."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    if method:
        calendar.add("method", method)
    if name:
        calendar.add("name", _Text(name))
        calendar.add("x-wr-calname", name)
    days: list[date] = []
    for entry in entries:
        calendar.add_component(_component(entry, zone, invitation))
        days += [entry.starts_at.date(), entry.ends_at.date()]
    if days:
        first, last = min(days), max(days)
        calendar.add_missing_timezones(first_date=date(first.year, 1, 1), last_date=date(last.year + 1, 1, 1))
    document: bytes = calendar.to_ical()
    return document


class _Text(vText):
    """A text as the format can hold it: with line ends and tabs, without other control characters.

    The library takes a backslash before an N for a line break even where somebody wrote those two letters.
    """

    def to_ical(self) -> bytes:
        """Return the text with every special character escaped once (RFC 5545, 3.3.11)."""
        clean = CONTROL.sub("", self.replace("\r\n", "\n").replace("\r", "\n"))
        return clean.translate(ESCAPES).encode()


def _component(entry: Entry, zone: ZoneInfo, invitation: Invitation | None) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", entry.stamp)
    event.add("last-modified", entry.stamp)
    event.add("created", entry.created_at)
    event.add("sequence", entry.sequence)
    event.add("dtstart", entry.starts_at.astimezone(zone))
    event.add("dtend", entry.ends_at.astimezone(zone))
    event.add("summary", _Text(entry.title))
    event.add("location", _Text(entry.place))
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    if entry.description:
        event.add("description", _Text(entry.description))
    if invitation:
        event.add("organizer", vCalAddress(f"mailto:{invitation.organiser}"))
        attendee = vCalAddress(f"mailto:{invitation.attendee}")
        attendee.params["partstat"] = vText("NEEDS-ACTION")
        attendee.params["rsvp"] = vText("TRUE")
        event.add("attendee", attendee)
    return event
