"""The simulated world: everything that is there, how it is found, and who hears of changes."""

import asyncio
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntFlag

from guildhall.core.clock import Clock
from guildhall.simulator.discord import permissions
from guildhall.simulator.discord.refusals import Json, missing_access, missing_permissions, unknown
from guildhall.simulator.discord.state import (
    DM,
    MEMBER_OVERWRITE,
    Application,
    Attachment,
    Channel,
    Guild,
    Member,
    Thread,
    User,
    Webhook,
)

UNFIT = re.compile(r"[^\w.-]", re.ASCII)
"""What Discord takes out of the names of files."""

EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
"""When Discord's ids begin to count."""


class Intent(IntFlag):
    """What a bot may ask to hear of."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_WEBHOOKS = 1 << 5
    GUILD_VOICE_STATES = 1 << 7
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15


PRIVILEGED = int(Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT)


@dataclass(frozen=True)
class Event:
    """Something that happened, as the gateway tells it.

    An intent of 0 means that everybody hears it. Where a channel is named, only those hear it who may see that channel;
    where permissions are `needed`, only those who have them in the guild.
    """

    name: str
    data: Json
    intent: int = 0
    guild_id: str | None = None
    channel: Channel | None = None
    needed: int = 0


class SteeredClock:
    """Another clock, moved ahead by what its user says."""

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Return the instant it shows."""
        return self._base.now() + self._ahead

    def advance(self, by: timedelta) -> datetime:
        """Move on, and return what it shows then."""
        self._ahead += by
        return self.now()


