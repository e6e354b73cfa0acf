"""Calendars by CalDAV: a few requests of RFC 4791 and RFC 6578, with the fallbacks that older servers need.

An event of ours lies at `<collection>/<event id>.ics` and carries its id in a property of its own. What the server says
is data from a stranger: answers are limited in size and time, XML with a document type is refused, recurring events are
expanded within the horizon only, and none that repeats more often than hourly.
"""

import asyncio
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit
from xml.etree.ElementTree import Element, SubElement, TreeBuilder, tostring
from xml.parsers import expat
from zoneinfo import ZoneInfo

import httpx
import msgspec
import recurring_ical_events  # type: ignore[import-untyped]  # it has no types
from icalendar import Calendar, Component, vCalAddress

from guildhall.core.log import get_logger
from guildhall.domains.calendars import (
    CalendarChanged,
    CalendarRefused,
    CalendarUnavailable,
    Changes,
    Kept,
    OutsideEvent,
    OwnEvent,
)
from guildhall.domains.rooms.calendars import Entry, calendar_document

log = get_logger(__name__)

TIMEOUT = 20.0
"""Seconds for a whole request, answer included."""
LARGEST_ANSWER = 32 * 1024 * 1024
AT_ONCE = 100
"""Events asked for in one request."""
MARKER = "X-GUILDHALL-EVENT"
UNTITLED = "Busy"
TOO_OFTEN = {"SECONDLY", "MINUTELY"}
MOST_A_DAY = 24

