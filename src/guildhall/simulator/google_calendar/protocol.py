"""The Calendar v3 protocol as Google documents it: which request does what to which calendar."""

from typing import Any, Literal, TypeAlias
from urllib.parse import quote

import msgspec

from guildhall.simulator.google_calendar.calendars import Calendar
from guildhall.simulator.google_calendar.channels import Channels
from guildhall.simulator.google_calendar.faults import Refused, bad_token, invalid, not_found
from guildhall.simulator.google_calendar.listing import Lists
from guildhall.simulator.google_calendar.times import Event
from guildhall.simulator.google_calendar.tokens import Access, TokenDesk, check_scope
from guildhall.simulator.http import Answer, Request, Routes

BASE = "/calendar/v3"
WRITERS = frozenset({"writer", "owner"})
Told: TypeAlias = Literal["invitation", "update", "cancellation"]


class Protocol:
    """Answers requests below BASE. `invitations` holds what Google would have mailed, oldest first."""

    def __init__(self, calendars: dict[str, Calendar], desk: TokenDesk, channels: Channels) -> None:
        self._calendars = calendars
        self._desk = desk
        self._channels = channels
        self._lists = Lists()
        self.invitations: list[dict[str, str]] = []
        all_of_it = f"{BASE}/calendars/{{calendar_id}}/events"
        one = f"{all_of_it}/{{event_id}}"
        self._routes = Routes(
            (
                ("GET", f"{BASE}/calendars/{{calendar_id}}", self._get_calendar),
                ("GET", all_of_it, self._list),
                ("POST", all_of_it, self._insert),
                ("POST", f"{all_of_it}/watch", self._watch),
                ("GET", one, self._get),
                ("PATCH", one, self._patch),
                ("PUT", one, self._update),
                ("DELETE", one, self._delete),
                ("GET", f"{one}/instances", self._instances),
                ("POST", f"{BASE}/channels/stop", self._stop),
            )
        )

    def answer(self, request: Request) -> Answer:
        """Answer a request. Raises Refused."""
        found = self._routes.find(request)
        if found is None:
            raise not_found()
        handler, parts = found
        return handler(request, **parts)

    def _get_calendar(self, request: Request, calendar_id: str) -> Answer:
        calendar, _ = self._enter(request, calendar_id, writes=False)
        return Answer(
            {
                "kind": "calendar#calendar",
                "etag": f'"{calendar.forgotten}"',
                "id": calendar.id,
                "summary": calendar.id,
                "timeZone": calendar.zone.key,
            }
        )

    def _list(self, request: Request, calendar_id: str) -> Answer:
        calendar, access = self._enter(request, calendar_id, writes=False)
        return Answer({**_about(calendar, access), **self._lists.page(calendar, request)})

    def _instances(self, request: Request, calendar_id: str, event_id: str) -> Answer:
        calendar, access = self._enter(request, calendar_id, writes=False)
        return Answer({**_about(calendar, access), **self._lists.instances(calendar, event_id, request)})

    def _get(self, request: Request, calendar_id: str, event_id: str) -> Answer:
        calendar, _ = self._enter(request, calendar_id, writes=False)
        return _shown(calendar.get(event_id))

    def _insert(self, request: Request, calendar_id: str) -> Answer:
        calendar, access = self._enter(request, calendar_id, writes=True)
        body = read_object(request)
        _check_may_invite(access, calendar, body)
        event = calendar.insert(body, by=access.email)
        self._tell(request, {}, event)
        return _shown(event)

    def _patch(self, request: Request, calendar_id: str, event_id: str) -> Answer:
        return self._change(request, calendar_id, event_id, whole=False)

    def _update(self, request: Request, calendar_id: str, event_id: str) -> Answer:
        return self._change(request, calendar_id, event_id, whole=True)

    def _change(self, request: Request, calendar_id: str, event_id: str, *, whole: bool) -> Answer:
        calendar, access = self._enter(request, calendar_id, writes=True)
        body = read_object(request)
        _check_may_invite(access, calendar, body)
        before = calendar.get(event_id)
        event = calendar.change(event_id, body, if_match=request.headers.get("if-match", ""), whole=whole)
        self._tell(request, before, event)
        return _shown(event)

    def _delete(self, request: Request, calendar_id: str, event_id: str) -> Answer:
        calendar, _ = self._enter(request, calendar_id, writes=True)
        before = calendar.get(event_id)
        event = calendar.delete(event_id, if_match=request.headers.get("if-match", ""))
        self._tell(request, before, event)
        return Answer(status=204)

    def _watch(self, request: Request, calendar_id: str) -> Answer:
        calendar, _ = self._enter(request, calendar_id, writes=False)
        return Answer(self._channels.watch(resource_uri(calendar), read_object(request)))

    def _stop(self, request: Request) -> Answer:
        self._desk.recognise(request)
        self._channels.stop(read_object(request))
        return Answer(status=204)

    def _enter(self, request: Request, calendar_id: str, *, writes: bool) -> tuple[Calendar, Access]:
        """Return a calendar to somebody who may read it, or write there. Raises Refused."""
        if not request.headers.get("authorization"):
            raise bad_token()
        access = self._desk.recognise(request)
        check_scope(access, writes=writes)
        calendar = self._calendars.get(access.email if calendar_id == "primary" else calendar_id)
        if calendar is None or access.email not in calendar.roles:
            raise not_found()
        if writes and calendar.roles[access.email] not in WRITERS:
            message = "You need to have writer access to this calendar."
            raise Refused(403, "requiredAccessLevel", message, domain="calendar")
        return calendar, access

    def _tell(self, request: Request, before: Event, after: Event) -> None:
        if request.one("sendUpdates") not in ("all", "externalOnly"):
            return
        asked, asked_before = _guests(after), _guests(before)
        gone = after["status"] == "cancelled"
        for email in asked | asked_before:
            ended = gone or email not in asked
            told: Told = "cancellation" if ended else "update" if email in asked_before else "invitation"
            self.invitations.append({"to": email, "event": after["id"], "kind": told})


