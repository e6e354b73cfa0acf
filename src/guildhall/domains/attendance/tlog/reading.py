"""What the log publishes: its checkpoint, its tiles, its entries, and proofs made from them."""

from functools import cache

from guildhall.core.db import Tx
from guildhall.domains.attendance.tlog.log import tiles_at
from guildhall.domains.attendance.tlog.models import LogCheckpoint, LogEntry
from guildhall.domains.attendance.tlog.queries import ENTRIES, ENTRIES_OF_PERIOD, ENTRY_OF, HEAD, TILE
from guildhall.evidence import merkle, notes
from guildhall.evidence.merkle import HASH_LENGTH, TILE_WIDTH, TileId
from guildhall.evidence.notes import Proof


async def checkpoint(tx: Tx) -> str | None:
    """Return the newest checkpoint, or None before the first entry."""
    head = await tx.one(HEAD)
    return head.note if head else None


async def tile(tx: Tx, *, level: int, path: str) -> bytes | None:
    """Return the hashes of the tile that an address names, or None when the published tree has it not."""
    named = merkle.parsed_tile_path(path)
    if named is None or not await _reaches(tx, TileId(level, named[0]), named[1]):
        return None
    found = await tx.one(TILE, level=level, tile=named[0])
    return found.hashes[: named[1] * HASH_LENGTH] if found else None


async def entry_bundle(tx: Tx, *, path: str) -> bytes | None:
    """Return the entries that an address names, or None when the published log has them not."""
    named = merkle.parsed_tile_path(path)
    if named is None or not await _reaches(tx, TileId(0, named[0]), named[1]):
        return None
    first = named[0] * TILE_WIDTH
    return notes.bundle([each.entry for each in await tx.all(ENTRIES, first=first, end=first + named[1])])


class Prover:
    """Makes proofs within one transaction, all under the newest checkpoint; reads a tile once."""

    def __init__(self, tx: Tx, head: LogCheckpoint | None) -> None:
        self._tx = tx
        self._head = head
        self._tiles: dict[TileId, bytes] = {}
        # Neighbours share most of their proofs, so what was folded once is kept. A tile never changes while it is read.
        self._node_at = cache(merkle.nodes_in(self._tiles))
        self._entries: dict[str, LogEntry] = {}

    @classmethod
    async def of(cls, tx: Tx) -> "Prover":
        """Return a prover under the checkpoint that is the newest now."""
        return cls(tx, await tx.one(HEAD))

    async def know_period(self, period_id: str) -> None:
        """Read where all sessions of a period stand in one go, for whoever wants the proofs of all of them."""
        entries = await self._tx.all(ENTRIES_OF_PERIOD, period_id=period_id)
        self._entries |= {each.record_id: each for each in entries if each.record_id}

    async def prove(self, record_id: str, salt: bytes) -> str | None:
        """Return the proof that a record is in the log, with its salt; None while it is not integrated."""
        entry = self._entries.get(record_id) or await self._tx.one(ENTRY_OF, id=record_id)
        if self._head is None or entry is None or entry.position is None or entry.position >= self._head.size:
            return None
        wanted = merkle.tiles_for_proof(entry.position, self._head.size)
        self._tiles.update(await tiles_at(self._tx, wanted - self._tiles.keys()))
        hashes = merkle.inclusion_proof(entry.position, self._head.size, self._node_at)
        return Proof(entry.position, tuple(hashes), self._head.note, salt).text


async def _reaches(tx: Tx, place: TileId, width: int) -> bool:
    """Tell whether the published tree has a tile of at least this width."""
    head = await tx.one(HEAD)
    return head is not None and width <= merkle.width_of(place, head.size)
