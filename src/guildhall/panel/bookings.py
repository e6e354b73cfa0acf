"""Booking a room, looking at a booking, giving it back."""

from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError
from guildhall.domains import rooms
from guildhall.domains.identity import Permission
from guildhall.domains.rooms import Hub, Room, Wish
from guildhall.domains.rooms.errors import RoomBooked
from guildhall.domains.rooms.schedule import FAR_AHEAD
from guildhall.domains.rooms.times import Span, clock_text, instant_at, local_time, parse_day, parse_minutes
from guildhall.panel.face import viewer_of
from guildhall.panel.forms import change, show, text_or_none
from guildhall.panel.pages import local_path, page, told
from guildhall.panel.templating import DASH
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form, QueryString
from guildhall.web.calls import Call
from guildhall.web.house import House

HOUR = 60
NINE = 9 * HOUR
MIDNIGHT = 24 * HOUR
LOOK_BACK = timedelta(days=60)


class Place(QueryString, frozen=True, kw_only=True):
    """The free place that was clicked."""

    room: str = ""
    date: str = ""
    start: str = ""


class BookingForm(Form, frozen=True, kw_only=True):
    """What to book. `pick` is an alternative that was chosen; `past` says that the past is meant."""

    room: str = ""
    date: str = ""
    start: str = ""
    end: str = ""
    title: str = ""
    description: str = ""
    private: str = ""
    email: str = ""
    pick: str = ""
    past: str = ""
    back: str = ""

    def picked(self) -> "BookingForm":
        """Return the form with the chosen alternative in place of what was wanted first."""
        parts = self.pick.split(" ")
        if len(parts) != 4:  # noqa: PLR2004 (room, day, start, end)
            return self
        room, day, start, end = parts
        return msgspec.structs.replace(self, room=room, date=day, start=start, end=end, pick="")

    def wish(self) -> Wish:
        """Return what is wished for. Raises InvalidDate, InvalidTime."""
        end = parse_minutes(self.end)
        return Wish(
            day=parse_day(self.date),
            start=parse_minutes(self.start),
            # A time field cannot say 24:00.
            end=end or MIDNIGHT,
            title=self.title,
            description=text_or_none(self.description),
            private=bool(self.private),
            email=text_or_none(self.email),
        )


class Alternative(NamedTuple):
    """A free place of the wanted length; `value` books it."""

    value: str
    words: str


class Cancellation(Form, frozen=True, kw_only=True):
    """Where to go after cancelling."""

    back: str = ""


@show("/panel/book", permission=Permission.BOOK_ROOMS)
async def show_booking_form(query: Place, call: Call, tx: Tx, house: House) -> Answer:
    """Show the form, filled with the place that was clicked."""
    every = await rooms.list_rooms(tx)
    zone, now = house.hub.zone, house.clock.now()
    local = now.astimezone(zone)
    start = parse_minutes(query.start) if query.start else _next_hour(local)
    form = BookingForm(
        room=query.room or (every[0].id if every else ""),
        date=query.date or local.date().isoformat(),
        start=clock_text(start),
        end=clock_text(min(start + HOUR, MIDNIGHT)),
        back=_came_from(call),
    )
    return _form_page(call, every, form, hub=house.hub, now=now)


