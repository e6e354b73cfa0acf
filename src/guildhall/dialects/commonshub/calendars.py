"""iCalendar feeds: of a room, and of a person at a secret address."""

import asyncio
from datetime import timedelta
from email.utils import format_datetime

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.dialects.commonshub.auth import FOR_USER, OPEN
from guildhall.dialects.commonshub.wire import Reply
from guildhall.domains import identity, rooms, shifts
from guildhall.domains.identity import Permission
from guildhall.domains.identity.errors import FeedNotFound, MissingUserId
from guildhall.domains.rooms import CalendarPlan
from guildhall.domains.rooms.errors import RoomNotFound
from guildhall.web.answers import Answer
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import route

CALENDAR = b"text/calendar; charset=utf-8"
KEPT = timedelta(days=1)


class FeedReply(Reply, frozen=True, kw_only=True):
    """The secret address of a person's calendar."""

    calendar_feed_url: str


@route(
    "GET", "/v1/rooms/{room_id}/calendar.ics", permission=Permission.PUBLIC, accepts=OPEN, refusals=(RoomNotFound,),
    content="text/calendar", also=(304,),
)  # fmt: skip
async def get_room_calendar(room_id: str, tx: Tx, call: Call) -> Answer:
    """Give the room's bookings as a subscribable calendar."""
    house = call.house
    if not house.settings.commonshub.public_calendars:
        raise RoomNotFound
    room = await rooms.access_room(tx, call.actor, room_id)
    plan = await rooms.calendar_of_room(tx, call.actor, room, hub=house.hub, now=house.clock.now())
    return await _document(call, plan)


@route(
    "GET", "/v1/feeds/{feed_token}/shifts.ics", permission=Permission.PUBLIC, accepts=OPEN, refusals=(FeedNotFound,),
    content="text/calendar", also=(304,),
)  # fmt: skip
async def get_shift_feed(feed_token: str, tx: Tx, call: Call) -> Answer:
    """Give one person's shifts and bookings as a subscribable calendar; the address is the credential."""
    house = call.house
    owner = await identity.owner_of_feed(tx, feed_token)
    plan = await shifts.calendar_of_person(tx, owner, hub=house.hub, now=house.clock.now())
    return await _document(call, plan)


@route(
    "POST", "/v1/users/me/calendar-feed", permission=Permission.OWN_PROFILE, accepts=FOR_USER, refusals=(MissingUserId,)
)
async def rotate_calendar_feed(tx: Tx, actor: Actor, house: House) -> FeedReply:
    """Make a new secret address for the acting user's shift and booking feed; the old one dies."""
    user = await identity.access_self(tx, actor, to_change=True)
    token = await identity.rotate_feed(tx, actor, user, box=house.feeds_box, now=house.clock.now())
    return FeedReply(calendar_feed_url=f"{house.settings.public_url}/v1/feeds/{token}/shifts.ics")


async def _document(call: Call, plan: CalendarPlan) -> Answer:
    etag = f'"{plan.tag}"'
    headers = [
        (b"etag", etag.encode()),
        (b"last-modified", format_datetime(plan.changed_at, usegmt=True).encode()),
        (b"cache-control", b"private, max-age=60"),
    ]
    known = [tag.strip().removeprefix("W/") for tag in (call.header("if-none-match") or "").split(",")]
    if etag in known or known == ["*"]:
        return Answer(status=304, headers=headers)
    # Calendar programs ask every few minutes and are answered the same; a document is made once for each content.
    cache, key = call.house.cache, f"calendar:{plan.tag}"
    content = await cache.get(key)
    if content is None:
        content = await asyncio.to_thread(plan.render)
        await cache.set(key, content, ttl=KEPT)
    return Answer(content, media_type=CALENDAR, headers=headers)
