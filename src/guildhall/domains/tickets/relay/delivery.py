"""What becomes of posts: taken to be sent, sent, put off, or given up. Each step is one transaction's.

Before the first attempt a post gets its nonce, which is stored; however often it is tried, it is the same post.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace
from sqlalchemy import bindparam, delete, update

from guildhall.core import ids
from guildhall.core.db import Tx, command, insert_if_new
from guildhall.domains.tickets.attachments import Attachment, attachments_of
from guildhall.domains.tickets.models import (
    Delivery,
    Kind,
    Message,
    Origin,
    Ticket,
    TicketState,
    Transport,
    ticket_messages,
)
from guildhall.domains.tickets.news import tell_of_delivery
from guildhall.domains.tickets.queries import MESSAGE, TICKET
from guildhall.domains.tickets.relay.models import (
    CHANNEL,
    LOG,
    USER,
    Button,
    Copy,
    CopyRole,
    Post,
    PostState,
    QueuedPost,
    Say,
    ticket_copies,
    ticket_incoming,
    ticket_posts,
)
from guildhall.domains.tickets.relay.queries import COPIES, COPY, HEAD, HEADS, INCOMING, RENAMED, SHOWN_IN
from guildhall.domains.tickets.relay.queueing import lane_of, names_of, queue_post

NONCE_LENGTH: Final = 20
"""Discord takes 25 characters; the rest is for the number of a part."""

SHORTEST_REST, LONGEST_REST = timedelta(seconds=1), timedelta(minutes=5)
KEPT: Final = timedelta(days=7)

_post = ticket_posts.c.seq == bindparam("post")
TAKE = command(update(ticket_posts).where(_post).values(nonce=bindparam("new_nonce"), tried_at=bindparam("at")))
END = command(
    update(ticket_posts)
    .where(_post)
    .values(state=bindparam("new_state"), ended_at=bindparam("at"), error=bindparam("words"))
)
PUT_OFF = command(
    update(ticket_posts)
    .where(_post)
    .values(due_at=bindparam("until"), attempts=bindparam("count"), error=bindparam("words"))
)
NOTE_COPY = insert_if_new(ticket_copies)
NOTE_DELIVERY = command(
    update(ticket_messages)
    .where(ticket_messages.c.id == bindparam("message"))
    .values(delivery=bindparam("new_delivery"), delivery_error=bindparam("words"))
)
FORGET_POSTS = command(delete(ticket_posts).where(ticket_posts.c.ended_at <= bindparam("before")))
FORGET_INCOMING = command(
    delete(ticket_incoming).where(ticket_incoming.c.heard_at <= bindparam("before"), ticket_incoming.c.state == "done")
)


@dataclass(frozen=True)
class Taken:
    """A post that is to go out now, with what it is about as that is now. `was_tried` tells of an earlier attempt."""

    post: QueuedPost
    nonce: str
    tried_at: datetime
    was_tried: bool
    ticket: Ticket | None
    message: Message | None
    copies: list[Copy]
    files: list[Attachment]
    quoted: list[Copy]

    def copied_to(self, channel_id: int) -> list[Copy]:
        """Return what the bot has posted of the message in a channel, part by part."""
        return [each for each in self.copies if each.channel_id == channel_id and each.role is CopyRole.COPIED]

    @property
    def decides(self) -> bool:
        """Whether this is what the message was written for: a reply is delivered once the user has it."""
        if self.message is None or self.ticket is None or self.post.payload.say is not Say.MESSAGE:
            return False
        is_relayed_reply = self.message.kind is Kind.STAFF and self.ticket.transport is Transport.RELAY
        return self.post.target is (USER if is_relayed_reply else CHANNEL)


async def waiting_lanes(tx: Tx, *, now: datetime, limit: int = 100) -> list[str]:
    """Return the lanes in which something can go out now, those of users first and the log last."""
    return await tx.all(HEADS, now=now, limit=limit)


async def take_post(tx: Tx, lane: str, *, now: datetime) -> Taken | None:
    """Return what goes out next in a lane, None when that is nothing, or not yet."""
    post = await tx.one(HEAD, lane=lane)
    if post is None or post.due_at > now:
        return None
    ticket = await tx.one(TICKET, id=post.ticket_id) if post.ticket_id else None
    if ticket is not None and ticket.state is TicketState.OPENING and not _precedes_channel(ticket, post):
        return None
    nonce, tried_at = post.nonce or ids.base62(NONCE_LENGTH), post.tried_at or now
    if post.nonce is None:
        await tx.run(TAKE, post=post.seq, new_nonce=nonce, at=now)
    message, came = None, None
    copies: list[Copy] = []
    quoted: list[Copy] = []
    files: list[Attachment] = []
    if ticket is not None and post.message_id is not None:
        message = await tx.one(MESSAGE, ticket_id=ticket.id, id=post.message_id)
        copies = await tx.all(COPIES, message_id=post.message_id)
        files = (await attachments_of(tx, [post.message_id]))[post.message_id]
        written = next((each.discord_id for each in copies if each.role is CopyRole.WRITTEN), 0)
        came = await tx.one(INCOMING, message_id=written)
    if came is not None and came.reply_to is not None:
        answered = await tx.one(COPY, discord_id=came.reply_to)
        quoted = await tx.all(COPIES, message_id=answered.message_id) if answered else []
    return Taken(post, nonce, tried_at, post.nonce is not None, ticket, message, copies, files, quoted)


def _precedes_channel(ticket: Ticket, post: QueuedPost) -> bool:
    """Tell whether something is said before the channel of a ticket is there."""
    return post.target is LOG or (post.target is USER and ticket.origin is Origin.BUTTON)


async def is_waiting(tx: Tx, ticket: Ticket) -> bool:
    """Tell whether something is still to be said in a ticket's channel."""
    return await tx.one(HEAD, lane=lane_of(ticket)) is not None