def read_object(request: Request) -> dict[str, Any]:
    """Return the body, which must be a JSON object. Raises Refused."""
    try:
        return msgspec.json.decode(request.body or b"{}", type=dict[str, Any])
    except msgspec.DecodeError as fault:
        raise Refused(400, "parseError", "Parse Error") from fault


def resource_uri(calendar: Calendar) -> str:
    """Return the address of a calendar's events, as push messages name it."""
    return f"https://www.googleapis.com{BASE}/calendars/{quote(calendar.id, safe='')}/events?alt=json"


def _shown(event: Event) -> Answer:
    return Answer(event, headers={"etag": event["etag"]})


def _about(calendar: Calendar, access: Access) -> dict[str, object]:
    return {
        "kind": "calendar#events",
        "etag": f'"p{calendar.number}"',
        "summary": calendar.id,
        "updated": max((each["updated"] for each in calendar.events.values()), default="1970-01-01T00:00:00.000Z"),
        "timeZone": calendar.zone.key,
        "accessRole": calendar.roles[access.email],
        "defaultReminders": [],
    }


def _guests(event: Event) -> set[str]:
    return {each["email"] for each in event.get("attendees", []) if not each.get("self")}


def _check_may_invite(access: Access, calendar: Calendar, body: dict[str, Any]) -> None:
    guests = body.get("attendees") or []
    if not isinstance(guests, list) or not all(isinstance(each, dict) for each in guests):
        raise invalid("Invalid value for: attendees")
    if not access.delegated and any(each.get("email") != calendar.id for each in guests):
        message = "Service accounts cannot invite attendees without Domain-Wide Delegation of Authority."
        raise Refused(403, "forbiddenForServiceAccounts", message, domain="calendar")
