"""Discord as it is configured at the moment: which bot, which application, which guilds.

This is the one place that says so. What the environment sets comes first, because a snapshot has it so. Whoever
speaks with Discord reads it anew for each use, so that a token that is put into the configuration works at once.
"""

from dataclasses import dataclass, field

from guildhall.domains.site.configuration import Snapshot
from guildhall.domains.site.sections import CLIENT_SECRET, TOKEN


@dataclass(frozen=True, kw_only=True)
class DiscordAccess:
    """How Discord is reached. Texts are empty and guilds are 0 where nothing is configured."""

    token: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    redirect_url: str
    guild_id: int
    staff_guild_id: int

    @property
    def signs_in(self) -> bool:
        """Whether there is an application, so that people can sign in with Discord."""
        return bool(self.client_id and self.client_secret)

    @property
    def guild_ids(self) -> frozenset[int]:
        """The guilds of the community and of its staff, which may be one, or none."""
        return frozenset({self.guild_id, self.staff_guild_id} - {0})


def discord_of(snapshot: Snapshot) -> DiscordAccess:
    """Return how Discord is reached by a configuration. The staff's guild is the community's when none is named."""
    document = snapshot.document
    in_pair = document.bot.community_guild_id if document.bot.server_mode == "dual" else None
    community = in_pair or document.bot.guild_id
    return DiscordAccess(
        token=snapshot.secret(TOKEN),
        client_id=document.bot.client_id or "",
        client_secret=snapshot.secret(CLIENT_SECRET),
        redirect_url=document.bot.redirect_url or "",
        guild_id=int(community or 0),
        staff_guild_id=int(document.bot.staff_guild_id or community or 0),
    )
