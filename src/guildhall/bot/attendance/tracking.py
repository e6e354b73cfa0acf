"""What is tracked, as those who manage a guild see and change it."""

from collections.abc import Sequence

import discord
from discord import app_commands

from guildhall.bot.attendance.guests import enter_as_manager, guild_of
from guildhall.bot.speech import GREEN, own_words
from guildhall.bot.tree import Interaction, Reply, actor_of
from guildhall.bot.words import Words
from guildhall.core.errors import GuildhallError
from guildhall.domains import attendance
from guildhall.domains.attendance import Mode, TrackedChannel
from guildhall.domains.attendance.errors import ChannelNotListed

MOST_SHOWN = 40
MOST_SUGGESTED = 25
LISTING = frozenset({Mode.ALLOWLIST, Mode.DENYLIST})


async def choose_mode(interaction: Interaction, mode: Mode) -> Reply:
    """Choose which channels are tracked."""
    house, guild_id = interaction.client.house, await enter_as_manager(interaction)
    async with house.database.write() as tx:
        await attendance.set_mode(
            tx, actor_of(interaction), guild_id=guild_id, mode=mode, now=house.clock.now(), scene=house.scene
        )
        listed = await attendance.tracked_channels_of(tx, guild_id=guild_id)
    words = own_words(interaction)
    embed = discord.Embed(
        title=words("tracking.title"),
        description=words("tracking.set", mode=words(f"mode.{mode}")),
        colour=GREEN,
    )
    if mode in LISTING:
        embed.add_field(name=words("tracking.list"), value=_list(interaction, listed, words))
    return Reply(embed)


async def add_channel(interaction: Interaction, channel_id: int) -> Reply:
    """Put a channel on the list."""
    house, guild_id = interaction.client.house, await enter_as_manager(interaction)
    guild = guild_of(interaction)
    async with house.database.write() as tx:
        await attendance.track_channel(
            tx,
            actor_of(interaction),
            guild_id=guild_id,
            channel_id=channel_id,
            voice_channels={each.id for each in (*guild.voice_channels, *guild.stage_channels)},
            now=house.clock.now(),
            scene=house.scene,
        )
    return await _changed(interaction, guild_id, "tracking.added", channel_id)


async def remove_channel(interaction: Interaction, named: str) -> Reply:
    """Take a channel off the list: by its id, which the suggestions bring, or as it is mentioned or called."""
    house, guild_id = interaction.client.house, await enter_as_manager(interaction)
    channel_id = _id_of(interaction, named)
    async with house.database.write() as tx:
        await attendance.untrack_channel(
            tx,
            actor_of(interaction),
            guild_id=guild_id,
            channel_id=channel_id,
            now=house.clock.now(),
            scene=house.scene,
        )
    return await _changed(interaction, guild_id, "tracking.removed", channel_id)


async def suggest_listed(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """Offer the channels on the list that fit what was typed; nothing to those who may not manage the guild."""
    try:
        guild_id = await enter_as_manager(interaction)
    except GuildhallError:
        return []
    words = own_words(interaction)
    async with interaction.client.house.database.read() as tx:
        listed = await attendance.tracked_channels_of(tx, guild_id=guild_id)
    names = ((each.channel_id, _plain_name(interaction, each.channel_id, words)) for each in listed)
    fitting = [(channel_id, name) for channel_id, name in names if typed.lower() in name.lower()]
    return [
        app_commands.Choice(name=name[:100], value=str(channel_id)) for channel_id, name in fitting[:MOST_SUGGESTED]
    ]


async def show_list(interaction: Interaction) -> Reply:
    """Show the mode and the list."""
    guild_id = await enter_as_manager(interaction)
    return Reply(await _overview(interaction, guild_id))


async def _changed(interaction: Interaction, guild_id: int, key: str, channel_id: int) -> Reply:
    words = own_words(interaction)
    embed = await _overview(interaction, guild_id)
    embed.description = words(key, channel=_shown(interaction, channel_id, words))
    return Reply(embed)


async def _overview(interaction: Interaction, guild_id: int) -> discord.Embed:
    words = own_words(interaction)
    async with interaction.client.house.database.read() as tx:
        guild = await attendance.access_guild(tx, guild_id)
        listed = await attendance.tracked_channels_of(tx, guild_id=guild_id)
    embed = discord.Embed(title=words("tracking.title"), colour=GREEN)
    embed.add_field(name=words("tracking.mode"), value=words(f"mode.{guild.mode}"), inline=False)
    embed.add_field(name=words("tracking.list"), value=_list(interaction, listed, words), inline=False)
    if guild.mode not in LISTING:
        embed.set_footer(text=words("tracking.list.unused"))
    return embed


def _list(interaction: Interaction, listed: Sequence[TrackedChannel], words: Words) -> str:
    if not listed:
        return words("tracking.list.empty")
    lines = [_shown(interaction, each.channel_id, words) for each in listed[:MOST_SHOWN]]
    if len(listed) > MOST_SHOWN:
        lines.append(words("tracking.more", number=len(listed) - MOST_SHOWN))
    return "\n".join(lines)


def _shown(interaction: Interaction, channel_id: int, words: Words) -> str:
    if guild_of(interaction).get_channel(channel_id) is None:
        return words("tracking.deleted", channel=channel_id)
    return f"<#{channel_id}>"


def _plain_name(interaction: Interaction, channel_id: int, words: Words) -> str:
    channel = guild_of(interaction).get_channel(channel_id)
    return channel.name if channel else words("tracking.deleted", channel=channel_id).replace("`", "")


def _id_of(interaction: Interaction, named: str) -> int:
    """Return the id of the channel that is meant. Raises ChannelNotListed for what cannot be one."""
    digits = named.strip().removeprefix("<#").removesuffix(">")
    if digits.isascii() and digits.isdecimal() and len(digits) < 20:  # noqa: PLR2004 (an id has 64 bits)
        return int(digits)
    called = named.strip().removeprefix("#").lower()
    guild = guild_of(interaction)
    for channel in (*guild.voice_channels, *guild.stage_channels):
        if channel.name.lower() == called:
            return channel.id
    raise ChannelNotListed
