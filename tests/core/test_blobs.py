import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import obstore
import pytest
from obstore.store import S3Store

from guildhall.core.blobs import PART, STALE_AFTER, Blob, BlobStore, open_blobs
from guildhall.core.errors import NotFound, TooLarge, Unavailable
from guildhall.settings import SettingsError, StoreSettings
from tests.services.s3 import S3Server

LARGE = os.urandom(PART * 2 + 12_345)


@pytest.fixture(params=["disk", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path, s3_server: S3Server) -> BlobStore:
    if request.param == "disk":
        return open_blobs(StoreSettings(data_dir=tmp_path))
    url = f"{s3_server.make_bucket()}/some/prefix"
    return open_blobs(StoreSettings(data_dir=tmp_path, s3_url=url, s3_endpoint=s3_server.endpoint))


async def pieces(content: bytes, size: int = 10_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def read(blobs: BlobStore, blob: Blob, part: tuple[int, int] | None = None) -> bytes:
    return b"".join([chunk async for chunk in await blobs.get(blob.key, part)])


def stored(blobs: BlobStore) -> list[str]:
    return [each["path"] for page in obstore.list(blobs._store) for each in page]


async def test_content_is_stored_under_its_hash_and_read_whole_or_in_part(blobs: BlobStore) -> None:
    blob = await blobs.put(pieces(LARGE), limit=None)
    assert (blob.size, blob.sha256) == (len(LARGE), hashlib.sha256(LARGE).hexdigest())
    assert blob.sha256 in blob.key
    assert await blobs.exists(blob.key)
    assert await blobs.size(blob.key) == len(LARGE)
    assert await read(blobs, blob) == LARGE
    assert await read(blobs, blob, (5, 10)) == LARGE[5:10]
    assert await read(blobs, blob, (PART - 5, PART + 5)) == LARGE[PART - 5 : PART + 5]
    assert await read(blobs, blob, (len(LARGE) - 3, len(LARGE) + 1000)) == LARGE[-3:]
    assert await read(blobs, blob, (len(LARGE), len(LARGE) + 10)) == b""
    assert await read(blobs, blob, (0, 0)) == b""


async def test_equal_content_is_stored_once_and_nothing_stays_in_staging(blobs: BlobStore) -> None:
    several = [blobs.put(b"the same", limit=None), blobs.put(pieces(b"the same", 3), limit=8), blobs.put(b"", limit=0)]
    first, second, empty = await asyncio.gather(*several)
    assert first == second
    assert await read(blobs, empty) == b""
    assert sorted(stored(blobs)) == sorted([first.key, empty.key])
    assert list(blobs._staging.iterdir()) == []


async def test_a_removed_blob_is_gone_and_removing_it_again_is_fine(blobs: BlobStore) -> None:
    blob = await blobs.put(b"for a while", limit=None)
    await blobs.delete(blob.key)
    await blobs.delete(blob.key)
    assert not await blobs.exists(blob.key)
    with pytest.raises(NotFound):
        await blobs.get(blob.key)
    assert await blobs.put(b"for a while", limit=None) == blob
    assert await read(blobs, blob) == b"for a while"


async def test_what_exceeds_the_limit_is_refused_at_once_and_leaves_nothing(blobs: BlobStore) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1000
            yield b"x" * 1000

    with pytest.raises(TooLarge) as refusal:
        await blobs.put(endless(), limit=PART * 2)
    assert refusal.value.details == {"limit": PART * 2}
    assert taken < PART * 2 + 2000
    with pytest.raises(TooLarge):
        await blobs.put(b"12345", limit=4)
    assert stored(blobs) == []
    assert list(blobs._staging.iterdir()) == []


async def test_a_sender_that_breaks_off_leaves_nothing(blobs: BlobStore) -> None:
    stuck = asyncio.Event()

    async def broken() -> AsyncIterator[bytes]:
        yield LARGE
        raise ConnectionResetError

    async def silent() -> AsyncIterator[bytes]:
        yield LARGE
        stuck.set()
        await asyncio.Event().wait()

    with pytest.raises(ConnectionResetError):
        await blobs.put(broken(), limit=None)
    upload = asyncio.create_task(blobs.put(silent(), limit=None))
    await stuck.wait()
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert stored(blobs) == []
    assert list(blobs._staging.iterdir()) == []


@pytest.mark.parametrize("key", ["../../etc/passwd", "staging/x", "", "/", "ab/cd", "ab/%2e%2e/x", "a\0b"])
async def test_keys_that_were_never_given_out_lead_nowhere(blobs: BlobStore, key: str) -> None:
    assert not await blobs.exists(key)
    await blobs.delete(key)
    with pytest.raises(NotFound):
        await blobs.get(key)


async def test_a_damaged_blob_is_healed_by_the_next_upload_of_its_content(tmp_path: Path) -> None:
    blobs = open_blobs(StoreSettings(data_dir=tmp_path))
    blob = await blobs.put(b"precious", limit=None)
    (tmp_path / "files" / blob.key).write_bytes(b"")
    await blobs.put(b"precious", limit=None)
    assert await read(blobs, blob) == b"precious"


async def test_what_a_dead_process_left_in_staging_is_removed_at_the_next_start(tmp_path: Path) -> None:
    staging = tmp_path / "files" / "staging"
    staging.mkdir(parents=True)
    for name in ("left", "running"):
        (staging / name).write_bytes(b"half")
    long_ago = (staging / "left").stat().st_mtime - STALE_AFTER - 60
    os.utime(staging / "left", (long_ago, long_ago))
    open_blobs(StoreSettings(data_dir=tmp_path))
    assert [path.name for path in staging.iterdir()] == ["running"]


async def test_a_storage_that_cannot_be_reached_is_unavailable(tmp_path: Path, s3_server: S3Server) -> None:
    url = s3_server.make_bucket()
    wrong = re.sub("@.*", "@no-such-bucket", url)
    blobs = open_blobs(StoreSettings(data_dir=tmp_path, s3_url=wrong, s3_endpoint=s3_server.endpoint))
    with pytest.raises(Unavailable):
        await blobs.put(b"lost", limit=None)
    assert list(blobs._staging.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    ["https://bucket", "s3://", "s3:bucket", "s3://key@bucket", "s3://key:+/@bucket", "s3://key:se/cret@bucket/prefix"],
)
def test_an_s3_address_that_cannot_be_understood_is_refused_with_the_form_it_should_have(
    tmp_path: Path, url: str
) -> None:
    with pytest.raises(SettingsError, match="S3_URL: must look like"):
        open_blobs(StoreSettings(data_dir=tmp_path, s3_url=url))


async def test_key_and_secret_may_hold_any_character(tmp_path: Path, s3_server: S3Server) -> None:
    bucket = s3_server.make_bucket().rpartition("@")[2]
    url = f"s3://key%2B1:se%2Fcret%2B@{bucket}"
    blobs = open_blobs(StoreSettings(data_dir=tmp_path, s3_url=url, s3_endpoint=s3_server.endpoint))
    assert isinstance(blobs._store, S3Store)
    config = blobs._store.config
    assert (config["access_key_id"], config["secret_access_key"]) == ("key+1", "se/cret+")
    assert await read(blobs, await blobs.put(b"hello", limit=None)) == b"hello"
