"""What Discord says about voice, in the words of the attendance domain."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import discord

from guildhall.domains.attendance import Picture, Seen, State
from guildhall.domains.bot import Name

FLAGS: Final = {
    "self_mute": State.SELF_MUTE,
    "mute": State.SERVER_MUTE,
    "self_deaf": State.SELF_DEAF,
    "deaf": State.SERVER_DEAF,
    "suppress": State.SUPPRESSED,
    "self_video": State.VIDEO,
    "self_stream": State.STREAM,
}
"""Discord's names for the states of a voice connection; the library uses the same."""

LARGEST_ID: Final = 2**63 - 1
"""What the store keeps of ids; Discord comes there in 2084. One that is larger would fail again at each look."""


def picture_of(guild: discord.Guild, bots: Collection[int]) -> Picture:
    """Return who is in voice in a guild.

    It is read from the voice states: a channel's list of members leaves out whom the library does not know.
    """
    connections = [
        Seen(user_id, channel.id, _state(lambda name, state=state: getattr(state, name)), bot=user_id in bots)  # type: ignore[misc]  # a lambda's default has no type
        for channel in (*guild.voice_channels, *guild.stage_channels)
        for user_id, state in channel.voice_states.items()
        if user_id <= LARGEST_ID
    ]
    return Picture(connections, afk_channel_id=guild.afk_channel.id if guild.afk_channel else None)


def seen_in(told: Mapping[str, Any], bots: Collection[int]) -> Seen:
    """Return what a voice event tells of one person. Raises ValueError for ids that cannot be."""
    user_id, channel_id = _id(told["user_id"]), told.get("channel_id")
    return Seen(user_id, _id(channel_id) if channel_id else None, _state(told.get), bot=user_id in bots)


def _id(told: str) -> int:
    number = int(told)
    if not 0 < number <= LARGEST_ID:
        raise ValueError(f"{told!r} is no id of Discord's")
    return number


def _state(said: Callable[[str], object]) -> int:
    return sum(flag for name, flag in FLAGS.items() if said(name))


def name_in(member: Mapping[str, Any]) -> Name:
    """Return what a member is called, as an event tells of them."""
    user = member["user"]
    avatar = f"{discord.Asset.BASE}/avatars/{user['id']}/{user['avatar']}.png" if user.get("avatar") else None
    return Name(member.get("nick") or user.get("global_name") or user["username"], avatar, user["username"])
