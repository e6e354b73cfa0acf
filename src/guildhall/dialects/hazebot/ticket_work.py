"""What routes and sockets both do with tickets for whoever calls."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import Limited
from guildhall.dialects.hazebot.ticket_wire import UNNAMED_ROLE, AttachmentReply, MessageReply, People, Reader
from guildhall.domains import identity, tickets
from guildhall.domains.identity import Permission
from guildhall.domains.identity.community import Caller, CommunityRole, role_at_discord, role_of
from guildhall.domains.tickets import EVERYTHING, Draft, Kind, Message, Person, Sight, Source, Ticket
from guildhall.domains.tickets.attachments import attachments_of
from guildhall.web.house import House

NEWEST: Final = 2**62
"""More than any message's id."""

SHOWN: Final = 100
"""Messages that a ticket is shown with."""

MINUTE: Final = timedelta(minutes=1)
WRITES: Final = 30
"""Messages that a person may write in a minute, by whichever way."""


@dataclass(frozen=True)
class Visitor:
    """Who calls: as whom they act, how tickets name them, and when what they showed is worth nothing any more."""

    caller: Caller

    @property
    def actor(self) -> Actor:
        """As whom they act."""
        return self.caller.actor

    @property
    def person(self) -> Person:
        """How tickets name them."""
        user = self.caller.user
        return Person(self.caller.person_id, user.display_name if user else "")

    @property
    def is_admin(self) -> bool:
        """Whether they may do everything."""
        return self.caller.role is CommunityRole.ADMIN

    @property
    def is_staff(self) -> bool:
        """Whether they answer tickets."""
        return self.caller.role.is_staff

    @property
    def sight(self) -> Sight:
        """Which tickets they see; a list without texts shows all to monitoring, too."""
        return EVERYTHING if self.actor.may(Permission.LIST_TICKETS) else Sight(own=self.person.id)


def reader_of(house: House, *, own: bool, app: bool = False, bare: bool = False) -> Reader:
    """Return how somebody reads what they are told; `own` says that they are not staff."""
    return Reader(own=own, anonymous_name=house.site.now.document.tickets.anonymous_name, app=app, bare=bare)


async def people_of(tx: Tx, person_ids: Iterable[str]) -> People:
    """Return who these people are, in one read."""
    return People(await identity.people_known_as(tx, person_ids, provider=identity.DISCORD))


@dataclass(frozen=True)
class Surroundings:
    """What messages are shown with: their files, and what their authors of the staff are."""

    files: Mapping[int, list[AttachmentReply]]
    people: People
    roles: Mapping[str | None, str]

    def show(self, message: Message, reader: Reader) -> MessageReply:
        """Show one of the messages to a reader."""
        role = self.roles.get(message.author_id, UNNAMED_ROLE)
        return MessageReply.of(message, reader, self.people, role=role, files=self.files[message.id])


async def surroundings_of(house: House, messages: Iterable[Message]) -> Surroundings:
    """Return what these messages are shown with. Discord may be asked, so no transaction should be open."""
    given = list(messages)
    authors = {each.author_id for each in given if each.kind is Kind.STAFF and each.author_id}
    async with house.database.read() as tx:
        found = await attachments_of(tx, (each.id for each in given))
        people = await people_of(tx, {each.author_id for each in given if each.author_id})
    now = house.clock.now()
    files = {
        message_id: [AttachmentReply.of(each, house.links.signed(each.id, now=now)) for each in kept]
        for message_id, kept in found.items()
    }
    return Surroundings(files, people, {each: await _staff_role(house, people, each) for each in authors})


async def _staff_role(house: House, people: People, author_id: str) -> str:
    known = people.known.get(author_id)
    if known is not None:
        role = await role_of(house.community, known.user_id)
    else:
        role = await role_at_discord(house.community, int(author_id) if author_id.isdigit() else None)
    return role if role.is_staff else UNNAMED_ROLE


async def shown(house: House, messages: Collection[Message], reader: Reader) -> list[MessageReply]:
    """Show messages to a reader. Discord may be asked, so no transaction should be open."""
    around = await surroundings_of(house, messages)
    return [around.show(each, reader) for each in messages]


async def newest(house: House, ticket: Ticket, reader: Reader) -> list[MessageReply]:
    """Return the newest messages of a ticket that everybody in it sees, the oldest of them first.

    Discord may be asked, so no transaction should be open.
    """
    async with house.database.read() as tx:
        page = await tickets.messages_of(tx, ticket, before=NEWEST, limit=SHOWN, visible=True)
    return await shown(house, page.messages, reader)


async def count_write(house: House, visitor: Visitor) -> None:
    """Count a message of somebody's. Raises Limited when they write too many."""
    allowance = await house.limiter.hit(f"hazebot.write:{visitor.person.id}", limit=WRITES, window=MINUTE)
    if not allowance.allowed:
        raise Limited("You are writing too fast, wait a moment", retry_after=allowance.retry_after)


async def write(
    tx: Tx, house: House, visitor: Visitor, ticket_id: str, text: str, client_id: str | None, *, now: datetime
) -> MessageReply:
    """Write in a ticket, as its owner or as staff, and return the message as the writer reads it.

    Raises TicketNotFound, NotTicketOwner, EmptyMessage, MessageTooLong, TicketClosed, TicketClaimed.
    """
    ticket = await tickets.access_ticket_to_change(tx, visitor.actor, ticket_id, sight=visitor.sight)
    person, draft = visitor.person, Draft(text, Source.HAZEBOT, client_id=client_id)
    if ticket.user_id == person.id:
        keeps_open = house.site.now.document.tickets.cancel_close_on_user_message
        message = await tickets.write_as_user(tx, visitor.actor, ticket, person, draft, keeps_open=keeps_open, now=now)
    else:
        message = await tickets.write_as_staff(
            tx,
            visitor.actor,
            ticket,
            person,
            draft,
            only_claimer=house.site.now.document.tickets.claim_exclusive,
            overrules=visitor.is_admin,
            now=now,
        )
    reader = reader_of(house, own=not visitor.is_staff)
    people = await people_of(tx, [person.id])
    return MessageReply.of(message, reader, people, role=visitor.caller.role, files=[])


async def mark_read(tx: Tx, visitor: Visitor, ticket_id: str) -> None:
    """Note that somebody has read all of a ticket. Raises TicketNotFound, NotTicketOwner."""
    ticket = await tickets.access_ticket(tx, visitor.actor, ticket_id, sight=visitor.sight)
    await tickets.mark_read(tx, ticket, visitor.person.id)
