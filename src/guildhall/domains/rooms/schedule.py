"""What a room's days look like, and the calendar documents made of them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.domains.identity.models import User
from guildhall.domains.rooms import availability
from guildhall.domains.rooms.availability import FreeSlot
from guildhall.domains.rooms.calendars import Entry, calendar_document, entry_of
from guildhall.domains.rooms.errors import InvalidRange
from guildhall.domains.rooms.hub import Hub
from guildhall.domains.rooms.models import Room, RoomEvent
from guildhall.domains.rooms.policy import may_see_details
from guildhall.domains.rooms.queries import (
    CANCELLED_OF_ROOM,
    CANCELLED_OF_USER,
    bookings_of,
    bounds,
    closed_between,
    events_in,
    every_room,
    spans_of,
)
from guildhall.domains.rooms.times import Span, day_range, day_span, parse_day

FEED_BACK = timedelta(days=90)
FEED_AHEAD = timedelta(days=400)
CANCELLED_KEPT = timedelta(days=30)
FAR_AHEAD = timedelta(days=36_525)


@dataclass(frozen=True)
class CalendarPlan:
    """What a calendar document will hold, and when the latest of it changed.

    `tag` changes with the content, and costs nothing like the document itself.
    """

    name: str
    zone: ZoneInfo
    entries: list[Entry]
    changed_at: datetime

    @property
    def tag(self) -> str:
        """A hash of everything that the document shows."""
        return sha256(repr((self.name, self.zone.key, self.entries)).encode()).hexdigest()[:32]

    def render(self) -> bytes:
        """Return the iCalendar document; a busy room's takes some hundred milliseconds."""
        return calendar_document(self.entries, zone=self.zone, name=self.name)


@dataclass(frozen=True)
class DayPlan:
    """One day of a room: the events that touch it and the time left free."""

    day: date
    events: list[RoomEvent]
    free: list[FreeSlot]


def days_asked_for(
    day: str | None, first: str | None, last: str | None, *, hub: Hub, now: datetime
) -> tuple[date, date]:
    """Return the first and last day asked for: one day, today by default, or a range.

    Raises InvalidDate, InvalidRange (also for a day together with a range), RangeTooLong.
    """
    today = now.astimezone(hub.zone).date()
    if first is None and last is None:
        only = today if day is None else parse_day(day)
        return only, only
    if day is not None:
        raise InvalidRange("Ask for a date or for a range, not for both")
    return day_range(first, last, today=today)


def span_of_days(first: str | None, last: str | None, *, hub: Hub, now: datetime) -> Span:
    """Return the time of a range of days; without one, all time from today on. Raises as `days_asked_for`."""
    if first is None and last is None:
        start = day_span(now.astimezone(hub.zone).date(), hub.zone).start
        return Span(start, start + FAR_AHEAD)
    begin, end = days_asked_for(None, first, last, hub=hub, now=now)
    return day_span(begin, hub.zone, days=(end - begin).days + 1)


async def schedule_of(tx: Tx, room: Room, first: date, last: date, *, hub: Hub) -> list[DayPlan]:
    """Return the days of a room from `first` to `last`, both included, in three reads whatever the number of days."""
    count = (last - first).days + 1
    events = await events_in(tx, room, day_span(first, hub.zone, days=count))
    closed = await closed_between(tx, first, last)
    return [
        _plan(room, day, events, is_closed=day in closed, hub=hub)
        for day in (first + timedelta(days=offset) for offset in range(count))
    ]


def _plan(room: Room, day: date, events: list[RoomEvent], *, is_closed: bool, hub: Hub) -> DayPlan:
    whole = day_span(day, hub.zone)
    todays = [event for event in events if whole.touches(Span(event.starts_at, event.ends_at))]
    hours = None if is_closed else room.opening.on(day)
    return DayPlan(day, todays, availability.free_slots(day, hours, spans_of(todays), hub.zone))


async def calendar_of_room(tx: Tx, actor: Actor, room: Room, *, hub: Hub, now: datetime) -> CalendarPlan:
    """Return a room's bookings, 90 days back and 400 ahead, as iCalendar; cancelled ones for 30 days."""
    span = Span(now - FEED_BACK, now + FEED_AHEAD)
    live = await events_in(tx, room, span)
    lately = now - CANCELLED_KEPT
    cancelled = await tx.all(CANCELLED_OF_ROOM, room_id=room.id, cancelled_after=lately, **bounds(span))
    entries = [
        entry_of(event, place=room.name, host=hub.host, shows_details=may_see_details(actor, event))
        for event in (*live, *cancelled)
    ]
    return _calendar(room.name, entries, room.created_at, hub)


async def calendar_of_person(tx: Tx, user: User, *, hub: Hub, now: datetime) -> CalendarPlan:
    """Return a person's bookings, 90 days back and 400 ahead, as iCalendar; cancelled ones for 30 days."""
    span = Span(now - FEED_BACK, now + FEED_AHEAD)
    live = await bookings_of(tx, user.id, span)
    lately = now - CANCELLED_KEPT
    cancelled = await tx.all(CANCELLED_OF_USER, user_id=user.id, cancelled_after=lately, **bounds(span))
    names = {room.id: room.name for room in await every_room(tx)}
    entries = [
        entry_of(event, place=names[event.room_id], host=hub.host, shows_details=True) for event in (*live, *cancelled)
    ]
    return _calendar(f"{user.display_name}, bookings", entries, user.created_at, hub)


def _calendar(name: str, entries: list[Entry], made_at: datetime, hub: Hub) -> CalendarPlan:
    return CalendarPlan(name, hub.zone, entries, max((entry.stamp for entry in entries), default=made_at))
