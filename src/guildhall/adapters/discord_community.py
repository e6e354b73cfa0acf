"""Signing in with Discord to an app of the community: who somebody is, and whether they are on its server.

There is no PKCE: older apps replace the state, by which the proof would be found. The access token serves two
questions and is forgotten.
"""

import asyncio
from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

import httpx

from guildhall.adapters.discord_oauth import TIMEOUT, DiscordOAuth
from guildhall.core.errors import Unavailable
from guildhall.core.log import get_logger
from guildhall.domains.attendance import GuildDirectory
from guildhall.domains.attendance.errors import BotNotInGuild, NotMember
from guildhall.domains.identity.community import Arrival
from guildhall.domains.identity.discord_errors import DiscordAway
from guildhall.domains.site import DiscordAccess
from guildhall.settings import Settings

log = get_logger(__name__)

SCOPE: Final = "identify guilds.members.read"
OK, NOT_FOUND = 200, 404


class DiscordCommunity:
    """The `CommunityDoor` of the application that `access_now` names."""

    def __init__(
        self,
        settings: Settings,
        access_now: Callable[[], DiscordAccess],
        *,
        client: httpx.AsyncClient,
        directory: GuildDirectory,
        application: DiscordOAuth,
    ) -> None:
        self._settings = settings
        self._access_now = access_now
        self._client = client
        self._directory = directory
        self._application = application

    def page(self, *, state: str) -> str:
        """Return the address of Discord's page."""
        asked = {
            "client_id": self._access_now().client_id,
            "response_type": "code",
            "redirect_uri": self._back(),
            "scope": SCOPE,
            "state": state,
        }
        return f"{self._settings.discord.authorization_page}?{urlencode(asked)}"

    async def arrival(self, *, code: str) -> Arrival:
        """Exchange the code and ask whose it is. Raises CodeRefused, DiscordAway, DiscordMisfit."""
        guild_id = self._access_now().guild_id
        try:
            async with asyncio.timeout(TIMEOUT):
                token = await self._application.exchange({"code": code, "redirect_uri": self._back()})
                account = (await self._application.owner_of(token)).told()
                is_member = bool(guild_id) and await self._is_member(token, guild_id, account.id)
        except (httpx.HTTPError, TimeoutError) as fault:
            log.warning("Discord is not reachable", reason=type(fault).__name__)
            raise DiscordAway from fault
        return Arrival(account, is_member, self._settings.discord.sign_up != "nobody")

    def _back(self) -> str:
        return self._settings.community_redirect(self._access_now().redirect_url)

    async def _is_member(self, token: str, guild_id: int, discord_id: int) -> bool:
        address = f"{self._settings.discord.api_base.rstrip('/')}/users/@me/guilds/{guild_id}/member"
        answer = await self._client.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT)
        if answer.status_code in (OK, NOT_FOUND):
            return answer.status_code == OK
        # Discord asks nobody too often for this; the bot can look instead.
        try:
            await self._directory.roles_of_member(guild_id, discord_id)
        except NotMember:
            return False
        except (BotNotInGuild, Unavailable) as fault:
            raise DiscordAway from fault
        return True
