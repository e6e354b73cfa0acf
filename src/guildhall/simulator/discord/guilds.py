"""What happens to guilds, roles and channels: each verb changes the world and tells it."""

from collections.abc import Iterable
from datetime import timedelta

from guildhall.simulator.discord import permissions, wire
from guildhall.simulator.discord.refusals import Json, too_fast
from guildhall.simulator.discord.state import CATEGORY, Channel, Guild, Member, Overwrite, Role, User
from guildhall.simulator.discord.world import Event, Intent, World

RENAMES = 2
RENAME_PERIOD = timedelta(minutes=10)
"""How often a channel may be renamed, and in what time."""


def found(world: World, name: str, owner: User) -> Guild:
    """Let somebody found a guild and invite the bot."""
    guild = Guild(world.new_id(), name, owner.id)
    guild.roles[guild.id] = Role(guild.id, "@everyone", permissions.EVERYBODY, 0)
    world.guilds[guild.id] = guild
    guild.members[owner.id] = Member(owner, world.now())
    invite_bot(world, guild)
    return guild


def invite_bot(world: World, guild: Guild) -> None:
    """Let the bot into a guild, with a role of its own."""
    role = next((each for each in guild.roles.values() if each.bot_id == world.bot.id), None)
    if role is None:
        role = _placed(guild, Role(world.new_id(), world.bot.username, permissions.OF_THE_BOT, 1, bot_id=world.bot.id))
    guild.members[world.bot.id] = Member(world.bot, world.now(), [role.id])
    world.publish(Event("GUILD_CREATE", {"id": guild.id}, Intent.GUILDS, guild.id))


def expel_bot(world: World, guild: Guild) -> None:
    """Let the bot leave a guild, or be thrown out."""
    guild.members.pop(world.bot.id)
    guild.voice.pop(world.bot.id, None)
    world.publish(Event("GUILD_DELETE", {"id": guild.id}, Intent.GUILDS, guild.id))


def rename(world: World, guild: Guild, name: str) -> None:
    """Give a guild another name."""
    guild.name = name
    world.publish(Event("GUILD_UPDATE", wire.guild(guild), Intent.GUILDS, guild.id))


def create_role(world: World, guild: Guild, role: Role) -> Role:
    """Add a role; those at its position and above move up."""
    _placed(guild, role)
    _tell_role(world, guild, "GUILD_ROLE_CREATE", {"role": wire.role(role)})
    return role


def _placed(guild: Guild, role: Role) -> Role:
    for each in guild.roles.values():
        if each.position >= role.position:
            each.position += 1
    guild.roles[role.id] = role
    return role


def tell_role(world: World, guild: Guild, role: Role) -> None:
    """Tell that a role has changed."""
    _tell_role(world, guild, "GUILD_ROLE_UPDATE", {"role": wire.role(role)})


def delete_role(world: World, guild: Guild, role: Role) -> None:
    """Remove a role from the guild and from everybody who had it."""
    del guild.roles[role.id]
    world.drop_overwrites(guild, role.id)
    for each in guild.members.values():
        if role.id in each.roles:
            each.roles.remove(role.id)
    _tell_role(world, guild, "GUILD_ROLE_DELETE", {"role_id": role.id})


def _tell_role(world: World, guild: Guild, name: str, what: Json) -> None:
    world.publish(Event(name, {"guild_id": guild.id, **what}, Intent.GUILDS, guild.id))


def move_roles(world: World, guild: Guild, wanted: dict[str, int]) -> None:
    """Put roles at other positions; the others keep their order, and positions stay without gaps."""
    order = sorted(guild.roles.values(), key=lambda each: (wanted.get(each.id, each.position), each.id not in wanted))
    others = [each for each in order if each.id != guild.id]
    for position, each in enumerate(others, start=1):
        if each.position != position:
            each.position = position
            tell_role(world, guild, each)


def create_channel(world: World, guild: Guild, channel: Channel) -> Channel:
    """Add a channel to a guild."""
    channel.guild_id = guild.id
    guild.channels[channel.id] = channel
    world.channels[channel.id] = channel
    tell_channel(world, channel, "CHANNEL_CREATE")
    return channel


def next_position(guild: Guild, kind: int) -> int:
    """Return the position behind all channels of this kind; categories are counted apart."""
    alike = [each for each in guild.channels.values() if (each.type == CATEGORY) == (kind == CATEGORY)]
    return max((each.position + 1 for each in alike), default=0)


def rename_channel(world: World, channel: Channel, name: str) -> None:
    """Give a channel another name. Raises 429 for the third time in ten minutes."""
    if name == channel.name:
        return
    now = world.now()
    channel.renamed = [each for each in channel.renamed if now - each < RENAME_PERIOD]
    if len(channel.renamed) == RENAMES:
        raise too_fast((channel.renamed[0] + RENAME_PERIOD - now).total_seconds(), bucket=f"rename-{channel.id}")
    channel.renamed.append(now)
    channel.name = name


def tell_channel(world: World, channel: Channel, name: str = "CHANNEL_UPDATE") -> None:
    """Tell that a channel is new, has changed, or is gone."""
    world.publish(Event(name, wire.channel(channel), Intent.GUILDS, channel.guild_id))


def delete_channel(world: World, guild: Guild, channel: Channel) -> None:
    """Remove a channel; what was in a category stands outside, and who talked in it is out of it."""
    for state in [each for each in guild.voice.values() if each.channel_id == channel.id]:
        del guild.voice[state.user_id]
        gone = wire.voice_state(state, guild, gone=True)
        world.publish(Event("VOICE_STATE_UPDATE", gone, Intent.GUILD_VOICE_STATES, guild.id))
    world.drop_channel(channel, guild)
    tell_channel(world, channel, "CHANNEL_DELETE")
    for each in guild.channels.values():
        if each.parent_id == channel.id:
            each.parent_id = None
            tell_channel(world, each)


def overwrites(items: Iterable[Json]) -> dict[str, Overwrite]:
    """Return overwrites from how they are written on the wire; raises ValueError where a number is none."""
    read = [
        Overwrite(str(each["id"]), int(each["type"]), int(each.get("allow") or 0), int(each.get("deny") or 0))
        for each in items
    ]
    return {each.id: each for each in read}
