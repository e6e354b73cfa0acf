"""A week of rooms as it is drawn: where things stand between the first and the last hour shown. Pure sums, no I/O."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from guildhall.domains.rooms import ClosedDay, DayPlan, FreeSlot, ImportedEvent, Room, RoomEvent
from guildhall.domains.rooms.times import clock_text, minutes_of

DAYS = 7
HOUR = 60
SHORTEST_FREE = 15
"""Minutes; shorter gaps are not offered."""
HUES = (165, 28, 265, 75, 350, 210, 120, 310)
"""Degrees on the colour wheel, one for each room in turn, neighbours far apart."""


class Axis(NamedTuple):
    """The hours that a drawing shows, in minutes since midnight."""

    first: int
    last: int

    def place(self, minutes: int) -> float:
        """Return where a time stands, in per cent of the drawing, within it."""
        within = min(max(minutes, self.first), self.last)
        return round(100 * (within - self.first) / (self.last - self.first), 2)

    def stretch(self, start: int, end: int) -> "Stretch":
        """Return the part of the drawing between two times."""
        at = self.place(start)
        return Stretch(at, round(self.place(end) - at, 2))

    @property
    def hours(self) -> list[int]:
        """The full hours shown, in minutes."""
        return list(range(self.first, self.last, HOUR))


class Stretch(NamedTuple):
    """A part of a drawing, in per cent."""

    at: float
    size: float


@dataclass(frozen=True)
class Taken:
    """An event as this viewer may see it; private bookings of others are "Busy" and nobody's.

    `outside` is the kind of calendar that it was imported from, empty for bookings. `clash` is whether a booking and an
    event outside hold the room at the same time, and this is one of the two.
    """

    id: str
    title: str
    who: str
    start: str
    end: str
    stretch: Stretch
    mine: bool
    private: bool
    over: bool
    outside: str = ""
    clash: bool = False


@dataclass(frozen=True)
class Free:
    """A place that can be booked by clicking, in minutes since midnight."""

    start: int
    end: int
    stretch: Stretch


@dataclass(frozen=True)
class Cell:
    """One day of one room.

    `open` None is closed, `closed` then says why; `offer` is the first free minute that is not past, if any;
    `now` is where the present stands.
    """

    day: date
    open: Stretch | None
    closed: str
    taken: list[Taken]
    free: list[Free]
    offer: int | None
    today: bool
    past: bool
    now: float | None


@dataclass(frozen=True)
class Row:
    """One room of the week."""

    room: Room
    hue: int
    cells: list[Cell]


@dataclass(frozen=True)
class Week:
    """Which week is drawn, and how to get to others."""

    first: date
    chosen: date
    today: date

    @property
    def days(self) -> list[date]:
        """Monday to Sunday."""
        return [self.first + timedelta(days=offset) for offset in range(DAYS)]

    @property
    def last(self) -> date:
        """Sunday."""
        return self.first + timedelta(days=DAYS - 1)

    @property
    def previous(self) -> date:
        """The chosen day a week earlier."""
        return self.chosen - timedelta(days=DAYS)

    @property
    def following(self) -> date:
        """The chosen day a week later."""
        return self.chosen + timedelta(days=DAYS)


@dataclass(frozen=True)
class Scene:
    """What every cell is drawn with: when it is now, where, and what the viewer may see."""

    now: datetime
    zone: ZoneInfo
    viewer_id: str
    shows_details: Callable[[RoomEvent], bool]

    @property
    def today(self) -> date:
        """The day it is in the hub."""
        return self.now.astimezone(self.zone).date()


def week_of(chosen: date, today: date) -> Week:
    """Return the week of a day."""
    return Week(chosen - timedelta(days=chosen.weekday()), chosen, today)


def axis_of(rooms: Iterable[Room], plans: Iterable[DayPlan], zone: ZoneInfo) -> Axis:
    """Return the full hours in which any of these rooms is open or booked on these days, 8 to 22 when none is."""
    plans = list(plans)
    days = {plan.day for plan in plans}
    edges = [
        edge
        for room in rooms
        for day in days
        if (hours := room.opening.on(day))
        for edge in (hours.opens, hours.closes)
    ]
    held = [(event, _minutes(event, plan.day, zone)) for plan in plans for event in plan.events]
    edges += [edge for event, span in held if not isinstance(event, ImportedEvent) for edge in span]
    if not edges:
        edges = [8 * HOUR, 22 * HOUR]
    # An event outside that lasts all day is cut to the hours of the house; one that is all at night is not lost.
    edges += [
        edge
        for event, (start, end) in held
        if isinstance(event, ImportedEvent) and (end <= min(edges) or start >= max(edges))
        for edge in (start, end)
    ]
    first, last = min(edges) // HOUR * HOUR, -(-max(edges) // HOUR) * HOUR
    return Axis(first, max(last, first + HOUR))


def row_of(
    position: int, room: Room, plans: Sequence[DayPlan], closed: dict[date, ClosedDay], axis: Axis, scene: Scene
) -> Row:
    """Return a room's week."""
    cells = [_cell(room, plan, closed.get(plan.day), axis, scene) for plan in plans]
    return Row(room, HUES[position % len(HUES)], cells)


