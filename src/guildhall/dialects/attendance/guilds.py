"""A guild as a whole: its overview, its channels, whether the bot is there, its tier."""

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlencode

import msgspec

from guildhall.core.actor import Actor, Credential
from guildhall.core.db import Tx
from guildhall.core.errors import InvalidField
from guildhall.dialects.attendance.wire import CurrentPeriod, Snowflake
from guildhall.domains import attendance
from guildhall.domains.attendance import (
    FREE_ARCHIVES,
    Guild,
    GuildChannel,
    OccupiedChannel,
    Policy,
    SigningStatus,
    Tier,
)
from guildhall.domains.attendance.errors import (
    BotNotInGuild,
    DiscordUnavailable,
    NotManager,
    NotMember,
    TierLocked,
)
from guildhall.domains.identity import Permission
from guildhall.evidence.formats import instant
from guildhall.web.bodies import Body, Later
from guildhall.web.calls import Call
from guildhall.web.house import House
from guildhall.web.routing import route

MANAGER = Permission.MANAGE_GUILDS
TOKEN = Credential.TOKEN
GUARDED = (BotNotInGuild, NotMember, NotManager, DiscordUnavailable)
"""What everybody who manages a guild may be refused for."""

GUILD = "/api/v1/guilds/{guild_id}"
INVITATION = "https://discord.com/oauth2/authorize"
NEEDED = 0x10000000 | 0x100000 | 0x4000 | 0x800 | 0x400
"""Manage Roles, Connect, Embed Links, Send Messages, View Channels."""


class OccupiedReply(msgspec.Struct, frozen=True):
    """A channel and who is in it."""

    channel_id: Snowflake
    name: str | None
    count: int
    user_ids: list[Snowflake]


class OccupancyReply(msgspec.Struct, frozen=True):
    """Who is in voice, in channels that are tracked."""

    total: int
    channels: list[OccupiedReply]

    @classmethod
    def of(cls, channels: list[OccupiedChannel], names: Mapping[int, str]) -> "OccupancyReply":
        """Show who is where."""
        shown = [
            OccupiedReply(
                str(each.channel_id), names.get(each.channel_id), len(each.user_ids), list(map(str, each.user_ids))
            )
            for each in channels
        ]
        return cls(sum(each.count for each in shown), shown)


class SigningSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Whether what closes is signed."""

    state: Literal["unconfigured", "locked", "unlocked"]
    configured: bool
    unlocked: bool
    pending_sessions: int
    pending_periods: int

    @classmethod
    def of(cls, status: SigningStatus) -> "SigningSummary":
        """Show how signing stands."""
        return cls(**summary_of(status))


class BotState(msgspec.Struct, frozen=True):
    """Whether the guild is being watched, and up to when it was."""

    connected: bool
    witnessed_until: str | None


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """A guild at a glance."""

    guild_id: Snowflake
    guild_name: str
    tracking_mode: str
    occupancy: OccupancyReply
    period: CurrentPeriod
    signing: SigningSummary
    fairness: Policy
    tier: str
    bot: BotState


class ChannelReply(msgspec.Struct, frozen=True, kw_only=True):
    """A channel of the guild, and whether it is on the list."""

    id: Snowflake
    name: str
    type: str
    parent_id: str | None
    position: int
    tracked: bool


class Channels(msgspec.Struct, frozen=True):
    """The guild's channels."""

    channels: list[ChannelReply]


class BotPresent(msgspec.Struct, frozen=True):
    """Whether the bot is there, and how to invite it when it is not."""

    present: bool
    guild_id: Snowflake
    invite_url: str | None


class Features(msgspec.Struct, frozen=True):
    """What a tier opens."""

    exports: bool
    webhooks: bool
    verified_roles: bool
    transparency_log: bool


class Limits(msgspec.Struct, frozen=True):
    """What a tier bounds; null is without bound."""

    archived_periods: int | None


class Subscription(msgspec.Struct, frozen=True):
    """The tier of a guild."""

    tier: str
    features: Features
    limits: Limits
    locked: bool

    @classmethod
    def of(cls, guild: Guild, *, locked: bool) -> "Subscription":
        """Show a tier."""
        is_pro = guild.tier is Tier.PRO
        features = Features(is_pro, is_pro, is_pro, is_pro)
        return cls(guild.tier.value, features, Limits(None if is_pro else FREE_ARCHIVES), locked)


class SubscriptionUpdate(Body, frozen=True, kw_only=True):
    """Another tier."""

    tier: str


def summary_of(status: SigningStatus) -> dict[str, Any]:
    """Return how signing stands, by the names of the wire."""
    configured = status.key is not None
    return {
        "state": "unlocked" if status.unlocked else "locked" if configured else "unconfigured",
        "configured": configured,
        "unlocked": status.unlocked,
        "pending_sessions": status.pending.sessions,
        "pending_periods": status.pending.periods,
    }


