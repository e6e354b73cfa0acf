"""Calendars with their events: created, changed, deleted, and numbered at every change."""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from guildhall.core.clock import Clock
from guildhall.simulator.google_calendar.faults import Refused, invalid, not_found, stale
from guildhall.simulator.google_calendar.times import Event, check_times, occurrences, read_moment, span_of, stamp

EVENT_ID = re.compile(r"[a-v0-9]{5,1024}")
SETTABLE = frozenset(
    {
        "attendees", "colorId", "description", "end", "eventType", "extendedProperties", "guestsCanInviteOthers",
        "guestsCanModify", "guestsCanSeeOtherGuests", "iCalUID", "id", "location", "recurrence", "reminders",
        "sequence", "source", "start", "status", "summary", "transparency", "visibility",
    }
)  # fmt: skip
"""What a client may write; the rest of what it sends is the calendar's own and is ignored."""

STATES = ("confirmed", "tentative", "cancelled")
RESPONSES = ("needsAction", "declined", "tentative", "accepted")
KEPT_OF_DELETED = ("kind", "etag", "id", "status", "recurringEventId", "originalStartTime")
DAY = timedelta(days=1)


@dataclass
class Calendar:
    """One calendar. `changed` is called after every change.

    `numbers` holds the number of each event's last change. Sync tokens from before `forgotten` are not taken any more.
    """

    id: str
    zone: ZoneInfo
    roles: dict[str, str]
    clock: Clock
    changed: Callable[["Calendar"], None]
    events: dict[str, Event] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    number: int = 0
    forgotten: int = 0

    def insert(self, body: Mapping[str, Any], *, by: str, name: str = "") -> Event:
        """Create an event of somebody, who may have a name beside the address.

        Raises Refused: 409 when its id was ever used, 400 when it makes no sense.
        """
        event_id = body.get("id") or secrets.token_hex(13)
        if not isinstance(event_id, str) or not EVENT_ID.fullmatch(event_id):
            raise invalid("Invalid resource id value.")
        if event_id in self.events:
            raise Refused(409, "duplicate", "The requested identifier already exists.")
        person = {"email": by} | ({"displayName": name} if name else {}) | ({"self": True} if by == self.id else {})
        event = {
            "kind": "calendar#event",
            "id": event_id,
            "status": "confirmed",
            "htmlLink": f"https://www.google.com/calendar/event?eid={event_id}",
            "created": stamp(self.clock.now()),
            "creator": person,
            "organizer": {"email": self.id, "self": True},
            "iCalUID": f"{event_id}@google.com",
            "sequence": 0,
            "reminders": {"useDefault": True},
            "eventType": "default",
        }
        return self._keep(
            event | {name: value for name, value in body.items() if name in SETTABLE and value is not None}
        )

    def get(self, event_id: str) -> Event:
        """Return an event, or one occurrence of a series by its own id. Raises Refused with 404."""
        event = self.events.get(event_id) or self._occurrence(event_id)
        if event is None:
            raise not_found()
        return event

    def change(self, event_id: str, body: Mapping[str, Any], *, if_match: str = "", whole: bool = False) -> Event:
        """Change an event by the fields given, or replace it as a `whole`. Raises Refused."""
        event = self.get(event_id)
        if if_match not in ("", "*", event["etag"]):
            raise stale()
        given = {name: value for name, value in body.items() if name in SETTABLE - {"id", "iCalUID"}}
        kept = {name: value for name, value in event.items() if not whole or name not in SETTABLE - {"id", "iCalUID"}}
        if given.get("sequence", event["sequence"]) < event["sequence"]:
            raise invalid(
                "Invalid sequence value. The specified sequence number is below the current sequence number of the "
                "resource. Re-fetch the resource and use its sequence number on the following request."
            )
        merged = _merged({"status": event["status"], "sequence": event["sequence"], **kept}, given)
        moved = any(merged.get(name) != event.get(name) for name in ("start", "end", "recurrence"))
        if moved and "sequence" not in given:
            merged["sequence"] += 1
        if merged["status"] == "cancelled" and event["status"] != "cancelled":
            return self.delete(event_id)
        if moved:
            self._drop_exceptions(event_id)
        return self._keep(merged)

    def delete(self, event_id: str, *, if_match: str = "") -> Event:
        """Delete an event; its id stays taken. Raises Refused: 410 when that was done before."""
        event = self.get(event_id)
        if event["status"] == "cancelled":
            raise Refused(410, "deleted", "Resource has been deleted")
        if if_match not in ("", "*", event["etag"]):
            raise stale()
        self._drop_exceptions(event_id)
        return self._keep(event | {"status": "cancelled"})

    def respond(self, event_id: str, email: str, response: str) -> Event:
        """Let an attendee answer. Raises Refused."""
        attendees = [dict(each) for each in self.get(event_id).get("attendees", [])]
        asked = [each for each in attendees if each["email"].lower() == email.lower()]
        if not asked:
            raise not_found()
        asked[0]["responseStatus"] = response
        return self.change(event_id, {"attendees": attendees})

    def expire_sync_tokens(self) -> None:
        """Take no sync token any more that was given before now."""
        self.number += 1
        self.forgotten = self.number

    def expanded(self, event: Event, since: datetime, until: datetime) -> Iterator[Event]:
        """Yield the occurrences of a series that touch a time, exceptions in their place, or the event itself."""
        if not event.get("recurrence"):
            yield event
            return
        exceptions = {each["id"]: each for each in self.exceptions_of(event["id"])}
        for each in occurrences(event, self.zone, since, until):
            if each["id"] not in exceptions:
                yield each
        yield from exceptions.values()

    def exceptions_of(self, event_id: str) -> list[Event]:
        """Return the occurrences of a series that were changed or cancelled by themselves."""
        return [each for each in self.events.values() if each.get("recurringEventId") == event_id]

    def _occurrence(self, event_id: str) -> Event | None:
        master_id, _, when = event_id.rpartition("_")
        master = self.events.get(master_id)
        if master is None or not master.get("recurrence") or not re.fullmatch(r"\d{8}(T\d{6}Z)?", when):
            return None
        day = datetime.strptime(when[:8], "%Y%m%d").replace(tzinfo=self.zone)
        near = occurrences(master, self.zone, day - DAY, day + 2 * DAY)
        return next((each for each in near if each["id"] == event_id), None)

    def _drop_exceptions(self, event_id: str) -> None:
        for each in self.exceptions_of(event_id):
            del self.events[each["id"]], self.numbers[each["id"]]

    def _keep(self, event: Event) -> Event:
        if event["status"] not in STATES:
            raise invalid("Invalid value for: status")
        check_times(event, self.zone)
        self.number += 1
        kept = event | {"updated": stamp(self.clock.now()), "etag": f'"{self.number}{secrets.randbelow(10**9):09}"'}
        if event.get("attendees"):
            kept["attendees"] = [self._attendee(each) for each in event["attendees"]]
        self.events[event["id"]] = kept
        self.numbers[event["id"]] = self.number
        self.changed(self)
        return kept

    def _attendee(self, given: object) -> dict[str, Any]:
        if not isinstance(given, dict) or "@" not in str(given.get("email", "")):
            raise invalid("Invalid attendee email.")
        response = given.get("responseStatus", "needsAction")
        if response not in RESPONSES:
            raise invalid("Invalid value for: responseStatus")
        own = {"self": True} if given["email"].lower() == self.id.lower() else {}
        return {**given, "responseStatus": response, **own}


def as_listed(event: Event) -> Event:
    """Return an event as a list shows it: of a deleted one hardly more than its id is promised."""
    if event["status"] != "cancelled":
        return event
    return {name: event[name] for name in KEPT_OF_DELETED if name in event}


def touches(event: Event, zone: ZoneInfo, since: datetime | None, until: datetime | None) -> bool:
    """Tell whether an event ends after the one time and begins before the other; an open side lets everything in."""
    starts, ends = span_of(event, zone)
    return (since is None or ends > since) and (until is None or starts < until)


def by_start(events: Iterable[Event], zone: ZoneInfo) -> list[Event]:
    """Return events in the order in which they begin."""
    return sorted(events, key=lambda each: (read_moment(each["start"], zone), each["id"]))


def _merged(old: Any, new: Any) -> Any:  # noqa: ANN401 (any JSON)
    """Apply a patch: objects are merged, null takes away, everything else replaces."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    merged = dict(old)
    for name, value in new.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(old.get(name), value)
    return merged
