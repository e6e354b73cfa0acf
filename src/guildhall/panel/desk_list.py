"""The front desk: the list of tickets, and what happens to them meanwhile."""

from enum import StrEnum
from typing import Final
from urllib.parse import urlencode

from guildhall.core.db import Tx
from guildhall.core.events import Event
from guildhall.domains import tickets
from guildhall.domains.identity import Permission
from guildhall.domains.tickets import NOBODY, TOPIC, Sort, Wanted, categories
from guildhall.domains.tickets.categories import sight_of
from guildhall.panel.conversation import PageNumber, listed
from guildhall.panel.face import viewer_of
from guildhall.panel.forms import show
from guildhall.panel.pages import PER_PAGE, page
from guildhall.web.answers import Answer
from guildhall.web.bodies import QueryString
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.sse import EventStream

DESK: Final = "/panel/desk"
VIEW: Final = Permission.VIEW_TICKETS
LONGEST_SEARCH: Final = 200


class Which(StrEnum):
    """Open tickets, closed ones, or all."""

    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


class Whose(StrEnum):
    """Claimed by anybody or not, by the viewer, or by nobody."""

    ANY = "any"
    MINE = "mine"
    NOBODY = "nobody"


class DeskList(QueryString, frozen=True, kw_only=True):
    """Which tickets, and which page of them."""

    state: Which = Which.OPEN
    whose: Whose = Whose.ANY
    tag: str = ""
    person: str = ""
    category: str = ""
    q: str = ""
    page: PageNumber = 1

    def wanted(self, viewer: str) -> Wanted:
        """Return what the list is about, for somebody."""
        claimer = {Whose.ANY: None, Whose.MINE: viewer, Whose.NOBODY: NOBODY}[self.whose]
        return Wanted(
            None if self.state is Which.ALL else self.state is Which.CLOSED,
            self.category or None,
            self.person or None,
            claimer,
            self.tag.strip().lower() or None,
            self.q[:LONGEST_SEARCH],
        )

    def path(self, **other: object) -> str:
        """Return the address of this list, with something else in place."""
        asked = {name: getattr(self, name) for name in ("state", "whose", "tag", "person", "category", "q")} | other
        usual = {"state": Which.OPEN, "whose": Whose.ANY, "page": 1}
        kept = {name: value for name, value in asked.items() if value and value != usual.get(name)}
        return f"{DESK}?{urlencode(kept)}" if kept else DESK


class OfTicket(QueryString, frozen=True, kw_only=True):
    """The ticket that is followed; all of them if none."""

    ticket: str = ""


@show(DESK, permission=VIEW)
async def list_tickets(query: DeskList, call: Call, tx: Tx) -> Answer:
    """List tickets: those that somebody wrote in last come first."""
    viewer = viewer_of(call).person.id
    found = await tickets.find_tickets(
        call.house.database,
        tx,
        query.wanted(viewer),
        sight=await sight_of(tx, call.actor),
        sort=Sort.LAST_MESSAGE,
        limit=PER_PAGE,
        offset=(query.page - 1) * PER_PAGE,
    )
    return page(
        call,
        "desk.html",
        title="Tickets",
        query=query,
        me=viewer,
        tickets=await listed(tx, found.tickets, viewer, DESK),
        categories=await categories.list_categories(tx),
        total=found.total,
        has_more=query.page * PER_PAGE < found.total,
    )


@show(DESK + "/live", permission=VIEW, transaction="none")
async def follow(query: OfTicket, call: Call, house: House) -> Answer:
    """Tell, for as long as somebody looks, that something has happened at the desk, or in one ticket."""
    async with house.database.read() as tx:
        seen = (await sight_of(tx, call.actor)).categories

    def concerns(event: Event) -> bool:
        told_of = event.data.get("category_id") or ""
        return query.ticket in {"", event.data.get("ticket_id")} and (seen is None or told_of in seen)

    return EventStream(house.events, TOPIC, only=concerns)
