"""What calendars outside are to be told: one row for each event, and durable work whenever it changes.

A change here raises `wanted` in its own transaction. Whoever takes a turn brings the event outside to the state of that
moment and notes which change that was; as long as more is wanted, the turn goes on. Turns of one event never overlap.
"""

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import bindparam, delete, literal_column, null, update
from sqlalchemy.dialects.postgresql import insert

from guildhall.core import leases, outbox
from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command, insert_if_new
from guildhall.core.outbox import JobKind
from guildhall.domains import audit
from guildhall.domains.calendars.errors import CalendarNotLinked
from guildhall.domains.calendars.models import CALENDARS, CalendarKind, Link, Write, calendar_conflicts, calendar_writes
from guildhall.domains.calendars.port import Kept
from guildhall.domains.calendars.queries import LINK, LINK_OF, LINK_TO_TELL, WRITE_LOCKED

PATIENCE = timedelta(days=7)
"""How long a write is tried before an administrator is told."""
TURN = timedelta(minutes=3)
"""How long a turn belongs to a job; longer than any attempt takes."""
LOOK_AGAIN = timedelta(minutes=1)
_EARLY = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
_LATE = timedelta(hours=6)


class WriteRef(msgspec.Struct, frozen=True):
    """The event that a calendar outside is to be told."""

    link_id: str
    event_id: str


