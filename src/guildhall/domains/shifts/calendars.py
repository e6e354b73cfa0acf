"""Shifts in calendars: entries for feeds and invitations, the calendar of a person, and ids of slots in others."""

import re
from dataclasses import replace
from datetime import date, datetime

from guildhall.core.db import Tx
from guildhall.domains import rooms
from guildhall.domains.identity import User
from guildhall.domains.rooms import CalendarPlan, Hub
from guildhall.domains.rooms.calendars import Entry
from guildhall.domains.rooms.schedule import CANCELLED_KEPT, FEED_AHEAD, FEED_BACK
from guildhall.domains.shifts.models import OwnShift, Signup
from guildhall.domains.shifts.plans import DaySlot
from guildhall.domains.shifts.queries import shifts_of
from guildhall.domains.shifts.rota import span_of

TITLE = "Volunteer shift"
SLOT_EVENT = re.compile(r"shift(\d{8})(\d{13})", re.ASCII)


def slot_event_id(day: date, index: int) -> str:
    """Return the id that a slot has in calendars outside: always the same, in the form that they all take."""
    return f"shift{day:%Y%m%d}{index:013d}"


def slot_of_event(event_id: str) -> tuple[date, int] | None:
    """Return the slot that an id stands for, or None when it is no slot's."""
    found = SLOT_EVENT.fullmatch(event_id)
    if found is None:
        return None
    try:
        return date.fromisoformat(found[1]), int(found[2])
    except ValueError:
        return None


def shift_entry(signup: Signup | OwnShift, slot: DaySlot, hub: Hub) -> Entry:
    """Return the calendar entry of a sign-up; one that has ended is a cancelled entry with the same UID."""
    span = span_of(slot, hub.zone)
    return Entry(
        uid=f"{signup.id}@{hub.host}",
        title=TITLE,
        description=None,
        place=hub.host,
        starts_at=span.start,
        ends_at=span.end,
        sequence=1 if signup.ended_at else 0,
        stamp=signup.ended_at or signup.signed_up_at,
        created_at=signup.signed_up_at,
        cancelled=signup.ended_at is not None,
    )


async def calendar_of_person(tx: Tx, user: User, *, hub: Hub, now: datetime) -> CalendarPlan:
    """Return a person's shifts and bookings, 90 days back and 400 ahead; what they gave up, for 30 days."""
    bookings = await rooms.calendar_of_person(tx, user, hub=hub, now=now)
    own = await shifts_of(tx, user.id, (now - FEED_BACK).date(), (now + FEED_AHEAD).date())
    entries = [
        shift_entry(each, DaySlot(each.day, each.slot, each.opens, each.closes, places=0), hub)
        for each in own
        if each.ended_at is None or each.ended_at > now - CANCELLED_KEPT
    ]
    together = [*bookings.entries, *entries]
    changed_at = max((entry.stamp for entry in entries), default=bookings.changed_at)
    return replace(
        bookings,
        name=f"{user.display_name}, shifts and bookings",
        entries=together,
        changed_at=max(changed_at, bookings.changed_at),
    )
