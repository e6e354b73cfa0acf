"""A page for a screen on a wall: today's rooms and shifts, for whoever passes by. It tells nobody's name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from guildhall.core.db import Tx
from guildhall.core.errors import NotFound
from guildhall.domains import rooms, shifts
from guildhall.domains.identity import Permission
from guildhall.domains.rooms import BookedEvent, ClosedDay, Room, RoomEvent
from guildhall.domains.rooms.times import clock_text, day_span, minutes_of
from guildhall.domains.shifts import RotaSlot
from guildhall.panel.face import OPEN, UNCACHED
from guildhall.panel.pages import THEMES
from guildhall.panel.templating import render
from guildhall.panel.week import HUES
from guildhall.web.answers import HTML, Answer
from guildhall.web.bodies import QueryString
from guildhall.web.house import House
from guildhall.web.routing import route

COMING = 2
"""So many of a room's next events are shown."""
MIDNIGHT = 24 * 60


class Look(QueryString, frozen=True, kw_only=True):
    """Light or dark, for a screen that cannot be told; otherwise as it says."""

    theme: str = "auto"


@dataclass(frozen=True)
class ShownEvent:
    """An event as anybody may see it."""

    start: str
    end: str
    title: str


@dataclass(frozen=True)
class ShownRoom:
    """A room at this moment: `state` is `free`, `busy` or `shut`, `what` and `until` say it in words."""

    name: str
    hue: int
    state: str
    what: str
    until: str
    coming: list[ShownEvent]


@dataclass(frozen=True)
class ShownShift:
    """A shift that is not over, with the places that are left."""

    start: str
    end: str
    taken: int
    left: int
    closed: bool
    running: bool


@dataclass(frozen=True)
class Moment:
    """What every room is drawn with; `shows_titles` is whether the public may read what is on."""

    now: datetime
    zone: ZoneInfo
    shows_titles: bool

    @property
    def minutes(self) -> int:
        """What the clock in the hub shows, as minutes since midnight."""
        local = self.now.astimezone(self.zone)
        return minutes_of(self.now, local.date(), self.zone)

    def event(self, event: RoomEvent) -> ShownEvent:
        """Return an event as it is shown today."""
        day = self.now.astimezone(self.zone).date()
        start, end = (clock_text(minutes_of(at, day, self.zone)) for at in (event.starts_at, event.ends_at))
        private = isinstance(event, BookedEvent) and event.private
        return ShownEvent(start, end, event.title if self.shows_titles and not private else "Busy")


@route("GET", "/kiosk", permission=Permission.PUBLIC, accepts=OPEN, content="text/html")
async def show_kiosk(query: Look, tx: Tx, house: House) -> Answer:
    """Show what is on now and next, what is free, and which shifts need people."""
    if not house.settings.commonshub.kiosk:
        raise NotFound
    # Whoever may subscribe to the rooms' calendars knows the titles anyway.
    moment = Moment(house.clock.now(), house.hub.zone, house.settings.commonshub.public_calendars)
    today = moment.now.astimezone(moment.zone).date()
    closed = (await rooms.closed_between(tx, today, today)).get(today)
    events = await rooms.events_in_house(tx, day_span(today, moment.zone))
    (rota,) = await shifts.rota_of(tx, today, today, hub=house.hub)
    page = render(
        "kiosk.html",
        theme=query.theme if query.theme in THEMES else "auto",
        zone=moment.zone,
        now=moment.now,
        title=f"{today:%A} {today.day} {today:%B}",
        closed=closed,
        rooms=[
            room_at(moment, room, HUES[position % len(HUES)], closed, events)
            for position, room in enumerate(await rooms.list_rooms(tx))
        ],
        shifts=[_shift(slot, moment.now) for slot in rota.slots if slot.span.end > moment.now],
    )
    return Answer(page, media_type=HTML, headers=[UNCACHED])


def room_at(moment: Moment, room: Room, hue: int, closed: ClosedDay | None, events: Sequence[RoomEvent]) -> ShownRoom:
    """Say how a room is at a moment; `events` are those of the day in the house, by start."""
    events = [each for each in events if each.room_id == room.id]
    state, what, until = _state_of(moment, room, closed, events)
    coming = [moment.event(each) for each in events if each.starts_at > moment.now]
    return ShownRoom(room.name, hue, state, what, until, coming[:COMING])


def _state_of(
    moment: Moment, room: Room, closed: ClosedDay | None, events: Sequence[RoomEvent]
) -> tuple[str, str, str]:
    running = [each for each in events if each.starts_at <= moment.now < each.ends_at]
    if running:
        last = moment.event(max(running, key=lambda each: each.ends_at))
        until = "for the rest of the day" if last.end == clock_text(MIDNIGHT) else f"until {last.end}"
        return "busy", last.title, until
    hours = None if closed else room.opening.on(moment.now.astimezone(moment.zone).date())
    if hours is None or moment.minutes >= hours.closes:
        return "shut", "Closed", "for today"
    if moment.minutes < hours.opens:
        return "shut", "Closed", f"until {clock_text(hours.opens)}"
    starts = [moment.event(each).start for each in events if each.starts_at > moment.now]
    return "free", "Free", f"until {min([*starts, clock_text(hours.closes)])}"


def _shift(slot: RotaSlot, now: datetime) -> ShownShift:
    return ShownShift(
        start=clock_text(slot.slot.opens),
        end=clock_text(slot.slot.closes),
        taken=len(slot.volunteers),
        left=0 if slot.slot.closed else slot.places_left,
        closed=slot.slot.closed,
        running=slot.span.start <= now,
    )
