"""Reading files of messages."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Integer, Select, Text, bindparam, cast, column, exists, literal_column, select, table, text

from guildhall.core.db import JsonDoc, Tx, query
from guildhall.domains.tickets.attachments.models import (
    Attachment,
    PlacedAttachment,
    ticket_attachments,
    ticket_files,
)
from guildhall.domains.tickets.models import ticket_messages

_columns: Final = (
    ticket_attachments.c.id,
    ticket_attachments.c.message_id,
    ticket_attachments.c.name,
    ticket_attachments.c.content_type,
    ticket_files.c.size,
    ticket_attachments.c.sha256,
    ticket_files.c.key,
)


class StoredFile(msgspec.Struct, frozen=True):
    """Content that is kept."""

    sha256: str
    key: str


# Named here alone, because the tables of the relay know those of files and not the other way round.
_incoming = table("ticket_incoming", column("attachments"))
_waits_with_it = (
    exists()
    .select_from(_incoming)
    .where(
        literal_column("ticket_incoming.state = 'waiting'"),
        cast(_incoming.c.attachments, Text).contains(ticket_files.c.sha256),
    )
)
"""What somebody wrote and no ticket has yet, be it because the bot or the whole house rested for long."""

_unnamed: Select[tuple[str, str]] = select(ticket_files.c.sha256, ticket_files.c.key).where(
    ticket_files.c.wanted_at < bindparam("before"),
    ~exists().where(ticket_attachments.c.sha256 == ticket_files.c.sha256),
    ~_waits_with_it,
)
UNNAMED_FILES = query(StoredFile, _unnamed.order_by(ticket_files.c.wanted_at).limit(bindparam("limit", type_=Integer)))
UNNAMED_LOCKED = query(
    StoredFile, _unnamed.where(ticket_files.c.sha256 == bindparam("sha256")).with_for_update(of=ticket_files)
)
ATTACHMENT = query(
    PlacedAttachment,
    select(*_columns, ticket_messages.c.ticket_id, ticket_messages.c.kind, ticket_messages.c.deleted_at)
    .join(ticket_files, ticket_files.c.sha256 == ticket_attachments.c.sha256)
    .join(ticket_messages, ticket_messages.c.id == ticket_attachments.c.message_id)
    .where(ticket_attachments.c.id == bindparam("id")),
)
_of_messages: Final = {
    "postgresql": text(
        "ticket_attachments.message_id = ANY(ARRAY(SELECT CAST(jsonb_array_elements_text(:messages) AS BIGINT)))"
    ),
    "sqlite": text("ticket_attachments.message_id IN (SELECT value FROM json_each(:messages))"),
}
OF_MESSAGES = {
    engine: query(
        Attachment,
        select(*_columns)
        .join(ticket_files, ticket_files.c.sha256 == ticket_attachments.c.sha256)
        .where(these.bindparams(bindparam("messages", type_=JsonDoc)))
        .order_by(ticket_attachments.c.message_id, ticket_attachments.c.position),
    )
    for engine, these in _of_messages.items()
}


async def attachments_of(tx: Tx, message_ids: Iterable[int]) -> dict[int, list[Attachment]]:
    """Return the files of each message, in their order; in one read."""
    files: dict[int, list[Attachment]] = {each: [] for each in message_ids}
    for each in await tx.all(OF_MESSAGES[tx.engine], messages=list(files)):
        files[each.message_id].append(each)
    return files


async def unnamed_files(tx: Tx, *, before: datetime, limit: int) -> list[StoredFile]:
    """Return content that no message has and that nobody has brought since, the oldest first."""
    return await tx.all(UNNAMED_FILES, before=before, limit=limit)
