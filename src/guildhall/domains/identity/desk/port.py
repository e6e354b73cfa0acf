"""What the desk asks Discord for. The port; an adapter fulfils it."""

from dataclasses import dataclass
from typing import Protocol

import msgspec


class Standing(msgspec.Struct, frozen=True):
    """How somebody stands on the staff server: the ids of their roles, and whether they own or administer it.

    Everybody there has the role whose id is the server's; whoever is not there has none.
    """

    role_ids: frozenset[int] = frozenset()
    administers: bool = False


NOBODY = Standing()


@dataclass(frozen=True)
class StaffMember:
    """Somebody on the staff server. `avatar` is Discord's hash of their picture, `discriminator` is "0" for most."""

    id: int
    username: str
    display_name: str
    discriminator: str
    avatar: str | None
    role_ids: tuple[int, ...]


@dataclass(frozen=True)
class StaffRole:
    """A role of the staff server; those at a larger position stand higher, `color` is 0xRRGGBB."""

    id: int
    name: str
    color: int
    position: int


class StaffServer(Protocol):
    """A server on Discord at this very moment. Whatever is asked raises NoStaffServer, StaffServerAway."""

    @property
    def guild_id(self) -> int:
        """The server's id, 0 while there is none."""

    async def standing_of(self, discord_id: int) -> Standing:
        """Return how somebody stands, NOBODY for whoever is not there."""

    async def members(self, *, after: int, limit: int) -> list[StaffMember]:
        """Return up to 1000 members by id, from beyond `after`."""

    async def members_named(self, beginning: str) -> list[StaffMember]:
        """Return members, 1000 at most, one of whose names begins so, by id."""

    async def roles(self) -> list[StaffRole]:
        """Return the roles, highest first."""

    async def avatar_of(self, discord_id: int) -> str | None:
        """Return Discord's hash of anybody's picture, None for whoever has none."""
