"""Posts in Discord's channels by its REST API: each once, by an enforced nonce, and without mentioning anybody.

Whoever asks again while Discord refuses everything makes it worse: after a 401, a limit of the whole bot, or silence,
nothing is asked for a while.
"""

import asyncio
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import msgspec

from guildhall.adapters.discord_rest import (
    BAD_REQUEST,
    FORBIDDEN,
    LONGEST_PAUSE,
    NOT_FOUND,
    PAUSE,
    TIMEOUT,
    UNAUTHORIZED,
    code_of,
    pause_after,
)
from guildhall.core.log import get_logger
from guildhall.domains.attendance.errors import DiscordUnavailable
from guildhall.domains.attendance.posting import Message, PostRefused, PostUnfit

log = get_logger(__name__)

UNKNOWN_CHANNEL, MISSING_ACCESS, MISSING_PERMISSIONS = 10003, 50001, 50013
WORDS: Final = {
    UNKNOWN_CHANNEL: "The channel is gone",
    MISSING_ACCESS: "The bot cannot see the channel",
    MISSING_PERMISSIONS: "The bot may not post in this channel",
}

EPOCH: Final = datetime(2015, 1, 1, tzinfo=UTC)
"""Where the milliseconds in Discord's ids begin."""

MARGIN: Final = timedelta(minutes=5)
"""How far the clocks of Discord and of this machine may be apart when a message is looked for."""

MILLISECOND: Final = timedelta(milliseconds=1)
PAGE: Final = 100


class _Posted(msgspec.Struct):
    id: str


class _Footer(msgspec.Struct):
    text: str = ""


class _Embed(msgspec.Struct):
    title: str = ""
    footer: _Footer = msgspec.field(default_factory=_Footer)
    timestamp: datetime | None = None

    def shows(self, message: Message) -> bool:
        """Tell whether this is that message; Discord keeps times to the millisecond."""
        if self.timestamp is None or abs(self.timestamp - message.at) > MILLISECOND:
            return False
        return (self.title, self.footer.text) == (message.title, message.footer)


class _Author(msgspec.Struct):
    bot: bool = False


class _Shown(msgspec.Struct):
    id: str
    author: _Author
    embeds: list[_Embed] = []


class _Fault(msgspec.Struct):
    message: str = ""
    retry_after: float = 0
    is_global: bool = msgspec.field(name="global", default=False)


class DiscordPosts:
    """The `PostOffice` of the bot whose token `token_now` returns; empty for none yet."""

    def __init__(
        self, token_now: Callable[[], str], *, base: str, client: httpx.AsyncClient, timeout: float = TIMEOUT
    ) -> None:
        self._token_now = token_now
        self._token = ""
        self._base = base.rstrip("/")
        self._client = client
        self._timeout = timeout
        self._quiet_until = 0.0

    async def post(self, channel_id: int, message: Message, *, nonce: str) -> int:
        """Post a message and return its id. Raises PostRefused, PostUnfit, DiscordUnavailable."""
        embed = {
            "title": message.title,
            "description": message.text,
            "footer": {"text": message.footer},
            "color": message.colour,
            "timestamp": message.at.isoformat(),
        }
        body = {"embeds": [embed], "nonce": nonce, "enforce_nonce": True, "allowed_mentions": {"parse": []}}
        answer = await self._ask("POST", f"/channels/{channel_id}/messages", json=body)
        return int(_read(answer, _Posted).id)

    async def find(self, channel_id: int, message: Message, *, since: datetime) -> int | None:
        """Return the id of this very message if it is there. Raises PostRefused, DiscordUnavailable."""
        after = max(0, (since - MARGIN - EPOCH) // MILLISECOND) << 22
        query = {"after": str(after), "limit": str(PAGE)}
        answer = await self._ask("GET", f"/channels/{channel_id}/messages", params=query)
        shown = _read(answer, list[_Shown])
        found = (each.id for each in shown if each.author.bot and any(one.shows(message) for one in each.embeds))
        return next(map(int, found), None)

    async def _ask(self, method: str, path: str, **content: Any) -> httpx.Response:  # noqa: ANN401 (what httpx takes)
        token = self._token_now()
        if not token:
            raise DiscordUnavailable("There is no token of a bot, so nothing can be posted")
        if token != self._token:
            self._token, self._quiet_until = token, 0.0
        quiet = self._quiet_until - time.monotonic()
        if quiet > 0:
            raise DiscordUnavailable(retry_after=math.ceil(quiet))
        headers = {"Authorization": f"Bot {self._token}"}
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._client.request(
                    method, f"{self._base}{path}", headers=headers, timeout=self._timeout, **content
                )
        except (httpx.HTTPError, TimeoutError) as fault:
            log.warning("Discord is not reachable", path=path, reason=type(fault).__name__)
            self._be_quiet(PAUSE)
            raise DiscordUnavailable(retry_after=PAUSE) from fault
        if not answer.is_success:
            self._refuse(path, answer)
        return answer

    def _refuse(self, path: str, answer: httpx.Response) -> None:
        """Raise what a bad answer means. Without a number of Discord's it comes from something before it."""
        status, code, fault = answer.status_code, code_of(answer), _fault_of(answer)
        if status in (FORBIDDEN, NOT_FOUND) and code:
            raise PostRefused(WORDS.get(code, fault.message or f"Discord refuses with {code}"))
        if status == BAD_REQUEST and code:
            raise PostUnfit(fault.message or f"Discord refuses with {code}")
        # The header is in whole seconds, which may be too few.
        pause = max(pause_after(answer), min(fault.retry_after, LONGEST_PAUSE))
        # A limit of one channel is no reason to leave the others alone.
        if status == UNAUTHORIZED or fault.is_global:
            self._be_quiet(pause)
        log.warning("Discord refuses to answer", path=path, status=status)
        raise DiscordUnavailable(retry_after=math.ceil(pause))

    def _be_quiet(self, seconds: float) -> None:
        self._quiet_until = time.monotonic() + seconds


def _fault_of(answer: httpx.Response) -> _Fault:
    try:
        return msgspec.json.decode(answer.content, type=_Fault)
    except msgspec.DecodeError:
        return _Fault()


def _read(answer: httpx.Response, kind: Any) -> Any:  # noqa: ANN401 (the kind that was asked for)
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except msgspec.DecodeError as fault:
        log.warning("Discord's answer cannot be read", reason=str(fault))
        raise DiscordUnavailable from fault
