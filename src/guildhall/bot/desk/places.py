"""Where in Discord the desk works, as the configuration says at this moment."""

from guildhall.domains.site import Document
from guildhall.domains.tickets import Ticket, Transport
from guildhall.web.house import House


def log_channel_of(document: Document) -> int | None:
    """Return the channel where lines about tickets go, None when they go nowhere."""
    wanted = document.bot.enable_logs and document.bot.enable_rustmail_logs and document.bot.logs_channel_id
    return int(wanted) if wanted else None


def guild_of(house: House, ticket: Ticket) -> int:
    """Return the server where a ticket has its channel: that of staff, unless its user is in that channel too."""
    return house.discord.guild_id if ticket.transport is Transport.DIRECT else house.discord.staff_guild_id
