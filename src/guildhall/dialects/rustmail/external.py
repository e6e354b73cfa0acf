"""What other systems do with a key: open tickets for people, read them, write in them and close them.

They are no staff: whatever they read has no notes, and names nobody of the staff but in replies that bear a name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, TypeVar

import msgspec
from msgspec.structs import asdict, replace

from guildhall.core.actor import Actor, Credential
from guildhall.core.clock import Clock
from guildhall.core.db import Tx
from guildhall.core.errors import Invalid, InvalidField, MissingField
from guildhall.dialects.rustmail.messages import Community, MessageCreate, find_community
from guildhall.dialects.rustmail.said import shown
from guildhall.dialects.rustmail.ticket_wire import (
    KEY,
    MessageReply,
    TicketDetail,
    TicketReply,
    TicketResult,
)
from guildhall.dialects.rustmail.tickets import MOST, FirstWords, InvalidStatus, TicketClose, TicketList, TicketQuery
from guildhall.dialects.rustmail.wire import InvalidParameter, page_length
from guildhall.domains import tickets
from guildhall.domains.identity import Permission, desk
from guildhall.domains.identity.desk.granting import SNOWFLAKE
from guildhall.domains.tickets import (
    EVERYTHING,
    Draft,
    Origin,
    Person,
    Role,
    Source,
    categories,
)
from guildhall.domains.tickets.categories.errors import InvalidFormField
from guildhall.domains.tickets.errors import (
    BotUser,
    CategoryNotFound,
    DeskOffline,
    EmptyMessage,
    InvalidTime,
    MessageTooLong,
    NotStaff,
    StaffNotFound,
    TicketAlreadyOpen,
    TicketClosed,
    TicketNotFound,
    TicketsDisabled,
    UserBlocked,
    UserNotFound,
)
from guildhall.domains.tickets.guests import Guest, open_for
from guildhall.domains.tickets.snippets.errors import MissingArgument, SnippetNotFound
from guildhall.web import ticket_channels
from guildhall.web.bodies import Body, Later, QueryString, read_body
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import route
from guildhall.web.ticket_channels import ChannelPending

Reply = TypeVar("Reply", bound=TicketReply)

PLACE: Final = "/api/externals/tickets"
ONE: Final = f"{PLACE}/{{ticket_id}}"
BY_KEY: Final = Credential.INTEGRATION_KEY
CREATE: Final = Permission.INTEGRATION_CREATE
READ: Final = Permission.INTEGRATION_READ
UPDATE: Final = Permission.INTEGRATION_UPDATE
TOLD_ENDS: Final = frozenset({"inactivity", "schedule", "user_left_server", "channel_deleted"})
"""Whatever closes tickets by itself."""


class InvalidDiscordId(Invalid):
    """No id of Discord's, as text."""

    code = "invalid_discord_id"
    text = "discord_id is a text of 1 to 20 digits"


class InvalidStaffDiscordId(Invalid):
    """No id of Discord's, as text."""

    code = "invalid_staff_discord_id"
    text = "staff_discord_id is a text of 1 to 20 digits"


class ExternalTicketCreate(Body, frozen=True, kw_only=True):
    """For whom a ticket is to be opened, what they wrote elsewhere, and what they filled in there."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = {
        "discord_id": InvalidDiscordId,
        "staff_discord_id": InvalidStaffDiscordId,
        "fields": InvalidFormField,
    }

    discord_id: str
    staff_discord_id: str | None = None
    subject: str | None = None
    message: FirstWords = ""
    category: str | None = None
    fields: dict[str, str] | None = None
    silent: bool = False

    def check(self) -> None:
        """Refuse ids that are none. Raises InvalidDiscordId, InvalidStaffDiscordId."""
        if not SNOWFLAKE.fullmatch(self.discord_id):
            raise InvalidDiscordId(field="discord_id")
        if self.staff_discord_id is not None and not SNOWFLAKE.fullmatch(self.staff_discord_id):
            raise InvalidStaffDiscordId(field="staff_discord_id")


class ExternalTicketCreated(msgspec.Struct, frozen=True, kw_only=True):
    """The ticket that was opened; `channel_id` is there before the answer leaves."""

    success: bool = True
    ticket_id: str
    channel_id: str | None = None
    number: int
    user_id: str
    username: str
    message: str = "Ticket created"
    dm_delivered: bool | None = None


class HeardQuery(QueryString, frozen=True, kw_only=True):
    """Which messages of a ticket: a page behind `after`."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = dict.fromkeys(("after", "limit"), InvalidParameter)

    after: int = 0
    limit: int = 50


