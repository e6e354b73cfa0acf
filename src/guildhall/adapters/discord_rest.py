"""Guilds as Discord's REST API tells of them, kept for fifteen seconds and never longer; and roles, given and taken.

Whoever asks again while Discord refuses everything makes it worse: after a 401 or 429 nothing is asked for a while.
"""

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from guildhall.core import ids
from guildhall.core.cache import Cache
from guildhall.core.log import get_logger
from guildhall.domains.attendance import DiscordGuild, GuildChannel, GuildMember, GuildRole, Overwrite, Profile
from guildhall.domains.attendance.errors import BotNotInGuild, DiscordUnavailable, NotMember
from guildhall.domains.attendance.roles.errors import RoleRefused
from guildhall.domains.attendance.roles.hierarchy import GONE

log = get_logger(__name__)

T = TypeVar("T")

KEPT: Final = timedelta(seconds=15)
TIMEOUT: Final = 5.0
"""Seconds for a whole request."""

PAUSE: Final = 5
PAUSE_OF_BAD_TOKEN: Final = 30
LONGEST_PAUSE: Final = 3600

OK, NO_CONTENT, BAD_REQUEST = 200, 204, 400
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY = 401, 403, 404, 429
UNKNOWN_MEMBER, UNKNOWN_USER = 10007, 10013
"""Discord's numbers for somebody who is not in the guild, and for nobody at all."""

UNKNOWN_GUILD, UNKNOWN_ROLE, MISSING_ACCESS = 10004, 10011, 50001
NOBODY: Final = (UNKNOWN_MEMBER, UNKNOWN_USER)
LONGEST_REASON: Final = 512
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)

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
    position: int = 0
    managed: bool = False


class _Guild(msgspec.Struct):
    id: str
    name: str
    owner_id: str
    roles: list[_Role]


class _User(msgspec.Struct):
    id: str
    username: str
    global_name: str | None = None
    bot: bool = False


