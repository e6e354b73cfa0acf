"""What a transcript is about: a ticket with all that was said in it, as one of its two sides may know it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace as another
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from guildhall.core.db import Tx
from guildhall.domains import audit
from guildhall.domains.identity import desk
from guildhall.domains.tickets.attachments import Attachment, attachments_of
from guildhall.domains.tickets.categories.queries import answers_of
from guildhall.domains.tickets.models import SPOKEN, FormAnswer, Message, Participant, Revision, Role, Ticket
from guildhall.domains.tickets.reading import Details, details_of, messages_of, revisions_of

if TYPE_CHECKING:
    from guildhall.domains.audit import AuditEntry

PER_PAGE: Final = 500
SAID: Final = frozenset(
    {"ticket.user_wrote", "ticket.replied", "ticket.noted", "ticket.message_edited", "ticket.message_deleted"}
)
"""What the messages tell themselves."""

ENDS: Final = frozenset({"ticket.opened", "ticket.closed", "ticket.reopened"})
"""What both sides know."""


class Audience(StrEnum):
    """Whom a transcript is for: the staff's has everything, the user's what was said between both."""

    STAFF = "staff"
    USER = "user"


@dataclass(frozen=True)
class Said:
    """A message with its files and what it said before."""

    message: Message
    files: list[Attachment]
    revisions: list[Revision]


@dataclass(frozen=True)
class Happening:
    """What was done with the ticket; `kind` is the act as the audit log has it. For users nobody is named."""

    at: datetime
    kind: str
    actor_id: str | None
    actor_name: str | None
    detail: dict[str, object]


@dataclass(frozen=True)
class Transcript:
    """A ticket as it was at an instant, for one side."""

    audience: Audience
    ticket: Ticket
    details: Details
    answers: list[FormAnswer]
    said: list[Said]
    happenings: list[Happening]
    made_at: datetime


async def transcript_of(
    tx: Tx, ticket: Ticket, *, audience: Audience, anonymous_name: str, now: datetime
) -> Transcript:
    """Return the transcript of a ticket. It reads all of it, so let `Database.long_read` do it.

    The user's has no notes, lines of the house, earlier words or deleted messages, and whoever answered anonymously is
    called `anonymous_name` there.
    """
    whole = Transcript(
        audience=Audience.STAFF,
        ticket=ticket,
        details=await details_of(tx, ticket),
        answers=await answers_of(tx, ticket.id),
        said=await _said(tx, ticket),
        happenings=await _happenings(tx, ticket),
        made_at=now,
    )
    return whole if audience is Audience.STAFF else _for_user(whole, anonymous_name)


async def _said(tx: Tx, ticket: Ticket) -> list[Said]:
    said: list[Said] = []
    has_more = True
    while has_more:
        page = await messages_of(tx, ticket, after=said[-1].message.id if said else 0, limit=PER_PAGE)
        revisions = await revisions_of(tx, page.messages)
        files = await attachments_of(tx, (each.id for each in page.messages))
        said += [Said(each, files[each.id], revisions[each.id]) for each in page.messages]
        has_more = page.has_more
    return said


async def _happenings(tx: Tx, ticket: Ticket) -> list[Happening]:
    found: list[AuditEntry] = []
    before: int | None = None
    while True:
        page = await audit.page_of_entries(tx, limit=PER_PAGE, before=before, target=ticket.id)
        found += [each for each in page if each.action not in SAID]
        if len(page) < PER_PAGE:
            break
        before = page[-1].seq
    people = await desk.known_people(tx, (each.user_id for each in found if each.user_id))
    happenings = []
    for each in reversed(found):
        person = people.get(each.user_id or "")
        actor_id, name = (person.shown_id, person.display_name) if person else (each.app_id, None)
        happenings.append(Happening(each.at, each.action, actor_id, name, each.details))
    return happenings


def _for_user(whole: Transcript, anonymous_name: str) -> Transcript:
    ticket, shown = whole.ticket, [_as_user_reads(each, anonymous_name) for each in whole.said]
    said = [each for each in shown if each is not None]
    ends = [each for each in whole.happenings if each.kind in ENDS]
    return another(
        whole,
        audience=Audience.USER,
        ticket=replace(
            ticket,
            label=None,
            claimed_by=None,
            assigned_to=None,
            closed_by=ticket.closed_by if ticket.closed_by == ticket.user_id else None,
        ),
        details=another(whole.details, tags=[], participants=_known(whole.details.participants, said)),
        said=said,
        happenings=[another(each, actor_id=None, actor_name=None, detail={}) for each in ends],
    )


def _as_user_reads(said: Said, anonymous_name: str) -> Said | None:
    message = said.message
    if message.kind not in SPOKEN or message.deleted_at is not None:
        return None
    if message.anonymous:
        message = replace(message, author_id=None, author_name=anonymous_name)
    return another(said, message=message, revisions=[])


def _known(participants: Iterable[Participant], said: list[Said]) -> list[Participant]:
    """Return those whom the user has seen write under their own name, and the user."""
    seen = {each.message.author_id for each in said}
    return [each for each in participants if each.role is Role.USER or each.person_id in seen]
