"""How tickets end, now or at a time that somebody planned, and how they are opened again."""

from datetime import datetime, timedelta
from typing import Any, Final

from msgspec.structs import replace
from sqlalchemy import bindparam, update

from guildhall.core import outbox
from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.core.errors import InvalidField
from guildhall.domains import audit
from guildhall.domains.site.sections import TicketSettings
from guildhall.domains.tickets.conversation import write_line
from guildhall.domains.tickets.endings import HAND_OUT, Ended
from guildhall.domains.tickets.errors import (
    InvalidTime,
    OwnerMayNotClose,
    TicketAlreadyOpen,
    TicketClosed,
    TicketOpen,
    TooLate,
    TooManyReopens,
)
from guildhall.domains.tickets.models import Ticket, TicketState, Transport, tickets
from guildhall.domains.tickets.news import tell_of_ticket
from guildhall.domains.tickets.opening import check_open
from guildhall.domains.tickets.queries import CLOSING_WORDS, DUE_TO_CLOSE, LIVE_RELAY
from guildhall.domains.tickets.relay.queueing import in_discord, queue_closing, queue_reopening
from guildhall.domains.tickets.reminders.alerting import forget_wishes
from guildhall.domains.tickets.tallies import count_in, count_out

LONGEST_REASON: Final = 1000
LONGEST_PLAN: Final = timedelta(days=366)

_PLAN = ("close_at", "close_planned_by", "close_planned_reason", "close_planned_silent")
_END = ("state", "closed", "closed_at", "closed_by", "close_reason", "quiet_since", *_PLAN)
_AGAIN = (*_END, "claimed_by", "assigned_to", "reopen_count", "user_reopen_count")
_ticket = tickets.c.id == bindparam("ticket")
PLAN = command(update(tickets).where(_ticket).values({name: bindparam(f"new_{name}") for name in _PLAN}))
CLOSE = command(update(tickets).where(_ticket).values({name: bindparam(f"new_{name}") for name in _END}))
REOPEN = command(update(tickets).where(_ticket).values({name: bindparam(f"new_{name}") for name in _AGAIN}))


async def close_ticket(
    tx: Tx, actor: Actor, ticket: Ticket, *, by: str, reason: str | None = None, silent: bool = False, now: datetime
) -> Ticket:
    """End a ticket. `by` is a person, or a word such as `inactivity`. The ticket is locked.

    Raises TicketClosed, InvalidField.
    """
    if ticket.closed:
        raise TicketClosed
    reason = _valid_reason(reason)
    closed = replace(
        ticket,
        state=TicketState.CLOSED,
        closed=True,
        closed_at=now,
        closed_by=by,
        close_reason=reason,
        quiet_since=None,
        close_at=None,
        close_planned_by=None,
        close_planned_reason=None,
        close_planned_silent=False,
    )
    await tx.run(CLOSE, ticket=ticket.id, **_renamed(closed, _END))
    await count_out(tx, ticket)
    await count_in(tx, closed)
    said = None if silent else reason
    if said is not None:
        await write_line(tx, closed, CLOSING_WORDS + said, now=now)
    await write_line(tx, closed, "Ticket successfully closed.", now=now)
    await forget_wishes(tx, closed)
    await queue_closing(tx, closed, silent=silent, now=now)
    await outbox.put(tx, HAND_OUT, Ended(closed.id, closed.reopen_count), now=now)
    await audit.record(tx, actor, "ticket.closed", ticket.id, now=now, by=by, reason=reason, silent=silent)
    tell_of_ticket(tx, "closed", closed, close_message=said)
    return closed


async def plan_close(
    tx: Tx,
    actor: Actor,
    ticket: Ticket,
    *,
    by: str,
    at: datetime | None,
    reason: str | None = None,
    silent: bool = False,
    now: datetime,
) -> Ticket:
    """Let a ticket close at a time, or with None no more. The ticket is locked.

    Raises TicketClosed, InvalidTime, InvalidField.
    """
    if ticket.closed:
        raise TicketClosed
    if at is not None and not now < at <= now + LONGEST_PLAN:
        raise InvalidTime
    planned = replace(
        ticket,
        close_at=at,
        close_planned_by=by if at else None,
        close_planned_reason=_valid_reason(reason) if at else None,
        close_planned_silent=silent if at else False,
    )
    if planned != ticket:
        await tx.run(PLAN, ticket=ticket.id, **_renamed(planned, _PLAN))
        when = at.isoformat() if at else None
        await audit.record(tx, actor, "ticket.close_planned", ticket.id, now=now, at=when)
        tell_of_ticket(tx, "updated", planned)
    return planned


