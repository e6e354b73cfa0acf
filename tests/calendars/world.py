"""A house with a room and a person, linked to calendars, whose work the test does at the moments it chooses."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import httpx
import msgspec

from guildhall.adapters.caldav import CalDavCalendar
from guildhall.core import ids, outbox
from guildhall.core.actor import SYSTEM, Actor, ActorKind, Credential
from guildhall.core.crypto import SecretBox
from guildhall.core.db import Database
from guildhall.core.jobs import JobContext
from guildhall.core.outbox import Job, JobState
from guildhall.domains import calendar_sync, calendars, identity, ledger, notifications, rooms, shifts
from guildhall.domains.calendar_sync import Scene
from guildhall.domains.calendars import CalendarKind, CalendarPlan, Link, TargetRef, Write, WriteRef
from guildhall.domains.notifications import StoredMail
from guildhall.domains.rooms import BookedEvent, Hub, Wish
from guildhall.domains.rooms.times import parse_minutes
from tests.clock import SettableClock
from tests.services.radicale import PASSWORD, USER, Collection

ZONE = ZoneInfo("Europe/Brussels")
HUB = Hub(ZONE, "hub.test", "hub@hub.test")
BOX = SecretBox("a secret key for tests only, long enough", "calendars outside")
ROOM = "room:ostrom"
DAY = date(2026, 3, 19)


def utc(day: int, hour: int, minute: int = 0, *, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@dataclass
class World:
    """The house. `timeout` is what calendars have for each answer, in seconds."""

    database: Database
    clock: SettableClock
    client: httpx.AsyncClient
    done: set[str] = field(default_factory=set)
    timeout: float = 20.0
    hub: Hub = HUB

    def open_calendar(self, link: Link) -> CalDavCalendar:
        return CalDavCalendar(
            link.address,
            username=link.username or "",
            password=calendars.password_of(link, BOX),
            zone=ZONE,
            client=self.client,
            timeout=self.timeout,
        )

    @property
    def scene(self) -> Scene:
        return Scene(self.open_calendar, self.hub)

    async def furnish(self) -> None:
        async with self.database.write() as tx:
            await rooms.create_default_rooms(tx, SYSTEM, now=self.clock.now())
            await shifts.create_default_plan(tx, SYSTEM, now=self.clock.now())
            await ledger.create_default_token(tx, SYSTEM, now=self.clock.now())

    async def meet(self, name: str, *, email: str | None = None, roles: Sequence[str] = ()) -> Actor:
        """Return somebody as an actor; known from the first time on."""
        async with self.database.write() as tx:
            user = await identity.ensure_user(
                tx, SYSTEM, provider="discord", external_id=name, username=name, display_name=name.title(),
                now=self.clock.now(),
            )  # fmt: skip
            if email is not None:
                await identity.update_profile(
                    tx, SYSTEM, user, email=email, wallet=None, display_name=user.display_name, now=self.clock.now()
                )
            if roles:
                await identity.set_roles(tx, SYSTEM, user, list(roles), now=self.clock.now())
        permissions = identity.permissions_of(Credential.SESSION, roles)
        return Actor(ActorKind.USER, user_id=user.id, permissions=frozenset(permissions))

    async def link(self, calendar: Collection | str, target: str = ROOM, *, password: str = PASSWORD) -> Link:
        url = calendar if isinstance(calendar, str) else calendar.url
        plan = CalendarPlan(target=target, kind=CalendarKind.CALDAV, address=url, username=USER, password=password)
        async with self.database.write() as tx:
            return await calendars.link_calendar(tx, SYSTEM, plan, box=BOX, now=self.clock.now())

    async def book(self, who: Actor, start: str = "10:00", end: str = "11:00", **more: object) -> BookedEvent:
        wish = replace(
            Wish(DAY, parse_minutes(start), parse_minutes(end), "Yoga"),
            **more,  # type: ignore[arg-type]  # fields of a wish
        )
        async with self.database.write() as tx:
            room = await rooms.access_room(tx, who, "ostrom", to_book=True)
            return await rooms.book_room(tx, who, room, wish, hub=self.hub, now=self.clock.now())

    async def booking(self, booking_id: str) -> BookedEvent:
        async with self.database.read() as tx:
            return await rooms.access_event(tx, SYSTEM, booking_id)

    async def cancel(self, who: Actor, booking_id: str) -> None:
        async with self.database.write() as tx:
            room = await rooms.access_room(tx, who, "ostrom", to_book=True)
            booking = await rooms.access_booking_to_cancel(tx, who, room, booking_id)
            await rooms.cancel_booking(tx, who, booking, room, hub=self.hub, now=self.clock.now())

    async def waiting(self, kind: str = calendars.WRITE.name) -> list[Job]:
        async with self.database.read() as tx:
            jobs = await outbox.list_jobs(tx, state=JobState.WAITING)
        return [job for job in reversed(jobs) if job.kind == kind and job.id not in self.done]

    async def tell(self) -> list[Exception]:
        """Do the waiting writes once, as the engine would, and return what they raised."""
        faults = []
        for job in await self.waiting():
            fault = await self.try_write(job)
            if fault is not None:
                faults.append(fault)
        return faults

    async def try_write(self, job: Job) -> Exception | None:
        handler = calendar_sync.writer_of(self.scene)
        ref = msgspec.json.decode(job.payload, type=WriteRef)
        try:
            await handler(self.context(job.id), ref)
        except Exception as fault:  # noqa: BLE001  As the engine does; the test judges it.
            return fault
        self.done.add(job.id)
        return None

    async def listen(self, target: str = ROOM) -> Link:
        """Listen to a calendar, and return its link as it is then."""
        await calendar_sync.Listener(self.scene).listen(self.context(ids.ulid()), TargetRef(target))
        link = await self.link_of(target)
        assert link is not None
        return link

    async def link_of(self, target: str = ROOM) -> Link | None:
        async with self.database.read() as tx:
            return await calendars.link_of(tx, target)

    async def writes(self, target: str = ROOM) -> dict[str, Write]:
        async with self.database.read() as tx:
            link = await calendars.link_of(tx, target)
            return await calendars.writes_of(tx, link) if link else {}

    async def mails(self, recipient: str) -> list[StoredMail]:
        async with self.database.read() as tx:
            found = await notifications.page_of_mails(tx, limit=100)
        return [mail for mail in found if mail.recipient == recipient]

    def context(self, job_id: str) -> JobContext:
        return JobContext(job_id, 1, self.database, self.clock)


def event_text(uid: str, start: str, end: str, title: str = "Reading circle", *lines: str) -> str:
    """Return an iCalendar document with one event; `start` and `end` are properties without their names."""
    return "\r\n".join(
        [
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Somebody//Else//EN",
            "BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260301T000000Z",
            f"DTSTART{start if start[0] in ';:' else ':' + start}", f"DTEND{end if end[0] in ';:' else ':' + end}",
            f"SUMMARY:{title}", *lines, "END:VEVENT", "END:VCALENDAR", "",
        ]
    )  # fmt: skip
