"""The first setup of a house that nobody has configured: when it is needed, what is asked, and how it ends for good."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from guildhall.core.actor import SYSTEM
from guildhall.core.db import Tx
from guildhall.domains.site.configuration import Configuration, Outcome, Snapshot, change_configuration
from guildhall.domains.site.errors import ConfigurationMoved, SetupCompleted
from guildhall.domains.site.queries import FIRST_CHANGE
from guildhall.domains.site.sections import TOKEN

GRACE: Final = timedelta(minutes=10)
"""How long after it the setup's token may still start the bot anew."""

NEEDED_INTENTS: Final[Mapping[str, int]] = {"GUILD_MEMBERS": 3 << 14, "MESSAGE_CONTENT": 3 << 18}
"""What the bot must be allowed to hear, by the flags of its application, of which either one of two allows it."""

NEEDED_PERMISSIONS: Final[Mapping[str, int]] = {
    "MANAGE_CHANNELS": 1 << 4,
    "ADD_REACTIONS": 1 << 6,
    "VIEW_AUDIT_LOG": 1 << 7,
    "VIEW_CHANNEL": 1 << 10,
    "SEND_MESSAGES": 1 << 11,
    "MANAGE_MESSAGES": 1 << 13,
    "EMBED_LINKS": 1 << 14,
    "ATTACH_FILES": 1 << 15,
    "READ_MESSAGE_HISTORY": 1 << 16,
    "MANAGE_ROLES": 1 << 28,
}
"""What the bot must be allowed to do in a guild whose tickets it keeps."""

ADMINISTRATOR: Final = 1 << 3
CATEGORY: Final = 4
"""Discord's number for a channel that holds others."""


class Unfit(Exception):
    """What somebody wants to use does not do; the message says why. `away` when Discord could not be asked."""

    def __init__(self, reason: str, *, away: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.away = away


@dataclass(frozen=True)
class FoundBot:
    """A bot by its token; `flags` are those of its application."""

    id: str
    username: str
    avatar: str | None
    flags: int

    @property
    def missing_intents(self) -> list[str]:
        """What it must still be allowed to hear."""
        return [name for name, flags in NEEDED_INTENTS.items() if not self.flags & flags]


@dataclass(frozen=True)
class FoundGuild:
    """A guild that a bot is in; `permissions` are what the bot may do there."""

    id: str
    name: str
    icon: str | None
    permissions: int

    @property
    def missing_permissions(self) -> list[str]:
        """What the bot must still be allowed to do."""
        if self.permissions & ADMINISTRATOR:
            return []
        return [name for name, flag in NEEDED_PERMISSIONS.items() if not self.permissions & flag]


@dataclass(frozen=True)
class FoundChannel:
    """A channel that a bot can see; `kind` is Discord's number."""

    id: str
    name: str
    kind: int


class Prober(Protocol):
    """Asks Discord about what is not configured yet. Everything raises Unfit."""

    async def bot(self, token: str) -> FoundBot:
        """Return whose token it is."""

    async def guilds(self, token: str) -> list[FoundGuild]:
        """Return the guilds that a bot is in, 200 at most, by their names."""

    async def guild(self, token: str, guild_id: int) -> FoundGuild:
        """Return a guild that a bot is in."""

    async def channels(self, token: str, guild_id: int) -> list[FoundChannel]:
        """Return the channels that a bot can see, in Discord's order."""

    async def channel(self, token: str, guild_id: int, channel_id: int) -> FoundChannel:
        """Return a channel of a guild that a bot can see."""

    async def check_application(self, client_id: int, secret: str) -> None:
        """Return when Discord knows an application by this secret."""


def needs_setup(snapshot: Snapshot, *, is_ruled: bool) -> bool:
    """Tell whether nobody has said yet which bot it is and, unless `is_ruled`, who rules the desk.

    Whoever names a token in the environment, as the simulator does, needs no setup.
    """
    return snapshot.version == 0 and not is_ruled and not snapshot.secret(TOKEN)


async def save_setup(tx: Tx, values: Mapping[str, object], *, site: Configuration, now: datetime) -> Outcome:
    """Store the first configuration, which ends the setup for good. Raises SetupCompleted, and as any change does."""
    try:
        return await change_configuration(tx, SYSTEM, values, site=site, version=0, now=now)
    except ConfigurationMoved as fault:
        raise SetupCompleted from fault


async def was_just_set_up(tx: Tx, *, now: datetime) -> bool:
    """Tell whether the setup ended in the last minutes."""
    first = await tx.one(FIRST_CHANGE)
    return first is not None and first.actor == SYSTEM.kind.value and now - first.at <= GRACE