class _Member(msgspec.Struct):
    roles: list[str]
    user: _User
    nick: str | None = None
    joined_at: datetime | None = None


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
    """The `GuildDirectory` and the `RoleDesk` of the bot whose token `token_now` returns; empty for none yet."""

    def __init__(
        self,
        token_now: Callable[[], str],
        *,
        base: str,
        client: httpx.AsyncClient,
        cache: Cache,
        timeout: float = TIMEOUT,
    ) -> None:
        self._token_now = token_now
        self._token = ""
        self._base = base.rstrip("/")
        self._client = client
        self._cache = cache
        self._timeout = timeout
        self._quiet_until = 0.0
        self._own_id = ""

    async def own_id(self) -> int:
        """Return the id of the bot's own user. Raises DiscordUnavailable."""
        self._heed_token()
        try:
            self._own_id = self._own_id or _read(await self._ask("/users/@me"), _User).id
        except _Refused:
            raise DiscordUnavailable from None
        return int(self._own_id)

    async def guild(self, guild_id: int) -> DiscordGuild:
        """Return a guild. Raises BotNotInGuild, DiscordUnavailable."""
        try:
            found = await self._get(guild_id, "", _Guild)
        except _Refused:
            raise BotNotInGuild from None
        roles = tuple(
            GuildRole(int(each.id), each.name, int(each.permissions), each.position, each.managed)
            for each in found.roles
        )
        return DiscordGuild(int(found.id), found.name, int(found.owner_id), roles)

    async def roles_of_member(self, guild_id: int, user_id: int) -> frozenset[int]:
        """Return the ids of a member's roles. Raises NotMember, BotNotInGuild, DiscordUnavailable."""
        return frozenset(map(int, (await self._member(guild_id, user_id)).roles))

    async def name_of_member(self, guild_id: int, user_id: int) -> str:
        """Return what a member is called there. Raises NotMember, BotNotInGuild, DiscordUnavailable."""
        return (await self.profile_of_member(guild_id, user_id)).name

    async def profile_of_member(self, guild_id: int, user_id: int) -> Profile:
        """Return a member as others see them. Raises NotMember, BotNotInGuild, DiscordUnavailable."""
        member = await self._member(guild_id, user_id)
        name = member.nick or member.user.global_name or member.user.username
        roles = frozenset(map(int, member.roles))
        return Profile(member.user.username, name, roles, member.user.bot, member.joined_at)

    async def roles_of_bot(self, guild_id: int) -> frozenset[int]:
        """Return the ids of the bot's own roles. Raises BotNotInGuild, DiscordUnavailable."""
        try:
            return await self.roles_of_member(guild_id, await self.own_id())
        except NotMember:
            raise BotNotInGuild from None

    async def member(self, guild_id: int, user_id: int) -> GuildMember:
        """Return a member as they are at this moment. Raises NotMember, BotNotInGuild, DiscordUnavailable."""
        try:
            member = _read(await self._ask(f"/guilds/{guild_id}/members/{user_id}"), _Member)
        except _Refused as refused:
            raise (NotMember if refused.code in NOBODY else BotNotInGuild) from None
        return GuildMember(frozenset(map(int, member.roles)), member.joined_at or NEVER)

    async def give_role(self, guild_id: int, user_id: int, role_id: int, *, reason: str) -> timedelta:
        """Give a member a role, and return for how long to leave Discord alone.

        Raises NotMember, RoleRefused, BotNotInGuild, DiscordUnavailable.
        """
        return await self._change_role("PUT", guild_id, user_id, role_id, reason)

    async def take_role(self, guild_id: int, user_id: int, role_id: int, *, reason: str) -> timedelta:
        """Take a role from a member; returns and raises as `give_role`."""
        return await self._change_role("DELETE", guild_id, user_id, role_id, reason)

    async def forget(self, guild_id: int) -> None:
        """Ask Discord anew about a guild from now on."""
        # Everything kept of a guild bears a stamp, so that another stamp makes all of it unknown at once.
        await self._cache.set(_stamp(guild_id), ids.ulid().encode(), ttl=2 * KEPT)

    async def forget_member(self, guild_id: int, user_id: int) -> None:
        """Ask Discord anew about a member from now on, and about nobody else."""
        stamp = await self._cache.get(_stamp(guild_id)) or b""
        await self._cache.delete(_kept_as(stamp, f"/guilds/{guild_id}/members/{user_id}"))

    async def channels(self, guild_id: int) -> list[GuildChannel]:
        """Return the channels that the bot can see, in Discord's order. Raises BotNotInGuild, DiscordUnavailable."""
        try:
            found = await self._get(guild_id, "/channels", list[_Channel])
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

    async def read(self, path: str, kind: type[T]) -> T | None:
        """Return what Discord says of something at this moment, None when the bot can see no such thing.

        Raises DiscordUnavailable.
        """
        try:
            return _read(await self._ask(path), kind)
        except _Refused:
            return None

    @property
    def has_token(self) -> bool:
        """Whether there is a bot to speak for."""
        return bool(self._token_now())

    async def patch(self, path: str, changes: Mapping[str, object]) -> tuple[int, bytes]:
        """Change something, and return what Discord answers, which is 200 or 400. Raises DiscordUnavailable."""
        answer = await self._send("PATCH", path, {"Content-Type": "application/json"}, msgspec.json.encode(changes))
        if answer.status_code != BAD_REQUEST:
            try:
                self._judged(path, answer)
            except _Refused:
                raise DiscordUnavailable from None
        return answer.status_code, answer.content

    async def _member(self, guild_id: int, user_id: int) -> _Member:
        try:
            return await self._get(guild_id, f"/members/{user_id}", _Member)
        except _Refused as refused:
            raise (NotMember if refused.code in NOBODY else BotNotInGuild) from None

    async def _get(self, guild_id: int, place: str, kind: type[T]) -> T:
        """Return what Discord says of something in a guild, or said within the last seconds."""
        path = f"/guilds/{guild_id}{place}"
        stamp = await self._cache.get(_stamp(guild_id)) or b""
        key = _kept_as(stamp, path)
        content = await self._cache.get(key)
        if content is None:
            content = await self._ask(path)
            await self._cache.set(key, content, ttl=KEPT)
        try:
            return _read(content, kind)
        except DiscordUnavailable:
            await self._cache.delete(key)
            raise

    async def _change_role(self, method: str, guild_id: int, user_id: int, role_id: int, reason: str) -> timedelta:
        path = f"/guilds/{guild_id}/members/{user_id}/roles/{role_id}"
        try:
            answer = await self._send(method, path, {"X-Audit-Log-Reason": quote(reason[:LONGEST_REASON])})
            if answer.status_code == TOO_MANY and not _is_for_all(answer):
                # There are many roles to give and one limit for them, which is no reason to ask nothing else.
                raise DiscordUnavailable(retry_after=math.ceil(pause_after(answer)))
            self._judged(path, answer)
        except _Refused as refused:
            if refused.code in NOBODY:
                raise NotMember from None
            if refused.code in (UNKNOWN_GUILD, MISSING_ACCESS):
                raise BotNotInGuild from None
            raise RoleRefused(GONE if refused.code == UNKNOWN_ROLE else None) from None
        return _rest_after(answer)

    async def _ask(self, path: str) -> bytes:
        answer = await self._send("GET", path, {})
        self._judged(path, answer)
        return answer.content

    async def _send(
        self, method: str, path: str, headers: dict[str, str], content: bytes | None = None
    ) -> httpx.Response:
        self._heed_token()
        if not self._token:
            raise DiscordUnavailable("There is no token of a bot, so Discord cannot be asked")
        quiet = self._quiet_until - time.monotonic()
        if quiet > 0:
            raise DiscordUnavailable(retry_after=math.ceil(quiet))
        try:
            async with asyncio.timeout(self._timeout):
                return await self._client.request(
                    method,
                    f"{self._base}{path}",
                    headers={"Authorization": f"Bot {self._token}", **headers},
                    content=content,
                    timeout=self._timeout,
                )
        except (httpx.HTTPError, TimeoutError) as fault:
            log.warning("Discord is not reachable", path=path, reason=type(fault).__name__)
            raise DiscordUnavailable(retry_after=PAUSE) from fault

    def _heed_token(self) -> None:
        """Begin anew with another token: whose it is, and whether Discord wants to be left alone, is not known yet."""
        token = self._token_now()
        if token != self._token:
            self._token, self._own_id, self._quiet_until = token, "", 0.0

    def _judged(self, path: str, answer: httpx.Response) -> None:
        """Let a good answer pass. Raises _Refused, DiscordUnavailable."""
        if answer.status_code in (OK, NO_CONTENT):
            return
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


def _read(content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.DecodeError as fault:
        log.warning("Discord's answer cannot be read", kind=str(kind), reason=str(fault))
        raise DiscordUnavailable from fault


def _stamp(guild_id: int) -> str:
    return f"discord:stamp:{guild_id}"


def _kept_as(stamp: bytes, path: str) -> str:
    return f"discord:{stamp.decode()}{path}"


def _is_for_all(answer: httpx.Response) -> bool:
    """Tell whether a refusal for being too fast is about the whole bot."""
    return bool(answer.headers.get("x-ratelimit-global"))


def _rest_after(answer: httpx.Response) -> timedelta:
    """Return how long until the next request of this kind is welcome."""
    if answer.headers.get("x-ratelimit-remaining") != "0":
        return timedelta(0)
    try:
        rest = float(answer.headers.get("x-ratelimit-reset-after", 0))
    except ValueError:
        rest = 0
    return timedelta(seconds=min(max(rest, 0), LONGEST_PAUSE))


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
