"""Rooms: description, availability, bookings."""

import msgspec
from msgspec import UNSET, UnsetType

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import Invalid, InvalidField, ManagedByFile, MissingField, NotFound
from guildhall.core.idempotency import IdempotencyKeyReused
from guildhall.dialects.commonshub.auth import ADMINISTRATION, FOR_USER, MASTER, READER
from guildhall.dialects.commonshub.bookings import BookingCreate, BookingReply, RoomEvent
from guildhall.dialects.commonshub.wire import Day, HubBody, Ok, Reply, TimeOfDay
from guildhall.domains import rooms
from guildhall.domains.identity import Permission
from guildhall.domains.identity.errors import AdminRequired, InvalidEmail, MissingUserId
from guildhall.domains.rooms import DayPlan, FreeSlot, Hours, Hub, Opening, Room, RoomPlan
from guildhall.domains.rooms.errors import (
    BookingNotFound,
    ExternalEvent,
    InPast,
    InvalidDate,
    InvalidRange,
    InvalidTime,
    NotBookingOwner,
    OutsideOpeningHours,
    RangeTooLong,
    RoomBooked,
    RoomClosed,
    RoomNotFound,
    TooFarAhead,
)
from guildhall.domains.rooms.times import clock_text, parse_minutes
from guildhall.web.bodies import Later, QueryString
from guildhall.web.house import House
from guildhall.web.routing import route


class UnknownRoom(Invalid):
    """A booking names a room that does not exist; the reference makes this a bad request."""

    code = "unknown_room"
    text = "There is no such room"


class OpeningHours(Reply, frozen=True, kw_only=True):
    """Opening hours of every day."""

    start: TimeOfDay
    end: TimeOfDay

    def opening(self) -> Opening:
        """Return the hours as the house keeps them. Raises InvalidField."""
        try:
            return Opening(Hours(parse_minutes(self.start), parse_minutes(self.end)))
        except InvalidTime as fault:
            raise InvalidField(fault.message, field="openingHours") from fault


class RoomReply(Reply, frozen=True, kw_only=True):
    """A room with its booking rules."""

    id: str
    name: str
    calendar_id: str
    capacity: int
    amenities: list[str]
    short_name: str
    description: str | None
    timezone: str
    opening_hours: OpeningHours
    bookable: bool
    max_advance_days: int | None
    refuse_past: bool
    calendar_url: str

    @classmethod
    def of(cls, room: Room, house: House) -> "RoomReply":
        """Show a room."""
        daily = room.opening.daily
        return cls(
            id=room.id,
            name=room.name,
            calendar_id=room.calendar_id or f"{room.id}@{house.hub.host}",
            capacity=room.capacity,
            amenities=room.amenities,
            short_name=room.short_name,
            description=room.description,
            timezone=house.hub.zone.key,
            opening_hours=OpeningHours(start=clock_text(daily.opens), end=clock_text(daily.closes)),
            bookable=room.takes_bookings,
            max_advance_days=room.max_advance_days,
            refuse_past=room.refuse_past,
            calendar_url=f"{house.settings.public_url}/v1/rooms/{room.id}/calendar.ics",
        )


class RoomList(Reply, frozen=True):
    """Rooms in the order set by the hub."""

    rooms: list[RoomReply]


class RoomWrite(HubBody, frozen=True, kw_only=True):
    """How a room is to be."""

    name: str
    capacity: int
    short_name: str | None = None
    amenities: list[str] = msgspec.field(default_factory=list)
    description: str | None = None
    calendar_id: str | None = None
    opening_hours: OpeningHours | None = None
    bookable: bool = True
    max_advance_days: int | None = None
    refuse_past: bool = False

    def plan(self) -> RoomPlan:
        """Return the plan that the body states. Raises InvalidField."""
        return RoomPlan(
            name=self.name,
            capacity=self.capacity,
            short_name=self.short_name,
            amenities=self.amenities,
            description=self.description,
            calendar_id=self.calendar_id,
            opening=self.opening_hours.opening() if self.opening_hours else None,
            bookable=self.bookable,
            max_advance_days=self.max_advance_days,
            refuse_past=self.refuse_past,
        )


class Days(QueryString, frozen=True, kw_only=True):
    """One day, or a range of days."""

    date: Day | None = None
    first: Day | None = msgspec.field(name="from", default=None)
    last: Day | None = msgspec.field(name="to", default=None)


