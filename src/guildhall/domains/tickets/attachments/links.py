"""Links to files: for whoever is signed in, and signed ones that anybody may follow for a week."""

import hmac
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Final

from guildhall.core.crypto import derived_key, same
from guildhall.domains.tickets.attachments.errors import InvalidSignature

LINK_LIFE: Final = timedelta(days=7)
PATH: Final = "/api/bot/attachments"


class Links:
    """Writes and checks the addresses of files."""

    def __init__(self, secret_key: str, public_url: str) -> None:
        self._key = derived_key(secret_key, "links to files")
        self._public_url = public_url

    def of(self, attachment_id: str) -> str:
        """Return the address of a file for whoever may see its ticket."""
        return f"{self._public_url}{PATH}/{attachment_id}"

    def signed(self, attachment_id: str, *, now: datetime) -> str:
        """Return an address by which anybody gets a file for seven days."""
        ends = int((now + LINK_LIFE).timestamp())
        return f"{self.of(attachment_id)}?exp={ends}&sig={self._signature(attachment_id, ends)}"

    def check(self, attachment_id: str, *, ends: int, signature: str, now: datetime) -> None:
        """Refuse a link that was not signed here, or whose time is over. Raises InvalidSignature."""
        genuine = same(signature, self._signature(attachment_id, ends))
        if not genuine or ends <= now.timestamp():
            raise InvalidSignature

    def _signature(self, attachment_id: str, ends: int) -> str:
        digest = hmac.digest(self._key, f"{attachment_id}\n{ends}".encode(), "sha256")
        return urlsafe_b64encode(digest).decode().rstrip("=")
