"""Answers that are transcripts of tickets."""

from enum import StrEnum

from guildhall.core.db import Tx
from guildhall.domains.tickets import Ticket
from guildhall.domains.tickets.attachments import disposition
from guildhall.domains.tickets.transcripts import Audience, Transcript, as_json, page_of, transcript_of
from guildhall.web.answers import HTML, JSON, Answer
from guildhall.web.house import House

UNCACHED = (b"cache-control", b"no-store")


class TranscriptForm(StrEnum):
    """A document for programs, or a page for people."""

    JSON = "json"
    HTML = "html"


async def answer_transcript(
    house: House, ticket: Ticket, *, audience: Audience, form: TranscriptForm, saved: bool
) -> Answer:
    """Return the transcript of a ticket that the caller may see, to be `saved` or shown. Call it outside transactions.

    Raises Unavailable when the images of a page cannot be reached.
    """
    document, now = house.site.now.document, house.clock.now()
    name = disposition(f"transcript-{ticket.number}.{form}", inline=not saved).encode()
    headers = ((b"content-disposition", name), UNCACHED)
    if form is TranscriptForm.HTML:
        page = await page_of(
            house.database, ticket, document, audience=audience, files=house.files, links=house.links, now=now
        )
        return Answer(page, media_type=HTML, headers=headers)

    async def read(tx: Tx) -> Transcript:
        anonymous = document.tickets.anonymous_name
        return await transcript_of(tx, ticket, audience=audience, anonymous_name=anonymous, now=now)

    transcript = await house.database.long_read(read)
    return Answer(as_json(transcript, house.links), media_type=JSON, headers=headers)
