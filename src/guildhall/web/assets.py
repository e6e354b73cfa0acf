"""Static files: read once at start, served from memory under addresses that change with their content.

Only files that were there at start have an address, so no path trick reaches anything else.
"""

import mimetypes
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from guildhall.core.errors import NotFound
from guildhall.web.answers import Answer
from guildhall.web.calls import Call

FOREVER = b"public, max-age=31536000, immutable"
SHORTLY = b"public, max-age=300"


@dataclass(frozen=True)
class Asset:
    """A file's content, media type and the tag that changes with it."""

    content: bytes
    media_type: bytes
    tag: str


class Assets:
    """The files of one or more folders, by name."""

    def __init__(self, base: str, files: Iterable[Path]) -> None:
        self._base = base
        self._files = {path.name: _read(path) for path in files}

    def url(self, name: str) -> str:
        """Return the address of a file, which changes when the file does."""
        return f"{self._base}/{name}?v={self._files[name].tag}"

    def serve(self, name: str, call: Call) -> Answer:
        """Return a file. Raises NotFound."""
        asset = self._files.get(name)
        if asset is None:
            raise NotFound
        etag = f'"{asset.tag}"'.encode()
        asked_exactly = asset.tag.encode() in call.request.scope["query_string"]
        headers = [(b"etag", etag), (b"cache-control", FOREVER if asked_exactly else SHORTLY)]
        if (call.header("if-none-match") or "").encode() == etag:
            return Answer(status=304, headers=headers)
        return Answer(asset.content, media_type=asset.media_type, headers=headers)


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    text = media_type.startswith("text/") or media_type.endswith(("javascript", "json", "svg+xml"))
    return Asset(content, (media_type + ("; charset=utf-8" if text else "")).encode(), sha256(content).hexdigest()[:16])
