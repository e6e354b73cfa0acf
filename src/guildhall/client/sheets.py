"""Answers as sheets of rows, before anybody decides how wide the paper is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from guildhall.client.wire import (
    Action,
    Alternative,
    Availability,
    Booking,
    Bookings,
    Profile,
    Refusal,
    Room,
    Rooms,
    ShiftDay,
    Shifts,
    Slot,
)


@dataclass(frozen=True)
class Sheet:
    """Rows under headings, of which `prose` may be broken into lines and all others are read in one piece.

    `empty` is said in place of no rows; `title` stands above.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[str]] = field(default_factory=list)
    empty: str = ""
    title: str = ""
    prose: str = ""


def of_rooms(answer: Rooms) -> list[Sheet]:
    """Show all rooms."""
    rows = [(room.id, room.name, str(room.capacity), _hours(room), ", ".join(room.amenities)) for room in answer.rooms]
    return [Sheet(("Id", "Room", "People", "Open", "Has"), rows, "There is no room.", prose="Has")]


def of_availability(answer: Availability) -> list[Sheet]:
    """Show a room's day: what is free, and what is taken."""
    free = [(f"{slot.start}-{slot.end}",) for slot in answer.available_slots]
    events = [(_span(each.start, each.end), each.title, each.booked_by or "") for each in answer.events]
    title = f"{answer.room} on {answer.date}"
    return [
        Sheet(("Free",), free, "Nothing is free.", title),
        Sheet(("Taken", "What", "By"), events, "Nothing is booked.", prose="What"),
    ]


def of_bookings(answer: Bookings) -> list[Sheet]:
    """Show one's own bookings."""
    rows = [(when(each), each.room, each.title, each.event_id) for each in answer.bookings]
    return [Sheet(("When", "Room", "What", "Event"), rows, "You have booked nothing from today on.", prose="What")]


def of_shifts(answer: Shifts) -> list[Sheet]:
    """Show the slots of each day."""
    return [_of_day(day) for day in (answer.days or [answer])]


def of_actions(actions: Sequence[Action]) -> list[Sheet]:
    """Show what waits for a decision."""
    rows = [(each.action_id, each.summary or each.action, each.prepared_by or "", each.expires_at) for each in actions]
    return [
        Sheet(
            ("Action", "What will happen", "Prepared by", "Until (UTC)"),
            rows,
            "Nothing waits for you.",
            prose="What will happen",
        )
    ]


def of_action(action: Action) -> list[Sheet]:
    """Show one action and how it stands."""
    row = (action.summary or action.action, action.status, action.prepared_by or "", action.expires_at)
    return [
        Sheet(
            ("What will happen", "State", "Prepared by", "Until (UTC)"),
            [row],
            title=action.action_id,
            prose="What will happen",
        )
    ]


def of_profile(profile: Profile) -> list[Sheet]:
    """Show who one is."""
    row = (profile.user_id, profile.email or "", ", ".join(profile.roles))
    return [Sheet(("Id", "Mail", "Roles"), [row], title=f"{profile.display_name} (@{profile.username})", prose="Roles")]


def of_refusal(refusal: Refusal) -> str:
    """Return why not, and what would do instead."""
    free = [f"{each.room} {when(each)}" for each in refusal.details.alternatives]
    return f"{refusal.message} ({refusal.error})" + (f"; free instead: {', '.join(free)}" if free else "")


def when(booking: Booking | Alternative) -> str:
    """Return the day and the times of a booking, as the hub's clocks show them."""
    return f"{booking.start:%Y-%m-%d} {_span(booking.start, booking.end)}"


def plain(text: str) -> str:
    """Return a text without characters that a terminal would obey: other people choose titles and names."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _of_day(day: ShiftDay) -> Sheet:
    rows = [
        (
            str(slot.index),
            f"{slot.start}-{slot.end}",
            _places(slot),
            ", ".join(one.display_name for one in slot.signups),
        )
        for slot in day.slots
    ]
    return Sheet(("Slot", "Time", "Places", "Who"), rows, "No shift that day.", day.date, "Who")


def _places(slot: Slot) -> str:
    if slot.closed:
        return "closed"
    return f"{slot.spots_left} of {slot.max_signups} free" if slot.spots_left else "full"


def _hours(room: Room) -> str:
    return f"{room.opening_hours.start}-{room.opening_hours.end}" if room.opening_hours else ""


def _span(start: datetime, end: datetime) -> str:
    """Return the times of day; an end on another day is named with it."""
    return f"{start:%H:%M}-{end:%H:%M}" if start.date() == end.date() else f"{start:%H:%M}-{end:%Y-%m-%d %H:%M}"
