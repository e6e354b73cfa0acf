"""Queueing what is to be said in Discord, in the transaction of what it is about."""

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, update

from guildhall.core.actor import Actor
from guildhall.core.db import Tx, command
from guildhall.domains import audit
from guildhall.domains.tickets.models import Delivery, Kind, Message, Ticket, TicketState, Transport, ticket_messages
from guildhall.domains.tickets.relay.models import (
    CHANNEL,
    LOG,
    USER,
    Button,
    NewPost,
    Post,
    PostState,
    Say,
    Target,
    ticket_posts,
)
from guildhall.domains.tickets.relay.queries import FIRST_TO_USER, PENDING

TOPIC: Final = "tickets.posts"
"""The topic under which is told that something waits to be said."""

LOG_LANE: Final = "log"
TRANSCRIPT_LANE: Final = "transcripts"

_waits = ticket_posts.c.state == "waiting"
CANCEL_ENDS = command(
    delete(ticket_posts).where(
        ticket_posts.c.ticket_id == bindparam("ticket"), _waits, ticket_posts.c.lane == bindparam("ends_in")
    )
)
CANCEL_NAMES = command(
    delete(ticket_posts).where(
        ticket_posts.c.ticket_id == bindparam("ticket"),
        _waits,
        ticket_posts.c.lane == bindparam("names_in"),
        ticket_posts.c.nonce.is_(None),
    )
)
UNDELIVERED = command(
    update(ticket_messages)
    .where(ticket_messages.c.id == bindparam("message"), ticket_messages.c.delivery == Delivery.FAILED.value)
    .values(delivery=Delivery.PENDING.value, delivery_error=None)
)


async def queue_post(
    tx: Tx,
    ticket: Ticket,
    *,
    to: Target,
    post: Post,
    message_id: int | None = None,
    due_at: datetime | None = None,
    now: datetime,
) -> None:
    """Let something be said in a ticket's channel, to its user, or in the log channel, in order for each of them.

    It goes out while the bot is connected, to a channel once that is there. With `due_at` it waits until then, and so
    does what is queued for that place after it.
    """
    lane = {Target.CHANNEL: lane_of(ticket), Target.USER: f"user:{ticket.user_id}", Target.LOG: LOG_LANE}[to]
    await _put(tx, ticket.id, to, lane, ticket.user_id if to is USER else None, message_id, post, due_at or now, now)


async def queue_for_user(tx: Tx, user_id: str, post: Post, *, now: datetime) -> None:
    """Let something be said to somebody of Discord who has no ticket."""
    await _put(tx, None, USER, f"user:{user_id}", user_id, None, post, now, now)


async def queue_for_log(tx: Tx, post: Post, *, now: datetime) -> None:
    """Let something be said in the log channel that is about no ticket that is still there."""
    await _put(tx, None, Target.LOG, LOG_LANE, None, None, post, now, now)


async def queue_removal(tx: Tx, *, channel_id: int, discord_id: int, due_at: datetime, now: datetime) -> None:
    """Let something that the bot has said in Discord be taken away at a time."""
    post = Post(say=Say.REMOVE, fields={"channel": str(channel_id), "message": str(discord_id)})
    # In a lane of its own, because nothing else is to wait for that time.
    await _put(tx, None, LOG, f"remove:{discord_id}", None, None, post, due_at, now)


async def pending_posts(tx: Tx) -> int:
    """Return how many posts wait to go out."""
    return await tx.one(PENDING) or 0


def destinations_of(ticket: Ticket, kind: Kind, *, written_in: int | None) -> list[Target]:
    """Return where a message of this kind is copied to; `written_in` is the channel of Discord it was written in.

    Only tickets with a channel, be it still to be made, have copies. Whatever is said in a relayed ticket is in its
    channel, and what staff reply goes to the user too. In the channel of a direct one the user reads along.
    """
    if not in_discord(ticket):
        return []
    is_here = written_in is not None and written_in == ticket.channel_id
    if ticket.transport is Transport.DIRECT:
        return [] if is_here or kind is Kind.NOTE else [CHANNEL]
    to_user = [USER] if kind is Kind.STAFF else []
    return to_user if is_here else [*to_user, CHANNEL]


def in_discord(ticket: Ticket) -> bool:
    """Tell whether a ticket has a channel, or is to get one."""
    return ticket.channel_id is not None or ticket.state is TicketState.OPENING


async def queue_copies(tx: Tx, ticket: Ticket, message: Message, *, written_in: int | None) -> None:
    """Let a new message be shown wherever it belongs and was not written."""
    for to in destinations_of(ticket, message.kind, written_in=written_in):
        await queue_post(tx, ticket, to=to, post=Post(say=Say.MESSAGE), message_id=message.id, now=message.created_at)


async def queue_changes(tx: Tx, ticket: Ticket, message: Message, *, now: datetime) -> None:
    """Let the copies of a message read as it does now. A deleted reply is taken from the user, staff see it marked."""
    if ticket.closed or not in_discord(ticket):
        return
    for to in destinations_of(ticket, message.kind, written_in=None):
        say = Say.DELETE if message.deleted_at is not None and to is USER else Say.EDIT
        await queue_post(tx, ticket, to=to, post=Post(say=say), message_id=message.id, now=now)


