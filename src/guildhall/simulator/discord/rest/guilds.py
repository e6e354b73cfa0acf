"""Guilds, their channels, roles and audit log."""

from guildhall.simulator.discord import auditing, guilds, permissions, wire
from guildhall.simulator.discord.auditing import Deed
from guildhall.simulator.discord.forms import Form
from guildhall.simulator.discord.permissions import Permission
from guildhall.simulator.discord.refusals import Json, Refused, bad_form, missing_permissions, unknown
from guildhall.simulator.discord.rest import threads
from guildhall.simulator.discord.rest.call import Call, Reply, Table
from guildhall.simulator.discord.state import (
    ANNOUNCEMENT,
    CATEGORY,
    FORUM,
    STAGE,
    TEXT,
    VOICE,
    Channel,
    Guild,
    Overwrite,
    Role,
    Thread,
)

MOST_CHANNELS = 500


def get_guild(call: Call) -> Json:
    """Return a guild."""
    shown, people = wire.guild(call.guild), len(call.guild.members)
    if call.query.get("with_counts") in {"1", "true"}:
        shown |= {"approximate_member_count": people, "approximate_presence_count": people}
    return shown


def change_guild(call: Call) -> Json:
    """Rename a guild."""
    guild, form = call.guild, call.form
    call.world.require_in_guild(guild, call.user, Permission.MANAGE_GUILD)
    name = form.text("name", least=2, most=100)
    form.check()
    before = {"name": guild.name}
    if name is not None:
        guilds.rename(call.world, guild, name)
    _note(call, guild, Deed.GUILD_UPDATE, guild.id, before, {"name": guild.name})
    return wire.guild(guild)


def list_channels(call: Call) -> list[Json]:
    """List the channels of a guild."""
    return [wire.channel(each) for each in call.guild.channels.values()]


def create_channel(call: Call) -> Reply:
    """Add a channel to a guild."""
    guild, form = call.guild, call.form
    call.world.require_in_guild(guild, call.user, Permission.MANAGE_CHANNELS)
    name = form.text("name", least=1, most=100, required=True) or ""
    kind = form.choice("type", TEXT, VOICE, CATEGORY, ANNOUNCEMENT, STAGE, FORUM) or TEXT
    if len(guild.channels) >= MOST_CHANNELS:
        raise Refused(400, 30013, "Maximum number of guild channels reached (500)")
    channel = Channel(call.world.new_id(), kind, name, guild.id, guilds.next_position(guild, kind))
    _read_channel(call, form, guild, channel)
    guilds.create_channel(call.world, guild, channel)
    _note(call, guild, Deed.CHANNEL_CREATE, channel.id, {}, auditing.channel(channel))
    return Reply(201, wire.channel(channel))


def move_channels(call: Call) -> None:
    """Put channels at other positions."""
    guild = call.guild
    call.world.require_in_guild(guild, call.user, Permission.MANAGE_CHANNELS)
    for each in call.items:
        channel = call.world.channel(str(each.get("id")))
        if each.get("position") is not None:
            channel.position = int(each["position"])
        if "parent_id" in each:
            channel.parent_id = each["parent_id"]
        guilds.tell_channel(call.world, channel)


def get_channel(call: Call) -> Json:
    """Return a channel or a thread."""
    channel = call.channel()
    return wire.thread(channel, seen_by=call.user.id) if isinstance(channel, Thread) else wire.channel(channel)


def change_channel(call: Call) -> Json:
    """Change a channel of a guild, or a thread; either may be renamed twice in ten minutes."""
    channel, form = call.channel(), call.form
    if isinstance(channel, Thread):
        return threads.change(call, channel)
    call.world.require(channel, call.user, Permission.MANAGE_CHANNELS)
    guild = _guild(call, channel)
    if "permission_overwrites" in call.body:
        call.world.require(channel, call.user, Permission.MANAGE_ROLES)
    name = form.text("name", least=1, most=100)
    before, overwritten = auditing.channel(channel), channel.overwrites
    _read_channel(call, form, guild, channel, name=name)
    guilds.tell_channel(call.world, channel)
    _note(call, guild, Deed.CHANNEL_UPDATE, channel.id, before, auditing.channel(channel))
    for each in {**overwritten, **channel.overwrites}:
        _note_overwrite(call, guild, channel, each, overwritten.get(each))
    return wire.channel(channel)


def delete_channel(call: Call) -> Json:
    """Remove a channel or a thread; a conversation of two is merely closed."""
    channel = call.channel()
    if isinstance(channel, Thread):
        return threads.delete(call, channel)
    if channel.guild_id is None:
        return wire.channel(channel)
    channel = call.channel(Permission.MANAGE_CHANNELS)
    guild = _guild(call, channel)
    guilds.delete_channel(call.world, guild, channel)
    _note(call, guild, Deed.CHANNEL_DELETE, channel.id, auditing.channel(channel), {})
    return wire.channel(channel)


