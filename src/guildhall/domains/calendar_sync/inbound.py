"""Hearing what changed in calendars outside: every five minutes each of them is asked, by one process.

Events of others hold the room's time here. Events of ours that were moved or deleted there are moved or cancelled here
when the rules allow it, and otherwise put back. What we wrote ourselves comes back as an echo, known by its version, or
by saying what is true anyway.
"""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum, auto

from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError
from guildhall.core.jobs import JobContext
from guildhall.core.log import get_logger
from guildhall.domains import calendars, rooms, shifts
from guildhall.domains.calendar_sync.conflicts import tell_conflict
from guildhall.domains.calendar_sync.queries import BOOKING_LOCKED
from guildhall.domains.calendar_sync.scene import CALENDAR, Scene
from guildhall.domains.calendar_sync.truth import booking_event, truth_of
from guildhall.domains.calendars import CalendarNotLinked, Changes, Kept, Link, OutsideEvent, OwnEvent, TargetRef, Write
from guildhall.domains.rooms import BookedEvent, Booking, BookingState, Import, Room
from guildhall.domains.rooms.schedule import FEED_AHEAD, FEED_BACK
from guildhall.domains.rooms.times import Span

log = get_logger(__name__)

LONGEST = timedelta(minutes=4)
"""How long one calendar may take; after it another process may ask."""
MANY = 3
"""So many events of ours do not vanish by hand, without one being left."""


class Verdict(Enum):
    """What an event of ours, as found outside, means."""

    NEW = auto()
    """Nobody remembers having written it, as when the answer to a write was lost."""
    UNCERTAIN = auto()
    """It was written here while the calendar was asked: which of the two is newer, the next look shows."""
    PENDING = auto()
    """It changed here, and what is true here will be written over it."""
    ECHO = auto()
    """It is as we wrote it."""
    CHANGED = auto()
    """Somebody changed it there."""


def judge(write: Write | None, etag: str | None, *, asked_at: datetime) -> Verdict:
    """Say what a version found outside means. A calendar without versions is judged by what its events say."""
    if write is None:
        return Verdict.NEW
    if write.written_at is not None and write.written_at >= asked_at:
        return Verdict.UNCERTAIN
    if write.is_due:
        return Verdict.PENDING
    return Verdict.ECHO if etag is not None and etag == write.etag else Verdict.CHANGED


def says_otherwise(found: OutsideEvent, truth: OwnEvent) -> bool:
    """Tell whether an event outside says anything else than is true."""
    return not found.blocks or found.title != truth.title or found.spans != ((truth.starts_at, truth.ends_at),)


@dataclass(frozen=True)
class Listener:
    """Listens to the calendars of a house."""

    scene: Scene

    async def listen_to_all(self, context: JobContext) -> None:
        """Hear every calendar that is linked, side by side: one that fails or is slow keeps none waiting."""
        async with context.database.read() as tx:
            links = await calendars.list_links(tx)
        await asyncio.gather(*(self.listen(context, TargetRef(link.target)) for link in links))

    async def listen(self, context: JobContext, ref: TargetRef) -> None:
        """Hear one calendar; what goes wrong is noted on its link."""
        now = context.clock.now()
        async with context.database.write() as tx:
            link = await calendars.begin_listening(tx, ref.target, holder=context.id, lasts=LONGEST, now=now)
        if link is None:
            return
        position, error = link.position, None
        try:
            async with asyncio.timeout(LONGEST.total_seconds()):
                position = await _Hearing(self.scene, context, link, now).hear()
        except GuildhallError as fault:
            error = fault.message
        except Exception as fault:
            # Whatever a calendar makes us stumble over is its own trouble, and is shown there.
            log.exception("A calendar outside could not be heard", target=link.target)
            error = f"Its answer could not be dealt with: {type(fault).__name__}"
        async with context.database.write() as tx:
            await calendars.end_listening(
                tx, link, holder=context.id, position=position, error=error, now=context.clock.now()
            )

    async def clear(self, context: JobContext, ref: TargetRef) -> None:
        """Forget what was heard from a calendar that is linked no longer."""
        async with context.database.write() as tx:
            link = await calendars.link_of(tx, ref.target)
            room_id = calendars.room_of(ref.target)
            if link is None and room_id is not None:
                room = await rooms.access_room(tx, CALENDAR, room_id, to_book=True)
                await rooms.forget_outside_events(tx, CALENDAR, room, now=context.clock.now())


