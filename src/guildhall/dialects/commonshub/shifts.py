"""Shifts: the rota of a day or a range, sign-up and withdrawal."""

import re
from datetime import datetime
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, UnsetType

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import Invalid
from guildhall.core.idempotency import IdempotencyKeyReused
from guildhall.dialects.commonshub.auth import FOR_USER, READER
from guildhall.dialects.commonshub.wire import HubBody, Ok, Reply, utc
from guildhall.domains import identity, ledger, rooms, shifts
from guildhall.domains.identity import Permission
from guildhall.domains.identity.errors import InvalidEmail, MissingUserId, UserNotFound
from guildhall.domains.rooms import Hub
from guildhall.domains.rooms.errors import InPast, InvalidDate, InvalidRange, RangeTooLong
from guildhall.domains.rooms.times import clock_text, parse_day
from guildhall.domains.shifts import DaySlot, RotaDay, RotaSlot, Volunteer
from guildhall.domains.shifts.errors import (
    AlreadyRewarded,
    AlreadySignedUp,
    InvalidSlot,
    NotSignedUp,
    SlotClosed,
    SlotFull,
    SlotNotFound,
)
from guildhall.web.bodies import Later, QueryString
from guildhall.web.house import House
from guildhall.web.routing import route

SLOT = re.compile(r"[0-9]{1,9}", re.ASCII)
ME = "me"


class SignupReply(Reply, frozen=True, kw_only=True):
    """Somebody who is signed up."""

    user_id: str
    username: str
    display_name: str
    signed_up_at: str
    signed_up_at_utc: str
    rewarded: bool

    @classmethod
    def of(cls, volunteer: Volunteer, zone: ZoneInfo) -> "SignupReply":
        """Show a sign-up."""
        return cls(
            user_id=volunteer.alias,
            username=volunteer.username,
            display_name=volunteer.display_name,
            signed_up_at=f"{volunteer.signed_up_at.astimezone(zone):%d/%m/%Y %H:%M}",
            signed_up_at_utc=utc(volunteer.signed_up_at),
            rewarded=volunteer.rewarded,
        )


class ShiftRoomEvent(Reply, frozen=True, kw_only=True):
    """What happens in a room during a slot."""

    title: str
    room: str
    room_id: str
    start: datetime
    end: datetime


class SlotReply(Reply, frozen=True, kw_only=True):
    """A slot of a day."""

    index: int
    date: str | UnsetType = UNSET
    start: str
    end: str
    max_signups: int
    signups: list[SignupReply]
    room_events: list[ShiftRoomEvent]
    spots_left: int
    start_at: datetime
    end_at: datetime
    closed: bool
    suggested_reward: float


class ShiftDayOnly(Reply, frozen=True, kw_only=True):
    """A day of a range."""

    date: str
    slots: list[SlotReply]


class ShiftDay(Reply, frozen=True, kw_only=True):
    """The day, or the first day of a range; a range has all slots, and slots by day."""

    date: str
    slots: list[SlotReply]
    first: str | UnsetType = msgspec.field(name="from", default=UNSET)
    last: str | UnsetType = msgspec.field(name="to", default=UNSET)
    days: list[ShiftDayOnly] | UnsetType = UNSET


class ShiftQuery(QueryString, frozen=True, kw_only=True):
    """One day, or a range of days, and whose slots."""

    date: str | None = None
    first: str | None = msgspec.field(name="from", default=None)
    last: str | None = msgspec.field(name="to", default=None)
    user_id: str | None = msgspec.field(name="userId", default=None)


class OfWhom(QueryString, frozen=True, kw_only=True):
    """Whose slots."""

    user_id: str | None = msgspec.field(name="userId", default=None)


class SignupCreate(HubBody, frozen=True, kw_only=True):
    """Where an invitation goes."""

    optional: ClassVar[bool] = True
    refusals: ClassVar[dict[str, type[Invalid]]] = {"email": InvalidEmail}
    email: str | None = None


class SlotTimes(Reply, frozen=True, kw_only=True):
    """The times of a slot."""

    start: str
    end: str
    index: int


class SignupResult(Reply, frozen=True, kw_only=True):
    """Signed up; `spots_left` counts after it."""

    ok: bool = True
    slot: SlotTimes
    date: str
    spots_left: int
    warnings: list[Literal["overlaps_own_shift"]]


@route(
    "GET", "/v1/shifts", permission=Permission.READ_HUB, accepts=READER,
    refusals=(InvalidDate, InvalidRange, RangeTooLong, MissingUserId),
)  # fmt: skip
async def list_shifts(query: ShiftQuery, tx: Tx, actor: Actor, house: House) -> ShiftDay:
    """List shift slots of a day or a range, with sign-ups and room events."""
    first, last = rooms.days_asked_for(query.date, query.first, query.last, hub=house.hub, now=house.clock.now())
    days = await _days(tx, actor, await shifts.rota_of(tx, first, last, hub=house.hub), query.user_id)
    if query.first is None and query.last is None:
        return ShiftDay(date=first.isoformat(), slots=_slots(days, actor, house.hub, dated=False))
    return ShiftDay(
        date=first.isoformat(),
        slots=_slots(days, actor, house.hub, dated=True),
        first=first.isoformat(),
        last=last.isoformat(),
        days=[
            ShiftDayOnly(date=each.day.isoformat(), slots=_slots([each], actor, house.hub, dated=True)) for each in days
        ],
    )


