"""Guilds as Discord's REST API tells of them, kept for fifteen seconds and never longer.

Whoever asks again while Discord refuses everything makes it worse: after a 401 or 429 nothing is asked for a while.
"""

import asyncio
import math
import time
from datetime import timedelta
from typing import Final, TypeVar

import httpx
import msgspec

from guildhall.core.cache import Cache
from guildhall.core.log import get_logger
from guildhall.domains.attendance import DiscordGuild, GuildChannel, GuildRole, Overwrite
from guildhall.domains.attendance.errors import BotNotInGuild, DiscordUnavailable, NotMember

log = get_logger(__name__)

T = TypeVar("T")

KEPT: Final = timedelta(seconds=15)
TIMEOUT: Final = 5.0
"""Seconds for a whole request."""

PAUSE: Final = 5
PAUSE_OF_BAD_TOKEN: Final = 30
LONGEST_PAUSE: Final = 3600

OK, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY = 200, 401, 403, 404, 429
UNKNOWN_MEMBER, UNKNOWN_USER = 10007, 10013
"""Discord's numbers for somebody who is not in the guild, and for nobody at all."""

KINDS: Final = {
    0: "text",
    2: "voice",
    4: "category",
    5: "announcement",
    10: "thread",
    11: "thread",
    12: "thread",
    13: "stage",
    14: "directory",
    15: "forum",
    16: "media",
}


class _Role(msgspec.Struct):
    id: str
    name: str
    permissions: str


class _Guild(msgspec.Struct):
    id: str
    name: str
    owner_id: str
    roles: list[_Role]


class _Member(msgspec.Struct):
    roles: list[str]


class _User(msgspec.Struct):
    id: str


class _Overwrite(msgspec.Struct):
    id: str
    allow: str
    deny: str


class _Channel(msgspec.Struct):
    id: str
    name: str
    type: int
    position: int = 0
    parent_id: str | None = None
    permission_overwrites: list[_Overwrite] = []


class _Fault(msgspec.Struct):
    code: int


class _Refused(Exception):
    """Discord says that this does not exist for the bot; `code` is its number for why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class DiscordRest:
    """The `GuildDirectory` of a bot's token."""

    def __init__(
        self, token: str, *, base: str, client: httpx.AsyncClient, cache: Cache, timeout: float = TIMEOUT
    ) -> None:
        self._token = token
        self._base = base.rstrip("/")
        self._client = client
        self._cache = cache
        self._timeout = timeout
        self._quiet_until = 0.0

    async def own_id(self) -> int:
        """Return the id of the bot's own user. Raises DiscordUnavailable."""
        try:
            return int((await self._get("/users/@me", _User)).id)
        except _Refused:
            raise DiscordUnavailable from None

    async def guild(self, guild_id: int) -> DiscordGuild:
        """Return a guild. Raises BotNotInGuild, DiscordUnavailable."""
        try:
            found = await self._get(f"/guilds/{guild_id}", _Guild)
        except _Refused:
            raise BotNotInGuild from None
        roles = tuple(GuildRole(int(each.id), each.name, int(each.permissions)) for each in found.roles)
        return DiscordGuild(int(found.id), found.name, int(found.owner_id), roles)

    async def roles_of_member(self, guild_id: int, user_id: int) -> frozenset[int]:
        """Return the ids of a member's roles. Raises NotMember, BotNotInGuild, DiscordUnavailable."""
        try:
            member = await self._get(f"/guilds/{guild_id}/members/{user_id}", _Member)
        except _Refused as refused:
            raise (NotMember if refused.code in (UNKNOWN_MEMBER, UNKNOWN_USER) else BotNotInGuild) from None
        return frozenset(map(int, member.roles))

    async def channels(self, guild_id: int) -> list[GuildChannel]:
        """Return the channels that the bot can see, in Discord's order. Raises BotNotInGuild, DiscordUnavailable."""
        try:
            found = await self._get(f"/guilds/{guild_id}/channels", list[_Channel])
        except _Refused:
            raise BotNotInGuild from None
        channels = [
            GuildChannel(
                int(each.id),
                each.name,
                KINDS.get(each.type, "other"),
                int(each.parent_id) if each.parent_id else None,
                each.position,
                tuple(Overwrite(int(one.id), int(one.allow), int(one.deny)) for one in each.permission_overwrites),
            )
            for each in found
        ]
        return sorted(channels, key=lambda each: (each.position, each.id))

    async def _get(self, path: str, kind: type[T]) -> T:
        key = f"discord:{path}"
        content = await self._cache.get(key)
        if content is None:
            content = await self._ask(path)
            await self._cache.set(key, content, ttl=KEPT)
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.DecodeError as fault:
            await self._cache.delete(key)
            log.warning("Discord's answer cannot be read", path=path, reason=str(fault))
            raise DiscordUnavailable from fault

    async def _ask(self, path: str) -> bytes:
        if not self._token:
            raise DiscordUnavailable("There is no DISCORD_TOKEN, so Discord cannot be asked")
        quiet = self._quiet_until - time.monotonic()
        if quiet > 0:
            raise DiscordUnavailable(retry_after=math.ceil(quiet))
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._client.get(
                    f"{self._base}{path}", headers={"Authorization": f"Bot {self._token}"}, timeout=self._timeout
                )
        except (httpx.HTTPError, TimeoutError) as fault:
            log.warning("Discord is not reachable", path=path, reason=type(fault).__name__)
            raise DiscordUnavailable(retry_after=PAUSE) from fault
        return self._judged(path, answer)

    def _judged(self, path: str, answer: httpx.Response) -> bytes:
        """Return the body of a good answer. Raises _Refused, DiscordUnavailable."""
        if answer.status_code == OK:
            return answer.content
        if answer.status_code in (FORBIDDEN, NOT_FOUND):
            code = code_of(answer)
            # Without a number that says what is missing, it comes from something before Discord's guilds.
            if code:
                raise _Refused(code)
        pause = pause_after(answer)
        if answer.status_code in (UNAUTHORIZED, TOO_MANY):
            self._quiet_until = time.monotonic() + pause
        log.warning("Discord refuses to answer", path=path, status=answer.status_code)
        raise DiscordUnavailable(retry_after=math.ceil(pause))


def code_of(answer: httpx.Response) -> int:
    """Return Discord's number for why it refuses, 0 where it gives none."""
    try:
        return msgspec.json.decode(answer.content, type=_Fault).code
    except msgspec.DecodeError:
        return 0


def pause_after(answer: httpx.Response) -> float:
    """Return for how many seconds to leave Discord alone."""
    if answer.status_code == UNAUTHORIZED:
        return PAUSE_OF_BAD_TOKEN
    try:
        asked = float(answer.headers.get("retry-after", PAUSE))
    except ValueError:
        return PAUSE
    return min(asked, LONGEST_PAUSE) if asked > 0 else PAUSE