@change("/panel/book", permission=Permission.BOOK_ROOMS)
async def book(form: BookingForm, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Book the room, ask first when the time is past, and offer free places when it is taken."""
    form = form.picked()
    hub, now = house.hub, house.clock.now()
    every = await rooms.list_rooms(tx)
    try:
        wish = form.wish()
        if not form.past and instant_at(wish.day, wish.start, hub.zone) < now:
            return _form_page(call, every, form, hub=hub, now=now, asks_past=True)
        async with tx.savepoint():
            room = await rooms.access_room(tx, actor, form.room, to_book=True)
            await rooms.book_room(tx, actor, room, wish, hub=hub, now=now)
    except GuildhallError as error:
        return _form_page(call, every, form, hub=hub, now=now, error=error)
    return redirect(told(local_path(form.back, otherwise=f"/panel/rooms?date={form.date}"), "booked"))


@show("/panel/bookings", permission=Permission.BOOK_ROOMS)
async def show_own_bookings(call: Call, tx: Tx, house: House) -> Answer:
    """Show what the person has booked: what comes, and the last weeks."""
    now = house.clock.now()
    events = await rooms.bookings_of(tx, viewer_of(call).user.id, Span(now - LOOK_BACK, now + FAR_AHEAD))
    names = {room.id: room.name for room in await rooms.every_room(tx)}
    coming = [event for event in events if event.ends_at > now]
    over = [event for event in reversed(events) if event.ends_at <= now]
    return page(call, "bookings.html", title="My bookings", coming=coming, over=over, names=names)


@show("/panel/bookings/{booking_id}", permission=Permission.READ_HUB)
async def show_booking(booking_id: str, call: Call, tx: Tx, actor: Actor) -> Answer:
    """Show one booking, with the way to cancel it for whoever may."""
    event = await rooms.access_event(tx, actor, booking_id)
    room = await rooms.access_room(tx, actor, event.room_id)
    shown = rooms.may_see_details(actor, event)
    return page(
        call, "booking.html", title=event.title if shown else "Busy", event=event, room=room, shown=shown,
        mine=event.user_id == actor.user_id, back=_came_from(call),
    )  # fmt: skip


@change("/panel/bookings/{booking_id}/cancel", permission=Permission.READ_HUB)
async def cancel(booking_id: str, form: Cancellation, tx: Tx, actor: Actor, house: House) -> Answer:
    """Give the time back."""
    event = await rooms.access_event(tx, actor, booking_id)
    room = await rooms.access_room(tx, actor, event.room_id)
    booking = await rooms.access_booking_to_cancel(tx, actor, room, event.id)
    await rooms.cancel_booking(tx, actor, booking, room, hub=house.hub, now=house.clock.now())
    return redirect(told(local_path(form.back, otherwise="/panel/bookings"), "cancelled"))


def _form_page(
    call: Call,
    every: list[Room],
    form: BookingForm,
    *,
    hub: Hub,
    now: datetime,
    asks_past: bool = False,
    error: GuildhallError | None = None,
) -> Answer:
    alternatives = _alternatives(error, every, hub, now) if isinstance(error, RoomBooked) else []
    refusal = Refusal.of(error) if error else None
    return page(
        call, "book.html", status=409 if asks_past else refusal.status if refusal else 200, title="Book a room",
        form=form, every=every, refusal=refusal, alternatives=alternatives, asks_past=asks_past,
        today=now.astimezone(hub.zone).date(),
    )  # fmt: skip


def _alternatives(error: RoomBooked, every: list[Room], hub: Hub, now: datetime) -> list[Alternative]:
    """Return the free places that a refusal names, without those that are past already."""
    names = {room.id: room.name for room in every}
    found: list[Alternative] = []
    free = error.details.get("alternatives", [])
    for each in msgspec.convert(free, list[dict[str, str]]):
        start, end = (datetime.fromisoformat(each[edge]).astimezone(hub.zone) for edge in ("start", "end"))
        if start > now:
            until = "24:00" if end == local_time(start.date(), MIDNIGHT, hub.zone) else f"{end:%H:%M}"
            value = f"{each['room']} {start.date()} {start:%H:%M} {until}"
            found.append(Alternative(value, f"{names.get(each['room'], each['room'])}, {start:%H:%M} {DASH} {until}"))
    return found


def _next_hour(local: datetime) -> int:
    return min((local.hour + 1) * HOUR, MIDNIGHT - HOUR) if local.hour >= NINE // HOUR - 1 else NINE


def _came_from(call: Call) -> str:
    """Return the page of the panel that led here, to come back to it."""
    came = urlsplit(call.header("referer") or "")
    path = local_path(f"{came.path}?{came.query}" if came.query else came.path, otherwise="")
    return path if path.startswith(("/panel/rooms", "/panel/bookings")) else ""
