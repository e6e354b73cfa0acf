"""What is tracked and how it counts."""

import msgspec
from msgspec import UNSET, UnsetType

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.core.errors import InvalidField, MissingField
from guildhall.dialects.attendance.guilds import GUARDED, GUILD, MANAGER, TOKEN, channel_names, find_channels
from guildhall.dialects.attendance.wire import Ok, Snowflake, SnowflakeIn, first_given, given, snowflake
from guildhall.domains import attendance
from guildhall.domains.attendance import GuildChannel, Mode, Policy, TrackedChannel
from guildhall.domains.attendance.errors import ChannelNotListed, NotAVoiceChannel
from guildhall.evidence.formats import instant
from guildhall.web.bodies import Body
from guildhall.web.house import House
from guildhall.web.routing import route

MODES = {mode.value.lower(): mode for mode in Mode}


class ModeUpdate(Body, frozen=True, kw_only=True):
    """Another mode, under either name."""

    mode: str | UnsetType = UNSET
    tracking_mode: str | UnsetType = UNSET


class ModeReply(msgspec.Struct, frozen=True):
    """The mode in force, under both names."""

    mode: str
    tracking_mode: str


class TrackedChannelReply(msgspec.Struct, frozen=True, kw_only=True):
    """A channel on the list; its name is null when it is gone from Discord."""

    channel_id: Snowflake
    name: str | None
    added_at: str
    added_by: str | None

    @classmethod
    def of(cls, entry: TrackedChannel, name: str | None) -> "TrackedChannelReply":
        """Show an entry."""
        return cls(
            channel_id=str(entry.channel_id), name=name, added_at=instant(entry.added_at), added_by=entry.added_by
        )


class TrackedChannels(msgspec.Struct, frozen=True):
    """The list that both list modes use."""

    tracking_mode: str
    channels: list[TrackedChannelReply]


class TrackedChannelCreate(Body, frozen=True, kw_only=True):
    """A channel for the list."""

    channel_id: SnowflakeIn


class FairnessUpdate(Body, frozen=True, kw_only=True):
    """Some of the rules by which time counts."""

    pause_on_mute: bool | UnsetType = UNSET
    pause_on_deafen: bool | UnsetType = UNSET
    pause_when_solo: bool | UnsetType = UNSET
    min_session_seconds: int | UnsetType = UNSET


@route(
    "PATCH", f"{GUILD}/tracking-mode", permission=MANAGER, accepts=TOKEN,
    refusals=(*GUARDED, MissingField, InvalidField),
)  # fmt: skip
async def update_tracking_mode(guild_id: str, data: ModeUpdate, tx: Tx, actor: Actor, house: House) -> ModeReply:
    """Choose which voice channels are tracked."""
    word = first_given(data.mode, data.tracking_mode)
    if word is UNSET:
        raise MissingField("The field 'mode' is missing", field="mode")
    if word.lower() not in MODES:
        raise InvalidField(f"mode is one of {', '.join(Mode)}", field="mode")
    guild = await attendance.set_mode(
        tx, actor, guild_id=int(guild_id), mode=MODES[word.lower()], now=house.clock.now(), scene=house.scene
    )
    return ModeReply(guild.mode.value, guild.mode.value)


@route("GET", f"{GUILD}/tracked-channels", permission=MANAGER, accepts=TOKEN, transaction="none", refusals=GUARDED)
async def list_tracked_channels(guild_id: str, house: House) -> TrackedChannels:
    """List the channels that Allowlist and Denylist use."""
    names = await channel_names(house, int(guild_id))
    async with house.database.read() as tx:
        guild = await attendance.access_guild(tx, int(guild_id))
        entries = await attendance.tracked_channels_of(tx, guild_id=int(guild_id))
    shown = [TrackedChannelReply.of(each, names.get(each.channel_id)) for each in entries]
    return TrackedChannels(guild.mode.value, shown)


@route(
    "POST", f"{GUILD}/tracked-channels", permission=MANAGER, accepts=TOKEN, prepare=find_channels,
    refusals=(*GUARDED, MissingField, InvalidField, NotAVoiceChannel),
)  # fmt: skip
async def add_tracked_channel(
    guild_id: str, data: TrackedChannelCreate, found: list[GuildChannel], tx: Tx, actor: Actor, house: House
) -> TrackedChannelReply:
    """Put a channel on the list; adding it again changes nothing."""
    channel_id = snowflake(data.channel_id, "channel_id")
    entry = await attendance.track_channel(
        tx,
        actor,
        guild_id=int(guild_id),
        channel_id=channel_id,
        voice_channels={each.id for each in found if each.has_voice},
        now=house.clock.now(),
        scene=house.scene,
    )
    return TrackedChannelReply.of(entry, {each.id: each.name for each in found}.get(channel_id))


@route(
    "DELETE", f"{GUILD}/tracked-channels/{{channel_id}}", permission=MANAGER, accepts=TOKEN,
    refusals=(*GUARDED, ChannelNotListed),
)  # fmt: skip
async def remove_tracked_channel(guild_id: str, channel_id: str, tx: Tx, actor: Actor, house: House) -> Ok:
    """Take a channel off the list."""
    await attendance.untrack_channel(
        tx,
        actor,
        guild_id=int(guild_id),
        channel_id=int(channel_id),
        now=house.clock.now(),
        scene=house.scene,
    )
    return Ok()


@route("GET", f"{GUILD}/fairness", permission=MANAGER, accepts=TOKEN, refusals=GUARDED)
async def get_fairness(guild_id: str, tx: Tx) -> Policy:
    """Show how voice time counts in the current period."""
    return (await attendance.access_guild(tx, int(guild_id))).fairness


@route("PATCH", f"{GUILD}/fairness", permission=MANAGER, accepts=TOKEN, refusals=(*GUARDED, InvalidField))
async def update_fairness(guild_id: str, data: FairnessUpdate, tx: Tx, actor: Actor, house: House) -> Policy:
    """Change some of the rules; they apply to the whole current period."""
    return await attendance.set_fairness(
        tx, actor, guild_id=int(guild_id), **given(data), now=house.clock.now(), scene=house.scene
    )
