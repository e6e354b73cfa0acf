"""Free time of a room: opening hours minus what is booked. Pure sums, no I/O."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from guildhall.domains.rooms.models import Hours
from guildhall.domains.rooms.times import Span, local_time, minutes_of


class FreeSlot(NamedTuple):
    """Free time of a day, in minutes since local midnight."""

    day: date
    start: int
    end: int


def open_span(day: date, hours: Hours, zone: ZoneInfo) -> Span:
    """Return the real time during which a room is open on a day."""
    return Span(
        local_time(day, hours.opens, zone).astimezone(UTC),
        local_time(day, hours.closes, zone).astimezone(UTC),
    )


def gaps(within: Span, busy: Iterable[Span]) -> Iterator[Span]:
    """Yield the parts of a span that no busy span covers, in order. `busy` is ordered by start."""
    free_from = within.start
    for span in busy:
        if span.start > free_from:
            yield Span(free_from, min(span.start, within.end))
        free_from = max(free_from, span.end)
        if free_from >= within.end:
            return
    if free_from < within.end:
        yield Span(free_from, within.end)


def free_slots(day: date, hours: Hours | None, busy: Iterable[Span], zone: ZoneInfo) -> list[FreeSlot]:
    """Return the free slots of a day in whole minutes; those that no wall clock can write are dropped."""
    if hours is None:
        return []
    slots = (
        FreeSlot(day, minutes_of(gap.start, day, zone), minutes_of(gap.end, day, zone))
        for gap in gaps(open_span(day, hours, zone), busy)
    )
    return [slot for slot in slots if slot.end > slot.start]


def alternatives(day: date, hours: Hours | None, busy: Iterable[Span], zone: ZoneInfo, wanted: Span) -> list[Span]:
    """Return spans of the wanted length that are free that day, the nearest to the wanted start first.

    In each gap that is long enough, the span that lies closest to the wanted one.
    """
    if hours is None:
        return []
    length = wanted.end - wanted.start
    fitting = [gap for gap in gaps(open_span(day, hours, zone), busy) if gap.end - gap.start >= length]
    spans = [Span(start, start + length) for gap in fitting for start in [_closest(gap, wanted.start, length)]]
    return sorted(spans, key=lambda span: (abs(span.start - wanted.start), span.start))


def _closest(gap: Span, wanted: datetime, length: timedelta) -> datetime:
    return min(max(gap.start, wanted), gap.end - length)