class ExternalTicket(TicketDetail, frozen=True, kw_only=True):
    """A ticket with a page of what user and staff said."""

    messages: list[MessageReply]
    has_more: bool


@dataclass(frozen=True)
class People:
    """For whom a ticket is opened, and to whom of the staff it is given."""

    guest: Guest
    staff: Person | None


async def find_people(call: Call) -> People:
    """Look up whom a new ticket is about. Raises as the route that opens it."""
    data = read_body(call.body, ExternalTicketCreate)
    data.check()
    if not call.house.site.now.document.tickets.enabled:
        raise TicketsDisabled
    guest = await ticket_channels.guest_of(call.house, data.discord_id)
    if data.staff_discord_id is None:
        return People(guest, None)
    try:
        return People(guest, await ticket_channels.staff_of(call.house, data.staff_discord_id))
    except NotStaff:
        raise StaffNotFound from None


async def follow_creation(call: Call, body: bytes) -> bytes:
    """Wait for the channel of the ticket that was opened, and for word that its user was reached."""
    reply = msgspec.json.decode(body, type=ExternalTicketCreated)
    made = await ticket_channels.await_channel(call.house, reply.ticket_id)
    delivered = await ticket_channels.await_welcome(call.house, made)
    return msgspec.json.encode(replace(reply, channel_id=str(made.channel_id), dm_delivered=delivered))


@route(
    "POST", f"{PLACE}/create", permission=CREATE, accepts=BY_KEY, prepare=find_people, follow=follow_creation,
    refusals=(
        InvalidDiscordId, InvalidStaffDiscordId, BotUser, InvalidFormField, InvalidField, MissingField,
        UserBlocked, UserNotFound, StaffNotFound, CategoryNotFound, TicketAlreadyOpen, DeskOffline, ChannelPending,
        TicketsDisabled,
    ),
)  # fmt: skip
async def create_external_ticket(
    data: ExternalTicketCreate, people: People, tx: Tx, actor: Actor, house: House
) -> ExternalTicketCreated:
    """Open a ticket for a Discord user from another system."""
    now, person = house.clock.now(), people.guest.person
    category = await categories.find_category(tx, data.category) if data.category is not None else None
    asked = category.fields if category else []
    answers = categories.check_answers(asked, data.fields) if data.fields is not None else []
    ticket = await open_for(
        tx,
        actor,
        people.guest,
        guild_id=house.discord.guild_id,
        origin=Origin.EXTERNAL,
        category=category,
        subject=data.subject,
        assigned_to=people.staff.id if people.staff else None,
        silent=data.silent,
        now=now,
    )
    await categories.keep_answers(tx, ticket, answers)
    if data.message.strip():
        await tickets.write_as_user(tx, actor, ticket, person, Draft(data.message, Source.EXTERNAL), now=now)
    return ExternalTicketCreated(
        ticket_id=ticket.id, number=ticket.number, user_id=ticket.user_id, username=ticket.user_name
    )


@route("GET", PLACE, permission=READ, accepts=BY_KEY, refusals=(InvalidStatus, InvalidParameter))
async def list_external_tickets(query: TicketQuery, tx: Tx, house: House) -> TicketList:
    """List tickets for polling by another system."""
    limit, offset = query.length, query.skipped
    found = await tickets.find_tickets(house.database, tx, query.wanted, sight=EVERYTHING, limit=limit, offset=offset)
    tags = await tickets.tags_of(tx, found.tickets)
    shown = [_for_outside(TicketReply.of(each, tags[each.id])) for each in found.tickets]
    return TicketList.of(shown, found.total, limit=limit, offset=offset)


