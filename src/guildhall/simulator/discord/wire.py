"""How what there is looks on the wire: one function for each of Discord's objects."""

from datetime import datetime

from guildhall.simulator.discord.refusals import Json
from guildhall.simulator.discord.state import (
    DM,
    EPHEMERAL,
    WITH_VOICE,
    Application,
    Attachment,
    AuditEntry,
    Channel,
    Guild,
    Member,
    Message,
    Overwrite,
    Role,
    Thread,
    User,
    VoiceState,
    Webhook,
)

BOT_FLAGS = 1 << 16
"""Public flags of a verified bot."""

SCOPES = ("identify", "email", "guilds", "guilds.members.read", "bot", "applications.commands")
"""What an application may ask people for."""

INTENT_FLAGS = {1 << 8: 1 << 13, 1 << 1: 1 << 15, 1 << 15: 1 << 19}
"""For each privileged intent the flag of an application that may use it without having been verified."""


MOST_MEMBERS_COUNTED = 50
"""More members of a thread than these are not told."""


def moment(instant: datetime | None) -> str | None:
    """Return a time as Discord writes it."""
    return instant.isoformat(timespec="microseconds") if instant else None


def user(each: User) -> Json:
    """Return a user as others see it."""
    return {
        "id": each.id,
        "username": each.username,
        "global_name": each.global_name,
        "discriminator": "0000" if each.bot else "0",
        "avatar": each.avatar,
        "banner": each.banner,
        "bot": each.bot,
        "public_flags": BOT_FLAGS if each.bot else 0,
        "flags": BOT_FLAGS if each.bot else 0,
        "primary_guild": None,
    }


def own_user(each: User, *, email: bool) -> Json:
    """Return a user as itself; with its address only where that was granted."""
    known = {"email": f"{each.username}@example.org", "verified": True} if email else {}
    return user(each) | {"mfa_enabled": False, "locale": each.locale, "premium_type": 0} | known


def member_alone(each: Member) -> Json:
    """Return a member without its user, as it accompanies messages."""
    return {
        "avatar": None,
        "banner": None,
        "communication_disabled_until": moment(each.timeout_until),
        "flags": 0,
        "joined_at": moment(each.joined_at),
        "nick": each.nick,
        "pending": False,
        "premium_since": None,
        "roles": list(each.roles),
        "mute": each.mute,
        "deaf": each.deaf,
    }


def member(each: Member) -> Json:
    """Return a member with its user."""
    return member_alone(each) | {"user": user(each.user)}


def role(each: Role) -> Json:
    """Return a role."""
    return {
        "id": each.id,
        "name": each.name,
        "permissions": str(each.permissions),
        "position": each.position,
        "color": each.color,
        "colors": {"primary_color": each.color, "secondary_color": None, "tertiary_color": None},
        "hoist": each.hoist,
        "managed": each.bot_id is not None,
        "mentionable": each.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
        **({"tags": {"bot_id": each.bot_id}} if each.bot_id else {}),
    }


def overwrite(each: Overwrite) -> Json:
    """Return an overwrite of a channel."""
    return {"id": each.id, "type": each.type, "allow": str(each.allow), "deny": str(each.deny)}


def channel(each: Channel) -> Json:
    """Return a channel, of a guild or of two people, or a thread."""
    if isinstance(each, Thread):
        return thread(each)
    last = next((message.id for message in reversed(each.messages.values()) if message.visible_to is None), None)
    common: Json = {"id": each.id, "type": each.type, "last_message_id": last, "flags": 0}
    if each.type == DM:
        return common | {"recipients": [user(person) for person in each.recipients if not person.bot]}
    common |= {
        "guild_id": each.guild_id,
        "name": each.name,
        "parent_id": each.parent_id,
        "position": each.position,
        "permission_overwrites": [overwrite(one) for one in each.overwrites.values()],
        "nsfw": each.nsfw,
        "rate_limit_per_user": each.rate_limit_per_user,
        "topic": each.topic,
    }
    if each.type in WITH_VOICE:
        common |= {"bitrate": each.bitrate, "user_limit": each.user_limit, "rtc_region": None}
    return common


def thread(each: Thread, *, seen_by: str | None = None) -> Json:
    """Return a thread, with the membership of whoever sees it if they have one."""
    last = next((message.id for message in reversed(each.messages.values()) if message.visible_to is None), None)
    own = {"member": thread_member(each, seen_by)} if seen_by in each.members else {}
    return {
        "id": each.id,
        "type": each.type,
        "guild_id": each.guild_id,
        "parent_id": each.parent_id,
        "owner_id": each.owner_id,
        "name": each.name,
        "flags": 0,
        "last_message_id": last,
        "rate_limit_per_user": each.rate_limit_per_user,
        "message_count": len(each.messages),
        "member_count": min(len(each.members), MOST_MEMBERS_COUNTED),
        "total_message_sent": each.sent,
        "thread_metadata": {
            "archived": each.archived,
            "archive_timestamp": moment(each.turned_at),
            "auto_archive_duration": each.auto_archive_duration,
            "locked": each.locked,
            "create_timestamp": moment(each.created_at),
            "invitable": each.invitable,
        },
    } | own


def thread_member(each: Thread, user_id: str | None) -> Json:
    """Return a membership in a thread."""
    joined = each.members[user_id or ""]
    return {"id": each.id, "user_id": user_id, "join_timestamp": moment(joined), "flags": 0}


