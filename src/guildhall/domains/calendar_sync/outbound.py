"""Telling calendars outside what changed here, as durable work."""

from collections.abc import Awaitable, Callable

from guildhall.core import outbox
from guildhall.core.db import Database
from guildhall.core.errors import GuildhallError
from guildhall.core.jobs import JobContext, JobRefused
from guildhall.domains import calendars
from guildhall.domains.calendar_sync.scene import Scene
from guildhall.domains.calendar_sync.truth import truth_of
from guildhall.domains.calendars import CalendarChanged, Kept, Link, OutsideCalendar, OwnEvent, Write, WriteRef


def writer_of(scene: Scene) -> Callable[[JobContext, WriteRef], Awaitable[None]]:
    """Return the handler that brings one event outside to what is true here.

    What it brings there is the state of the moment, so that a late attempt writes what is newest. No transaction is
    open while the calendar is asked.
    """

    async def write(context: JobContext, ref: WriteRef) -> None:
        while turn := await _begin(scene, context, ref):
            await _take(scene, context, ref, *turn)

    return write


async def _begin(scene: Scene, context: JobContext, ref: WriteRef) -> tuple[Link, Write, OwnEvent | None] | None:
    async with context.database.write() as tx:
        turn = await calendars.take_turn(tx, ref, holder=context.id, now=context.clock.now())
        if turn is None:
            return None
        link, write = turn
        return link, write, await truth_of(tx, link, ref.event_id, hub=scene.hub)


async def _take(
    scene: Scene, context: JobContext, ref: WriteRef, link: Link, write: Write, event: OwnEvent | None
) -> None:
    try:
        kept = await _bring(scene.open_calendar(link), event, write)
    except CalendarChanged as fault:
        # Whoever listens will learn what happened there and note the version, so that the next attempt fits.
        await _listen_now(context.database, context, link)
        await _fail(context, ref, fault)
        raise
    except Exception as fault:
        await _fail(context, ref, fault)
        raise
    async with context.database.write() as tx:
        await calendars.note_written(tx, write, kept, holder=context.id, now=context.clock.now())


async def _bring(calendar: OutsideCalendar, event: OwnEvent | None, write: Write) -> Kept | None:
    """Make the calendar hold the event, or hold none. What an attempt left that never heard its answer is found later.

    Whoever listens sees an event of ours there that should not be, and has it removed.
    """
    kept = Kept(write.outside_id, write.etag) if write.outside_id is not None else None
    if event is not None:
        return await calendar.write(event, kept)
    if kept is not None:
        await calendar.remove(kept)
    return None


async def _listen_now(database: Database, context: JobContext, link: Link) -> None:
    async with database.write() as tx:
        await outbox.put(tx, calendars.LISTEN, calendars.TargetRef(link.target), now=context.clock.now())


async def _fail(context: JobContext, ref: WriteRef, fault: Exception) -> None:
    """Note a failure. Raises JobRefused when it has been tried for long enough, and an administrator is to look."""
    reason = fault.message if isinstance(fault, GuildhallError) else f"Unexpected: {type(fault).__name__}"
    async with context.database.write() as tx:
        ended = await calendars.note_failed_write(tx, ref, reason, holder=context.id, now=context.clock.now())
    if ended:
        raise JobRefused(reason) from fault
