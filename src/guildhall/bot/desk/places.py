"""Where in Discord the desk works, as the configuration says at this moment."""

from guildhall.domains.site import Document


def community_of(document: Document) -> int:
    """Return the guild whose members may write to the desk, 0 while none is set."""
    bot = document.bot
    is_dual = bot.server_mode == "dual"
    return int((bot.community_guild_id if is_dual else None) or bot.guild_id or bot.community_guild_id or 0)


def staff_of(document: Document) -> int:
    """Return the guild where staff answer, 0 while none is set."""
    return int(document.bot.staff_guild_id or 0) or community_of(document)


def log_channel_of(document: Document) -> int | None:
    """Return the channel where lines about tickets go, None when they go nowhere."""
    bot = document.bot
    wanted = bot.enable_logs and bot.enable_rustmail_logs and bot.logs_channel_id
    return int(wanted) if wanted else None
