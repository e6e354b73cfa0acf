"""Where in Discord the desk works, as the configuration says at this moment."""

from guildhall.domains.site import Document


def community_of(document: Document) -> int:
    """Return the guild whose members may write to the desk, 0 while none is set."""
    is_dual = document.bot.server_mode == "dual"
    own = document.bot.community_guild_id if is_dual else None
    return int(own or document.bot.guild_id or document.bot.community_guild_id or 0)


def staff_of(document: Document) -> int:
    """Return the guild where staff answer, 0 while none is set."""
    return int(document.bot.staff_guild_id or 0) or community_of(document)


def log_channel_of(document: Document) -> int | None:
    """Return the channel where lines about tickets go, None when they go nowhere."""
    wanted = document.bot.enable_logs and document.bot.enable_rustmail_logs and document.bot.logs_channel_id
    return int(wanted) if wanted else None
