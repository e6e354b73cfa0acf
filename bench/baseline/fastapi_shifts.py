"""The shifts of the equal application: the view of a day, and signing up, written as `fastapi_rooms` is.

The view finds the slots of the day, who is signed up and whether they were rewarded, and what happens in the rooms
meanwhile. A sign-up fixes the day's slots the first time, and takes one of the places that are left.
"""

from datetime import UTC, date, datetime, time, timedelta

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from bench.baseline.fastapi_rooms import LONGEST, ZONE, ByUser, InSession, instant, shown, turn
from bench.baseline.models import Booking, ClosedDay, Room, ShiftLine, ShiftReward, ShiftSlot, Signup, User

PLANNED = ((510, 690), (690, 870), (870, 1050), (1050, 1230), (1230, 1350))
PLANNED_PLACES = 3


class SignupOut(BaseModel):
    """Somebody who is signed up."""

    user_id: str = Field(serialization_alias="userId")
    username: str
    display_name: str = Field(serialization_alias="displayName")
    signed_up_at: str = Field(serialization_alias="signedUpAt")
    signed_up_at_utc: datetime = Field(serialization_alias="signedUpAtUtc")
    rewarded: bool


class MeanwhileOut(BaseModel):
    """What happens in a room during a slot."""

    title: str
    room: str
    room_id: str = Field(serialization_alias="roomId")
    start: datetime
    end: datetime


class SlotOut(BaseModel):
    """A slot of a day."""

    index: int
    start: str
    end: str
    max_signups: int = Field(serialization_alias="maxSignups")
    signups: list[SignupOut]
    room_events: list[MeanwhileOut] = Field(serialization_alias="roomEvents")
    spots_left: int = Field(serialization_alias="spotsLeft")
    start_at: datetime = Field(serialization_alias="startAt")
    end_at: datetime = Field(serialization_alias="endAt")
    closed: bool
    suggested_reward: float = Field(serialization_alias="suggestedReward")


class DayOut(BaseModel):
    """The shifts of a day."""

    date: date
    slots: list[SlotOut]


class SlotTimes(BaseModel):
    """The times of a slot."""

    start: str
    end: str
    index: int


class SignedUpOut(BaseModel):
    """A fresh sign-up."""

    ok: bool = True
    slot: SlotTimes
    date: date
    spots_left: int = Field(serialization_alias="spotsLeft")
    warnings: list[str]


router = APIRouter()


@router.get("/v1/shifts/{day}")
async def get_day(day: date, user: ByUser, session: InSession) -> DayOut:
    """Show the shifts of a day."""
    del user
    slots = await _slots(session, day)
    closed = await session.get(ClosedDay, day) is not None
    people = await _people(session, day)
    events = await _events(session, day)
    rooms = {room.id: room.name for room in await session.scalars(select(Room))}
    return DayOut(date=day, slots=[_slot(each, people, events, rooms, closed=closed) for each in slots])


@router.post("/v1/shifts/{day}/{index}/signup")
async def sign_up(day: date, index: int, user: ByUser, session: InSession) -> SignedUpOut:
    """Take a place in a slot."""
    await session.commit()  # The reads so far end here: the write begins on its own, with the latest rows.
    async with turn:
        await session.execute(text("BEGIN IMMEDIATE"))
        slot, left, overlaps = await _take_place(session, day, index, user)
        await session.commit()
    return SignedUpOut(
        slot=SlotTimes(start=_clock(slot.opens), end=_clock(slot.closes), index=index),
        date=day,
        spots_left=left,
        warnings=["overlaps_own_shift"] if overlaps else [],
    )


