"""Blobs: large bytes, kept on this machine's disk or in S3 under the hash of their content.

Equal content is stored once, what is stored never changes, and a key tells what its bytes must be. New content is
first written to the staging folder on the local disk while it is measured and hashed: only what is whole, within its
limit and, on disk, safe from a loss of power gets its place. What a blob is called, what type it has and who may read
it is known to the row that holds the key.
"""

import asyncio
import contextlib
import hashlib
import os
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store

from guildhall.core import ids
from guildhall.core.disk import sync_folder
from guildhall.core.errors import NotFound, TooLarge, Unavailable
from guildhall.settings import SettingsError, StoreSettings

if TYPE_CHECKING:
    from obstore.store import S3Config

KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{64}")
"""What `put` gives out. Under any other key there is no blob, whatever else lies in the folder."""

S3_ADDRESS = re.compile(r"s3://(?:(?P<key>[^:@/]+):(?P<secret>[^:@/]+)@)?(?P<bucket>[^:@/]+)(?:/(?P<prefix>[^@]*?)/?)?")

STALE_AFTER = 24 * 3600
"""Seconds after which a staged file belongs to a process that died, not to a slow upload."""

PART = 1024 * 1024
"""Bytes written or read at once. Each part is read by a request of its own, so a slow reader holds no connection."""


@dataclass(frozen=True)
class Blob:
    """What was stored: the key to it, its size in bytes and the hexadecimal SHA-256 of its content."""

    key: str
    size: int
    sha256: str


def open_blobs(settings: StoreSettings) -> "BlobStore":
    """Return the store that the settings describe. Raises SettingsError when they cannot be understood.

    Also clears the staging folder of what a process left there that died.
    """
    folder = (settings.data_dir / "files").absolute()
    staging = folder / "staging"
    staging.mkdir(parents=True, exist_ok=True)
    for staged in staging.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if staged.stat().st_mtime < time.time() - STALE_AFTER:
                staged.unlink()
    return BlobStore(_s3_store(settings) if settings.s3_url else LocalStore(folder), staging)


class BlobStore:
    """Stores, reads and removes blobs. Every method raises Unavailable when the storage cannot be reached."""

    def __init__(self, store: ObjectStore, staging: Path) -> None:
        self._store = store
        self._staging = staging

    async def put(
        self,
        chunks: AsyncIterator[bytes] | bytes,
        *,
        limit: int | None,
        before_keeping: Callable[[Blob], Awaitable[None]] | None = None,
    ) -> Blob:
        """Store content of at most `limit` bytes; None sets no limit.

        `before_keeping` is told what it is before it gets its place, so that a row can know of it whatever dies then.
        Raises TooLarge as soon as the limit is passed. After any failure nothing stays behind.
        """
        staged = self._staging / ids.ulid()
        try:
            blob = await _stage(staged, _at_once(chunks) if isinstance(chunks, bytes) else chunks, limit)
            if before_keeping is not None:
                await before_keeping(blob)
            if await self.size(blob.key) != blob.size:
                await self._keep(staged, blob.key)
        finally:
            staged.unlink(missing_ok=True)
        return blob

    async def get(self, key: str, range: tuple[int, int] | None = None) -> AsyncIterator[bytes]:  # noqa: A002
        """Return the content, or the part of it from the first offset up to, not including, the second.

        Offsets beyond the end mean the end. Raises NotFound before the first byte is given out.
        """
        size = await self.size(key)
        if size is None:
            raise NotFound
        start, end = range or (0, size)
        return self._read(key, start, min(end, size))

    async def exists(self, key: str) -> bool:
        """Tell whether there is a blob under this key."""
        return await self.size(key) is not None

    async def delete(self, key: str) -> None:
        """Remove a blob, if it is there.

        A key is shared by all equal contents: the caller makes sure that no row holds it, and that none is about to.
        """
        if not KEY.fullmatch(key):
            return
        with _reachable(), contextlib.suppress(FileNotFoundError):
            await obstore.delete_async(self._store, key)

    async def size(self, key: str) -> int | None:
        """Return the bytes of a blob, or None when there is none under this key."""
        if not KEY.fullmatch(key):
            return None
        with _reachable(), contextlib.suppress(FileNotFoundError):
            return (await obstore.head_async(self._store, key))["size"]
        return None

    async def _keep(self, staged: Path, key: str) -> None:
        if isinstance(self._store, LocalStore):
            await asyncio.to_thread(_move, staged, self._staging.parent / key)
        else:
            with _reachable():
                await obstore.put_async(self._store, key, staged)

    async def _read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        while start < end:
            stop = min(start + PART, end)
            with _reachable():
                part = await obstore.get_range_async(self._store, key, start=start, end=stop)
            yield bytes(part)
            start = stop


async def _stage(path: Path, chunks: AsyncIterator[bytes], limit: int | None) -> Blob:
    """Write content to a new file and return what it is. Raises TooLarge."""
    size, sha256, waiting = 0, hashlib.sha256(), bytearray()

    def write(*, last: bool) -> None:
        sha256.update(waiting)
        file.write(waiting)
        waiting.clear()
        if last:
            file.flush()
            os.fsync(file.fileno())

    with path.open("xb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if limit is not None and size > limit:
                raise TooLarge(limit=limit)
            waiting += chunk
            if len(waiting) >= PART:
                await asyncio.to_thread(write, last=False)
        await asyncio.to_thread(write, last=True)
    return Blob(f"{sha256.hexdigest()[:2]}/{sha256.hexdigest()}", size, sha256.hexdigest())


async def _at_once(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _move(staged: Path, place: Path) -> None:
    """Give a settled file its place so that it is still there after a loss of power."""
    place.parent.mkdir(exist_ok=True)
    staged.replace(place)
    sync_folder(place.parent)
    sync_folder(place.parent.parent)


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except (BaseError, FileNotFoundError) as fault:  # the latter is S3's answer when the bucket is not there
        raise Unavailable("The file storage cannot be reached, please try again") from fault


def _s3_store(settings: StoreSettings) -> S3Store:
    address = S3_ADDRESS.fullmatch(settings.s3_url)
    if address is None:
        raise SettingsError(
            "S3_URL: must look like s3://key:secret@bucket/prefix; write / as %2F and + as %2B in the key and secret"
        )
    config: S3Config = {"region": settings.s3_region}
    if settings.s3_endpoint:
        config["endpoint"] = settings.s3_endpoint
    if address["key"]:
        # Without a key the machine's own role is used, as S3's other clients do.
        config["access_key_id"], config["secret_access_key"] = unquote(address["key"]), unquote(address["secret"])
    return S3Store(
        address["bucket"],
        prefix=address["prefix"] or None,
        config=config,
        client_options={"allow_http": settings.s3_endpoint.startswith("http://"), "connect_timeout": "5s"},
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=30)},
    )
