"""Reading what passes between Discord and the desk."""

from datetime import datetime

from sqlalchemy import Integer, and_, bindparam, case, exists, func, not_, or_, select, text

from guildhall.core.db import query
from guildhall.domains.tickets.models import Ticket, ticket_messages, tickets
from guildhall.domains.tickets.relay.models import (
    Copy,
    Cursor,
    Incoming,
    Intake,
    Invitation,
    QueuedPost,
    ticket_copies,
    ticket_cursors,
    ticket_incoming,
    ticket_intakes,
    ticket_invitations,
    ticket_posts,
)

_limit = bindparam("limit", type_=Integer)
# Partial indexes serve only statements that say so in their text.
_waits = text("ticket_posts.state = 'waiting'")
_post_columns = [ticket_posts.c[name] for name in QueuedPost.__struct_fields__]
_other = ticket_posts.alias("other")
_first = (
    select(func.min(_other.c.seq))
    .where(_other.c.lane == ticket_posts.c.lane, text("other.state = 'waiting'"))
    .scalar_subquery()
)
_by_urgency = case((ticket_posts.c.target == "user", 0), (ticket_posts.c.target == "channel", 1), else_=2)

HEADS = query(
    str,
    select(ticket_posts.c.lane)
    .outerjoin(tickets, tickets.c.id == ticket_posts.c.ticket_id)
    .where(
        _waits,
        ticket_posts.c.seq == _first,
        ticket_posts.c.due_at <= bindparam("now"),
        # Nothing is said of a ticket before its channel is there: it may be refused one. Whoever pressed a button is
        # welcomed before, because where its channel is made depends on whether they can be written to.
        or_(
            ticket_posts.c.target == "log",
            tickets.c.state.is_(None),
            tickets.c.state != "opening",
            and_(ticket_posts.c.target == "user", tickets.c.origin == "button"),
        ),
    )
    .order_by(_by_urgency, ticket_posts.c.seq)
    .limit(_limit),
)
HEAD = query(
    QueuedPost,
    select(*_post_columns)
    .where(_waits, ticket_posts.c.lane == bindparam("lane"))
    .order_by(ticket_posts.c.seq)
    .limit(1),
)
FIRST_TO_USER = query(
    QueuedPost,
    select(*_post_columns)
    .where(ticket_posts.c.ticket_id == bindparam("ticket_id"), text("ticket_posts.target = 'user'"))
    .order_by(ticket_posts.c.seq)
    .limit(1),
)
RENAMED = query(
    datetime,
    select(ticket_posts.c.ended_at)
    .where(
        ticket_posts.c.ticket_id == bindparam("ticket_id"),
        ticket_posts.c.lane == bindparam("lane"),
        ticket_posts.c.state == "sent",
        ticket_posts.c.error.is_(None),
        ticket_posts.c.ended_at > bindparam("since"),
    )
    .order_by(ticket_posts.c.ended_at),
)
PENDING = query(int, select(func.count()).select_from(ticket_posts).where(_waits))

_is_unwelcomed = exists().where(_waits, ticket_posts.c.ticket_id == tickets.c.id, ticket_posts.c.target == "user")
OPENING = query(
    Ticket,
    select(tickets)
    .where(text("tickets.state = 'opening'"), not_(and_(tickets.c.origin == "button", _is_unwelcomed)))
    .order_by(tickets.c.number),
)

COPY = query(Copy, select(ticket_copies).where(ticket_copies.c.discord_id == bindparam("discord_id")))
COPIES = query(
    Copy,
    select(ticket_copies)
    .where(ticket_copies.c.message_id == bindparam("message_id"))
    .order_by(ticket_copies.c.channel_id, ticket_copies.c.part),
)

SHOWN_IN = query(
    int,
    select(ticket_copies.c.discord_id)
    .join(ticket_messages, ticket_messages.c.id == ticket_copies.c.message_id)
    .where(ticket_messages.c.ticket_id == bindparam("ticket_id"), ticket_copies.c.channel_id == bindparam("channel_id"))
    .limit(1),
)

_incoming_columns = [ticket_incoming.c[name] for name in Incoming.__struct_fields__]
INCOMING = query(Incoming, select(*_incoming_columns).where(ticket_incoming.c.message_id == bindparam("message_id")))
_is_new = text("ticket_incoming.state = 'waiting'")
WAITING = query(
    Incoming,
    select(*_incoming_columns)
    .where(_is_new, ticket_incoming.c.lane == bindparam("lane"))
    .order_by(ticket_incoming.c.message_id),
)
WAITING_LANES = query(int, select(ticket_incoming.c.lane).where(_is_new).distinct())
WAITING_CHANNELS = query(int, select(ticket_incoming.c.channel_id).where(_is_new).distinct())

INTAKE = query(Intake, select(ticket_intakes).where(ticket_intakes.c.user_id == bindparam("user_id")))
DUE_INTAKES = query(
    Intake,
    select(ticket_intakes).where(ticket_intakes.c.ends_at <= bindparam("now")).order_by(ticket_intakes.c.ends_at),
)
INVITATION = query(Invitation, select(ticket_invitations))
CURSOR = query(Cursor, select(ticket_cursors).where(ticket_cursors.c.channel_id == bindparam("channel_id")))
DM_CURSORS = query(
    Cursor,
    select(ticket_cursors).where(
        ticket_cursors.c.user_id.is_not(None), ticket_cursors.c.active_at >= bindparam("since")
    ),
)
TICKETS_WITH_CHANNELS = query(
    Ticket,
    select(tickets).where(tickets.c.closed.is_(False), tickets.c.channel_id.is_not(None)).order_by(tickets.c.number),
)
