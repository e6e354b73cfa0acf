"""Keeping files: bytes first, once for each content, then the message that has them, then nothing that nobody has.

A row knows of every content before it gets its place, so whatever dies in between leaves bytes that `forget_files`
finds, or a row without bytes that the next who brings the same content fills.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import bindparam, delete

from guildhall.core import ids
from guildhall.core.blobs import Blob, BlobStore
from guildhall.core.clock import Clock
from guildhall.core.db import Database, Tx, command, insert_or_replace
from guildhall.core.errors import InvalidField, TooLarge
from guildhall.core.jobs import JobContext
from guildhall.domains.tickets.attachments.errors import FileTooLarge
from guildhall.domains.tickets.attachments.models import (
    MOST_FILES,
    Attachment,
    KeptFile,
    NewAttachment,
    ticket_files,
)
from guildhall.domains.tickets.attachments.names import clean_name, clean_type, size_words
from guildhall.domains.tickets.attachments.queries import UNNAMED_LOCKED, unnamed_files

WAITS: Final = timedelta(days=7)
"""How long content may be kept for a message that is still to come, such as one that waits in an unfinished form."""

AT_ONCE: Final = 500
WANT = insert_or_replace(ticket_files)
FORGET = command(delete(ticket_files).where(ticket_files.c.sha256 == bindparam("sha256")))


class FileStore:
    """Where the files of tickets are: rows in the database, bytes in the blobs."""

    def __init__(self, database: Database, blobs: BlobStore, clock: Clock) -> None:
        self._database, self._blobs, self._clock = database, blobs, clock

    async def keep_file(
        self, content: AsyncIterator[bytes] | bytes, *, name: str, content_type: str | None, limit: int
    ) -> KeptFile:
        """Keep a file of at most `limit` bytes for a message that is to come within a week.

        To be called outside every transaction; nothing is in memory but a part at a time. Put what it returns into the
        message's `Draft`. Raises FileTooLarge, Unavailable.
        """
        name = clean_name(name)
        try:
            blob = await self._blobs.put(content, limit=limit, before_keeping=self._want)
        except TooLarge as fault:
            words = f"{name} is too large, a file has at most {size_words(limit)}"
            raise FileTooLarge(words, limit=limit, field="files") from fault
        return KeptFile(name, clean_type(content_type), blob.size, blob.sha256)

    async def read_file(self, attachment: Attachment) -> AsyncIterator[bytes]:
        """Return the bytes of a file, part by part. Raises NotFound, Unavailable before the first."""
        return await self._blobs.get(attachment.key)

    async def _want(self, blob: Blob) -> None:
        async with self._database.write() as tx:
            await tx.run(WANT, sha256=blob.sha256, key=blob.key, size=blob.size, wanted_at=self._clock.now())


async def attach_files(tx: Tx, message_id: int, files: Sequence[KeptFile]) -> None:
    """Give a new message its files, in the transaction that writes it. Raises InvalidField."""
    check_count(len(files))
    for position, file in enumerate(files):
        await tx.insert(NewAttachment(ids.ulid(), message_id, position, file.name, file.content_type, file.sha256))


def check_count(files: int) -> None:
    """Refuse more files than a message may have. Raises InvalidField."""
    if files > MOST_FILES:
        raise InvalidField(f"A message has at most {MOST_FILES} files", field="files")


def forgetter_of(blobs: BlobStore) -> Callable[[JobContext], Awaitable[None]]:
    """Return the job that removes content which no message has any more, or which none ever got."""

    async def forget_files(context: JobContext) -> None:
        before = context.clock.now() - WAITS
        async with context.database.read() as tx:
            unnamed = await unnamed_files(tx, before=before, limit=AT_ONCE)
        for each in unnamed:
            # The row stays locked while the bytes go: whoever brings the same content meanwhile waits, and finds none.
            async with context.database.write() as tx:
                if await tx.one(UNNAMED_LOCKED, sha256=each.sha256, before=before) is not None:
                    await blobs.delete(each.key)
                    await tx.run(FORGET, sha256=each.sha256)

    return forget_files
