"""Reading a ticket: its messages page by page, and how much of it somebody has seen."""

from dataclasses import dataclass

from guildhall.core.db import Tx, insert_or_replace
from guildhall.domains.tickets.errors import MessageNotFound, TicketNotFound
from guildhall.domains.tickets.models import Message, Participant, Revision, Ticket, ticket_read_marks
from guildhall.domains.tickets.queries import (
    HEARD_AFTER,
    MARKS_OF_PAGE,
    MESSAGES_AFTER,
    MESSAGES_BEFORE,
    PARTICIPANTS,
    REPLY,
    REVISIONS_OF_PAGE,
    TAGS,
    TAGS_OF_PAGE,
    TICKET_OF_CHANNEL,
    TICKET_OF_NUMBER,
    TICKETS_OF_PERSON,
    VISIBLE_AFTER,
    VISIBLE_BEFORE,
)
from guildhall.domains.tickets.ratings.models import Rating
from guildhall.domains.tickets.ratings.queries import NEWEST_RATING

MARK = insert_or_replace(ticket_read_marks)


@dataclass(frozen=True)
class Page:
    """Messages, the oldest first, and whether there are more in the direction that was asked for."""

    messages: list[Message]
    has_more: bool


@dataclass(frozen=True)
class Details:
    """What a ticket has beside its own row."""

    tags: list[str]
    participants: list[Participant]
    rating: Rating | None
    previous_tickets: int


async def messages_of(
    tx: Tx, ticket: Ticket, *, after: int = 0, before: int | None = None, limit: int = 50, visible: bool = False
) -> Page:
    """Return messages with ids above `after`, or with `before` the newest ones below it.

    With `visible` only those that everybody in the ticket sees: no notes, and nothing that was deleted.
    """
    if before is not None:
        found = await tx.all(
            VISIBLE_BEFORE if visible else MESSAGES_BEFORE, ticket_id=ticket.id, before=before, limit=limit + 1
        )
        return Page(found[limit - 1 :: -1] if len(found) > limit else found[::-1], len(found) > limit)
    found = await tx.all(
        VISIBLE_AFTER if visible else MESSAGES_AFTER, ticket_id=ticket.id, after=after, limit=limit + 1
    )
    return Page(found[:limit], len(found) > limit)


async def heard_in(tx: Tx, ticket: Ticket, *, after: int = 0, limit: int = 50) -> Page:
    """Return what user and staff said to each other with ids above `after`.

    There are no notes among it, and of the house's lines only the one that tells why the ticket ended.
    """
    found = await tx.all(HEARD_AFTER, ticket_id=ticket.id, after=after, limit=limit + 1)
    return Page(found[:limit], len(found) > limit)


async def ticket_of_channel(tx: Tx, channel_id: int) -> Ticket | None:
    """Return the ticket that a channel belongs to, the newest if it had several."""
    return await tx.one(TICKET_OF_CHANNEL, channel_id=channel_id)


async def ticket_numbered(tx: Tx, number: int) -> Ticket:
    """Return the ticket with a running number, whoever may see it. Raises TicketNotFound."""
    found = await tx.one(TICKET_OF_NUMBER, number=number)
    if found is None:
        raise TicketNotFound
    return found


async def reply_numbered(tx: Tx, ticket: Ticket, number: int) -> Message:
    """Return the staff reply with a number, also a deleted one. Raises MessageNotFound."""
    found = await tx.one(REPLY, ticket_id=ticket.id, number=number)
    if found is None:
        raise MessageNotFound
    return found


async def details_of(tx: Tx, ticket: Ticket) -> Details:
    """Return what a page about one ticket shows beside it."""
    others = await tx.one(TICKETS_OF_PERSON, user_id=ticket.user_id) or 1
    return Details(
        tags=await tx.all(TAGS, ticket_id=ticket.id),
        participants=await tx.all(PARTICIPANTS, ticket_id=ticket.id),
        rating=await tx.one(NEWEST_RATING, ticket_id=ticket.id),
        previous_tickets=others - 1,
    )


async def tags_of(tx: Tx, page: list[Ticket]) -> dict[str, list[str]]:
    """Return the tags of each ticket of a page."""
    tags: dict[str, list[str]] = {ticket.id: [] for ticket in page}
    for each in await tx.all(TAGS_OF_PAGE[tx.engine], tickets=list(tags)):
        tags[each.ticket_id].append(each.tag)
    return tags


async def revisions_of(tx: Tx, messages: list[Message]) -> dict[int, list[Revision]]:
    """Return what each message of a page said before, the oldest first."""
    revisions: dict[int, list[Revision]] = {message.id: [] for message in messages}
    for each in await tx.all(REVISIONS_OF_PAGE[tx.engine], messages=list(revisions)):
        revisions[each.message_id].append(each)
    return revisions


async def mark_read(tx: Tx, ticket: Ticket, person_id: str) -> None:
    """Note that somebody has seen all that was said so far."""
    await tx.run(MARK, person_id=person_id, ticket_id=ticket.id, seen=ticket.message_count)


async def unread_of(tx: Tx, page: list[Ticket], person_id: str) -> dict[str, int]:
    """Return how many messages of each ticket somebody has not seen."""
    marks = await tx.all(MARKS_OF_PAGE[tx.engine], person_id=person_id, tickets=[ticket.id for ticket in page])
    seen = {mark.ticket_id: mark.seen for mark in marks}
    return {ticket.id: max(0, ticket.message_count - seen.get(ticket.id, 0)) for ticket in page}
