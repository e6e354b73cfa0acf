"""Google Calendar, by the Calendar v3 protocol over HTTP, entered by a service account.

Our event ids are event ids at Google, so a create that is repeated finds what it made. What repeats is expanded by
Google itself: the calendar is read with every series as one entry, and each series that changed is asked for its
occurrences within the horizon. Reading the calendar with every occurrence as an entry of its own would not do: a sync
token takes no horizon, so one changed series brings its occurrences of many years, and one deleted only some of them.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
import jwt
import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from guildhall.core.clock import Clock
from guildhall.core.log import get_logger
from guildhall.domains.calendars.errors import CalendarChanged, CalendarRefused, CalendarUnavailable
from guildhall.domains.calendars.port import Changes, Kept, OutsideEvent, OwnEvent
from guildhall.settings import SettingsError

log = get_logger(__name__)

T = TypeVar("T")

MARKER = "guildhall_event"
"""The private property that holds our event id."""

SCOPE = "https://www.googleapis.com/auth/calendar.events"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CLAIM_LIFE = timedelta(minutes=10)
MARGIN = timedelta(minutes=1)
"""How long before its end an access token is replaced."""

TIMEOUT = 20.0
"""Seconds that one request may take from beginning to end."""

PAGE = 2500
LONGEST_WAIT = 3600
"""Seconds; a Retry-After beyond it is taken as this."""

LIMITS = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"})
WRITERS = frozenset({"writer", "owner"})

UNAUTHORIZED, FORBIDDEN, NOT_FOUND, CONFLICT, GONE, STALE, TOO_MANY = 401, 403, 404, 409, 410, 412, 429


@dataclass(frozen=True)
class ServiceAccount:
    """Who we are at Google. The key is never shown."""

    email: str
    key_id: str
    key: RSAPrivateKey = field(repr=False)
    token_uri: str

    @classmethod
    def read(cls, path: Path) -> "ServiceAccount":
        """Read the key file that Google hands out. Raises SettingsError, which says what is wrong with the file."""
        name = f"GOOGLE_ACCOUNT_KEY_FILEPATH: {path}"
        try:
            found = msgspec.json.decode(path.read_bytes(), type=_KeyFile)
            key = load_pem_private_key(found.private_key.encode(), None)
        except OSError as fault:
            raise SettingsError(f"{name} cannot be read: {fault.strerror}") from fault
        except (msgspec.DecodeError, UnicodeError) as fault:
            raise SettingsError(f"{name} is no key file of a service account in JSON: {fault}") from fault
        except (ValueError, TypeError, UnsupportedAlgorithm):
            # What the library says of a key could show a part of it.
            raise SettingsError(f"{name} has a private_key that cannot be used; download a new key file") from None
        if found.type != "service_account" or not isinstance(key, RSAPrivateKey):
            raise SettingsError(f"{name} is not the RSA key of a service account, but a key of type {found.type!r}")
        if not found.token_uri.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
            raise SettingsError(f"{name} has a token_uri that is no HTTPS address: {found.token_uri!r}")
        return cls(found.client_email, found.private_key_id, key, found.token_uri)


@dataclass(frozen=True)
class Watch:
    """A push channel: its id, what Google calls the thing watched, and when it ends."""

    channel: str
    resource: str
    until: datetime


class GoogleAccess:
    """The way in to every calendar: a token, asked for when it is needed and used until shortly before its end."""

    def __init__(
        self, account: ServiceAccount, *, client: httpx.AsyncClient, clock: Clock, impersonate: str | None = None
    ) -> None:
        """Take the account, and whom to `impersonate`: without anybody, the account acts for itself."""
        self.client = client
        self.is_impersonated = impersonate is not None
        self.person = impersonate or account.email
        self._account = account
        self._clock = clock
        self._token = ""
        self._until = datetime.min.replace(tzinfo=UTC)
        self._asking = asyncio.Lock()

    async def token(self) -> str:
        """Return a token. Raises CalendarUnavailable, CalendarRefused."""
        # Many calendars are listened to side by side, and one token does for all.
        async with self._asking:
            now = self._clock.now()
            if now >= self._until:
                given = await self._ask(now)
                self._token, self._until = given.access_token, now + timedelta(seconds=given.expires_in) - MARGIN
            return self._token

    def forget(self) -> None:
        """Ask for a new token next time."""
        self._until = datetime.min.replace(tzinfo=UTC)

    async def _ask(self, now: datetime) -> "_Token":
        form = {"grant_type": GRANT, "assertion": self._claim(now)}
        answer = await _send(self.client, self.client.build_request("POST", self._account.token_uri, data=form))
        try:
            if answer.is_success:
                return msgspec.json.decode(answer.content, type=_Token)
            refusal = msgspec.json.decode(answer.content, type=_NoToken)
        except msgspec.DecodeError as fault:
            raise _unavailable(answer, f"Google answered {answer.status_code} instead of giving a token") from fault
        if answer.status_code == TOO_MANY or answer.status_code >= 500:  # noqa: PLR2004 (a fault of the server)
            raise _unavailable(answer, f"Google gives no token now: {refusal.error_description or refusal.error}")
        raise CalendarRefused(self._advice(refusal))

    def _claim(self, now: datetime) -> str:
        claims = {
            "iss": self._account.email,
            "scope": SCOPE,
            "aud": self._account.token_uri,
            "iat": int(now.timestamp()),
            "exp": int((now + CLAIM_LIFE).timestamp()),
            **({"sub": self.person} if self.is_impersonated else {}),
        }
        return jwt.encode(claims, self._account.key, "RS256", {"kid": self._account.key_id})

    def _advice(self, refusal: "_NoToken") -> str:
        said = refusal.error_description or refusal.error
        if self.is_impersonated:
            return (
                f"Google lets {self._account.email} not act for {self.person} ({said}): allow its client id the scope "
                f"{SCOPE} under domain-wide delegation, or unset GOOGLE_CALENDAR_IMPERSONATE_USER"
            )
        return (
            f"Google gives {self._account.email} no access ({said}): check this machine's clock, or put a new key in "
            "the file of GOOGLE_ACCOUNT_KEY_FILEPATH"
        )


class GoogleCalendar:
    """An `OutsideCalendar` at Google.

    Where the access is that of an impersonated person, Google invites the attendees of our events by itself.
    """

    def __init__(self, calendar_id: str, access: GoogleAccess, *, zone: ZoneInfo, base: str) -> None:
        """Take the calendar's id, the zone its days begin in, and the address that Google's APIs stand below."""
        self.invites = access.is_impersonated
        self._id = calendar_id
        self._zone = zone
        self._person = access.person
        self._api = f"{base.rstrip('/')}/calendar/v3"
        self._events = f"/calendars/{quote(calendar_id, safe='')}/events"
        self._client = access.client
        self._access = access

    async def write(self, event: OwnEvent, kept: Kept | None) -> Kept:
        """Do as `OutsideCalendar.write`. One that was deleted there is restored by a create."""
        if kept is not None:
            return await self._change(event, kept)
        body = {"id": event.event_id, **self._body(event)}
        if self.invites:
            body["attendees"] = [{"email": each} for each in event.attendees]
        try:
            made = await self._ask(_Version, "POST", self._events, params=self._telling, body=body)
        except _Said as said:
            if said.status != CONFLICT:
                raise
            return await self._change(event, Kept(event.event_id, None))
        return Kept(made.id, made.etag)

    async def remove(self, kept: Kept) -> None:
        """Do as `OutsideCalendar.remove`."""
        try:
            await self._call("DELETE", self._path_of(kept.outside_id), params=self._telling, if_match=kept.etag)
        except _Said as said:
            if said.status == STALE:
                raise CalendarChanged from said
            if said.status == NOT_FOUND:
                await self.check()
            elif said.status != GONE:
                raise

    async def changes(self, position: str | None, *, since: datetime, until: datetime) -> Changes:
        """Do as `OutsideCalendar.changes`. A position is the horizon's last day and Google's sync token."""
        horizon = _Horizon(since, until)
        day, _, token = (position or "").partition(" ")
        if token and day == horizon.day:
            try:
                return await self._read(horizon, {"syncToken": token}, complete=False)
            except _Said as said:
                if said.status not in (GONE, 400):
                    raise
                log.info("Google wants the calendar to be read anew", calendar=self._id, reason=said.reason)
        # No end: Google may leave out of later answers what it was told to leave out of the first one.
        return await self._read(horizon, {"timeMin": since.isoformat()}, complete=True)

    async def check(self) -> None:
        """Do as `OutsideCalendar.check`."""
        page = await self._ask(_Page, "GET", self._events, params={"maxResults": "1"})
        if page.access_role not in WRITERS:
            raise CalendarRefused(
                f"The calendar {self._id} may be read only: share it with {self._person} so that it can make changes "
                "to events"
            )

    async def watch(self, address: str, *, channel: str, token: str, until: datetime) -> Watch | None:
        """Ask Google to POST to an HTTPS address, with this token, whenever the calendar changes.

        `channel` is an id of up to 64 characters. None when it is open already. Google may end it before `until`.
        Raises CalendarUnavailable, CalendarRefused.
        """
        body = {
            "id": channel,
            "type": "web_hook",
            "address": address,
            "token": token,
            "expiration": str(int(until.timestamp() * 1000)),
        }
        try:
            made = await self._ask(_Channel, "POST", f"{self._events}/watch", body=body)
        except _Said as said:
            if said.reason != "channelIdNotUnique":
                raise
            return None
        return Watch(made.id, made.resource_id, datetime.fromtimestamp(int(made.expiration) / 1000, UTC))

    async def stop(self, watch: Watch) -> None:
        """End a push channel; one that is over counts as done. Raises CalendarUnavailable, CalendarRefused."""
        try:
            await self._call("POST", "/channels/stop", body={"id": watch.channel, "resourceId": watch.resource})
        except _Said as said:
            if said.status != NOT_FOUND:
                raise

    @property
    def _telling(self) -> dict[str, str]:
        return {"sendUpdates": "all" if self.invites else "none"}

    def _path_of(self, event_id: str) -> str:
        return f"{self._events}/{quote(event_id, safe='')}"

    def _body(self, event: OwnEvent) -> dict[str, Any]:
        # No `sequence`: Google counts by itself and refuses a number below its own.
        return {
            "status": "confirmed",
            "summary": event.title,
            "description": event.description or "",
            "location": event.place,
            "start": {"dateTime": event.starts_at.astimezone(self._zone).isoformat(), "timeZone": self._zone.key},
            "end": {"dateTime": event.ends_at.astimezone(self._zone).isoformat(), "timeZone": self._zone.key},
            "transparency": "opaque",
            "extendedProperties": {"private": {MARKER: event.event_id}},
        }

    async def _change(self, event: OwnEvent, kept: Kept) -> Kept:
        """Bring an event up to date, if it has the version that is kept, and leave alone what others added to it."""
        path = self._path_of(kept.outside_id)
        body = self._body(event)
        # A day or a series that somebody made of it would stay beside what is written, for a patch merges.
        body |= {"recurrence": None, "start": {"date": None, **body["start"]}, "end": {"date": None, **body["end"]}}
        try:
            etag = kept.etag
            if etag is None or self.invites:
                found = await self._ask(_Guests, "GET", path)
                etag = etag or found.etag
                if self.invites:
                    body["attendees"] = _guest_list(event.attendees, found.attendees)
            made = await self._ask(_Version, "PATCH", path, params=self._telling, body=body, if_match=etag)
        except _Said as said:
            if said.status == NOT_FOUND:
                await self.check()
            if said.status in (STALE, NOT_FOUND, GONE):
                raise CalendarChanged from said
            raise
        return Kept(made.id, made.etag)

    async def _read(self, horizon: "_Horizon", params: Mapping[str, str], *, complete: bool) -> Changes:
        found, sync_token = await self._pages(self._events, params)
        if sync_token is None:
            raise self._nonsense("no sync token on the last page of events")
        events, gone = await self._understand(found, horizon)
        return Changes(tuple(events), tuple(gone), f"{horizon.day} {sync_token}", complete)

    async def _pages(self, path: str, params: Mapping[str, str]) -> tuple[list["_Event"], str | None]:
        """Return the events of every page, and the sync token of the last one."""
        wanted = {"maxResults": str(PAGE), **params}
        page = await self._ask(_Page, "GET", path, params=wanted)
        found = list(page.items)
        while page.next_page_token:
            page = await self._ask(_Page, "GET", path, params={**wanted, "pageToken": page.next_page_token})
            found += page.items
        return found, page.next_sync_token

    async def _understand(self, found: Sequence["_Event"], horizon: "_Horizon") -> tuple[list[OutsideEvent], list[str]]:
        """Return what is there and what is gone. Occurrences that were changed by themselves belong to their series."""
        gone = {each.id for each in found if each.is_cancelled and each.recurring_event_id is None}
        strays: dict[str, list[_Event]] = {}
        events = []
        for each in found:
            if each.recurring_event_id is not None:
                strays.setdefault(each.recurring_event_id, []).append(each)
            elif each.recurrence:
                strays.setdefault(each.id, [])
            elif each.id not in gone:
                events.append(self._single(each))
        masters = {each.id: each for each in found if each.recurrence}
        for series_id, changed in strays.items():
            if series_id in gone:
                continue
            master = masters.get(series_id) or await self._master(series_id)
            if master is None:
                # Whoever is invited to some dates of a series has these in their calendar, but not the series.
                events += [self._single(each) for each in changed if not each.is_cancelled]
                gone |= {each.id for each in changed if each.is_cancelled}
            elif master.is_cancelled:
                gone.add(series_id)
            else:
                events.append(await self._series(master, horizon))
        return events, sorted(gone)

    async def _master(self, series_id: str) -> "_Event | None":
        try:
            return await self._ask(_Event, "GET", self._path_of(series_id))
        except _Said as said:
            if said.status != NOT_FOUND:
                raise
            return None

    def _single(self, event: "_Event") -> OutsideEvent:
        span = self._span(event)
        return self._outside(event, [span] if span else [], blocks=event.blocks and span is not None)

    async def _series(self, master: "_Event", horizon: "_Horizon") -> OutsideEvent:
        bounds = {"timeMin": horizon.since.isoformat(), "timeMax": horizon.until.isoformat()}
        try:
            dates, _ = await self._pages(f"{self._path_of(master.id)}/instances", bounds)
        except _Said as said:
            # It was there a moment ago.
            raise CalendarUnavailable(f"The calendar {self._id} changed while it was read: {said.message}") from said
        spans = [span for span in (self._span(each) for each in dates if each.blocks) if span]
        return self._outside(master, spans, blocks=bool(spans))

    def _outside(self, event: "_Event", spans: Iterable[tuple[datetime, datetime]], *, blocks: bool) -> OutsideEvent:
        return OutsideEvent(
            outside_id=event.id,
            etag=event.etag,
            # A copy that somebody made of our event has the marker too, but an id of its own.
            own_id=event.id if event.extended_properties.private.get(MARKER) == event.id else None,
            title=event.summary,
            spans=tuple(spans),
            blocks=blocks,
            declined=frozenset(each.email.lower() for each in event.attendees if each.has_declined),
            organiser=event.made_by,
        )

    def _span(self, event: "_Event") -> tuple[datetime, datetime] | None:
        """Return when an event takes place, or None when it takes no time."""
        try:
            starts, ends = (moment.instant(self._zone) for moment in (event.start, event.end))
        except (KeyError, OSError, OverflowError, ValueError) as fault:
            raise self._nonsense(f"times of the event {event.id} that cannot be read") from fault
        return (starts, ends) if ends > starts else None

    async def _ask(
        self,
        reply: type[T],
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        if_match: str | None = None,
    ) -> T:
        """Send a request and return its answer in the form wanted. Raises _Said and CalendarUnavailable."""
        answer = await self._call(method, path, params=params, body=body, if_match=if_match)
        try:
            return msgspec.json.decode(answer.content, type=reply)
        except msgspec.DecodeError as fault:
            raise self._nonsense("an answer that is no calendar's") from fault

    async def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        if_match: str | None = None,
    ) -> httpx.Response:
        """Send a request and return its answer when Google did as asked. Raises _Said and CalendarUnavailable."""
        request = self._client.build_request(
            method, f"{self._api}{path}", params=params, json=body, headers={"If-Match": if_match} if if_match else None
        )
        answer = await self._send(request)
        if answer.status_code == UNAUTHORIZED:
            self._access.forget()
            answer = await self._send(request)
        if not answer.is_success:
            raise self._fault(answer)
        return answer

    async def _send(self, request: httpx.Request) -> httpx.Response:
        request.headers["Authorization"] = f"Bearer {await self._access.token()}"
        return await _send(self._client, request)

    def _fault(self, answer: httpx.Response) -> CalendarUnavailable | CalendarRefused:
        try:
            error = msgspec.json.decode(answer.content, type=_Fault).error
        except msgspec.DecodeError:
            return _unavailable(answer, f"Google answered {answer.status_code} without a reason")
        reason = error.errors[0].reason if error.errors else ""
        if answer.status_code == TOO_MANY or answer.status_code >= 500 or reason in LIMITS:  # noqa: PLR2004 (a fault of the server)
            return _unavailable(answer, f"Google answered {answer.status_code}: {error.message}")
        advice = self._advice(answer.status_code, error.message)
        return _Said(advice, status=answer.status_code, reason=reason)

    def _advice(self, status: int, message: str) -> str:
        if status == UNAUTHORIZED:
            return f"Google does not accept the access of {self._person}: {message}"
        if status in (FORBIDDEN, NOT_FOUND):
            return (
                f"Google refuses the calendar {self._id} ({message}): share it with {self._person} so that it can make "
                "changes to events, and enable the Google Calendar API in the project of the service account"
            )
        return f"Google refuses what was asked of the calendar {self._id}: {message}"

    def _nonsense(self, what: str) -> CalendarUnavailable:
        return CalendarUnavailable(f"Google gave {what}, for the calendar {self._id}")


@dataclass(frozen=True)
class _Horizon:
    since: datetime
    until: datetime

    @property
    def day(self) -> str:
        return self.until.astimezone(UTC).date().isoformat()


class _Said(CalendarRefused):
    """What Google said no with; who asked may know what it means."""

    def __init__(self, message: str | None = None, *, status: int = 0, reason: str = "", **details: object) -> None:
        super().__init__(message, **details)
        self.status, self.reason = status, reason


async def _send(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    try:
        # The client's own limits are for each piece of an answer, and it may have none.
        request.extensions["timeout"] = {}
        async with asyncio.timeout(TIMEOUT):
            return await client.send(request)
    except TimeoutError as fault:
        raise CalendarUnavailable(f"{request.url.host} did not answer within {TIMEOUT:.0f} seconds") from fault
    except httpx.HTTPError as fault:
        raise CalendarUnavailable(
            f"{request.url.host} cannot be reached: {str(fault) or type(fault).__name__}"
        ) from fault


def _unavailable(answer: httpx.Response, message: str) -> CalendarUnavailable:
    wait = answer.headers.get("retry-after", "")
    return CalendarUnavailable(message, **({"retry_after": min(int(wait), LONGEST_WAIT)} if wait.isdecimal() else {}))


def _guest_list(wanted: Iterable[str], there: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those who shall be invited, with the answers they gave, and the room itself where it was invited."""
    known = {str(each.get("email", "")).lower(): each for each in there}
    rooms = [each for each in known.values() if each.get("self") or each.get("resource")]
    people = [known.get(email.lower(), {"email": email}) for email in wanted]
    return [*people, *(each for each in rooms if each not in people)]


