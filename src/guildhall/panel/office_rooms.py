"""Rooms and their hours."""

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError, InvalidField, NotFound
from guildhall.domains import rooms
from guildhall.domains.identity import Permission
from guildhall.domains.rooms import Hours, Opening, Room, RoomPlan
from guildhall.domains.rooms.errors import RoomNotFound
from guildhall.domains.rooms.times import clock_text, parse_minutes
from guildhall.panel.forms import change, show, text_or_none, whole_number
from guildhall.panel.office_calendars import alerts_of
from guildhall.panel.pages import file_words, page, told
from guildhall.panel.templating import DASH
from guildhall.panel.words import WEEKDAYS, Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form, read_form
from guildhall.web.calls import Call
from guildhall.web.house import House

ROOMS = "/panel/office/rooms"
MANAGE = Permission.MANAGE_ROOMS
FIELDS = {"shortName": "short_name", "maxAdvanceDays": "max_advance_days", "openingHours": "opens", "start": "opens"}
"""Names of the form's fields for those that the domain uses."""


class RoomForm(Form, frozen=True, kw_only=True):
    """How a room is to be; the hours of weekdays are fields of their own."""

    name: str = ""
    short_name: str = ""
    capacity: str = "10"
    amenities: str = ""
    description: str = ""
    opens: str = "08:00"
    closes: str = "22:00"
    bookable: str = ""
    max_advance_days: str = ""
    refuse_past: str = ""


class NewRoomForm(Form, frozen=True, kw_only=True):
    """The id of a new room; the APIs know it by this."""

    id: str = ""


@show("/panel/office", permission=MANAGE, transaction="none")
async def enter_office() -> Answer:
    """Lead to the first page of the hub's configuration."""
    return redirect(ROOMS)


@show(ROOMS, permission=MANAGE)
async def list_rooms(call: Call, tx: Tx, house: House) -> Answer:
    """List all rooms."""
    return page(
        call,
        "office_rooms.html",
        title="Rooms and hours",
        rooms=await rooms.every_room(tx),
        hours_of=_hours_words,
        by_file=file_words(house),
        alerts=await alerts_of(tx, house),
    )


@show(ROOMS + "/new", permission=MANAGE)
async def show_new_room(call: Call) -> Answer:
    """Show an empty form for a room."""
    return _form(call, None, RoomForm(bookable="yes"), {})


