"""Threads of channels, and who is in them."""

from guildhall.simulator.discord import auditing, guilds, messages, threads, wire
from guildhall.simulator.discord.auditing import Deed
from guildhall.simulator.discord.forms import Form
from guildhall.simulator.discord.permissions import Permission
from guildhall.simulator.discord.refusals import Json, Refused, unknown
from guildhall.simulator.discord.rest.call import Call, Reply, Table
from guildhall.simulator.discord.state import ANNOUNCEMENT, PRIVATE_THREAD, PUBLIC_THREAD, TEXT, Thread, User

DAY = 1440
"""Minutes after which a thread is put away, unless its maker says otherwise."""

OF_MODERATORS = frozenset({"locked", "rate_limit_per_user"})
"""What even the owner of a thread may not change."""


def create(call: Call) -> Reply:
    """Begin a thread in a channel of text, without a message."""
    form = call.form
    name = form.text("name", least=1, most=100, required=True) or ""
    kind = form.choice("type", PUBLIC_THREAD, PRIVATE_THREAD) or PRIVATE_THREAD
    duration = form.choice("auto_archive_duration", *threads.DURATIONS) or DAY
    slowness = form.whole("rate_limit_per_user", least=0, most=21600) or 0
    invitable = form.flag("invitable", default=True)
    private = kind == PRIVATE_THREAD
    channel = call.channel(Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_PUBLIC_THREADS)
    form.check()
    if channel.type not in ({TEXT} if private else {TEXT, ANNOUNCEMENT}):
        raise Refused(400, 50024, "Cannot execute action on this channel type")
    now = call.world.now()
    thread = Thread(
        call.world.new_id(), kind, name, channel.guild_id, parent_id=channel.id, rate_limit_per_user=slowness,
        owner_id=call.user.id, created_at=now, turned_at=now, auto_archive_duration=duration, invitable=invitable,
    )  # fmt: skip
    threads.create(call.world, thread, call.user)
    _note(call, thread, Deed.THREAD_CREATE, {}, auditing.thread(thread))
    return Reply(201, _shown(call, thread))


def change(call: Call, thread: Thread) -> Json:
    """Change a thread: its owner what it is called and whether it is put away, a moderator all of it.

    One that is put away has to be opened with the same request or before. Raises 400 otherwise.
    """
    form, world = call.form, call.world
    moderates = world.permissions(thread, call.user) & Permission.MANAGE_THREADS
    name = form.text("name", least=1, most=100)
    duration = form.choice("auto_archive_duration", *threads.DURATIONS)
    slowness = form.whole("rate_limit_per_user", least=0, most=21600)
    archived, locked = form.flag("archived", default=thread.archived), form.flag("locked", default=thread.locked)
    invitable = form.flag("invitable", default=thread.invitable)
    form.check()
    world.require(thread, call.user, _needed(thread, form, call.user))
    if archived:
        _check_may_stay_archived(thread, form)
    if thread.locked and not moderates:
        raise Refused(400, 160005, "This thread is locked")
    before = auditing.thread(thread)
    if name is not None and name != thread.name:
        guilds.rename_channel(world, thread, name)
        messages.announce(world, thread, call.user, messages.RENAMED, name)
    thread.auto_archive_duration = thread.auto_archive_duration if duration is None else duration
    thread.rate_limit_per_user = thread.rate_limit_per_user if slowness is None else slowness
    thread.locked, thread.invitable = locked, invitable
    threads.archive(world, thread, archived=archived)
    threads.tell(world, thread)
    _note(call, thread, Deed.THREAD_UPDATE, before, auditing.thread(thread))
    return _shown(call, thread)


def _needed(thread: Thread, form: Form, user: User) -> int:
    """Return what somebody has to be allowed to change this of a thread: anybody in it may open it again."""
    if form.body.keys() <= {"archived"} and form.body.get("archived") is False:
        return Permission.SEND_MESSAGES
    if thread.owner_id == user.id and not form.body.keys() & OF_MODERATORS:
        return 0
    return Permission.MANAGE_THREADS


def _check_may_stay_archived(thread: Thread, form: Form) -> None:
    if not form.body.keys() <= {"archived", "locked"}:
        threads.check_not_archived(thread)


def delete(call: Call, thread: Thread) -> Json:
    """Remove a thread."""
    call.world.require(thread, call.user, Permission.MANAGE_THREADS)
    shown = _shown(call, thread)
    threads.delete(call.world, thread)
    _note(call, thread, Deed.THREAD_DELETE, auditing.thread(thread), {})
    return shown


def list_active(call: Call) -> Json:
    """List the threads of a guild that are not put away, as far as the caller sees them."""
    found = threads.visible(call.world, call.guild.id, call.user)
    return _listed(call, found)


