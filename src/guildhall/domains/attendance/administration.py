"""The settings of a guild, as the people who manage it change them. What they change acts at once.

Each verb holds the guild's turn, so that changes are applied one after another, and touches only what it is given.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final, TypeVar
from zoneinfo import available_timezones

import msgspec
from msgspec.structs import replace
from sqlalchemy import bindparam, delete, update

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.core.errors import InvalidField
from guildhall.domains import audit
from guildhall.domains.attendance.errors import ChannelNotListed, NotAVoiceChannel, UnknownZone
from guildhall.domains.attendance.models import (
    Guild,
    Mode,
    Period,
    Tier,
    TrackedChannel,
    attendance_guilds,
    attendance_periods,
    attendance_tracked_channels,
)
from guildhall.domains.attendance.policy import (
    access_current_period,
    access_guild_to_change,
    is_live,
    not_before,
    rules_of,
)
from guildhall.domains.attendance.posting.destinations import retime_boards
from guildhall.domains.attendance.posting.queueing import queue_settings
from guildhall.domains.attendance.queries import OPEN_SESSIONS, TRACKED_CHANNEL
from guildhall.domains.attendance.records import Policy
from guildhall.domains.attendance.resets import known_up_to, pass_borders
from guildhall.domains.attendance.roles import judge
from guildhall.domains.attendance.scene import Scene
from guildhall.domains.attendance.schedules import Anchor, Interval, Schedule, Weekday, next_border
from guildhall.domains.attendance.tracking import end_untracked
from guildhall.domains.attendance.watching import WITNESS, align_all
from guildhall.domains.attendance.webhooks.events import drop_queued
from guildhall.domains.attendance.writing import write_changes

LONGEST_MINIMUM: Final = 86_400
LAST_HOUR: Final = 23
LAST_DAY: Final = 31
LAST_MONTH: Final = 12

Settings = TypeVar("Settings", bound=msgspec.Struct)

_guild = attendance_guilds.c.guild_id == bindparam("of_guild")
SET_MODE = command(update(attendance_guilds).where(_guild).values(mode=bindparam("new_mode")))
SET_FAIRNESS = command(update(attendance_guilds).where(_guild).values(fairness=bindparam("new_fairness")))
SET_SCHEDULE = command(update(attendance_guilds).where(_guild).values(schedule=bindparam("new_schedule")))
SET_TIER = command(update(attendance_guilds).where(_guild).values(tier=bindparam("new_tier")))
SET_BORDER = command(
    update(attendance_periods)
    .where(attendance_periods.c.id == bindparam("period_id"))
    .values(ends_at=bindparam("border"))
)
FORGET_CHANNEL = command(
    delete(attendance_tracked_channels).where(
        attendance_tracked_channels.c.guild_id == bindparam("guild_id"),
        attendance_tracked_channels.c.channel_id == bindparam("channel_id"),
    )
)


async def set_mode(tx: Tx, actor: Actor, *, guild_id: int, mode: Mode, now: datetime, scene: Scene) -> Guild:
    """Choose which channels are tracked; sessions end and begin at this second. Raises GuildNotSeen."""
    guild, period, at = await _turn(tx, scene, guild_id, now)
    if mode is guild.mode:
        return guild
    await tx.run(SET_MODE, of_guild=guild_id, new_mode=mode)
    await _act_at_once(tx, scene, replace(guild, mode=mode), period, at)
    await _write_down(tx, actor, guild_id, "mode", guild.mode, mode, now)
    return replace(guild, mode=mode)


async def track_channel(
    tx: Tx,
    actor: Actor,
    *,
    guild_id: int,
    channel_id: int,
    voice_channels: Collection[int],
    now: datetime,
    scene: Scene,
) -> TrackedChannel:
    """Put a channel on the list that both list modes use; one that is there already stays as it is.

    `voice_channels` are the voice and stage channels that the guild has now. Raises GuildNotSeen, NotAVoiceChannel.
    """
    guild, period, at = await _turn(tx, scene, guild_id, now)
    listed = await tx.one(TRACKED_CHANNEL, guild_id=guild_id, channel_id=channel_id)
    if listed is not None:
        return listed
    if channel_id not in voice_channels:
        raise NotAVoiceChannel
    entry = TrackedChannel(guild_id, channel_id, now, actor.user_id)
    await tx.insert(entry)
    await _act_at_once(tx, scene, guild, period, at)
    await _write_down(tx, actor, guild_id, "tracked_channel", None, str(channel_id), now)
    return entry


async def untrack_channel(tx: Tx, actor: Actor, *, guild_id: int, channel_id: int, now: datetime, scene: Scene) -> None:
    """Take a channel off the list. Raises GuildNotSeen, ChannelNotListed."""
    guild, period, at = await _turn(tx, scene, guild_id, now)
    if await tx.run(FORGET_CHANNEL, guild_id=guild_id, channel_id=channel_id) == 0:
        raise ChannelNotListed
    await _act_at_once(tx, scene, guild, period, at)
    await _write_down(tx, actor, guild_id, "tracked_channel", str(channel_id), None, now)


async def set_fairness(
    tx: Tx,
    actor: Actor,
    *,
    guild_id: int,
    pause_on_mute: bool | None = None,
    pause_on_deafen: bool | None = None,
    pause_when_solo: bool | None = None,
    min_session_seconds: int | None = None,
    now: datetime,
    scene: Scene,
) -> Policy:
    """Change how time counts in the whole current period, from its start. Raises GuildNotSeen, InvalidField."""
    if min_session_seconds is not None and not 0 <= min_session_seconds <= LONGEST_MINIMUM:
        raise InvalidField(f"A minimum lies between 0 and {LONGEST_MINIMUM} seconds", field="min_session_seconds")
    guild, _, _ = await _turn(tx, scene, guild_id, now)
    policy = _changed(
        guild.fairness,
        pause_on_mute=pause_on_mute,
        pause_on_deafen=pause_on_deafen,
        pause_when_solo=pause_when_solo,
        min_session_seconds=min_session_seconds,
    )
    if policy != guild.fairness:
        await tx.run(SET_FAIRNESS, of_guild=guild_id, new_fairness=policy)
        # The figures that rules look at are other ones now.
        await judge(tx, guild_id=guild_id, now=now)
        old, new = msgspec.to_builtins(guild.fairness), msgspec.to_builtins(policy)
        await _write_down(tx, actor, guild_id, "fairness", old, new, now)
    return policy


async def set_schedule(
    tx: Tx,
    actor: Actor,
    *,
    guild_id: int,
    interval: Interval | None = None,
    anchor: Anchor | None = None,
    timezone: str | None = None,
    hour: int | None = None,
    weekday: Weekday | None = None,
    day: int | None = None,
    month: int | None = None,
    now: datetime,
    scene: Scene,
) -> tuple[Schedule, Period]:
    """Change when periods end. Nothing is reset: the current one gets the first border after now.

    Raises GuildNotSeen, UnknownZone, InvalidField.
    """
    _check_range("hour", hour, 0, LAST_HOUR)
    _check_range("day", day, 1, LAST_DAY)
    _check_range("month", month, 1, LAST_MONTH)
    if timezone is not None and timezone not in available_timezones():
        raise UnknownZone(field="timezone")
    guild, period, at = await _turn(tx, scene, guild_id, now)
    schedule = _changed(
        guild.schedule,
        interval=interval,
        anchor=anchor,
        timezone=timezone,
        hour=hour,
        weekday=weekday,
        day=day,
        month=month,
    )
    if schedule == guild.schedule:
        return schedule, period
    border = next_border(schedule, period.started_at, at)
    await tx.run(SET_SCHEDULE, of_guild=guild_id, new_schedule=schedule)
    await tx.run(SET_BORDER, period_id=period.id, border=border)
    old, new = msgspec.to_builtins(guild.schedule), msgspec.to_builtins(schedule)
    await retime_boards(tx, guild_id=guild_id, now=now)
    if schedule.timezone != guild.schedule.timezone:
        # Its midnights divide the days that rules count.
        await judge(tx, guild_id=guild_id, now=now)
    await _write_down(tx, actor, guild_id, "schedule", old, new, now)
    return schedule, replace(period, ends_at=border)


async def set_tier(tx: Tx, actor: Actor, *, guild_id: int, tier: Tier, now: datetime) -> Guild:
    """Switch the tier of a guild. What a smaller one hides is kept, and shows again later. Raises GuildNotSeen."""
    guild = await access_guild_to_change(tx, guild_id)
    if tier is not guild.tier:
        await tx.run(SET_TIER, of_guild=guild_id, new_tier=tier)
        if tier is Tier.FREE:
            await drop_queued(tx, guild_id, why="The guild went to the free tier")
        # Rules that rested begin to work; where they go to rest, nobody is judged.
        await judge(tx, guild_id=guild_id, now=now)
        await _write_down(tx, actor, guild_id, "tier", guild.tier, tier, now)
    return replace(guild, tier=tier)


async def _turn(tx: Tx, scene: Scene, guild_id: int, now: datetime) -> tuple[Guild, Period, datetime]:
    """Wait for the guild's turn; what is due by now is behind it then."""
    guild = await access_guild_to_change(tx, guild_id)
    period = await access_current_period(tx, guild_id)
    at = not_before(guild, period, now)
    guild = known_up_to(guild, at) if is_live(guild, at) else guild
    return guild, await pass_borders(tx, guild, period, at=at, scene=scene), at