DAV, CAL, SERVER = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}", "{http://calendarserver.org/ns/}"
MAY_WRITE = {f"{DAV}all", f"{DAV}write", f"{DAV}write-content"}

OK, MULTI_STATUS = 200, 207
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, GONE, CONFLICT, PRECONDITION = 401, 403, 404, 410, 409, 412
WRITTEN = {200, 201, 204}
BUSY = {408, 425, 429}
CUT_SHORT = 507


class Position(msgspec.Struct, frozen=True):
    """How far listening came: a token of the server's, or where it gives none, its ctag and the versions seen."""

    day: date
    token: str | None = None
    ctag: str | None = None
    etags: dict[str, str] = {}


@dataclass(frozen=True)
class Listed:
    """What a listing named: versions by place, places that are gone, and where to go on."""

    etags: Mapping[str, str]
    gone: tuple[str, ...]
    position: Position
    complete: bool


@dataclass(frozen=True)
class Part:
    """One answer of a multi-status: a place, its status, and the properties it has."""

    place: str
    status: int
    props: Mapping[str, Element]

    def text(self, name: str) -> str | None:
        """Return a property's text."""
        found = self.props.get(name)
        return None if found is None or not found.text else found.text.strip()


@dataclass(frozen=True)
class Answer:
    """A server's answer, read to its end."""

    status: int
    headers: httpx.Headers
    body: bytes


class CalDavCalendar:
    """An `OutsideCalendar` that is a CalDAV collection. `zone` is where days begin and times without one belong.

    `timeout` is in seconds, for each request.
    """

    invites = False

    def __init__(
        self,
        url: str,
        *,
        username: str,
        password: str,
        zone: ZoneInfo,
        client: httpx.AsyncClient,
        timeout: float = TIMEOUT,
    ) -> None:
        self._url = url if url.endswith("/") else f"{url}/"
        self._origin = "{0.scheme}://{0.netloc}".format(urlsplit(self._url))
        self._auth = httpx.BasicAuth(username, password)
        self._username = username.casefold()
        self._zone = zone
        self._client = client
        self._timeout = timeout

    async def write(self, event: OwnEvent, kept: Kept | None) -> Kept:
        """Create or change an event of ours. Raises CalendarChanged, CalendarUnavailable, CalendarRefused."""
        document = _document(event, self._zone)
        if kept is not None:
            return await self._put(kept.outside_id, document, {"If-Match": kept.etag} if kept.etag else {})
        place = self._place(f"{event.event_id}.ics")
        try:
            return await self._put(place, document, {"If-None-Match": "*"})
        except CalendarChanged:
            # It is there already: an earlier attempt arrived, and its answer did not.
            etag = await self._etag(place)
            return await self._put(place, document, {"If-Match": etag} if etag else {})

    async def remove(self, kept: Kept) -> None:
        """Remove an event of ours; one that is gone counts as done. Raises as `write`."""
        headers = {"If-Match": kept.etag} if kept.etag else {}
        answer = await self._ask("DELETE", kept.outside_id, headers=headers)
        if answer.status == PRECONDITION:
            if await self._etag(kept.outside_id) is not None:
                raise CalendarChanged
        elif answer.status not in {*WRITTEN, NOT_FOUND, GONE}:
            raise self._refusal(answer)

    async def changes(self, position: str | None, *, since: datetime, until: datetime) -> Changes:
        """Return what changed since a position, or everything. Raises CalendarUnavailable, CalendarRefused."""
        listed = await self._list(_position(position, since.date()), since.date())
        events: list[OutsideEvent] = []
        gone = list(listed.gone)
        for places in _batches(sorted(listed.etags), AT_ONCE):
            parts = await self._fetch(places)
            gone += [place for place in places if parts[place].status in {NOT_FOUND, GONE}]
            # Reading and expanding takes milliseconds for each event, which the loop has not.
            events += await asyncio.to_thread(self._read, parts.values(), since, until)
        return Changes(tuple(events), tuple(gone), msgspec.json.encode(listed.position).decode(), listed.complete)

    async def check(self) -> None:
        """Do nothing when events can be read and written. Raises CalendarUnavailable, CalendarRefused."""
        wanted = (f"{DAV}resourcetype", f"{DAV}current-user-privilege-set")
        (part, *_) = await self._multi_status("PROPFIND", _propfind(*wanted), depth=0) or [Part("", NOT_FOUND, {})]
        kind = part.props.get(wanted[0])
        if kind is None or kind.find(f"{CAL}calendar") is None:
            raise CalendarRefused("There is no calendar at this address; it may be that of a whole account")
        rights = part.props.get(wanted[1])
        if rights is not None and not any(each.tag in MAY_WRITE for each in rights.iter()):
            raise CalendarRefused("The calendar can be read with this account, but not written")

    async def _put(self, place: str, document: bytes, headers: Mapping[str, str]) -> Kept:
        sent = {**headers, "Content-Type": "text/calendar; charset=utf-8"}
        answer = await self._ask("PUT", place, headers=sent, body=document)
        if answer.status == PRECONDITION:
            raise CalendarChanged
        if answer.status not in WRITTEN:
            raise self._refusal(answer)
        return Kept(place, answer.headers.get("ETag") or await self._etag(place))

    async def _etag(self, place: str) -> str | None:
        """Return the version of one event, or None when there is none."""
        answer = await self._ask("PROPFIND", place, headers=_depth(0), body=_propfind(f"{DAV}getetag"))
        if answer.status in {NOT_FOUND, GONE}:
            return None
        return next((part.text(f"{DAV}getetag") for part in self._parts(answer)), None)

    async def _list(self, known: Position | None, today: date) -> Listed:
        if known is not None and known.token is not None:
            with suppress(CalendarRefused):  # The server takes this token no more.
                return await self._since_token(known.token, today, complete=False)
        if known is None or known.token is not None:
            with suppress(CalendarRefused):  # It knows no tokens; if something else is wrong, the next question shows.
                return await self._since_token("", today, complete=True)
            known = None
        return await self._by_versions(known, today)

    async def _since_token(self, token: str, today: date, *, complete: bool) -> Listed:
        etags: dict[str, str] = {}
        gone: list[str] = []
        asked: str | None = None
        more = True
        while more and asked != token:
            asked = token
            answer = await self._ask("REPORT", self._place(), headers=_depth(0), body=_sync_collection(token))
            parts, token = self._parts(answer), _token_of(answer)
            # A server that does not want to name everything at once says so of the collection itself.
            more = any(part.status == CUT_SHORT for part in parts)
            for part in parts:
                if part.status in {NOT_FOUND, GONE}:
                    gone.append(part.place)
                elif etag := self._version(part):
                    etags[part.place] = etag
        return Listed(etags, tuple(gone), Position(today, token=token), complete)

    async def _by_versions(self, known: Position | None, today: date) -> Listed:
        names = (f"{SERVER}getctag", f"{DAV}getetag")
        (own, *_) = await self._multi_status("PROPFIND", _propfind(names[0]), depth=0) or [Part("", OK, {})]
        ctag = own.text(names[0])
        if known is not None and ctag is not None and known.ctag == ctag:
            return Listed({}, (), known, complete=False)
        parts = await self._multi_status("PROPFIND", _propfind(names[1]), depth=1)
        if any(part.status == CUT_SHORT for part in parts):
            raise CalendarUnavailable(f"{self._origin} names only some of its events")
        etags = {part.place: etag for part in parts if (etag := self._version(part))}
        seen = known.etags if known else {}
        changed = {place: etag for place, etag in etags.items() if seen.get(place) != etag}
        gone = tuple(place for place in seen if place not in etags)
        return Listed(changed, gone, Position(today, ctag=ctag, etags=etags), complete=known is None)

    def _version(self, part: Part) -> str | None:
        """Return the version of a part that is an event; collections have none."""
        return None if part.place.endswith("/") else part.text(f"{DAV}getetag")

    async def _fetch(self, places: list[str]) -> dict[str, Part]:
        """Return what the server says of each place: an event, or that it is gone or not to be read.

        Whatever else it says could be mistaken for a deletion, so it raises CalendarUnavailable.
        """
        parts = {part.place: part for part in await self._multi_status("REPORT", _multiget(places), depth=1)}
        for place in places:
            part = parts.get(place) or Part(place, CUT_SHORT, {})
            given = part.status == OK and f"{CAL}calendar-data" in part.props
            if not given and part.status not in {NOT_FOUND, GONE, FORBIDDEN}:
                raise CalendarUnavailable(f"{self._origin} does not give an event that it named")
        return parts

    def _read(self, parts: Iterable[Part], since: datetime, until: datetime) -> list[OutsideEvent]:
        return [self._readable(part, since, until) for part in parts if part.status not in {NOT_FOUND, GONE}]

    def _readable(self, part: Part, since: datetime, until: datetime) -> OutsideEvent:
        etag = part.text(f"{DAV}getetag")
        try:
            return self._event(part.place, etag, part.text(f"{CAL}calendar-data") or "", since, until)
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as fault:
            # The parsers raise all of these for what is no calendar. One bad event must not hide the others.
            log.warning("An event outside cannot be read", place=part.place, reason=type(fault).__name__)
            return _unreadable(part.place, etag)

    def _event(self, place: str, etag: str | None, document: str, since: datetime, until: datetime) -> OutsideEvent:
        calendar = Calendar.from_ical(document)
        entries: list[Component] = calendar.walk("VEVENT")
        if not entries:
            return _unreadable(place, etag)  # A task or a note.
        _refuse_too_often(entries)
        master: Component = next((each for each in entries if "RECURRENCE-ID" not in each), entries[0])
        day = timedelta(days=1)  # Days and times without a zone are compared only once they have one.
        found = recurring_ical_events.of(calendar).between(since - day, until + day)
        occurrences = [each for each in found if self._touches(each, since, until)]
        blocking = [each for each in occurrences if self._blocks(each)]
        return OutsideEvent(
            outside_id=place,
            etag=etag,
            own_id=str(master[MARKER]) if MARKER in master else None,
            title=str(master.get("SUMMARY", "")).strip() or UNTITLED,
            spans=tuple(sorted({self._span(each) for each in blocking or occurrences})),
            blocks=bool(blocking) if occurrences else self._blocks(master),
            declined=frozenset(_address(each) for each in _attendees(master) if _declines(each)),
            organiser=_organiser(master),
        )

    def _touches(self, occurrence: Component, since: datetime, until: datetime) -> bool:
        start, end = self._span(occurrence)
        return start < until and since < end and start < end

    def _span(self, occurrence: Component) -> tuple[datetime, datetime]:
        return self._instant(occurrence.decoded("DTSTART")), self._instant(occurrence.decoded("DTEND"))

    def _instant(self, value: date | datetime) -> datetime:
        """Return the instant of a time, or of the midnight at which a day begins."""
        moment = value if isinstance(value, datetime) else datetime.combine(value, time())
        return (moment if moment.tzinfo else moment.replace(tzinfo=self._zone)).astimezone(UTC)

    def _blocks(self, entry: Component) -> bool:
        if str(entry.get("STATUS", "")).upper() == "CANCELLED" or str(entry.get("TRANSP", "")).upper() == "TRANSPARENT":
            return False
        return not any(_declines(each) and self._is_the_room(each) for each in _attendees(entry))

    def _is_the_room(self, attendee: vCalAddress) -> bool:
        return attendee.params.get("CUTYPE", "").upper() in {"ROOM", "RESOURCE"} or _address(attendee) == self._username

    def _place(self, name: str = "") -> str:
        return _path(urljoin(self._url, name))

    async def _multi_status(self, method: str, body: bytes, *, depth: int) -> list[Part]:
        return self._parts(await self._ask(method, self._place(), headers=_depth(depth), body=body))

    def _parts(self, answer: Answer) -> list[Part]:
        if answer.status != MULTI_STATUS:
            raise self._refusal(answer)
        return [self._part(each) for each in _xml(answer.body).iter(f"{DAV}response")]

    def _part(self, response: Element) -> Part:
        props = {
            prop.tag: prop
            for propstat in response.iter(f"{DAV}propstat")
            if _status(propstat) == OK
            for prop in propstat.findall(f"{DAV}prop/*")
        }
        return Part(self._place_of(response.findtext(f"{DAV}href") or ""), _status(response), props)

    def _place_of(self, href: str) -> str:
        """Return where something lies, whatever the server or a proxy before it calls the collection."""
        own = self._place()
        path = _path(urljoin(self._url, href.strip()))
        name = path.rpartition("/")[2]
        # A calendar holds events and no further collections, so what has no name is the calendar itself.
        return own + name if name and not own.endswith(f"/{name}/") else own

    async def _ask(self, method: str, place: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Send a request to the calendar's own server, wherever it says that something lies."""
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._client.stream(
                    method,
                    self._origin + place,
                    headers={"Content-Type": "application/xml; charset=utf-8", **headers},
                    content=body,
                    auth=self._auth,
                    follow_redirects=False,
                    timeout=None,
                ) as answer,
            ):
                return Answer(answer.status_code, answer.headers, await _body(answer))
        except TimeoutError as fault:
            raise CalendarUnavailable(f"{self._origin} did not answer within {self._timeout:g} seconds") from fault
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as fault:
            reason = str(fault) or type(fault).__name__
            raise CalendarUnavailable(f"{self._origin} cannot be reached: {reason}") from fault

    def _refusal(self, answer: Answer) -> CalendarRefused | CalendarUnavailable:
        """Say in words what an answer means that is not the one asked for."""
        status = answer.status
        words = {
            UNAUTHORIZED: "does not accept the user or the password",
            FORBIDDEN: "does not allow this with the account given",
            NOT_FOUND: "has no calendar at this address",
            GONE: "has no calendar at this address any more",
            CONFLICT: "cannot keep the event: another one there has its id, or its calendar is gone",
        }
        if status in words:
            return CalendarRefused(f"{self._origin} {words[status]} ({status})")
        if status // 100 == 3:  # noqa: PLR2004 (the class of redirections)
            target = answer.headers.get("Location", "elsewhere")
            return CalendarRefused(f"{self._origin} says that the calendar has moved to {target[:200]}")
        if status // 100 == 4 and status not in BUSY:  # noqa: PLR2004 (the class of refusals)
            return CalendarRefused(f"{self._origin} refused with {status}")
        return CalendarUnavailable(f"{self._origin} does not answer as a calendar does ({status})")


async def _body(answer: httpx.Response) -> bytes:
    chunks, size = [], 0
    async for chunk in answer.aiter_bytes():
        size += len(chunk)
        if size > LARGEST_ANSWER:
            raise CalendarUnavailable(f"The calendar's answer is larger than {LARGEST_ANSWER} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _document(event: OwnEvent, zone: ZoneInfo) -> bytes:
    entry = Entry(
        uid=event.uid,
        title=event.title,
        description=event.description,
        place=event.place,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        sequence=event.sequence,
        stamp=event.stamp,
        created_at=event.stamp,
    )
    head = b"BEGIN:VEVENT\r\n"
    marked = head + f"{MARKER}:{event.event_id}\r\n".encode()
    return calendar_document([entry], zone=zone).replace(head, marked, 1)


def _position(text: str | None, today: date) -> Position | None:
    """Return a position of today; what an earlier day or another version wrote counts for nothing."""
    if text is None:
        return None
    try:
        position = msgspec.json.decode(text, type=Position)
    except msgspec.DecodeError:
        return None
    return position if position.day == today else None


def _depth(depth: int) -> dict[str, str]:
    return {"Depth": str(depth)}


def _propfind(*names: str) -> bytes:
    root = Element(f"{DAV}propfind")
    _ask_for(root, *names)
    return _written(root)


def _sync_collection(token: str) -> bytes:
    root = Element(f"{DAV}sync-collection")
    SubElement(root, f"{DAV}sync-token").text = token
    SubElement(root, f"{DAV}sync-level").text = "1"
    _ask_for(root, f"{DAV}getetag")
    return _written(root)


def _multiget(places: Iterable[str]) -> bytes:
    root = Element(f"{CAL}calendar-multiget")
    _ask_for(root, f"{DAV}getetag", f"{CAL}calendar-data")
    for place in places:
        SubElement(root, f"{DAV}href").text = place
    return _written(root)


def _written(root: Element) -> bytes:
    document: bytes = tostring(root, "utf-8")
    return document


def _ask_for(root: Element, *names: str) -> None:
    prop = SubElement(root, f"{DAV}prop")
    for name in names:
        SubElement(prop, name)


def _xml(body: bytes) -> Element:
    """Return the root of a document. Raises CalendarUnavailable for what is none, or declares a document type."""
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = lambda tag, _: builder.start(_named(tag), {})
    parser.EndElementHandler = lambda tag: builder.end(_named(tag))
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse_document_type
    try:
        parser.Parse(body, True)  # noqa: FBT003 (expat takes it by position only)
        root = builder.close()
    except (expat.ExpatError, AssertionError, LookupError, ValueError) as fault:
        raise CalendarUnavailable("The calendar's answer is not the XML that was asked for") from fault
    if root.tag != f"{DAV}multistatus":
        raise CalendarUnavailable("The calendar's answer is XML, but not of a calendar")
    return root


def _named(tag: str) -> str:
    return f"{{{tag}" if "}" in tag else tag


def _refuse_document_type(*_: object) -> None:
    # Entities are declared there, and a few lines of them unfold to gigabytes.
    raise ValueError("a document type")


def _status(element: Element) -> int:
    """Return the number in `HTTP/1.1 404 Not Found`; an answer without one is fine."""
    words = (element.findtext(f"{DAV}status") or "").split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else OK


def _token_of(answer: Answer) -> str:
    token = _xml(answer.body).findtext(f"{DAV}sync-token")
    if not token:
        raise CalendarRefused("The calendar gives no token to go on from")
    return token.strip()


def _path(url: str) -> str:
    """Return where something lies on its server, written in one way however the server writes it."""
    return quote(unquote(urlsplit(url).path), safe="/@:!$&'()*+,;=~-._")


def _batches(items: list[str], size: int) -> Iterator[list[str]]:
    rest = iter(items)
    while batch := list(itertools.islice(rest, size)):
        yield batch


def _refuse_too_often(entries: Iterable[Component]) -> None:
    rules = (rule for entry in entries for rule in _as_list(entry.get("RRULE")))
    for rule in rules:
        times = math.prod(len(_as_list(rule.get(part))) or 1 for part in ("BYHOUR", "BYMINUTE", "BYSECOND"))
        if times > MOST_A_DAY or TOO_OFTEN.intersection(rule.get("FREQ", [])):
            raise ValueError("repeats more often than hourly")


def _attendees(entry: Component) -> list[vCalAddress]:
    return _as_list(entry.get("ATTENDEE"))


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401 (what the library gives for a property)
    """Return what icalendar gives alone when there is one, and as a list when there are more."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _declines(attendee: vCalAddress) -> bool:
    return str(attendee.params.get("PARTSTAT", "")).upper() == "DECLINED"


def _address(attendee: vCalAddress) -> str:
    return str(attendee).strip().casefold().removeprefix("mailto:")


def _organiser(event: Component) -> str | None:
    given = event.get("ORGANIZER")
    params = given.params if isinstance(given, vCalAddress) else {}
    return str(params.get("CN", "")).strip() or None


def _unreadable(place: str, etag: str | None) -> OutsideEvent:
    return OutsideEvent(
        outside_id=place, etag=etag, own_id=None, title=UNTITLED, spans=(), blocks=False, declined=frozenset()
    )
