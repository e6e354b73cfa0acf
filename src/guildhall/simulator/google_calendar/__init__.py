"""Google Calendar: the Calendar v3 protocol and the token endpoint for service accounts, as Google documents them.

It does what a client has to cope with: ids that stay taken after a deletion, versions and If-Match, sync tokens that
come on the last page only and grow too old, series with exceptions, attendees who answer, push channels, limits. What
it leaves out: other resources than events, and what of an event Google merely stores (conferences, attachments).
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from guildhall.core.clock import Clock, SystemClock
from guildhall.simulator.google_calendar.calendars import Calendar
from guildhall.simulator.google_calendar.channels import Channels
from guildhall.simulator.google_calendar.control import Control, Trouble
from guildhall.simulator.google_calendar.faults import Refused
from guildhall.simulator.google_calendar.protocol import Protocol, resource_uri
from guildhall.simulator.google_calendar.tokens import Account, TokenDesk
from guildhall.simulator.http import Answer, Request, listen, serving

__all__ = ["Account", "Calendar", "GoogleCalendarSimulator", "KeyPair", "Trouble", "simulate"]

REMEMBERED = 1000
"""Requests that the control side can still show."""

KEY_ID = "simulated-key-1"
ACCOUNT_EMAIL = "guildhall@simulator.iam.gserviceaccount.com"


@dataclass(frozen=True)
class KeyPair:
    """The key of a service account: the private half for its owner, the public half for Google. Both in PEM."""

    private: str
    public: str

    @classmethod
    def new(cls) -> "KeyPair":
        """Make a key."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return cls(private.decode(), public.decode())

    def account_file(self, address: str) -> dict[str, str]:
        """Return what Google would hand out as the account's key file, for a simulator at this address."""
        return {
            "type": "service_account",
            "project_id": "simulator",
            "private_key_id": KEY_ID,
            "private_key": self.private,
            "client_email": ACCOUNT_EMAIL,
            "client_id": "100000000000000000001",
            "token_uri": f"{address}/token",
        }


class GoogleCalendarSimulator:
    """Google, as far as a client of calendars can tell."""

    def __init__(self, address: str, *, public_key: str, clock: Clock | None = None, delegated: bool = True) -> None:
        """Take the address it is reached at and the account's public key.

        `delegated` tells whether the account may act for people of its domain.
        """
        self.address = address
        self.account = Account(ACCOUNT_EMAIL, public_key, KEY_ID, delegated)
        self.calendars: dict[str, Calendar] = {}
        self._requests: deque[dict[str, Any]] = deque(maxlen=REMEMBERED)
        self._clock = clock or SystemClock()
        self._desk = TokenDesk(self.account, self._clock)
        self._channels = Channels(self._clock)
        self._protocol = Protocol(self.calendars, self._desk, self._channels)
        self._control = Control(self)
        self._troubles: list[Trouble] = []
        self._closing = asyncio.Event()

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The requests that were made, oldest first: `method`, `path`, `query`; the control side's own are left out."""
        return list(self._requests)

    @property
    def invitations(self) -> list[dict[str, str]]:
        """What Google would have mailed to attendees, oldest first: `to`, `event`, `kind`."""
        return self._protocol.invitations

    def add_calendar(
        self, calendar_id: str, *, zone: ZoneInfo = ZoneInfo("Europe/Brussels"), roles: dict[str, str] | None = None
    ) -> Calendar:
        """Put an empty calendar in place. `roles` maps addresses to reader, writer or owner; the account writes."""
        shared = roles if roles is not None else {self.account.email: "writer"}
        calendar = Calendar(
            calendar_id, zone, shared, self._clock, lambda each: self._channels.tell(resource_uri(each))
        )
        self.calendars[calendar_id] = calendar
        return calendar

    def expire_access_tokens(self) -> None:
        """Let every access token given so far be expired."""
        self._desk.expire_all()

    def make_trouble(self, trouble: Trouble) -> None:
        """Let something go wrong with the next requests."""
        self._troubles += [trouble] * trouble.times

    async def delivered(self) -> None:
        """Return once no push message is on its way."""
        await self._channels.delivered()

    async def close(self) -> None:
        """Answer what is still waiting and let push messages arrive."""
        self._closing.set()
        await self._channels.close()

    async def answer(self, request: Request) -> Answer:
        """Answer any request."""
        try:
            if request.path.startswith("/control/"):
                return await self._control.answer(request)
            query = {name: values[-1] for name, values in request.query.items()}
            self._requests.append({"method": request.method, "path": request.path, "query": query})
            return await self._troubled(request) or self._truth(request)
        except Refused as refused:
            return refused.answer()

    def _truth(self, request: Request) -> Answer:
        if (request.method, request.path) == ("POST", "/token"):
            return self._desk.give(request, address=f"{self.address}/token")
        return self._protocol.answer(request)

    async def _troubled(self, request: Request) -> Answer | None:
        trouble = next((each for each in self._troubles if request.path.startswith(each.path)), None)
        if trouble is None:
            return None
        self._troubles.remove(trouble)
        if trouble.kind == "slow":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), trouble.seconds)
        return trouble.answer()


@asynccontextmanager
async def simulate(
    port: int, keys: KeyPair, *, clock: Clock | None = None, delegated: bool = True
) -> AsyncIterator[GoogleCalendarSimulator]:
    """Run it on a port of this machine, a free one for 0, while the block runs. Raises OSError when it is taken."""
    place, address = listen(port)
    simulator = GoogleCalendarSimulator(address, public_key=keys.public, clock=clock, delegated=delegated)
    async with serving(simulator.answer, place):
        try:
            yield simulator
        finally:
            await simulator.close()