@change(ROOMS + "/new", permission=MANAGE)
async def create_room(room: NewRoomForm, form: RoomForm, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Make a room."""
    fields = read_form(call.body, dict[str, str])
    try:
        if await _known(tx, actor, room.id) is not None:
            raise InvalidField("Another room has this id, perhaps an archived one", field="id")
        plan = _plan(form, fields, None)
        async with tx.savepoint():
            await rooms.put_room(tx, actor, None, room_id=room.id, plan=plan, now=house.clock.now())
    except GuildhallError as error:
        return _form(call, None, form, fields, error=error)
    return redirect(told(ROOMS, "room-saved"))


@show(ROOMS + "/{room_id}", permission=MANAGE)
async def show_room(room_id: str, call: Call, tx: Tx, actor: Actor) -> Answer:
    """Show the form of a room."""
    room = await rooms.access_room(tx, actor, room_id)
    return _form(call, room, _filled(room), _weekday_fields(room))


@change(ROOMS + "/{room_id}", permission=MANAGE)
async def save_room(room_id: str, form: RoomForm, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Replace a room's description and rules."""
    room = await rooms.access_room_to_change(tx, actor, room_id)
    if room is None:
        raise RoomNotFound
    fields = read_form(call.body, dict[str, str])
    try:
        plan = _plan(form, fields, room)
        async with tx.savepoint():
            await rooms.put_room(tx, actor, room, room_id=room_id, plan=plan, now=house.clock.now())
    except GuildhallError as error:
        return _form(call, room, form, fields, error=error)
    return redirect(told(ROOMS, "room-saved"))


@change(ROOMS + "/{room_id}/archive", permission=MANAGE)
async def archive_room(room_id: str, tx: Tx, actor: Actor, house: House) -> Answer:
    """Take a room out of every list."""
    room = await rooms.access_room_to_change(tx, actor, room_id)
    if room is None:
        raise RoomNotFound
    await rooms.archive_room(tx, actor, room, now=house.clock.now())
    return redirect(told(ROOMS, "room-archived"))


async def _known(tx: Tx, actor: Actor, room_id: str) -> Room | None:
    """Return the room that has this id. Raises InvalidField for what is no id."""
    try:
        return await rooms.access_room_to_change(tx, actor, room_id)
    except NotFound as error:
        raise InvalidField(error.message, field="id") from error


def _form(
    call: Call, room: Room | None, form: RoomForm, fields: dict[str, str], *, error: GuildhallError | None = None
) -> Answer:
    refusal = Refusal.of(error, fields=FIELDS) if error else None
    return page(
        call,
        "office_room.html",
        status=refusal.status if refusal else 200,
        title=room.name if room else "A new room",
        room=room,
        form=form,
        fields=fields,
        weekdays=list(enumerate(WEEKDAYS)),
        by_file=file_words(call.house) if room and room.managed_by_file else "",
        refusal=refusal,
    )


def _plan(form: RoomForm, fields: dict[str, str], known: Room | None) -> RoomPlan:
    """Return the plan that the form states. Raises InvalidField, InvalidTime."""
    limit = form.max_advance_days.strip()
    return RoomPlan(
        name=form.name,
        short_name=form.short_name.strip() or None,
        capacity=whole_number(form.capacity, field="capacity"),
        amenities=[part.strip() for part in form.amenities.split(",") if part.strip()],
        description=text_or_none(form.description),
        calendar_id=known.calendar_id if known else None,
        opening=Opening(_hours(form.opens, form.closes), _weekdays(fields)),
        bookable=bool(form.bookable),
        max_advance_days=whole_number(limit, field="max_advance_days") if limit else None,
        refuse_past=bool(form.refuse_past),
    )


def _weekdays(fields: dict[str, str]) -> dict[int, Hours | None]:
    """Return the weekdays with hours of their own."""
    found: dict[int, Hours | None] = {}
    for weekday in range(len(WEEKDAYS)):
        mode = fields.get(f"mode_{weekday}", "daily")
        if mode == "closed":
            found[weekday] = None
        elif mode == "own":
            found[weekday] = _hours(fields.get(f"opens_{weekday}", ""), fields.get(f"closes_{weekday}", ""))
    return found


def _hours(opens: str, closes: str) -> Hours:
    # A time field cannot say 24:00: midnight as the end is the day's own.
    return Hours(parse_minutes(opens), parse_minutes("24:00" if closes == "00:00" else closes))


def _filled(room: Room) -> RoomForm:
    daily = room.opening.daily
    return RoomForm(
        name=room.name,
        short_name=room.short_name,
        capacity=str(room.capacity),
        amenities=", ".join(room.amenities),
        description=room.description or "",
        opens=clock_text(daily.opens),
        closes=_field_text(daily.closes),
        bookable="yes" if room.bookable else "",
        max_advance_days="" if room.max_advance_days is None else str(room.max_advance_days),
        refuse_past="yes" if room.refuse_past else "",
    )


def _weekday_fields(room: Room) -> dict[str, str]:
    fields: dict[str, str] = {}
    for weekday, hours in room.opening.weekdays.items():
        fields[f"mode_{weekday}"] = "own" if hours else "closed"
        if hours:
            fields[f"opens_{weekday}"], fields[f"closes_{weekday}"] = clock_text(hours.opens), _field_text(hours.closes)
    return fields


def _field_text(minutes: int) -> str:
    return clock_text(minutes).replace("24:00", "00:00")


def _hours_words(room: Room) -> str:
    """Write a room's hours: those of every day, then the days that differ."""
    daily = room.opening.daily
    words = [f"{clock_text(daily.opens)} {DASH} {clock_text(daily.closes)}"]
    for weekday, hours in sorted(room.opening.weekdays.items()):
        shown = f"{clock_text(hours.opens)} {DASH} {clock_text(hours.closes)}" if hours else "closed"
        words.append(f"{WEEKDAYS[weekday][:3]} {shown}")
    return ", ".join(words)
