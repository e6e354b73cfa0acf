"""The front desk: one ticket, and what staff do with it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from guildhall.core import ids
from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import GuildhallError, InvalidField
from guildhall.domains import identity, tickets
from guildhall.domains.identity import Permission
from guildhall.domains.tickets import (
    EVERYTHING,
    Details,
    Draft,
    Person,
    Priority,
    Role,
    Source,
    Ticket,
    TicketState,
    attachments,
    categories,
    snippets,
)
from guildhall.domains.tickets.categories import sight_of
from guildhall.domains.tickets.conversation import access_message
from guildhall.domains.tickets.errors import InvalidTime, NotStaff
from guildhall.domains.tickets.relay import queue_again
from guildhall.panel.conversation import NEWEST, STATES, Earlier, TranscriptAsked, Work, note_reading, thread_for_staff
from guildhall.panel.desk_list import DESK, VIEW
from guildhall.panel.desk_members import member_of
from guildhall.panel.desk_snippet_menu import Box, choices_for
from guildhall.panel.face import viewer_of
from guildhall.panel.forms import change, show
from guildhall.panel.pages import page, told
from guildhall.panel.words import Refusal
from guildhall.web import ticket_channels
from guildhall.web.answers import Answer, redirect
from guildhall.web.bodies import Form, number_in_path
from guildhall.web.calls import Call
from guildhall.web.files import answer_file
from guildhall.web.house import House
from guildhall.web.transcripts import answer_transcript

ONE: Final = DESK + "/{ticket_id}"
MANAGE: Final = Permission.MANAGE_TICKETS


class Looking(Earlier, frozen=True, kw_only=True):
    """Which part of a conversation, and the key of a snippet that is to be in one of the boxes."""

    snippet: str = ""
    box: Box = Box.REPLY


class Reply(Form, frozen=True, kw_only=True):
    """Something to say or to note; `client_id` makes a form that is sent twice one message.

    `snippet` is the key of the one that its words began with.
    """

    text: str = ""
    anonymous: str = ""
    client_id: str = ""
    snippet: str = ""


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
    """What the person is told at the end, and when that is, in the hub's time; now if nothing is said."""

    reason: str = ""
    at: str = ""

    def moment(self, zone: ZoneInfo) -> datetime | None:
        """Return when the ticket is to close, None for now. Raises InvalidTime."""
        if not self.at:
            return None
        try:
            return datetime.fromisoformat(self.at).replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            raise InvalidTime from None


class Handing(Form, frozen=True, kw_only=True):
    """Into which category a ticket belongs, and who is to work on it, by name; nothing is nobody, or none."""

    category: str = ""
    assigned: str = ""


class Mending(Form, frozen=True, kw_only=True):
    """What a message is to say."""

    text: str = ""


@show(ONE, permission=VIEW, transaction="none")
async def show_ticket(ticket_id: str, query: Looking, call: Call, house: House) -> Answer:
    """Show a ticket, which the viewer has read then."""
    async with house.database.read() as tx:
        ticket = await tickets.access_ticket(tx, call.actor, ticket_id, sight=await sight_of(tx, call.actor))
    written = await _begun(call, ticket, query)
    async with house.database.read() as tx:
        shown = await _page(call, tx, ticket, before=query.before, entered=written)
    await note_reading(call, ticket, viewer_of(call).person.id)
    return shown


@show(DESK + "/files/{attachment_id}", permission=VIEW, transaction="none")
async def show_file(attachment_id: str, actor: Actor, house: House) -> Answer:
    """Show an image, or save a file."""
    async with house.database.read() as tx:
        file = await attachments.access_attachment(tx, actor, attachment_id, sight=await sight_of(tx, actor))
    return await answer_file(house, file, shows_images=True)


@show(ONE + "/transcript", permission=VIEW, transaction="none")
async def show_transcript(ticket_id: str, query: TranscriptAsked, actor: Actor, house: House) -> Answer:
    """Show the transcript of a ticket, or save it."""
    async with house.database.read() as tx:
        ticket = await tickets.access_ticket(tx, actor, ticket_id, sight=await sight_of(tx, actor))
    return await answer_transcript(house, ticket, audience=query.audience, form=query.form, saved=query.save)


