"""Somebody's own tickets: asking, reading the answers, and going on asking."""

from typing import Final

from guildhall.core import ids
from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError
from guildhall.core.events import Event
from guildhall.domains import tickets
from guildhall.domains.identity import Permission
from guildhall.domains.tickets import TOPIC, Draft, Kind, Origin, Sight, Source, Ticket, Transport, Wanted, attachments
from guildhall.domains.tickets.transcripts import Audience
from guildhall.panel.conversation import (
    NEWEST,
    STATES,
    Earlier,
    PageNumber,
    TranscriptAsked,
    Work,
    listed,
    note_reading,
    thread_for_owner,
)
from guildhall.panel.face import viewer_of
from guildhall.panel.forms import change, show
from guildhall.panel.pages import PER_PAGE, page, told
from guildhall.panel.words import Refusal
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form, QueryString
from guildhall.web.calls import Call
from guildhall.web.files import answer_file
from guildhall.web.house import House
from guildhall.web.sse import EventStream
from guildhall.web.transcripts import answer_transcript

OWN: Final = "/panel/tickets"
ONE: Final = OWN + "/{ticket_id}"
MAY: Final = Permission.USE_PANEL


class OwnList(QueryString, frozen=True, kw_only=True):
    """Which page of the list."""

    page: PageNumber = 1


class Opening(Form, frozen=True, kw_only=True):
    """A new ticket: what it is about, and what is asked."""

    subject: str = ""
    text: str = ""


class Writing(Form, frozen=True, kw_only=True):
    """Something to say; `client_id` makes a form that is sent twice one message."""

    text: str = ""
    client_id: str = ""


@show(OWN, permission=MAY)
async def list_own(query: OwnList, call: Call, tx: Tx) -> Answer:
    """List the viewer's tickets, the newest first, with a form for another."""
    return await _list(call, tx, number=query.page)


