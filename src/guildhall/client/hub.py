"""A hub on the other side of the wire."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import httpx
import msgspec

from guildhall import __version__
from guildhall.client.failures import LoginOver, NotLoggedIn, NotReachable, Refused
from guildhall.client.sheets import of_refusal
from guildhall.client.wire import Refusal

T = TypeVar("T")

PATIENCE = httpx.Timeout(30, connect=10)
"""Seconds."""


@dataclass(frozen=True)
class Answer(Generic[T]):
    """What the hub said: what the client reads of it, the document as it came, and when the hub said it."""

    value: T
    document: str
    at: datetime | None


class Hub:
    """Asks one server, with one credential. Every call raises Refused, LoginOver, NotReachable.

    Raises NotLoggedIn when the credential can be none, and NotReachable when the server cannot be asked at all.
    """

    def __init__(self, server: str, credential: str) -> None:
        if not (credential and credential.isascii() and credential.isprintable()):
            raise NotLoggedIn("This is no secret and no token of a hub: it has characters that none has")
        self.server = server
        headers = {"Authorization": f"Bearer {credential}", "User-Agent": f"guildhall/{__version__}"}
        try:
            self._client = httpx.Client(base_url=server, headers=headers, timeout=PATIENCE)
        except (httpx.InvalidURL, ImportError, OSError, ValueError) as fault:
            # The environment names proxies and certificates, and can name them wrongly.
            raise NotReachable(f"{server} cannot be reached: {fault}") from fault

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, form: type[T], query: Mapping[str, str] | None = None) -> Answer[T]:
        """Read something."""
        return self._ask("GET", path, form, params=query)

    def post(self, path: str, form: type[T], body: Mapping[str, object] | None = None) -> Answer[T]:
        """Do something; without a body none is sent."""
        return self._ask("POST", path, form, json=body)

    def delete(self, path: str, form: type[T]) -> Answer[T]:
        """End something."""
        return self._ask("DELETE", path, form)

    def _ask(self, method: str, path: str, form: type[T], **options: Any) -> Answer[T]:  # noqa: ANN401 (httpx's)
        try:
            response = self._client.request(method, path, **options)
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            reason = str(fault) or type(fault).__name__
            raise NotReachable(f"{self.server} cannot be reached: {reason}") from fault
        if not response.is_success:
            raise self._refusal(response)
        try:
            value = msgspec.json.decode(response.content, type=form)
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            raise self._stranger(response) from fault
        return Answer(value, response.content.decode(), _told_at(response))

    def _refusal(self, response: httpx.Response) -> Refused | LoginOver | NotReachable:
        try:
            body = msgspec.json.decode(response.content, type=Refusal)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._stranger(response)
        refusal = LoginOver if response.status_code == httpx.codes.UNAUTHORIZED else Refused
        return refusal(of_refusal(body), document=response.content.decode(), error=body.error)

    def _stranger(self, response: httpx.Response) -> NotReachable:
        """Tell of a proxy's page, a captive portal or another program on that port: none speaks for the hub."""
        kind = response.headers.get("content-type", "no content type")
        moved = f", and points to {response.headers['location']}" if "location" in response.headers else ""
        return NotReachable(f"{self.server} does not answer as a hub does: {response.status_code}, {kind}{moved}")


def _told_at(response: httpx.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers["date"])
    except (KeyError, ValueError):
        return None  # Whoever stands in between may have taken it away.