@dataclass
class World:
    """All that is there. What changes it stands in the modules of verbs; each tells what happened by `publish`."""

    address: str
    clock: SteeredClock
    application: Application = field(init=False)
    users: dict[str, User] = field(default_factory=dict)
    guilds: dict[str, Guild] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    webhooks: dict[str, Webhook] = field(default_factory=dict)
    files: dict[str, Attachment] = field(default_factory=dict)
    _listeners: list[Callable[[Event], None]] = field(default_factory=list)
    _waiting: set[asyncio.Event] = field(default_factory=set)
    _last_id: int = 0

    def now(self) -> datetime:
        """Return the present of this world."""
        return self.clock.now()

    def new_id(self) -> str:
        """Return an id that tells its time, later than all before, even when the clock stands still or goes back."""
        self._last_id = max(self._last_id + 1, first_id_at(self.now()))
        return str(self._last_id)

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Let somebody hear every event from now on."""
        self._listeners.append(listener)

    def publish(self, event: Event) -> None:
        """Tell what happened."""
        for each in self._listeners:
            each(event)
        self.stir()

    def stir(self) -> None:
        """Let those look again who wait for something."""
        for each in self._waiting:
            each.set()

    async def until(self, condition: Callable[[], bool], *, within: float = 5) -> bool:
        """Wait until something is so, looking again whenever anything happens; tell whether it was so in time."""
        moved = asyncio.Event()
        self._waiting.add(moved)
        try:
            async with asyncio.timeout(within):
                while not condition():
                    moved.clear()
                    await moved.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting.discard(moved)
        return True

    @property
    def bot(self) -> User:
        """The bot of the application."""
        return self.application.bot

    def user(self, user_id: str) -> User:
        """Return a user. Raises Unknown User."""
        if user_id not in self.users:
            raise unknown("User")
        return self.users[user_id]

    def guild(self, guild_id: str) -> Guild:
        """Return a guild. Raises Unknown Guild."""
        if guild_id not in self.guilds:
            raise unknown("Guild")
        return self.guilds[guild_id]

    def channel(self, channel_id: str) -> Channel:
        """Return a channel of any kind. Raises Unknown Channel."""
        if channel_id not in self.channels:
            raise unknown("Channel")
        return self.channels[channel_id]

    def guild_of(self, channel: Channel) -> Guild | None:
        """Return the guild that a channel is in, None for a conversation of two."""
        return self.guilds[channel.guild_id] if channel.guild_id else None

    def guilds_of(self, user: User) -> Iterator[Guild]:
        """Yield the guilds that somebody is in."""
        return (each for each in self.guilds.values() if user.id in each.members)

    def conversation(self, one: User, other: User) -> Channel:
        """Return the channel of direct messages between two users, made when they first need it."""
        for each in self.channels.values():
            if each.type == DM and {person.id for person in each.recipients} == {one.id, other.id}:
                return each
        channel = Channel(self.new_id(), DM, recipients=[one, other])
        self.channels[channel.id] = channel
        return channel

    def permissions(self, channel: Channel, user: User) -> int:
        """Return what somebody may do in a channel; nothing where they are no member of it."""
        guild = self.guild_of(channel)
        if guild is None:
            return permissions.EVERYBODY if user in channel.recipients else 0
        member = guild.members.get(user.id)
        if member is None:
            return 0
        if isinstance(channel, Thread):
            parent = guild.channels.get(channel.parent_id or "")
            return permissions.in_thread(guild, parent, channel, member, now=self.now()) if parent else 0
        return permissions.in_channel(guild, channel, member, now=self.now())

    def require(self, channel: Channel, user: User, wanted: int) -> None:
        """Raise Missing Access where somebody cannot see a channel, Missing Permissions where they may not do this."""
        granted = self.permissions(channel, user)
        if not granted & permissions.Permission.VIEW_CHANNEL:
            raise missing_access()
        if wanted & ~granted:
            raise missing_permissions()

    def require_in_guild(self, guild: Guild, user: User, wanted: int) -> Member:
        """Return the membership by which somebody may do this in the guild.

        Raises Missing Access for strangers, Missing Permissions for members who may not.
        """
        member = guild.members.get(user.id)
        if member is None:
            raise missing_access()
        if wanted & ~permissions.in_guild(guild, member):
            raise missing_permissions()
        return member

    def add_user(
        self, username: str, global_name: str | None = None, *, bot: bool = False, user_id: str | None = None
    ) -> User:
        """Let somebody join Discord, under a new id unless it is named."""
        user_id = user_id or self.new_id()
        avatar = f"{int(user_id):032x}"
        user = User(user_id, username, global_name, bot=bot, avatar=avatar)
        self.users[user.id] = user
        self.stir()
        return user

    def keep_file(
        self, channel: Channel, filename: str, content_type: str, content: bytes, description: str | None = None
    ) -> Attachment:
        """Keep a file where the CDN finds it, under a name that is fit for an address."""
        file_id = self.new_id()
        name = UNFIT.sub("_", filename) or "file"
        address = f"/attachments/{channel.id}/{file_id}/{name}"
        kept = Attachment(file_id, name, content_type, content, address, description)
        self.files[kept.address] = kept
        return kept

    def drop_channel(self, channel: Channel, guild: Guild) -> None:
        """Forget a channel or a thread, and what hangs on it."""
        for thread in [one for one in guild.threads.values() if channel.id in {one.id, one.parent_id}]:
            del guild.threads[thread.id]
            self.channels.pop(thread.id)
        guild.channels.pop(channel.id, None)
        self.channels.pop(channel.id, None)
        for each in [one for one in self.webhooks.values() if one.channel_id == channel.id]:
            del self.webhooks[each.id]

    def drop_overwrites(self, guild: Guild, target_id: str) -> None:
        """Forget what channels said about a role that is gone."""
        for each in guild.channels.values():
            found = each.overwrites.get(target_id)
            if found is not None and found.type != MEMBER_OVERWRITE:
                del each.overwrites[target_id]


def first_id_at(instant: datetime) -> int:
    """Return the lowest id that tells this time."""
    return (instant - EPOCH) // timedelta(milliseconds=1) << 22


def token() -> str:
    """Return a secret that nobody can guess."""
    return secrets.token_urlsafe(32)
