"""What can be configured: one struct for each section, with the defaults and the limits of every key.

A further section is a struct of its own and one field of `Document`. Readers take a value by its section and key, as
in `document.bot.status`, so that a test can tell which keys nobody reads.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from guildhall.domains.site.audit_actions import AuditAction
from guildhall.domains.site.values import (
    Colour,
    DiscordId,
    Language,
    MailAddress,
    TimeOfDay,
    WebAddress,
    ZoneName,
)

Message = Annotated[str, Meta(max_length=2000)]
Hours = Annotated[int, Meta(ge=0, le=8760)]
NotNegative = Annotated[int, Meta(ge=0, le=2_000_000_000)]
PresenceState = Literal["online", "idle", "dnd", "invisible", "maintenance"]
Activity = Literal["custom", "playing", "listening", "watching", "competing"]


class BotSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The bot: how members see it, where it works, and who rules the front desk."""

    status: Annotated[str, Meta(max_length=128)] = "DM for support"
    activity: Activity = "custom"
    presence_state: PresenceState = "online"
    welcome_message: Message = "Thank you for your message! Our team will answer you here."
    close_message: Message = "This conversation is closed. Write again whenever you need us."
    maintenance_message: Message = "We cannot take messages at the moment. Please come back later."
    enable_panel: bool = True
    enable_logs: bool = False
    enable_rustmail_logs: bool = True
    enable_discord_logs: bool = False
    logs_channel_id: DiscordId | None = None
    enable_features: bool = False
    features_channel_id: DiscordId | None = None
    typing_proxy_from_user: bool = True
    typing_proxy_from_staff: bool = True
    server_mode: Literal["single", "dual"] = "single"
    guild_id: DiscordId | None = None
    community_guild_id: DiscordId | None = None
    staff_guild_id: DiscordId | None = None
    timezone: ZoneName = ZoneName("UTC")
    client_id: DiscordId | None = None
    redirect_url: WebAddress | None = None
    panel_super_admin_users: tuple[DiscordId, ...] = ()
    panel_super_admin_roles: tuple[DiscordId, ...] = ()


class ThreadSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The channel or thread of a ticket, and what messages look like there."""

    embedded_message: bool = True
    user_message_color: Colour = Colour("5865f2")
    staff_message_color: Colour = Colour("57f287")
    system_message_color: Colour = Colour("fee75c")
    block_quote: bool = False
    show_staff_role: bool = True
    mirror_reactions: bool = True
    plain_messages: Literal["note", "reply"] = "note"
    container: Literal["channels", "threads"] = "channels"
    inbox_category_id: DiscordId | None = None
    inbox_channel_id: DiscordId | None = None
    name_template: Annotated[str, Meta(min_length=1, max_length=100)] = "{user}-{number}"
    create_ticket_by_create_channel: bool = False
    close_on_leave: bool = False
    time_to_close_thread: NotNegative = 5
    auto_archive_duration: Literal[60, 1440, 4320, 10080] = 10080
    on_close: Literal["delete", "archive", "keep"] = "delete"
    keep_channel_hours: Annotated[int, Meta(ge=0, le=720)] = 24


class CommandOverride(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may use a command besides, or in spite of, what its permission says."""

    command: Annotated[str, Meta(min_length=1, max_length=64)]
    allow_roles: tuple[DiscordId, ...] = ()
    allow_users: tuple[DiscordId, ...] = ()
    deny_roles: tuple[DiscordId, ...] = ()
    deny_users: tuple[DiscordId, ...] = ()
    enabled: bool = True


class CommandSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Commands of the front desk in Discord."""

    prefix: Annotated[str, Meta(min_length=1, max_length=5)] = "!"
    text_commands: bool = True
    slash_commands: bool = True
    channel_members_are_staff: bool = True
    overrides: tuple[CommandOverride, ...] = ()


class LanguageSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The languages that the bot speaks to members."""

    default_language: Language = Language("en")
    fallback_language: Language = Language("en")
    supported_languages: tuple[Language, ...] = (Language("en"), Language("fr"), Language("de"), Language("es"))
    per_user: bool = True


class ErrorHandlingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What staff are shown when a command fails."""

    display_errors: bool = True
    show_detailed_errors: bool = False
    send_error_embeds: bool = True
    log_errors: bool = True
    auto_delete_error_messages: bool = False
    error_message_ttl: Annotated[int, Meta(ge=1, le=86_400)] | None = 30


class NotificationSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What staff are told when a command has worked."""

    show_success: bool = True
    show_error: bool = True
    show_success_on_reply: bool = False
    show_success_on_edit: bool = False
    show_partial_success_on_edit: bool = True
    show_failure_on_edit: bool = True
    show_success_on_delete: bool = False


class ReminderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Reminders in tickets."""

    embed_color: Colour = Colour("eb459e")


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is told in the log channel."""

    show_log_on_edit: bool = True
    show_log_on_delete: bool = True
    audit_log_actions: tuple[AuditAction, ...] = ()


class TicketSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Tickets: how many, and when they end."""

    enabled: bool = True
    max_open_per_user: Annotated[int, Meta(ge=1, le=25)] = 3
    inactivity_close_hours: Hours = 0
    inactivity_warning_hours: Hours = 0
    reopen_window_hours: Hours = 168
    max_user_reopens: Annotated[int, Meta(ge=0, le=100)] = 3
    claim_exclusive: bool = False
    cancel_close_on_user_message: bool = True
    anonymous_by_default: bool = False
    anonymous_name: Annotated[str, Meta(min_length=1, max_length=80)] = "Support team"
    owner_can_close: bool = True
    auto_delete_after_close_days: Annotated[int, Meta(ge=0, le=3650)] = 0


class RatingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What members are asked when a ticket is closed."""

    enabled: bool = False
    window_hours: Annotated[int, Meta(ge=1, le=720)] = 168
    ask_comment: bool = True


class GateSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps floods and throw-away accounts from the desk; 0 leaves a gate open."""

    account_age_hours: Hours = 0
    membership_age_hours: Hours = 0
    cooldown_minutes: Annotated[int, Meta(ge=0, le=10_080)] = 0
    messages_per_minute: Annotated[int, Meta(ge=0, le=600)] = 0


class OfficeWindow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Hours of one day of the week during which somebody is there."""

    day: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    from_: TimeOfDay
    to: TimeOfDay


class OfficeHours(msgspec.Struct, frozen=True, kw_only=True):
    """When somebody is there, and what is said when nobody is. Without a zone of its own, that of the bot counts."""

    enabled: bool = False
    mode: Literal["notice", "refuse"] = "notice"
    timezone: ZoneName = ZoneName("UTC")
    windows: tuple[OfficeWindow, ...] = ()
    holidays: tuple[date, ...] = ()
    closed_message: Message = "Nobody is here right now. We answer as soon as we are back."
    notice_cooldown_minutes: NotNegative = 60


class TranscriptSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the record of a closed ticket goes."""

    enabled: bool = True
    channel_id: DiscordId | None = None
    send_to_user: bool = False
    email_to: MailAddress | None = None


class AttachmentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Files in tickets."""

    max_mb: Annotated[int, Meta(ge=1, le=500)] = 25


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The whole configuration but its secrets: a section for each field."""

    bot: BotSettings = BotSettings()
    thread: ThreadSettings = ThreadSettings()
    command: CommandSettings = CommandSettings()
    language: LanguageSettings = LanguageSettings()
    error_handling: ErrorHandlingSettings = ErrorHandlingSettings()
    notifications: NotificationSettings = NotificationSettings()
    reminders: ReminderSettings = ReminderSettings()
    logs: LogSettings = LogSettings()
    tickets: TicketSettings = TicketSettings()
    gates: GateSettings = GateSettings()
    ratings: RatingSettings = RatingSettings()
    office_hours: OfficeHours = OfficeHours()
    transcripts: TranscriptSettings = TranscriptSettings()
    attachments: AttachmentSettings = AttachmentSettings()


TOKEN: Final = "bot.token"  # noqa: S105 (the name of a key)
CLIENT_SECRET: Final = "bot.client_secret"  # noqa: S105 (the name of a key)
SECRETS: Final = frozenset({TOKEN, CLIENT_SECRET})
"""Keys whose values are kept sealed, and shown to nobody."""

SECTIONS: Final[Mapping[str, type[msgspec.Struct]]] = MappingProxyType(
    {each.name: each.type for each in msgspec.structs.fields(Document)}
)
KINDS: Final[Mapping[str, object]] = MappingProxyType(
    {
        f"{section}.{each.name}": each.type
        for section, struct in SECTIONS.items()
        for each in msgspec.structs.fields(struct)
    }
)
"""The type of every key that is no secret, by `section.key`."""


def contradictions(document: Document) -> dict[str, str]:
    """Return what does not go together, by the key that has to change."""
    bot, thread, office = document.bot, document.thread, document.office_hours
    found: dict[str, str] = {}
    if bot.server_mode == "dual":
        for key in ("community_guild_id", "staff_guild_id"):
            if getattr(bot, key) is None:
                found[f"bot.{key}"] = "is needed in dual mode"
    if bot.enable_logs and bot.logs_channel_id is None:
        found["bot.logs_channel_id"] = "is needed while enable_logs is on"
    if bot.enable_features and bot.features_channel_id is None:
        found["bot.features_channel_id"] = "is needed while enable_features is on"
    if thread.container == "threads" and thread.inbox_channel_id is None:
        found["thread.inbox_channel_id"] = "is needed while the container is threads"
    if any(each.from_ >= each.to for each in office.windows):
        found["office_hours.windows"] = "must each end after they begin"
    return found
