"""Where in Discord the desk works, as the configuration says at this moment."""

import discord

from guildhall.domains.site import Document
from guildhall.domains.tickets import Origin, Ticket, Transport
from guildhall.domains.tickets.relay import Post, Say
from guildhall.web.house import House


def log_channel_of(document: Document) -> int | None:
    """Return the channel where lines about tickets go, None when they go nowhere."""
    wanted = document.bot.enable_logs and document.bot.enable_rustmail_logs and document.bot.logs_channel_id
    return int(wanted) if wanted else None


def guild_log_channel_of(document: Document) -> int | None:
    """Return the channel where it is told what people do in Discord, None when that is told nowhere."""
    wanted = document.bot.enable_logs and document.bot.enable_discord_logs and document.bot.logs_channel_id
    return int(wanted) if wanted else None


def guild_of(house: House, ticket: Ticket) -> int:
    """Return the server where a ticket has its channel: that of staff, unless its user is in that channel too."""
    return house.discord.guild_id if ticket.transport is Transport.DIRECT else house.discord.staff_guild_id


def wants_thread(ticket: Ticket, document: Document) -> bool:
    """Tell whether a ticket is talked about in a thread: as is configured, or because its user cannot be written to."""
    is_asked_for = ticket.transport is Transport.DIRECT and ticket.origin is Origin.BUTTON
    return is_asked_for or document.thread.container == "threads"


def home_of_threads(guild: discord.Guild, ticket: Ticket, document: Document) -> discord.TextChannel | None:
    """Return the channel whose threads tickets like this one may be, None where there is none.

    Whoever is in a thread has to see the channel around it, so tickets that their users read themselves are in that of
    the button for opening them, and all others where the staff are among themselves.
    """
    is_read_by_user = ticket.transport is Transport.DIRECT
    named = document.bot.features_channel_id if is_read_by_user else document.thread.inbox_channel_id
    found = guild.get_channel(int(named)) if named else None
    return found if isinstance(found, discord.TextChannel) else None


def place_of(post: Post, document: Document) -> int | None:
    """Return the channel of the staff's where a post goes, None when it goes nowhere."""
    if post.say is Say.TRANSCRIPT:
        return int(document.transcripts.channel_id) if document.transcripts.channel_id else None
    if post.say is Say.DEED:
        return guild_log_channel_of(document)
    unwanted = {
        "desk.log.edited": not document.logs.show_log_on_edit,
        "desk.log.deleted": not document.logs.show_log_on_delete,
    }
    if unwanted.get(post.words, False):
        return None
    return log_channel_of(document)
