"""Tickets: lists, one ticket, and what was said in it."""

from collections.abc import Mapping
from typing import ClassVar, Final

from msgspec import UNSET, UnsetType
from msgspec.structs import asdict

from guildhall.core.actor import Credential
from guildhall.core.db import Tx
from guildhall.core.errors import Invalid
from guildhall.dialects.hazebot.auth import caller_of
from guildhall.dialects.hazebot.lending import note_reading
from guildhall.dialects.hazebot.ticket_errors import InvalidParameter, InvalidStatus, TranscriptsOff
from guildhall.dialects.hazebot.ticket_wire import MessageList, Reader, TicketDetail, TicketList, TicketReply, people_in
from guildhall.dialects.hazebot.ticket_work import NEWEST, SHOWN, Visitor, newest, people_of, reader_of, shown
from guildhall.domains import tickets
from guildhall.domains.identity import Permission
from guildhall.domains.identity.community import CommunityRole
from guildhall.domains.tickets import ANYBODY, Sight, Ticket, Wanted
from guildhall.domains.tickets.errors import NotTicketOwner, TicketNotFound
from guildhall.domains.tickets.transcripts import Audience
from guildhall.web.answers import Answer
from guildhall.web.bodies import QueryString
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import route
from guildhall.web.transcripts import TranscriptForm, answer_transcript

TICKETS: Final = "/api/tickets"
ONE: Final = TICKETS + "/{ticket_id}"
OWN: Final = Permission.OWN_TICKETS
TOKEN: Final = Credential.TOKEN
HIDDEN: Final = (TicketNotFound, NotTicketOwner)
MOST: Final = 500
MOST_AT_ALL: Final = 10_000
FARTHEST: Final = 10**9
VARY: Final = (b"vary", b"X-App-Version")
STATUSES: Final[Mapping[str, Wanted]] = {
    "all": Wanted(),
    "open": Wanted(closed=False),
    "claimed": Wanted(closed=False, claimed_by=ANYBODY),
    "closed": Wanted(closed=True),
}


class TicketQuery(QueryString, frozen=True, kw_only=True):
    """Which tickets, and which part of the list; without `limit` all of it."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = dict.fromkeys(("limit", "offset"), InvalidParameter)

    status: str = "all"
    limit: int | UnsetType = UNSET
    offset: int = 0

    @property
    def wanted(self) -> Wanted:
        """What the list is about. Raises InvalidStatus, and InvalidParameter for a part that is none."""
        if self.limit is not UNSET and not 1 <= self.limit <= MOST:
            raise InvalidParameter(f"limit lies between 1 and {MOST}", field="limit")
        if not 0 <= self.offset <= FARTHEST:
            raise InvalidParameter(f"offset lies between 0 and {FARTHEST}", field="offset")
        found = STATUSES.get(self.status.lower())
        if found is None:
            raise InvalidStatus(field="status")
        return found


class MessageQuery(QueryString, frozen=True, kw_only=True):
    """Which messages: the newest, those before one, or those after one."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = dict.fromkeys(("limit", "before", "after"), InvalidParameter)

    limit: int = SHOWN
    before: int | UnsetType = UNSET
    after: int | UnsetType = UNSET

    def check(self) -> None:
        """Refuse what is out of range. Raises InvalidParameter."""
        if not 1 <= self.limit <= MOST:
            raise InvalidParameter(f"limit lies between 1 and {MOST}", field="limit")
        for name in ("before", "after"):
            number = getattr(self, name)
            if number is not UNSET and not 0 <= number <= NEWEST:
                raise InvalidParameter(f"{name} is the id of a message", field=name)


class TranscriptQuery(QueryString, frozen=True, kw_only=True):
    """In which form."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = {"format": InvalidParameter}

    format: TranscriptForm = TranscriptForm.HTML


@route("GET", TICKETS, permission=Permission.PUBLIC, accepts=TOKEN, refusals=(InvalidStatus, InvalidParameter))
async def list_tickets(query: TicketQuery, call: Call, tx: Tx) -> TicketList:
    """List tickets: all for staff, their own for others; the newest first."""
    visitor = visitor_of(call)
    return await _list(call, tx, visitor, query, visitor.sight)


@route("GET", TICKETS + "/my", permission=OWN, accepts=TOKEN, refusals=(InvalidStatus, InvalidParameter))
async def list_my_tickets(query: TicketQuery, call: Call, tx: Tx) -> TicketList:
    """List the caller's own tickets."""
    visitor = visitor_of(call)
    return await _list(call, tx, visitor, query, Sight(own=visitor.person.id))