@dataclass(frozen=True)
class _Hearing:
    """One look at one calendar, begun at `asked_at`."""

    scene: Scene
    context: JobContext
    link: Link
    asked_at: datetime

    async def hear(self) -> str | None:
        """Take in what changed, and return where to go on the next time."""
        calendar = self.scene.open_calendar(self.link)
        if self.link.synced_at is None:
            await calendar.check()  # Whoever has just linked it learns at once what is wrong.
        changes = await calendar.changes(
            self.link.position, since=self.asked_at - FEED_BACK, until=self.asked_at + FEED_AHEAD
        )
        certain = True
        for event in changes.events:
            async with self.context.database.write() as tx:
                certain &= await self._take_in(tx, event)
        if changes.complete:
            certain &= await self._settle(changes)
        else:
            for outside_id in changes.gone:
                async with self.context.database.write() as tx:
                    certain &= await self._gone(tx, outside_id)
        return changes.position if certain else self.link.position

    async def _locked_room(self, tx: Tx, room_id: str) -> Room:
        """Return the room for changing. Raises CalendarNotLinked when the link has ended.

        What forgets a former calendar's events locks the room too, so nothing is kept after it was forgotten.
        """
        room = await rooms.access_room(tx, CALENDAR, room_id, to_book=True)
        if not await calendars.is_linked(tx, self.link):
            raise CalendarNotLinked
        return room

    async def _take_in(self, tx: Tx, event: OutsideEvent) -> bool:
        """Deal with an event found outside, and tell whether that is all there is to know of it now."""
        if self.link.room_id is None:
            return await self._take_in_slot(tx, event)
        room = await self._locked_room(tx, self.link.room_id)
        # An event of others has no such id, and no booking has it.
        own_id = event.own_id or ""
        booking = await tx.one(BOOKING_LOCKED, id=own_id, room_id=room.id)
        write = await calendars.find_write(tx, self.link, own_id)
        if booking is None or _is_copy(event, write):
            await self._keep(tx, room, event)
            return True
        return await self._take_in_booking(tx, room, booking, write, event)

    async def _take_in_booking(
        self, tx: Tx, room: Room, booking: Booking, write: Write | None, event: OutsideEvent
    ) -> bool:
        # The booking is locked, so nothing is wanted of its event meanwhile but what is decided here.
        verdict = judge(write, event.etag, asked_at=self.asked_at)
        kept = Kept(event.outside_id, event.etag)
        if write is None:
            await self._want(tx, booking.id, kept)
        elif verdict in {Verdict.PENDING, Verdict.CHANGED}:
            await calendars.note_seen(tx, write, kept)
        if verdict is Verdict.CHANGED:
            await self._follow(tx, room, booking, event)
        return verdict is not Verdict.UNCERTAIN

    async def _follow(self, tx: Tx, room: Room, booking: Booking, event: OutsideEvent) -> None:
        """Move a booking to where its event was moved, or put the event back."""
        if booking.state is BookingState.CANCELLED:
            await self._want(tx, booking.id)
            return
        truth = booking_event(booking, room, hub=self.scene.hub)
        if not says_otherwise(event, truth):
            return
        spans = [Span(*span) for span in event.spans]
        if event.blocks and len(spans) == 1 and spans[0] != (booking.starts_at, booking.ends_at):
            try:
                async with tx.savepoint():
                    await rooms.move_booking(
                        tx, CALENDAR, booking, room, spans[0], hub=self.scene.hub, now=self.context.clock.now()
                    )
            except GuildhallError as fault:
                log.info("A booking could not follow its event outside", booking=booking.id, reason=fault.message)
            else:
                return
        await self._want(tx, booking.id)

    async def _take_in_slot(self, tx: Tx, event: OutsideEvent) -> bool:
        """Let those who declined go; whatever else was changed is put back."""
        if event.own_id is None or shifts.slot_of_event(event.own_id) is None:
            return True
        write = await calendars.find_write(tx, self.link, event.own_id)
        if _is_copy(event, write):
            return True
        verdict = judge(write, event.etag, asked_at=self.asked_at)
        if verdict is Verdict.UNCERTAIN:
            return False
        # The sign-ups before the row of the event, which is the order of those who withdraw.
        await self._let_go(tx, event.own_id, event.declined)
        kept = Kept(event.outside_id, event.etag)
        if write is None:
            await self._want(tx, event.own_id, kept)
        elif verdict is not Verdict.ECHO:
            await calendars.note_seen(tx, write, kept)
        if verdict is Verdict.CHANGED:
            truth = await truth_of(tx, self.link, event.own_id, hub=self.scene.hub)
            if truth is None or event.declined or says_otherwise(event, truth):
                await self._want(tx, event.own_id)
        return True

    async def _let_go(self, tx: Tx, event_id: str, declined: frozenset[str]) -> None:
        place = shifts.slot_of_event(event_id)
        if place is None:
            return
        day, index = place
        for user_id in await shifts.decliners(tx, event_id, declined):
            try:
                async with tx.savepoint():
                    await shifts.decline(
                        tx, CALENDAR, day=day, index=index, user_id=user_id, hub=self.scene.hub,
                        now=self.context.clock.now(),
                    )  # fmt: skip
            except GuildhallError as fault:
                log.info("A shift could not be declined outside", slot=event_id, reason=fault.message)

    async def _gone(self, tx: Tx, outside_id: str, *, until: datetime | None = None) -> bool:
        """Deal with what a calendar holds no more, and tell whether that is all there is to know of it now.

        `until` is the end of the horizon, when it was only not named.
        """
        if self.link.room_id is None:
            return await self._slot_gone(tx, outside_id)
        room = await self._locked_room(tx, self.link.room_id)
        found = await calendars.find_write_at(tx, self.link, outside_id)
        if found is None:
            await self._keep(tx, room, _nothing(outside_id))
            return True
        booking = await tx.one(BOOKING_LOCKED, id=found.event_id, room_id=room.id)
        write = await calendars.find_write(tx, self.link, found.event_id)
        if booking is None or write is None or (until is not None and booking.starts_at >= until):
            return True
        verdict = judge(write, None, asked_at=self.asked_at)
        if verdict is not Verdict.UNCERTAIN:
            await calendars.note_seen(tx, write, None)
        now = self.context.clock.now()
        # What is over stays as it was, however somebody tidies that calendar.
        if verdict is Verdict.CHANGED and booking.state is BookingState.LIVE and booking.ends_at > now:
            await rooms.cancel_booking(tx, CALENDAR, booking, room, hub=self.scene.hub, now=now)
        return verdict is not Verdict.UNCERTAIN

    async def _slot_gone(self, tx: Tx, outside_id: str) -> bool:
        write = await calendars.find_write_at(tx, self.link, outside_id)
        if write is None:
            return True
        verdict = judge(write, None, asked_at=self.asked_at)
        if verdict is not Verdict.UNCERTAIN:
            await calendars.note_seen(tx, write, None)
        place = shifts.slot_of_event(write.event_id)
        if verdict is Verdict.CHANGED and place is not None and place[0] >= self._today():
            await self._want(tx, write.event_id)
        return verdict is not Verdict.UNCERTAIN

    async def _keep(self, tx: Tx, room: Room, event: OutsideEvent) -> None:
        """Keep an event of others as it is now, and tell the administrators which bookings it is in the way of."""
        spans = [self._bounded(Span(*span)) for span in event.spans] if event.blocks else []
        kept = Import(
            source=self.link.kind,
            outside_id=event.outside_id,
            title=event.title,
            organiser=event.organiser,
            spans=spans,
        )
        now = self.context.clock.now()
        for conflict in await rooms.keep_outside_event(tx, CALENDAR, room, kept, now=now):
            if await calendars.is_news(tx, self.link, event.outside_id, conflict.booking_id, now=now):
                await tell_conflict(tx, room, conflict, hub=self.scene.hub, now=now)

    def _bounded(self, span: Span) -> Span:
        """Cut what lasts for years to the horizon; the rest stays as it is."""
        if span.end - span.start <= FEED_AHEAD:
            return span
        return Span(max(span.start, self.asked_at - FEED_BACK), min(span.end, self.asked_at + FEED_AHEAD))

    async def _settle(self, changes: Changes) -> bool:
        """Deal with everything that a complete answer did not name, and tell of ours what was never told there."""
        named = {event.outside_id for event in changes.events}
        async with self.context.database.read() as tx:
            writes = await calendars.writes_of(tx, self.link)
        known = [write for write in writes.values() if write.outside_id is not None]
        absent = [write for write in known if write.outside_id not in named]
        # Nobody deletes many and all at once: such a calendar was lost or made anew, which must not empty the house.
        emptied = len(absent) == len(known) >= MANY
        if emptied:
            log.warning("A calendar outside holds nothing of ours any more", target=self.link.target)
        certain = True
        for write in absent:
            async with self.context.database.write() as tx:
                if emptied:
                    await calendars.note_seen(tx, write, None)
                else:
                    certain &= await self._gone(tx, str(write.outside_id), until=self.asked_at + FEED_AHEAD)
        async with self.context.database.write() as tx:
            if self.link.room_id is not None:
                room = await self._locked_room(tx, self.link.room_id)
                await rooms.forget_outside_events(tx, CALENDAR, room, but=named, now=self.context.clock.now())
            for event_id in await self._coming(tx):
                if emptied or event_id not in writes:
                    await self._want(tx, event_id)
        return certain

    async def _coming(self, tx: Tx) -> list[str]:
        """Return the events of ours that are not over, as far as the horizon."""
        until = self.asked_at + FEED_AHEAD
        if self.link.room_id is None:
            return await shifts.slot_events_between(tx, self._today(), until.date())
        room = await rooms.access_room(tx, CALENDAR, self.link.room_id)
        events = await rooms.events_in(tx, room, Span(self.asked_at, until))
        return [event.id for event in events if isinstance(event, BookedEvent)]

    def _today(self) -> date:
        return self.asked_at.astimezone(self.scene.hub.zone).date()

    async def _want(self, tx: Tx, event_id: str, kept: Kept | None = None) -> None:
        await calendars.want_write(tx, self.link.id, event_id, kept=kept, now=self.context.clock.now())


def _is_copy(event: OutsideEvent, write: Write | None) -> bool:
    """Tell whether somebody copied an event of ours there, with the marker in it."""
    return write is not None and write.outside_id not in {None, event.outside_id}


def _nothing(outside_id: str) -> OutsideEvent:
    return OutsideEvent(
        outside_id=outside_id, etag=None, own_id=None, title="", spans=(), blocks=False, declined=frozenset()
    )
