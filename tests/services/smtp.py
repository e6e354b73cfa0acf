"""An SMTP server, and what has arrived at it."""

import asyncio
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote

from tests.services.programs import serving
from tests.services.smtp_program import BOX, PASSWORD, USER

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Mail:
    """One accepted message with its envelope."""

    sender: str
    recipients: tuple[str, ...]
    user: str | None
    """The account that was signed in, if any."""
    message: EmailMessage


@dataclass(frozen=True)
class SmtpServer:
    """Where to send, and what has arrived. `smtp_program` says which recipients are refused."""

    port: int
    folder: Path

    @property
    def url(self) -> str:
        """The server as the setting SMTP_URL wants it, without an account."""
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def url_with_account(self) -> str:
        """The same, signed in."""
        return f"smtp://{USER}:{quote(PASSWORD)}@127.0.0.1:{self.port}"

    def mails(self, recipient: str | None = None) -> list[Mail]:
        """Return what was accepted, oldest first, for one recipient or for all."""
        found = [_read(path) for path in sorted((self.folder / BOX).glob("*.json"))]
        return [mail for mail in found if recipient is None or recipient in mail.recipients]

    async def next_mail(self, recipient: str, *, within: float = 10.0) -> Mail:
        """Return the first mail to a recipient, waiting for it up to that many seconds. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while not (found := self.mails(recipient)):  # noqa: ASYNC110  Another process writes the files.
                await asyncio.sleep(0.02)
        return found[0]

    def forget(self) -> None:
        """Throw away every mail, and the memory of first attempts."""
        shutil.rmtree((self.folder / BOX), ignore_errors=True)


@contextmanager
def smtp_server(folder: Path) -> Iterator[SmtpServer]:
    """Run the server in a folder."""

    def command(port: int) -> list[str]:
        return [sys.executable, "-m", "tests.services.smtp_program", str(folder), str(port)]

    with serving(command, folder, cwd=REPOSITORY) as port:
        yield SmtpServer(port, folder)


def _read(path: Path) -> Mail:
    stored = json.loads(path.read_text())
    message = message_from_bytes(stored["content"].encode("latin-1"), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return Mail(stored["sender"], tuple(stored["recipients"]), stored["user"], message)
