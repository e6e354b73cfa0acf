"""What there is: users, guilds, roles, channels, messages. Plain records; who may change them is judged elsewhere."""

from dataclasses import dataclass, field
from datetime import datetime

from guildhall.simulator.discord.refusals import Json, unknown

TEXT, DM, VOICE, CATEGORY, ANNOUNCEMENT, STAGE, FORUM = 0, 1, 2, 4, 5, 13, 15
PUBLIC_THREAD, PRIVATE_THREAD = 11, 12
"""Types of channels."""

WITH_VOICE = frozenset({VOICE, STAGE})
WITHOUT_MESSAGES = frozenset({CATEGORY, FORUM})
ROLE_OVERWRITE, MEMBER_OVERWRITE = 0, 1

EPHEMERAL = 1 << 6
LOADING = 1 << 7
COMPONENTS_V2 = 1 << 15


@dataclass
class User:
    """Somebody, a person or a bot. `closed` tells whether they take no direct messages from bots.

    `locale` is the language of their client.
    """

    id: str
    username: str
    global_name: str | None = None
    bot: bool = False
    avatar: str | None = None
    banner: str | None = None
    closed: bool = False
    locale: str = "en-US"


@dataclass
class Role:
    """A role of a guild; the one whose id is the guild's is @everyone. `bot_id` tells whose own role it is."""

    id: str
    name: str
    permissions: int
    position: int
    color: int = 0
    hoist: bool = False
    mentionable: bool = False
    bot_id: str | None = None


@dataclass(frozen=True)
class Overwrite:
    """What a channel allows and denies a role or a member."""

    id: str
    type: int
    allow: int
    deny: int


@dataclass(frozen=True)
class Attachment:
    """A file of a message; `address` is below the base address of the simulator."""

    id: str
    filename: str
    content_type: str
    content: bytes
    address: str
    description: str | None = None


@dataclass
class Message:
    """A message. `visible_to` names the one person who sees it, where it is ephemeral.

    `reactions` holds, for each emoji as it is written in an address, who reacted, oldest first. `beside` is what only
    people send, as Discord tells it: `sticker_items`, a `poll`, and `message_snapshots` of what they pass on.
    """

    id: str
    channel_id: str
    author: User
    content: str
    created_at: datetime
    type: int = 0
    edited_at: datetime | None = None
    pinned_at: datetime | None = None
    flags: int = 0
    tts: bool = False
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    mentions: list[User] = field(default_factory=list)
    mention_roles: list[str] = field(default_factory=list)
    mention_everyone: bool = False
    nonce: str | int | None = None
    replied: "Message | None" = None
    webhook_id: str | None = None
    application_id: str | None = None
    interaction: Json | None = None
    visible_to: str | None = None
    beside: Json = field(default_factory=dict)


@dataclass
class Channel:
    """A channel of a guild, or a conversation of two people when it has no guild.

    `renamed` holds when it was renamed of late: Discord allows two renames in ten minutes.
    """

    id: str
    type: int
    name: str = ""
    guild_id: str | None = None
    position: int = 0
    parent_id: str | None = None
    topic: str | None = None
    nsfw: bool = False
    rate_limit_per_user: int = 0
    bitrate: int = 64000
    user_limit: int = 0
    overwrites: dict[str, Overwrite] = field(default_factory=dict)
    recipients: list[User] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)
    renamed: list[datetime] = field(default_factory=list)

    def message(self, message_id: str) -> Message:
        """Return a message that stands in the channel for all. Raises Unknown Message."""
        found = self.messages.get(message_id)
        if found is None or found.visible_to is not None:
            raise unknown("Message")
        return found


@dataclass(kw_only=True)
class Thread(Channel):
    """A thread of the channel that `parent_id` names. `members` holds since when each is in it.

    `turned_at` is when it was last archived or opened again, `sent` counts all messages there ever were, and
    `auto_archive_duration` is in minutes.
    """

    owner_id: str
    created_at: datetime
    turned_at: datetime
    auto_archive_duration: int
    archived: bool = False
    locked: bool = False
    invitable: bool = True
    sent: int = 0
    members: dict[str, datetime] = field(default_factory=dict)


@dataclass
class VoiceState:
    """Somebody's presence in a voice channel."""

    user_id: str
    channel_id: str
    session_id: str
    self_mute: bool = False
    self_deaf: bool = False
    mute: bool = False
    deaf: bool = False
    self_video: bool = False
    self_stream: bool = False


@dataclass
class Member:
    """Somebody in a guild. Muting and deafening by the server outlive a visit to a voice channel."""

    user: User
    joined_at: datetime
    roles: list[str] = field(default_factory=list)
    nick: str | None = None
    timeout_until: datetime | None = None
    mute: bool = False
    deaf: bool = False


@dataclass(frozen=True)
class Ban:
    """Who may not come back, and the reason that was given."""

    user: User
    reason: str | None


@dataclass(frozen=True)
class AuditEntry:
    """What a moderator did: the type is Discord's number for the deed, `options` say more of some of them."""

    id: str
    user_id: str
    target_id: str | None
    type: int
    reason: str | None
    changes: list[Json] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)


@dataclass
class Guild:
    """A server. Channels and messages are reached through the world, which knows all channels by id."""

    id: str
    name: str
    owner_id: str
    description: str | None = None
    icon: str | None = None
    locale: str = "en-US"
    roles: dict[str, Role] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    threads: dict[str, Thread] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    bans: dict[str, Ban] = field(default_factory=dict)
    voice: dict[str, VoiceState] = field(default_factory=dict)
    audit: list[AuditEntry] = field(default_factory=list)

    def member(self, user_id: str) -> Member:
        """Return a member. Raises Unknown Member."""
        if user_id not in self.members:
            raise unknown("Member")
        return self.members[user_id]

    def role(self, role_id: str) -> Role:
        """Return a role. Raises Unknown Role."""
        if role_id not in self.roles:
            raise unknown("Role")
        return self.roles[role_id]


@dataclass
class Webhook:
    """An address by which anybody who knows its token posts into a channel."""

    id: str
    token: str
    name: str
    channel_id: str
    guild_id: str
    user: User


@dataclass
class Application:
    """What a developer registered: a bot with its token, a client for OAuth with its secret.

    `privileged` holds the privileged intents it was granted. Where `redirects` is empty, any address of this machine
    will do. `commands` holds its commands by scope, a guild's id or the empty text for everywhere, and then by id.
    """

    id: str
    name: str
    bot: User
    token: str
    secret: str
    owner: User
    privileged: int
    redirects: tuple[str, ...] = ()
    commands: dict[str, dict[str, Json]] = field(default_factory=dict)
