"""Members: finding, changing, throwing out."""

from datetime import datetime, timedelta

from guildhall.simulator.discord import auditing, people, permissions, wire
from guildhall.simulator.discord.auditing import Deed
from guildhall.simulator.discord.forms import Form
from guildhall.simulator.discord.gateway import names
from guildhall.simulator.discord.permissions import Permission
from guildhall.simulator.discord.refusals import Json, Refused, missing_access, missing_permissions, unknown
from guildhall.simulator.discord.rest.call import Call, Table
from guildhall.simulator.discord.state import Guild, Member
from guildhall.simulator.discord.world import Intent

LONGEST_TIMEOUT = timedelta(days=28)
VOICE = frozenset({"mute", "deaf", "channel_id"})

NEEDED = {
    "nick": Permission.MANAGE_NICKNAMES,
    "roles": Permission.MANAGE_ROLES,
    "mute": Permission.MUTE_MEMBERS,
    "deaf": Permission.DEAFEN_MEMBERS,
    "channel_id": Permission.MOVE_MEMBERS,
    "communication_disabled_until": Permission.MODERATE_MEMBERS,
}
"""What one must be allowed to change which field of a member."""


def get_member(call: Call) -> Json:
    """Return a member."""
    return wire.member(call.guild.member(call.parts["user"]))


def list_members(call: Call) -> list[Json]:
    """List members by id; all of them are for applications that may hear of members."""
    guild, after = call.guild, int(call.query.get("after", 0))
    if not call.world.application.privileged & Intent.GUILD_MEMBERS:
        raise missing_access()
    limit = call.number("limit", 1, least=1, most=1000)
    found = sorted((each for each in guild.members if int(each) > after), key=int)
    return [wire.member(guild.members[each]) for each in found[:limit]]


def search_members(call: Call) -> list[Json]:
    """List members whose name begins with this."""
    query, limit = call.query.get("query", "").lower(), call.number("limit", 1, least=1, most=1000)
    found = [
        each for each in call.guild.members.values() if any(name.lower().startswith(query) for name in names(each))
    ]
    return [wire.member(each) for each in found[:limit]]


def change_member(call: Call) -> Json:
    """Change a member's nickname, roles, timeout, or what they may do in voice."""
    guild = call.guild
    member = guild.member(call.parts["user"])
    for name in NEEDED.keys() & call.body.keys():
        call.world.require_in_guild(guild, call.user, NEEDED[name])
    if "nick" in call.body or "communication_disabled_until" in call.body:
        _outrank(call, guild, member)
    form = call.form
    nick = form.text("nick", most=32)
    timeout = _timeout(call, form)
    form.check()
    roles, roles_before, before = _wanted_roles(call, guild, member), member.roles, auditing.member(member)
    if "communication_disabled_until" in call.body:
        if permissions.in_guild(guild, member) == permissions.EVERYTHING:
            raise missing_permissions()
        member.timeout_until = timeout
    if VOICE & call.body.keys():
        _change_voice(call, guild, member)
    if "nick" in call.body:
        member.nick = nick or None
    member.roles = roles
    people.tell(call.world, guild, member)
    if changes := auditing.changed(before, auditing.member(member)):
        _note(call, guild, Deed.MEMBER_UPDATE, member.user.id, changes)
    auditing.note_roles(call.world, guild, call.user, member, roles_before, reason=call.reason)
    return wire.member(member)


def change_own_member(call: Call) -> Json:
    """Change the bot's own nickname."""
    guild, form = call.guild, call.form
    member = call.world.require_in_guild(guild, call.user, Permission.CHANGE_NICKNAME)
    nick = form.text("nick", most=32)
    form.check()
    before = auditing.member(member)
    member.nick = nick or None
    people.tell(call.world, guild, member)
    if changes := auditing.changed(before, auditing.member(member)):
        _note(call, guild, Deed.MEMBER_UPDATE, member.user.id, changes)
    return wire.member(member)


def add_role(call: Call) -> None:
    """Give a member a role."""
    guild, member, role_id = _about_role(call)
    if role_id not in member.roles:
        member.roles.append(role_id)
        people.tell(call.world, guild, member)
    changes = auditing.roles(guild, gained={role_id}, lost=set())
    _note(call, guild, Deed.MEMBER_ROLE_UPDATE, member.user.id, changes)


def remove_role(call: Call) -> None:
    """Take a role from a member."""
    guild, member, role_id = _about_role(call)
    if role_id in member.roles:
        member.roles.remove(role_id)
        people.tell(call.world, guild, member)
    changes = auditing.roles(guild, gained=set(), lost={role_id})
    _note(call, guild, Deed.MEMBER_ROLE_UPDATE, member.user.id, changes)


def kick(call: Call) -> None:
    """Throw a member out."""
    guild = call.guild
    call.world.require_in_guild(guild, call.user, Permission.KICK_MEMBERS)
    member = guild.member(call.parts["user"])
    _outrank(call, guild, member)
    people.leave(call.world, guild, member)
    _note(call, guild, Deed.MEMBER_KICK, member.user.id)


def ban(call: Call) -> None:
    """Throw somebody out for good."""
    guild = call.guild
    call.world.require_in_guild(guild, call.user, Permission.BAN_MEMBERS)
    user = call.world.user(call.parts["user"])
    if user.id in guild.members:
        _outrank(call, guild, guild.members[user.id])
    people.ban(call.world, guild, user, call.reason)
    _note(call, guild, Deed.MEMBER_BAN_ADD, user.id)