# One attempt more than patience asks for, so that it is the patience that ends.
WRITE = JobKind(
    "calendars.write",
    WriteRef,
    queue=CALENDARS,
    backoff=(*_EARLY, *[_LATE] * (PATIENCE // _LATE + 1)),
    timeout=timedelta(minutes=2),
)

# Both engines understand the PostgreSQL form of an insert that turns into an update.
WANT = command(
    insert(calendar_writes).on_conflict_do_update(
        index_elements=[calendar_writes.c.link_id, calendar_writes.c.event_id],
        set_={
            "wanted": calendar_writes.c.wanted + literal_column("1"),
            "attempts": literal_column("0"),
            "failed_since": null(),
            "gave_up_at": null(),
        },
    )
)
_write = (calendar_writes.c.link_id == bindparam("link"), calendar_writes.c.event_id == bindparam("event"))
WRITTEN = command(
    update(calendar_writes)
    .where(*_write)
    .values(
        outside_id=bindparam("new_outside_id"),
        etag=bindparam("new_etag"),
        written=bindparam("told"),
        written_at=bindparam("at"),
        attempts=literal_column("0"),
        failed_since=null(),
        gave_up_at=null(),
        error=null(),
    )
)
FAILED = command(
    update(calendar_writes)
    .where(*_write)
    .values(
        attempts=calendar_writes.c.attempts + literal_column("1"),
        failed_since=bindparam("since"),
        gave_up_at=bindparam("ended"),
        error=bindparam("reason"),
    )
)
SEEN = command(
    update(calendar_writes)
    .where(*_write, calendar_writes.c.written == bindparam("as_of"))
    .values(outside_id=bindparam("new_outside_id"), etag=bindparam("new_etag"))
)
AGAIN = command(
    update(calendar_writes)
    .where(*_write, calendar_writes.c.gave_up_at.is_not(None))
    .values(attempts=literal_column("0"), failed_since=null(), gave_up_at=null())
)
DONE_WITH = command(delete(calendar_writes).where(*_write))
TELL_CONFLICT = insert_if_new(calendar_conflicts)


async def event_changed(tx: Tx, target: str, event_id: str, *, now: datetime) -> CalendarKind | None:
    """Have the calendar outside of a target told of an event that has just changed, and return of what kind it is.

    Without a calendar, nothing happens and None is returned.
    """
    told = await tx.one(LINK_TO_TELL, target=target)
    if told is None:
        return None
    await want_write(tx, told.id, event_id, now=now)
    return told.kind


async def want_write(tx: Tx, link_id: str, event_id: str, *, kept: Kept | None = None, now: datetime) -> None:
    """Have a calendar told of an event. `kept` is where it was found, for one nobody remembers having written."""
    write = Write(
        link_id=link_id,
        event_id=event_id,
        outside_id=kept.outside_id if kept else None,
        etag=kept.etag if kept else None,
        wanted=1,
        written=0,
    )
    await tx.run(WANT, **msgspec.structs.asdict(write))
    await outbox.put(tx, WRITE, WriteRef(link_id, event_id), now=now)


async def take_turn(tx: Tx, ref: WriteRef, *, holder: str, now: datetime) -> tuple[Link, Write] | None:
    """Return what is to be written, and keep others from writing it.

    None when there is nothing to write, or when somebody else is writing it: then another look follows later, in case
    that one dies.
    """
    # The row before the lease, in this order everywhere, so that nobody has one and waits for who has the other.
    write = await tx.one(WRITE_LOCKED, link_id=ref.link_id, event_id=ref.event_id)
    link = await tx.one(LINK, id=ref.link_id)
    if link is None or write is None or not write.is_due:
        return None
    if not await leases.acquire(tx, _lease(ref), holder, TURN, now):
        await outbox.put(tx, WRITE, ref, now=now, due=now + LOOK_AGAIN)
        return None
    return link, write


async def note_written(tx: Tx, write: Write, kept: Kept | None, *, holder: str, now: datetime) -> None:
    """Write down that a calendar was told the change `write.wanted`; `kept` None when it holds the event no more.

    The turn ends here; when more is wanted already, whoever held it takes another.
    """
    ref = WriteRef(write.link_id, write.event_id)
    latest = await tx.one(WRITE_LOCKED, link_id=ref.link_id, event_id=ref.event_id)
    await leases.release(tx, _lease(ref), holder)
    if latest is None:
        return  # The link ended meanwhile.
    if kept is None and latest.wanted == write.wanted:
        await tx.run(DONE_WITH, link=ref.link_id, event=ref.event_id)
        tx.announce("calendars", link=ref.link_id)
        return
    await tx.run(
        WRITTEN,
        link=ref.link_id,
        event=ref.event_id,
        new_outside_id=kept.outside_id if kept else None,
        new_etag=kept.etag if kept else None,
        told=write.wanted,
        at=now,
    )
    tx.announce("calendars", link=ref.link_id)


async def note_failed_write(tx: Tx, ref: WriteRef, reason: str, *, holder: str, now: datetime) -> bool:
    """Write down why a calendar was not told, end the turn, and tell whether patience has ended."""
    write = await tx.one(WRITE_LOCKED, link_id=ref.link_id, event_id=ref.event_id)
    await leases.release(tx, _lease(ref), holder)
    if write is None:
        return True
    since = write.failed_since or now
    ended = now if now - since >= PATIENCE else None
    await tx.run(FAILED, link=ref.link_id, event=ref.event_id, since=since, ended=ended, reason=reason)
    tx.announce("calendars", link=ref.link_id)
    return ended is not None


async def retry_write(tx: Tx, actor: Actor, target: str, event_id: str, *, now: datetime) -> None:
    """Have a write that was given up tried anew, with all the patience of a first one.

    What was not given up is under way or done, and stays as it is. Raises CalendarNotLinked.
    """
    link = await tx.one(LINK_OF, target=target)
    if link is None:
        raise CalendarNotLinked
    if await tx.run(AGAIN, link=link.id, event=event_id):
        await audit.record(tx, actor, "calendar.write_retried", event_id, now=now, calendar=target)
        await outbox.put(tx, WRITE, WriteRef(link.id, event_id), now=now)
        tx.announce("calendars", target=target)


async def note_seen(tx: Tx, write: Write, kept: Kept | None) -> None:
    """Write down where, and in which version, a calendar holds an event now; None when it does no more.

    What was written since `write` was read is newer than what was seen, and stands.
    """
    await tx.run(
        SEEN,
        link=write.link_id,
        event=write.event_id,
        as_of=write.written,
        new_outside_id=kept.outside_id if kept else None,
        new_etag=kept.etag if kept else None,
    )


async def is_news(tx: Tx, link: Link, outside_id: str, booking_id: str, *, now: datetime) -> bool:
    """Tell whether this is the first time that a conflict is told, and remember it."""
    return await tx.run(TELL_CONFLICT, link_id=link.id, outside_id=outside_id, booking_id=booking_id, told_at=now) == 1


def _lease(ref: WriteRef) -> str:
    return f"calendar:{ref.link_id}:{ref.event_id}"
