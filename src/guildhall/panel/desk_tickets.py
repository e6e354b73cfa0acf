"""The front desk: every ticket, and what staff do with it."""

from enum import StrEnum
from typing import Final
from urllib.parse import urlencode

from guildhall.core import ids
from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError, InvalidField
from guildhall.core.events import Event
from guildhall.domains import identity, tickets
from guildhall.domains.identity import Permission
from guildhall.domains.tickets import (
    EVERYTHING,
    NOBODY,
    TOPIC,
    Details,
    Draft,
    Priority,
    Sort,
    Source,
    Ticket,
    TicketState,
    Wanted,
)
from guildhall.panel.conversation import (
    NEWEST,
    STATES,
    Earlier,
    PageNumber,
    Work,
    listed,
    note_reading,
    thread_for_staff,
)
from guildhall.panel.face import viewer_of
from guildhall.panel.forms import change, show
from guildhall.panel.pages import PER_PAGE, page, told
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form, QueryString
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.sse import EventStream

DESK: Final = "/panel/desk"
ONE: Final = DESK + "/{ticket_id}"
VIEW: Final = Permission.VIEW_TICKETS
MANAGE: Final = Permission.MANAGE_TICKETS
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
    q: str = ""
    page: PageNumber = 1

    def wanted(self, viewer: str) -> Wanted:
        """Return what the list is about, for somebody."""
        claimer = {Whose.ANY: None, Whose.MINE: viewer, Whose.NOBODY: NOBODY}[self.whose]
        return Wanted(
            None if self.state is Which.ALL else self.state is Which.CLOSED,
            None,
            self.person or None,
            claimer,
            self.tag.strip().lower() or None,
            self.q[:LONGEST_SEARCH],
        )

    def path(self, **other: object) -> str:
        """Return the address of this list, with something else in place."""
        asked = {name: getattr(self, name) for name in ("state", "whose", "tag", "person", "q")} | other
        usual = {"state": Which.OPEN, "whose": Whose.ANY, "page": 1}
        kept = {name: value for name, value in asked.items() if value and value != usual.get(name)}
        return f"{DESK}?{urlencode(kept)}" if kept else DESK


class OfTicket(QueryString, frozen=True, kw_only=True):
    """The ticket that is followed; all of them if none."""

    ticket: str = ""


class Reply(Form, frozen=True, kw_only=True):
    """Something to say or to note; `client_id` makes a form that is sent twice one message."""

    text: str = ""
    anonymous: str = ""
    client_id: str = ""


class Sorting(Form, frozen=True, kw_only=True):
    """What a ticket is about, how it is labelled, and how much it presses; tags stand apart by spaces or commas."""

    subject: str = ""
    label: str = ""
    tags: str = ""
    priority: str = Priority.NORMAL

    def urgency(self) -> Priority:
        """Return how much it presses. Raises InvalidField."""
        if self.priority not in set(Priority):
            raise InvalidField("Choose a priority", field="priority")
        return Priority(self.priority)

    def words(self) -> list[str]:
        """Return the tags."""
        return self.tags.lower().replace(",", " ").split()


class Holding(Form, frozen=True, kw_only=True):
    """Whether a ticket is to rest."""

    rests: str = ""


class Closing(Form, frozen=True, kw_only=True):
    """What the person is told at the end."""

    reason: str = ""


@show(DESK, permission=VIEW)
async def list_tickets(query: DeskList, call: Call, tx: Tx) -> Answer:
    """List tickets: those that somebody wrote in last come first."""
    viewer = viewer_of(call).person.id
    found = await tickets.list_tickets(
        tx,
        query.wanted(viewer),
        sight=EVERYTHING,
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
        total=found.total,
        has_more=query.page * PER_PAGE < found.total,
    )


@show(DESK + "/live", permission=VIEW, transaction="none")
async def follow(query: OfTicket, house: House) -> Answer:
    """Tell, for as long as somebody looks, that something has happened at the desk, or in one ticket."""

    def concerns(event: Event) -> bool:
        return query.ticket in {"", event.data.get("ticket_id")}

    return EventStream(house.events, TOPIC, only=concerns)


@show(ONE, permission=VIEW, transaction="none")
async def show_ticket(ticket_id: str, query: Earlier, call: Call, house: House) -> Answer:
    """Show a ticket, which the viewer has read then."""
    async with house.database.read() as tx:
        ticket = await tickets.access_ticket(tx, call.actor, ticket_id, sight=EVERYTHING)
        shown = await _page(call, tx, ticket, before=query.before)
    await note_reading(call, ticket, viewer_of(call).person.id)
    return shown


