"""What happens to threads and who is in them: each verb changes the world and tells it."""

from datetime import timedelta

from guildhall.simulator.discord import wire
from guildhall.simulator.discord.permissions import Permission
from guildhall.simulator.discord.refusals import Json, Refused
from guildhall.simulator.discord.state import Channel, Message, Thread, User
from guildhall.simulator.discord.world import Event, Intent, World

DURATIONS = (60, 1440, 4320, 10080)
"""The minutes without a message after which a thread may be archived."""

CALLED_AT_ONCE = 100
"""A role with more members than this brings nobody into a thread."""


def create(world: World, thread: Thread, owner: User) -> Thread:
    """Begin a thread, with its owner in it."""
    guild = world.guild(thread.guild_id or "")
    guild.threads[thread.id] = thread
    world.channels[thread.id] = thread
    thread.members[owner.id] = world.now()
    tell(world, thread, "THREAD_CREATE", newly_created=True)
    return thread


def tell(world: World, thread: Thread, name: str = "THREAD_UPDATE", **more: object) -> None:
    """Tell that a thread is new or has changed."""
    data = wire.thread(thread, seen_by=world.bot.id) | more
    world.publish(Event(name, data, Intent.GUILDS, thread.guild_id, thread))


def delete(world: World, thread: Thread) -> None:
    """Remove a thread for good."""
    guild = world.guild(thread.guild_id or "")
    data = {name: getattr(thread, name) for name in ("id", "guild_id", "parent_id", "type")}
    # It is told while the thread is there still, because it concerns those alone who can see it.
    world.publish(Event("THREAD_DELETE", data, Intent.GUILDS, guild.id, thread))
    world.drop_channel(thread, guild)
    world.stir()


def archive(world: World, thread: Thread, *, archived: bool) -> None:
    """Put a thread away or take it out again, without telling it."""
    if thread.archived != archived:
        thread.archived = archived
        thread.turned_at = world.now()


def archive_the_quiet(world: World) -> None:
    """Put away every thread in which nothing was said for as long as it was to wait."""
    for each in [one for guild in world.guilds.values() for one in guild.threads.values() if not one.archived]:
        spoken = [message.created_at for message in each.messages.values()]
        if max([each.turned_at, *spoken]) + timedelta(minutes=each.auto_archive_duration) <= world.now():
            archive(world, each, archived=True)
            tell(world, each)


def check_not_archived(channel: Channel) -> None:
    """Raise what Discord answers whoever changes something in an archived thread: only words bring it back."""
    if isinstance(channel, Thread) and channel.archived:
        raise Refused(400, 50083, "Thread is archived")


def check_may_speak(world: World, thread: Thread, author: User) -> None:
    """Raise what Discord answers whoever writes in a locked thread."""
    if thread.locked:
        check_not_archived(thread)
        if not world.permissions(thread, author) & Permission.MANAGE_THREADS:
            raise Refused(400, 160005, "This thread is locked")


def speak(world: World, thread: Thread, author: User) -> None:
    """Let words open the thread again and bring in whoever says them."""
    thread.sent += 1
    if thread.archived:
        archive(world, thread, archived=False)
        tell(world, thread)
    join(world, thread, author)


def join(world: World, thread: Thread, user: User) -> bool:
    """Let somebody into a thread, and tell whether they were not in it yet."""
    if user.id in thread.members:
        return False
    guild = world.guild(thread.guild_id or "")
    thread.members[user.id] = world.now()
    membership = wire.thread_member(thread, user.id)
    if user == world.bot:
        tell(world, thread, "THREAD_CREATE")
        own = membership | {"guild_id": guild.id}
        world.publish(Event("THREAD_MEMBER_UPDATE", own, Intent.GUILDS, guild.id, thread))
    shown = membership | {"member": wire.member(guild.members[user.id]), "presence": None}
    _tell_members(world, thread, user, {"added_members": [shown]})
    return True


def leave(world: World, thread: Thread, user: User) -> None:
    """Let somebody out of a thread; nothing happens where they are not in it."""
    if user.id in thread.members:
        del thread.members[user.id]
        _tell_members(world, thread, user, {"removed_member_ids": [user.id]})


def _tell_members(world: World, thread: Thread, user: User, what: Json) -> None:
    """Tell who came or left. A bot hears of itself without the intent for members, also when it sees no more."""
    own = user == world.bot
    data = {"id": thread.id, "guild_id": thread.guild_id, "member_count": len(thread.members), **what}
    intent = Intent.GUILDS if own else Intent.GUILD_MEMBERS
    world.publish(Event("THREAD_MEMBERS_UPDATE", data, intent, thread.guild_id, None if own else thread))


def call_in(world: World, thread: Thread, message: Message) -> None:
    """Let those into a thread whom a message there mentions and who may see its channel, if its author may do that.

    It makes no difference whether the mention came with the message or with a change of it, which rings nobody's bell.
    """
    guild = world.guild(thread.guild_id or "")
    parent = world.channel(thread.parent_id or "")
    if not (thread.invitable or world.permissions(thread, message.author) & Permission.MANAGE_THREADS):
        return
    called = [each.id for each in message.mentions]
    for role_id in message.mention_roles:
        holders = [each.user.id for each in guild.members.values() if role_id in each.roles]
        called += holders if len(holders) <= CALLED_AT_ONCE else []
    for each in dict.fromkeys(called):
        there = guild.members.get(each)
        if there is not None and world.permissions(parent, there.user) & Permission.VIEW_CHANNEL:
            join(world, thread, there.user)


def synchronise(world: World, guild_id: str) -> None:
    """Tell the bot all threads that it sees in a guild, as when it may see more than before."""
    seen = visible(world, guild_id, world.bot)
    data = {
        "guild_id": guild_id,
        "threads": [wire.thread(each, seen_by=world.bot.id) for each in seen],
        "members": [wire.thread_member(each, world.bot.id) for each in seen if world.bot.id in each.members],
    }
    world.publish(Event("THREAD_LIST_SYNC", data, Intent.GUILDS, guild_id))


def visible(world: World, guild_id: str, user: User, *, archived: bool = False) -> list[Thread]:
    """Return the threads of a guild that somebody sees, the latest first."""
    there = reversed(world.guild(guild_id).threads.values())
    return [
        each for each in there if each.archived == archived and world.permissions(each, user) & Permission.VIEW_CHANNEL
    ]
