"""What a snippet becomes in a ticket, with the names that only the house knows."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from guildhall.core.db import Tx
from guildhall.domains.attendance.errors import BotNotInGuild, DiscordUnavailable
from guildhall.domains.tickets import Ticket
from guildhall.domains.tickets.snippets import use_snippet, values_for
from guildhall.web.house import House


async def community_name(house: House) -> str:
    """Return what the community's server is called, or nothing while Discord does not tell it.

    Discord may be asked, so no transaction should be open.
    """
    try:
        return (await house.directory.guild(house.discord.guild_id)).name
    except (BotNotInGuild, DiscordUnavailable):
        return ""


async def text_of(
    tx: Tx, house: House, ticket: Ticket, key: str, *, args: Sequence[str] = (), staff: str, community: str
) -> tuple[str, bool]:
    """Count a use of a snippet; return its text for a ticket, and whether it is sent anonymously.

    `staff` is the name of whoever sends it. Raises SnippetNotFound, MissingArgument.
    """
    at = house.clock.now().astimezone(ZoneInfo(house.site.now.document.bot.timezone))
    return await use_snippet(tx, key, values_for(ticket, staff=staff, guild=community, at=at), args)
