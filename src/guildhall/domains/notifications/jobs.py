"""Sending mail, as durable work."""

from collections.abc import Awaitable, Callable

from guildhall.core.errors import InvalidField
from guildhall.core.jobs import JobContext
from guildhall.core.mail import CalendarPart, Mail, Mailer, MailRefused, as_email
from guildhall.domains.notifications.mails import MailRef, settle_mail
from guildhall.domains.notifications.models import MailState, StoredMail
from guildhall.domains.notifications.queries import mail_with


def sender_of(mailer: Mailer | None, *, sender: str, host: str) -> Callable[[JobContext, MailRef], Awaitable[None]]:
    """Return the handler that sends a mail through a mailer, or keeps it when there is none.

    The Message-ID is that of the mail's row, so a mail that is sent twice after a crash is recognised by mailboxes.
    """

    async def send(context: JobContext, ref: MailRef) -> None:
        async with context.database.read() as tx:
            mail = await mail_with(tx, ref.mail_id)
        if mail is None or mail.state in (MailState.SENT, MailState.REFUSED):
            return
        state, reason = MailState.KEPT, None
        if mailer is not None:
            try:
                await mailer.send(as_email(_message(mail, sender, host)))
                state = MailState.SENT
            except (MailRefused, InvalidField) as fault:
                # No later attempt could help either a mailbox that is not there or a mail that cannot be written.
                state, reason = MailState.REFUSED, str(fault)
        async with context.database.write() as tx:
            await settle_mail(tx, mail, state, reason=reason, now=context.clock.now())

    return send


def _message(mail: StoredMail, sender: str, host: str) -> Mail:
    part = CalendarPart(mail.calendar, mail.calendar_method) if mail.calendar and mail.calendar_method else None
    return Mail(
        to=mail.recipient,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        sender=sender,
        message_id=f"<{mail.id}@{host}>",
        calendar=part,
    )
