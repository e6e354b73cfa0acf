"""What can be prepared: each kind of action is one class, whose fields are the parameters as apps write them.

A new kind is such a class and its place in KINDS.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Protocol
from zoneinfo import ZoneInfo

import msgspec

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import Invalid
from guildhall.domains import ledger, rooms, shifts
from guildhall.domains.actions.errors import InvalidParams
from guildhall.domains.identity.names import valid_email
from guildhall.domains.rooms import BookingState, Hub, Wish
from guildhall.domains.rooms.errors import BookingNotFound
from guildhall.domains.rooms.times import clock_text, instant_at, minutes_of, parse_day, parse_minutes
from guildhall.domains.shifts import DaySlot, Reward, RewardResult, RewardState

SlotNumber = Annotated[int, msgspec.Meta(ge=0, le=999_999_999)]
Outcome = dict[str, object]
"""What came of an action, in the form in which apps read it."""

SETTLED = {"confirmed", "refused"}
"""States of a result that never change. A failed mint may be retried."""


class Deed(Protocol):
    """What a person is asked to confirm."""

    kind: ClassVar[str]

    async def check(self, tx: Tx, *, hub: Hub) -> None:
        """Refuse parameters that nobody could ever carry out. Raises InvalidParams."""

    async def describe(self, tx: Tx, actor: Actor, *, hub: Hub) -> str:
        """Say in one sentence what will happen. Raises NotFound for a room, slot or booking that there is not."""

    async def perform(self, tx: Tx, actor: Actor, *, hub: Hub, now: datetime) -> Outcome:
        """Do it as the person who acts. Raises whatever the deed itself is refused with."""

    async def follow(self, tx: Tx, outcome: Outcome) -> Outcome:
        """Return what came of it as it stands now, where something goes on after the deed."""


class _Params(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    async def follow(self, tx: Tx, outcome: Outcome) -> Outcome:
        """See Deed. What most deeds have done is done."""
        del tx
        return outcome


class ShiftSignup(_Params, frozen=True, kw_only=True):
    """Sign up for a shift."""

    kind: ClassVar[str] = "shift_signup"
    date: str
    slot_index: SlotNumber
    email: str | None = None

    async def check(self, tx: Tx, *, hub: Hub) -> None:
        """See Deed."""
        del tx, hub
        _day(self.date)
        _check_email(self.email)

    async def describe(self, tx: Tx, actor: Actor, *, hub: Hub) -> str:
        """See Deed."""
        del hub
        return f"Sign up for the shift on {await _slot_words(tx, actor, self.date, self.slot_index)}."

    async def perform(self, tx: Tx, actor: Actor, *, hub: Hub, now: datetime) -> Outcome:
        """See Deed."""
        day = _day(self.date)
        done = await shifts.sign_up(tx, actor, day=day, index=self.slot_index, email=self.email, hub=hub, now=now)
        return {
            **_slot_outcome(done.slot, done.places_left),
            "warnings": ["overlaps_own_shift"] if done.overlaps else [],
        }


class ShiftCancel(_Params, frozen=True, kw_only=True):
    """Withdraw from a shift."""

    kind: ClassVar[str] = "shift_cancel"
    date: str
    slot_index: SlotNumber

    async def check(self, tx: Tx, *, hub: Hub) -> None:
        """See Deed."""
        del tx, hub
        _day(self.date)

    async def describe(self, tx: Tx, actor: Actor, *, hub: Hub) -> str:
        """See Deed."""
        del hub
        return f"Withdraw from the shift on {await _slot_words(tx, actor, self.date, self.slot_index)}."

    async def perform(self, tx: Tx, actor: Actor, *, hub: Hub, now: datetime) -> Outcome:
        """See Deed."""
        day = _day(self.date)
        await shifts.withdraw(tx, actor, day=day, index=self.slot_index, hub=hub, now=now)
        (rota,) = await shifts.rota_of(tx, day, day, hub=hub)
        left = next(each for each in rota.slots if each.slot.index == self.slot_index)
        return _slot_outcome(left.slot, left.places_left)


class RoomBooking(_Params, frozen=True, kw_only=True):
    """Book a room."""

    kind: ClassVar[str] = "room_booking"
    room_id: str
    title: str
    date: str
    start: str
    end: str
    description: str | None = None
    private: bool = False
    email: str | None = None

    async def check(self, tx: Tx, *, hub: Hub) -> None:
        """See Deed."""
        del tx
        wish = self._wish(hub.zone)
        _check_email(wish.email)
        with _blaming("end"):
            rooms.check_wish(wish, zone=hub.zone)

    async def describe(self, tx: Tx, actor: Actor, *, hub: Hub) -> str:
        """See Deed."""
        room = await rooms.access_room(tx, actor, self.room_id)
        wish = self._wish(hub.zone)
        return f"Book {room.name} on {_times(wish.day, wish.start, wish.end)}, for “{wish.title.strip()}”."

    async def perform(self, tx: Tx, actor: Actor, *, hub: Hub, now: datetime) -> Outcome:
        """See Deed."""
        room = await rooms.access_room(tx, actor, self.room_id, to_book=True)
        event = await rooms.book_room(tx, actor, room, self._wish(hub.zone), hub=hub, now=now)
        return {
            "eventId": event.id,
            "title": event.title,
            "room": event.room_id,
            "start": event.starts_at.astimezone(hub.zone).isoformat(),
            "end": event.ends_at.astimezone(hub.zone).isoformat(),
            "description": event.description,
            "bookedBy": event.username,
            "userId": event.alias,
            "private": event.private,
            "createdAt": event.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def _wish(self, zone: ZoneInfo) -> Wish:
        day = _day(self.date)
        with _blaming("start"):
            start = parse_minutes(self.start)
            instant_at(day, start, zone)
        with _blaming("end"):
            end = parse_minutes(self.end)
        return Wish(day, start, end, self.title, self.description, self.private, self.email)


class RoomCancel(_Params, frozen=True, kw_only=True):
    """Cancel a booking."""

    kind: ClassVar[str] = "room_cancel"
    room_id: str
    event_id: str

    async def check(self, tx: Tx, *, hub: Hub) -> None:
        """See Deed. Two names can be anything."""
        del tx, hub

    async def describe(self, tx: Tx, actor: Actor, *, hub: Hub) -> str:
        """See Deed. What a private booking is about is not told: whoever prepares need not be who booked."""
        room = await rooms.access_room(tx, actor, self.room_id)
        event = await rooms.access_event(tx, actor, self.event_id)
        if event.room_id != room.id or event.state is not BookingState.LIVE:
            raise BookingNotFound
        what = "the booking" if event.private else f"“{event.title}”"
        day = event.starts_at.astimezone(hub.zone).date()
        start, end = (minutes_of(edge, day, hub.zone) for edge in (event.starts_at, event.ends_at))
        return f"Cancel {what} in {room.name} on {_times(day, start, end)}."

    async def perform(self, tx: Tx, actor: Actor, *, hub: Hub, now: datetime) -> Outcome:
        """See Deed."""
        room = await rooms.access_room(tx, actor, self.room_id)
        booking = await rooms.access_booking_to_cancel(tx, actor, room, self.event_id)
        await rooms.cancel_booking(tx, actor, booking, room, hub=hub, now=now)
        return {"eventId": booking.id, "room": room.id, "cancelled": True}


class ShiftReward(_Params, frozen=True, kw_only=True):
    """Reward the volunteers of a shift."""

    kind: ClassVar[str] = "reward"
    date: str
    slot_index: SlotNumber
    participants: Annotated[list[str], msgspec.Meta(min_length=1, max_length=100)]
    amount_per_user: float
    token: str

    async def check(self, tx: Tx, *, hub: Hub) -> None:
        """See Deed."""
        del hub
        _day(self.date)
        with _blaming("token"):
            token = await ledger.access_token(tx, self.token)
        with _blaming("amountPerUser"):
            ledger.base_units(self._amount, most=token.most)

    async def describe(self, tx: Tx, actor: Actor, *, hub: Hub) -> str:
        """See Deed."""
        del hub
        when = await _slot_words(tx, actor, self.date, self.slot_index)
        people = "1 volunteer" if len(self.participants) == 1 else f"{len(self.participants)} volunteers"
        return f"Reward {people} of the shift on {when} with {self._amount.normalize():f} {self.token} each."

    async def perform(self, tx: Tx, actor: Actor, *, hub: Hub, now: datetime) -> Outcome:
        """See Deed."""
        slot, _ = await shifts.access_slot(tx, actor, _day(self.date), self.slot_index)
        results = await shifts.reward(
            tx,
            actor,
            slot=slot,
            participants=self.participants,
            amount=self._amount,
            token=self.token,
            hub=hub,
            now=now,
        )
        return {"results": [_reward_outcome(each) for each in results]}

    async def follow(self, tx: Tx, outcome: Outcome) -> Outcome:
        """See Deed. A mint on a chain is settled later."""
        results = msgspec.convert(outcome["results"], list[Outcome])
        if all(each["status"] in SETTLED for each in results):
            return outcome
        given = {each.alias: each for each in await shifts.rewards_of_slot(tx, _day(self.date), self.slot_index)}
        return {"results": [each if each["status"] in SETTLED else _followed(each, given) for each in results]}

    @property
    def _amount(self) -> Decimal:
        # A number with at most six decimals is written by its shortest form as it was sent.
        return Decimal(str(self.amount_per_user))


KINDS: Mapping[str, type[Deed]] = {
    each.kind: each for each in (ShiftSignup, ShiftCancel, RoomBooking, RoomCancel, ShiftReward)
}
"""Every kind of action by its name."""


@contextmanager
def _blaming(field: str) -> Iterator[None]:
    """Turn a refusal of form into one of the parameter it is about: the one it names, else this one."""
    try:
        yield
    except Invalid as fault:
        raise InvalidParams(fault.message, **{"field": field, **fault.details}) from fault


def _day(text: str) -> date:
    with _blaming("date"):
        return parse_day(text)


def _check_email(email: str | None) -> None:
    if email is not None:
        with _blaming("email"):
            valid_email(email)


async def _slot_words(tx: Tx, actor: Actor, day: str, index: int) -> str:
    slot, _ = await shifts.access_slot(tx, actor, _day(day), index)
    return _times(slot.day, slot.opens, slot.closes)


def _slot_outcome(slot: DaySlot, places_left: int) -> Outcome:
    times = {"start": clock_text(slot.opens), "end": clock_text(slot.closes), "index": slot.index}
    return {"slot": times, "date": slot.day.isoformat(), "spotsLeft": places_left}


def _reward_outcome(result: RewardResult) -> Outcome:
    return {
        "userId": result.name,
        "username": result.username,
        "amount": ledger.amount_number(result.amount),
        "txHash": result.tx_hash,
        "success": result.state is RewardState.CONFIRMED,
        "status": result.status,
        "alreadyRewarded": result.repeated,
        "error": result.refusal,
        "message": result.reason,
    }


def _followed(before: Outcome, given: Mapping[str, Reward]) -> Outcome:
    reward = given[str(before["userId"])]
    return _reward_outcome(RewardResult.of(reward, repeated=bool(before["alreadyRewarded"])))


def _times(day: date, start: int, end: int) -> str:
    return f"{day:%A} {day.day} {day:%B %Y} from {clock_text(start)} to {clock_text(end)}"
