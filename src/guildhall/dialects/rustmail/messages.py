"""What is said in a ticket: reading, answering, noting, changing and deleting."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Final

import msgspec

from guildhall.core.actor import Actor
from guildhall.core.clock import Clock
from guildhall.core.db import Tx
from guildhall.core.errors import Invalid, InvalidField, MissingField
from guildhall.dialects.rustmail.said import shown
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
from guildhall.domains.tickets import Draft, Source, Ticket
from guildhall.domains.tickets.attachments.errors import FileTooLarge
from guildhall.domains.tickets.categories import sight_of
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
from guildhall.domains.tickets.models import LONGEST_MESSAGE
from guildhall.domains.tickets.snippets.errors import MissingArgument, SnippetNotFound
from guildhall.domains.tickets.snippets.rendering import MOST_ARGUMENTS
from guildhall.web.bodies import Body, QueryString, number_in_path
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import route
from guildhall.web.snippet_texts import community_name, text_of

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
    anonymous: bool | None = None
    snippet: str | None = None
    args: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse a kind that is none, and more words than a snippet takes. Raises InvalidField."""
        if self.kind not in KINDS:
            raise InvalidField("kind is reply or note", field="kind")
        if len(self.args) > MOST_ARGUMENTS:
            raise InvalidField(f"A snippet takes at most {MOST_ARGUMENTS} words", field="args")

    async def draft(self, tx: Tx, house: House, ticket: Ticket, *, staff: str, community: str, source: Source) -> Draft:
        """Return what is said, a snippet with its variables filled in. Raises SnippetNotFound, MissingArgument."""
        content, anonymous = self.content, self.anonymous
        if anonymous is None:
            anonymous = house.site.now.document.tickets.anonymous_by_default
        if self.snippet is not None:
            content, hides = await text_of(
                tx, house, ticket, self.snippet, args=self.args, staff=staff, community=community
            )
            anonymous = anonymous or hides
        return Draft(content, source, anonymous and self.kind == "reply")


class MessageEdit(Body, frozen=True, kw_only=True):
    """What a message is to say."""

    content: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_MESSAGE)]


@dataclass(frozen=True)
class Community:
    """What the community's server is called, where that is asked for."""

    name: str


async def find_community(call: Call) -> Community:
    """Ask for the community's name if a snippet may tell it."""
    # In whatever form it comes, a body that sends a snippet says the word; it is read where it is judged.
    return Community(await community_name(call.house) if b'"snippet"' in call.body else "")


@route("GET", MESSAGES, permission=VIEW, accepts=SESSION, refusals=(*REFUSED, InvalidParameter, TicketNotFound))
async def list_ticket_messages(ticket_id: str, query: MessageQuery, tx: Tx, actor: Actor, house: House) -> MessageList:
    """Read the messages of a ticket, oldest first."""
    query.check()
    limit = page_length(query.limit, most=MOST)
    ticket = await tickets.access_ticket(tx, actor, ticket_id, sight=await sight_of(tx, actor))
    page = await tickets.messages_of(tx, ticket, after=query.after, before=query.before, limit=limit)
    revisions = await tickets.revisions_of(tx, page.messages) if query.include == "revisions" else None
    return MessageList(await shown(tx, house, page.messages, revisions), page.has_more)


@route(
    "POST", MESSAGES, permission=MANAGE, accepts=SESSION, prepare=find_community, files=True,
    refusals=(
        *REFUSED_TO_WRITE, InvalidField, EmptyMessage, MessageTooLong, FileTooLarge, TicketNotFound, SnippetNotFound,
        MissingArgument, TicketClosed, TicketClaimed,
    ),
)  # fmt: skip
async def send_ticket_message(
    ticket_id: str, data: MessageCreate, community: Community, call: Call, tx: Tx, actor: Actor, house: House
) -> MessageReply:
    """Reply to the user or add an internal note."""
    data.check()
    ticket = await tickets.access_ticket_to_change(tx, actor, ticket_id, sight=await sight_of(tx, actor))
    person, now = person_of(call), house.clock.now()
    draft = await data.draft(tx, house, ticket, staff=person.name, community=community.name, source=Source.RUSTMAIL)
    draft = replace(draft, attachments=call.files)
    if data.kind == "note":
        written = await tickets.write_note(tx, actor, ticket, person, draft, now=now)
    else:
        written = await tickets.write_as_staff(
            tx,
            actor,
            ticket,
            person,
            draft,
            only_claimer=house.site.now.document.tickets.claim_exclusive,
            overrules=actor.may(Permission.RULE_DESK),
            now=now,
        )
    (reply,) = await shown(tx, house, [written])
    return reply


@route(
    "PATCH", MESSAGE, permission=MANAGE, accepts=SESSION,
    refusals=(
        *REFUSED_TO_WRITE, MissingField, InvalidField, EmptyMessage, MessageTooLong, NotMessageAuthor, MessageNotFound,
        MessageDeleted,
    ),
)  # fmt: skip
async def edit_ticket_message(
    ticket_id: str, message_id: str, data: MessageEdit, call: Call, tx: Tx, actor: Actor, house: House
) -> MessageReply:
    """Change a reply or note; the earlier text is kept."""
    ticket = await _ticket_of_message(tx, actor, ticket_id)
    number, person = number_in_path(message_id), person_of(call)
    now = house.clock.now()
    edited = await tickets.edit_message(tx, actor, ticket, number, person=person, content=data.content, now=now)
    (reply,) = await shown(tx, house, [edited])
    return reply


@route(
    "DELETE", MESSAGE, permission=MANAGE, accepts=SESSION,
    refusals=(*REFUSED_TO_WRITE, NotMessageAuthor, MessageNotFound),
)  # fmt: skip
async def delete_ticket_message(
    ticket_id: str, message_id: str, call: Call, tx: Tx, actor: Actor, clock: Clock
) -> Success:
    """Delete a reply or note; the record stays, marked as deleted."""
    ticket = await _ticket_of_message(tx, actor, ticket_id)
    number, person = number_in_path(message_id), person_of(call)
    rules = actor.may(Permission.RULE_DESK)
    await tickets.delete_message(tx, actor, ticket, number, person=person, overrules=rules, now=clock.now())
    return Success()


async def _ticket_of_message(tx: Tx, actor: Actor, ticket_id: str) -> Ticket:
    """Return a ticket to change a message of. Raises MessageNotFound: what is said in no ticket is nowhere."""
    try:
        return await tickets.access_ticket_to_change(tx, actor, ticket_id, sight=await sight_of(tx, actor))
    except TicketNotFound:
        raise MessageNotFound from None
