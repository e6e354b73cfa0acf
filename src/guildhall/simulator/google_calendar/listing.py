"""Lists of events: a page at a time, whole or only what changed since a sync token."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from guildhall.simulator.google_calendar.calendars import Calendar, as_listed, by_start, touches
from guildhall.simulator.google_calendar.faults import Refused, full_sync_required, invalid, required
from guildhall.simulator.google_calendar.times import Event, read_instant
from guildhall.simulator.http import Request

DEFAULT_SIZE = 250
LARGEST_SIZE = 2500
EXPANDED = timedelta(days=730)
"""How far a series is expanded when the list has no end; Google names no limit."""

NOT_WITH_SYNC_TOKEN = (
    "iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty", "timeMin", "timeMax", "updatedMin",
)  # fmt: skip
NO_SYNC_TOKEN_FROM = frozenset({"iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty"})
"""A list restricted so gives no sync token."""


@dataclass(frozen=True)
class _Rest:
    """What is still to be shown of a list, and the sync token at its end."""

    calendar_id: str
    events: list[Event]
    sync_token: str | None


class Lists:
    """Answers events.list and events.instances, and knows the lists that are not read to their end."""

    def __init__(self) -> None:
        self._rests: dict[str, _Rest] = {}

    def page(self, calendar: Calendar, request: Request) -> dict[str, object]:
        """Return one page of a calendar's events, as the fields that differ from page to page. Raises Refused."""
        size = _size(request)
        page_token = request.one("pageToken")
        rest = self._rests.get(page_token) if page_token else _begin(calendar, request)
        if rest is None or rest.calendar_id != calendar.id:
            raise invalid("Invalid page token value.", at=("parameter", "pageToken"))
        return self._cut(rest, size)

    def instances(self, calendar: Calendar, event_id: str, request: Request) -> dict[str, object]:
        """Return one page of the occurrences of a series. Raises Refused."""
        size = _size(request)
        page_token = request.one("pageToken")
        rest = self._rests.get(page_token) if page_token else _occurrences(calendar, event_id, request)
        if rest is None:
            raise invalid("Invalid page token value.", at=("parameter", "pageToken"))
        return self._cut(rest, size)

    def _cut(self, rest: _Rest, size: int) -> dict[str, object]:
        page = {"items": [as_listed(each) for each in rest.events[:size]]}
        if rest.events[size:]:
            token = secrets.token_urlsafe(18)
            self._rests[token] = _Rest(rest.calendar_id, rest.events[size:], rest.sync_token)
            return {**page, "nextPageToken": token}
        return {**page, **({"nextSyncToken": rest.sync_token} if rest.sync_token else {})}


def _size(request: Request) -> int:
    text = request.one("maxResults", str(DEFAULT_SIZE))
    if not text.isdecimal() or int(text) < 1:
        raise invalid("Invalid value for: maxResults", at=("parameter", "maxResults"))
    return min(int(text), LARGEST_SIZE)


def _begin(calendar: Calendar, request: Request) -> _Rest:
    sync_token = f"C{calendar.number}.{secrets.token_urlsafe(6)}"
    if request.one("syncToken"):
        return _Rest(calendar.id, _changed_since(calendar, request), sync_token)
    if request.one("orderBy") == "startTime" and not _is_set(request, "singleEvents"):
        raise invalid("The requested ordering is not available for the particular query.", at=("parameter", "orderBy"))
    since, until = _window(request)
    events = list(_everything(calendar, request, since, until))
    if request.one("orderBy") == "startTime":
        events = by_start(events, calendar.zone)
    elif request.one("orderBy") == "updated":
        events.sort(key=lambda each: calendar.numbers.get(each["id"], 0))
    return _Rest(calendar.id, events, None if NO_SYNC_TOKEN_FROM & request.query.keys() else sync_token)


def _changed_since(calendar: Calendar, request: Request) -> list[Event]:
    if any(name in request.query for name in NOT_WITH_SYNC_TOKEN) or request.one("showDeleted") == "false":
        message = "Sync token cannot be used with other request restrictions."
        raise Refused(400, "syncTokenWithRequestRestrictions", message, domain="calendar")
    position = request.one("syncToken")[1:].partition(".")[0]
    if not position.isdecimal():
        raise invalid("Invalid sync token value.", at=("parameter", "syncToken"))
    if not calendar.forgotten <= int(position) <= calendar.number:
        raise full_sync_required()
    changed = [calendar.events[each] for each, number in calendar.numbers.items() if number > int(position)]
    if not _is_set(request, "singleEvents"):
        return changed
    now = calendar.clock.now()
    return [each for event in changed for each in calendar.expanded(event, now - EXPANDED, now + EXPANDED)]


def _everything(
    calendar: Calendar, request: Request, since: datetime | None, until: datetime | None
) -> Iterator[Event]:
    """Yield what a whole list shows. A series stands for its occurrences unless they are asked for one by one."""
    deleted, single = _is_set(request, "showDeleted"), _is_set(request, "singleEvents")
    horizon = since or calendar.clock.now() - EXPANDED, until or calendar.clock.now() + EXPANDED
    words = request.one("q").lower()
    markers = [each.partition("=") for each in request.query.get("privateExtendedProperty", [])]
    for event in list(calendar.events.values()):
        is_exception = "recurringEventId" in event
        if (single and is_exception) or (event["status"] == "cancelled" and not deleted and not is_exception):
            continue
        if words and words not in f"{event.get('summary', '')} {event.get('description', '')}".lower():
            continue
        if request.one("iCalUID") not in ("", event["iCalUID"]):
            continue
        private = (event.get("extendedProperties") or {}).get("private") or {}
        if any(private.get(name) != value for name, _, value in markers):
            continue
        found = [each for each in calendar.expanded(event, *horizon) if touches(each, calendar.zone, since, until)]
        if single:
            yield from (each for each in found if deleted or each["status"] != "cancelled")
        elif found:
            yield event


def _occurrences(calendar: Calendar, event_id: str, request: Request) -> _Rest:
    master = calendar.get(event_id)
    if not master.get("recurrence"):
        raise required("The event is not recurring.")
    since, until = _window(request)
    now = calendar.clock.now()
    found = calendar.expanded(master, since or now - EXPANDED, until or now + EXPANDED)
    deleted = _is_set(request, "showDeleted") or master["status"] == "cancelled"
    shown = [
        each
        for each in found
        if touches(each, calendar.zone, since, until) and (deleted or each["status"] != "cancelled")
    ]
    return _Rest(calendar.id, by_start(shown, calendar.zone), None)


def _window(request: Request) -> tuple[datetime | None, datetime | None]:
    since, until = (
        read_instant(request.one(name), at=name) if request.one(name) else None for name in ("timeMin", "timeMax")
    )
    if since and until and until <= since:
        message = "The specified time range is empty."
        raise Refused(400, "timeRangeEmpty", message, domain="calendar", at=("parameter", "timeMax"))
    return since, until


def _is_set(request: Request, name: str) -> bool:
    return request.one(name) == "true"
