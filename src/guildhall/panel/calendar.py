"""The week of all rooms, and of one."""

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.domains import rooms
from guildhall.domains.identity import Permission
from guildhall.domains.rooms import Room
from guildhall.domains.rooms.times import parse_day
from guildhall.panel.face import viewer_of
from guildhall.panel.forms import show
from guildhall.panel.pages import page
from guildhall.panel.templating import span_words
from guildhall.panel.week import Axis, Row, Scene, Week, axis_of, hourly, row_of, week_of
from guildhall.web.answers import Answer
from guildhall.web.bodies import QueryString
from guildhall.web.calls import Call
from guildhall.web.house import House


class Chosen(QueryString, frozen=True, kw_only=True):
    """A day of the week to show; today's when empty."""

    date: str = ""


@show("/panel/rooms", permission=Permission.READ_HUB)
async def show_week(query: Chosen, call: Call, tx: Tx, house: House) -> Answer:
    """Show a week of all rooms that take bookings."""
    every = await rooms.list_rooms(tx)
    week, axis, rows = await _draw(call, tx, house, query.date, list(enumerate(every)))
    title = span_words(week.first, week.last)
    return page(call, "week.html", week=week, axis=axis, rows=rows, title=title)


@show("/panel/rooms/{room_id}", permission=Permission.READ_HUB)
async def show_room(room_id: str, query: Chosen, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Show a week of one room, hour by hour."""
    room = await rooms.access_room(tx, actor, room_id)
    every = await rooms.list_rooms(tx)
    position = next((at for at, each in enumerate(every) if each.id == room.id), 0)
    week, axis, rows = await _draw(call, tx, house, query.date, [(position, room)])
    return page(
        call, "room.html", week=week, axis=axis, row=rows[0], every=every, title=room.name,
        dates=span_words(week.first, week.last), hourly=hourly,
    )  # fmt: skip


async def _draw(
    call: Call, tx: Tx, house: House, asked: str, numbered: list[tuple[int, Room]]
) -> tuple[Week, Axis, list[Row]]:
    scene = Scene(
        now=house.clock.now(),
        zone=house.hub.zone,
        viewer_id=viewer_of(call).user.id,
        shows_details=lambda event: rooms.may_see_details(call.actor, event),
    )
    chosen = parse_day(asked) if asked else scene.today
    week = week_of(chosen, scene.today)
    closed = await rooms.closed_between(tx, week.first, week.last)
    plans = {room.id: await rooms.schedule_of(tx, room, week.first, week.last, hub=house.hub) for _, room in numbered}
    axis = axis_of((room for _, room in numbered), (plan for each in plans.values() for plan in each), scene.zone)
    rows = [row_of(position, room, plans[room.id], closed, axis, scene) for position, room in numbered]
    return week, axis, rows