@route("GET", ONE, permission=READ, accepts=BY_KEY, refusals=(TicketNotFound, InvalidParameter))
async def get_external_ticket(ticket_id: str, query: HeardQuery, tx: Tx, actor: Actor, house: House) -> ExternalTicket:
    """Read one ticket with its messages, without notes."""
    limit = page_length(query.limit, most=MOST)
    ticket = await tickets.access_ticket(tx, actor, ticket_id, sight=EVERYTHING)
    details = await tickets.details_of(tx, ticket)
    answers = await categories.answers_of(tx, ticket.id)
    heard = await tickets.heard_in(tx, ticket, after=query.after, limit=limit)
    staff_name = house.site.now.document.tickets.anonymous_name
    detail = _for_outside(TicketDetail.with_details(ticket, details, answers))
    known = [each for each in detail.participants if each.role == Role.USER]
    return ExternalTicket(
        **asdict(replace(detail, participants=known)),
        messages=[_heard(each, staff_name) for each in await shown(tx, house, heard.messages, signed=True)],
        has_more=heard.has_more,
    )


@route(
    "POST", f"{ONE}/messages", permission=UPDATE, accepts=BY_KEY, prepare=find_community,
    refusals=(
        InvalidField, EmptyMessage, MessageTooLong, MissingArgument, TicketNotFound, SnippetNotFound, TicketClosed,
    ),
)  # fmt: skip
async def send_external_message(
    ticket_id: str, data: MessageCreate, community: Community, tx: Tx, actor: Actor, house: House
) -> MessageReply:
    """Add a reply or a note to a ticket from another system."""
    data.check()
    ticket = await tickets.access_ticket_to_change(tx, actor, ticket_id, sight=EVERYTHING)
    system = await _system(tx, actor)
    draft = await data.draft(tx, house, ticket, staff=system.name, community=community.name, source=Source.EXTERNAL)
    write = tickets.write_note if data.kind == "note" else tickets.write_as_staff
    return MessageReply.of(await write(tx, actor, ticket, system, draft, now=house.clock.now()))


@route(
    "POST", f"{ONE}/close", permission=UPDATE, accepts=BY_KEY,
    refusals=(TicketNotFound, TicketClosed, InvalidTime, InvalidField),
)  # fmt: skip
async def close_external_ticket(
    ticket_id: str, body: Later[TicketClose], tx: Tx, actor: Actor, clock: Clock
) -> TicketResult:
    """Close a ticket from another system, now or at a later time."""
    ticket = await tickets.access_ticket_to_change(tx, actor, ticket_id, sight=EVERYTHING)
    system, data = await _system(tx, actor), body.read_or(TicketClose())
    ended = await data.end(tx, actor, ticket, by=system.id, now=clock.now())
    tags = await tickets.tags_of(tx, [ended])
    return TicketResult(ticket=_for_outside(TicketReply.of(ended, tags[ended.id])))


async def _system(tx: Tx, actor: Actor) -> Person:
    """Return the system that acts, as tickets name it: by its key's number and name."""
    key = await desk.key_of(tx, actor)
    return Person(f"{KEY}{key.id}", key.name)


def _for_outside(shown: Reply) -> Reply:
    """Return a ticket without the names of those who work on it."""
    ended = shown.closed_by
    told = ended is not None and (ended in {shown.user_id, *TOLD_ENDS} or ended.startswith(KEY))
    return replace(shown, claimed_by=None, assigned_to=None, closed_by=ended if told else None)


def _heard(message: MessageReply, staff_name: str) -> MessageReply:
    """Return a message as others may know it: what was deleted has no words or files, what is anonymous no author."""
    if message.anonymous:
        message = replace(message, author_id=None, author_name=staff_name)
    return message if message.deleted_at is None else replace(message, content="", attachments=[])
