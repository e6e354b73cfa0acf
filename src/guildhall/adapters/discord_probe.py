"""Asking Discord about a token, a guild, a channel or an application that is not configured yet."""

import asyncio
from typing import Any, Final, TypeVar

import httpx
import msgspec

from guildhall.adapters.discord_rest import BAD_REQUEST, FORBIDDEN, NOT_FOUND, OK, TIMEOUT, UNAUTHORIZED
from guildhall.core.log import get_logger
from guildhall.domains.site.setup import FoundBot, FoundChannel, FoundGuild, Unfit

log = get_logger(__name__)

T = TypeVar("T")

AWAY: Final = "Discord cannot be asked at the moment; try again in a minute"
UNKNOWN: Final = "Discord does not know this token"
MOST_GUILDS: Final = 200


class _User(msgspec.Struct):
    id: str
    username: str
    avatar: str | None = None
    bot: bool = False


class _Application(msgspec.Struct):
    flags: int = 0


class _Guild(msgspec.Struct):
    id: str
    name: str
    permissions: str
    icon: str | None = None

    def found(self) -> FoundGuild:
        return FoundGuild(self.id, self.name, self.icon, int(self.permissions))


class _Channel(msgspec.Struct):
    id: str
    type: int
    name: str = ""
    guild_id: str | None = None
    position: int = 0

    def found(self) -> FoundChannel:
        return FoundChannel(self.id, self.name, self.type)


class _Refusal(msgspec.Struct):
    error: str = ""


class DiscordProbe:
    """The `Prober` that asks Discord's REST API, live and each time anew."""

    def __init__(self, *, base: str, client: httpx.AsyncClient, timeout: float = TIMEOUT) -> None:
        self._base = base.rstrip("/")
        self._client = client
        self._timeout = timeout

    async def bot(self, token: str) -> FoundBot:
        """Return whose token it is. Raises Unfit."""
        user = await self._get(token, "/users/@me", _User, UNKNOWN)
        application = await self._get(token, "/applications/@me", _Application, UNKNOWN)
        return FoundBot(user.id, user.username, user.avatar, application.flags)

    async def guilds(self, token: str) -> list[FoundGuild]:
        """Return the guilds that a bot is in, by their names. Raises Unfit."""
        found = await self._get(token, f"/users/@me/guilds?limit={MOST_GUILDS}", list[_Guild], UNKNOWN)
        return sorted((each.found() for each in found), key=lambda each: each.name.casefold())

    async def guild(self, token: str, guild_id: int) -> FoundGuild:
        """Return a guild that a bot is in. Raises Unfit."""
        # The first of those after the id before it: a bot may be in more guilds than one page has.
        found = await self._get(token, f"/users/@me/guilds?limit=1&after={max(0, guild_id - 1)}", list[_Guild], UNKNOWN)
        if not found or found[0].id != str(guild_id):
            raise Unfit("The bot is not in this server; invite it first")
        return found[0].found()

    async def channels(self, token: str, guild_id: int) -> list[FoundChannel]:
        """Return the channels that a bot can see. Raises Unfit."""
        gone = "The bot is not in this server; invite it first"
        found = await self._get(token, f"/guilds/{guild_id}/channels", list[_Channel], gone)
        return [each.found() for each in sorted(found, key=lambda each: (each.position, each.id))]

    async def channel(self, token: str, guild_id: int, channel_id: int) -> FoundChannel:
        """Return a channel of a guild that a bot can see. Raises Unfit."""
        found = await self._get(token, f"/channels/{channel_id}", _Channel, "The bot can see no such channel")
        if found.guild_id != str(guild_id):
            raise Unfit("The channel is in another server")
        return found.found()

    async def check_application(self, client_id: int, secret: str) -> None:
        """Return when Discord knows an application by this secret. Raises Unfit."""
        asked = {"grant_type": "client_credentials", "scope": "identify"}
        answer = await self._ask("POST", "/oauth2/token", data=asked, auth=httpx.BasicAuth(str(client_id), secret))
        if answer.status_code == OK:
            return
        refused = answer.status_code in (BAD_REQUEST, UNAUTHORIZED)
        reason = _read(answer.content, _Refusal).error if refused else ""
        if answer.status_code == UNAUTHORIZED or reason == "invalid_client":
            raise Unfit("Discord knows no application with this id and secret")
        if not refused:
            raise Unfit(AWAY, away=True)
        # Whatever else it dislikes, it says to an application that it has recognised.

    async def _get(self, token: str, path: str, kind: type[T], missing: str) -> T:
        if not token.isascii() or not token.isprintable() or " " in token:
            raise Unfit(UNKNOWN)
        answer = await self._ask("GET", path, headers={"Authorization": f"Bot {token}"})
        if answer.status_code == UNAUTHORIZED:
            raise Unfit(UNKNOWN)
        if answer.status_code in (BAD_REQUEST, FORBIDDEN, NOT_FOUND):
            raise Unfit(missing)
        if answer.status_code != OK:
            log.warning("Discord refuses to answer", path=path, status=answer.status_code)
            raise Unfit(AWAY, away=True)
        return _read(answer.content, kind)

    async def _ask(self, method: str, path: str, **content: Any) -> httpx.Response:  # noqa: ANN401 (what httpx takes)
        try:
            async with asyncio.timeout(self._timeout):
                return await self._client.request(method, f"{self._base}{path}", timeout=self._timeout, **content)
        except (httpx.HTTPError, TimeoutError) as fault:
            log.warning("Discord is not reachable", path=path, reason=type(fault).__name__)
            raise Unfit(AWAY, away=True) from fault


def _read(content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.DecodeError as fault:
        log.warning("Discord's answer cannot be read", kind=str(kind), reason=str(fault))
        raise Unfit(AWAY, away=True) from fault
