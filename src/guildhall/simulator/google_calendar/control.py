"""The control side: what other people do in their calendars, and what can go wrong at Google's end."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from guildhall.simulator.google_calendar.calendars import Calendar
from guildhall.simulator.google_calendar.faults import invalid, limited, not_found
from guildhall.simulator.google_calendar.protocol import read_object
from guildhall.simulator.http import Answer, Request, Routes

if TYPE_CHECKING:
    from guildhall.simulator.google_calendar import GoogleCalendarSimulator

SOMEBODY = "somebody@example.org"


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """What goes wrong with the next `times` requests whose path begins with `path`.

    `slow` answers after so many `seconds`, `error` with that `status`, `limit` with 403 or 429 and that `reason`, these
    two with `retry_after` if it is given; `nonsense` answers 200 and something that is no JSON.
    """

    kind: Literal["slow", "error", "limit", "nonsense"]
    times: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    path: str = "/calendar/v3"
    seconds: float = 30.0
    status: Annotated[int, msgspec.Meta(ge=400, le=599)] = 500
    reason: Literal["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"] = "rateLimitExceeded"
    retry_after: str = ""

    def answer(self) -> Answer | None:
        """Return what is answered instead of the truth; None where the truth is only late."""
        headers = {"retry-after": self.retry_after} if self.retry_after else {}
        if self.kind == "nonsense":
            return Answer(b"<html>There is no calendar behind this door.</html>", 200, {"content-type": "text/html"})
        if self.kind == "limit":
            status = self.status if self.status in (403, 429) else 403
            return limited(status, self.reason).answer(retry_after=self.retry_after)
        if self.kind == "error":
            backend = {"domain": "global", "reason": "backendError", "message": "Backend Error"}
            return Answer(
                {"error": {"errors": [backend], "code": self.status, "message": "Backend Error"}}, self.status, headers
            )
        return None


@dataclass(frozen=True)
class _Setup:
    zone: ZoneInfo
    roles: dict[str, str]


class Control:
    """Answers requests below /control. Nobody has to sign in: the program listens on this machine only."""

    def __init__(self, simulator: "GoogleCalendarSimulator") -> None:
        self._simulator = simulator
        calendar = "/control/calendars/{calendar_id}"
        event = f"{calendar}/events/{{event_id}}"
        self._routes = Routes(
            (
                ("PUT", calendar, self._put_calendar),
                ("POST", f"{calendar}/events", self._insert),
                ("PATCH", event, self._change),
                ("DELETE", event, self._delete),
                ("POST", f"{event}/responses", self._respond),
                ("POST", f"{calendar}/expire-sync-tokens", self._expire_sync_tokens),
                ("POST", "/control/expire-access-tokens", self._expire_access_tokens),
                ("POST", "/control/trouble", self._trouble),
                ("GET", "/control/requests", self._show_requests),
                ("GET", "/control/invitations", self._show_invitations),
            )
        )

    async def answer(self, request: Request) -> Answer:
        """Answer a request. Raises Refused."""
        if (request.method, request.path) == ("GET", "/control/settled"):
            await self._simulator.delivered()
            return Answer(status=204)
        found = self._routes.find(request)
        if found is None:
            raise not_found()
        handler, parts = found
        return handler(request, **parts)

    def _put_calendar(self, request: Request, calendar_id: str) -> Answer:
        setup = _read_setup(request, self._simulator.account.email)
        self._simulator.add_calendar(calendar_id, zone=setup.zone, roles=setup.roles)
        return Answer({"id": calendar_id, "timeZone": setup.zone.key, "roles": setup.roles})

    def _insert(self, request: Request, calendar_id: str) -> Answer:
        return Answer(self._calendar(calendar_id).insert(read_object(request), by=SOMEBODY))

    def _change(self, request: Request, calendar_id: str, event_id: str) -> Answer:
        return Answer(self._calendar(calendar_id).change(event_id, read_object(request)))

    def _delete(self, request: Request, calendar_id: str, event_id: str) -> Answer:
        del request
        self._calendar(calendar_id).delete(event_id)
        return Answer(status=204)

    def _respond(self, request: Request, calendar_id: str, event_id: str) -> Answer:
        body = read_object(request)
        email, response = str(body.get("email", "")), str(body.get("responseStatus", "declined"))
        return Answer(self._calendar(calendar_id).respond(event_id, email, response))

    def _expire_sync_tokens(self, request: Request, calendar_id: str) -> Answer:
        del request
        self._calendar(calendar_id).expire_sync_tokens()
        return Answer(status=204)

    def _expire_access_tokens(self, request: Request) -> Answer:
        del request
        self._simulator.expire_access_tokens()
        return Answer(status=204)

    def _trouble(self, request: Request) -> Answer:
        self._simulator.make_trouble(_understood(lambda: msgspec.convert(read_object(request), Trouble)))
        return Answer(status=204)

    def _show_requests(self, request: Request) -> Answer:
        del request
        return Answer({"requests": self._simulator.requests})

    def _show_invitations(self, request: Request) -> Answer:
        del request
        return Answer({"invitations": self._simulator.invitations})

    def _calendar(self, calendar_id: str) -> Calendar:
        calendar = self._simulator.calendars.get(calendar_id)
        if calendar is None:
            raise not_found()
        return calendar


def _read_setup(request: Request, account: str) -> _Setup:
    body = read_object(request)
    zone = _understood(lambda: ZoneInfo(str(body.get("timeZone", "Europe/Brussels"))))
    return _Setup(zone, _understood(lambda: msgspec.convert(body.get("roles", {account: "writer"}), dict[str, str])))


def _understood(read: Callable[[], Any]) -> Any:  # noqa: ANN401 (whatever is read)
    try:
        return read()
    except (LookupError, ValueError, msgspec.ValidationError) as fault:
        raise invalid(str(fault)) from fault
