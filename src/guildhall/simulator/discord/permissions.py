"""Who may do what where, computed as Discord documents it: owner, roles, overwrites, timeouts, hierarchy."""

from collections.abc import Iterable
from datetime import datetime
from enum import IntFlag

from guildhall.simulator.discord.state import MEMBER_OVERWRITE, PRIVATE_THREAD, Channel, Guild, Member, Thread


class Permission(IntFlag):
    """The bits that the simulator judges by; others are kept and passed on."""

    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    STREAM = 1 << 9
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CONNECT = 1 << 20
    SPEAK = 1 << 21
    MUTE_MEMBERS = 1 << 22
    DEAFEN_MEMBERS = 1 << 23
    MOVE_MEMBERS = 1 << 24
    USE_VAD = 1 << 25
    CHANGE_NICKNAME = 1 << 26
    MANAGE_NICKNAMES = 1 << 27
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40


P = Permission

EVERYTHING = (1 << 53) - 1
"""What the owner and administrators have; it also covers permissions that have no name here."""

EVERYBODY = int(
    P.VIEW_CHANNEL | P.SEND_MESSAGES | P.EMBED_LINKS | P.ATTACH_FILES | P.READ_MESSAGE_HISTORY | P.ADD_REACTIONS
    | P.USE_EXTERNAL_EMOJIS | P.CONNECT | P.SPEAK | P.STREAM | P.USE_VAD | P.CHANGE_NICKNAME
    | P.USE_APPLICATION_COMMANDS | P.CREATE_PUBLIC_THREADS | P.CREATE_PRIVATE_THREADS | P.SEND_MESSAGES_IN_THREADS
)  # fmt: skip
"""What the role @everyone of a new guild may do."""

OF_THE_BOT = int(
    EVERYBODY | P.KICK_MEMBERS | P.BAN_MEMBERS | P.MANAGE_CHANNELS | P.MANAGE_GUILD | P.VIEW_AUDIT_LOG
    | P.MANAGE_MESSAGES | P.MENTION_EVERYONE | P.MUTE_MEMBERS | P.DEAFEN_MEMBERS | P.MOVE_MEMBERS
    | P.MANAGE_NICKNAMES | P.MANAGE_ROLES | P.MANAGE_WEBHOOKS | P.MANAGE_THREADS | P.MODERATE_MEMBERS
)  # fmt: skip
"""What the bot is invited with: all that has a name but administration, so that overwrites bind it."""

OF_THE_TIMED_OUT = int(P.VIEW_CHANNEL | P.READ_MESSAGE_HISTORY)
NEED_A_MESSAGE = int(P.EMBED_LINKS | P.ATTACH_FILES | P.MENTION_EVERYONE)


def in_guild(guild: Guild, member: Member) -> int:
    """Return what a member may do in the guild, before any channel has its say."""
    if member.user.id == guild.owner_id:
        return EVERYTHING
    granted = guild.roles[guild.id].permissions
    for role_id in member.roles:
        granted |= guild.roles[role_id].permissions
    return EVERYTHING if granted & P.ADMINISTRATOR else granted


def in_channel(guild: Guild, channel: Channel, member: Member, *, now: datetime) -> int:
    """Return what a member may do in a channel; nothing at all where it may not look."""
    granted = _in_place(guild, channel, member, now=now)
    return granted if granted & P.SEND_MESSAGES else granted & ~NEED_A_MESSAGE


def in_thread(guild: Guild, parent: Channel, thread: Thread, member: Member, *, now: datetime) -> int:
    """Return what a member may do in a thread: what its channel grants, with the right to write that threads have.

    A private thread is there for its members alone, and for those who manage threads.
    """
    granted = _in_place(guild, parent, member, now=now)
    if thread.type == PRIVATE_THREAD and member.user.id not in thread.members and not granted & P.MANAGE_THREADS:
        return 0
    if granted & P.SEND_MESSAGES_IN_THREADS:
        return granted | P.SEND_MESSAGES
    return granted & ~(P.SEND_MESSAGES | NEED_A_MESSAGE)


def _in_place(guild: Guild, channel: Channel, member: Member, *, now: datetime) -> int:
    granted = in_guild(guild, member)
    if granted == EVERYTHING:
        return EVERYTHING
    granted = _overwritten(granted, channel, [guild.id])
    granted = _overwritten(granted, channel, member.roles)
    own = channel.overwrites.get(member.user.id)
    if own is not None and own.type == MEMBER_OVERWRITE:
        granted = (granted & ~own.deny) | own.allow
    if member.timeout_until is not None and member.timeout_until > now:
        granted &= OF_THE_TIMED_OUT
    return granted if granted & P.VIEW_CHANNEL else 0


def _overwritten(granted: int, channel: Channel, role_ids: Iterable[str]) -> int:
    """Apply the overwrites of several roles at once: what one of them allows, no other denies."""
    found = [channel.overwrites[each] for each in role_ids if each in channel.overwrites]
    for each in found:
        granted &= ~each.deny
    for each in found:
        granted |= each.allow
    return granted


def rank(guild: Guild, member: Member) -> int:
    """Return the position of a member's highest role; the owner stands above all."""
    if member.user.id == guild.owner_id:
        return 1 << 30
    return max((guild.roles[each].position for each in member.roles), default=0)
