"""Who is staff: what somebody holds at the desk by their place on Discord.

Discord says which roles somebody has, and is asked once a minute for each of them. While it cannot be asked, the last
answer counts for ten minutes; then only what was given to the person themselves does. Nobody is signed out by that.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import msgspec

from guildhall.core.actor import Actor
from guildhall.core.cache import Cache
from guildhall.core.clock import Clock
from guildhall.core.db import Tx
from guildhall.core.log import get_logger
from guildhall.domains.identity.desk.errors import NoStaffServer, StaffServerAway
from guildhall.domains.identity.desk.port import NOBODY, StaffServer, Standing
from guildhall.domains.identity.desk.queries import GRANTED
from guildhall.domains.identity.permissions import Permission, lent

log = get_logger(__name__)

FRESH: Final = timedelta(minutes=1)
KNOWN: Final = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class DeskRules:
    """Whom the settings name, by ids of Discord: super administrators, and roles that handle tickets."""

    super_users: frozenset[int] = frozenset()
    super_roles: frozenset[int] = frozenset()
    ticket_roles: frozenset[int] = frozenset()

    def held_by(self, discord_id: int, standing: Standing) -> set[Permission]:
        """Return what somebody holds without any grant."""
        if standing.administers or discord_id in self.super_users or standing.role_ids & self.super_roles:
            return {Permission.RULE_DESK}
        return {Permission.MANAGE_TICKETS} if standing.role_ids & self.ticket_roles else set()


class Known(msgspec.Struct, frozen=True):
    """What is known of somebody's standing since when; `answered` says that the server itself told it."""

    standing: Standing
    asked_at: datetime
    answered: bool = True

    @property
    def has_left(self) -> bool:
        """Whether the server said that they are not there."""
        return self.answered and self.standing == NOBODY


class _KnownAvatar(msgspec.Struct, frozen=True):
    avatar: str | None


@dataclass
class Staff:
    """The staff's server, with what it last said of each person."""

    server: StaffServer
    rules: DeskRules
    cache: Cache
    clock: Clock
    _quiet_until: datetime | None = field(default=None, init=False)

    async def standing_of(self, discord_id: int) -> Standing:
        """Return how somebody stands, as far as that is known. Raises nothing."""
        known = await self.known_of(discord_id)
        return known.standing if known else NOBODY

    async def known_of(self, discord_id: int) -> Known | None:
        """Return what is known of somebody, None when Discord did not say it lately. Raises nothing."""
        key, now = self._key(discord_id), self.clock.now()
        content = await self.cache.get(key)
        known = msgspec.json.decode(content, type=Known) if content else None
        if known is not None and now - known.asked_at < FRESH:
            return known
        told = await self._ask(discord_id, now)
        if told is None:
            return known if known is not None and now - known.asked_at < KNOWN else None
        await self.cache.set(key, msgspec.json.encode(told), ttl=KNOWN)
        return told

    async def forget(self, discord_id: int) -> None:
        """Ask the server anew about somebody, of whom something was heard elsewhere."""
        await self.cache.delete(self._key(discord_id))

    def _key(self, discord_id: int) -> str:
        return f"desk:standing:{self.server.guild_id}:{discord_id}"

    async def avatar_of(self, discord_id: int) -> str | None:
        """Return Discord's hash of somebody's picture; None for whoever has none, or when Discord cannot be asked."""
        key = f"desk:avatar:{discord_id}"
        content = await self.cache.get(key)
        if content is not None:
            return msgspec.json.decode(content, type=_KnownAvatar).avatar
        try:
            avatar = await self.server.avatar_of(discord_id)
        except (NoStaffServer, StaffServerAway):
            return None  # A picture is worth no refusal.
        await self.cache.set(key, msgspec.json.encode(_KnownAvatar(avatar)), ttl=KNOWN)
        return avatar

    async def _ask(self, discord_id: int, now: datetime) -> Known | None:
        # Each request would wait for a Discord that does not answer, so for a while nobody asks.
        if self._quiet_until is not None and now < self._quiet_until:
            return None
        try:
            return Known(await self.server.standing_of(discord_id), now)
        except NoStaffServer:
            return Known(NOBODY, now, answered=False)
        except StaffServerAway as fault:
            self._quiet_until = now + timedelta(seconds=int(str(fault.details["retry_after"])))
            log.warning("Roles on the staff server are not known", reason=fault.message)
            return None


async def at_desk(tx: Tx, actor: Actor, *, discord_id: int, standing: Standing, rules: DeskRules) -> Actor:
    """Return the person who acts, with what they hold at the desk beside what the house lets them do.

    `discord_id` is theirs, `standing` how they stand on the staff server.
    """
    roles = frozenset(str(each) for each in standing.role_ids)
    granted = await tx.all(GRANTED[tx.engine], me=str(discord_id), roles=sorted(roles))
    held = {Permission(each) for each in (*actor.permissions, *granted)}
    permissions = lent(actor.method, held | rules.held_by(discord_id, standing))
    return replace(actor, permissions=permissions, desk_roles=roles)
