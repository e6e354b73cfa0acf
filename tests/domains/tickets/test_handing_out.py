"""Transcripts of tickets that were closed, handed out as is configured."""

from pathlib import Path

from sqlalchemy import select

from guildhall.core.blobs import open_blobs
from guildhall.core.crypto import SecretBox
from guildhall.core.db import query
from guildhall.core.jobs import JobContext
from guildhall.domains import notifications, tickets
from guildhall.domains.site import Configuration
from guildhall.domains.tickets.attachments import FileStore, Links
from guildhall.domains.tickets.endings import Ended
from guildhall.domains.tickets.relay.models import QueuedPost, Say, ticket_posts
from guildhall.domains.tickets.transcripts import hander_out_of
from guildhall.settings import StoreSettings
from tests.clock import SettableClock
from tests.domains.tickets.desk import MARA, Desk

POSTS = query(QueuedPost, select(ticket_posts).where(ticket_posts.c.ended_at.is_(None)))


async def test_the_transcript_of_a_closing_is_posted_sent_and_mailed_once_where_that_is_wanted(
    desk: Desk, tmp_path: Path
) -> None:
    box, links = SecretBox("a key that is for tests only", "answers"), Links("a key", "https://hub.example")
    files = FileStore(desk.database, open_blobs(StoreSettings(data_dir=tmp_path)), SettableClock(desk.now))

    async def hand_out(job: str, ended: Ended, **fixed: object) -> tuple[list[str], list[tuple[str, bool]]]:
        known = {f"transcripts.{name}": value for name, value in fixed.items()}
        work = hander_out_of(Configuration(desk.database, box, fixed=known), files, links, box)
        await work(JobContext(job, 1, desk.database, SettableClock(desk.now)), ended)
        async with desk.database.read() as tx:
            posts, mails = await tx.all(POSTS), await notifications.page_of_mails(tx, limit=9)
        sent = sorted(each.target.value for each in posts if each.payload.say is Say.TRANSCRIPT)
        return sent, [(each.recipient, "A secret" in (each.html or "")) for each in mails]

    ticket = await desk.open(needs_channel=True)
    async with desk.database.write() as tx:
        await tickets.note_channel(tx, ticket, 77)
    await desk.do(tickets.write_note, ticket, MARA, tickets.Draft("A secret", tickets.Source.PANEL))
    assert await hand_out("early", Ended(ticket.id, 0), channel_id="5") == ([], [])
    await desk.do(tickets.close_ticket, ticket, by=MARA.id)
    assert await hand_out("none", Ended(ticket.id, 0)) == ([], [])
    assert await hand_out("off", Ended(ticket.id, 0), channel_id="5", enabled=False) == ([], [])
    wanted = {"channel_id": "5", "send_to_user": True, "email_to": "desk@example.org"}
    for _ in range(2):
        found = await hand_out("all", Ended(ticket.id, 0), **wanted)
        assert found == (["log", "user"], [("desk@example.org", True)])
