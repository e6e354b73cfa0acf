import asyncio
import ipaddress
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from mailbox import Maildir
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from guildhall.adapters import smtp
from guildhall.adapters.smtp import SmtpMailer
from guildhall.core.mail import CalendarPart, Mail, MailDelayed, Mailer, MailRefused, as_email
from guildhall.settings import SettingsError
from tests.services.programs import free_port, serving
from tests.services.smtp import SmtpServer
from tests.services.smtp_program import USER

MAIL = Mail(
    to="Zoë <zoe@example.org>",
    subject="Réservation confirmée \N{PARTY POPPER}",
    text="Bonjour Zoë\n.\n..\nÀ bientôt\n",
    sender="Guildhall <hall@example.org>",
    message_id="<01abc@hall.example.org>",
    html="<p>Bonjour Zoë</p>",
    calendar=CalendarPart("BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n", "REQUEST"),
)


def mailer(url: str, tls: ssl.SSLContext | None = None) -> Mailer:
    return SmtpMailer(url, tls)


async def test_a_message_arrives_as_it_was_written(smtp_server: SmtpServer) -> None:
    await mailer(smtp_server.url).send(as_email(MAIL))
    arrived = await smtp_server.next_mail("zoe@example.org")
    assert (arrived.sender, arrived.recipients, arrived.user) == ("hall@example.org", ("zoe@example.org",), None)
    message = arrived.message
    assert (message["Subject"], message["Message-ID"]) == (MAIL.subject, MAIL.message_id)
    assert abs(parsedate_to_datetime(message["Date"]) - datetime.now(UTC)) < timedelta(hours=1)
    text, html, calendar = message.iter_parts()
    assert text.get_content().splitlines() == MAIL.text.splitlines()
    assert html.get_content().strip() == MAIL.html
    assert calendar["Content-Type"].params["method"] == "REQUEST"


async def test_the_mailer_signs_in_when_it_has_an_account(smtp_server: SmtpServer) -> None:
    await mailer(smtp_server.url_with_account).send(as_email(MAIL))
    assert (await smtp_server.next_mail("zoe@example.org")).user == USER
    smtp_server.forget()
    wrong = f"smtp://{USER}:wrong@127.0.0.1:{smtp_server.port}"
    with pytest.raises(MailDelayed, match="535"):
        await mailer(wrong).send(as_email(MAIL))
    assert smtp_server.mails() == []


async def test_a_mailbox_that_is_not_there_is_refused_and_a_busy_one_is_delayed(smtp_server: SmtpServer) -> None:
    with pytest.raises(MailRefused, match=r"550 .* There is no such mailbox"):
        await mailer(smtp_server.url).send(as_email(replace(MAIL, to="refuse-me@example.org")))
    later = as_email(replace(MAIL, to="later-please@example.org"))
    with pytest.raises(MailDelayed, match="451"):
        await mailer(smtp_server.url).send(later)
    assert smtp_server.mails() == []
    await mailer(smtp_server.url).send(later)
    arrived = await smtp_server.next_mail("later-please@example.org")
    assert arrived.message["Message-ID"] == MAIL.message_id
    assert len(arrived.message.get_all("Date", [])) == 1


async def test_a_server_that_is_not_there_delays(smtp_server: SmtpServer) -> None:
    with pytest.raises(MailDelayed, match="SMTP_URL cannot be used"):
        await mailer(f"smtp://127.0.0.1:{free_port()}").send(as_email(MAIL))
    with pytest.raises(MailDelayed, match="SMTP_URL cannot be used"):
        await mailer(f"smtps://127.0.0.1:{smtp_server.port}").send(as_email(MAIL))


@pytest.mark.parametrize("last_word", ["", "EHLO", "MAIL", "DATA"])
@pytest.mark.parametrize("then", ["hangs up", "falls silent"])
async def test_a_server_that_fails_in_the_middle_delays(
    last_word: str, then: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "TIMEOUT", 0.2)
    async with failing_server(last_word, hangs_up=then == "hangs up") as port:
        with pytest.raises(MailDelayed):
            await mailer(f"smtp://127.0.0.1:{port}").send(as_email(MAIL))