def put_overwrite(call: Call) -> None:
    """Let a channel allow or deny something to a role or a member."""
    channel, form = call.channel(Permission.MANAGE_ROLES), call.form
    guild = _guild(call, channel)
    kind = form.choice("type", 0, 1, required=True) or 0
    allow, deny = form.permissions("allow") or 0, form.permissions("deny") or 0
    form.check()
    _check_may_grant(call, guild, allow | deny)
    target = call.parts["target"]
    before = channel.overwrites.get(target)
    channel.overwrites[target] = Overwrite(target, kind, allow, deny)
    guilds.tell_channel(call.world, channel)
    _note_overwrite(call, guild, channel, target, before)


def delete_overwrite(call: Call) -> None:
    """Let a channel say nothing of its own about a role or a member."""
    channel = call.channel(Permission.MANAGE_ROLES)
    guild, before = _guild(call, channel), channel.overwrites.pop(call.parts["target"], None)
    if before is None:
        raise unknown("Overwrite")
    guilds.tell_channel(call.world, channel)
    _note_overwrite(call, guild, channel, before.id, before)


def list_roles(call: Call) -> list[Json]:
    """List the roles of a guild."""
    return [wire.role(each) for each in call.guild.roles.values()]


def get_role(call: Call) -> Json:
    """Return a role."""
    return wire.role(call.guild.role(call.parts["role"]))


def create_role(call: Call) -> Json:
    """Add a role below all others."""
    guild = call.guild
    call.world.require_in_guild(guild, call.user, Permission.MANAGE_ROLES)
    role = Role(call.world.new_id(), "new role", guild.roles[guild.id].permissions, 1)
    _read_role(call, guild, role)
    guilds.create_role(call.world, guild, role)
    _note(call, guild, Deed.ROLE_CREATE, role.id, {}, auditing.role(role))
    return wire.role(role)


def change_role(call: Call) -> Json:
    """Change a role that is below one's own."""
    guild = call.guild
    role = _manageable_role(call, guild)
    before = auditing.role(role)
    _read_role(call, guild, role)
    guilds.tell_role(call.world, guild, role)
    _note(call, guild, Deed.ROLE_UPDATE, role.id, before, auditing.role(role))
    return wire.role(role)


def delete_role(call: Call) -> None:
    """Remove a role that is below one's own."""
    guild = call.guild
    role = _manageable_role(call, guild)
    if role.id == guild.id or role.bot_id is not None:
        raise Refused(400, 50028, "Invalid role")
    guilds.delete_role(call.world, guild, role)
    _note(call, guild, Deed.ROLE_DELETE, role.id, auditing.role(role), {})


def move_roles(call: Call) -> list[Json]:
    """Put roles at other positions, all of them below one's own."""
    guild = call.guild
    member = call.world.require_in_guild(guild, call.user, Permission.MANAGE_ROLES)
    wanted = {str(each.get("id")): int(each["position"]) for each in call.items if each.get("position") is not None}
    highest = permissions.rank(guild, member)
    if any(max(guild.role(each).position, wanted[each]) >= highest for each in wanted):
        raise missing_permissions()
    guilds.move_roles(call.world, guild, wanted)
    return list_roles(call)


def read_audit_log(call: Call) -> Json:
    """Return what moderators did, latest first, or oldest first from beyond `after`."""
    guild = call.guild
    call.world.require_in_guild(guild, call.user, Permission.VIEW_AUDIT_LOG)
    wanted, by, after = (call.query.get(name) for name in ("action_type", "user_id", "after"))
    before = int(call.query.get("before", 1 << 64))
    found = [
        each
        for each in guild.audit
        if wanted in {None, str(each.type)} and by in {None, each.user_id} and int(after or 0) < int(each.id) < before
    ]
    found = (found[::-1] if after is None else found)[: call.number("limit", 50, least=1, most=100)]
    people = {name for each in found for name in (each.user_id, each.target_id) if name in call.world.users}
    empty = ("integrations", "webhooks", "guild_scheduled_events", "threads", "application_commands")
    return {
        "audit_log_entries": [wire.audit_entry(each) for each in found],
        "users": [wire.user(call.world.users[each]) for each in people],
        "auto_moderation_rules": [],
        **{name: [] for name in empty},
    }


def list_nothing(call: Call) -> list[Json]:
    """List what guilds here have none of: emojis, stickers."""
    call.world.require_in_guild(call.guild, call.user, 0)
    return []


def _note(call: Call, guild: Guild, deed: Deed, target_id: str, before: Json, after: Json) -> None:
    """Write into the log what the call changed, if it did."""
    changes = auditing.changed(before, after)
    if changes:
        auditing.note(call.world, guild, call.user, deed, target_id, reason=call.reason, changes=changes)


def _note_overwrite(call: Call, guild: Guild, channel: Channel, of: str, before: Overwrite | None) -> None:
    auditing.note_overwrite(call.world, guild, call.user, channel, before=before, reason=call.reason, of=of)


