"""Tickets: lists, one ticket, and what staff do with it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

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
from guildhall.domains.tickets import EVERYTHING, NOBODY, Person, Priority, Sort, Ticket, Wanted
from guildhall.domains.tickets.errors import (
    InvalidTag,
    InvalidTime,
    TicketAlreadyOpen,
    TicketClaimed,
    TicketClosed,
    TicketNotFound,
    TicketOpen,
)
from guildhall.web.answers import Answer
from guildhall.web.bodies import Body, Later, QueryString
from guildhall.web.calls import Call
from guildhall.web.routing import route
from guildhall.web.sessions import person_of as person_of_session

PLACE: Final = "/api/bot/tickets/{ticket_id}"
MOST: Final = 200
MOST_OF_THREAD: Final = 1000
LONGEST_SEARCH: Final = 200
LONGEST_DELAY: Final = 31_536_000
FARTHEST: Final = 10**9
VIEW: Final = Permission.VIEW_TICKETS
MANAGE: Final = Permission.MANAGE_TICKETS
STATUSES: Final[Mapping[str, bool | None]] = {"open": False, "1": False, "closed": True, "0": True, "all": None}


class InvalidStatus(Invalid):
    """No word for which tickets are meant."""

    code = "invalid_status"
    text = "status is open, closed or all"


class TicketQuery(QueryString, frozen=True, kw_only=True):
    """Which tickets, in which order, and which page of them. `limit` and `offset` win over `page` and `page_size`."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = dict.fromkeys(
        ("limit", "offset", "page", "page_size", "sort_by", "sort_order", "q"), InvalidParameter
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

    @property
    def wanted(self) -> Wanted:
        """What the list is about. Raises InvalidStatus, InvalidParameter."""
        word = self.status.lower()
        if word not in STATUSES:
            raise InvalidStatus(field="status")
        if len(self.q) > LONGEST_SEARCH:
            raise InvalidParameter(f"q has at most {LONGEST_SEARCH} characters", field="q")
        claimer = NOBODY if self.claimed_by == "none" else self.claimed_by
        return Wanted(STATUSES[word], self.category_id, self.user_id, claimer, self.tag, self.q)

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

    def check(self, person: Person) -> None:
        """Refuse what cannot be changed. Raises MissingField, InvalidField."""
        if all(getattr(self, name) is UNSET for name in self.__struct_fields__):
            raise MissingField("Name at least one thing to change")
        if self.assigned_to not in {UNSET, None, person.id}:
            raise InvalidField("A ticket is assigned to whoever changes it, or to nobody", field="assigned_to")
        if self.category_id not in {UNSET, None}:
            raise InvalidField("There are no categories here yet", field="category_id")


class TicketClose(Body, frozen=True, kw_only=True):
    """How and when a ticket is to end; now unless told otherwise."""

    optional: ClassVar[bool] = True
    refusals: ClassVar[Mapping[str, type[Invalid]]] = {"at": InvalidTime, "delay_seconds": InvalidTime}

    reason: str | None = None
    silent: bool = False
    at: datetime | None = None
    delay_seconds: int | None = None

    def moment(self, now: datetime) -> datetime | None:
        """When it is to end, None for now. Raises InvalidTime."""
        if self.at is not None:
            return in_utc(self.at)
        if self.delay_seconds is None:
            return None
        if not 1 <= self.delay_seconds <= LONGEST_DELAY:
            raise InvalidTime
        return now + timedelta(seconds=self.delay_seconds)


