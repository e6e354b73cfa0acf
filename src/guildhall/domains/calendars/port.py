"""What the house asks of a calendar outside, and what it hears from one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class OwnEvent:
    """An event of ours as a calendar outside shall show it.

    `event_id` is 26 characters of [0-9a-v], `uid` is `<event_id>@<host>`, times are aware, `stamp` is the last change.
    `attendees` are mail addresses; only a calendar that invites by itself writes them.
    """

    event_id: str
    uid: str
    title: str
    description: str | None
    place: str
    starts_at: datetime
    ends_at: datetime
    sequence: int
    stamp: datetime
    attendees: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kept:
    """Where a calendar outside keeps an event of ours: its id or address there, and its version."""

    outside_id: str
    etag: str | None


@dataclass(frozen=True, kw_only=True)
class OutsideEvent:
    """An event found outside.

    `own_id` is the event id in our private marker, when the event is one of ours. `spans` are aware and in UTC: one for
    a single event, every occurrence within the horizon for a recurring one. `blocks` is false for what is cancelled,
    transparent, or declined by the room itself. `declined` holds the mail addresses, in small letters, of those who
    said that they will not come. `organiser` is a name, never an address, where the calendar tells one.
    """

    outside_id: str
    etag: str | None
    own_id: str | None
    title: str
    spans: tuple[tuple[datetime, datetime], ...]
    blocks: bool
    declined: frozenset[str]
    organiser: str | None = None


@dataclass(frozen=True)
class Changes:
    """What changed since a position; `position` is for the next call, and means nothing to anybody but the calendar.

    `gone` are outside ids. When `complete`, everything there is was named, so what was not named is gone.
    """

    events: tuple[OutsideEvent, ...]
    gone: tuple[str, ...]
    position: str
    complete: bool


class OutsideCalendar(Protocol):
    """A calendar outside. `invites`: it writes attendees, and its own server invites them."""

    invites: bool

    async def write(self, event: OwnEvent, kept: Kept | None) -> Kept:
        """Create or change an event of ours. A create that finds it there brings it up to date and counts as done.

        Raises CalendarChanged (its version outside is not `kept.etag`), CalendarUnavailable (worth another try),
        CalendarRefused.
        """

    async def remove(self, kept: Kept) -> None:
        """Remove an event of ours; one that is gone counts as done. Raises as `write`."""

    async def changes(self, position: str | None, *, since: datetime, until: datetime) -> Changes:
        """Return what changed since a position.

        Everything, when there is no position, when the calendar does not take that one any more, or when it is of
        another day, because the horizon moves. Raises CalendarUnavailable, CalendarRefused.
        """

    async def check(self) -> None:
        """Do nothing when it can be read and written.

        Otherwise raise CalendarUnavailable or CalendarRefused with a sentence for the operator.
        """