@change(ONE + "/reply", permission=MANAGE)
async def reply(ticket_id: str, form: Reply, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Answer the ticket's person."""
    person = viewer_of(call).person
    draft = Draft(form.text, Source.PANEL, bool(form.anonymous), form.client_id or None)
    return await _after(
        call,
        tx,
        ticket_id,
        lambda ticket: tickets.write_as_staff(tx, actor, ticket, person, draft, now=house.clock.now()),
        entered=form,
    )


@change(ONE + "/note", permission=MANAGE)
async def note(ticket_id: str, form: Reply, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Write down what only staff read."""
    person, draft = viewer_of(call).person, Draft(form.text, Source.PANEL, client_id=form.client_id or None)
    return await _after(
        call,
        tx,
        ticket_id,
        lambda ticket: tickets.write_note(tx, actor, ticket, person, draft, now=house.clock.now()),
        entered=form,
        beside="note",
    )


@change(ONE + "/claim", permission=MANAGE)
async def claim(ticket_id: str, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Take a ticket."""
    person, now = viewer_of(call).person, house.clock.now()
    return await _after(call, tx, ticket_id, lambda ticket: tickets.claim_ticket(tx, actor, ticket, person, now=now))


@change(ONE + "/release", permission=MANAGE)
async def release(ticket_id: str, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Give a ticket back."""
    now = house.clock.now()
    return await _after(call, tx, ticket_id, lambda ticket: tickets.release_ticket(tx, actor, ticket, now=now))


@change(ONE + "/hold", permission=MANAGE)
async def hold(ticket_id: str, form: Holding, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Let a ticket rest until its person writes, or go on with it."""
    rests, now = bool(form.rests), house.clock.now()
    return await _after(
        call, tx, ticket_id, lambda ticket: tickets.hold_ticket(tx, actor, ticket, on_hold=rests, now=now)
    )


@change(ONE + "/sort", permission=MANAGE)
async def sort(ticket_id: str, form: Sorting, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Say what a ticket is about and how much it presses."""
    now = house.clock.now()

    async def work(ticket: Ticket) -> None:
        await tickets.sort_ticket(
            tx, actor, ticket, label=form.label, priority=form.urgency(), subject=form.subject, now=now
        )
        await tickets.tag_ticket(tx, actor, ticket, form.words(), now=now)

    return await _after(call, tx, ticket_id, work, sorting=form, done="ticket-sorted")


@change(ONE + "/close", permission=MANAGE)
async def close(ticket_id: str, form: Closing, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Close a ticket, and tell its person why."""
    by, now = viewer_of(call).person.id, house.clock.now()
    return await _after(
        call,
        tx,
        ticket_id,
        lambda ticket: tickets.close_ticket(tx, actor, ticket, by=by, reason=form.reason, now=now),
        done="ticket-closed",
    )


@change(ONE + "/reopen", permission=MANAGE)
async def reopen(ticket_id: str, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Open a closed ticket again."""
    now = house.clock.now()
    return await _after(
        call,
        tx,
        ticket_id,
        lambda ticket: tickets.reopen_ticket(tx, actor, ticket, now=now),
        done="ticket-reopened",
    )


async def _after(
    call: Call,
    tx: Tx,
    ticket_id: str,
    work: Work,
    *,
    entered: Reply | None = None,
    sorting: Sorting | None = None,
    beside: str = "reply",
    done: str = "",
) -> Answer:
    """Change a ticket and go back to it, or show it with why that was refused and what was entered."""
    try:
        async with tx.savepoint():
            await work(await tickets.access_ticket_to_change(tx, call.actor, ticket_id, sight=EVERYTHING))
    except GuildhallError as error:
        ticket = await tickets.access_ticket(tx, call.actor, ticket_id, sight=EVERYTHING)
        refusal = Refusal.of(error, fields={"text": beside})
        return await _page(
            call, tx, ticket, entered={beside: entered} if entered else {}, sorting=sorting, refusal=refusal
        )
    return redirect(told(f"{DESK}/{ticket_id}", done) if done else f"{DESK}/{ticket_id}")


async def _page(
    call: Call,
    tx: Tx,
    ticket: Ticket,
    *,
    before: int = NEWEST,
    entered: dict[str, Reply] | None = None,
    sorting: Sorting | None = None,
    refusal: Refusal | None = None,
) -> Answer:
    details = await tickets.details_of(tx, ticket)
    written = entered or {}
    return page(
        call,
        "desk_ticket.html",
        status=refusal.status if refusal else 200,
        title=ticket.subject or f"Ticket {ticket.number}",
        ticket=ticket,
        state=STATES[ticket.state],
        rests=ticket.state is TicketState.ON_HOLD,
        path=f"{DESK}/{ticket.id}",
        me=viewer_of(call).person.id,
        claimer=await _name(tx, ticket.claimed_by, details),
        closer=await _name(tx, ticket.closed_by, details),
        details=details,
        thread=await thread_for_staff(tx, ticket, before),
        newest=before == NEWEST,
        priorities=list(Priority),
        reply=written.get("reply", Reply()),
        note=written.get("note", Reply()),
        sorting=sorting
        or Sorting(
            subject=ticket.subject or "",
            label=ticket.label or "",
            tags=" ".join(details.tags),
            priority=ticket.priority,
        ),
        client_id=ids.ulid(),
        refusal=refusal,
    )


async def _name(tx: Tx, person_id: str | None, details: Details) -> str:
    """Return what somebody is called who works on a ticket: by what they wrote, else as the house knows them."""
    if person_id is None:
        return ""
    written = next((each.name for each in details.participants if each.person_id == person_id), None)
    return written or (await identity.names_of(tx, [person_id])).get(person_id, person_id)