@route("GET", ONE, permission=OWN, accepts=TOKEN, transaction="none", refusals=HIDDEN)
async def get_ticket(ticket_id: str, call: Call, house: House) -> TicketDetail:
    """Read one ticket with its latest messages."""
    visitor = visitor_of(call)
    async with house.database.read() as tx:
        ticket = await tickets.access_ticket(tx, visitor.actor, ticket_id, sight=visitor.sight)
        (reply,) = await _replies(call, tx, visitor, [ticket])
        first = await tickets.messages_of(tx, ticket, limit=1, visible=True)
    await note_reading(house, visitor.caller, call.ip, ticket.id)
    messages = await newest(house, ticket, _reader(call, visitor))
    said = first.messages[0].content if first.messages else None
    return TicketDetail(**{**asdict(reply), "initial_message": said}, user_avatar=reply.avatar_url, messages=messages)


@route(
    "GET", ONE + "/messages", permission=OWN, accepts=TOKEN, transaction="none", refusals=(*HIDDEN, InvalidParameter)
)
async def list_ticket_messages(ticket_id: str, query: MessageQuery, call: Call, house: House) -> MessageList:
    """Read messages of a ticket, the oldest first."""
    query.check()
    visitor = visitor_of(call)
    before = query.before if query.before is not UNSET else None if query.after is not UNSET else NEWEST
    after = 0 if query.after is UNSET else query.after
    async with house.database.read() as tx:
        ticket = await tickets.access_ticket(tx, visitor.actor, ticket_id, sight=visitor.sight)
        page = await tickets.messages_of(tx, ticket, after=after, before=before, limit=query.limit, visible=True)
    await note_reading(house, visitor.caller, call.ip, ticket.id)
    found = [each for each in page.messages if each.id > after]
    return MessageList(messages=await shown(house, found, _reader(call, visitor)))


@route(
    "GET", ONE + "/transcript", permission=OWN, accepts=TOKEN, transaction="none",
    refusals=(*HIDDEN, InvalidParameter, TranscriptsOff),
)  # fmt: skip
async def get_ticket_transcript(ticket_id: str, query: TranscriptQuery, call: Call, house: House) -> Answer:
    """Read all of a ticket, or keep it; its owner gets what was said between both."""
    if not house.site.now.document.transcripts.enabled:
        raise TranscriptsOff
    visitor = visitor_of(call)
    async with house.database.read() as tx:
        ticket = await tickets.access_ticket(tx, visitor.actor, ticket_id, sight=visitor.sight)
    audience = Audience.STAFF if visitor.is_staff else Audience.USER
    return await answer_transcript(house, ticket, audience=audience, form=query.format, saved=False)


async def _list(call: Call, tx: Tx, visitor: Visitor, query: TicketQuery, sight: Sight) -> TicketList:
    wanted, limit = query.wanted, None if query.limit is UNSET else query.limit
    most = limit or MOST_AT_ALL
    found = await tickets.find_tickets(call.house.database, tx, wanted, sight=sight, limit=most, offset=query.offset)
    replies = await _replies(call, tx, visitor, found.tickets)
    return TicketList(tickets=replies, total=found.total, limit=limit, offset=query.offset)


async def _replies(call: Call, tx: Tx, visitor: Visitor, page: list[Ticket]) -> list[TicketReply]:
    """Show tickets, in the words of whoever asks."""
    call.headers.append(VARY)
    reader = _reader(call, visitor)
    unread = await tickets.unread_of(tx, page, visitor.person.id)
    people = await people_of(tx, people_in(page))
    return [TicketReply.of(each, unread[each.id], people, reader) for each in page]


def _reader(call: Call, visitor: Visitor) -> Reader:
    bare = visitor.caller.role is CommunityRole.MONITORING
    return reader_of(call.house, own=not visitor.is_staff, app=is_app(call), bare=bare)


def is_app(call: Call) -> bool:
    """Tell whether one of the apps calls that send their version, and read words of their own."""
    return call.header("x-app-version") is not None


def visitor_of(call: Call) -> Visitor:
    """Return who calls."""
    return Visitor(caller_of(call))
