"""The audit log of guilds: who did what to whom there, what changed by it, and who hears of it at once."""

from enum import IntEnum

from guildhall.simulator.discord import wire
from guildhall.simulator.discord.permissions import Permission
from guildhall.simulator.discord.refusals import Json
from guildhall.simulator.discord.state import AuditEntry, Channel, Guild, Member, Overwrite, Role, Thread, User, Webhook
from guildhall.simulator.discord.world import Event, Intent, World


class Deed(IntEnum):
    """Deeds as the audit log counts them, as far as they can be done here."""

    GUILD_UPDATE = 1
    CHANNEL_CREATE = 10
    CHANNEL_UPDATE = 11
    CHANNEL_DELETE = 12
    CHANNEL_OVERWRITE_CREATE = 13
    CHANNEL_OVERWRITE_UPDATE = 14
    CHANNEL_OVERWRITE_DELETE = 15
    MEMBER_KICK = 20
    MEMBER_BAN_ADD = 22
    MEMBER_BAN_REMOVE = 23
    MEMBER_UPDATE = 24
    MEMBER_ROLE_UPDATE = 25
    MEMBER_MOVE = 26
    MEMBER_DISCONNECT = 27
    ROLE_CREATE = 30
    ROLE_UPDATE = 31
    ROLE_DELETE = 32
    WEBHOOK_CREATE = 50
    WEBHOOK_UPDATE = 51
    WEBHOOK_DELETE = 52
    MESSAGE_DELETE = 72
    MESSAGE_BULK_DELETE = 73
    MESSAGE_PIN = 74
    MESSAGE_UNPIN = 75
    THREAD_CREATE = 110
    THREAD_UPDATE = 111
    THREAD_DELETE = 112


def note(
    world: World,
    guild: Guild,
    by: User,
    deed: Deed,
    target_id: str | None,
    *,
    reason: str | None = None,
    changes: list[Json] | None = None,
    options: dict[str, str] | None = None,
) -> None:
    """Write what somebody did into a guild's audit log, and tell it to whoever may read that."""
    entry = AuditEntry(world.new_id(), by.id, target_id, deed, reason, changes or [], options or {})
    guild.audit.append(entry)
    data = wire.audit_entry(entry) | {"guild_id": guild.id}
    needed = int(Permission.VIEW_AUDIT_LOG)
    world.publish(Event("GUILD_AUDIT_LOG_ENTRY_CREATE", data, Intent.GUILD_MODERATION, guild.id, needed=needed))


def changed(before: Json, after: Json) -> list[Json]:
    """Return the differences between two tellings of a thing; an empty one stands for none."""
    return [
        {"key": key}
        | ({"old_value": before[key]} if before.get(key) is not None else {})
        | ({"new_value": after[key]} if after.get(key) is not None else {})
        for key in {**before, **after}
        if before.get(key) != after.get(key)
    ]


def channel(each: Channel) -> Json:
    """Return what the log tells of a channel that is made, changed or removed."""
    names = ("name", "type", "topic", "nsfw", "rate_limit_per_user", "bitrate", "user_limit")
    shown = wire.channel(each)
    return {name: shown[name] for name in names if name in shown}


def thread(each: Thread) -> Json:
    """Return what the log tells of a thread."""
    return {
        "name": each.name,
        "type": each.type,
        "archived": each.archived,
        "locked": each.locked,
        "auto_archive_duration": each.auto_archive_duration,
        "rate_limit_per_user": each.rate_limit_per_user,
        "invitable": each.invitable,
    }


def role(each: Role) -> Json:
    """Return what the log tells of a role."""
    shown = wire.role(each)
    return {name: shown[name] for name in ("name", "permissions", "color", "hoist", "mentionable")}


def member(each: Member) -> Json:
    """Return what the log tells of a member, but for their roles."""
    shown = wire.member_alone(each)
    return {name: shown[name] for name in ("nick", "mute", "deaf", "communication_disabled_until")}


def webhook(each: Webhook) -> Json:
    """Return what the log tells of a webhook."""
    return {"name": each.name, "type": 1, "channel_id": each.channel_id}


def overwrite(each: Overwrite | None) -> Json:
    """Return what the log tells of an overwrite, nothing for one that is not there."""
    return wire.overwrite(each) if each is not None else {}


def about(guild: Guild, each: Overwrite) -> dict[str, str]:
    """Return the options by which the log tells whom an overwrite is about."""
    named = {"role_name": guild.roles[each.id].name} if each.id in guild.roles else {}
    return {"id": each.id, "type": str(each.type), **named}


def note_roles(world: World, guild: Guild, by: User, each: Member, before: list[str], *, reason: str | None) -> None:
    """Write down that a member has other roles than before; nothing where they are the same."""
    changes = roles(guild, gained=set(each.roles) - set(before), lost=set(before) - set(each.roles))
    if changes:
        note(world, guild, by, Deed.MEMBER_ROLE_UPDATE, each.user.id, reason=reason, changes=changes)


def roles(guild: Guild, *, gained: set[str], lost: set[str]) -> list[Json]:
    """Return which roles a member gained and lost, as the log tells it."""
    return [
        {"key": key, "new_value": [{"id": each, "name": guild.roles[each].name} for each in sorted(named)]}
        for key, named in (("$add", gained), ("$remove", lost))
        if named
    ]


def note_overwrite(
    world: World, guild: Guild, by: User, place: Channel, *, before: Overwrite | None, reason: str | None, of: str
) -> None:
    """Write down that a channel says something else about a role or a member than before."""
    after = place.overwrites.get(of)
    told = after or before
    if told is None or before == after:
        return
    deed = (
        Deed.CHANNEL_OVERWRITE_UPDATE
        if before and after
        else Deed.CHANNEL_OVERWRITE_CREATE
        if after
        else Deed.CHANNEL_OVERWRITE_DELETE
    )
    changes = changed(overwrite(before), overwrite(after))
    note(world, guild, by, deed, place.id, reason=reason, changes=changes, options=about(guild, told))
