"""Appending to the log, and looking whether it is still what it was.

An entry is queued in the transaction that signs its record. A batch gives entries their positions, writes the tiles
and signs the new checkpoint in one transaction, so no checkpoint can be seen whose tiles are not durable. Before it
signs, it finds the root of the last checkpoint again: what does not extend what was published is never signed.
"""

import asyncio
import base64
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import bindparam, update
from sqlalchemy.dialects.postgresql import insert

from guildhall.core import ids
from guildhall.core.clock import Clock
from guildhall.core.crypto import SecretBox
from guildhall.core.db import Database, StoreUnavailable, Tx, command, insert_if_new
from guildhall.core.errors import Internal
from guildhall.core.log import get_logger
from guildhall.domains.attendance.tlog.models import (
    LogCheckpoint,
    LogEntry,
    attendance_log_entries,
    attendance_log_keys,
    attendance_log_tiles,
)
from guildhall.domains.attendance.tlog.queries import ENTRIES, HEAD, LOG_KEY, LOG_KEY_LOCKED, QUEUED, TILE
from guildhall.evidence import merkle, notes
from guildhall.evidence.formats import RecordKind
from guildhall.evidence.merkle import TILE_WIDTH, TileId
from guildhall.evidence.notes import Checkpoint, LogKey

log = get_logger(__name__)

BATCH: Final = TILE_WIDTH
REST: Final = 1.0
"""Seconds between two batches, in which entries gather."""

PLACE: Final = "attendance.log"

# Both engines understand the PostgreSQL form of an insert that turns into an update.
_tile = insert(attendance_log_tiles)
PUT_TILE = command(
    _tile.on_conflict_do_update(
        index_elements=[attendance_log_tiles.c.level, attendance_log_tiles.c.tile],
        set_={"hashes": _tile.excluded.hashes},
    )
)
KEEP_KEY = insert_if_new(attendance_log_keys)
PUT_IN_PLACE = command(
    update(attendance_log_entries)
    .where(attendance_log_entries.c.id == bindparam("entry_id"))
    .values(position=bindparam("place"))
)
FORGET_RECORD = command(
    update(attendance_log_entries)
    .where(attendance_log_entries.c.record_id == bindparam("erased"))
    .values(record_id=None)
)


class LogDamaged(Internal):
    """The entries or tiles of the log do not lead to what was published. Nothing may be appended any more."""

    code = "log_damaged"
    text = "The transparency log is not what was published; restore it from a backup"


@dataclass(frozen=True)
class LogSigner:
    """The log's identity and the key it signs checkpoints with."""

    key: LogKey
    private_key: Ed25519PrivateKey

    def sign(self, size: int, root: bytes) -> str:
        """Return the checkpoint of a tree, signed."""
        return notes.signed(Checkpoint(self.key.name, size, root).text, self.key, self.private_key)


async def open_log(database: Database, box: SecretBox, *, origin: str, now: datetime) -> LogSigner:
    """Return the signer of the installation's log; its key is made at the first call.

    `origin` is the host and path under which the log is served, without the scheme.
    """
    seed = os.urandom(32)
    made = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    async with database.write() as tx:
        stored = await tx.one(LOG_KEY)
        if stored is None:
            sealed = box.encrypt(base64.b64encode(seed).decode(), place=PLACE)
            # Of two processes that start together one makes the key, and the other takes that one.
            await tx.run(KEEP_KEY, id=1, public_key=made, sealed=sealed, created_at=now)
            stored = await tx.one(LOG_KEY)
    if stored is None:
        raise LookupError("the log's key vanished while it was made")
    private_key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(box.decrypt(stored.sealed, place=PLACE)))
    return LogSigner(LogKey(origin, stored.public_key), private_key)


async def queue_entry(tx: Tx, kind: RecordKind, record_id: str, *, salt: bytes, v2_hash: str) -> None:
    """Let a record's commitment be logged, once the transaction that signs it is committed."""
    entry = notes.entry_of(kind, notes.commitment(salt, v2_hash))
    await tx.insert(LogEntry(ids.ulid(), record_id, entry))


async def forget_record(tx: Tx, record_id: str) -> None:
    """Let the log no longer know whose an entry is. Without the salt of the record the entry then means nothing."""
    await tx.run(FORGET_RECORD, erased=record_id)


