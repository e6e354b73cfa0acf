"""Refusals of attendance.

GuildhallError
├── NotFound
│   ├── GuildNotSeen         the bot has never been in this guild
│   ├── BotNotInGuild        the bot is not in this guild now
│   ├── PeriodNotFound       the guild has no period of this number
│   ├── ChannelNotFound      the guild has and had no such channel
│   └── ChannelNotListed     there is nothing to take off the list
├── Forbidden
│   ├── NotMember            the caller is not in the guild
│   ├── NotManager           the caller may not manage the guild
│   ├── NeedsPro             the guild's tier does not open this
│   ├── TierLocked           only the operator switches tiers
│   └── PeriodHidden         archived, but older than the guild's tier shows
├── Invalid
│   └── UnknownZone          no time zone of this name
├── Unprocessable
│   ├── NotAVoiceChannel     only voice and stage channels of the guild are tracked
│   ├── ChannelNotTracked    a session from outside in a channel that the mode leaves out
│   ├── OutsidePeriod        a session from outside that does not lie in the current period
│   ├── BadSpan              a session from outside that is too short, too long, or in the future
│   └── SessionOverlap       a session from outside at the time of another session of the person
└── Unavailable
    └── DiscordUnavailable   Discord cannot be asked now
"""

from guildhall.core.errors import Forbidden, InvalidField, NotFound, Unavailable, Unprocessable


class GuildNotSeen(NotFound):
    """The bot has never been in this guild."""

    code = "guild_not_seen"
    text = "This guild is not known here"


class BotNotInGuild(NotFound):
    """The bot is not in this guild now."""

    code = "bot_not_in_guild"
    text = "The bot is not in this guild"


class PeriodNotFound(NotFound):
    """The guild has no period of this number."""

    code = "period_not_found"
    text = "There is no such period"


class ChannelNotFound(NotFound):
    """The guild has no such channel, and none was ever tracked under its id."""

    code = "channel_not_found"
    text = "This guild has no such channel"


class ChannelNotListed(NotFound):
    """The channel is not on the list."""

    code = "channel_not_listed"
    text = "This channel is not on the list"


class NotMember(Forbidden):
    """The caller is not in the guild."""

    code = "not_a_member"
    text = "You are not a member of this guild"


class NotManager(Forbidden):
    """The caller neither owns the guild nor may manage it."""

    code = "manage_server_needed"
    text = "You need the Manage Server permission"


class NeedsPro(Forbidden):
    """The tier of the guild does not open this; `details.tier_required` names the one that does."""

    code = "tier_required"
    text = "This needs the pro tier"


class TierLocked(Forbidden):
    """The operator keeps the tiers."""

    code = "tier_locked"
    text = "Only the operator of this server switches tiers"


class PeriodHidden(Forbidden):
    """The period is archived, but older than the guild's tier shows; `details.tier_required` names the tier."""

    code = "period_hidden"
    text = "This period is older than the tier of this guild shows"


class UnknownZone(InvalidField):
    """There is no time zone of this name."""

    code = "unknown_timezone"
    text = "This is not the name of a time zone, such as Europe/Brussels"


class NotAVoiceChannel(Unprocessable):
    """Not a voice or stage channel of the guild."""

    code = "not_a_voice_channel"
    text = "Only voice and stage channels of this guild can be tracked"


class ChannelNotTracked(Unprocessable):
    """The mode and the list of the guild leave this channel out."""

    code = "channel_not_tracked"
    text = "This channel is not tracked"


class OutsidePeriod(Unprocessable):
    """Not within the current period of the guild."""

    code = "outside_period"
    text = "A session must lie within the current period"


class BadSpan(Unprocessable):
    """Shorter than a second, longer than a day, or not yet over."""

    code = "bad_span"
    text = "A session lasts from one second to 24 hours and must be over"


class SessionOverlap(Unprocessable):
    """The person has another session at that time."""

    code = "session_overlap"
    text = "This person already has a session at that time"


class DiscordUnavailable(Unavailable):
    """Discord cannot be asked; `details.retry_after` is in whole seconds."""

    code = "discord_unavailable"
    text = "Discord is not reachable"

    def __init__(self, message: str | None = None, *, retry_after: int = 5, **details: object) -> None:
        super().__init__(message, retry_after=max(1, retry_after), **details)
