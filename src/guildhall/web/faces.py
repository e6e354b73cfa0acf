"""What makes a face: its prefixes, its credentials, its envelope and its words for every error."""

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import Any, ClassVar

import msgspec

from guildhall.core.actor import Actor
from guildhall.core.errors import GuildhallError
from guildhall.web.answers import Answer
from guildhall.web.calls import Call

_ENCODER = msgspec.json.Encoder()


class Face(ABC):
    """One way in: a dialect or the panel. It translates, and knows nothing of what things mean."""

    name: ClassVar[str]
    title: ClassVar[str]
    prefixes: ClassVar[tuple[str, ...]]
    body_limit: ClassVar[int] = 64 * 1024
    window: ClassVar[timedelta] = timedelta(minutes=1)
    """The time within which requests are counted."""
    shares: ClassVar[bool] = False
    """Whether pages of other sites may read its answers, as far as the settings let them."""
    refusals: ClassVar[tuple[type[GuildhallError], ...]] = ()
    """What its credentials may be refused for on every route that asks for one, besides 401 and 403."""

    @abstractmethod
    async def identify(self, call: Call) -> Actor:
        """Return who calls, by the credentials that the route accepts. Raises the refusal, in the face's order."""

    async def admit(self, call: Call) -> None:
        """Refuse who may not enter the place that the path names, before the rest of the request is read.

        Nothing is locked yet, so others may be asked about it.
        """
        del call  # Most faces have no such place.

    @abstractmethod
    def refuse(self, error: GuildhallError, *, request_id: str) -> Answer:
        """Return an error in the face's words."""

    def answer(self, value: object) -> Answer:
        """Return what a handler gave back in the face's envelope."""
        return value if isinstance(value, Answer) else Answer(_ENCODER.encode(value))

    def limit(self, call: Call, actor: Actor | None) -> tuple[str, int]:
        """Return whose requests are counted together, and how many they may make in the face's window."""
        del actor  # Without a better idea, a face counts addresses.
        return f"address:{call.ip}", call.house.settings.server.rate_limit_per_ip

    def status_of(self, refusal: type[GuildhallError]) -> int:
        """Return the status with which the face answers a class of errors."""
        return self.refuse(refusal(), request_id="").status

    @abstractmethod
    def error_schema(self) -> dict[str, Any]:
        """Return the JSON schema of the face's errors, for its OpenAPI document."""


def retry_headers(error: GuildhallError) -> list[tuple[bytes, bytes]]:
    """Return the headers that HTTP asks for with an error: when to come back, or which methods there are."""
    if "retry_after" in error.details:
        return [(b"retry-after", str(error.details["retry_after"]).encode())]
    if "allow" in error.details:
        return [(b"allow", str(error.details["allow"]).encode())]
    return []
