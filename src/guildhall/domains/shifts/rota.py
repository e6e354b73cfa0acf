"""The days of the rota: slots, who is signed up, and what happens in the rooms meanwhile."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.domains import ledger, rooms
from guildhall.domains.rooms import Hub, RoomEvent
from guildhall.domains.rooms.times import Span, day_span, local_time
from guildhall.domains.shifts.errors import SlotNotFound
from guildhall.domains.shifts.models import FixedSlot, ShiftPlan, Volunteer
from guildhall.domains.shifts.plans import DaySlot, plan_for, slots_of, suggested_units
from guildhall.domains.shifts.queries import FIXED_SLOTS, PLANS, VOLUNTEERS


@dataclass(frozen=True)
class RotaSlot:
    """A slot with its people and the room events that overlap it, both in order.

    `suggested_reward` is what its hours earn, in base units of the first token of the house.
    """

    slot: DaySlot
    span: Span
    volunteers: list[Volunteer]
    room_events: list[tuple[str, RoomEvent]]
    suggested_reward: int

    @property
    def places_left(self) -> int:
        """How many more people it takes, were it open."""
        return max(0, self.slot.places - len(self.volunteers))


@dataclass(frozen=True)
class RotaDay:
    """A day of the rota."""

    day: date
    slots: list[RotaSlot]


async def rota_of(tx: Tx, first: date, last: date, *, hub: Hub) -> list[RotaDay]:
    """Return the days from `first` to `last`, both included, in eight reads whatever the number of days."""
    slots = await day_slots(tx, first, last)
    people: dict[tuple[date, int], list[Volunteer]] = defaultdict(list)
    for volunteer in await tx.all(VOLUNTEERS, first=first, last=last):
        people[volunteer.day, volunteer.slot].append(volunteer)
    names = {room.id: room.short_name for room in await rooms.every_room(tx)}
    events = await rooms.events_in_house(tx, day_span(first, hub.zone, days=(last - first).days + 1))
    named = [(names[event.room_id], event) for event in events]
    tokens = await ledger.list_tokens(tx)
    hourly = tokens[0].hourly if tokens else 0
    return [
        RotaDay(day, [_rota_slot(slot, people[day, slot.index], named, hourly, hub.zone) for slot in todays])
        for day, todays in slots.items()
    ]


async def day_slots(
    tx: Tx, first: date, last: date, *, plans: Sequence[ShiftPlan] | None = None
) -> dict[date, list[DaySlot]]:
    """Return the slots of each day from `first` to `last`, both included; other `plans` tell what would be."""
    plans = await tx.all(PLANS) if plans is None else plans
    closed = await rooms.closed_between(tx, first, last)
    fixed: dict[date, list[FixedSlot]] = defaultdict(list)
    for each in await tx.all(FIXED_SLOTS, first=first, last=last):
        fixed[each.day].append(each)
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return {day: slots_of(day, plan_for(day, plans), fixed[day], house_closed=day in closed) for day in days}


async def access_slot(tx: Tx, actor: Actor, day: date, index: int) -> tuple[DaySlot, ShiftPlan | None]:
    """Return a slot of a day with the plan in force. Raises SlotNotFound."""
    del actor  # The rota is open to everybody who may read the hub.
    todays = (await day_slots(tx, day, day))[day]
    slot = next((each for each in todays if each.index == index), None)
    if slot is None:
        raise SlotNotFound
    return slot, plan_for(day, await tx.all(PLANS))


def span_of(slot: DaySlot, zone: ZoneInfo) -> Span:
    """Return the real time of a slot; a time that the clocks skip is the one they skip to."""
    return Span(_instant(slot.day, slot.opens, zone), _instant(slot.day, slot.closes, zone))


def _instant(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    return local_time(day, minutes, zone).astimezone(UTC)


def _rota_slot(
    slot: DaySlot, volunteers: list[Volunteer], events: list[tuple[str, RoomEvent]], hourly: int, zone: ZoneInfo
) -> RotaSlot:
    span = span_of(slot, zone)
    meanwhile = [(name, event) for name, event in events if span.touches(Span(event.starts_at, event.ends_at))]
    return RotaSlot(slot, span, volunteers, meanwhile, suggested_units(slot, hourly))
