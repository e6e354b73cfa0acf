"""What happens to members and in voice channels: each verb changes the world and tells it."""

import secrets

from guildhall.simulator.discord import guilds, threads, wire
from guildhall.simulator.discord.refusals import Refused
from guildhall.simulator.discord.state import WITH_VOICE, Ban, Channel, Guild, Member, User, VoiceState
from guildhall.simulator.discord.world import Event, Intent, World

VOICE_FLAGS = frozenset({"self_mute", "self_deaf", "mute", "deaf", "self_video", "self_stream"})


def join(world: World, guild: Guild, user: User, roles: list[str]) -> Member:
    """Let somebody into a guild, or give a member these roles and no others. Raises Unknown Role, 403 when banned."""
    for each in roles:
        guild.role(each)
    if user.id in guild.bans:
        raise Refused(403, 40007, "The user is banned from this guild.")
    if user.id in guild.members:
        member = guild.members[user.id]
        seen = threads.visible(world, guild.id, world.bot)
        member.roles = list(roles)
        tell(world, guild, member)
        if len(threads.visible(world, guild.id, world.bot)) > len(seen):
            threads.synchronise(world, guild.id)
        return member
    if user == world.bot:
        guilds.invite_bot(world, guild)
        return guild.members[user.id]
    member = Member(user, world.now(), list(roles))
    guild.members[user.id] = member
    data = wire.member(member) | {"guild_id": guild.id}
    world.publish(Event("GUILD_MEMBER_ADD", data, Intent.GUILD_MEMBERS, guild.id))
    return member


def leave(world: World, guild: Guild, member: Member) -> None:
    """Let somebody out of a guild, by their will or not."""
    if member.user.id in guild.voice:
        leave_voice(world, guild, member.user)
    for each in guild.threads.values():
        threads.leave(world, each, member.user)
    if member.user == world.bot:
        guilds.expel_bot(world, guild)
        return
    del guild.members[member.user.id]
    data = {"guild_id": guild.id, "user": wire.user(member.user)}
    world.publish(Event("GUILD_MEMBER_REMOVE", data, Intent.GUILD_MEMBERS, guild.id))


def ban(world: World, guild: Guild, user: User, reason: str | None) -> None:
    """Throw somebody out for good, member or not."""
    guild.bans[user.id] = Ban(user, reason)
    if user.id in guild.members:
        leave(world, guild, guild.members[user.id])
    data = {"guild_id": guild.id, "user": wire.user(user)}
    world.publish(Event("GUILD_BAN_ADD", data, Intent.GUILD_MODERATION, guild.id))


def unban(world: World, guild: Guild, user: User) -> None:
    """Let somebody come back."""
    del guild.bans[user.id]
    data = {"guild_id": guild.id, "user": wire.user(user)}
    world.publish(Event("GUILD_BAN_REMOVE", data, Intent.GUILD_MODERATION, guild.id))


def tell(world: World, guild: Guild, member: Member) -> None:
    """Tell that a member has changed. A bot hears of itself without any intent."""
    intent = 0 if member.user == world.bot else Intent.GUILD_MEMBERS
    data = wire.member(member) | {"guild_id": guild.id}
    world.publish(Event("GUILD_MEMBER_UPDATE", data, intent, guild.id))


def be_in_voice(world: World, guild: Guild, user: User, channel: Channel | None, **flags: bool) -> VoiceState | None:
    """Let a member join a voice channel, move to another, leave, or change there what the flags name.

    Raises Unknown Member, and 400 for a channel that is no voice channel of this guild.
    """
    member = guild.member(user.id)
    member.mute, member.deaf = flags.get("mute", member.mute), flags.get("deaf", member.deaf)
    if channel is None:
        leave_voice(world, guild, user)
        return None
    if channel.type not in WITH_VOICE or channel.guild_id != guild.id:
        raise Refused(400, 40032, "Target user is not connected to voice.")
    state = guild.voice.setdefault(user.id, VoiceState(user.id, channel.id, secrets.token_hex(16)))
    state.channel_id = channel.id
    for name, value in ({"mute": member.mute, "deaf": member.deaf} | flags).items():
        setattr(state, name, value)
    world.publish(Event("VOICE_STATE_UPDATE", wire.voice_state(state, guild), Intent.GUILD_VOICE_STATES, guild.id))
    return state


def leave_voice(world: World, guild: Guild, user: User) -> None:
    """Let somebody leave the voice channel they are in; nothing happens where they are in none."""
    state = guild.voice.pop(user.id, None)
    if state is not None:
        gone = wire.voice_state(state, guild, gone=True)
        world.publish(Event("VOICE_STATE_UPDATE", gone, Intent.GUILD_VOICE_STATES, guild.id))
