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
        attachments=attached_to(message),
        reply_to=reference.message_id if is_reply and reference is not None else None,
        heard_at=now,
    )


def is_said(message: discord.Message) -> bool:
    """Tell whether a person says something, and it is not Discord who notes what they did."""
    return not message.author.bot and not message.is_system()


def attached_to(message: discord.Message) -> list[Attached]:
    """Return the files of a message and of what it passes on; stickers are some too, but for drawings in motion."""
    sources: list[discord.Message | discord.MessageSnapshot] = [message, *message.message_snapshots]
    files = [as_attached(each) for source in sources for each in source.attachments]
    return files + [
        Attached(f"{each.name}.{each.format.file_extension}", None, each.url, 0)
        for source in sources
        for each in source.stickers
        if each.format is not discord.StickerFormatType.lottie
    ]


def as_attached(file: discord.Attachment) -> Attached:
    """Return a file that is still to be fetched."""
    return Attached(file.filename, file.content_type, file.url, file.size)


def text_of(message: discord.Message) -> str:
    """Return what a message says: its text, what it passes on, and in words what Discord draws and counts."""
    parts = [message.content]
    for each in message.message_snapshots:
        parts += ["\n".join(f"> {line}" for line in each.content.splitlines()), *_drawn(each)]
    parts += _drawn(message)
    if message.poll is not None:
        parts.append("\n".join([message.poll.question, *(f"- {each.text}" for each in message.poll.answers)]))
    return "\n".join(part for part in parts if part)


def _drawn(source: discord.Message | discord.MessageSnapshot) -> list[str]:
    return [f"[{each.name}]" for each in source.stickers if each.format is discord.StickerFormatType.lottie]
