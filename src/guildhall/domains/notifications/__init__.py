"""Who is told what. For now: mail."""

from guildhall.domains.notifications.jobs import sender_of
from guildhall.domains.notifications.mails import (
    SEND_MAIL,
    MailRef,
    queue_mail,
    settle_mail,
)
from guildhall.domains.notifications.models import MailState, StoredMail
from guildhall.domains.notifications.queries import mail_with, page_of_mails

__all__ = [
    "SEND_MAIL",
    "MailRef",
    "MailState",
    "StoredMail",
    "mail_with",
    "page_of_mails",
    "queue_mail",
    "sender_of",
    "settle_mail",
]
