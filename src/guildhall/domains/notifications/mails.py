"""Queueing mail, and noting what happened to it."""

from datetime import datetime

import msgspec
from sqlalchemy import bindparam, literal_column, update

from guildhall.core import ids, outbox
from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.core.outbox import JobKind, JobState
from guildhall.domains import audit
from guildhall.domains.notifications.errors import MailUnderWay
from guildhall.domains.notifications.models import SENDING, MailState, StoredMail, mails
from guildhall.domains.notifications.queries import last_try_of


class MailRef(msgspec.Struct, frozen=True):
    """The mail that a job is to send."""

    mail_id: str


SEND_MAIL = JobKind(SENDING, MailRef)

_ended = mails.c.state.in_([literal_column("'refused'"), literal_column("'kept'")])
QUEUE_AGAIN = command(
    update(mails)
    .where(
        mails.c.id == bindparam("mail_id"), mails.c.state.in_([literal_column("'refused'"), literal_column("'kept'")])
    )
    .values(state="queued", error=None)
)
SETTLE = command(
    update(mails)
    .where(mails.c.id == bindparam("mail_id"))
    .values(state=bindparam("new_state"), sent_at=bindparam("at"), error=bindparam("reason"))
)


async def queue_mail(
    tx: Tx,
    *,
    recipient: str,
    subject: str,
    text: str,
    html: str | None = None,
    calendar: str | None = None,
    calendar_method: str | None = None,
    now: datetime,
) -> str:
    """Keep a mail and have it sent once the transaction is committed. Returns its id."""
    mail = StoredMail(
        id=ids.ulid(),
        recipient=recipient,
        subject=subject,
        text=text,
        html=html,
        calendar=calendar,
        calendar_method=calendar_method,
        created_at=now,
    )
    await tx.insert(mail)
    await outbox.put(tx, SEND_MAIL, MailRef(mail.id), now=now, key=mail.id)
    return mail.id


async def resend_mail(tx: Tx, actor: Actor, mail: StoredMail, *, now: datetime) -> None:
    """Try a mail again that was refused, kept, or given up. Raises MailUnderWay.

    The Message-ID stays, so a mailbox that has it after all knows it again.
    """
    if await tx.run(QUEUE_AGAIN, mail_id=mail.id):
        await outbox.put(tx, SEND_MAIL, MailRef(mail.id), now=now, key=f"{mail.id}@{now.isoformat()}")
    else:
        last = await last_try_of(tx, mail)
        if last is None or last.state is not JobState.FAILED:
            raise MailUnderWay
        await outbox.retry_job(tx, actor, job_id=last.id, now=now)
    await audit.record(tx, actor, "mail.sent_again", mail.id, now=now)


async def settle_mail(tx: Tx, mail: StoredMail, state: MailState, *, reason: str | None = None, now: datetime) -> None:
    """Write down that the mail server took a mail, or will never take it, and why."""
    sent_at = now if state is MailState.SENT else None
    await tx.run(SETTLE, mail_id=mail.id, new_state=state.value, at=sent_at, reason=reason)
