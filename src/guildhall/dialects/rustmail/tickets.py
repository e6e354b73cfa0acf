"""Tickets: lists, one ticket, and what staff do with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import UNSET, UnsetType

from guildhall.core.actor import Actor
from guildhall.core.clock import Clock
from guildhall.core.db import Tx
from guildhall.core.errors import Invalid, InvalidField, MissingField
from guildhall.dialects.rustmail.auth import caller_of
from guildhall.dialects.rustmail.ticket_wire import (
    Thread,
    TicketDetail,
    TicketReply,
    TicketResult,
)
from guildhall.dialects.rustmail.wire import (
    REFUSED,
    REFUSED_TO_WRITE,
    SESSION,
    InvalidParameter,
    page_length,
)
from guildhall.domains import tickets
from guildhall.domains.identity import Permission
from guildhall.domains.identity.desk.granting import SNOWFLAKE
from guildhall.domains.tickets import (
    EVERYTHING,
    NOBODY,
    Draft,
    Origin,
    Person,
    Priority,
    Sort,
    Source,
    Ticket,
    TicketState,
    Wanted,
    categories,
)
from guildhall.domains.tickets.categories import sight_of
from guildhall.domains.tickets.errors import (
    BotUser,
    CategoryNotFound,
    DeskOffline,
    InvalidTag,
    InvalidTime,
    NotClaimer,
    NotStaff,
    TicketAlreadyOpen,
    TicketClaimed,
    TicketClosed,
    TicketNotFound,
    TicketOpen,
    UserBlocked,
    UserNotFound,
)
from guildhall.domains.tickets.guests import Guest, open_for
from guildhall.domains.tickets.models import LONGEST_MESSAGE
from guildhall.web import ticket_channels
from guildhall.web.answers import Answer
from guildhall.web.bodies import Body, Later, QueryString, read_body
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import route
from guildhall.web.sessions import person_of as person_of_session
from guildhall.web.ticket_channels import ChannelPending

PLACE: Final = "/api/bot/tickets/{ticket_id}"
MOST: Final = 200
MOST_OF_THREAD: Final = 1000
LONGEST_SEARCH: Final = 200
LONGEST_DELAY: Final = 31_536_000
FARTHEST: Final = 10**9
VIEW: Final = Permission.VIEW_TICKETS
MANAGE: Final = Permission.MANAGE_TICKETS
FirstWords = Annotated[str, msgspec.Meta(max_length=LONGEST_MESSAGE)]
STATUSES: Final[Mapping[str, bool | None]] = {"open": False, "1": False, "closed": True, "0": True, "all": None}


class InvalidStatus(Invalid):
    """No word for which tickets are meant."""

    code = "invalid_status"
    text = "status is open, closed or all"


class TicketQuery(QueryString, frozen=True, kw_only=True):
    """Which tickets, in which order, and which page of them. `limit` and `offset` win over `page` and `page_size`."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = dict.fromkeys(
        ("limit", "offset", "page", "page_size", "sort_by", "sort_order", "q", "updated_since"), InvalidParameter
    )

    status: str = "all"
    limit: int | UnsetType = UNSET
    offset: int | UnsetType = UNSET
    page: int | UnsetType = UNSET
    page_size: int | UnsetType = UNSET
    id: str | None = None
    category_id: str | None = None
    user_id: str | None = None
    claimed_by: str | None = None
    tag: str | None = None
    q: str = ""
    sort_by: Sort | UnsetType = UNSET
    sort_order: str | UnsetType = UNSET
    updated_since: datetime | None = None

    @property
    def wanted(self) -> Wanted:
        """What the list is about. Raises InvalidStatus, InvalidParameter."""
        word = self.status.lower()
        if word not in STATUSES:
            raise InvalidStatus(field="status")
        if len(self.q) > LONGEST_SEARCH:
            raise InvalidParameter(f"q has at most {LONGEST_SEARCH} characters", field="q")
        claimer = NOBODY if self.claimed_by == "none" else self.claimed_by
        if self.updated_since is not None and self.updated_since.tzinfo is None:
            raise InvalidParameter("A time says its zone, as 2026-03-01T12:00:00Z does", field="updated_since")
        return Wanted(
            STATUSES[word], self.category_id, self.user_id, claimer, self.tag, self.q, changed_since=self.updated_since
        )

    @property
    def length(self) -> int:
        """How many tickets a page has. Raises InvalidParameter."""
        asked = self.limit if self.limit is not UNSET else self.page_size
        return page_length(50 if asked is UNSET else asked, most=MOST)

    @property
    def skipped(self) -> int:
        """How many tickets lie before the page. Raises InvalidParameter."""
        if self.offset is not UNSET:
            skipped = self.offset
        else:
            page = 1 if self.page is UNSET else self.page
            if page < 1:
                raise InvalidParameter("page is at least 1", field="page")
            skipped = (page - 1) * self.length
        if not 0 <= skipped <= FARTHEST:
            raise InvalidParameter(f"offset lies between 0 and {FARTHEST}", field="offset")
        return skipped

    @property
    def ascending(self) -> bool:
        """Whether the smallest comes first. Raises InvalidParameter."""
        if self.sort_order is UNSET or self.sort_order in {"asc", "desc"}:
            return self.sort_order == "asc"
        raise InvalidParameter("sort_order is asc or desc", field="sort_order")

    @property
    def is_of_later_clients(self) -> bool:
        """Whether it is asked as later clients ask, who read another shape."""
        theirs = (self.page, self.page_size, self.sort_by, self.sort_order)
        return self.status in {"0", "1"} or any(each is not UNSET for each in theirs)


