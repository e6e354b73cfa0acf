"""Answers that are files of tickets, sent part by part, so that none is ever whole in memory."""

from collections.abc import AsyncIterator
from typing import Any

from guildhall.domains.tickets.attachments import Attachment, disposition
from guildhall.web.answers import Answer
from guildhall.web.house import House

OCTETS = b"application/octet-stream"
ALONE = b"default-src 'none'; sandbox"
"""Whatever a file is, it acts in nobody's name."""

KEPT_BRIEFLY = b"private, max-age=3600"


class FileAnswer(Answer):
    """A file's bytes."""

    __slots__ = ("_content", "_size")

    def __init__(
        self, content: AsyncIterator[bytes], size: int, media_type: bytes, *headers: tuple[bytes, bytes]
    ) -> None:
        super().__init__(media_type=media_type, headers=headers)
        self._content, self._size = content, size

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 (the ASGI signature)
        """Send the file; a HEAD request gets its headers only."""
        del receive
        told = [(b"content-length", str(self._size).encode()), (b"content-type", self.media_type)]
        await send({"type": "http.response.start", "status": self.status, "headers": [*self.headers, *told]})
        if scope["method"] != "HEAD":
            async for part in self._content:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def answer_file(house: House, file: Attachment, *, shows_images: bool) -> FileAnswer:
    """Return a file to be saved, or an image as one where `shows_images`. Raises NotFound, Unavailable."""
    content = await house.files.read_file(file)
    media_type = file.content_type.encode() if file.is_image and shows_images else OCTETS
    return FileAnswer(
        content,
        file.size,
        media_type,
        (b"content-disposition", disposition(file.name, inline=file.is_image).encode()),
        (b"content-security-policy", ALONE),
        (b"cache-control", KEPT_BRIEFLY),
    )
