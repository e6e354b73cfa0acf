from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import default

import pytest

from guildhall.core.errors import InvalidField
from guildhall.core.mail import CalendarPart, Mail, as_email

INVITATION = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Réunion du café\r\nEND:VCALENDAR\r\n"
MAIL = Mail(
    to="Zoë Müller <zoe@example.org>",
    subject="Réunion\N{NO-BREAK SPACE}: salle Ostrom \N{PARTY POPPER}",
    text="Bonjour Zoë,\n\n" + "une très longue ligne " * 100 + "\n.\nÀ bientôt\n",
    sender="Guildhall <hall@münchen.example>",
    message_id="<01abc.invite@hall.example.org>",
    html="<p>Bonjour <b>Zoë</b> & Müller</p>",
    calendar=CalendarPart(INVITATION, "REQUEST"),
)


def lines(part: MIMEPart) -> list[str]:
    return part.get_content().splitlines()  # type: ignore[no-any-return]


def travelled(mail: Mail) -> EmailMessage:
    wire = as_email(mail).as_bytes()
    assert wire.isascii()
    assert all(len(line) < 998 for line in wire.split(b"\r\n"))
    message = message_from_bytes(wire, policy=default)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    return message


def test_a_mail_arrives_with_every_letter_and_part() -> None:
    message = travelled(MAIL)
    assert message["Subject"] == MAIL.subject
    assert (message["To"].addresses[0].display_name, message["To"].addresses[0].addr_spec) == (
        "Zoë Müller",
        "zoe@example.org",
    )
    assert message["From"].addresses[0].addr_spec == "hall@xn--mnchen-3ya.example"
    assert message["Message-ID"] == MAIL.message_id
    assert message["Auto-Submitted"] == "auto-generated"
    text, html, calendar = message.iter_parts()
    assert [part.get_content_type() for part in (text, html, calendar)] == ["text/plain", "text/html", "text/calendar"]
    assert lines(text) == MAIL.text.splitlines()
    assert lines(html) == [MAIL.html]
    assert (calendar.get_param("method"), calendar.get_content_charset()) == ("REQUEST", "utf-8")
    assert lines(calendar) == INVITATION.splitlines()


def test_a_mail_of_text_alone_has_one_part() -> None:
    message = travelled(replace(MAIL, html=None, calendar=None, text="Hello"))
    assert not message.is_multipart()
    assert lines(message) == ["Hello"]


@pytest.mark.parametrize("breaking", ["\n", "\r\n", "\r", "\0", "\x0b", "\x85", "\u2028", "\ud800"])
@pytest.mark.parametrize("field", ["subject", "to", "sender", "message_id"])
def test_a_text_that_would_begin_another_header_is_refused(field: str, breaking: str) -> None:
    texts = {
        "subject": f"Hello{breaking}Bcc: all@example.org",
        "to": f"Zoë{breaking}Bcc: all@example.org <zoe@example.org>",
        "sender": f"a@example.org{breaking}",
        "message_id": f"<a{breaking}@b>",
    }
    with pytest.raises(InvalidField) as refusal:
        as_email(replace(MAIL, **{field: texts[field]}))  # type: ignore[arg-type]
    assert refusal.value.details == {"field": field}


def test_a_method_that_would_add_a_parameter_is_refused() -> None:
    with pytest.raises(InvalidField):
        as_email(replace(MAIL, calendar=CalendarPart(INVITATION, 'REQUEST"; name="x')))


@pytest.mark.parametrize(
    "address",
    [
        *("", "nobody", "@example.org", "zoe@", "a@example.org, b@example.org", "a@b.c; d@e.f", "a b@example.org"),
        *("<a@b.c> <d@e.f>", "Evil <a@b.c> <d@e.f>", "a@b@c", "zoë@example.org", "a@exa mple.org", "a@..", '"a b"@c.d'),
        *("a@" + "x" * 64 + ".org", "a..b@example.org", "<a@b.c", "a@b.c>"),
    ],
)
def test_what_is_not_one_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        as_email(replace(MAIL, to=address))
    assert refusal.value.details == {"field": "to"}


@pytest.mark.parametrize(
    ("address", "name", "spec"),
    [
        ("<zoe@example.org>", "", "zoe@example.org"),
        ("zoe+hall@example.org", "", "zoe+hall@example.org"),
        ('"Müller, Zoë" <zoe@example.org>', "Müller, Zoë", "zoe@example.org"),
        ("zoe@example.org <zoe@example.org>", "zoe@example.org", "zoe@example.org"),
        ("hall@localhost", "", "hall@localhost"),
    ],
)
def test_addresses_come_with_a_name_or_without(address: str, name: str, spec: str) -> None:
    to = travelled(replace(MAIL, to=address))["To"].addresses
    assert [(each.display_name, each.addr_spec) for each in to] == [(name, spec)]