async def due_to_close(tx: Tx, *, now: datetime, limit: int = 100) -> list[Ticket]:
    """Return tickets whose planned end has come, the longest due first."""
    return await tx.all(DUE_TO_CLOSE, now=now, limit=limit)


async def reopen_ticket(tx: Tx, actor: Actor, ticket: Ticket, *, by_user: bool = False, now: datetime) -> Ticket:
    """Open a closed ticket again, with nobody who has claimed it. The ticket is locked.

    One that had a channel is `opening` until that is there again. Raises TicketOpen, and TicketAlreadyOpen when the
    user has another relayed ticket by now.
    """
    if not ticket.closed:
        raise TicketOpen
    if ticket.transport is Transport.RELAY:
        live = await tx.one(LIVE_RELAY, guild_id=ticket.guild_id, user_id=ticket.user_id)
        if live is not None:
            raise TicketAlreadyOpen(ticket_id=live.id)
    opened = replace(
        ticket,
        state=TicketState.OPENING if in_discord(ticket) else TicketState.OPEN,
        closed=False,
        closed_at=None,
        closed_by=None,
        close_reason=None,
        claimed_by=None,
        assigned_to=None,
        reopen_count=ticket.reopen_count + 1,
        user_reopen_count=ticket.user_reopen_count + by_user,
    )
    await tx.run(REOPEN, ticket=ticket.id, clash=TicketAlreadyOpen, **_renamed(opened, _AGAIN))
    await count_out(tx, ticket)
    await count_in(tx, opened)
    await queue_reopening(tx, opened, now=now)
    await write_line(tx, opened, "Ticket has been reopened", now=now)
    await audit.record(tx, actor, "ticket.reopened", ticket.id, now=now, by_user=by_user)
    tell_of_ticket(tx, "reopened", opened)
    return opened


async def close_as_owner(
    tx: Tx, actor: Actor, ticket: Ticket, *, rules: TicketSettings, reason: str | None = None, now: datetime
) -> Ticket:
    """Let its user end a ticket. The ticket is locked. Raises OwnerMayNotClose, and what `close_ticket` does."""
    if not rules.owner_can_close:
        raise OwnerMayNotClose
    return await close_ticket(tx, actor, ticket, by=ticket.user_id, reason=reason, now=now)


async def reopen_as_owner(tx: Tx, actor: Actor, ticket: Ticket, *, rules: TicketSettings, now: datetime) -> Ticket:
    """Let its user open a closed ticket again, as often as they may. The ticket is locked.

    Raises OwnerMayNotClose, TooManyReopens, TooManyOpen, and what `reopen_ticket` does.
    """
    if not ticket.closed:
        raise TicketOpen
    if not rules.owner_can_close:
        raise OwnerMayNotClose
    if ticket.user_reopen_count >= rules.max_user_reopens:
        raise TooManyReopens
    if ticket.transport is not Transport.RELAY:
        await check_open(tx, ticket.user_id, rules.max_open_per_user)
    return await reopen_ticket(tx, actor, ticket, by_user=True, now=now)


async def reopen_within(tx: Tx, actor: Actor, ticket: Ticket, *, rules: TicketSettings, now: datetime) -> Ticket:
    """Let its user open a closed ticket again for as long as they may. The ticket is locked.

    Raises TooLate, and what `reopen_as_owner` does.
    """
    if ticket.closed_at is not None and now > ticket.closed_at + timedelta(hours=rules.reopen_window_hours):
        raise TooLate
    return await reopen_as_owner(tx, actor, ticket, rules=rules, now=now)


def _valid_reason(reason: str | None) -> str | None:
    text = (reason or "").strip()
    if len(text) > LONGEST_REASON:
        raise InvalidField(f"A reason has at most {LONGEST_REASON} characters", field="reason")
    return text or None


def _renamed(ticket: Ticket, names: tuple[str, ...]) -> dict[str, Any]:
    return {f"new_{name}": getattr(ticket, name) for name in names}
