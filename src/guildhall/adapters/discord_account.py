"""The bot's own account by Discord's REST API: its name and its pictures."""

from collections.abc import Mapping
from typing import Final

import msgspec

from guildhall.adapters.discord_rest import BAD_REQUEST, DiscordRest
from guildhall.domains.attendance.errors import DiscordUnavailable
from guildhall.domains.bot.errors import BotOffline, BotUnreachable, ProfileRefused
from guildhall.domains.bot.profile import Profile

PICTURES: Final = "https://cdn.discordapp.com"


class _User(msgspec.Struct):
    id: str
    username: str
    discriminator: str = "0"
    avatar: str | None = None
    banner: str | None = None


class _Fault(msgspec.Struct):
    message: str = ""


class DiscordAccount:
    """The `BotAccount` of the bot whose token is in use."""

    def __init__(self, discord: DiscordRest) -> None:
        self._discord = discord

    async def profile(self) -> Profile:
        """Return the account as it is now. Raises BotOffline."""
        try:
            found = await self._discord.read("/users/@me", _User)
        except DiscordUnavailable as fault:
            raise BotOffline(fault.message) from fault
        if found is None:
            raise BotOffline
        return _shown(found)

    async def change(self, changes: Mapping[str, str | None]) -> Profile:
        """Set name and pictures. Raises BotOffline without a bot, BotUnreachable, ProfileRefused."""
        if not self._discord.has_token:
            raise BotOffline
        try:
            status, content = await self._discord.patch("/users/@me", changes)
            if status == BAD_REQUEST:
                raise ProfileRefused(_reason(content))
            return _shown(msgspec.json.decode(content, type=_User))
        except DiscordUnavailable as fault:
            raise BotUnreachable(fault.message, retry_after=fault.details["retry_after"]) from fault
        except msgspec.DecodeError as fault:
            raise BotUnreachable from fault


def _shown(user: _User) -> Profile:
    return Profile(
        user.id, user.username, user.discriminator, _place("avatars", user, user.avatar),
        _place("banners", user, user.banner),
    )  # fmt: skip


def _place(folder: str, user: _User, picture: str | None) -> str | None:
    """Return where a picture is; one whose name begins so moves."""
    if picture is None:
        return None
    return f"{PICTURES}/{folder}/{user.id}/{picture}.{'gif' if picture.startswith('a_') else 'png'}"


def _reason(content: bytes) -> str | None:
    try:
        return msgspec.json.decode(content, type=_Fault).message or None
    except msgspec.DecodeError:
        return None