async def _act_at_once(tx: Tx, scene: Scene, guild: Guild, period: Period, at: datetime) -> None:
    """Apply new rules to those who are there; in a gap nothing begins, and what ends was last seen before it."""
    if guild.watched and guild.witnessed_until == at:
        await tx.run(WITNESS, of_guild=guild.guild_id, until=at)
        await align_all(tx, scene, guild.guild_id, period, at=at)
        return
    sessions = await tx.all(OPEN_SESSIONS, guild_id=guild.guild_id)
    ended = end_untracked(sessions, await rules_of(tx, guild), guild.witnessed_until or at)
    await write_changes(tx, scene, ended, guild_id=guild.guild_id, period_id=period.id, now=at)


def _changed(settings: Settings, **given: object) -> Settings:
    return replace(settings, **{name: value for name, value in given.items() if value is not None})


def _check_range(field: str, value: int | None, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        raise InvalidField(f"{field} lies between {least} and {most}", field=field)


async def _write_down(tx: Tx, actor: Actor, guild_id: int, what: str, old: object, new: object, now: datetime) -> None:
    await audit.record(tx, actor, f"attendance.{what}", str(guild_id), now=now, old=old, new=new)
    await queue_settings(tx, actor, guild_id=guild_id, what=what, old=old, new=new, now=now)
    tx.announce("attendance", guild_id=str(guild_id))
