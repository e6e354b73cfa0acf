"""Discord's OAuth2 by authorization code and PKCE: who somebody is, and nothing else.

The access token serves one question and is forgotten; no refresh token is kept. The only scope is `identify`: a mail
address that Discord tells would be of no use, because it must not decide who somebody is here.
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import httpx
import msgspec

from guildhall.core.errors import Unavailable
from guildhall.core.log import get_logger
from guildhall.domains.attendance import GuildDirectory
from guildhall.domains.attendance.errors import BotNotInGuild, NotMember
from guildhall.domains.identity import DiscordAccount
from guildhall.domains.identity.discord_errors import CodeRefused, DiscordAway, DiscordMisfit
from guildhall.domains.site import DiscordAccess
from guildhall.settings import Settings

log = get_logger(__name__)

T = TypeVar("T")

SCOPE: Final = "identify"
TIMEOUT: Final = 8.0
"""Seconds for both questions together, while somebody waits for a page."""

LONGEST_PAUSE: Final = 3600
OK, BAD_REQUEST, UNAUTHORIZED = 200, 400, 401
UNASKED: Final = "Whether you may come in cannot be found out, because the bot is not in the guild of the community"


class _Token(msgspec.Struct):
    access_token: str


class Account(msgspec.Struct):
    """Somebody as Discord writes them. `avatar` is its hash of their picture."""

    id: str
    username: str
    global_name: str | None = None
    avatar: str | None = None

    def told(self) -> DiscordAccount:
        """Return them in the words of the house. Raises DiscordAway for an id that is no number."""
        if not (self.id.isascii() and self.id.isdigit()):
            raise DiscordAway
        return DiscordAccount(int(self.id), self.username, self.global_name or self.username, self.avatar)


class _Fault(msgspec.Struct):
    error: str = ""


class DiscordOAuth:
    """The `DiscordDoor` of the application that `access_now` names."""

    def __init__(
        self,
        settings: Settings,
        access_now: Callable[[], DiscordAccess],
        *,
        client: httpx.AsyncClient,
        directory: GuildDirectory,
        timeout: float = TIMEOUT,
    ) -> None:
        self._settings = settings.discord
        self._redirect = settings.discord_redirect
        self._access_now = access_now
        self._base = settings.discord.api_base.rstrip("/")
        self._client = client
        self._directory = directory
        self._timeout = timeout

    def page(self, *, state: str, challenge: str) -> str:
        """Return the address of Discord's page."""
        access = self._access_now()
        asked = {
            "client_id": access.client_id,
            "response_type": "code",
            "redirect_uri": access.redirect_url or self._redirect,
            "scope": SCOPE,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._settings.authorization_page}?{urlencode(asked)}"

    async def account(self, *, code: str, verifier: str) -> DiscordAccount:
        """Exchange the code, ask whose it is, and forget the token. Raises CodeRefused, DiscordAway, DiscordMisfit."""
        try:
            async with asyncio.timeout(self._timeout):
                token = await self._exchange(code, verifier)
                found = await self.owner_of(token)
        except (httpx.HTTPError, TimeoutError) as fault:
            log.warning("Discord is not reachable", reason=type(fault).__name__)
            raise DiscordAway from fault
        return found.told()

    async def may_join(self, account: DiscordAccount) -> bool:
        """Tell whether DISCORD_SIGN_UP lets them in. Raises Unavailable when the guild cannot be asked."""
        if self._settings.sign_up == "anyone":
            return True
        guild_id = self._access_now().guild_id
        if self._settings.sign_up == "nobody" or not guild_id:
            return False
        try:
            await self._directory.roles_of_member(guild_id, account.id)
        except NotMember:
            return False
        except BotNotInGuild as fault:
            raise Unavailable(UNASKED) from fault
        return True

    async def _exchange(self, code: str, verifier: str) -> str:
        access = self._access_now()
        back = access.redirect_url or self._redirect
        return await self.exchange({"code": code, "redirect_uri": back, "code_verifier": verifier})

    async def exchange(self, proof: Mapping[str, str]) -> str:
        """Return the access token that Discord gives for a code and what belongs to it. Raises CodeRefused.

        Raises DiscordAway, DiscordMisfit, httpx.HTTPError.
        """
        access = self._access_now()
        asked = {"grant_type": "authorization_code", **proof}
        application = httpx.BasicAuth(access.client_id, access.client_secret)
        answer = await self._client.post(
            f"{self._base}/oauth2/token", data=asked, auth=application, timeout=self._timeout
        )
        if answer.status_code in (BAD_REQUEST, UNAUTHORIZED):
            fault = _read(answer, _Fault).error
            if fault == "invalid_grant":
                raise CodeRefused
            log.error("Discord does not accept the application", status=answer.status_code, fault=fault)
            raise DiscordMisfit
        return _read(answer, _Token).access_token

    async def owner_of(self, token: str) -> Account:
        """Return whose token this is. Raises DiscordAway, httpx.HTTPError."""
        answer = await self._client.get(
            f"{self._base}/users/@me", headers={"Authorization": f"Bearer {token}"}, timeout=self._timeout
        )
        return _read(answer, Account)


def _read(answer: httpx.Response, kind: type[T]) -> T:
    """Read an answer. Raises DiscordAway when it is an error, or not what it should be."""
    if answer.status_code not in (OK, BAD_REQUEST, UNAUTHORIZED):
        log.warning("Discord refuses to answer", path=answer.request.url.path, status=answer.status_code)
        raise DiscordAway(**_pause_of(answer))
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except msgspec.DecodeError as fault:
        log.warning("Discord's answer cannot be read", path=answer.request.url.path, reason=str(fault))
        raise DiscordAway from fault


def _pause_of(answer: httpx.Response) -> dict[str, Any]:
    try:
        asked = float(answer.headers["retry-after"])
    except (KeyError, ValueError):
        return {}
    return {"retry_after": math.ceil(min(asked, LONGEST_PAUSE))} if asked > 0 else {}