@route(
    "GET", "/v1/shifts/{date}", permission=Permission.READ_HUB, accepts=READER, refusals=(InvalidDate, MissingUserId)
)
async def get_shifts_of_day(date: str, query: OfWhom, tx: Tx, actor: Actor, house: House) -> ShiftDay:
    """List the shift slots of one day."""
    day = parse_day(date)
    days = await _days(tx, actor, await shifts.rota_of(tx, day, day, hub=house.hub), query.user_id)
    return ShiftDay(date=day.isoformat(), slots=_slots(days, actor, house.hub, dated=False))


@route(
    "POST", "/v1/shifts/{date}/{slot_index}/signup", permission=Permission.SIGN_UP, accepts=FOR_USER,
    refusals=(
        MissingUserId, InvalidDate, InvalidSlot, SlotNotFound, InvalidEmail, InPast, AlreadySignedUp, SlotFull,
        SlotClosed, IdempotencyKeyReused,
    ),
)  # fmt: skip
async def sign_up_for_shift(
    date: str, slot_index: str, data: Later[SignupCreate], tx: Tx, actor: Actor, house: House
) -> SignupResult:
    """Sign the acting user up for a slot."""
    day, index = parse_day(date), slot_number(slot_index)
    done = await shifts.sign_up(
        tx, actor, day=day, index=index, email=data.read_or(SignupCreate()).email, hub=house.hub, now=house.clock.now()
    )
    return SignupResult(
        slot=_times(done.slot),
        date=day.isoformat(),
        spots_left=done.places_left,
        warnings=["overlaps_own_shift"] if done.overlaps else [],
    )


@route(
    "DELETE", "/v1/shifts/{date}/{slot_index}/signup", permission=Permission.SIGN_UP, accepts=FOR_USER,
    refusals=(MissingUserId, InvalidDate, InvalidSlot, SlotNotFound, NotSignedUp, AlreadyRewarded),
)  # fmt: skip
async def cancel_shift_signup(date: str, slot_index: str, tx: Tx, actor: Actor, house: House) -> Ok:
    """Withdraw the acting user's sign-up."""
    day, index = parse_day(date), slot_number(slot_index)
    await shifts.withdraw(tx, actor, day=day, index=index, hub=house.hub, now=house.clock.now())
    return Ok()


def slot_number(text: str) -> int:
    """Return the number of a slot in a path. Raises InvalidSlot."""
    if not SLOT.fullmatch(text):
        raise InvalidSlot
    return int(text)


async def _days(tx: Tx, actor: Actor, days: list[RotaDay], of_whom: str | None) -> list[RotaDay]:
    """Keep the slots of one person; an unknown one simply has none."""
    if of_whom is None:
        return days
    if of_whom == ME:
        user_id = (await identity.access_self(tx, actor)).id
    else:
        try:
            user_id = (await identity.access_user(tx, actor, of_whom)).id
        except UserNotFound:
            user_id = ""
    return [
        RotaDay(each.day, [slot for slot in each.slots if any(one.user_id == user_id for one in slot.volunteers)])
        for each in days
    ]


def _slots(days: list[RotaDay], actor: Actor, hub: Hub, *, dated: bool) -> list[SlotReply]:
    return [_slot(slot, actor, hub, dated=dated) for each in days for slot in each.slots]


def _slot(rota: RotaSlot, actor: Actor, hub: Hub, *, dated: bool) -> SlotReply:
    slot = rota.slot
    return SlotReply(
        index=slot.index,
        date=slot.day.isoformat() if dated else UNSET,
        start=clock_text(slot.opens),
        end=clock_text(slot.closes),
        max_signups=slot.places,
        signups=[SignupReply.of(volunteer, hub.zone) for volunteer in rota.volunteers],
        room_events=[
            ShiftRoomEvent(
                title=event.title if rooms.may_see_details(actor, event) else "Busy",
                room=room,
                room_id=event.room_id,
                start=event.starts_at.astimezone(hub.zone),
                end=event.ends_at.astimezone(hub.zone),
            )
            for room, event in rota.room_events
        ],
        spots_left=rota.places_left,
        start_at=rota.span.start.astimezone(hub.zone),
        end_at=rota.span.end.astimezone(hub.zone),
        closed=slot.closed,
        suggested_reward=ledger.amount_number(rota.suggested_reward),
    )


def _times(slot: DaySlot) -> SlotTimes:
    return SlotTimes(start=clock_text(slot.opens), end=clock_text(slot.closes), index=slot.index)
