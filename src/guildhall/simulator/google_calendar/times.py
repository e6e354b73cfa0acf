"""Times as the calendar writes them, and the occurrences of what repeats."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events  # type: ignore[import-untyped]  # It has no types
from icalendar import Calendar as Document

from guildhall.simulator.google_calendar.faults import Refused, invalid, required

Event = dict[str, Any]
"""An event in the form of the protocol."""

Span = tuple[datetime, datetime]

RULE = re.compile(r"(RRULE|EXRULE|RDATE|EXDATE)[;:]\S+")


def stamp(instant: datetime) -> str:
    """Write an instant as in `created` and `updated`."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03}Z"


def read_instant(text: str, *, at: str) -> datetime:
    """Read a time with an offset, as the parameters of a list have it. Raises Refused."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as fault:
        raise invalid("Bad Request", at=("parameter", at)) from fault
    if found.tzinfo is None:
        raise invalid("Bad Request", at=("parameter", at))
    return found


def read_moment(moment: object, zone: ZoneInfo) -> datetime:
    """Read a `start` or `end`: a day begins at midnight of the calendar's zone. Raises Refused."""
    if not isinstance(moment, dict):
        raise invalid("Invalid start time.")
    try:
        if moment.get("date"):
            return datetime.combine(date.fromisoformat(moment["date"]), time(), zone)
        found = datetime.fromisoformat(moment["dateTime"])
        return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(moment["timeZone"]))
    except (KeyError, TypeError, ValueError) as fault:
        raise invalid("Invalid start time.") from fault


def span_of(event: Event, zone: ZoneInfo) -> Span:
    """Return when an event begins and ends."""
    return read_moment(event["start"], zone), read_moment(event["end"], zone)


def check_times(event: Event, zone: ZoneInfo) -> None:
    """Raise Refused unless the times of an event make sense."""
    for name in ("start", "end"):
        if not event.get(name):
            raise required(f"Missing {name} time.")
    starts, ends = span_of(event, zone)
    if ends < starts or bool(event["start"].get("date")) != bool(event["end"].get("date")):
        raise Refused(400, "timeRangeEmpty", "The specified time range is empty.", domain="calendar")
    rules = event.get("recurrence") or []
    if not all(isinstance(rule, str) and RULE.fullmatch(rule) for rule in rules):
        raise invalid("Invalid recurrence rule.")
    if rules and not event["start"].get("date") and not event["start"].get("timeZone"):
        raise required("Missing time zone definition for start time.")


def instance_id(master: str, start: datetime, *, all_day: bool) -> str:
    """Return the id of an occurrence: the series' id and when it was to begin."""
    return f"{master}_{start:%Y%m%d}" if all_day else f"{master}_{start.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def occurrences(master: Event, zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[Event]:
    """Yield the occurrences of a series that touch a time, as its rules make them: exceptions are not looked at."""
    starts, ends = span_of(master, zone)
    length, all_day = ends - starts, bool(master["start"].get("date"))
    local = starts.astimezone(ZoneInfo(master["start"].get("timeZone") or zone.key))
    for found in recurring_ical_events.of(_document(master, local, all_day=all_day)).between(since - length, until):
        begin = found["DTSTART"].dt
        start = begin if isinstance(begin, datetime) else datetime.combine(begin, time(), zone)
        if start < until and start + length > since:
            yield _instance(master, start, length, all_day=all_day)


def _document(master: Event, local: datetime, *, all_day: bool) -> Document:
    begins = f"DTSTART;VALUE=DATE:{local:%Y%m%d}" if all_day else f"DTSTART;TZID={local.tzinfo}:{local:%Y%m%dT%H%M%S}"
    # In small letters, which the format allows: in capitals the first word would be SQL's.
    head, foot = ("begin:vcalendar", "begin:vevent", f"uid:{master['iCalUID']}"), ("end:vevent", "end:vcalendar", "")
    return Document.from_ical("\r\n".join([*head, begins, *master["recurrence"], *foot]))


def _instance(master: Event, start: datetime, length: timedelta, *, all_day: bool) -> Event:
    begin = _moment(start, all_day=all_day, zone=master["start"].get("timeZone"))
    return {
        **{name: value for name, value in master.items() if name != "recurrence"},
        "id": instance_id(master["id"], start, all_day=all_day),
        "start": begin,
        "end": _moment(start + length, all_day=all_day, zone=master["end"].get("timeZone")),
        "recurringEventId": master["id"],
        "originalStartTime": begin,
    }


def _moment(instant: datetime, *, all_day: bool, zone: str | None) -> dict[str, str]:
    if all_day:
        return {"date": f"{instant:%Y-%m-%d}"}
    return {"dateTime": instant.isoformat(timespec="seconds")} | ({"timeZone": zone} if zone else {})