def _cell(room: Room, plan: DayPlan, closed: ClosedDay | None, axis: Axis, scene: Scene) -> Cell:
    hours = None if closed else room.opening.on(plan.day)
    today = plan.day == scene.today
    now = minutes_of(scene.now, plan.day, scene.zone) if today else 0
    free = [_free(slot, axis) for slot in plan.free if slot.end - slot.start >= SHORTEST_FREE]
    return Cell(
        day=plan.day,
        open=axis.stretch(hours.opens, hours.closes) if hours else None,
        closed="" if hours else closed.reason if closed else "Closed",
        taken=_with_clashes([_taken(event, plan.day, axis, scene) for event in plan.events]),
        free=free,
        offer=next((max(each.start, _half_hour_from(now)) for each in free if each.end > _half_hour_from(now)), None),
        today=today,
        past=plan.day < scene.today,
        now=axis.place(now) if today else None,
    )


def _with_clashes(taken: list[Taken]) -> list[Taken]:
    """Mark what clashes, so that neither hides the other."""
    return [replace(one, clash=any(_clash(one, other) for other in taken)) for one in taken]


def _clash(one: Taken, other: Taken) -> bool:
    return bool(one.outside) != bool(other.outside) and one.start < other.end and other.start < one.end


def _half_hour_from(minutes: int) -> int:
    return -(-minutes // 30) * 30


def _taken(event: RoomEvent, day: date, axis: Axis, scene: Scene) -> Taken:
    start, end = _minutes(event, day, scene.zone)
    if isinstance(event, ImportedEvent):
        return Taken(
            id=event.id,
            title=event.title,
            who=event.organiser or "",
            start=clock_text(start),
            end=clock_text(end),
            stretch=axis.stretch(start, end),
            mine=False,
            private=False,
            over=event.ends_at <= scene.now,
            outside=event.source,
        )
    shown = scene.shows_details(event)
    return Taken(
        id=event.id,
        title=event.title if shown else "Busy",
        who=event.display_name if shown else "",
        start=clock_text(start),
        end=clock_text(end),
        stretch=axis.stretch(start, end),
        mine=event.user_id == scene.viewer_id,
        private=event.private,
        over=event.ends_at <= scene.now,
    )


def _free(slot: FreeSlot, axis: Axis) -> Free:
    return Free(slot.start, slot.end, axis.stretch(slot.start, slot.end))


def hourly(free: Iterable[Free], axis: Axis) -> list[Free]:
    """Return free places cut at the full hours, so that each hour can be clicked."""
    return [Free(start, end, axis.stretch(start, end)) for each in free for start, end in _hours_of(each)]


def _hours_of(free: Free) -> Iterable[tuple[int, int]]:
    edges = [free.start, *range((free.start // HOUR + 1) * HOUR, free.end, HOUR), free.end]
    return pairwise(edges)


def _minutes(event: RoomEvent, day: date, zone: ZoneInfo) -> tuple[int, int]:
    return minutes_of(event.starts_at, day, zone), minutes_of(event.ends_at, day, zone)
