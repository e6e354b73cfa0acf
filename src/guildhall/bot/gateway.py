"""discord.py's gateway and REST, as this bot uses them: where they are, and what they may not do to it.

This is the one module that says which Discord is meant. It also knows the few inner parts of the library that the
supervisor needs and that its public side does not show.
"""

import asyncio
import zlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, Final

import aiohttp
from discord import ConnectionClosed, HTTPException, LoginFailure, PrivilegedIntentsRequired, RateLimited
from discord.gateway import DiscordWebSocket, ReconnectWebSocket
from discord.http import Route

from guildhall.bot.errors import Away, Refused, SessionOver
from guildhall.core.clock import Clock
from guildhall.core.log import get_logger
from guildhall.domains.bot import Failure
from guildhall.settings import DiscordSettings

log = get_logger(__name__)

ABNORMAL: Final = 1006
"""What stands for a close code when a connection ended without one."""

UNUSABLE: Final = {
    4004: "Discord does not know this token (code 4004). Put the bot's present token into DISCORD_TOKEN and restart.",
    4010: "Discord refused the shard (code 4010). This is a fault of the program.",
    4011: "The bot is in more guilds than one connection may serve (code 4011).",
    4012: "Discord does not speak this version of the gateway any more (code 4012). Update the server.",
    4013: "Discord does not know what the bot asks to hear (code 4013). Update the server.",
    4014: "Discord does not let the bot hear what it asks for (code 4014). Switch on Server Members Intent and Message "
    "Content Intent in the developer portal, below Bot, and start the bot again.",
}
"""Why Discord ends a session for good, by close code, and what to do then."""

FAILURES: Final = {4004: Failure.TOKEN_INVALID, 4014: Failure.INTENTS_MISSING}

UNKNOWN: Final = (
    "Discord does not know this token (status 401). Put the bot's present token into DISCORD_TOKEN and restart."
)
PASSING_FAULTS: Final = (
    OSError,
    aiohttp.ClientError,
    asyncio.TimeoutError,
    HTTPException,
    RateLimited,
    ConnectionClosed,
    zlib.error,
)


def point_at(settings: DiscordSettings) -> None:
    """Let discord.py talk to the Discord that the settings name."""
    Route.BASE = settings.api_base.rstrip("/")
    # An address of the kind that the library expects there.
    DiscordWebSocket.DEFAULT_GATEWAY = type(DiscordWebSocket.DEFAULT_GATEWAY)(settings.gateway_url)


def over(fault: Exception) -> SessionOver:
    """Return what a fault of the library means for an operator."""
    if isinstance(fault, LoginFailure):
        return Refused(UNKNOWN, Failure.TOKEN_INVALID)
    if isinstance(fault, PrivilegedIntentsRequired):
        return Refused(UNUSABLE[4014], Failure.INTENTS_MISSING)
    if isinstance(fault, ConnectionClosed):
        if fault.code in UNUSABLE:
            return Refused(UNUSABLE[fault.code], FAILURES.get(fault.code, Failure.BROKEN))
        return Away(f"Discord closed the connection (code {fault.code}).")
    if isinstance(fault, HTTPException):
        return Away(f"Discord answers with status {fault.status}.")
    return Away(f"Discord cannot be reached ({type(fault).__name__}).")


class Pulse:
    """Whether Discord hears us: set while the last heartbeat was acknowledged, and when that last happened."""

    acknowledged: datetime | None = None

    def __init__(self, clock: Clock) -> None:
        self.well = asyncio.Event()
        self._clock = clock

    def beat(self) -> None:
        """Know nothing until a heartbeat is acknowledged: one was just sent, or the connection is over."""
        self.well.clear()

    def answer(self) -> None:
        """Take in that the heartbeat was acknowledged."""
        self.acknowledged = self._clock.now()
        self.well.set()


class Socket(DiscordWebSocket):
    """A connection that one bad event does not end, and that ends when nobody hears its heartbeats.

    It is made by the library, so what it needs of the bot is given to its class; see `socket_for`.
    """

    pulse: Pulse
    count_faulty: Callable[[], None]
    latest: "ClassVar[Socket | None]" = None
    _asked_to_leave = False
    _dead = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (the library's signature)
        super().__init__(*args, **kwargs)
        type(self).latest = self

    @classmethod
    async def part(cls) -> None:
        """End the last connection, also one that was given up before the library had handed it out."""
        if cls.latest is not None and cls.latest.open:
            await cls.latest.close(code=1000)

    async def received_message(self, msg: Any, /) -> None:  # noqa: ANN401 (the library's signature)
        """Take in a message. One that the library cannot make sense of is logged, counted and forgotten."""
        before = self.latency
        try:
            await super().received_message(msg)
        except ReconnectWebSocket:
            self._asked_to_leave = True
            raise
        except PASSING_FAULTS:
            raise
        except Exception:
            log.exception("Discord sent an event that cannot be understood")
            self.count_faulty()
        # Each acknowledgement measures the latency anew; there is no other sign of it.
        if self.latency != before:
            self.pulse.answer()

    async def send_heartbeat(self, data: Any) -> None:  # noqa: ANN401 (the library's signature)
        """Send a heartbeat; when the one before it was never acknowledged, the connection is dead and ends."""
        if not self.pulse.well.is_set():
            log.warning("The gateway does not answer; connecting anew")
            self._dead = True
            await self.socket.close(code=4000)
            return
        self.pulse.beat()
        if self._keep_alive is not None:
            # The library looks at the clock after sending, which is too late for an answer that came at once.
            self._keep_alive.beat()
        await super().send_heartbeat(data)

    @property
    def ended_in_order(self) -> bool:
        """Whether Discord itself ended the connection, so that everything until then was heard."""
        return self._asked_to_leave or not (self._dead or self.socket.close_code in {None, ABNORMAL})


def socket_for(pulse: Pulse, count_faulty: Callable[[], None]) -> type[Socket]:
    """Return the kind of connection that tells these two of what it meets."""
    return type("BotSocket", (Socket,), {"pulse": pulse, "count_faulty": staticmethod(count_faulty)})
