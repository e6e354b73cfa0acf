"""The shapes of bookings, shared by rooms and users."""

from datetime import datetime, time
from typing import ClassVar
from zoneinfo import ZoneInfo

from guildhall.core.errors import Invalid
from guildhall.dialects.commonshub.wire import Day, Email, HubBody, Reply, TimeOfDay, utc
from guildhall.domains.rooms import BookedEvent, ImportedEvent, RoomEvent as Event, Wish
from guildhall.domains.rooms.errors import InvalidDate, InvalidTime
from guildhall.domains.rooms.times import parse_day, parse_minutes


class BookingCreate(HubBody, frozen=True, kw_only=True):
    """What to book, in the hub's zone."""

    refusals: ClassVar[dict[str, type[Invalid]]] = {"date": InvalidDate, "start": InvalidTime, "end": InvalidTime}
    title: str
    date: Day
    start: TimeOfDay
    end: TimeOfDay
    description: str | None = None
    private: bool = False
    email: Email | None = None

    def wish(self) -> Wish:
        """Return the wish that the body states. Raises InvalidDate, InvalidTime."""
        return Wish(
            day=parse_day(self.date),
            start=parse_minutes(self.start),
            end=parse_minutes(self.end),
            title=self.title,
            description=self.description,
            private=self.private,
            email=self.email,
        )


class BookingReply(Reply, frozen=True, kw_only=True):
    """A booking, as its owner sees it."""

    event_id: str
    title: str
    room: str
    start: datetime
    end: datetime
    description: str | None
    booked_by: str
    user_id: str
    private: bool
    created_at: str

    @classmethod
    def of(cls, event: BookedEvent, zone: ZoneInfo) -> "BookingReply":
        """Show a booking."""
        return cls(
            event_id=event.id,
            title=event.title,
            room=event.room_id,
            start=event.starts_at.astimezone(zone),
            end=event.ends_at.astimezone(zone),
            description=event.description,
            booked_by=event.username,
            user_id=event.alias,
            private=event.private,
            created_at=utc(event.created_at),
        )


class RoomEvent(Reply, frozen=True, kw_only=True):
    """An event as everybody sees it; a private booking is "Busy" and has no name."""

    id: str
    title: str
    start: datetime
    end: datetime
    booked_by: str | None
    user_id: str | None
    source: str = "guildhall"
    all_day: bool = False
    private: bool = False

    @classmethod
    def of(cls, event: Event, zone: ZoneInfo, *, shows_details: bool) -> "RoomEvent":
        """Show an event of a room."""
        start, end = event.starts_at.astimezone(zone), event.ends_at.astimezone(zone)
        if isinstance(event, ImportedEvent):
            return cls(
                id=event.id,
                title=event.title,
                start=start,
                end=end,
                booked_by=event.organiser,
                user_id=None,
                source=event.source,
                all_day=start.time() == end.time() == time(),
            )
        return cls(
            id=event.id,
            title=event.title if shows_details else "Busy",
            start=start,
            end=end,
            booked_by=event.username if shows_details else None,
            user_id=event.alias if shows_details else None,
            private=event.private,
        )
