"""The bot's account: how it is called, and what it looks like."""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from guildhall.core.actor import Actor
from guildhall.core.errors import InvalidField
from guildhall.dialects.rustmail.wire import REFUSED, REFUSED_TO_WRITE, SESSION
from guildhall.domains import audit
from guildhall.domains.bot.errors import BotOffline, BotUnreachable, InvalidImage, ProfileRefused
from guildhall.domains.bot.profile import LONGEST_TEXT, Profile, data_uri
from guildhall.domains.identity import Permission
from guildhall.web.bodies import Body
from guildhall.web.house import House
from guildhall.web.routing import route


class BotProfile(msgspec.Struct, frozen=True):
    """The account."""

    id: str
    username: str
    discriminator: str
    avatar_url: str | None
    banner_url: str | None

    @classmethod
    def of(cls, profile: Profile) -> "BotProfile":
        """Show the account."""
        return cls(profile.id, profile.username, profile.discriminator, profile.avatar_url, profile.banner_url)


class BotProfileUpdate(Body, frozen=True, kw_only=True):
    """What is to be changed; a picture of null is taken away."""

    username: Annotated[str, msgspec.Meta(min_length=2, max_length=32)] | UnsetType = UNSET
    avatar: str | UnsetType | None = UNSET
    banner: str | UnsetType | None = UNSET

    @property
    def changes(self) -> dict[str, str | None]:
        """What Discord is to be told. Raises InvalidImage, InvalidField for nothing at all."""
        pictures = {
            name: None if picture is None else data_uri(picture)
            for name, picture in (("avatar", self.avatar), ("banner", self.banner))
            if picture is not UNSET
        }
        named = {} if self.username is UNSET else {"username": self.username}
        if not named and not pictures:
            raise InvalidField("Name username, avatar or banner", field="username")
        return {**named, **pictures}


class BotProfileResult(msgspec.Struct, frozen=True, kw_only=True):
    """The account after a change."""

    success: bool = True
    username: str
    avatar_url: str | None
    banner_url: str | None


@route(
    "GET", "/api/bot/profile", permission=Permission.VIEW_DESK, accepts=SESSION, transaction="none",
    refusals=(*REFUSED, BotOffline),
)  # fmt: skip
async def get_bot_profile(house: House) -> BotProfile:
    """Read name, avatar and banner of the bot account."""
    return BotProfile.of(await house.bot_account.profile())


@route(
    "PUT", "/api/bot/profile", permission=Permission.MANAGE_BOT, accepts=SESSION, transaction="none",
    refusals=(*REFUSED_TO_WRITE, InvalidField, InvalidImage, ProfileRefused, BotOffline, BotUnreachable),
    body_limit=2 * LONGEST_TEXT + 64 * 1024,
)  # fmt: skip
async def update_bot_profile(data: BotProfileUpdate, actor: Actor, house: House) -> BotProfileResult:
    """Change name, avatar or banner of the bot account."""
    changes = data.changes
    profile = await house.bot_account.change(changes)
    async with house.database.write() as tx:
        told = {"changed": sorted(changes), "username": profile.username}
        await audit.record(tx, actor, "bot.profile_changed", None, now=house.clock.now(), **told)
    return BotProfileResult(username=profile.username, avatar_url=profile.avatar_url, banner_url=profile.banner_url)
