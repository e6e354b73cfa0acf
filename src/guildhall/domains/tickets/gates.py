"""Gates before the desk: who comes too soon after they came to Discord, to the community, or from their last ticket.

They hold for those who write by themselves and have no ticket, and slow down those who write faster than is allowed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from guildhall.core import ids
from guildhall.core.db import Tx
from guildhall.domains.site.sections import GateSettings
from guildhall.domains.tickets.models import Ticket
from guildhall.domains.tickets.queries import LAST_CLOSED, LATEST_OF_USER

MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Shut:
    """A gate that somebody stands before, by what it goes by, and when it lets them in."""

    what: str
    until: datetime


async def gate_before(
    tx: Tx, settings: GateSettings, *, user_id: str, joined_at: datetime | None, guild_id: int, now: datetime
) -> Shut | None:
    """Return the gate that keeps a member out for the longest, None when all are open to them.

    Who joined at a time that Discord does not tell passes the gate of members.
    """
    opens: dict[str, datetime] = {}
    if settings.account_age_hours:
        opens["account"] = ids.born(int(user_id)) + timedelta(hours=settings.account_age_hours)
    if settings.membership_age_hours and joined_at is not None:
        opens["membership"] = joined_at + timedelta(hours=settings.membership_age_hours)
    if settings.cooldown_minutes:
        last = await tx.one(LAST_CLOSED, user_id=user_id, guild_id=guild_id)
        if last is not None and last.closed_at is not None:
            opens["cooldown"] = last.closed_at + timedelta(minutes=settings.cooldown_minutes)
    shut = [Shut(what, until) for what, until in opens.items() if until > now]
    return max(shut, key=lambda each: each.until, default=None)


async def is_too_fast(tx: Tx, settings: GateSettings, ticket: Ticket, *, now: datetime) -> bool:
    """Tell whether the user of a ticket has written as much in the last minute as they may."""
    if not settings.messages_per_minute:
        return False
    earliest = await tx.one(LATEST_OF_USER, ticket=ticket.id, skipped=settings.messages_per_minute - 1)
    return earliest is not None and earliest > now - MINUTE
