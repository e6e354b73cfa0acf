"""What the house asks Discord for about bans. The port; an adapter fulfils it."""

from typing import Protocol

from guildhall.core.errors import Unavailable
from guildhall.domains.bans.models import Ban


class BanLogUnreadable(Unavailable):
    """Discord cannot be asked, or does not let the bot read the guild's audit log."""

    code = "ban_log_unreadable"
    text = "The audit log of the guild cannot be read"


class BanLog(Protocol):
    """The bans in a guild's audit log on Discord, which keeps them for some weeks."""

    async def bans_after(self, guild_id: int, entry_id: int) -> list[Ban]:
        """Return bans that are younger than an entry, oldest first, none when there are no more.

        Raises BanLogUnreadable.
        """
