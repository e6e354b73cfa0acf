"""The SMTP server as a program: `python -m tests.services.smtp_program FOLDER PORT`.

It keeps what it accepts in the folder `box`, one file a message, and refuses by the name of the recipient:

    refuse-...   550, always: there is no such mailbox
    later-...    451 for the first attempt, then accepted: try again

It offers AUTH but does not ask for it; the one account it knows is USER with PASSWORD.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from urllib.parse import quote

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER = "mailer"
PASSWORD = "correct horse"
BOX = "box"


class Keeper:
    """What the server does with each command; aiosmtpd prescribes the names."""

    def __init__(self, box: Path) -> None:
        self._box = box

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("refuse-"):
            return "550 5.1.1 There is no such mailbox"
        if address.startswith("later-") and self._is_first_attempt(address):
            return "451 4.7.1 Try again later"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        mail = {
            "sender": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "user": USER if session.authenticated else None,
            "content": content.decode("latin-1"),
        }
        self._box.mkdir(exist_ok=True)
        path = self._box / f"{time.time_ns():020}.part"
        path.write_text(json.dumps(mail))
        path.rename(path.with_suffix(".json"))  # Whoever reads sees whole messages only.
        return "250 OK"

    def _is_first_attempt(self, address: str) -> bool:
        self._box.mkdir(exist_ok=True)
        mark = self._box / quote(address, safe="")
        seen = mark.exists()
        mark.touch()
        return not seen


def sign_in(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, account: object) -> AuthResult:
    known = LoginPassword(login=USER.encode(), password=PASSWORD.encode())
    return AuthResult(success=account == known, handled=False, auth_data=account)


async def main(folder: Path, port: int) -> None:
    def session() -> SMTP:
        return SMTP(Keeper(folder / BOX), authenticator=sign_in, auth_require_tls=False)

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