async def queue_again(tx: Tx, actor: Actor, ticket: Ticket, message: Message, *, now: datetime) -> None:
    """Try once more to bring the user a reply that did not reach them; nothing happens to any other message."""
    if message.kind is not Kind.STAFF or ticket.closed or await tx.run(UNDELIVERED, message=message.id) != 1:
        return
    to = USER if ticket.transport is Transport.RELAY else CHANNEL
    await queue_post(tx, ticket, to=to, post=Post(say=Say.MESSAGE), message_id=message.id, now=now)
    await audit.record(tx, actor, "ticket.delivered_again", ticket.id, now=now, message=message.id)


async def queue_opening(tx: Tx, ticket: Ticket, *, now: datetime) -> None:
    """Let the channel of a new ticket begin with who its user is."""
    await queue_post(tx, ticket, to=CHANNEL, post=Post(say=Say.RECAP), now=now)
    fields = {"number": str(ticket.number), "user": ticket.user_name, "ticket": ticket.id}
    await queue_post(tx, ticket, to=LOG, post=Post(say=Say.WORDS, words="desk.log.opened", fields=fields), now=now)


async def queue_welcome(tx: Tx, ticket: Ticket, *, now: datetime) -> None:
    """Let the user be welcomed, unless the ticket is a silent one."""
    if not ticket.silent:
        await queue_post(tx, ticket, to=USER, post=Post(say=Say.WELCOME), now=now)


async def was_welcomed(tx: Tx, ticket: Ticket) -> bool | None:
    """Tell whether the first words to its user have reached them; None while nobody knows, or when there are none."""
    first = await tx.one(FIRST_TO_USER, ticket_id=ticket.id)
    if first is None or first.state is PostState.WAITING:
        return None
    return first.state is PostState.SENT


async def queue_closing(tx: Tx, ticket: Ticket, *, silent: bool, now: datetime) -> None:
    """Let the user know that their ticket is closed, and the channel come to its end."""
    if not in_discord(ticket):
        return
    if ticket.transport is Transport.RELAY and not silent:
        post = Post(say=Say.CLOSED, text=ticket.close_reason or "", buttons=[Button.REOPEN, Button.RATE])
        await queue_post(tx, ticket, to=USER, post=post, now=now)
    fields = {
        "number": str(ticket.number),
        "user": ticket.user_name,
        "ticket": ticket.id,
        "by": ticket.closed_by or "",
        "reason": ticket.close_reason or "-",
    }
    await queue_post(tx, ticket, to=LOG, post=Post(say=Say.WORDS, words="desk.log.closed", fields=fields), now=now)
    await _put(tx, ticket.id, CHANNEL, _ends_of(ticket), None, None, Post(say=Say.END), now, now)


async def queue_transcript(tx: Tx, ticket: Ticket, *, now: datetime) -> None:
    """Let the transcript of a closed ticket be posted where the staff keep them."""
    await _put(tx, ticket.id, LOG, TRANSCRIPT_LANE, None, None, Post(say=Say.TRANSCRIPT), now, now)


async def queue_reopening(tx: Tx, ticket: Ticket, *, now: datetime) -> None:
    """Let the channel of a ticket that is open again begin with what was said last; its end is called off."""
    await tx.run(CANCEL_ENDS, ticket=ticket.id, ends_in=_ends_of(ticket))
    if in_discord(ticket):
        await queue_post(tx, ticket, to=CHANNEL, post=Post(say=Say.HISTORY), now=now)


async def queue_name(tx: Tx, ticket: Ticket, *, now: datetime) -> None:
    """Let the channel of a ticket be named after how the ticket is once it comes to that."""
    if ticket.channel_id is not None and not ticket.closed:
        # One that is under way may be about what was before; all others would do the same.
        await tx.run(CANCEL_NAMES, ticket=ticket.id, names_in=names_of(ticket))
        await _put(tx, ticket.id, CHANNEL, names_of(ticket), None, None, Post(say=Say.NAME), now, now)


def lane_of(ticket: Ticket) -> str:
    """Return the lane of what is said in a ticket's channel."""
    return f"ticket:{ticket.id}"


def names_of(ticket: Ticket) -> str:
    """Return the lane of what a channel is called: Discord takes few names, and nothing else waits behind them."""
    return f"name:{ticket.id}"


def _ends_of(ticket: Ticket) -> str:
    """Return the lane of what a channel comes to: it may wait for days, and nothing else waits behind it."""
    return f"end:{ticket.id}"


async def _put(
    tx: Tx,
    ticket_id: str | None,
    target: Target,
    lane: str,
    user_id: str | None,
    message_id: int | None,
    post: Post,
    due_at: datetime,
    now: datetime,
) -> None:
    await tx.insert(
        NewPost(
            ticket_id=ticket_id,
            target=target,
            lane=lane,
            user_id=user_id,
            message_id=message_id,
            payload=post,
            queued_at=now,
            due_at=due_at,
        )
    )
    tx.announce(TOPIC, lane=lane)
