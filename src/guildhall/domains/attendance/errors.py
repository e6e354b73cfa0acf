"""Refusals of attendance.

GuildhallError
├── NotFound
│   ├── GuildNotSeen         the bot has never been in this guild
│   ├── PeriodNotFound       the guild has no period of this number
│   └── ChannelNotListed     there is nothing to take off the list
├── Forbidden
│   └── PeriodHidden         archived, but older than the guild's tier shows
├── Invalid
│   └── UnknownZone          no time zone of this name
└── Unprocessable
    ├── NotAVoiceChannel     only voice and stage channels of the guild are tracked
    ├── ChannelNotTracked    a session from outside in a channel that the mode leaves out
    ├── OutsidePeriod        a session from outside that does not lie in the current period
    ├── BadSpan              a session from outside that is too short, too long, or in the future
    └── SessionOverlap       a session from outside at the time of another session of the person
"""

from guildhall.core.errors import Forbidden, InvalidField, NotFound, Unprocessable


class GuildNotSeen(NotFound):
    """The bot has never been in this guild."""

    code = "guild_not_seen"
    text = "This guild is not known here"


class PeriodNotFound(NotFound):
    """The guild has no period of this number."""

    code = "period_not_found"
    text = "There is no such period"


class ChannelNotListed(NotFound):
    """The channel is not on the list."""

    code = "channel_not_listed"
    text = "This channel is not on the list"


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
