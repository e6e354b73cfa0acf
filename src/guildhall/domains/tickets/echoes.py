"""What people do to messages in Discord after they wrote them, and what is known of them by Discord's ids."""

from datetime import datetime

from sqlalchemy import bindparam, update

from guildhall.core.actor import Actor, ActorKind
from guildhall.core.db import Tx, command, insert_if_new
from guildhall.domains.tickets.closing import close_ticket
from guildhall.domains.tickets.conversation import delete_message, edit_message
from guildhall.domains.tickets.errors import EmptyMessage, MessageDeleted, MessageNotFound, MessageTooLong
from guildhall.domains.tickets.models import Kind, Message, Person, Ticket, TicketState
from guildhall.domains.tickets.queries import ANY_MESSAGE, LIVE_RELAY, MESSAGE, TICKET_LOCKED
from guildhall.domains.tickets.relay.models import (
    LOG,
    Copy,
    CopyRole,
    Cursor,
    Post,
    Say,
    ticket_cursors,
    ticket_incoming,
)
from guildhall.domains.tickets.relay.queries import (
    COPIES,
    COPY,
    CURSOR,
    DM_CURSORS,
    INCOMING,
    OPENING,
    TICKETS_WITH_CHANNELS,
    WAITING_CHANNELS,
)
from guildhall.domains.tickets.relay.queueing import queue_post

LONGEST_SHOWN = 300
"""How much of an edited message the log shows."""

CORRECT = command(
    update(ticket_incoming)
    .where(ticket_incoming.c.message_id == bindparam("heard"), ticket_incoming.c.state == "waiting")
    .values(content=bindparam("new_content"))
)
KNOW_CHANNEL = insert_if_new(ticket_cursors)


async def hear_edit(tx: Tx, discord_id: int, content: str, *, now: datetime) -> None:
    """Take in that somebody has changed what they wrote in Discord. What is no message of a ticket is left alone."""
    if await tx.run(CORRECT, heard=discord_id, new_content=content):
        return
    found = await _written(tx, discord_id)
    if found is None:
        return
    ticket, message = found
    author = Person(message.author_id or "", message.author_name)
    came = await tx.one(INCOMING, message_id=discord_id)
    content = came.text(content) if came is not None else content
    try:
        edited = await edit_message(tx, _actor(author), ticket, message.id, person=author, content=content, now=now)
    except (MessageNotFound, MessageDeleted, EmptyMessage, MessageTooLong):
        return
    if edited.content != message.content:
        fields = {
            "number": str(ticket.number),
            "author": message.author_name,
            "before": message.content[:LONGEST_SHOWN],
            "after": edited.content[:LONGEST_SHOWN],
        }
        await queue_post(tx, ticket, to=LOG, post=Post(say=Say.WORDS, words="desk.log.edited", fields=fields), now=now)


async def hear_deletion(tx: Tx, discord_id: int, *, now: datetime) -> None:
    """Take in that what somebody wrote in Discord is gone from there: it counts as deleted by them."""
    found = await _written(tx, discord_id)
    if found is None or found[1].deleted_at is not None:
        return
    ticket, message = found
    author = Person(message.author_id or "", message.author_name)
    await delete_message(tx, _actor(author), ticket, message.id, person=author, now=now)
    fields = {
        "number": str(ticket.number),
        "author": message.author_name,
        "before": message.content[:LONGEST_SHOWN],
    }
    await queue_post(tx, ticket, to=LOG, post=Post(say=Say.WORDS, words="desk.log.deleted", fields=fields), now=now)


async def hear_channel_gone(tx: Tx, actor: Actor, ticket: Ticket, channel_id: int, *, now: datetime) -> None:
    """Close a ticket whose channel somebody has deleted; one that is opening gets another."""
    locked = await tx.one(TICKET_LOCKED, id=ticket.id)
    is_there = locked is not None and locked.state in {TicketState.OPEN, TicketState.ON_HOLD}
    if locked is not None and is_there and locked.channel_id == channel_id:
        await close_ticket(tx, actor, locked, by="channel_deleted", now=now)


async def message_of(tx: Tx, message_id: int) -> tuple[Ticket, Message] | None:
    """Return a message with its ticket, which is locked."""
    message = await tx.one(ANY_MESSAGE, id=message_id)
    ticket = await tx.one(TICKET_LOCKED, id=message.ticket_id) if message else None
    return (ticket, message) if ticket is not None and message is not None else None


async def copies_beside(tx: Tx, discord_id: int) -> list[Copy]:
    """Return everything of Discord's that shows the message which one of Discord's shows."""
    copy = await tx.one(COPY, discord_id=discord_id)
    return await tx.all(COPIES, message_id=copy.message_id) if copy is not None else []


async def reply_shown_by(tx: Tx, ticket: Ticket, discord_id: int) -> Message | None:
    """Return the reply of a ticket's staff that a message of Discord's shows, also a deleted one; None without one."""
    copy = await tx.one(COPY, discord_id=discord_id)
    message = await tx.one(MESSAGE, ticket_id=ticket.id, id=copy.message_id) if copy is not None else None
    return message if message is not None and message.kind is Kind.STAFF else None


async def live_ticket_of(tx: Tx, *, guild_id: int, user_id: str) -> Ticket | None:
    """Return the relayed ticket that somebody has open, None when there is none."""
    return await tx.one(LIVE_RELAY, guild_id=guild_id, user_id=user_id)


async def opening_tickets(tx: Tx) -> list[Ticket]:
    """Return the tickets whose channel is still to be made, in order."""
    return await tx.all(OPENING)


async def tickets_with_channels(tx: Tx) -> list[Ticket]:
    """Return the open tickets that have a channel."""
    return await tx.all(TICKETS_WITH_CHANNELS)


async def cursor_of(tx: Tx, channel_id: int) -> Cursor | None:
    """Return how far a channel was read, None for one that nothing was ever read in."""
    return await tx.one(CURSOR, channel_id=channel_id)


async def direct_cursors(tx: Tx, *, since: datetime) -> list[Cursor]:
    """Return how far the direct messages were read of everybody who wrote since then."""
    return await tx.all(DM_CURSORS, since=since)


async def channels_that_wait(tx: Tx) -> list[int]:
    """Return the channels in which something came in that was not worked on."""
    return await tx.all(WAITING_CHANNELS)


async def know_channel(tx: Tx, channel_id: int, user_id: str | None, *, last_seen: int, now: datetime) -> None:
    """Remember a channel from the first thing on that was said there; one that is known stays as it is."""
    await tx.run(KNOW_CHANNEL, channel_id=channel_id, user_id=user_id, last_seen=last_seen, active_at=now)


async def _written(tx: Tx, discord_id: int) -> tuple[Ticket, Message] | None:
    copy = await tx.one(COPY, discord_id=discord_id)
    return await message_of(tx, copy.message_id) if copy is not None and copy.role is CopyRole.WRITTEN else None


def _actor(author: Person) -> Actor:
    return Actor(ActorKind.USER, user_id=author.id, provider="discord")