def guild(each: Guild) -> Json:
    """Return a guild, without what only the gateway tells."""
    return {
        "id": each.id,
        "name": each.name,
        "owner_id": each.owner_id,
        "application_id": None,
        "description": each.description,
        "icon": each.icon,
        "home_header": None,
        "splash": None,
        "discovery_splash": None,
        "banner": None,
        "features": [],
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "widget_enabled": False,
        "widget_channel_id": None,
        "verification_level": 1,
        "default_message_notifications": 0,
        "mfa_level": 0,
        "explicit_content_filter": 0,
        "max_presences": None,
        "max_members": 500000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "vanity_url_code": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": each.locale,
        "rules_channel_id": None,
        "safety_alerts_channel_id": None,
        "public_updates_channel_id": None,
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "nsfw_level": 0,
        "incidents_data": None,
        "roles": [role(one) for one in each.roles.values()],
        "emojis": [],
        "stickers": [],
    }


def voice_state(each: VoiceState, of: Guild, *, gone: bool = False) -> Json:
    """Return a voice state with its member; `gone` when the person just left the channel."""
    there = of.members.get(each.user_id)
    return {
        "guild_id": of.id,
        "channel_id": None if gone else each.channel_id,
        "user_id": each.user_id,
        "session_id": each.session_id,
        "self_mute": each.self_mute,
        "self_deaf": each.self_deaf,
        "self_video": each.self_video,
        "self_stream": each.self_stream,
        "mute": each.mute,
        "deaf": each.deaf,
        "suppress": False,
        "request_to_speak_timestamp": None,
        **({"member": member(there)} if there else {}),
    }


def attachment(each: Attachment, base: str) -> Json:
    """Return a file of a message, below the base address of the CDN."""
    shown = {
        "id": each.id,
        "filename": each.filename,
        "size": len(each.content),
        "url": base + each.address,
        "proxy_url": base + each.address,
        "content_type": each.content_type,
    }
    return shown | ({"description": each.description} if each.description else {})


def emoji(written: str) -> Json:
    """Return an emoji from how an address writes it: itself, or `name:id`."""
    name, _, emoji_id = written.partition(":")
    return {"id": emoji_id or None, "name": name}


def message(each: Message, base: str, *, seen_by: str) -> Json:
    """Return a message; `seen_by` decides which reactions are one's own."""
    shown: Json = {
        "id": each.id,
        "channel_id": each.channel_id,
        "type": each.type,
        "content": each.content,
        "author": user(each.author),
        "timestamp": moment(each.created_at),
        "edited_timestamp": moment(each.edited_at),
        "pinned": each.pinned_at is not None,
        "flags": each.flags | (EPHEMERAL if each.visible_to else 0),
        "tts": each.tts,
        "mention_everyone": each.mention_everyone,
        "mentions": [user(one) for one in each.mentions],
        "mention_roles": list(each.mention_roles),
        "attachments": [attachment(one, base) for one in each.attachments],
        "embeds": each.embeds,
        "components": each.components,
    }
    extras = {
        "nonce": each.nonce,
        "webhook_id": each.webhook_id,
        "application_id": each.application_id,
        "interaction_metadata": each.interaction,
    }
    shown |= {name: value for name, value in extras.items() if value is not None} | each.beside
    if each.replied:
        there = {"type": 0, "channel_id": each.replied.channel_id, "message_id": each.replied.id}
        shown |= {"message_reference": there, "referenced_message": message(each.replied, base, seen_by=seen_by)}
        shown["referenced_message"].pop("referenced_message", None)
    if each.reactions:
        shown["reactions"] = [reaction(name, people, seen_by) for name, people in each.reactions.items()]
    return shown


def reaction(written: str, people: list[str], seen_by: str) -> Json:
    """Return what stands below a message about one emoji."""
    return {
        "emoji": emoji(written),
        "count": len(people),
        "count_details": {"burst": 0, "normal": len(people)},
        "burst_colors": [],
        "me_burst": False,
        "me": seen_by in people,
    }


def webhook(each: Webhook, base: str) -> Json:
    """Return a webhook with its token, as those see it who may manage it."""
    return {
        "id": each.id,
        "type": 1,
        "name": each.name,
        "avatar": None,
        "channel_id": each.channel_id,
        "guild_id": each.guild_id,
        "application_id": None,
        "user": user(each.user),
        "token": each.token,
        "url": f"{base}/api/webhooks/{each.id}/{each.token}",
    }


def flags(each: Application) -> int:
    """Return an application's flags, which tell its privileged intents."""
    return sum(flag for intent, flag in INTENT_FLAGS.items() if each.privileged & intent)


def application(each: Application) -> Json:
    """Return an application as everybody sees it."""
    return {
        "id": each.id,
        "name": each.name,
        "icon": None,
        "description": "",
        "type": None,
        "bot": user(each.bot),
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": flags(each),
        "flags_new": str(flags(each)),
    }


def own_application(each: Application, *, guilds: int) -> Json:
    """Return an application as itself."""
    return application(each) | {
        "owner": user(each.owner),
        "team": None,
        "redirect_uris": list(each.redirects),
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "approximate_guild_count": guilds,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": list(SCOPES),
        "install_params": {"scopes": ["bot", "applications.commands"], "permissions": "0"},
    }


def audit_entry(each: AuditEntry) -> Json:
    """Return an entry of the audit log."""
    shown = {"id": each.id, "user_id": each.user_id, "target_id": each.target_id, "action_type": each.type}
    told = {"changes": each.changes, "options": each.options, "reason": each.reason}
    return shown | {name: value for name, value in told.items() if value}
