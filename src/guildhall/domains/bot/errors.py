"""Refusals about the bot.

GuildhallError
└── NotFound
    └── CogNotFound          no such cog in the folder, or it is not among those that are allowed
"""

from guildhall.core.errors import NotFound


class CogNotFound(NotFound):
    """The folder of cogs has none of this name, or the settings do not allow it."""

    code = "cog_not_found"
    text = "There is no such cog, or COGS_ALLOWED does not name it"