def guild_of(call: Call) -> int:
    """Return the guild that a path names."""
    return int(call.request.path_params["guild_id"])


async def find_channels(call: Call) -> list[GuildChannel]:
    """Ask Discord for a guild's channels before a transaction holds the guild's turn, which is not to wait for it.

    Raises BotNotInGuild, DiscordUnavailable.
    """
    return await call.house.directory.channels(guild_of(call))


async def channel_names(house: House, guild_id: int) -> dict[int, str]:
    """Return the names of a guild's channels. Raises BotNotInGuild, DiscordUnavailable."""
    return {each.id: each.name for each in await house.directory.channels(guild_id)}


@route("GET", f"{GUILD}/overview", permission=MANAGER, accepts=TOKEN, transaction="none", refusals=GUARDED)
async def get_overview(guild_id: str, house: House) -> Overview:
    """Show occupancy, period, tracking mode and signing state of a guild."""
    number = int(guild_id)
    outside, names = await house.directory.guild(number), await channel_names(house, number)
    async with house.database.read() as tx:
        guild = await attendance.access_guild(tx, number)
        period = await attendance.period_of(tx, guild_id=number)
        occupied = await attendance.occupancy_of(tx, guild_id=number)
        status = await attendance.signing_status(tx, house.keyring, guild_id=number)
    return Overview(
        guild_id=str(number),
        guild_name=outside.name,
        tracking_mode=guild.mode.value,
        occupancy=OccupancyReply.of(occupied, names),
        period=CurrentPeriod.of(period, guild.schedule),
        signing=SigningSummary.of(status),
        fairness=guild.fairness,
        tier=guild.tier.value,
        bot=BotState(guild.watched, instant(guild.witnessed_until) if guild.witnessed_until else None),
    )


@route("GET", f"{GUILD}/channels", permission=MANAGER, accepts=TOKEN, transaction="none", refusals=GUARDED)
async def list_guild_channels(guild_id: str, house: House) -> Channels:
    """List the guild's channels in Discord's order."""
    channels = await house.directory.channels(int(guild_id))
    async with house.database.read() as tx:
        listed = {each.channel_id for each in await attendance.tracked_channels_of(tx, guild_id=int(guild_id))}
    return Channels(
        [
            ChannelReply(
                id=str(each.id),
                name=each.name,
                type=each.kind,
                parent_id=str(each.parent_id) if each.parent_id else None,
                position=each.position,
                tracked=each.id in listed,
            )
            for each in channels
        ]
    )


@route(
    "GET", f"{GUILD}/bot-present", permission=Permission.PUBLIC, accepts=TOKEN, transaction="none",
    refusals=(NotMember, NotManager, DiscordUnavailable),
)  # fmt: skip
async def check_bot_present(guild_id: str, actor: Actor, house: House) -> BotPresent:
    """Say whether the bot is in the guild; when it is not, nobody's permission can be asked for."""
    try:
        await attendance.check_manager(house.directory, guild_id=int(guild_id), user_id=int(actor.user_id or 0))
    except BotNotInGuild:
        return BotPresent(present=False, guild_id=str(int(guild_id)), invite_url=_invitation(house, guild_id))
    return BotPresent(present=True, guild_id=str(int(guild_id)), invite_url=None)


@route("GET", f"{GUILD}/subscription", permission=MANAGER, accepts=TOKEN, refusals=GUARDED)
async def get_subscription(guild_id: str, tx: Tx, house: House) -> Subscription:
    """Show the guild's tier and what it allows."""
    guild = await attendance.access_guild(tx, int(guild_id))
    return Subscription.of(guild, locked=house.settings.attendance.tier_lock)


@route(
    "PATCH", f"{GUILD}/subscription", permission=MANAGER, accepts=TOKEN, refusals=(*GUARDED, InvalidField, TierLocked)
)
async def update_subscription(
    guild_id: str, data: Later[SubscriptionUpdate], tx: Tx, actor: Actor, house: House
) -> Subscription:
    """Switch the tier of a guild."""
    tier = _tier(data.read().tier)
    if house.settings.attendance.tier_lock:
        raise TierLocked
    guild = await attendance.set_tier(tx, actor, guild_id=int(guild_id), tier=tier, now=house.clock.now())
    return Subscription.of(guild, locked=False)


def _tier(text: str) -> Tier:
    try:
        return Tier(text.lower())
    except ValueError as fault:
        raise InvalidField("tier is free or pro", field="tier") from fault


def _invitation(house: House, guild_id: str) -> str | None:
    client_id = house.discord.client_id
    asked = {"client_id": client_id, "scope": "bot applications.commands", "permissions": NEEDED, "guild_id": guild_id}
    return f"{INVITATION}?{urlencode(asked)}" if client_id else None
