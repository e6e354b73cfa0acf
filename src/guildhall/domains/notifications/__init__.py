"""Who is told what. For now: mail."""

from guildhall.domains.notifications.jobs import sender_of
from guildhall.domains.notifications.mails import (
    SEND_MAIL,
    MailRef,
    queue_mail,
    resend_mail,
    settle_mail,
)
from guildhall.domains.notifications.models import MailState, StoredMail
from guildhall.domains.notifications.queries import access_mail, count_mails, last_try_of, mail_with, page_of_mails

__all__ = [
    "SEND_MAIL",
    "MailRef",
    "MailState",
    "StoredMail",
    "access_mail",
    "count_mails",
    "last_try_of",
    "mail_with",
    "page_of_mails",
    "queue_mail",
    "resend_mail",
    "sender_of",
    "settle_mail",
]
