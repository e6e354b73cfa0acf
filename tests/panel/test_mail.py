"""The outbox of mails: what waits, what was refused, what is given up, and trying again."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import Browser, expect

from guildhall.core.actor import SYSTEM
from guildhall.core.db import Tx
from guildhall.core.jobs import rows
from guildhall.core.outbox import JobState
from guildhall.domains import notifications
from guildhall.domains.identity import User
from guildhall.domains.notifications import MailState
from guildhall.domains.notifications.errors import MailUnderWay
from guildhall.settings import Settings
from tests.clock import SettableClock
from tests.panel.visiting import sign_in, visiting
from tests.serving import Served, settings_for


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings with a mail server, which nobody asks: no jobs are worked here."""
    return settings_for(database_url, tmp_path, SMTP_URL="smtp://127.0.0.1:1")


async def _fail(tx: Tx, mail_id: str) -> None:
    job = await notifications.last_try_of(tx, await notifications.access_mail(tx, mail_id))
    assert job is not None
    failed = msgspec.structs.replace(
        job, state=JobState.FAILED, ended_at=job.made_at, attempts=9, error="nobody answers"
    )
    await rows.settle(tx, job, failed)


async def test_mails_are_found_by_their_state_and_tried_again(
    browser: Browser, served: Served, administrator: User, clock: SettableClock
) -> None:
    async def queue(tx: Tx, subject: str) -> str:
        clock.advance(timedelta(milliseconds=1))
        return await notifications.queue_mail(
            tx, recipient="mira@example.org", subject=subject, text="Hello", now=clock.now()
        )

    async with served.house.database.write() as tx:
        for subject, state in (("Taken", MailState.SENT), ("Turned away", MailState.REFUSED), ("Fresh", None)):
            mail_id = await queue(tx, subject)
            if state is not None:
                mail = await notifications.access_mail(tx, mail_id)
                reason = "no such mailbox" if state is MailState.REFUSED else None
                await notifications.settle_mail(tx, mail, state, reason=reason, now=clock.now())
        await _fail(tx, await queue(tx, "Given up"))
    async with visiting(browser, served) as page:
        await sign_in(page)
        await page.goto("/panel/mail")
        for subject, words in (("Given", "given up"), ("Fresh", "waiting"), ("Turned", "refused"), ("Taken", "sent")):
            await expect(page.locator("main li", has_text=subject).locator(".tag")).to_have_text(words)
        await page.get_by_role("link", name="Sent 1").click()
        await expect(page.locator("main li b")).to_have_text(["Taken"])
        await page.locator("main li a").click()
        await expect(page.get_by_role("button", name="Send it again")).to_have_count(0)
        for subject, tab, why in (("Turned away", "Refused 1", "no such mailbox"), ("Given up", "Waiting 3", "nobody")):
            await page.goto("/panel/mail")
            await page.get_by_role("link", name=tab).click()
            await page.get_by_role("link", name=subject).click()
            await expect(page.get_by_role("main")).to_contain_text(why)
            await page.get_by_role("button", name="Send it again").click()
            await expect(page.locator(".toast")).to_have_text("The mail is tried again in a moment.")
            await expect(page.locator("main .tag")).to_have_text("waiting")
            await expect(page.get_by_role("button", name="Send it again")).to_have_count(0)


async def test_a_mail_that_is_under_way_needs_no_second_try(served: Served, administrator: User) -> None:
    house, now = served.house, served.house.clock.now()
    async with house.database.write() as tx:
        mail_id = await notifications.queue_mail(tx, recipient="a@example.org", subject="s", text="t", now=now)
        mail = await notifications.access_mail(tx, mail_id)
        with pytest.raises(MailUnderWay):
            await notifications.resend_mail(tx, SYSTEM, mail, now=now)
