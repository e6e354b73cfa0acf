"""What is said in a ticket: reading, answering, noting, changing and deleting."""

from collections.abc import Mapping
from typing import ClassVar, Final

from guildhall.core.actor import Actor
from guildhall.core.clock import Clock
from guildhall.core.db import Tx
from guildhall.core.errors import Invalid, InvalidField, MissingField
from guildhall.dialects.rustmail.ticket_wire import MessageList, MessageReply
from guildhall.dialects.rustmail.tickets import MANAGE, PLACE, VIEW, person_of
from guildhall.dialects.rustmail.wire import (
    REFUSED,
    REFUSED_TO_WRITE,
    SESSION,
    InvalidParameter,
    Success,
    page_length,
)
from guildhall.domains import tickets
from guildhall.domains.identity import Permission
from guildhall.domains.tickets import EVERYTHING, Draft, Source
from guildhall.domains.tickets.errors import (
    EmptyMessage,
    MessageDeleted,
    MessageNotFound,
    MessageTooLong,
    NotMessageAuthor,
    TicketClaimed,
    TicketClosed,
    TicketNotFound,
)
from guildhall.web.bodies import Body, QueryString, number_in_path
from guildhall.web.calls import Call
from guildhall.web.routing import route

MESSAGES: Final = f"{PLACE}/messages"
MESSAGE: Final = f"{MESSAGES}/{{message_id}}"
MOST: Final = 200
KINDS: Final = frozenset({"reply", "note"})


class MessageQuery(QueryString, frozen=True, kw_only=True):
    """Which messages: a page behind `after`, or the newest before `before`."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = dict.fromkeys(
        ("after", "before", "limit", "include"), InvalidParameter
    )

    after: int = 0
    before: int | None = None
    limit: int = 50
    include: str = ""

    def check(self) -> None:
        """Refuse what no page is. Raises InvalidParameter."""
        if self.after < 0 or (self.before is not None and self.before < 1):
            raise InvalidParameter("after and before are ids of messages", field="after")
        if self.include not in {"", "revisions"}:
            raise InvalidParameter("include is revisions", field="include")


class MessageCreate(Body, frozen=True, kw_only=True):
    """What to say: a reply, or a note that only staff see."""

    content: str = ""
    kind: str = "reply"
    anonymous: bool = False

    def check(self) -> None:
        """Refuse a kind that is none. Raises InvalidField."""
        if self.kind not in KINDS:
            raise InvalidField("kind is reply or note", field="kind")


class MessageEdit(Body, frozen=True, kw_only=True):
    """What a message is to say."""

    content: str


@route("GET", MESSAGES, permission=VIEW, accepts=SESSION, refusals=(*REFUSED, InvalidParameter, TicketNotFound))
async def list_ticket_messages(ticket_id: str, query: MessageQuery, tx: Tx, actor: Actor) -> MessageList:
    """Read the messages of a ticket, oldest first."""
    query.check()
    limit = page_length(query.limit, most=MOST)
    ticket = await tickets.access_ticket(tx, actor, ticket_id, sight=EVERYTHING)
    page = await tickets.messages_of(tx, ticket, after=query.after, before=query.before, limit=limit)
    if query.include != "revisions":
        return MessageList([MessageReply.of(each) for each in page.messages], page.has_more)
    revisions = await tickets.revisions_of(tx, page.messages)
    return MessageList([MessageReply.of(each, revisions[each.id]) for each in page.messages], page.has_more)


@route(
    "POST", MESSAGES, permission=MANAGE, accepts=SESSION,
    refusals=(
        *REFUSED_TO_WRITE, InvalidField, EmptyMessage, MessageTooLong, TicketNotFound, TicketClosed, TicketClaimed,
    ),
)  # fmt: skip
async def send_ticket_message(
    ticket_id: str, data: MessageCreate, call: Call, tx: Tx, actor: Actor, clock: Clock
) -> MessageReply:
    """Reply to the user or add an internal note."""
    data.check()
    ticket = await tickets.access_ticket_to_change(tx, actor, ticket_id, sight=EVERYTHING)
    write = tickets.write_note if data.kind == "note" else tickets.write_as_staff
    draft = Draft(data.content, Source.RUSTMAIL, data.anonymous and data.kind == "reply")
    return MessageReply.of(await write(tx, actor, ticket, person_of(call), draft, now=clock.now()))


@route(
    "PATCH", MESSAGE, permission=MANAGE, accepts=SESSION,
    refusals=(
        *REFUSED_TO_WRITE, MissingField, InvalidField, EmptyMessage, MessageTooLong, NotMessageAuthor, TicketNotFound,
        MessageNotFound, MessageDeleted,
    ),
)  # fmt: skip
async def edit_ticket_message(
    ticket_id: str, message_id: str, data: MessageEdit, call: Call, tx: Tx, actor: Actor, clock: Clock
) -> MessageReply:
    """Change a reply or note; the earlier text is kept."""
    ticket = await tickets.access_ticket_to_change(tx, actor, ticket_id, sight=EVERYTHING)
    number, person = number_in_path(message_id), person_of(call)
    edited = await tickets.edit_message(tx, actor, ticket, number, person=person, content=data.content, now=clock.now())
    return MessageReply.of(edited)


@route(
    "DELETE", MESSAGE, permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, NotMessageAuthor, TicketNotFound, MessageNotFound),
)  # fmt: skip
async def delete_ticket_message(
    ticket_id: str, message_id: str, call: Call, tx: Tx, actor: Actor, clock: Clock
) -> Success:
    """Delete a reply or note; the record stays, marked as deleted."""
    ticket = await tickets.access_ticket_to_change(tx, actor, ticket_id, sight=EVERYTHING)
    number, person = number_in_path(message_id), person_of(call)
    rules = actor.may(Permission.RULE_DESK)
    await tickets.delete_message(tx, actor, ticket, number, person=person, overrules=rules, now=clock.now())
    return Success()
