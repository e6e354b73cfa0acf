"""Invitations from a booking to a mailbox: through the outbox, the job engine and a real mail server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from icalendar import Calendar, Event

from guildhall.core import outbox
from guildhall.core.db import Database
from guildhall.core.outbox import Job, JobState
from guildhall.domains import notifications
from guildhall.domains.notifications import MailState, StoredMail
from guildhall.settings import Settings
from tests.clock import SettableClock
from tests.services.smtp import SmtpServer
from tests.serving import MASTER_KEY, Served, free_port, serving, settings_for

T = TypeVar("T")
WITHIN = 40.0
BOOK = "/v1/rooms/ostrom/book"
STANDUP = {"title": "Team Standup", "date": "2026-03-19", "start": "14:00", "end": "15:00"}
SETTLED = {MailState.SENT, MailState.REFUSED, MailState.KEPT}


@pytest.fixture
def settings(database_url: str, tmp_path: Path, smtp_server: SmtpServer) -> Settings:
    """Settings of a server that sends its mail."""
    return settings_for(database_url, tmp_path, SMTP_URL=smtp_server.url)


@asynccontextmanager
async def working(settings: Settings, clock: SettableClock) -> AsyncIterator[tuple[Served, httpx.AsyncClient]]:
    """Run a server that works its jobs, and open a client that acts for one person through the master key."""
    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(serving(settings, clock=clock, works_jobs=True))
        headers = {"Authorization": f"Bearer {MASTER_KEY}", "X-User-Id": "849888126"}
        yield served, await stack.enter_async_context(served.client(headers=headers))


async def all_mails(database: Database) -> list[StoredMail]:
    async with database.read() as tx:
        return await notifications.page_of_mails(tx, limit=100)


async def until(database: Database, holds: Callable[[list[StoredMail]], bool]) -> list[StoredMail]:
    """Return the mails, newest first, as soon as the condition holds for them."""
    return await seen(lambda: all_mails(database), holds)


async def seen(look: Callable[[], Awaitable[T]], holds: Callable[[T], bool]) -> T:
    """Look again and again until the condition holds for what is seen, and return that."""
    async with asyncio.timeout(WITHIN):
        while not holds(found := await look()):  # noqa: ASYNC110  The jobs are worked by threads of their own.
            await asyncio.sleep(0.05)
    return found


def settled(count: int) -> Callable[[list[StoredMail]], bool]:
    """Ask for so many mails, with none of them still under way."""
    return lambda mails: len(mails) == count and all(mail.state in SETTLED for mail in mails)


def event_in(message: EmailMessage) -> tuple[str, Event]:
    """Return the method and the event of a message that mail programs act upon."""
    part = message.get_body(("calendar",))
    assert isinstance(part, EmailMessage)
    calendar = Calendar.from_ical(part.get_content())
    assert isinstance(calendar, Calendar)
    (event,) = calendar.events
    assert part.get_content_type() == "text/calendar"
    assert str(part.get_param("method")) == str(calendar["method"])
    return str(calendar["method"]), event


async def test_an_invitation_is_sent_and_taken_back_under_the_same_uid(
    settings: Settings, clock: SettableClock, smtp_server: SmtpServer
) -> None:
    async with working(settings, clock) as (served, person):
        wish = {**STANDUP, "description": "Weekly, ☃; sync", "email": "zoe@example.org"}
        booking = (await person.post(BOOK, json=wish)).json()
        invitation = await smtp_server.next_mail("zoe@example.org", within=WITHIN)
        assert (invitation.sender, invitation.recipients) == ("guildhall@hub.test", ("zoe@example.org",))
        assert invitation.message["Subject"] == "Invitation: Team Standup"
        plain = invitation.message.get_body(("plain",))
        assert plain is not None
        assert "Ostrom Room, Thursday 19 March 2026, 14:00 to 15:00" in plain.get_content()
        method, event = event_in(invitation.message)
        assert (method, event.uid, event.sequence) == ("REQUEST", f"{booking['eventId']}@hub.test", 0)
        assert (str(event["organizer"]), str(event["attendee"])) == (
            "mailto:guildhall@hub.test",
            "mailto:zoe@example.org",
        )
        assert (event.summary, event.description, str(event["status"])) == (
            "Team Standup",
            "Weekly, ☃; sync",
            "CONFIRMED",
        )
        assert isinstance(event.start, datetime)
        assert event.start == datetime.fromisoformat(booking["start"])

        assert (await person.delete(f"{BOOK}/{booking['eventId']}")).status_code == 200
        sent = await until(served.house.database, settled(2))
        cancellation, first = sent
        assert {mail.state for mail in sent} == {MailState.SENT}
        _, back = smtp_server.mails("zoe@example.org")
        assert back.message["Subject"] == "Cancelled: Team Standup"
        method, withdrawn = event_in(back.message)
        assert (method, withdrawn.uid, withdrawn.sequence) == ("CANCEL", event.uid, 1)
        assert str(withdrawn["status"]) == "CANCELLED"
        told = [mail.message["Message-ID"] for mail in smtp_server.mails()]
        assert told == [f"<{first.id}@hub.test>", f"<{cancellation.id}@hub.test>"]


async def test_nobody_is_told_of_what_is_over_of_what_was_refused_or_without_an_address(
    settings: Settings, clock: SettableClock, smtp_server: SmtpServer
) -> None:
    async with working(settings, clock) as (served, person):
        email = {"email": "zoe@example.org"}
        over = (await person.post(BOOK, json={**STANDUP, "date": "2026-03-01", **email})).json()
        assert (await person.delete(f"{BOOK}/{over['eventId']}")).status_code == 200
        silent = (await person.post(BOOK, json=STANDUP)).json()
        assert (await person.post(BOOK, json={**STANDUP, **email})).status_code == 409
        assert (await person.delete(f"{BOOK}/{silent['eventId']}")).status_code == 200
        assert await all_mails(served.house.database) == []
        begun = (await person.post(BOOK, json={**STANDUP, "date": "2026-03-02", "start": "09:00", **email})).json()
        clock.advance(timedelta(days=1))
        assert (await person.delete(f"{BOOK}/{begun['eventId']}")).status_code == 200
        (only,) = await until(served.house.database, settled(1))
        assert only.calendar_method == "REQUEST", "when it was cancelled it was over"
    assert len(smtp_server.mails()) == 1


async def test_a_mailbox_that_does_not_exist_is_noted_and_not_tried_again(
    settings: Settings, clock: SettableClock, smtp_server: SmtpServer
) -> None:
    async with working(settings, clock) as (served, person):
        assert (await person.post(BOOK, json={**STANDUP, "email": "refuse-me@example.org"})).status_code == 200
        (mail,) = await until(served.house.database, settled(1))
        assert (mail.state, mail.sent_at) == (MailState.REFUSED, None)
        assert "no such mailbox" in (mail.error or "")
        assert await jobs_done(served.house.database, 1)


async def test_a_mail_that_the_server_wants_later_is_sent_later_and_once(
    settings: Settings, clock: SettableClock, smtp_server: SmtpServer
) -> None:
    async with working(settings, clock) as (served, person):
        assert (await person.post(BOOK, json={**STANDUP, "email": "later-zoe@example.org"})).status_code == 200
        await first_attempt(served.house.database)
        assert smtp_server.mails() == []
        clock.advance(timedelta(seconds=11))
        (mail,) = await until(served.house.database, settled(1))
        assert (mail.state, mail.sent_at) == (MailState.SENT, clock.now())
    assert len(smtp_server.mails("later-zoe@example.org")) == 1


async def test_mail_waits_for_a_server_that_is_away(
    database_url: str, tmp_path: Path, clock: SettableClock, smtp_server: SmtpServer
) -> None:
    nobody = settings_for(database_url, tmp_path, SMTP_URL=f"smtp://127.0.0.1:{free_port()}")
    async with working(nobody, clock) as (served, person):
        assert (await person.post(BOOK, json={**STANDUP, "email": "zoe@example.org"})).status_code == 200
        await first_attempt(served.house.database)
        (mail,) = await all_mails(served.house.database)
        assert mail.state is MailState.QUEUED
    clock.advance(timedelta(seconds=11))
    async with working(settings_for(database_url, tmp_path, SMTP_URL=smtp_server.url), clock) as (served, _):
        (mail,) = await until(served.house.database, settled(1))
    assert [sent.message["Message-ID"] for sent in smtp_server.mails()] == [f"<{mail.id}@hub.test>"]


async def test_without_a_mail_server_mail_is_kept_to_be_read(
    database_url: str, tmp_path: Path, clock: SettableClock
) -> None:
    async with working(settings_for(database_url, tmp_path), clock) as (served, person):
        assert (await person.post(BOOK, json={**STANDUP, "email": "zoe@example.org"})).status_code == 200
        (mail,) = await until(served.house.database, settled(1))
    assert (mail.state, mail.recipient, mail.subject) == (MailState.KEPT, "zoe@example.org", "Invitation: Team Standup")


async def test_a_mail_that_cannot_be_written_is_refused_and_not_tried_for_ever(
    settings: Settings, clock: SettableClock, smtp_server: SmtpServer
) -> None:
    async with working(settings, clock) as (served, _):
        async with served.house.database.write() as tx:
            for subject, recipient in (("two\u2028lines", "zoe@example.org"), ("fine", "nobody at all")):
                await notifications.queue_mail(
                    tx, recipient=recipient, subject=subject, text="x", now=served.house.clock.now()
                )
        mails = await until(served.house.database, settled(2))
        assert [mail.state for mail in mails] == [MailState.REFUSED] * 2
        assert all(mail.error for mail in mails)
        assert await jobs_done(served.house.database, 2)
    assert smtp_server.mails() == []


async def jobs_done(database: Database, count: int) -> bool:
    """Wait until so many jobs of mails are done, whatever became of the mails."""
    await seen(lambda: mail_jobs(database, JobState.DONE), lambda jobs: len(jobs) == count)
    return not await mail_jobs(database, JobState.FAILED)


async def first_attempt(database: Database) -> None:
    """Wait until a mail was tried in vain, and waits for its next attempt."""
    await seen(lambda: mail_jobs(database, JobState.WAITING), lambda jobs: any(job.attempts for job in jobs))


async def mail_jobs(database: Database, state: JobState) -> list[Job]:
    async with database.read() as tx:
        jobs = await outbox.list_jobs(tx, state=state)
    return [job for job in jobs if job.kind == notifications.SEND_MAIL.name]
