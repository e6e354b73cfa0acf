"""Files that messages have: bytes kept once for each content, and what each message calls them."""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from guildhall.core.db import UtcTime, metadata, stored

MOST_FILES: Final = 10
"""How many files a message has at most, as in Discord."""

INLINE: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What browsers may show in place; everything else could be a page that acts in our name."""

ticket_files = Table(
    "ticket_files",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    # When somebody last brought this content; what was just brought has no message yet.
    Column("wanted_at", UtcTime, nullable=False),
    Index("ix_ticket_files_wanted_at", "wanted_at"),
)

ticket_attachments = Table(
    "ticket_attachments",
    metadata,
    Column("id", Text, primary_key=True),
    Column(
        "message_id",
        BigInteger().with_variant(Integer, "sqlite"),
        ForeignKey("ticket_messages.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("sha256", Text, ForeignKey("ticket_files.sha256"), nullable=False),
    UniqueConstraint("message_id", "position"),
    Index("ix_ticket_attachments_sha256", "sha256"),
)


class KeptFile(msgspec.Struct, frozen=True):
    """A file whose bytes are kept, and which waits for its message. Name and type are clean."""

    name: str
    content_type: str
    size: int
    sha256: str


@stored(ticket_attachments)
class NewAttachment(msgspec.Struct, frozen=True):
    """A file of a message, as it is put in."""

    id: str
    message_id: int
    position: int
    name: str
    content_type: str
    sha256: str


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a message; `size` is in bytes, `key` opens its blob."""

    id: str
    message_id: int
    name: str
    content_type: str
    size: int
    sha256: str
    key: str

    @property
    def is_image(self) -> bool:
        """Whether browsers may show it in place."""
        return self.content_type in INLINE


class PlacedAttachment(Attachment, frozen=True, kw_only=True):
    """A file with the ticket that it belongs to, and what decides who may have it."""

    ticket_id: str
    kind: str
    deleted_at: datetime | None
