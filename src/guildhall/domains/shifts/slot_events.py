"""Slots as calendars outside show them: one event for each that somebody signed up for."""

from datetime import date

from guildhall.core.db import Tx
from guildhall.domains.calendars import OwnEvent
from guildhall.domains.rooms import Hub
from guildhall.domains.rooms.times import Span
from guildhall.domains.shifts.calendars import TITLE, slot_event_id, slot_of_event
from guildhall.domains.shifts.models import FixedSlot, Volunteer
from guildhall.domains.shifts.plans import DaySlot
from guildhall.domains.shifts.queries import FIXED_SLOTS, LIVE_SIGNUPS_LOCKED, MAILS_OF_SLOT, VOLUNTEERS, lines_of
from guildhall.domains.shifts.rota import span_of
from guildhall.domains.shifts.signups import line_text


async def slot_event(tx: Tx, event_id: str, *, hub: Hub) -> OwnEvent | None:
    """Return a slot's event, titled with its people and described by its trail; None while nobody is signed up."""
    place = slot_of_event(event_id)
    if place is None:
        return None
    day, index = place
    slot = next((each for each in await tx.all(FIXED_SLOTS, first=day, last=day) if each.slot == index), None)
    people = await _people(tx, day, index)
    if slot is None or not people:
        return None
    lines = await lines_of(tx, day, index)
    mails = await tx.all(MAILS_OF_SLOT, day=day, slot=index)
    span = _span(slot, hub)
    return OwnEvent(
        event_id=event_id,
        uid=f"{event_id}@{hub.host}",
        title=f"{TITLE}: {', '.join(each.display_name for each in people)}",
        description="\n".join(line_text(line, hub) for line in lines),
        place=hub.host,
        starts_at=span.start,
        ends_at=span.end,
        # Whatever changes the event adds a line, and lines stay.
        sequence=len(lines),
        stamp=lines[-1].at,
        attendees=tuple(dict.fromkeys(each.invite for each in mails if each.invite)),
    )


async def decliners(tx: Tx, event_id: str, addresses: frozenset[str]) -> list[str]:
    """Return who of a slot's people, by public id, has one of these mail addresses, given in small letters.

    Their sign-ups are locked, so that whoever withdraws at this moment comes before or after, not in between.
    """
    place = slot_of_event(event_id)
    if place is None or not addresses:
        return []
    day, index = place
    await tx.all(LIVE_SIGNUPS_LOCKED, day=day, slot=index)
    mails = await tx.all(MAILS_OF_SLOT, day=day, slot=index)
    return [each.alias for each in mails if addresses & {(each.invite or "").casefold(), (each.email or "").casefold()}]


async def slot_events_between(tx: Tx, first: date, last: date) -> list[str]:
    """Return the event ids of the slots of some days that somebody is signed up for."""
    people = await tx.all(VOLUNTEERS, first=first, last=last)
    return list(dict.fromkeys(slot_event_id(each.day, each.slot) for each in people))


async def _people(tx: Tx, day: date, index: int) -> list[Volunteer]:
    return [each for each in await tx.all(VOLUNTEERS, first=day, last=day) if each.slot == index]


def _span(slot: FixedSlot, hub: Hub) -> Span:
    return span_of(DaySlot(slot.day, slot.slot, slot.opens, slot.closes, slot.places), hub.zone)
