"""Free time and alternatives against a model that looks at every minute."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st

from guildhall.domains.rooms import FreeSlot, Hours, free_slots
from guildhall.domains.rooms.availability import alternatives, open_span
from guildhall.domains.rooms.times import Span, day_span

BRUSSELS = ZoneInfo("Europe/Brussels")
MINUTE = timedelta(minutes=1)
LOSES_AN_HOUR, GAINS_AN_HOUR = date(2026, 3, 29), date(2026, 10, 25)
Days = st.sampled_from([date(2026, 3, 19), LOSES_AN_HOUR, GAINS_AN_HOUR, date(2028, 2, 29)])
OpenHours = (
    st.tuples(st.integers(0, 1440), st.integers(0, 1440))
    .filter(lambda pair: pair[0] < pair[1])
    .map(lambda pair: Hours(*pair))
)


@st.composite
def busy_on(draw: st.DrawFn, day: date) -> list[Span]:
    """Draw spans that touch the day or lie near it, in whole minutes, by start, none overlapping another."""
    begin = day_span(day, BRUSSELS).start
    edges = sorted(draw(st.sets(st.integers(-120, 1620), max_size=12)))
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    return [Span(begin + start * MINUTE, begin + end * MINUTE) for start, end in pairs]


def minutes_between(span: Span) -> list[datetime]:
    return [span.start + number * MINUTE for number in range((span.end - span.start) // MINUTE)]


def shown(instant: datetime, day: date) -> int:
    """Return what a wall clock shows, as minutes since the midnight at which the day began."""
    local = instant.astimezone(BRUSSELS)
    return 1440 if local.date() > day else local.hour * 60 + local.minute


def minute_model(day: date, hours: Hours, busy: Sequence[Span]) -> list[FreeSlot]:
    """Go through the real minutes of the day, and join neighbours that are open and not busy."""
    free = [
        minute
        for minute in minutes_between(open_span(day, hours, BRUSSELS))
        if not any(span.start <= minute < span.end for span in busy)
    ]
    runs: list[list[datetime]] = []
    for minute in free:
        if runs and minute - runs[-1][-1] == MINUTE:
            runs[-1].append(minute)
        else:
            runs.append([minute])
    slots = [FreeSlot(day, shown(run[0], day), shown(run[-1] + MINUTE, day)) for run in runs]
    return [slot for slot in slots if slot.end > slot.start]


@settings(max_examples=300)
@given(st.data(), Days, OpenHours)
def test_free_slots_are_the_minutes_that_are_open_and_not_busy(data: st.DataObject, day: date, hours: Hours) -> None:
    busy = data.draw(busy_on(day))
    found = free_slots(day, hours, busy, BRUSSELS)
    assert found == minute_model(day, hours, busy)
    assert free_slots(day, None, busy, BRUSSELS) == []


@given(Days.filter(lambda day: day != LOSES_AN_HOUR), OpenHours)
def test_without_bookings_all_opening_hours_are_free(day: date, hours: Hours) -> None:
    assert free_slots(day, hours, [], BRUSSELS) == [FreeSlot(day, hours.opens, hours.closes)]


def test_opening_hours_within_the_hour_that_is_skipped_are_none() -> None:
    assert free_slots(LOSES_AN_HOUR, Hours(120, 180), [], BRUSSELS) == []
    assert free_slots(LOSES_AN_HOUR, Hours(60, 180), [], BRUSSELS) == [FreeSlot(LOSES_AN_HOUR, 60, 180)]


@settings(max_examples=300)
@given(st.data(), Days, OpenHours, st.integers(0, 1435), st.integers(5, 600))
def test_alternatives_are_open_free_of_the_wanted_length_and_nearest_first(
    data: st.DataObject, day: date, hours: Hours, start: int, length: int
) -> None:
    begin = day_span(day, BRUSSELS).start
    wanted = Span(begin + start * MINUTE, begin + (start + length) * MINUTE)
    busy = data.draw(busy_on(day))
    found = alternatives(day, hours, busy, BRUSSELS, wanted)
    opened = open_span(day, hours, BRUSSELS)
    for span in found:
        assert span.end - span.start == wanted.end - wanted.start
        assert opened.start <= span.start < span.end <= opened.end
        assert not any(span.touches(other) for other in busy)
    distances = [abs(span.start - wanted.start) for span in found]
    assert distances == sorted(distances)
    fitting = [
        minute
        for minute in minutes_between(opened)
        if minute + length * MINUTE <= opened.end
        and not any(Span(minute, minute + length * MINUTE).touches(span) for span in busy)
    ]
    assert bool(found) == bool(fitting), "there is one whenever there can be one"
    if fitting:
        assert distances[0] == min(abs(minute - wanted.start) for minute in fitting)
    assert alternatives(day, None, busy, BRUSSELS, wanted) == []


def test_alternatives_on_the_night_that_gains_an_hour_are_real_hours() -> None:
    midnight = datetime(2026, 10, 24, 22, tzinfo=UTC)
    busy = [Span(midnight, midnight + timedelta(hours=3))]
    wanted = Span(midnight, midnight + timedelta(hours=1))
    (only,) = alternatives(GAINS_AN_HOUR, Hours(0, 240), busy, BRUSSELS, wanted)
    assert only == Span(midnight + timedelta(hours=3), midnight + timedelta(hours=4))
