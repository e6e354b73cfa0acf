"""What happens at the desk, told live."""

from typing import Final

from guildhall.core import feed
from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.feed import Entry
from guildhall.dialects.rustmail.wire import REFUSED, SESSION
from guildhall.domains.identity import Permission
from guildhall.domains.tickets.categories import sight_of
from guildhall.domains.tickets.tallies import UNCATEGORISED
from guildhall.web.answers import Answer
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import route
from guildhall.web.sse import Chooser, FeedStream

LONGEST_ID: Final = 18
OF_TICKETS: Final = ("ticket.", "message.")


@route(
    "GET", "/api/bot/events", permission=Permission.VIEW_TICKETS, accepts=SESSION, transaction="none",
    refusals=REFUSED, content="text/event-stream",
)  # fmt: skip
async def stream_events(call: Call, actor: Actor, house: House) -> Answer:
    """Follow ticket, message and bot events live (server-sent events)."""
    asked = _number(call.header("last-event-id"))
    async with house.database.read() as tx:
        newest = await feed.last_id(tx)
        missed = asked is not None and not await feed.is_whole_after(tx, asked)
    # Whoever has missed something goes on from now, and is told so.
    after = newest if asked is None or missed else asked
    seen_by = _seen_by(actor)
    return FeedStream(house.database, house.events, seen_by, user_id=actor.user_id, after=after, missed=missed)


def _number(text: str | None) -> int | None:
    """Return the number of an event that somebody has seen. What is no number of ours stands for none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= LONGEST_ID else None


def _seen_by(actor: Actor) -> Chooser:
    async def choose(tx: Tx, entries: list[Entry]) -> list[Entry]:
        categories = (await sight_of(tx, actor)).categories
        if categories is None:
            return entries
        return [
            each
            for each in entries
            if not each.name.startswith(OF_TICKETS) or (each.data["category_id"] or UNCATEGORISED) in categories
        ]

    return choose
