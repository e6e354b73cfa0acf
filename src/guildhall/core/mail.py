"""Mail: what a message is, and the port through which it leaves. An adapter speaks to the mail server."""

import re
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import NamedTuple, Protocol

from guildhall.core.errors import InvalidField

UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
PLAIN_ADDRESS = r"[^\s<>@,;:\"()\[\]\\]+@[^\s<>@,;:\"()\[\]\\]+"
ADDRESS = re.compile(rf"(?P<name>[^<>]*)<(?P<named>{PLAIN_ADDRESS})>|(?P<bare>{PLAIN_ADDRESS})")
MESSAGE_ID = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")
CALENDAR_METHOD = re.compile(r"[A-Z]+")

# Encoded here once, the text passes servers that know only ASCII, and no relay has a reason to change a signed one.
ASCII_ON_THE_WIRE = SMTP.clone(cte_type="7bit")


class MailRefused(Exception):
    """The mail server will never take this message: a mailbox that is not there, a text it does not like."""


class MailDelayed(Exception):
    """The message could not be handed over now; later it may."""


class Mailer(Protocol):
    """Hands messages to a mail server."""

    async def send(self, message: EmailMessage) -> None:
        """Return when the server has taken the message. Raises MailRefused and MailDelayed.

        After MailDelayed the server may have taken it all the same, when the connection broke at the last word: sent
        again, the message must have the same Message-ID, by which mailboxes tell doubles.
        """


class CalendarPart(NamedTuple):
    """An iCalendar text that mail programs act upon, and its method, such as REQUEST or CANCEL."""

    text: str
    method: str


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A message to one person.

    `to` and `sender` are addresses, with a name before it or without: `Zoë <zoe@example.org>`. `message_id` is in angle
    brackets and the same for every attempt to send this mail.
    """

    to: str
    subject: str
    text: str
    sender: str
    message_id: str
    html: str | None = None
    calendar: CalendarPart | None = None


def as_email(mail: Mail) -> EmailMessage:
    """Return the message as it travels. Raises InvalidField when a header would hold what cannot stand there."""
    message = EmailMessage(ASCII_ON_THE_WIRE)
    message["From"] = _address("sender", mail.sender)
    message["To"] = _address("to", mail.to)
    message["Subject"] = _one_line("subject", mail.subject)
    message["Message-ID"] = _matching("message_id", mail.message_id, MESSAGE_ID)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html")
    if mail.calendar is not None:
        method = _matching("calendar", mail.calendar.method, CALENDAR_METHOD)
        message.add_alternative(mail.calendar.text, subtype="calendar", params={"method": method})
    return message


def _one_line(field: str, text: str) -> str:
    # A line break would begin another header, and what follows it would be the choice of whoever wrote the text.
    if UNSEEN.search(text):
        raise InvalidField(f"The {field} of a mail may hold no line breaks or control characters", field=field)
    return text


def _matching(field: str, text: str, form: re.Pattern[str]) -> str:
    if not form.fullmatch(text):
        raise InvalidField(f"{text!r} cannot stand in the {field} of a mail", field=field)
    return text


def _address(field: str, text: str) -> Address:
    parts = ADDRESS.fullmatch(_one_line(field, text))
    if parts is None:
        raise InvalidField(f"{text!r} is not one mail address", field=field)
    user, _, domain = (parts["named"] or parts["bare"]).rpartition("@")
    try:
        return Address((parts["name"] or "").strip(' "'), addr_spec=f"{user}@{domain.encode('idna').decode()}")
    except (MessageError, UnicodeError, ValueError) as fault:
        raise InvalidField(f"{text!r} is not a mail address: {fault}", field=field) from fault