async def is_shown_in_channel(tx: Tx, ticket: Ticket) -> bool:
    """Tell whether something that was said in a ticket stands in the channel that it has now."""
    return await tx.one(SHOWN_IN, ticket_id=ticket.id, channel_id=ticket.channel_id) is not None


async def note_part(tx: Tx, taken: Taken, *, channel_id: int, discord_id: int, part: int) -> None:
    """Write down that a part of a message is there, so that it is known by Discord's id of it."""
    if taken.message is not None and taken.post.payload.say is Say.MESSAGE:
        role = CopyRole.COPIED
        await tx.run(
            NOTE_COPY,
            discord_id=discord_id,
            channel_id=channel_id,
            message_id=taken.message.id,
            part=part,
            role=role.value,
        )


async def note_sent(tx: Tx, taken: Taken, *, now: datetime) -> None:
    """Write down that all of a post is there."""
    await tx.run(END, post=taken.post.seq, new_state=PostState.SENT.value, at=now, words=None)
    if taken.decides:
        await _note_delivery(tx, taken, Delivery.DELIVERED, None)


async def note_failed(tx: Tx, taken: Taken, words: str, *, now: datetime) -> None:
    """Give a post up. When the user does not get a reply for it, the channel says so, with a button to try again."""
    await tx.run(END, post=taken.post.seq, new_state=PostState.FAILED.value, at=now, words=words)
    if not taken.decides or taken.ticket is None or taken.message is None:
        return
    await _note_delivery(tx, taken, Delivery.FAILED, words)
    if taken.post.target is USER:
        post = Post(
            say=Say.WORDS,
            words="desk.undelivered",
            fields={"number": str(taken.message.number or ""), "reason": words},
            buttons=[Button.RETRY],
        )
        await queue_post(tx, taken.ticket, to=CHANNEL, post=post, message_id=taken.message.id, now=now)


async def tell_of_unchanged(tx: Tx, taken: Taken, words: str, *, now: datetime) -> None:
    """Let the channel know that the user still reads a reply as it was. Nothing is said of any other post."""
    is_edit = taken.post.payload.say is Say.EDIT and taken.post.target is USER
    if is_edit and taken.ticket is not None and taken.message is not None:
        fields = {"number": str(taken.message.number or ""), "reason": words}
        await queue_post(
            tx, taken.ticket, to=CHANNEL, post=Post(say=Say.WORDS, words="desk.unchanged", fields=fields), now=now
        )


async def note_away(tx: Tx, taken: Taken, words: str, *, pause: timedelta = timedelta(0), now: datetime) -> None:
    """Try again later: after twice as long each time, and no sooner than Discord asked for."""
    attempts = taken.post.attempts + 1
    rest = max(pause, min(SHORTEST_REST * 2 ** min(attempts - 1, 10), LONGEST_REST))
    await tx.run(PUT_OFF, post=taken.post.seq, until=now + rest, count=attempts, words=words)


async def note_moot(tx: Tx, taken: Taken, words: str, *, now: datetime) -> None:
    """Write down that a post has nothing to do, and why."""
    await tx.run(END, post=taken.post.seq, new_state=PostState.SENT.value, at=now, words=words)


async def renames_since(tx: Tx, ticket: Ticket, since: datetime) -> list[datetime]:
    """Return when the channel of a ticket got another name, the earliest first."""
    return await tx.all(RENAMED, ticket_id=ticket.id, lane=names_of(ticket), since=since)


async def put_off(tx: Tx, taken: Taken, until: datetime) -> None:
    """Let a post wait until a time."""
    await tx.run(PUT_OFF, post=taken.post.seq, until=until, count=taken.post.attempts + 1, words=None)


async def forget_relayed(tx: Tx, *, now: datetime) -> None:
    """Remove what went out, and what came in and was worked on, a week ago."""
    await tx.run(FORGET_POSTS, before=now - KEPT)
    await tx.run(FORGET_INCOMING, before=now - KEPT)


async def _note_delivery(tx: Tx, taken: Taken, delivery: Delivery, words: str | None) -> None:
    if taken.message is None or taken.ticket is None or taken.message.delivery is delivery:
        return
    await tx.run(NOTE_DELIVERY, message=taken.message.id, new_delivery=delivery.value, words=words)
    told = replace(taken.message, delivery=delivery, delivery_error=words)
    tell_of_delivery(tx, taken.ticket, told)