def unban(call: Call) -> None:
    """Let somebody come back."""
    guild = call.guild
    call.world.require_in_guild(guild, call.user, Permission.BAN_MEMBERS)
    if call.parts["user"] not in guild.bans:
        raise unknown("Ban")
    people.unban(call.world, guild, call.world.user(call.parts["user"]))
    _note(call, guild, Deed.MEMBER_BAN_REMOVE, call.parts["user"])


def list_bans(call: Call) -> list[Json]:
    """List who may not come back."""
    guild = call.guild
    call.world.require_in_guild(guild, call.user, Permission.BAN_MEMBERS)
    return [{"user": wire.user(each.user), "reason": each.reason} for each in guild.bans.values()]


def get_ban(call: Call) -> Json:
    """Return why somebody may not come back."""
    guild = call.guild
    call.world.require_in_guild(guild, call.user, Permission.BAN_MEMBERS)
    found = guild.bans.get(call.parts["user"])
    if found is None:
        raise unknown("Ban")
    return {"user": wire.user(found.user), "reason": found.reason}


def get_voice_state(call: Call) -> Json:
    """Return where somebody is in voice."""
    guild = call.guild
    user_id = call.user.id if call.parts["user"] == "@me" else call.parts["user"]
    state = guild.voice.get(user_id)
    if state is None:
        raise Refused(404, 10065, "Unknown Voice State")
    return wire.voice_state(state, guild)


def _note(call: Call, guild: Guild, deed: Deed, target_id: str | None, changes: list[Json] | None = None) -> None:
    auditing.note(call.world, guild, call.user, deed, target_id, reason=call.reason, changes=changes)


def _outrank(call: Call, guild: Guild, member: Member) -> None:
    """Raise Missing Permissions for whoever does not stand above the member; above oneself there is no need to."""
    own = guild.member(call.user.id)
    if own is not member and permissions.rank(guild, own) <= permissions.rank(guild, member):
        raise missing_permissions()


def _about_role(call: Call) -> tuple[Guild, Member, str]:
    guild = call.guild
    call.world.require_in_guild(guild, call.user, Permission.MANAGE_ROLES)
    member = guild.member(call.parts["user"])
    _check_may_give(call, guild, call.parts["role"])
    return guild, member, call.parts["role"]


def _check_may_give(call: Call, guild: Guild, role_id: str) -> None:
    """Raise for a role that is not below one's own, or that belongs to a bot."""
    role, own = guild.role(role_id), guild.member(call.user.id)
    if role.position >= permissions.rank(guild, own) or role.bot_id is not None or role.id == guild.id:
        raise missing_permissions()


def _wanted_roles(call: Call, guild: Guild, member: Member) -> list[str]:
    """Return the roles that the member shall have. Raises where the caller may not give or take one of them."""
    if "roles" not in call.body:
        return member.roles
    wanted = [str(each) for each in call.body["roles"] or []]
    for each in set(wanted) ^ set(member.roles):
        _check_may_give(call, guild, each)
    return wanted


def _timeout(call: Call, form: Form) -> datetime | None:
    text = form.text("communication_disabled_until", most=50)
    if not text:
        return None
    until = _instant(text)
    if until is None:
        form.fail("communication_disabled_until", "DATE_TIME_TYPE_PARSE", "Could not parse.")
        return None
    if until - call.world.now() > LONGEST_TIMEOUT:
        form.fail("communication_disabled_until", "GUILD_COMMUNICATION_DISABLED_LIMIT", "Cannot exceed 28 days.")
    return until


def _instant(text: str) -> datetime | None:
    """Return a time that knows its offset, None for what is none."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo else None


def _change_voice(call: Call, guild: Guild, member: Member) -> None:
    """Mute, deafen, move or throw out of voice; all of it needs somebody who is there."""
    state = guild.voice.get(member.user.id)
    if state is None:
        raise Refused(400, 40032, "Target user is not connected to voice.")
    flags = {name: bool(call.body[name]) for name in ("mute", "deaf") if name in call.body}
    wanted = call.body.get("channel_id", state.channel_id)
    channel = call.world.channel(str(wanted)) if wanted else None
    left = state.channel_id
    people.be_in_voice(call.world, guild, member.user, channel, **flags)
    if channel is None:
        _note_in_voice(call, guild, Deed.MEMBER_DISCONNECT, {"count": "1"})
    elif channel.id != left:
        _note_in_voice(call, guild, Deed.MEMBER_MOVE, {"channel_id": channel.id, "count": "1"})


def _note_in_voice(call: Call, guild: Guild, deed: Deed, options: dict[str, str]) -> None:
    # Discord counts such deeds together, and so does not say whom they concern.
    auditing.note(call.world, guild, call.user, deed, None, reason=call.reason, options=options)


TABLE: Table = [
    ("GET", "/guilds/{guild}/members", list_members),
    ("GET", "/guilds/{guild}/members/search", search_members),
    ("PATCH", "/guilds/{guild}/members/@me", change_own_member),
    ("GET", "/guilds/{guild}/members/{user}", get_member),
    ("PATCH", "/guilds/{guild}/members/{user}", change_member),
    ("DELETE", "/guilds/{guild}/members/{user}", kick),
    ("PUT", "/guilds/{guild}/members/{user}/roles/{role}", add_role),
    ("DELETE", "/guilds/{guild}/members/{user}/roles/{role}", remove_role),
    ("GET", "/guilds/{guild}/bans", list_bans),
    ("GET", "/guilds/{guild}/bans/{user}", get_ban),
    ("PUT", "/guilds/{guild}/bans/{user}", ban),
    ("DELETE", "/guilds/{guild}/bans/{user}", unban),
    ("GET", "/guilds/{guild}/voice-states/{user}", get_voice_state),
]