class TicketList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A page of tickets; `threads` are the same in the shape of later clients, for those who ask as they do."""

    tickets: list[TicketReply]
    total: int
    limit: int
    offset: int
    page: int
    page_size: int
    total_pages: int
    threads: list[Thread] | UnsetType = UNSET

    @classmethod
    def of(cls, shown: list[TicketReply], total: int, *, limit: int, offset: int) -> "TicketList":
        """Show a page of a list."""
        return cls(
            tickets=shown,
            total=total,
            limit=limit,
            offset=offset,
            page=offset // limit + 1,
            page_size=limit,
            total_pages=-(-total // limit),
        )


class TicketUpdate(Body, frozen=True, kw_only=True):
    """What is to be changed; what is not named stays."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = {"tags": InvalidTag, "scheduled_close_at": InvalidTime}

    label: str | UnsetType | None = UNSET
    tags: list[str] | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    on_hold: bool | UnsetType = UNSET
    subject: str | UnsetType | None = UNSET
    scheduled_close_at: datetime | UnsetType | None = UNSET
    assigned_to: str | UnsetType | None = UNSET
    category_id: str | UnsetType | None = UNSET

    def check(self) -> None:
        """Refuse a change of nothing. Raises MissingField."""
        if all(getattr(self, name) is UNSET for name in self.__struct_fields__):
            raise MissingField("Name at least one thing to change")


class TicketClose(Body, frozen=True, kw_only=True):
    """How and when a ticket is to end; now unless told otherwise."""

    optional: ClassVar[bool] = True
    refusals: ClassVar[Mapping[str, type[Invalid]]] = {"at": InvalidTime, "delay_seconds": InvalidTime}

    reason: str | None = None
    silent: bool = False
    at: datetime | None = None
    delay_seconds: int | None = None

    async def end(self, tx: Tx, actor: Actor, ticket: Ticket, *, by: str, now: datetime) -> Ticket:
        """Close a ticket, which is locked, or plan that. Raises TicketClosed, InvalidTime, InvalidField."""
        at = self._moment(now)
        if at is None:
            return await tickets.close_ticket(tx, actor, ticket, by=by, reason=self.reason, silent=self.silent, now=now)
        return await tickets.plan_close(
            tx, actor, ticket, by=by, at=at, reason=self.reason, silent=self.silent, now=now
        )

    def _moment(self, now: datetime) -> datetime | None:
        """When it is to end, None for now. Raises InvalidTime."""
        if self.at is not None:
            return in_utc(self.at)
        if self.delay_seconds is None:
            return None
        if not 1 <= self.delay_seconds <= LONGEST_DELAY:
            raise InvalidTime
        return now + timedelta(seconds=self.delay_seconds)


class NewTicket(Body, frozen=True, kw_only=True):
    """For whom a ticket is to be opened, and what they are told first, if anything."""

    user_id: str
    category_id: str | None = None
    subject: str | None = None
    message: FirstWords = ""
    silent: bool = False


@dataclass(frozen=True)
class Assignee:
    """Whom a ticket is to be given, if anybody."""

    person: Person | None


async def find_assignee(call: Call) -> Assignee:
    """Look up whom a ticket is to be given. Raises NotStaff, and whatever is wrong with the body."""
    wanted, me = read_body(call.body, TicketUpdate).assigned_to, person_of(call)
    if wanted is UNSET or wanted is None:
        return Assignee(None)
    if wanted == me.id:
        return Assignee(me)
    if not SNOWFLAKE.fullmatch(wanted):
        raise NotStaff
    return Assignee(await ticket_channels.staff_of(call.house, wanted))


async def find_guest(call: Call) -> Guest:
    """Look up for whom a ticket is to be opened. Raises as `guest_of`, and whatever is wrong with the body."""
    wanted = read_body(call.body, NewTicket).user_id
    if not SNOWFLAKE.fullmatch(wanted):
        raise InvalidField("user_id is an id of Discord's", field="user_id")
    return await ticket_channels.guest_of(call.house, wanted)


