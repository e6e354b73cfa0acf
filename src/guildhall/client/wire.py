"""What the client reads of the hub's answers; whatever else they hold stays in the document that `--json` prints."""

from datetime import datetime
from typing import Any, cast
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A part of an answer."""


class Ok(Wire, frozen=True):
    """Done."""

    ok: bool


class Codes(Wire, frozen=True):
    """A login that has begun; `interval` is how many seconds lie between two polls."""

    device_code: str
    user_code: str
    verify_url: str
    interval: int


class Pending(Wire, frozen=True, tag_field="status", tag="pending"):
    """Nobody has decided yet."""

    reason: str = "authorization_pending"
    interval: int | None = None


class Approved(Wire, frozen=True, tag_field="status", tag="approved"):
    """The token, this once."""

    token: str
    user_id: str
    display_name: str
    username: str | None = None


POLL = cast("type[Pending | Approved]", Pending | Approved)
"""Both answers to a poll."""


class Hours(Wire, frozen=True):
    """From when to when."""

    start: str
    end: str


class Room(Wire, frozen=True):
    """A room."""

    id: str
    name: str
    capacity: int
    amenities: list[str]
    opening_hours: Hours | None = None
    timezone: str = "UTC"


class Rooms(Wire, frozen=True):
    """All rooms."""

    rooms: list[Room]


class RoomEvent(Wire, frozen=True):
    """What is in a room."""

    title: str
    start: datetime
    end: datetime
    booked_by: str | None


class Availability(Wire, frozen=True):
    """A room's day."""

    room: str
    date: str
    events: list[RoomEvent]
    available_slots: list[Hours]


class Booking(Wire, frozen=True):
    """A booking of one's own."""

    event_id: str
    title: str
    room: str
    start: datetime
    end: datetime


class Alternative(Wire, frozen=True):
    """A room and a time that are free in place of what was wanted."""

    room: str
    start: datetime
    end: datetime


class Instead(Wire, frozen=True):
    """What a refused booking could be in its place."""

    alternatives: list[Alternative] = []


class Refusal(Wire, frozen=True):
    """The hub's words for a refusal; other kinds of them have other details."""

    error: str
    message: str
    status: int
    details: Instead = Instead()


class Bookings(Wire, frozen=True):
    """Bookings of one's own."""

    bookings: list[Booking]


class Signup(Wire, frozen=True):
    """Somebody who does a shift."""

    display_name: str


class Slot(Wire, frozen=True):
    """A slot of a day."""

    index: int
    start: str
    end: str
    max_signups: int
    spots_left: int
    signups: list[Signup]
    closed: bool = False


class ShiftDay(Wire, frozen=True):
    """A day's slots."""

    date: str
    slots: list[Slot]


class Shifts(ShiftDay, frozen=True):
    """A day's slots, or those of several days."""

    days: list[ShiftDay] | UnsetType = UNSET


class SignedUp(Wire, frozen=True):
    """A place is taken."""

    slot: Hours
    date: str
    spots_left: int
    warnings: list[str] = []


class Action(Wire, frozen=True):
    """Something that an app has prepared."""

    action_id: str
    action: str
    status: str
    expires_at: str
    summary: str = ""
    prepared_by: str | None = None


class Executed(Wire, frozen=True):
    """A prepared action is done."""

    result: dict[str, Any]


class Profile(Wire, frozen=True):
    """Who one is. `actions` are those that wait for a decision; only some servers tell."""

    user_id: str
    username: str
    display_name: str
    email: str | None
    roles: list[str]
    actions: list[Action] | UnsetType = UNSET


def path_of(*parts: str) -> str:
    """Return a path below /v1; what was typed as one part of it stays one part."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)