def _guild(call: Call, channel: Channel) -> Guild:
    guild = call.world.guild_of(channel)
    if guild is None:
        raise Refused(400, 50024, "Cannot execute action on this channel type")
    return guild


def _read_channel(call: Call, form: Form, guild: Guild, channel: Channel, *, name: str | None = None) -> None:
    """Read into a channel what a body says of it, and rename it. When this raises, nothing has changed."""
    topic = form.text("topic", most=4096 if channel.type == FORUM else 1024)
    bitrate = form.whole("bitrate", least=8000, most=384000)
    limit = form.whole("user_limit", least=0, most=99 if channel.type == VOICE else 10000)
    slowness = form.whole("rate_limit_per_user", least=0, most=21600)
    position = form.whole("position", least=0, most=1 << 31)
    parent = form.snowflake("parent_id")
    if parent is not None and (parent not in guild.channels or guild.channels[parent].type != CATEGORY):
        form.fail("parent_id", "CHANNEL_PARENT_INVALID", "Category does not exist")
    nsfw = form.flag("nsfw", default=channel.nsfw)
    listed = form.items("permission_overwrites", most=1000)
    form.check()
    overwrites = _overwrites(listed)
    for each in overwrites.values():
        _check_may_grant(call, guild, each.allow | each.deny)
    if name is not None:
        guilds.rename_channel(call.world, channel, name)
    if form.body.get("permission_overwrites") is not None:
        channel.overwrites = overwrites
    channel.topic = topic if "topic" in form.body else channel.topic
    channel.parent_id = parent if "parent_id" in form.body else channel.parent_id
    channel.bitrate = channel.bitrate if bitrate is None else bitrate
    channel.user_limit = channel.user_limit if limit is None else limit
    channel.rate_limit_per_user = channel.rate_limit_per_user if slowness is None else slowness
    channel.position = channel.position if position is None else position
    channel.nsfw = nsfw


def _overwrites(listed: list[Json]) -> dict[str, Overwrite]:
    try:
        return guilds.overwrites(listed)
    except (KeyError, TypeError, ValueError) as error:
        wrong = {"code": "MODEL_TYPE_CONVERT", "message": "Only overwrites may be used here"}
        raise bad_form({"permission_overwrites": {"_errors": [wrong]}}) from error


def _check_may_grant(call: Call, guild: Guild, granted: int) -> None:
    """Raise Missing Permissions for whoever gives away what they do not have."""
    member = guild.member(call.user.id)
    if granted & ~permissions.in_guild(guild, member):
        raise missing_permissions()


def _manageable_role(call: Call, guild: Guild) -> Role:
    """Return the role of the address, which the caller may change."""
    member = call.world.require_in_guild(guild, call.user, Permission.MANAGE_ROLES)
    role = guild.role(call.parts["role"])
    if role.position >= permissions.rank(guild, member):
        raise missing_permissions()
    return role


def _read_role(call: Call, guild: Guild, role: Role) -> None:
    form = call.form
    name = form.text("name", most=100)
    granted = form.permissions("permissions")
    colors = call.body.get("colors") or {}
    color = form.whole("color", least=0, most=0xFFFFFF)
    hoist, mentionable = form.flag("hoist", default=role.hoist), form.flag("mentionable", default=role.mentionable)
    form.check()
    if granted is not None:
        _check_may_grant(call, guild, granted & ~role.permissions)
        role.permissions = granted
    role.name = name or role.name
    role.color = colors.get("primary_color", role.color if color is None else color)
    role.hoist, role.mentionable = hoist, mentionable


TABLE: Table = [
    ("GET", "/guilds/{guild}", get_guild),
    ("PATCH", "/guilds/{guild}", change_guild),
    ("GET", "/guilds/{guild}/channels", list_channels),
    ("POST", "/guilds/{guild}/channels", create_channel),
    ("PATCH", "/guilds/{guild}/channels", move_channels),
    ("GET", "/guilds/{guild}/roles", list_roles),
    ("POST", "/guilds/{guild}/roles", create_role),
    ("PATCH", "/guilds/{guild}/roles", move_roles),
    ("GET", "/guilds/{guild}/roles/{role}", get_role),
    ("PATCH", "/guilds/{guild}/roles/{role}", change_role),
    ("DELETE", "/guilds/{guild}/roles/{role}", delete_role),
    ("GET", "/guilds/{guild}/audit-logs", read_audit_log),
    ("GET", "/guilds/{guild}/emojis", list_nothing),
    ("GET", "/guilds/{guild}/stickers", list_nothing),
    ("GET", "/channels/{channel}", get_channel),
    ("PATCH", "/channels/{channel}", change_channel),
    ("DELETE", "/channels/{channel}", delete_channel),
    ("PUT", "/channels/{channel}/permissions/{target}", put_overwrite),
    ("DELETE", "/channels/{channel}/permissions/{target}", delete_overwrite),
]