async def follow_opening(call: Call, body: bytes) -> bytes:
    """Wait for the channel of a ticket that is being opened."""
    reply = msgspec.json.decode(body, type=TicketResult)
    if reply.ticket.state != TicketState.OPENING:
        return body
    made = await ticket_channels.await_channel(call.house, reply.ticket.id)
    shown = msgspec.structs.replace(reply.ticket, state=TicketState.OPEN.value, channel_id=str(made.channel_id))
    return msgspec.json.encode(TicketResult(ticket=shown))


@route(
    "POST", "/api/bot/tickets", permission=MANAGE, accepts=SESSION, prepare=find_guest, follow=follow_opening,
    refusals=(
        *REFUSED_TO_WRITE, InvalidField, MissingField, UserNotFound, BotUser, UserBlocked, CategoryNotFound,
        TicketAlreadyOpen, DeskOffline, ChannelPending,
    ),
)  # fmt: skip
async def open_ticket(data: NewTicket, guest: Guest, call: Call, tx: Tx, actor: Actor, house: House) -> TicketResult:
    """Open a ticket for a user from the panel; they are written to only with a first message."""
    category = await categories.find_category(tx, data.category_id) if data.category_id is not None else None
    now = house.clock.now()
    ticket = await open_for(
        tx,
        actor,
        guest,
        guild_id=house.discord.guild_id,
        origin=Origin.PANEL,
        category=category,
        subject=data.subject,
        silent=data.silent,
        now=now,
    )
    if data.message.strip():
        draft = Draft(data.message, Source.RUSTMAIL)
        await tickets.write_as_staff(tx, actor, ticket, person_of(call), draft, now=now)
        ticket = await tickets.access_ticket(tx, actor, ticket.id, sight=EVERYTHING)
    return await result_of(tx, ticket)


@route(
    "GET", "/api/bot/tickets", permission=VIEW, accepts=SESSION,
    refusals=(*REFUSED, InvalidStatus, InvalidParameter, TicketNotFound),
)  # fmt: skip
async def list_tickets(query: TicketQuery, tx: Tx, actor: Actor, house: House) -> Answer | TicketList:
    """List tickets that the caller may see."""
    if query.id is not None:
        return await _one_in_a_list(tx, actor, query.id)
    limit, offset = query.length, query.skipped
    sort = Sort.CREATED if query.sort_by is UNSET else query.sort_by
    found = await tickets.find_tickets(
        house.database,
        tx,
        query.wanted,
        sight=await sight_of(tx, actor),
        sort=sort,
        ascending=query.ascending,
        limit=limit,
        offset=offset,
    )
    tags = await tickets.tags_of(tx, found.tickets)
    shown = TicketList.of(
        [TicketReply.of(each, tags[each.id]) for each in found.tickets], found.total, limit=limit, offset=offset
    )
    if not query.is_of_later_clients:
        return shown
    return msgspec.structs.replace(shown, threads=[Thread.of(each, []) for each in found.tickets])


async def _one_in_a_list(tx: Tx, actor: Actor, ticket_id: str) -> Answer:
    """Return the one ticket as a list, with its thread both in it and at the top."""
    ticket = await tickets.access_ticket(tx, actor, ticket_id, sight=await sight_of(tx, actor))
    messages = (await tickets.messages_of(tx, ticket, limit=MOST_OF_THREAD)).messages
    tags = await tickets.tags_of(tx, [ticket])
    thread = Thread.of(ticket, messages)
    page = TicketList.of([TicketReply.of(ticket, tags[ticket.id])], 1, limit=1, offset=0)
    page = msgspec.structs.replace(page, threads=[thread])
    return Answer(msgspec.json.encode({**msgspec.to_builtins(thread), **msgspec.to_builtins(page)}))


@route("GET", PLACE, permission=VIEW, accepts=SESSION, refusals=(*REFUSED, TicketNotFound))
async def get_ticket(ticket_id: str, tx: Tx, actor: Actor) -> TicketDetail:
    """Read one ticket."""
    ticket = await tickets.access_ticket(tx, actor, ticket_id, sight=await sight_of(tx, actor))
    answers = await categories.answers_of(tx, ticket.id)
    return TicketDetail.with_details(ticket, await tickets.details_of(tx, ticket), answers)


