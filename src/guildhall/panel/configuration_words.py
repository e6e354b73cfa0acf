"""What the settings are called on the page on which they are changed, by section and in the order of the page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

_NONE: Final[Mapping[str, str]] = MappingProxyType({})
ID: Final = "Its id in Discord, a number."
COLOUR: Final = "Six hexadecimal digits, such as 5865f2."
BY_COMMA: Final = "Their ids in Discord, by comma."
HOURS: Final = "In hours; 0 for never."
HOURS_OR_NONE: Final = "In hours; 0 for any."


@dataclass(frozen=True)
class Sentence:
    """What a setting is called, what there is to know of it, and what its choices mean."""

    label: str
    hint: str = ""
    choices: Mapping[str, str] = field(default_factory=lambda: _NONE)


@dataclass(frozen=True)
class Group:
    """Settings that are changed together."""

    name: str
    title: str
    about: str
    sentences: Mapping[str, Sentence]

    @property
    def keys(self) -> tuple[str, ...]:
        """The settings, in the order of the page."""
        return tuple(self.sentences)


GROUPS: Final = (
    Group(
        "presence",
        "What members see of the bot",
        "Applies to the running bot at once.",
        {
            "bot.status": Sentence("Activity", "The text below its name; empty for none."),
            "bot.activity": Sentence(
                "Shown as",
                choices={"custom": "just the text", "playing": "Playing …", "listening": "Listening to …",
                         "watching": "Watching …", "competing": "Competing in …"},
            ),
            "bot.presence_state": Sentence(
                "State",
                choices={"dnd": "do not disturb", "maintenance": "maintenance: takes no new messages"},
            ),
            "bot.maintenance_message": Sentence("What members are told during maintenance"),
        },
    ),
    Group(
        "messages",
        "Messages to members",
        "",
        {
            "bot.welcome_message": Sentence("When a ticket is opened"),
            "bot.close_message": Sentence("When it is closed"),
            "bot.typing_proxy_from_user": Sentence("Show staff when the member types"),
            "bot.typing_proxy_from_staff": Sentence("Show the member when staff type"),
        },
    ),
    Group(
        "servers",
        "Servers and access",
        "Where the community and the staff are, and who may do everything here.",
        {
            "bot.server_mode": Sentence(
                "Servers", choices={"single": "one for all", "dual": "one for members, one for staff"}
            ),
            "bot.guild_id": Sentence("The server", ID),
            "bot.community_guild_id": Sentence("The members' server", ID),
            "bot.staff_guild_id": Sentence("The staff's server", ID),
            "bot.panel_super_admin_users": Sentence("Members who may do everything", BY_COMMA),
            "bot.panel_super_admin_roles": Sentence("Roles that may do everything", BY_COMMA),
            "bot.timezone": Sentence("Time zone", "Such as Europe/Brussels."),
            "bot.enable_panel": Sentence(
                "Show this panel", "Without it, these pages are gone, and only the API can bring them back."
            ),
        },
    ),
    Group(
        "application",
        "Application at Discord",
        "With another token or id the bot connects anew by itself.",
        {
            "bot.token": Sentence("Bot token"),
            "bot.client_id": Sentence("Client id", ID),
            "bot.client_secret": Sentence("Client secret"),
            "bot.redirect_url": Sentence("Callback address", "Empty for the one at this server's public address."),
        },
    ),
    Group(
        "logs",
        "Log channel",
        "",
        {
            "bot.enable_logs": Sentence("Keep a log channel"),
            "bot.logs_channel_id": Sentence("Log channel", ID),
            "bot.enable_rustmail_logs": Sentence("Tell of tickets there"),
            "bot.enable_discord_logs": Sentence(
                "Tell of what people do in Discord", "From its audit log, which the bot's role must be allowed to view."
            ),
            "logs.audit_log_actions": Sentence(
                "Only these actions", "Such as member_ban_add, member_kick, role_update; empty for all."
            ),
            "logs.show_log_on_edit": Sentence("Tell of edited messages"),
            "logs.show_log_on_delete": Sentence("Tell of deleted messages"),
        },
    ),
    Group(
        "tickets",
        "Tickets",
        "",
        {
            "tickets.enabled": Sentence("Members may open tickets"),
            "tickets.max_open_per_user": Sentence("Open at once for each member", "1 to 25."),
            "bot.enable_features": Sentence("Keep a message with buttons that open tickets"),
            "bot.features_channel_id": Sentence("Channel of that message", ID),
            "tickets.claim_exclusive": Sentence("Only who claimed a ticket may reply"),
            "tickets.anonymous_by_default": Sentence("Replies are anonymous unless said otherwise"),
            "tickets.anonymous_name": Sentence("Name of anonymous replies"),
            "tickets.inactivity_close_hours": Sentence("Close without an answer after", HOURS),
            "tickets.inactivity_warning_hours": Sentence("Warn before that", HOURS),
            "tickets.cancel_close_on_user_message": Sentence("A member's message calls off a planned close"),
            "tickets.reopen_window_hours": Sentence("Members may reopen within", HOURS),
            "tickets.max_user_reopens": Sentence("How often they may reopen"),
            "tickets.owner_can_close": Sentence("Members may close and reopen their own tickets"),
            "tickets.auto_delete_after_close_days": Sentence(
                "Delete closed tickets after", "Days, up to 3650; 0 keeps them."
            ),
            "attachments.max_mb": Sentence("Largest file, in MB", "1 to 500."),
        },
    ),
    Group(
        "thread",
        "Ticket channels",
        "",
        {
            "thread.container": Sentence(
                "A ticket is",
                "The bot brings the staff into a thread, and whoever has a role that sees its channel. It has to be "
                "allowed to create private threads, manage threads and mention all roles.",
                choices={"channels": "a channel of its own", "threads": "a private thread"}
            ),
            "thread.inbox_category_id": Sentence("Category for the channels", ID),
            "thread.inbox_channel_id": Sentence(
                "Channel for the threads", f"{ID} It also takes tickets when the server has no room for a channel."
            ),
            "thread.name_template": Sentence("Name", "With {state}, {user}, {number}, {label} or {category}."),
            "thread.create_ticket_by_create_channel": Sentence("A channel made by hand there opens a ticket"),
            "thread.plain_messages": Sentence(
                "A staff message without a command is", choices={"note": "a note", "reply": "a reply to the member"}
            ),
            "thread.embedded_message": Sentence("Show messages as embeds"),
            "thread.block_quote": Sentence("Quote them"),
            "thread.show_staff_role": Sentence("Show the role of whoever replies"),
            "thread.mirror_reactions": Sentence("Carry reactions across"),
            "thread.user_message_color": Sentence("Colour of members' messages", COLOUR),
            "thread.staff_message_color": Sentence("Colour of replies", COLOUR),
            "thread.system_message_color": Sentence("Colour of system lines", COLOUR),
            "reminders.embed_color": Sentence("Colour of reminders", COLOUR),
            "thread.close_on_leave": Sentence("Close when the member leaves the server"),
            "thread.time_to_close_thread": Sentence("Pause before that close", "In seconds."),
            "thread.on_close": Sentence(
                "After a close, the channel is",
                "A thread that is archived is locked too, and opens again with its ticket.",
                choices={"delete": "deleted", "archive": "archived", "keep": "kept for a while"},
            ),
            "thread.keep_channel_hours": Sentence("Kept for", "In hours, up to 720."),
            "thread.auto_archive_duration": Sentence(
                "Threads rest after",
                choices={"60": "an hour", "1440": "a day", "4320": "three days", "10080": "a week"},
            ),
        },
    ),
    Group(
        "gates",
        "Against floods and throw-away accounts",
        "Who stands before a gate is told until when. What staff open is not held up.",
        {
            "gates.account_age_hours": Sentence("Age of a member's Discord account", HOURS_OR_NONE),
            "gates.membership_age_hours": Sentence("Time on the server", HOURS_OR_NONE),
            "gates.cooldown_minutes": Sentence("Pause after their last ticket", "In minutes; 0 for none."),
            "gates.messages_per_minute": Sentence(
                "Messages a minute in a ticket", "The rest waits its turn; 0 for any number."
            ),
        },
    ),
    Group(
        "office",
        "Office hours",
        "",
        {
            "office_hours.enabled": Sentence("Keep office hours"),
            "office_hours.mode": Sentence(
                "Outside them",
                choices={"notice": "members are told, and their message is taken", "refuse": "no ticket is opened"},
            ),
            "office_hours.timezone": Sentence("Time zone", "Such as Europe/Brussels."),
            "office_hours.windows": Sentence("Hours", "A line for each: mon 09:00-17:00"),
            "office_hours.holidays": Sentence("Holidays", "Days by comma: 2026-12-25"),
            "office_hours.closed_message": Sentence("What members are told"),
            "office_hours.notice_cooldown_minutes": Sentence("Told again after", "In minutes."),
        },
    ),
    Group(
        "after",
        "After a ticket",
        "",
        {
            "ratings.enabled": Sentence("Ask members for a rating"),
            "ratings.ask_comment": Sentence("Ask for a comment with it"),
            "ratings.window_hours": Sentence("They may rate within", "In hours, up to 720."),
            "transcripts.enabled": Sentence("Keep transcripts"),
            "transcripts.channel_id": Sentence("Channel for transcripts", ID),
            "transcripts.send_to_user": Sentence("Send the member theirs"),
            "transcripts.email_to": Sentence("Mail each one to"),
        },
    ),
    Group(
        "languages",
        "Languages",
        "",
        {
            "language.default_language": Sentence("Language", "By its code: en, fr, de or es."),
            "language.fallback_language": Sentence("Where a text is missing"),
            "language.supported_languages": Sentence("Members may choose", "Codes by comma."),
            "language.per_user": Sentence("Speak each member's own language"),
        },
    ),
    Group(
        "commands",
        "Commands and their answers",
        "",
        {
            "command.slash_commands": Sentence("Slash commands"),
            "command.text_commands": Sentence("Commands as messages"),
            "command.prefix": Sentence("Commands begin with", "1 to 5 characters."),
            "command.channel_members_are_staff": Sentence("Whoever sees a ticket channel may use its commands"),
            "notifications.show_success": Sentence("Say that a command has worked", "A sign says so otherwise."),
            "notifications.show_success_on_reply": Sentence("… also after replies"),
            "notifications.show_success_on_edit": Sentence("… after edits"),
            "notifications.show_success_on_delete": Sentence("… after deletions"),
            "notifications.show_partial_success_on_edit": Sentence("Say that an edit does not reach everybody"),
            "notifications.show_error": Sentence("Show that a command has failed"),
            "error_handling.display_errors": Sentence("Say why it has failed", "A sign shows it otherwise."),
            "notifications.show_failure_on_edit": Sentence("… also after edits"),
            "error_handling.show_detailed_errors": Sentence("… with code and reference"),
            "error_handling.send_error_embeds": Sentence("… as embeds"),
            "error_handling.log_errors": Sentence("Write the server's own errors to the log channel"),
            "error_handling.auto_delete_error_messages": Sentence("Remove shown errors from channels by themselves"),
            "error_handling.error_message_ttl": Sentence("Shown errors stay for", "In seconds."),
        },
    ),
)  # fmt: skip

SENTENCES: Final[Mapping[str, Sentence]] = MappingProxyType(
    {key: words for each in GROUPS for key, words in each.sentences.items()}
)