class FreeSlotReply(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """Free time; `date` is there in answers for several days."""

    start: str
    end: str
    date: str | None = None

    @classmethod
    def of(cls, slot: FreeSlot, *, dated: bool) -> "FreeSlotReply":
        """Show a free slot."""
        day = slot.day.isoformat() if dated else None
        return cls(start=clock_text(slot.start), end=clock_text(slot.end), date=day)


class DayReply(Reply, frozen=True, kw_only=True):
    """One day of a room."""

    date: str
    events: list[RoomEvent]
    available_slots: list[FreeSlotReply]


class Availability(Reply, frozen=True, kw_only=True):
    """The day, or the first day of a range, with what is booked and free; a range has both by day too."""

    room: str
    date: str
    events: list[RoomEvent]
    available_slots: list[FreeSlotReply]
    first: str | UnsetType = msgspec.field(name="from", default=UNSET)
    last: str | UnsetType = msgspec.field(name="to", default=UNSET)
    days: list[DayReply] | UnsetType = UNSET


@route("GET", "/v1/rooms", permission=Permission.READ_HUB, accepts=READER)
async def list_rooms(tx: Tx, house: House) -> RoomList:
    """List the bookable rooms."""
    return RoomList([RoomReply.of(room, house) for room in await rooms.list_rooms(tx)])


@route("GET", "/v1/rooms/{room_id}", permission=Permission.READ_HUB, accepts=READER, refusals=(RoomNotFound,))
async def get_room(room_id: str, tx: Tx, actor: Actor, house: House) -> RoomReply:
    """Show one room with its booking rules."""
    return RoomReply.of(await rooms.access_room(tx, actor, room_id), house)


@route(
    "PUT", "/v1/rooms/{room_id}", permission=Permission.MANAGE_ROOMS, accepts=ADMINISTRATION,
    refusals=(AdminRequired, NotFound, MissingField, InvalidField, ManagedByFile),
)  # fmt: skip
async def put_room(room_id: str, data: Later[RoomWrite], tx: Tx, actor: Actor, house: House) -> RoomReply:
    """Create a room or replace its description and rules."""
    known = await rooms.access_room_to_change(tx, actor, room_id)
    room = await rooms.put_room(tx, actor, known, room_id=room_id, plan=data.read().plan(), now=house.clock.now())
    return RoomReply.of(room, house)


@route(
    "GET", "/v1/rooms/{room_id}/availability", permission=Permission.READ_HUB, accepts=READER,
    refusals=(RoomNotFound, InvalidDate, InvalidRange, RangeTooLong),
)  # fmt: skip
async def get_room_availability(room_id: str, query: Days, tx: Tx, actor: Actor, house: House) -> Availability:
    """Show bookings and free time of a room for a day or a range of days."""
    room = await rooms.access_room(tx, actor, room_id)
    first, last = rooms.days_asked_for(query.date, query.first, query.last, hub=house.hub, now=house.clock.now())
    plans = await rooms.schedule_of(tx, room, first, last, hub=house.hub)
    if query.first is None and query.last is None:
        day = _day(plans[0], actor, house.hub, dated=False)
        return Availability(room=room.id, date=day.date, events=day.events, available_slots=day.available_slots)
    days = [_day(plan, actor, house.hub, dated=True) for plan in plans]
    return Availability(
        room=room.id,
        date=first.isoformat(),
        events=list({event.id: event for day in days for event in day.events}.values()),
        available_slots=[slot for day in days for slot in day.available_slots],
        first=first.isoformat(),
        last=last.isoformat(),
        days=[_day(plan, actor, house.hub, dated=False) for plan in plans],
    )


@route(
    "POST", "/v1/rooms/{room_id}/book", permission=Permission.BOOK_ROOMS, accepts=FOR_USER,
    refusals=(
        MissingUserId, UnknownRoom, MissingField, InvalidField, InvalidDate, InvalidTime, InvalidRange,
        OutsideOpeningHours, InPast, TooFarAhead, RoomBooked, RoomClosed, IdempotencyKeyReused,
    ),
)  # fmt: skip
async def book_room(room_id: str, data: Later[BookingCreate], tx: Tx, actor: Actor, house: House) -> BookingReply:
    """Book a room for the acting user."""
    try:
        room = await rooms.access_room(tx, actor, room_id, to_book=True)
    except RoomNotFound as error:
        raise UnknownRoom(error.message) from error
    try:
        event = await rooms.book_room(tx, actor, room, data.read().wish(), hub=house.hub, now=house.clock.now())
    except InvalidEmail as error:
        raise InvalidField(error.message, field="email") from error
    return BookingReply.of(event, house.hub.zone)


@route(
    "DELETE", "/v1/rooms/{room_id}/book/{event_id}", permission=Permission.READ_HUB, accepts=FOR_USER | MASTER,
    refusals=(MissingUserId, RoomNotFound, BookingNotFound, ExternalEvent, NotBookingOwner),
)  # fmt: skip
async def cancel_booking(room_id: str, event_id: str, tx: Tx, actor: Actor, house: House) -> Ok:
    """Cancel a booking, by the person who made it or an admin."""
    room = await rooms.access_room(tx, actor, room_id)
    booking = await rooms.access_booking_to_cancel(tx, actor, room, event_id)
    await rooms.cancel_booking(tx, actor, booking, room, hub=house.hub, now=house.clock.now())
    return Ok()


def _day(plan: DayPlan, actor: Actor, hub: Hub, *, dated: bool) -> DayReply:
    return DayReply(
        date=plan.day.isoformat(),
        events=[
            RoomEvent.of(event, hub.zone, shows_details=rooms.may_see_details(actor, event)) for event in plan.events
        ],
        available_slots=[FreeSlotReply.of(slot, dated=dated) for slot in plan.free],
    )
