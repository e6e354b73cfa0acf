"""Mail by SMTP: one connection for each message, encrypted whenever the server can."""

import contextlib
import re
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote

from aiosmtplib import SMTP, SMTPException, SMTPNotSupported, SMTPRecipientsRefused, SMTPResponseException

from guildhall.core.log import get_logger
from guildhall.core.mail import MailDelayed, MailRefused
from guildhall.settings import SettingsError

log = get_logger(__name__)

TIMEOUT = 30.0
"""Seconds that the server may take for each of its answers."""

ADDRESS = re.compile(
    r"(?P<scheme>smtps?)://(?:(?P<user>[^:/]+):(?P<password>[^@/]+)@)?"
    r"(?:\[(?P<ipv6>[0-9a-fA-F:.]+)\]|(?P<host>[^:@/\[\]]+))(?::(?P<port>\d{1,5}))?/?"
)
PORTS = {"smtp": 587, "smtps": 465}
THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}

SIGN_IN_REFUSED = {530, 534, 535, 538}
PERMANENT = 500


class SmtpMailer:
    """A `Mailer` over `smtp://user:password@host:port`, where STARTTLS is used when offered, or `smtps://`.

    A password is never sent unencrypted to another machine.
    """

    def __init__(self, url: str, tls: ssl.SSLContext | None = None) -> None:
        """Take the address and, where the system's certificates do not do, whom to trust. Raises SettingsError."""
        address = ADDRESS.fullmatch(url)
        if address is None:
            raise SettingsError(
                "SMTP_URL: must look like smtp://user:password@host:587 or smtps://user:password@host:465; write "
                "/ as %2F and @ as %40 in the password"
            )
        self._host = address["ipv6"] or address["host"]
        self._port = int(address["port"] or PORTS[address["scheme"]])
        self._user, self._password = unquote(address["user"] or ""), unquote(address["password"] or "")
        self._tls_at_once = address["scheme"] == "smtps"
        self._tls = tls or ssl.create_default_context()

    async def send(self, message: EmailMessage) -> None:
        """Hand a message over. Raises MailRefused and MailDelayed."""
        if "Date" not in message:
            message["Date"] = format_datetime(datetime.now(UTC))
        client = SMTP(
            hostname=self._host, port=self._port, use_tls=self._tls_at_once, tls_context=self._tls, timeout=TIMEOUT
        )
        try:
            await self._enter(client)
            await _hand_over(client, message)
            with contextlib.suppress(SMTPException, OSError):
                # The server has the message; how it says goodbye does not matter.
                await client.quit()
        finally:
            client.close()
        log.info("Mail handed over", message_id=message["Message-ID"])

    async def _enter(self, client: SMTP) -> None:
        """Connect and sign in. What fails here is not the fault of the message, so it may be sent again later."""
        try:
            await client.connect()
            if self._user:
                if client.get_transport_info("sslcontext") is None and self._host not in THIS_MACHINE:
                    raise MailDelayed(
                        f"The mail server {self._host}:{self._port} offers no encryption, so it was not told the "
                        "password; use smtps:// in SMTP_URL, or a server that offers STARTTLS"
                    )
                await client.login(self._user, self._password)
        except (SMTPException, OSError) as fault:
            raise MailDelayed(
                f"The mail server {self._host}:{self._port} of SMTP_URL cannot be used: {fault}"
            ) from fault


async def _hand_over(client: SMTP, message: EmailMessage) -> None:
    try:
        await client.send_message(message)
    except SMTPRecipientsRefused as fault:
        raise _refusal(fault.recipients[0]) from fault
    except SMTPResponseException as fault:
        raise _refusal(fault) from fault
    except (SMTPNotSupported, ValueError) as fault:
        raise MailRefused(f"The message cannot be sent through this server: {fault}") from fault
    except (SMTPException, OSError) as fault:
        raise MailDelayed(f"The mail server broke off: {fault}") from fault


def _refusal(answer: SMTPResponseException) -> MailRefused | MailDelayed:
    final = answer.code >= PERMANENT and answer.code not in SIGN_IN_REFUSED
    return (MailRefused if final else MailDelayed)(f"The mail server said {answer.code} {answer.message}")