class _Wire(msgspec.Struct, frozen=True, rename="camel"):
    """A part of an answer; what is not read is not named."""


class _KeyFile(msgspec.Struct, frozen=True):
    type: str
    client_email: str
    private_key_id: str
    private_key: str
    token_uri: str


class _Token(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int


class _NoToken(msgspec.Struct, frozen=True):
    error: str
    error_description: str = ""


class _Moment(_Wire, frozen=True):
    day: date | None = msgspec.field(name="date", default=None)
    date_time: str = ""
    time_zone: str = ""

    def instant(self, zone: ZoneInfo) -> datetime:
        """Return it in UTC; a day begins at midnight of the zone. Raises ValueError, KeyError."""
        if self.day is not None:
            return datetime.combine(self.day, time(), zone).astimezone(UTC)
        found = datetime.fromisoformat(self.date_time)
        return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(self.time_zone))).astimezone(UTC)


class _Attendee(_Wire, frozen=True):
    email: str = ""
    response_status: str = ""
    is_self: bool = msgspec.field(name="self", default=False)

    @property
    def has_declined(self) -> bool:
        return self.response_status == "declined"


class _Person(_Wire, frozen=True):
    display_name: str = ""
    is_self: bool = msgspec.field(name="self", default=False)


class _Properties(_Wire, frozen=True):
    private: dict[str, str] = {}


class _Event(_Wire, frozen=True):
    id: str
    etag: str | None = None
    status: str = "confirmed"
    summary: str = ""
    start: _Moment = _Moment()
    end: _Moment = _Moment()
    transparency: str = "opaque"
    attendees: list[_Attendee] = []
    creator: _Person = _Person()
    organizer: _Person = _Person()
    recurrence: list[str] = []
    recurring_event_id: str | None = None
    extended_properties: _Properties = _Properties()

    @property
    def is_cancelled(self) -> bool:
        return self.status == "cancelled"

    @property
    def made_by(self) -> str | None:
        """The name of whoever organises it; of an event that the calendar itself organises, of whoever put it there."""
        people = (self.creator if self.organizer.is_self else self.organizer, self.creator)
        return next((each.display_name for each in people if each.display_name), None)

    @property
    def blocks(self) -> bool:
        """Whether it takes up the calendar's time: it takes place, is not free time, and was not declined."""
        declined = any(each.is_self and each.has_declined for each in self.attendees)
        return not (self.is_cancelled or self.transparency == "transparent" or declined)


class _Guests(_Wire, frozen=True):
    etag: str
    attendees: list[dict[str, Any]] = []


class _Version(_Wire, frozen=True):
    id: str
    etag: str


class _Page(_Wire, frozen=True):
    items: list[_Event]
    access_role: str = ""
    next_page_token: str | None = None
    next_sync_token: str | None = None


class _Channel(_Wire, frozen=True):
    id: str
    resource_id: str
    expiration: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,14}$")]


class _Reason(_Wire, frozen=True):
    reason: str = ""


class _Error(_Wire, frozen=True):
    message: str = ""
    errors: list[_Reason] = []


class _Fault(_Wire, frozen=True):
    error: _Error
