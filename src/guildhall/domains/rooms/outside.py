"""What calendars outside say of the rooms: events that hold the time, and that only those calendars can change.

A clash never changes an accepted booking: the event is kept beside it, and both are shown as a conflict.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete

from guildhall.core import ids
from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.domains import audit
from guildhall.domains.rooms.models import LONGEST_BOOKING, Conflict, ImportedPiece, Room, imported_events
from guildhall.domains.rooms.queries import CONFLICTS, EVENTS_OF_ROOM, PIECES, bounds, outside_ids_of
from guildhall.domains.rooms.times import Span

LONGEST_TITLE = 200
UNTITLED = "Busy"

DROP_PIECE = command(
    delete(imported_events).where(
        imported_events.c.id == bindparam("id"), imported_events.c.piece == bindparam("piece")
    )
)
DROP_EVENT = command(
    delete(imported_events).where(
        imported_events.c.room_id == bindparam("room_id"), imported_events.c.outside_id == bindparam("outside_id")
    )
)


@dataclass(frozen=True, kw_only=True)
class Import:
    """An event as a calendar of some kind has it: what it is called there, and all times at which it holds the room."""

    source: str
    outside_id: str
    title: str
    organiser: str | None = None
    spans: Sequence[Span]


async def keep_outside_event(tx: Tx, actor: Actor, room: Room, event: Import, *, now: datetime) -> list[Conflict]:
    """Make what is stored of an event what its calendar says now, and return the clashes of what is new in it.

    Nothing is left of an event without times. What has not changed stays as it is. `room` comes from
    `access_room(..., to_book=True)` in the same transaction, so no booking slips in between.
    """
    wanted = {(piece.id, piece.piece): piece for piece in _pieces(room, event, now)}
    known = {(each.id, each.piece): each for each in await tx.all(PIECES, room_id=room.id, outside_id=event.outside_id)}
    outdated = [key for key, each in known.items() if not _is_same(each, wanted.get(key))]
    fresh = [piece for key, piece in wanted.items() if not _is_same(piece, known.get(key))]
    for event_id, number in outdated:
        await tx.run(DROP_PIECE, id=event_id, piece=number)
    for piece in fresh:
        await tx.insert(piece)
    if outdated or fresh:
        await audit.record(tx, actor, "room.event_imported", event.outside_id, now=now, room=room.id)
        tx.announce("rooms", room=room.id)
    clashes = [clash for piece in fresh for clash in await _clashes(tx, piece)]
    return list({(each.id, each.booking_id): each for each in clashes}.values())


async def forget_outside_events(
    tx: Tx, actor: Actor, room: Room, *, but: Collection[str] = (), now: datetime
) -> list[str]:
    """Remove every imported event of a room, except those named, and return what their calendar called them."""
    gone = [each for each in await outside_ids_of(tx, room) if each not in but]
    for outside_id in gone:
        await tx.run(DROP_EVENT, room_id=room.id, outside_id=outside_id)
        await audit.record(tx, actor, "room.event_forgotten", outside_id, now=now, room=room.id)
    if gone:
        tx.announce("rooms", room=room.id)
    return gone


async def list_conflicts(tx: Tx, *, since: datetime) -> list[Conflict]:
    """Return the conflicts that are not over, by the bookings' time, at most two hundred."""
    return await tx.all(CONFLICTS, since=since, earliest=since - LONGEST_BOOKING)


async def _clashes(tx: Tx, piece: ImportedPiece) -> list[Conflict]:
    held = bounds(Span(piece.busy_from, piece.busy_to))
    return [
        Conflict(
            id=piece.id,
            room_id=piece.room_id,
            source=piece.source,
            title=piece.title,
            starts_at=piece.starts_at,
            ends_at=piece.ends_at,
            booking_id=booking.id,
            booking_title=booking.title,
            booking_starts_at=booking.starts_at,
            booking_ends_at=booking.ends_at,
            booked_by=booking.display_name,
        )
        for booking in await tx.all(EVENTS_OF_ROOM, room_id=piece.room_id, **held)
    ]


def _pieces(room: Room, event: Import, now: datetime) -> Iterator[ImportedPiece]:
    title = event.title.strip()[:LONGEST_TITLE] or UNTITLED
    for span in sorted(set(event.spans)):
        event_id = ids.event_id_of(f"{room.id} {event.outside_id} {span.start.isoformat()}")
        for number, part in enumerate(_parts(span)):
            yield ImportedPiece(
                id=event_id,
                piece=number,
                room_id=room.id,
                source=event.source,
                outside_id=event.outside_id,
                title=title,
                organiser=event.organiser[:LONGEST_TITLE] if event.organiser else None,
                starts_at=span.start,
                ends_at=span.end,
                busy_from=part.start,
                busy_to=part.end,
                changed_at=now,
            )


def _parts(span: Span) -> Iterator[Span]:
    start = span.start
    while start < span.end:
        end = min(start + LONGEST_BOOKING, span.end)
        yield Span(start, end)
        start = end


def _is_same(piece: ImportedPiece, other: ImportedPiece | None) -> bool:
    return other is not None and msgspec.structs.replace(other, changed_at=piece.changed_at) == piece
