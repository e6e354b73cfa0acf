"""Where in Discord the desk works, as the configuration says at this moment."""

from guildhall.domains.site import Document


def log_channel_of(document: Document) -> int | None:
    """Return the channel where lines about tickets go, None when they go nowhere."""
    wanted = document.bot.enable_logs and document.bot.enable_rustmail_logs and document.bot.logs_channel_id
    return int(wanted) if wanted else None