async def integrate(tx: Tx, signer: LogSigner, *, now: datetime) -> int:
    """Append the next batch of queued entries and sign the checkpoint; return how many there were.

    Raises LogDamaged when the tiles do not lead to the last checkpoint.
    """
    await tx.one(LOG_KEY_LOCKED)
    head = await tx.one(HEAD)
    size = head.size if head else 0
    queued = await tx.all(QUEUED, limit=BATCH)
    if not queued:
        return 0
    edge = await tiles_at(tx, merkle.edge_of(size))
    if head is not None and _root(size, edge) != head.root:
        raise LogDamaged
    changed = merkle.appended(size, edge, [merkle.leaf_hash(each.entry) for each in queued])
    for place, hashes in changed.items():
        await tx.run(PUT_TILE, level=place.level, tile=place.index, hashes=hashes)
    for position, each in enumerate(queued, start=size):
        await tx.run(PUT_IN_PLACE, entry_id=each.id, place=position)
    grown = size + len(queued)
    root = merkle.root(grown, merkle.nodes_in({**edge, **changed}))
    await tx.insert(LogCheckpoint(grown, root, signer.sign(grown, root), now))
    return len(queued)


async def check_log(database: Database) -> int:
    """Compute the whole tree again from its entries and compare it with its tiles and the last checkpoint.

    Returns the number of entries. Raises LogDamaged. Reads the log in pieces, so that it may be long.
    """
    async with database.read() as tx:
        head = await tx.one(HEAD)
    size, edge = 0, dict[TileId, bytes]()
    while head is not None and size < head.size:
        async with database.read() as tx:
            entries = await tx.all(ENTRIES, first=size, end=min(size + TILE_WIDTH, head.size))
            grown = merkle.appended(size, edge, [merkle.leaf_hash(each.entry) for each in entries])
            full = {place: hashes for place, hashes in grown.items() if len(hashes) == TILE_WIDTH * merkle.HASH_LENGTH}
            if not entries or await tiles_at(tx, full) != full:
                raise LogDamaged
        size += len(entries)
        known = {**edge, **grown}
        edge = {place: known[place] for place in merkle.edge_of(size)}
        # On SQLite nothing of this waits for anything, and the loop has others to serve.
        await asyncio.sleep(0)
    if head is not None and _root(size, edge) != head.root:
        raise LogDamaged
    return size


async def tiles_at(tx: Tx, places: Iterable[TileId]) -> dict[TileId, bytes]:
    """Return the hashes of tiles. Raises LogDamaged when one is not there."""
    found = {}
    for place in places:
        tile = await tx.one(TILE, level=place.level, tile=place.index)
        if tile is None:
            raise LogDamaged
        found[place] = tile.hashes
    return found


async def keep_log(database: Database, signer: LogSigner, clock: Clock) -> None:
    """Look whether the log is whole, then append what is queued, until cancelled.

    Several processes may do so: they take turns at the row of the log's key. A log that is damaged stops, and says so
    to the operator.
    """
    checked = False
    while True:
        try:
            if checked:
                await append_all(database, signer, clock)
            else:
                await check_log(database)
                checked = True
        except LogDamaged as fault:
            log.critical("The transparency log is stopped", reason=fault.message)
            return
        except StoreUnavailable as fault:
            log.warning("The transparency log waits for the database", reason=fault.message)
        await asyncio.sleep(REST)


async def append_all(database: Database, signer: LogSigner, clock: Clock) -> int:
    """Append everything that is queued, batch by batch, and return how many entries. Raises LogDamaged."""
    appended = 0
    while await _has_queue(database):
        async with database.write() as tx:
            appended += await integrate(tx, signer, now=clock.now())
    return appended


async def _has_queue(database: Database) -> bool:
    async with database.read() as tx:
        return await tx.one(QUEUED, limit=1) is not None


def _root(size: int, edge: Mapping[TileId, bytes]) -> bytes:
    """Return the root of a tree of which the unfinished tiles are known."""
    try:
        return merkle.root(size, merkle.nodes_in(edge))
    except (KeyError, IndexError):
        raise LogDamaged from None