async def test_a_server_that_takes_the_message_and_is_rude_afterwards_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with failing_server("QUIT", hangs_up=True) as port:
        await mailer(f"smtp://127.0.0.1:{port}").send(as_email(MAIL))


async def test_encryption_is_used_when_offered_and_the_certificate_is_checked(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=certificate)
    offers = ["--tlscert", str(certificate), "--tlskey", str(key)]
    with encrypted_server(tmp_path / "starttls", offers) as (port, box):
        # This server takes nothing unless it is encrypted.
        await mailer(f"smtp://127.0.0.1:{port}", trusting).send(as_email(MAIL))
        assert [message["Subject"] is not None for message in box] == [True]
        with pytest.raises(MailDelayed, match="certificate"):
            await mailer(f"smtp://127.0.0.1:{port}").send(as_email(MAIL))
        assert len(box) == 1
    insists = ["--smtpscert", str(certificate), "--smtpskey", str(key)]
    with encrypted_server(tmp_path / "smtps", insists) as (port, box):
        await mailer(f"smtps://127.0.0.1:{port}", trusting).send(as_email(MAIL))
        assert len(box) == 1
        with pytest.raises(MailDelayed, match="certificate"):
            await mailer(f"smtps://127.0.0.1:{port}").send(as_email(MAIL))
        assert len(box) == 1


async def test_a_password_is_not_sent_unencrypted_to_another_machine(
    smtp_server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "THIS_MACHINE", set())
    with pytest.raises(MailDelayed, match="offers no encryption"):
        await mailer(smtp_server.url_with_account).send(as_email(MAIL))
    assert smtp_server.mails() == []
    await mailer(smtp_server.url).send(as_email(MAIL))


@pytest.mark.parametrize(
    "url",
    ["", "host", "http://host", "smtp://", "smtp://user@host", "smtp://u:p/w@host", "smtp://host:smtp", "smtp://h/x"],
)
def test_an_address_that_cannot_be_understood_is_refused_with_the_form_it_should_have(url: str) -> None:
    with pytest.raises(SettingsError, match="SMTP_URL: must look like"):
        mailer(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.org", ("mail.example.org", 587, "", "")),
        ("smtps://mail.example.org/", ("mail.example.org", 465, "", "")),
        (
            "smtp://me@example.org:p%40ss%2Fword:1@mail.example.org:2525",
            ("mail.example.org", 2525, "me@example.org", "p@ss/word:1"),
        ),
        ("smtp://[::1]:25", ("::1", 25, "", "")),
    ],
)
def test_addresses_have_ports_accounts_and_escapes(url: str, expected: tuple[str, int, str, str]) -> None:
    understood = SmtpMailer(url)
    assert (understood._host, understood._port, understood._user, understood._password) == expected


@asynccontextmanager
async def failing_server(last_word: str, *, hangs_up: bool) -> AsyncIterator[int]:
    """Be polite until a certain word of the client, then hang up or say nothing any more."""
    released = asyncio.Event()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if last_word:
            await speak(reader, writer)
        if not hangs_up:
            await released.wait()
        writer.close()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        while (word := (await reader.readline())[:4].decode()) != last_word:
            if word == "DATA":
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
            writer.write(b"250 fine\r\n")

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        released.set()
        server.close()


@contextmanager
def encrypted_server(folder: Path, options: list[str]) -> Iterator[tuple[int, Maildir]]:
    """Run aiosmtpd with certificates; what it accepts is in the mailbox."""
    folder.mkdir()
    box = folder / "box"

    def command(port: int) -> list[str]:
        listening = ["-n", "-l", f"127.0.0.1:{port}", *options]
        return [sys.executable, "-m", "aiosmtpd", *listening, "-c", "aiosmtpd.handlers.Mailbox", str(box)]

    with serving(command, folder) as port:
        yield port, Maildir(box)


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for this machine that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths
