"""What Discord says of a message, in the words of the desk."""

from datetime import datetime

import discord

from guildhall.domains.tickets.relay import Attached, Incoming


def incoming_of(message: discord.Message, *, lane: int, now: datetime) -> Incoming:
    """Return a message as it is stored."""
    reference = message.reference
    is_reply = reference is not None and reference.type is discord.MessageReferenceType.reply
    return Incoming(
        message_id=message.id,
        lane=lane,
        channel_id=message.channel.id,
        author_id=str(message.author.id),
        author_name=message.author.display_name,
        content=text_of(message),
        attachments=[
            Attached(each.filename, each.content_type, each.url, each.size)
            for each in (*message.attachments, *(one for part in message.message_snapshots for one in part.attachments))
        ],
        reply_to=reference.message_id if is_reply and reference is not None else None,
        heard_at=now,
    )


def text_of(message: discord.Message) -> str:
    """Return what a message says: its text, what it passes on, and in words what Discord shows as pictures."""
    parts = [message.content, *(each.content for each in message.message_snapshots)]
    parts += [f"[{each.name}]({each.url})" for each in message.stickers]
    if message.poll is not None:
        parts.append("\n".join([message.poll.question, *(f"- {each.text}" for each in message.poll.answers)]))
    return "\n".join(part for part in parts if part)
