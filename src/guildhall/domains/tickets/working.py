"""Working on a ticket: who has it, whether it rests, and how it is sorted."""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from msgspec.structs import asdict, replace
from sqlalchemy import bindparam, delete, update

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.core.errors import InvalidField
from guildhall.domains import audit
from guildhall.domains.identity import Permission
from guildhall.domains.tickets.conversation import write_line
from guildhall.domains.tickets.errors import InvalidTag, NotClaimer, TicketClaimed, TicketClosed
from guildhall.domains.tickets.models import Person, Priority, Tagged, Ticket, TicketState, ticket_tags, tickets
from guildhall.domains.tickets.news import tell_of_ticket
from guildhall.domains.tickets.opening import LONGEST_SUBJECT
from guildhall.domains.tickets.queries import TAGS
from guildhall.domains.tickets.relay.queueing import queue_name
from guildhall.domains.tickets.tallies import count_in, count_out

TAG: Final = re.compile(r"[a-z0-9_-]{1,32}")
MOST_TAGS: Final = 20
LONGEST_LABEL: Final = 50

_CHANGED = (
    "state",
    "label",
    "priority",
    "claimed_by",
    "assigned_to",
    "subject",
    "category_id",
    "category_name",
    "quiet_since",
)
NAMING: Final = frozenset({"state", "label", "claimed_by", "category_name"})
"""What the name of a channel follows."""

CHANGE = command(
    update(tickets)
    .where(tickets.c.id == bindparam("ticket"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGED})
)
CLEAR_TAGS = command(delete(ticket_tags).where(ticket_tags.c.ticket_id == bindparam("ticket_id")))


async def claim_ticket(tx: Tx, actor: Actor, ticket: Ticket, person: Person, *, now: datetime) -> Ticket:
    """Take a ticket; of two who do so at once one has it, and who has it already keeps it. The ticket is locked.

    Raises TicketClosed, TicketClaimed.
    """
    _check_live(ticket)
    if ticket.claimed_by == person.id:
        return ticket
    if ticket.claimed_by is not None:
        raise TicketClaimed
    claimed = replace(ticket, claimed_by=person.id, assigned_to=person.id)
    await write_line(tx, ticket, f"Ticket claimed by {person.name}", now=now)
    return await _change(tx, actor, ticket, claimed, "claimed", now)


async def release_ticket(tx: Tx, actor: Actor, ticket: Ticket, *, by: str | None = None, now: datetime) -> Ticket:
    """Give a ticket back, so that anybody may take it. The ticket is locked.

    Where `by` says who does so, it has to be whoever claimed it, or a super administrator. Raises TicketClosed,
    NotClaimer.
    """
    _check_live(ticket)
    if by is not None and ticket.claimed_by not in {None, by} and not actor.may(Permission.RULE_DESK):
        raise NotClaimer
    return await _change(tx, actor, ticket, replace(ticket, claimed_by=None, assigned_to=None), "released", now)


async def assign_ticket(tx: Tx, actor: Actor, ticket: Ticket, person: Person | None, *, now: datetime) -> Ticket:
    """Give a ticket to somebody of the staff, or to nobody. The ticket is locked. Raises TicketClosed."""
    _check_live(ticket)
    if person is not None and person.id != ticket.assigned_to:
        await write_line(tx, ticket, f"Ticket assigned to {person.name}", now=now)
    assigned = replace(ticket, assigned_to=person.id if person else None)
    return await _change(tx, actor, ticket, assigned, "assigned", now)


async def hold_ticket(tx: Tx, actor: Actor, ticket: Ticket, *, on_hold: bool, now: datetime) -> Ticket:
    """Let a ticket rest until the user writes, or go on with it. The ticket is locked. Raises TicketClosed.

    What rests is not closed for being quiet; once it goes on, that time begins anew.
    """
    _check_live(ticket)
    if ticket.state is TicketState.OPENING:
        return ticket
    state = TicketState.ON_HOLD if on_hold else TicketState.OPEN
    resumes = ticket.state is TicketState.ON_HOLD and not on_hold
    changed = replace(ticket, state=state, quiet_since=now if resumes and ticket.quiet_since else ticket.quiet_since)
    return await _change(tx, actor, ticket, changed, "held" if on_hold else "resumed", now)


async def sort_ticket(
    tx: Tx,
    actor: Actor,
    ticket: Ticket,
    *,
    label: str | None,
    priority: Priority,
    subject: str | None,
    now: datetime,
) -> Ticket:
    """Set what a ticket is called and how much it presses. The ticket is locked.

    Raises TicketClosed, InvalidTag, InvalidField.
    """
    _check_live(ticket)
    label, subject = (label or "").strip() or None, " ".join((subject or "").split()) or None
    if label is not None and len(label) > LONGEST_LABEL:
        raise InvalidTag
    if subject is not None and len(subject) > LONGEST_SUBJECT:
        raise InvalidField(f"A subject has at most {LONGEST_SUBJECT} characters", field="subject")
    after = replace(ticket, label=label, priority=priority, subject=subject)
    return await _change(tx, actor, ticket, after, "sorted", now)


async def move_ticket(
    tx: Tx, actor: Actor, ticket: Ticket, *, category_id: str | None, category_name: str | None, now: datetime
) -> Ticket:
    """Put a ticket into another category, or into none. The ticket is locked. Raises TicketClosed."""
    _check_live(ticket)
    moved = replace(ticket, category_id=category_id, category_name=category_name)
    if category_id != ticket.category_id:
        await count_out(tx, ticket)
        await count_in(tx, moved)
    return await _change(tx, actor, ticket, moved, "moved", now)


async def tag_ticket(tx: Tx, actor: Actor, ticket: Ticket, tags: Collection[str], *, now: datetime) -> list[str]:
    """Set the tags of a ticket, and return them in order. The ticket is locked. Raises TicketClosed, InvalidTag."""
    _check_live(ticket)
    wanted = sorted(set(tags))
    if len(wanted) > MOST_TAGS or not all(TAG.fullmatch(tag) for tag in wanted):
        raise InvalidTag
    before = await tx.all(TAGS, ticket_id=ticket.id)
    if wanted != before:
        await tx.run(CLEAR_TAGS, ticket_id=ticket.id)
        for tag in wanted:
            await tx.insert(Tagged(ticket.id, tag))
        await audit.record(tx, actor, "ticket.tagged", ticket.id, now=now, old=before, new=wanted)
        tell_of_ticket(tx, "updated", ticket)
    return wanted


def _check_live(ticket: Ticket) -> None:
    if ticket.closed:
        raise TicketClosed


async def _change(tx: Tx, actor: Actor, before: Ticket, after: Ticket, act: str, now: datetime) -> Ticket:
    if before == after:
        return before
    old, new = _part(before), _part(after)
    await tx.run(CHANGE, ticket=after.id, **{f"new_{name}": value for name, value in new.items()})
    changed = {name: value for name, value in new.items() if value != old[name]}
    were = {name: old[name] for name in changed}
    await audit.record(tx, actor, f"ticket.{act}", after.id, now=now, old=were, new=changed)
    if changed.keys() & NAMING:
        await queue_name(tx, after, now=now)
    tell_of_ticket(tx, "updated", after)
    return after


def _part(ticket: Ticket) -> dict[str, Any]:
    fields = asdict(ticket)
    return {name: fields[name] for name in _CHANGED}