@route(
    "PATCH", PLACE, permission=MANAGE, accepts=SESSION, prepare=find_assignee,
    refusals=(
        *REFUSED_TO_WRITE, TicketNotFound, CategoryNotFound, TicketClosed, InvalidTag, InvalidTime, InvalidField,
        MissingField, NotStaff,
    ),
)  # fmt: skip
async def update_ticket(
    ticket_id: str, data: TicketUpdate, assignee: Assignee, call: Call, tx: Tx, actor: Actor, clock: Clock
) -> TicketResult:
    """Change what a ticket is called, how it is sorted, who has it, whether it rests, and when it closes by itself."""
    now, person = clock.now(), person_of(call)
    ticket = await tickets.access_ticket_to_change(tx, actor, ticket_id, sight=await sight_of(tx, actor))
    data.check()
    ticket = await tickets.sort_ticket(
        tx,
        actor,
        ticket,
        label=ticket.label if data.label is UNSET else data.label,
        priority=ticket.priority if data.priority is UNSET else data.priority,
        subject=ticket.subject if data.subject is UNSET else data.subject,
        now=now,
    )
    if data.on_hold is not UNSET:
        ticket = await tickets.hold_ticket(tx, actor, ticket, on_hold=data.on_hold, now=now)
    if data.scheduled_close_at is not UNSET:
        at = None if data.scheduled_close_at is None else in_utc(data.scheduled_close_at)
        ticket = await tickets.plan_close(tx, actor, ticket, by=person.id, at=at, now=now)
    if data.assigned_to is not UNSET:
        ticket = await tickets.assign_ticket(tx, actor, ticket, assignee.person, now=now)
    if data.category_id is not UNSET:
        category = None if data.category_id is None else await categories.find_category(tx, data.category_id)
        ticket = await categories.put_ticket(tx, actor, ticket, category, now=now)
    if data.tags is not UNSET:
        await tickets.tag_ticket(tx, actor, ticket, data.tags, now=now)
    return await result_of(tx, ticket)


@route(
    "POST", f"{PLACE}/close", permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, TicketNotFound, TicketClosed, InvalidTime, InvalidField),
)  # fmt: skip
async def close_ticket(
    ticket_id: str, body: Later[TicketClose], call: Call, tx: Tx, actor: Actor, clock: Clock
) -> TicketResult:
    """Close a ticket now, or let it close at a later time."""
    now, by = clock.now(), person_of(call).id
    ticket = await tickets.access_ticket_to_change(tx, actor, ticket_id, sight=await sight_of(tx, actor))
    return await result_of(tx, await body.read_or(TicketClose()).end(tx, actor, ticket, by=by, now=now))


@route(
    "POST", f"{PLACE}/reopen", permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, TicketNotFound, TicketOpen, TicketAlreadyOpen, DeskOffline, ChannelPending),
    follow=follow_opening,
)  # fmt: skip
async def reopen_ticket(ticket_id: str, tx: Tx, actor: Actor, house: House) -> TicketResult:
    """Open a closed ticket again, with a channel where it had one."""
    ticket = await tickets.access_ticket_to_change(tx, actor, ticket_id, sight=await sight_of(tx, actor))
    return await result_of(tx, await ticket_channels.reopen(tx, actor, ticket, house=house))


@route(
    "POST", f"{PLACE}/claim", permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, TicketNotFound, TicketClosed, TicketClaimed),
)  # fmt: skip
async def claim_ticket(ticket_id: str, call: Call, tx: Tx, actor: Actor, clock: Clock) -> TicketResult:
    """Take a ticket; only one caller can win."""
    ticket = await tickets.access_ticket_to_change(tx, actor, ticket_id, sight=await sight_of(tx, actor))
    return await result_of(tx, await tickets.claim_ticket(tx, actor, ticket, person_of(call), now=clock.now()))


@route(
    "POST", f"{PLACE}/release", permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, TicketNotFound, TicketClosed, NotClaimer),
)  # fmt: skip
async def release_ticket(ticket_id: str, call: Call, tx: Tx, actor: Actor, clock: Clock) -> TicketResult:
    """Give a claimed ticket back to the queue."""
    ticket = await tickets.access_ticket_to_change(tx, actor, ticket_id, sight=await sight_of(tx, actor))
    me = person_of(call).id
    return await result_of(tx, await tickets.release_ticket(tx, actor, ticket, by=me, now=clock.now()))


async def result_of(tx: Tx, ticket: Ticket) -> TicketResult:
    """Return a ticket after a change, with its tags."""
    return TicketResult(ticket=TicketReply.of(ticket, (await tickets.tags_of(tx, [ticket]))[ticket.id]))


def person_of(call: Call) -> Person:
    """Return the one who calls, as tickets name them."""
    return person_of_session(caller_of(call))


def in_utc(moment: datetime) -> datetime:
    """Return an instant in UTC. Raises InvalidTime for one that does not say its zone."""
    if moment.tzinfo is None:
        raise InvalidTime("A time says its zone, as 2026-03-01T12:00:00Z does")
    return moment.astimezone(UTC)
