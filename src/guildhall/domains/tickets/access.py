"""Who else sees the channel of a ticket, and what became of it: Discord has the truth, and this is who did it."""

from datetime import datetime

from guildhall.core.actor import Actor
from guildhall.core.db import Tx
from guildhall.domains import audit
from guildhall.domains.tickets.models import Ticket


async def note_access(
    tx: Tx, actor: Actor, ticket: Ticket, *, subject: int, is_role: bool, allowed: bool, now: datetime
) -> None:
    """Note that a user or a role of Discord's was let into a ticket's channel, or kept out of it again."""
    act = "ticket.access_given" if allowed else "ticket.access_taken"
    said = {"subject": str(subject), "subject_type": "role" if is_role else "user"}
    await audit.record(tx, actor, act, ticket.id, now=now, **said)


async def note_channel_removed(tx: Tx, actor: Actor, ticket: Ticket, channel_id: int, *, now: datetime) -> None:
    """Note that somebody had the channel removed which a closed ticket left behind."""
    await audit.record(tx, actor, "ticket.channel_removed", ticket.id, now=now, channel=str(channel_id))
