"""Transcripts of tickets, for staff to keep or to pass on."""

from collections.abc import Mapping
from typing import ClassVar

from guildhall.core.actor import Actor
from guildhall.core.errors import Invalid
from guildhall.dialects.rustmail.tickets import PLACE, VIEW
from guildhall.dialects.rustmail.wire import REFUSED, SESSION, InvalidParameter
from guildhall.domains import tickets
from guildhall.domains.tickets.categories import sight_of
from guildhall.domains.tickets.errors import TicketNotFound
from guildhall.domains.tickets.transcripts import Audience
from guildhall.web.answers import Answer
from guildhall.web.bodies import QueryString
from guildhall.web.house import House
from guildhall.web.routing import route
from guildhall.web.transcripts import TranscriptForm, answer_transcript


class TranscriptQuery(QueryString, frozen=True, kw_only=True):
    """In which form, and for whom: the user's leaves out notes and hides anonymous authors."""

    refusals: ClassVar[Mapping[str, type[Invalid]]] = {"format": InvalidParameter, "audience": InvalidParameter}

    format: TranscriptForm = TranscriptForm.JSON
    audience: Audience = Audience.STAFF


@route(
    "GET", f"{PLACE}/transcript", permission=VIEW, accepts=SESSION, transaction="none",
    refusals=(*REFUSED, InvalidParameter, TicketNotFound),
)  # fmt: skip
async def get_transcript(ticket_id: str, query: TranscriptQuery, actor: Actor, house: House) -> Answer:
    """Download the transcript as JSON or HTML."""
    async with house.database.read() as tx:
        ticket = await tickets.access_ticket(tx, actor, ticket_id, sight=await sight_of(tx, actor))
    return await answer_transcript(house, ticket, audience=query.audience, form=query.format, saved=True)
