"""Transcripts of tickets that were closed: posted for the staff, mailed, and sent to the user, as is configured."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from guildhall.core import idempotency
from guildhall.core.crypto import SecretBox
from guildhall.core.db import Database, Tx
from guildhall.core.idempotency import Claim, Kept
from guildhall.core.jobs import JobContext
from guildhall.domains import notifications
from guildhall.domains.site import Configuration, Document
from guildhall.domains.tickets.attachments import FileStore, Links
from guildhall.domains.tickets.endings import Ended
from guildhall.domains.tickets.models import Ticket, Transport
from guildhall.domains.tickets.queries import TICKET
from guildhall.domains.tickets.relay.models import USER, Post, Say
from guildhall.domains.tickets.relay.queueing import in_discord, queue_post, queue_transcript
from guildhall.domains.tickets.transcripts.gathering import Audience, Transcript, transcript_of
from guildhall.domains.tickets.transcripts.pages import as_html

DONE = Kept(200, "")


async def page_of(
    database: Database,
    ticket: Ticket,
    document: Document,
    *,
    audience: Audience,
    files: FileStore,
    links: Links,
    now: datetime,
) -> bytes:
    """Return the transcript of a ticket as a page. Raises Unavailable when its images cannot be reached."""

    async def read(tx: Tx) -> Transcript:
        name = document.tickets.anonymous_name
        return await transcript_of(tx, ticket, audience=audience, anonymous_name=name, now=now)

    transcript = await database.long_read(read)
    return await as_html(transcript, files=files, links=links, zone=ZoneInfo(document.bot.timezone))


def hander_out_of(
    site: Configuration, files: FileStore, links: Links, box: SecretBox
) -> Callable[[JobContext, Ended], Awaitable[None]]:
    """Return the job that hands out the transcript of a closed ticket; one that is open again by then has none."""

    async def hand_out(context: JobContext, ended: Ended) -> None:
        document, now = site.now.document, context.clock.now()
        if not document.transcripts.enabled:
            return
        async with context.database.read() as tx:
            ticket = await tx.one(TICKET, id=ended.ticket_id)
        if ticket is None or not ticket.closed or ticket.reopen_count != ended.closing:
            return
        page = b""
        if document.transcripts.email_to is not None:
            page = await page_of(
                context.database, ticket, document, audience=Audience.STAFF, files=files, links=links, now=now
            )
        claimed = Claim(f"job:{context.id}", "transcript")
        async with context.database.write() as tx:
            if await idempotency.claim(tx, claimed, box=box, now=now) is None:
                await _queue(tx, ticket, document, page.decode(), now=now)
                await idempotency.keep(tx, claimed, DONE, box=box)

    return hand_out


async def _queue(tx: Tx, ticket: Ticket, document: Document, page: str, *, now: datetime) -> None:
    if document.transcripts.channel_id is not None:
        await queue_transcript(tx, ticket, now=now)
    if document.transcripts.send_to_user and ticket.transport is Transport.RELAY and in_discord(ticket):
        await queue_post(tx, ticket, to=USER, post=Post(say=Say.TRANSCRIPT), now=now)
    if document.transcripts.email_to is not None:
        title = f"Transcript of ticket {ticket.number} of {' '.join(ticket.user_name.split())}"
        await notifications.queue_mail(
            tx,
            recipient=document.transcripts.email_to,
            subject=title,
            text=f"{title}, which was closed on {ticket.closed_at:%Y-%m-%d at %H:%M} UTC: see the page beside this.",
            html=page,
            now=now,
        )
