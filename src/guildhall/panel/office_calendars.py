"""Calendars outside: which room is linked to which, how that goes, and what is in the way of a booking."""

from dataclasses import dataclass

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError
from guildhall.domains import calendars, rooms, shifts
from guildhall.domains.calendars import SHIFTS, CalendarKind, CalendarPlan, Link, Trouble, WriteCounts
from guildhall.domains.identity import Permission
from guildhall.domains.rooms import Room
from guildhall.domains.rooms.errors import RoomNotFound
from guildhall.panel.forms import change, show
from guildhall.panel.pages import file_words, page, told
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form
from guildhall.web.calls import Call
from guildhall.web.house import House

CALENDARS = "/panel/office/calendars"
MANAGE = Permission.MANAGE_ROOMS
PLAN_NAME = "The shift plan"


class LinkForm(Form, frozen=True, kw_only=True):
    """A calendar outside; an empty password is the one that is known already."""

    kind: str = CalendarKind.CALDAV
    address: str = ""
    username: str = ""
    password: str = ""


class EventForm(Form, frozen=True, kw_only=True):
    """Which event a calendar was never told."""

    event: str = ""


@dataclass(frozen=True)
class Shown:
    """A room or the shift plan with its link, if it has one."""

    target: str
    name: str
    link: Link | None
    counts: WriteCounts | None


@dataclass(frozen=True)
class ShownTrouble:
    """A trouble with the words and addresses for it; `event_path` is the page of the event, when it is of one."""

    trouble: Trouble
    name: str
    event_path: str


@show(CALENDARS, permission=MANAGE)
async def list_calendars(call: Call, tx: Tx, house: House) -> Answer:
    """List every room and the shift plan with its calendar outside, and what needs somebody's eye."""
    links = {link.target: link for link in await calendars.list_links(tx)}
    counts = await calendars.count_writes(tx)
    every = await rooms.every_room(tx)
    names = _names(every, links)
    return page(
        call,
        "office_calendars.html",
        title="Calendars",
        shown=[
            Shown(target, name, link, counts.get(link.id) if link else None)
            for target, name in names.items()
            for link in [links.get(target)]
        ],
        conflicts=await rooms.list_conflicts(tx, since=house.clock.now()),
        troubles=[_shown(each, names) for each in await calendars.list_troubles(tx)],
        names={room.id: room.name for room in every},
        by_file=file_words(house),
    )


@show(CALENDARS + "/{target}", permission=MANAGE)
async def show_calendar(target: str, call: Call, tx: Tx, actor: Actor) -> Answer:
    """Show the form of a link."""
    name = await _name_of(tx, actor, target)
    link = await calendars.link_of(tx, target)
    return _form(call, target, name, link, _filled(link))


@change(CALENDARS + "/{target}", permission=MANAGE)
async def save_calendar(target: str, form: LinkForm, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Link a room or the shift plan, or change its link."""
    name = await _name_of(tx, actor, target)
    try:
        async with tx.savepoint():
            await calendars.link_calendar(
                tx, actor, _plan(target, form), box=house.calendars_box, now=house.clock.now()
            )
    except GuildhallError as error:
        return _form(call, target, name, await calendars.link_of(tx, target), form, error=error)
    return redirect(told(CALENDARS, "calendar-linked"))


@change(CALENDARS + "/{target}/unlink", permission=MANAGE)
async def unlink_calendar(target: str, tx: Tx, actor: Actor, house: House) -> Answer:
    """End a link."""
    await calendars.unlink_calendar(tx, actor, target, now=house.clock.now())
    return redirect(told(CALENDARS, "calendar-unlinked"))


@change(CALENDARS + "/{target}/sync", permission=MANAGE)
async def sync_calendar(target: str, tx: Tx, actor: Actor, house: House) -> Answer:
    """Listen to a calendar now."""
    await calendars.sync_now(tx, actor, target, now=house.clock.now())
    return redirect(told(CALENDARS, "calendar-asked"))


@change(CALENDARS + "/{target}/retry", permission=MANAGE)
async def retry_event(target: str, form: EventForm, tx: Tx, actor: Actor, house: House) -> Answer:
    """Try again to tell a calendar of an event."""
    await calendars.retry_write(tx, actor, target, form.event, now=house.clock.now())
    return redirect(told(CALENDARS, "calendar-retried"))


async def alerts_of(tx: Tx, house: House) -> str:
    """Return in words how much on the page of calendars needs somebody's eye; empty when nothing does."""
    conflicts = len(await rooms.list_conflicts(tx, since=house.clock.now()))
    troubles = len(await calendars.list_troubles(tx))
    counted = [
        f"{count} {word if count == 1 else f'{word}s'}"
        for count, word in ((conflicts, "conflict"), (troubles, "trouble"))
        if count
    ]
    return " and ".join(counted)


def _names(every: list[Room], links: dict[str, Link]) -> dict[str, str]:
    """Return what can be linked, in the order of the house; an archived room only while it is linked."""
    named = {
        target: room.name
        for room in every
        for target in [calendars.room_target(room.id)]
        if room.archived_at is None or target in links
    }
    return {**named, SHIFTS: PLAN_NAME}


async def _name_of(tx: Tx, actor: Actor, target: str) -> str:
    """Return what a target is called. Raises RoomNotFound."""
    if target == SHIFTS:
        return PLAN_NAME
    room_id = calendars.room_of(target)
    if room_id is None:
        raise RoomNotFound
    return (await rooms.access_room(tx, actor, room_id)).name


def _shown(trouble: Trouble, names: dict[str, str]) -> ShownTrouble:
    path = ""
    if trouble.event_id is not None and trouble.target == SHIFTS:
        slot = shifts.slot_of_event(trouble.event_id)
        path = f"/panel/shifts?date={slot[0]}" if slot else ""
    elif trouble.event_id is not None:
        path = f"/panel/bookings/{trouble.event_id}"
    return ShownTrouble(trouble, names[trouble.target], path)


def _plan(target: str, form: LinkForm) -> CalendarPlan:
    """Return the plan that the form states; for Google there is no account to name."""
    if form.kind == CalendarKind.GOOGLE:
        return CalendarPlan(target=target, kind=CalendarKind.GOOGLE, address=form.address.strip())
    return CalendarPlan(
        target=target,
        kind=CalendarKind.CALDAV,
        address=form.address.strip(),
        username=form.username.strip() or None,
        password=form.password or None,
    )


def _filled(link: Link | None) -> LinkForm:
    if link is None:
        return LinkForm()
    return LinkForm(kind=link.kind, address=link.address, username=link.username or "")


def _form(
    call: Call, target: str, name: str, link: Link | None, form: LinkForm, *, error: GuildhallError | None = None
) -> Answer:
    refusal = Refusal.of(error) if error else None
    return page(
        call,
        "office_calendar.html",
        status=refusal.status if refusal else 200,
        title=name,
        target=target,
        link=link,
        form=form,
        account=call.house.google_account,
        by_file=file_words(call.house) if link and link.managed_by_file else "",
        refusal=refusal,
    )
