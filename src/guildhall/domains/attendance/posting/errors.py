"""Refusals about the channels that attendance posts to.

GuildhallError
├── NotFound
│   └── DestinationNotFound  the guild has no such destination
└── Unprocessable
    ├── NotAPostChannel      only text and announcement channels of the guild take posts
    ├── BotMayNotPost        the bot cannot see the channel, or may not write there
    └── TooManyDestinations  a guild has ten at most
"""

from guildhall.core.errors import NotFound, Unprocessable


class DestinationNotFound(NotFound):
    """The guild has no such destination."""

    code = "destination_not_found"
    text = "This guild has no such log destination"


class NotAPostChannel(Unprocessable):
    """Not a text or announcement channel of the guild."""

    code = "not_a_text_channel"
    text = "Posts go to text and announcement channels of this guild"


class BotMayNotPost(Unprocessable):
    """The bot cannot see the channel, or may not write or embed there."""

    code = "bot_may_not_post"
    text = "The bot may not post in this channel"


class TooManyDestinations(Unprocessable):
    """There are as many as a guild may have."""

    code = "too_many_destinations"
    text = "A guild has at most ten log destinations"