def list_archived(call: Call) -> Json:
    """List the private threads of a channel that were put away, latest first; all of them are for moderators."""
    return _archived(call, PRIVATE_THREAD, Permission.READ_MESSAGE_HISTORY | Permission.MANAGE_THREADS)


def list_archived_in_public(call: Call) -> Json:
    """List the public threads of a channel that were put away, latest first."""
    return _archived(call, PUBLIC_THREAD, Permission.READ_MESSAGE_HISTORY)


def list_own_archived(call: Call) -> Json:
    """List the private threads of a channel that were put away and that the caller is in."""
    return _archived(call, PRIVATE_THREAD, Permission.READ_MESSAGE_HISTORY, own=True)


def _archived(call: Call, kind: int, wanted: int, *, own: bool = False) -> Json:
    channel, limit = call.channel(wanted), call.number("limit", 50, least=2, most=100)
    found = [
        each
        for each in threads.visible(call.world, channel.guild_id or "", call.user, archived=True)
        if each.parent_id == channel.id and each.type == kind and (not own or call.user.id in each.members)
    ]
    found.sort(key=lambda each: each.turned_at, reverse=True)
    before = call.query.get("before")
    found = [each for each in found if before is None or (wire.moment(each.turned_at) or "") < before]
    return _listed(call, found[:limit]) | {"has_more": len(found) > limit}


def _listed(call: Call, found: list[Thread]) -> Json:
    own = [wire.thread_member(each, call.user.id) for each in found if call.user.id in each.members]
    return {"threads": [wire.thread(each) for each in found], "members": own, "has_more": False}


def list_members(call: Call) -> list[Json]:
    """List who is in a thread."""
    thread = _thread(call)
    return [wire.thread_member(thread, each) for each in thread.members]


def get_member(call: Call) -> Json:
    """Return a membership."""
    thread, user_id = _thread(call), call.parts["user"]
    if user_id not in thread.members:
        raise unknown("Member")
    return wire.thread_member(thread, user_id)


def join(call: Call) -> None:
    """Enter a thread that one sees."""
    thread = _thread(call)
    threads.check_not_archived(thread)
    threads.join(call.world, thread, call.user)


def leave(call: Call) -> None:
    """Leave a thread."""
    thread = _thread(call)
    threads.check_not_archived(thread)
    threads.leave(call.world, thread, call.user)


def add_member(call: Call) -> None:
    """Bring a member of the guild into a thread, which is said there.

    Where others may not be invited, that is for moderators. Raises Missing Access for somebody who may not see the
    channel around it.
    """
    thread, world = _thread(call), call.world
    threads.check_not_archived(thread)
    world.require(thread, call.user, Permission.SEND_MESSAGES if thread.invitable else Permission.MANAGE_THREADS)
    member = world.guild(thread.guild_id or "").member(call.parts["user"])
    world.require(world.channel(thread.parent_id or ""), member.user, 0)
    if threads.join(world, thread, member.user):
        messages.announce(world, thread, call.user, messages.ADDED, about=member.user)


def remove_member(call: Call) -> None:
    """Put somebody out of a thread: its owner may, and moderators."""
    thread = _thread(call)
    threads.check_not_archived(thread)
    if not (thread.owner_id == call.user.id and thread.type == PRIVATE_THREAD):
        call.world.require(thread, call.user, Permission.MANAGE_THREADS)
    threads.leave(call.world, thread, call.world.user(call.parts["user"]))


def _thread(call: Call) -> Thread:
    channel = call.channel()
    if not isinstance(channel, Thread):
        raise Refused(400, 50024, "Cannot execute action on this channel type")
    return channel


def _note(call: Call, thread: Thread, deed: Deed, before: Json, after: Json) -> None:
    guild, changes = call.world.guild(thread.guild_id or ""), auditing.changed(before, after)
    if changes:
        auditing.note(call.world, guild, call.user, deed, thread.id, reason=call.reason, changes=changes)


def _shown(call: Call, thread: Thread) -> Json:
    return wire.thread(thread, seen_by=call.user.id)


TABLE: Table = [
    ("POST", "/channels/{channel}/threads", create),
    ("GET", "/guilds/{guild}/threads/active", list_active),
    ("GET", "/channels/{channel}/threads/archived/private", list_archived),
    ("GET", "/channels/{channel}/threads/archived/public", list_archived_in_public),
    ("GET", "/channels/{channel}/users/@me/threads/archived/private", list_own_archived),
    ("GET", "/channels/{channel}/thread-members", list_members),
    ("PUT", "/channels/{channel}/thread-members/@me", join),
    ("DELETE", "/channels/{channel}/thread-members/@me", leave),
    ("GET", "/channels/{channel}/thread-members/{user}", get_member),
    ("PUT", "/channels/{channel}/thread-members/{user}", add_member),
    ("DELETE", "/channels/{channel}/thread-members/{user}", remove_member),
]
