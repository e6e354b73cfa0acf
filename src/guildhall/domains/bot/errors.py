"""Refusals about the bot.

GuildhallError
├── NotFound
│   └── CogNotFound          no such cog in the folder, or it is not among those that are allowed
├── Invalid
│   ├── BotNotConfigured     there is no token
│   ├── InvalidPresence      what members would see is too long, or no state that Discord knows
│   ├── InvalidImage         no picture that Discord takes
│   └── ProfileRefused       Discord does not let the account be called or look so
└── Unavailable
    ├── BotOffline           there is no account to be asked about
    ├── BotTokenInvalid      Discord does not know the token
    ├── BotIntentsMissing    Discord does not let the bot hear what it asks for
    ├── BotUnreachable       Discord cannot be reached, or fails
    └── BotStartFailed       it did not connect in time, or the program is faulty
"""

from guildhall.core.errors import Invalid, NotFound, Unavailable


class CogNotFound(NotFound):
    """The folder of cogs has none of this name, or the settings do not allow it."""

    code = "cog_not_found"
    text = "There is no such cog, or COGS_ALLOWED does not name it"


class BotNotConfigured(Invalid):
    """The bot has no token."""

    code = "bot_not_configured"
    text = "The bot has no token; set it in the configuration or by DISCORD_TOKEN"


class InvalidPresence(Invalid):
    """What members would see is too long, or no state that Discord knows."""

    code = "invalid_presence"
    text = "An activity has at most 128 characters, and a state is one that Discord knows"


class InvalidImage(Invalid):
    """No picture that Discord takes."""

    code = "invalid_image"
    text = "A picture is a PNG, JPEG or GIF of at most 8 MiB, in base64 or as a data URI"


class ProfileRefused(Invalid):
    """Discord does not let the account be called or look so; the message is Discord's."""

    code = "invalid_request"
    text = "Discord refuses this name or picture"


class BotOffline(Unavailable):
    """There is no account to be asked about: the bot has no token, or Discord cannot be reached with it."""

    code = "bot_offline"
    text = "The bot's account cannot be reached"


class BotTokenInvalid(Unavailable):
    """Discord does not know the token."""

    code = "bot_token_invalid"
    text = "Discord does not know the bot's token"


class BotIntentsMissing(Unavailable):
    """Discord does not let the bot hear what it asks for."""

    code = "bot_intents_missing"
    text = "Switch on Server Members Intent and Message Content Intent in Discord's developer portal, below Bot"


class BotUnreachable(Unavailable):
    """Discord cannot be reached, or fails; the bot goes on trying."""

    code = "discord_unavailable"
    text = "Discord cannot be reached; the bot goes on trying"


class BotStartFailed(Unavailable):
    """The bot did not connect in time; it goes on trying."""

    code = "bot_start_failed"
    text = "The bot did not connect in time; it goes on trying"