@route(
    "GET", "/api/bot/tickets", permission=VIEW, accepts=SESSION,
    refusals=(*REFUSED, InvalidStatus, InvalidParameter, TicketNotFound),
)  # fmt: skip
async def list_tickets(query: TicketQuery, tx: Tx, actor: Actor) -> Answer | TicketList:
    """List tickets that the caller may see."""
    if query.id is not None:
        return await _one_in_a_list(tx, actor, query.id)
    limit, offset = query.length, query.skipped
    sort = Sort.CREATED if query.sort_by is UNSET else query.sort_by
    found = await tickets.list_tickets(
        tx, query.wanted, sight=EVERYTHING, sort=sort, ascending=query.ascending, limit=limit, offset=offset
    )
    tags = await tickets.tags_of(tx, found.tickets)
    return TicketList(
        tickets=[TicketReply.of(each, tags[each.id]) for each in found.tickets],
        total=found.total,
        limit=limit,
        offset=offset,
        page=offset // limit + 1,
        page_size=limit,
        total_pages=-(-found.total // limit),
        threads=[Thread.of(each, []) for each in found.tickets] if query.is_of_later_clients else UNSET,
    )


async def _one_in_a_list(tx: Tx, actor: Actor, ticket_id: str) -> Answer:
    """Return the one ticket as a list, with its thread both in it and at the top."""
    ticket = await tickets.access_ticket(tx, actor, ticket_id, sight=EVERYTHING)
    messages = (await tickets.messages_of(tx, ticket, limit=MOST_OF_THREAD)).messages
    tags = await tickets.tags_of(tx, [ticket])
    thread = Thread.of(ticket, messages)
    page = TicketList(
        tickets=[TicketReply.of(ticket, tags[ticket.id])],
        total=1,
        limit=1,
        offset=0,
        page=1,
        page_size=1,
        total_pages=1,
        threads=[thread],
    )
    return Answer(msgspec.json.encode({**msgspec.to_builtins(thread), **msgspec.to_builtins(page)}))


@route("GET", PLACE, permission=VIEW, accepts=SESSION, refusals=(*REFUSED, TicketNotFound))
async def get_ticket(ticket_id: str, tx: Tx, actor: Actor) -> TicketDetail:
    """Read one ticket."""
    ticket = await tickets.access_ticket(tx, actor, ticket_id, sight=EVERYTHING)
    return TicketDetail.with_details(ticket, await tickets.details_of(tx, ticket))


@route(
    "PATCH", PLACE, permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, TicketNotFound, TicketClosed, InvalidTag, InvalidTime, InvalidField, MissingField),
)  # fmt: skip
async def update_ticket(
    ticket_id: str, data: TicketUpdate, call: Call, tx: Tx, actor: Actor, clock: Clock
) -> TicketResult:
    """Change what a ticket is called, how it is sorted, whether it rests, and when it closes by itself."""
    now, person = clock.now(), person_of(call)
    ticket = await tickets.access_ticket_to_change(tx, actor, ticket_id, sight=EVERYTHING)
    data.check(person)
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
        ticket = await tickets.assign_ticket(tx, actor, ticket, person if data.assigned_to else None, now=now)
    if data.category_id is None:
        ticket = await tickets.move_ticket(tx, actor, ticket, category_id=None, category_name=None, now=now)
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
    ticket = await tickets.access_ticket_to_change(tx, actor, ticket_id, sight=EVERYTHING)
    data = body.read_or(TicketClose())
    at = data.moment(now)
    if at is None:
        closed = await tickets.close_ticket(tx, actor, ticket, by=by, reason=data.reason, silent=data.silent, now=now)
        return await result_of(tx, closed)
    planned = await tickets.plan_close(tx, actor, ticket, by=by, at=at, reason=data.reason, silent=data.silent, now=now)
    return await result_of(tx, planned)


@route(
    "POST", f"{PLACE}/reopen", permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, TicketNotFound, TicketOpen, TicketAlreadyOpen),
)  # fmt: skip
async def reopen_ticket(ticket_id: str, tx: Tx, actor: Actor, clock: Clock) -> TicketResult:
    """Open a closed ticket again."""
    ticket = await tickets.access_ticket_to_change(tx, actor, ticket_id, sight=EVERYTHING)
    return await result_of(tx, await tickets.reopen_ticket(tx, actor, ticket, now=clock.now()))


@route(
    "POST", f"{PLACE}/claim", permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, TicketNotFound, TicketClosed, TicketClaimed),
)  # fmt: skip
async def claim_ticket(ticket_id: str, call: Call, tx: Tx, actor: Actor, clock: Clock) -> TicketResult:
    """Take a ticket; only one caller can win."""
    ticket = await tickets.access_ticket_to_change(tx, actor, ticket_id, sight=EVERYTHING)
    return await result_of(tx, await tickets.claim_ticket(tx, actor, ticket, person_of(call), now=clock.now()))


@route(
    "POST", f"{PLACE}/release", permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, TicketNotFound, TicketClosed),
)  # fmt: skip
async def release_ticket(ticket_id: str, tx: Tx, actor: Actor, clock: Clock) -> TicketResult:
    """Give a claimed ticket back to the queue."""
    ticket = await tickets.access_ticket_to_change(tx, actor, ticket_id, sight=EVERYTHING)
    return await result_of(tx, await tickets.release_ticket(tx, actor, ticket, now=clock.now()))


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
