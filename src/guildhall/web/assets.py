"""Static files: read once at start, served from memory under addresses that change with their content.

A file that names another as `"./name"`, as modules do, gets such an address in its place, so that no browser ever puts
the files of two versions together. Only files that were there at start have an address, so no path trick reaches
anything else.
"""

import mimetypes
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from guildhall.core.errors import NotFound
from guildhall.web.answers import Answer
from guildhall.web.calls import Call

FOREVER = b"public, max-age=31536000, immutable"
SHORTLY = b"public, max-age=300"
BESIDE = re.compile(rb'"\./([\w.-]+)"')
"""How a file names another of its folder."""


@dataclass(frozen=True)
class Asset:
    """A file's content and media type."""

    content: bytes
    media_type: bytes


class Assets:
    """The files of one or more folders, by name."""

    def __init__(self, base: str, files: Iterable[Path]) -> None:
        self._base = base
        read = {path.name: path.read_bytes() for path in files}
        self._tag = sha256(b"".join(read.values())).hexdigest()[:16]

        def address(found: re.Match[bytes]) -> bytes:
            name = found[1].decode()
            return f'"{self.url(name)}"'.encode() if name in read else found[0]

        self._files = {name: _asset(name, BESIDE.sub(address, content)) for name, content in read.items()}

    def url(self, name: str) -> str:
        """Return the address of a file, which changes when any of the files does."""
        return f"{self._base}/{name}?v={self._tag}"

    def serve(self, name: str, call: Call) -> Answer:
        """Return a file. Raises NotFound."""
        asset = self._files.get(name)
        if asset is None:
            raise NotFound
        etag = f'"{self._tag}"'.encode()
        asked_exactly = self._tag.encode() in call.request.scope["query_string"]
        headers = [(b"etag", etag), (b"cache-control", FOREVER if asked_exactly else SHORTLY)]
        if (call.header("if-none-match") or "").encode() == etag:
            return Answer(status=304, headers=headers)
        return Answer(asset.content, media_type=asset.media_type, headers=headers)


def _asset(name: str, content: bytes) -> Asset:
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    text = media_type.startswith("text/") or media_type.endswith(("javascript", "json", "svg+xml"))
    return Asset(content, (media_type + ("; charset=utf-8" if text else "")).encode())