@change(ONE + "/reply", permission=MANAGE, files=True)
async def reply(ticket_id: str, form: Reply, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Answer the ticket's person."""
    person = viewer_of(call).person
    draft = Draft(form.text, Source.PANEL, bool(form.anonymous), form.client_id or None, call.files)

    async def work(ticket: Ticket) -> None:
        await tickets.write_as_staff(
            tx,
            actor,
            ticket,
            person,
            draft,
            only_claimer=house.site.now.document.tickets.claim_exclusive,
            overrules=actor.may(Permission.RULE_DESK),
            now=house.clock.now(),
        )
        if form.snippet:
            await snippets.note_use(tx, form.snippet)

    return await _after(call, tx, ticket_id, work, entered=form, beside="reply")


@change(ONE + "/note", permission=MANAGE, files=True)
async def note(ticket_id: str, form: Reply, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Write down what only staff read."""
    person = viewer_of(call).person
    draft = Draft(form.text, Source.PANEL, client_id=form.client_id or None, attachments=call.files)
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


@change(ONE + "/hand", permission=MANAGE, transaction="none")
async def hand(ticket_id: str, form: Handing, call: Call, actor: Actor, house: House) -> Answer:
    """Put a ticket into a category, and give it to somebody."""
    viewer, now = viewer_of(call).person, house.clock.now()
    async with house.database.read() as tx:
        ticket = await tickets.access_ticket(tx, actor, ticket_id, sight=await sight_of(tx, actor))
        details = await tickets.details_of(tx, ticket)
        known = await _colleagues(tx, ticket, details, viewer)
    try:
        assignee = await _assignee(house, form.assigned.strip(), known)
    except GuildhallError as error:
        async with house.database.read() as tx:
            return await _page(call, tx, ticket, handing=form, refusal=Refusal.of(error, fields={"": "assigned"}))

    async def work(ticket: Ticket) -> None:
        if form.category != (ticket.category_id or ""):
            category = await categories.find_category(tx, form.category) if form.category else None
            ticket = await categories.put_ticket(tx, actor, ticket, category, now=now)
        await tickets.assign_ticket(tx, actor, ticket, assignee, now=now)

    async with house.database.write() as tx:
        answer = await _after(call, tx, ticket_id, work, done="ticket-sorted")
        handed = await tickets.access_ticket(tx, actor, ticket_id, sight=EVERYTHING)
        if not (await sight_of(tx, actor)).covers(handed):
            return redirect(told(DESK, "ticket-handed"))
    return answer


@change(ONE + "/messages/{message_id}/edit", permission=MANAGE)
async def edit(
    ticket_id: str, message_id: str, form: Mending, call: Call, tx: Tx, actor: Actor, house: House
) -> Answer:
    """Change what the viewer has said; the earlier words are kept."""
    person, number, now = viewer_of(call).person, number_in_path(message_id), house.clock.now()
    return await _after(
        call,
        tx,
        ticket_id,
        lambda ticket: tickets.edit_message(tx, actor, ticket, number, person=person, content=form.text, now=now),
        beside=f"words-{number}",
    )


@change(ONE + "/messages/{message_id}/delete", permission=MANAGE)
async def delete(ticket_id: str, message_id: str, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Delete what the viewer has said; staff still read it."""
    person, number, now = viewer_of(call).person, number_in_path(message_id), house.clock.now()
    return await _after(
        call,
        tx,
        ticket_id,
        lambda ticket: tickets.delete_message(tx, actor, ticket, number, person=person, now=now),
        done="message-deleted",
    )


@change(ONE + "/messages/{message_id}/again", permission=MANAGE)
async def deliver_again(ticket_id: str, message_id: str, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Try once more to bring a reply to its reader."""
    number, now = number_in_path(message_id), house.clock.now()

    async def work(ticket: Ticket) -> None:
        await queue_again(tx, actor, ticket, await access_message(tx, ticket, number), now=now)

    return await _after(call, tx, ticket_id, work, done="delivered-again")


@change(ONE + "/close", permission=MANAGE)
async def close(ticket_id: str, form: Closing, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Close a ticket now or at a later time, and tell its person why."""
    by, now = viewer_of(call).person.id, house.clock.now()

    async def work(ticket: Ticket) -> None:
        at = form.moment(house.hub.zone)
        if at is None:
            await tickets.close_ticket(tx, actor, ticket, by=by, reason=form.reason, now=now)
        else:
            await tickets.plan_close(tx, actor, ticket, by=by, at=at, reason=form.reason, now=now)

    return await _after(call, tx, ticket_id, work, beside="at", done="close-planned" if form.at else "ticket-closed")


@change(ONE + "/keep", permission=MANAGE)
async def keep(ticket_id: str, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Let a ticket stay open that was to close by itself."""
    by, now = viewer_of(call).person.id, house.clock.now()
    return await _after(
        call, tx, ticket_id, lambda ticket: tickets.plan_close(tx, actor, ticket, by=by, at=None, now=now)
    )


@change(ONE + "/reopen", permission=MANAGE)
async def reopen(ticket_id: str, call: Call, tx: Tx, actor: Actor, house: House) -> Answer:
    """Open a closed ticket again."""
    return await _after(
        call,
        tx,
        ticket_id,
        lambda ticket: ticket_channels.reopen(tx, actor, ticket, house=house),
        done="ticket-reopened",
    )


async def _begun(call: Call, ticket: Ticket, query: Looking) -> dict[str, Reply]:
    """Return what a chosen snippet puts into its box; no transaction should be open."""
    offered = await choices_for(call, ticket) if query.snippet and call.actor.may(MANAGE) else []
    chosen = next((each for each in offered if each.snippet.key == query.snippet), None)
    if chosen is None:
        return {}
    anonymous = "yes" if chosen.snippet.anonymous else ""
    return {query.box: Reply(text=chosen.text, anonymous=anonymous, snippet=chosen.snippet.key)}


async def _after(
    call: Call,
    tx: Tx,
    ticket_id: str,
    work: Work,
    *,
    entered: Reply | None = None,
    sorting: Sorting | None = None,
    beside: str = "",
    done: str = "",
) -> Answer:
    """Change a ticket and go back to it, or show it with why that was refused and what was entered.

    `beside` is the field of the form beside which a refusal stands that is about no other.
    """
    try:
        async with tx.savepoint():
            sight = await sight_of(tx, call.actor)
            await work(await tickets.access_ticket_to_change(tx, call.actor, ticket_id, sight=sight))
    except GuildhallError as error:
        ticket = await tickets.access_ticket(tx, call.actor, ticket_id, sight=await sight_of(tx, call.actor))
        # A closed ticket has no boxes to write in, beside which a refusal could stand.
        field = "" if ticket.closed else beside
        refusal = Refusal.of(error, fields={"text": field, "": field})
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
    handing: Handing | None = None,
    refusal: Refusal | None = None,
) -> Answer:
    me = viewer_of(call).person
    details = await tickets.details_of(tx, ticket)
    colleagues = await _colleagues(tx, ticket, details, me)
    written = entered or {}
    hides_names = call.house.site.now.document.tickets.anonymous_by_default
    return page(
        call,
        "desk_ticket.html",
        status=refusal.status if refusal else 200,
        title=ticket.subject or ticket.user_name,
        ticket=ticket,
        state=STATES[ticket.state],
        rests=ticket.state is TicketState.ON_HOLD,
        path=f"{DESK}/{ticket.id}",
        me=me.id,
        claimer=await _name(tx, ticket.claimed_by, details),
        closer=await _name(tx, ticket.closed_by, details),
        details=details,
        answers=await categories.answers_of(tx, ticket.id),
        assigned=colleagues.get(ticket.assigned_to or "", ""),
        colleagues=sorted(set(colleagues.values())),
        categories=await categories.list_categories(tx),
        handing=handing
        or Handing(category=ticket.category_id or "", assigned=colleagues.get(ticket.assigned_to or "", "")),
        thread=await thread_for_staff(tx, ticket, before, me=me.id),
        newest=before == NEWEST,
        priorities=list(Priority),
        reply=written.get(Box.REPLY, Reply(anonymous="yes" if hides_names else "")),
        note=written.get(Box.NOTE, Reply()),
        member=await member_of(tx, call.house, ticket, sight=await sight_of(tx, call.actor)),
        states=STATES,
        sorting=sorting
        or Sorting(
            subject=ticket.subject or "",
            label=ticket.label or "",
            tags=" ".join(details.tags),
            priority=ticket.priority,
        ),
        client_id=ids.ulid(),
        largest_file=call.house.largest_file,
        refusal=refusal,
    )


async def _name(tx: Tx, person_id: str | None, details: Details) -> str:
    """Return what somebody is called who works on a ticket: by what they wrote, else as the house knows them."""
    if person_id is None:
        return ""
    written = next((each.name for each in details.participants if each.person_id == person_id), None)
    return written or (await identity.names_of(tx, [person_id])).get(person_id, person_id)


async def _colleagues(tx: Tx, ticket: Ticket, details: Details, me: Person) -> dict[str, str]:
    """Return by their ids the names of those who may be given a ticket without being looked for."""
    known = {each.person_id: each.name for each in details.participants if each.role is Role.STAFF} | {me.id: me.name}
    if ticket.assigned_to is not None and ticket.assigned_to not in known:
        known[ticket.assigned_to] = await _name(tx, ticket.assigned_to, details)
    return known


async def _assignee(house: House, name: str, known: Mapping[str, str]) -> Person | None:
    """Return whom a name means: somebody known, or else a member of the staff's server. Raises NotStaff."""
    if not name:
        return None
    for person_id, each in known.items():
        if each.casefold() == name.casefold():
            return Person(person_id, each)
    for member in await house.staff.server.members_named(name):
        if name.casefold() in {member.username.casefold(), member.display_name.casefold()}:
            return await ticket_channels.staff_of(house, str(member.id))
    raise NotStaff("Nobody of this name works on tickets", field="assigned")
