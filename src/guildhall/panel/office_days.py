"""The days on which the whole house is closed."""

from datetime import timedelta

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError
from guildhall.domains import rooms
from guildhall.domains.identity import Permission
from guildhall.domains.rooms.times import parse_day
from guildhall.panel.forms import change, show
from guildhall.panel.pages import file_words, page, told
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form
from guildhall.web.calls import Call
from guildhall.web.house import House

DAYS = "/panel/office/closed-days"
MANAGE = Permission.MANAGE_ROOMS
LOOK_AHEAD = timedelta(days=730)


class ClosedDayForm(Form, frozen=True, kw_only=True):
    """A day on which the house is closed, and why."""

    day: str = ""
    reason: str = ""


@show(DAYS, permission=MANAGE)
async def list_days(call: Call, tx: Tx, house: House) -> Answer:
    """List the closed days to come."""
    return await _list(call, tx, house)


@change(DAYS, permission=MANAGE)
async def close_day(form: ClosedDayForm, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Close the house for a day."""
    try:
        async with tx.savepoint():
            await rooms.close_day(tx, actor, parse_day(form.day), reason=form.reason, now=house.clock.now())
    except GuildhallError as error:
        return await _list(call, tx, house, entered=form, refusal=Refusal.of(error, fields={"date": "day"}))
    return redirect(told(DAYS, "day-closed"))


@change(DAYS + "/{day}/open", permission=MANAGE)
async def reopen_day(day: str, tx: Tx, actor: Actor, house: House) -> Answer:
    """Open the house again on a day."""
    await rooms.reopen_day(tx, actor, parse_day(day), now=house.clock.now())
    return redirect(told(DAYS, "day-opened"))


async def _list(
    call: Call, tx: Tx, house: House, *, entered: ClosedDayForm | None = None, refusal: Refusal | None = None
) -> Answer:
    today = house.clock.now().astimezone(house.hub.zone).date()
    closed = await rooms.closed_between(tx, today, today + LOOK_AHEAD)
    return page(
        call,
        "office_days.html",
        status=refusal.status if refusal else 200,
        title="Closed days",
        closed=list(closed.values()),
        by_file=file_words(house),
        entered=entered or ClosedDayForm(),
        refusal=refusal,
    )
