"""The week's shifts: who is on, where a hand is missing, and signing up with one click."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError
from guildhall.domains import rooms, shifts
from guildhall.domains.identity import Permission
from guildhall.domains.rooms import BookedEvent, RoomEvent
from guildhall.domains.rooms.times import clock_text, day_span, minutes_of, parse_day
from guildhall.domains.shifts import RotaDay, RotaSlot
from guildhall.panel.calendar import Chosen
from guildhall.panel.face import viewer_of
from guildhall.panel.forms import change, show, whole_number
from guildhall.panel.pages import page, told
from guildhall.panel.templating import DASH, span_words
from guildhall.panel.week import week_of
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import QueryString
from guildhall.web.calls import Call
from guildhall.web.house import House


class PrintedDay(QueryString, frozen=True, kw_only=True):
    """Which day; today if none."""

    day: str = ""


@dataclass(frozen=True)
class ShownSlot:
    """A slot as this viewer sees it."""

    rota: RotaSlot
    mine: bool
    over: bool

    @property
    def open_places(self) -> range:
        """One for each place that nobody has taken."""
        return range(self.rota.places_left)


@dataclass(frozen=True)
class ShownDay:
    """A day of the rota as this viewer sees it."""

    day: date
    slots: list[ShownSlot]


@show("/panel/shifts", permission=Permission.READ_HUB)
async def show_rota(query: Chosen, call: Call, tx: Tx, house: House) -> Answer:
    """Show a week of shifts."""
    return await _rota(call, tx, house, query.date)


@change("/panel/shifts/{day}/{slot}/sign-up", permission=Permission.SIGN_UP)
async def sign_up(day: str, slot: str, call: Call, tx: Tx) -> Answer:
    """Take a place in a shift."""
    return await _change_place(call, tx, shifts.sign_up, day, slot, "signed-up")


@change("/panel/shifts/{day}/{slot}/withdraw", permission=Permission.SIGN_UP)
async def withdraw(day: str, slot: str, call: Call, tx: Tx) -> Answer:
    """Give a place in a shift back."""
    return await _change_place(call, tx, shifts.withdraw, day, slot, "withdrawn")


@show("/panel/shifts/print", permission=Permission.READ_HUB)
async def show_day_plan(query: PrintedDay, call: Call, tx: Tx, house: House) -> Answer:
    """Show a day's shifts and what is on in the rooms, on one sheet for the wall. What is private is so there too."""
    zone = house.hub.zone
    day = parse_day(query.day) if query.day else house.clock.now().astimezone(zone).date()
    (rota,) = await shifts.rota_of(tx, day, day, hub=house.hub)
    closed = await rooms.closed_between(tx, day, day)
    events = await rooms.events_in_house(tx, day_span(day, zone))
    return page(
        call,
        "day_plan.html",
        title=f"{day:%A} {day.day} {day:%B %Y}",
        day=day,
        closed=closed.get(day),
        slots=[ShownSlot(slot, mine=False, over=False) for slot in rota.slots],
        rooms=[
            (room, todays)
            for room in await rooms.every_room(tx)
            if (todays := [_on_sheet(event, day, zone) for event in events if event.room_id == room.id])
        ],
    )


def _on_sheet(event: RoomEvent, day: date, zone: ZoneInfo) -> tuple[str, str]:
    """Return when an event is and what it is called."""
    start, end = (clock_text(minutes_of(at, day, zone)) for at in (event.starts_at, event.ends_at))
    private = isinstance(event, BookedEvent) and event.private
    return f"{start} {DASH} {end}", "Busy" if private else event.title


async def _change_place(
    call: Call, tx: Tx, verb: Callable[..., Awaitable[object]], day: str, slot: str, notice: str
) -> Answer:
    house = call.house
    try:
        async with tx.savepoint():
            await verb(
                tx,
                call.actor,
                day=parse_day(day),
                index=whole_number(slot, field="slot"),
                hub=house.hub,
                now=house.clock.now(),
            )
    except GuildhallError as error:
        return await _rota(call, tx, house, day, refusal=Refusal.of(error))
    return redirect(told(f"/panel/shifts?date={day}", notice))


async def _rota(call: Call, tx: Tx, house: House, asked: str, *, refusal: Refusal | None = None) -> Answer:
    now, zone = house.clock.now(), house.hub.zone
    today = now.astimezone(zone).date()
    week = week_of(parse_day(asked) if asked else today, today)
    viewer = viewer_of(call).user.id
    days = [_shown(day, viewer, now=now) for day in await shifts.rota_of(tx, week.first, week.last, hub=house.hub)]
    return page(
        call,
        "shifts.html",
        status=refusal.status if refusal else 200,
        title="Shifts",
        dates=span_words(week.first, week.last),
        week=week,
        days=days,
        today=today,
        refusal=refusal,
    )


def _shown(day: RotaDay, viewer: str, *, now: datetime) -> ShownDay:
    return ShownDay(
        day.day,
        [
            ShownSlot(slot, mine=any(one.user_id == viewer for one in slot.volunteers), over=slot.span.end <= now)
            for slot in day.slots
        ],
    )