async def _take_place(session: AsyncSession, day: date, index: int, user: User) -> tuple[ShiftSlot, int, bool]:
    slots = await _slots(session, day)
    if not 0 <= index < len(slots):
        raise HTTPException(404, "There is no such shift on that day")
    if await session.get(ClosedDay, day):
        raise HTTPException(422, "The house is closed")
    session.add_all(slots)
    slot = slots[index]
    own = list(await session.scalars(_live(day).where(Signup.user_id == user.id)))
    if any(each.slot == index for each in own):
        raise HTTPException(409, "You are already signed up for this shift")
    taken = await session.scalar(
        select(func.count()).select_from(Signup).where(Signup.day == day, Signup.slot == index, Signup.state == "live")
    )
    if (taken or 0) >= slot.places:
        raise HTTPException(422, "This shift slot is full")
    now = datetime.now(UTC).replace(tzinfo=None)
    session.add(Signup(day=day, slot=index, user_id=user.id, state="live", signed_up_at=now))
    session.add(ShiftLine(day=day, slot=index, at=now, username=user.username, what="signed up"))
    times = {each.slot: each for each in slots}
    overlaps = any(times[each.slot].opens < slot.closes and slot.opens < times[each.slot].closes for each in own)
    return slot, slot.places - (taken or 0) - 1, overlaps


async def _slots(session: AsyncSession, day: date) -> list[ShiftSlot]:
    fixed = list(await session.scalars(select(ShiftSlot).where(ShiftSlot.day == day).order_by(ShiftSlot.slot)))
    return fixed or [
        ShiftSlot(day=day, slot=index, opens=opens, closes=closes, places=PLANNED_PLACES)
        for index, (opens, closes) in enumerate(PLANNED)
    ]


def _live(day: date):  # type: ignore[no-untyped-def]  # noqa: ANN202 (what select returns has a type that says nothing)
    return select(Signup).where(Signup.day == day, Signup.state == "live")


async def _people(session: AsyncSession, day: date) -> list[tuple[Signup, bool]]:
    statement = (
        select(Signup, ShiftReward.id)
        .outerjoin(
            ShiftReward,
            (ShiftReward.day == Signup.day)
            & (ShiftReward.slot == Signup.slot)
            & (ShiftReward.user_id == Signup.user_id),
        )
        .where(Signup.day == day, Signup.state == "live")
        .options(joinedload(Signup.user))
        .order_by(Signup.slot, Signup.signed_up_at, Signup.id)
    )
    return [(signup, reward is not None) for signup, reward in (await session.execute(statement)).tuples()]


async def _events(session: AsyncSession, day: date) -> list[Booking]:
    start, end = instant(day, time()), instant(day + timedelta(days=1), time())
    statement = (
        select(Booking)
        .where(
            Booking.state == "live",
            Booking.starts_at > start - LONGEST,
            Booking.starts_at < end,
            Booking.ends_at > start,
        )
        .order_by(Booking.starts_at, Booking.id)
    )
    return list(await session.scalars(statement))


def _slot(
    slot: ShiftSlot, people: list[tuple[Signup, bool]], events: list[Booking], rooms: dict[str, str], *, closed: bool
) -> SlotOut:
    midnight = datetime.combine(slot.day, time(), ZONE)
    start, end = midnight + timedelta(minutes=slot.opens), midnight + timedelta(minutes=slot.closes)
    here = [_signup(signup, rewarded=rewarded) for signup, rewarded in people if signup.slot == slot.slot]
    return SlotOut(
        index=slot.slot,
        start=_clock(slot.opens),
        end=_clock(slot.closes),
        max_signups=slot.places,
        signups=here,
        room_events=[
            MeanwhileOut(
                title="Busy" if each.private else each.title,
                room=rooms[each.room_id],
                room_id=each.room_id,
                start=shown(each.starts_at),
                end=shown(each.ends_at),
            )
            for each in events
            if shown(each.starts_at) < end and start < shown(each.ends_at)
        ],
        spots_left=max(0, slot.places - len(here)),
        start_at=start,
        end_at=end,
        closed=closed,
        suggested_reward=(slot.closes - slot.opens) / 60,
    )


def _signup(signup: Signup, *, rewarded: bool) -> SignupOut:
    at = shown(signup.signed_up_at)
    return SignupOut(
        user_id=f"u_{signup.user.external_id}",
        username=signup.user.username,
        display_name=signup.user.username,
        signed_up_at=f"{at:%d/%m/%Y %H:%M}",
        signed_up_at_utc=signup.signed_up_at.replace(tzinfo=UTC),
        rewarded=rewarded,
    )


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