@change(OWN, permission=MAY, files=True)
async def open_one(form: Opening, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Open a ticket with its first message."""
    person, now = viewer_of(call).person, house.clock.now()
    try:
        async with tx.savepoint():
            ticket = await tickets.open_ticket(
                tx,
                actor,
                guild_id=house.discord.guild_id,
                person=person,
                origin=Origin.WEB,
                transport=Transport.DIRECT,
                needs_channel=False,
                subject=form.subject,
                most_open=house.site.now.document.tickets.max_open_per_user,
                now=now,
            )
            draft = Draft(form.text, Source.PANEL, attachments=call.files)
            await tickets.write_as_user(tx, actor, ticket, person, draft, now=now)
    except GuildhallError as error:
        return await _list(call, tx, entered=form, refusal=Refusal.of(error))
    return redirect(told(f"{OWN}/{ticket.id}", "ticket-opened"))


@show(OWN + "/live", permission=MAY, transaction="none")
async def follow(call: Call, house: House) -> Answer:
    """Tell, for as long as they look, that something has happened in one of the viewer's tickets."""
    own = viewer_of(call).person.id

    def concerns(event: Event) -> bool:
        return event.data.get("user_id") == own and event.data.get("kind") != Kind.NOTE

    return EventStream(house.events, TOPIC, only=concerns)


@show(ONE, permission=MAY, transaction="none")
async def show_own(ticket_id: str, query: Earlier, call: Call, house: House) -> Answer:
    """Show a ticket of the viewer's, which they have read then."""
    async with house.database.read() as tx:
        ticket = await _own(call, tx, ticket_id)
        shown = await _page(call, tx, ticket, before=query.before)
    await note_reading(call, ticket, viewer_of(call).person.id)
    return shown


@show(OWN + "/files/{attachment_id}", permission=MAY, transaction="none")
async def show_file(attachment_id: str, call: Call, actor: Actor, house: House) -> Answer:
    """Show an image of a ticket of the viewer's, or save a file."""
    async with house.database.read() as tx:
        own = Sight(own=viewer_of(call).person.id)
        file = await attachments.access_attachment(tx, actor, attachment_id, sight=own)
    return await answer_file(house, file, shows_images=True)


@show(ONE + "/transcript", permission=MAY, transaction="none")
async def show_transcript(ticket_id: str, query: TranscriptAsked, call: Call, house: House) -> Answer:
    """Show the transcript of a ticket of the viewer's, or save it: always the one that is for its person."""
    async with house.database.read() as tx:
        ticket = await _own(call, tx, ticket_id)
    return await answer_transcript(house, ticket, audience=Audience.USER, form=query.form, saved=query.save)


@change(ONE + "/write", permission=MAY, files=True)
async def write(ticket_id: str, form: Writing, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Write to the staff."""
    person = viewer_of(call).person
    draft = Draft(form.text, Source.PANEL, client_id=form.client_id or None, attachments=call.files)
    keeps_open = house.site.now.document.tickets.cancel_close_on_user_message
    return await _after(
        call,
        tx,
        ticket_id,
        lambda ticket: tickets.write_as_user(
            tx, actor, ticket, person, draft, keeps_open=keeps_open, now=house.clock.now()
        ),
        text=form.text,
    )


@change(ONE + "/close", permission=MAY)
async def close(ticket_id: str, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Close a ticket that needs no answer any more."""
    rules, now = house.site.now.document.tickets, house.clock.now()
    return await _after(
        call,
        tx,
        ticket_id,
        lambda ticket: tickets.close_as_owner(tx, actor, ticket, rules=rules, now=now),
        done="ticket-closed",
    )


@change(ONE + "/reopen", permission=MAY)
async def reopen(ticket_id: str, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Open a closed ticket again."""
    rules, now = house.site.now.document.tickets, house.clock.now()
    return await _after(
        call,
        tx,
        ticket_id,
        lambda ticket: tickets.reopen_as_owner(tx, actor, ticket, rules=rules, now=now),
        done="ticket-reopened",
    )


async def _after(call: Call, tx: Tx, ticket_id: str, work: Work, *, text: str = "", done: str = "") -> Answer:
    """Change a ticket of the viewer's and go back to it, or show it with why that was refused."""
    own = Sight(own=viewer_of(call).person.id)
    try:
        async with tx.savepoint():
            await work(await tickets.access_ticket_to_change(tx, call.actor, ticket_id, sight=own))
    except GuildhallError as error:
        return await _page(call, tx, await _own(call, tx, ticket_id), text=text, refusal=Refusal.of(error))
    return redirect(told(f"{OWN}/{ticket_id}", done) if done else f"{OWN}/{ticket_id}")


async def _list(
    call: Call, tx: Tx, *, number: int = 1, entered: Opening | None = None, refusal: Refusal | None = None
) -> Answer:
    own = viewer_of(call).person.id
    found = await tickets.list_tickets(
        tx, Wanted(), sight=Sight(own=own), limit=PER_PAGE, offset=(number - 1) * PER_PAGE
    )
    return page(
        call,
        "tickets.html",
        status=refusal.status if refusal else 200,
        title="My tickets",
        tickets=await listed(tx, found.tickets, own, OWN),
        number=number,
        has_more=number * PER_PAGE < found.total,
        entered=entered or Opening(),
        largest_file=call.house.largest_file,
        refusal=refusal,
    )


async def _own(call: Call, tx: Tx, ticket_id: str) -> Ticket:
    return await tickets.access_ticket(tx, call.actor, ticket_id, sight=Sight(own=viewer_of(call).person.id))


async def _page(
    call: Call, tx: Tx, ticket: Ticket, *, before: int = NEWEST, text: str = "", refusal: Refusal | None = None
) -> Answer:
    rules = call.house.site.now.document.tickets
    return page(
        call,
        "ticket.html",
        status=refusal.status if refusal else 200,
        title=ticket.subject or f"Ticket {ticket.number}",
        ticket=ticket,
        state=STATES[ticket.state],
        path=f"{OWN}/{ticket.id}",
        thread=await thread_for_owner(tx, ticket, before),
        newest=before == NEWEST,
        may_close=rules.owner_can_close,
        may_reopen=rules.owner_can_close and ticket.user_reopen_count < rules.max_user_reopens,
        client_id=ids.ulid(),
        largest_file=call.house.largest_file,
        text=text,
        refusal=refusal,
    )
