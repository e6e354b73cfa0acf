"""The Merkle tree of RFC 6962 over SHA-256, cut into the tiles of C2SP tlog-tiles. Sums without I/O.

A node stands for the 2^height leaves from `index * 2^height` on. Whoever can look up nodes can make every root and
every proof; tiles are where nodes are kept: a tile of a level has up to 256 nodes of height 8 * level.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

HASH_LENGTH: Final = 32
TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 2**TILE_HEIGHT
EMPTY_ROOT: Final = sha256(b"").digest()

TILE_PATH: Final = re.compile(r"(?P<index>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?")

NodeAt = Callable[[int, int], bytes]
"""Returns the hash of a full node, by its height and index."""


@dataclass(frozen=True, order=True)
class TileId:
    """A tile's place: its level and its index within the level."""

    level: int
    index: int


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over its two halves."""
    return sha256(b"\x01" + left + right).digest()


def root(size: int, node_at: NodeAt) -> bytes:
    """Return the root of a tree of that many leaves."""
    return _range(0, size, node_at) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, node_at: NodeAt) -> list[bytes]:
    """Return the hashes that lead from a leaf to the root of a tree, the leaf's sibling first."""
    return _path(index, 0, size, node_at)


def root_by_proof(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """Return the root that a proof leads to from a leaf, or None when it has not the length of a proof for it."""
    if not 0 <= index < size:
        return None
    found, last = leaf, size - 1
    for sibling in proof:
        if last == 0:
            return None
        if index & 1 or index == last:
            found = node_hash(sibling, found)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        index, last = index >> 1, last >> 1
    return found if last == 0 else None


def appended(size: int, edge: Mapping[TileId, bytes], leaves: Iterable[bytes]) -> dict[TileId, bytes]:
    """Return the tiles that change when leaves are appended to a tree, with all their hashes.

    `edge` has the unfinished tiles of the tree, as `edge_of` names them.
    """
    tiles = dict(edge)
    for position, leaf in enumerate(leaves, start=size):
        _append(tiles, 0, position, leaf)
    return {place: hashes for place, hashes in tiles.items() if edge.get(place) != hashes}


def edge_of(size: int) -> list[TileId]:
    """Return the unfinished tiles of a tree: at most one in each level."""
    edge, level = [], 0
    while size >> TILE_HEIGHT * level:
        nodes = size >> TILE_HEIGHT * level
        if nodes % TILE_WIDTH:
            edge.append(TileId(level, nodes // TILE_WIDTH))
        level += 1
    return edge


def nodes_in(tiles: Mapping[TileId, bytes]) -> NodeAt:
    """Return the look-up of nodes in tiles. It raises KeyError for one whose tile is not among them."""

    def node_at(height: int, index: int) -> bytes:
        place, first, width = _tile_of(height, index)
        hashes = tiles[place]
        wanted = [hashes[at * HASH_LENGTH : (at + 1) * HASH_LENGTH] for at in range(first, first + width)]
        return _folded(wanted)

    return node_at


def tiles_for_proof(index: int, size: int) -> set[TileId]:
    """Return the tiles that a proof of inclusion is made from."""
    wanted: set[TileId] = set()

    def note(height: int, node: int) -> bytes:
        wanted.add(_tile_of(height, node)[0])
        return b""

    inclusion_proof(index, size, note)
    return wanted


def width_of(place: TileId, size: int) -> int:
    """Return how many hashes a tile has in a tree of a size; 0 when the tree does not reach it."""
    nodes = size >> TILE_HEIGHT * place.level
    return max(0, min(TILE_WIDTH, nodes - place.index * TILE_WIDTH))


def tile_path(index: int, width: int = TILE_WIDTH) -> str:
    """Return how an address names a tile: three digits at a time, and the width of a partial one."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03}")
    return "/".join(groups) + (f".p/{width}" if width < TILE_WIDTH else "")


def parsed_tile_path(path: str) -> tuple[int, int] | None:
    """Return the index and width that an address names, or None when it names no tile."""
    parts = TILE_PATH.fullmatch(path)
    if parts is None:
        return None
    index, width = int(re.sub("[x/]", "", parts["index"])), int(parts["width"] or TILE_WIDTH)
    return (index, width) if tile_path(index, width) == path else None


def _range(start: int, end: int, node_at: NodeAt) -> bytes:
    size = end - start
    if size & (size - 1) == 0:
        height = size.bit_length() - 1
        return node_at(height, start >> height)
    middle = start + _largest_power_below(size)
    return node_hash(_range(start, middle, node_at), _range(middle, end, node_at))


def _path(index: int, start: int, end: int, node_at: NodeAt) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _largest_power_below(end - start)
    if index < middle:
        return [*_path(index, start, middle, node_at), _range(middle, end, node_at)]
    return [*_path(index, middle, end, node_at), _range(start, middle, node_at)]


def _largest_power_below(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def _append(tiles: dict[TileId, bytes], level: int, position: int, node: bytes) -> None:
    """Append a node to its tile, and a tile that is full with it to the level above."""
    place = TileId(level, position // TILE_WIDTH)
    tiles[place] = tiles.get(place, b"") + node
    if position % TILE_WIDTH == TILE_WIDTH - 1:
        hashes = tiles[place]
        full = [hashes[at : at + HASH_LENGTH] for at in range(0, len(hashes), HASH_LENGTH)]
        _append(tiles, level + 1, place.index, _folded(full))


def _tile_of(height: int, index: int) -> tuple[TileId, int, int]:
    """Return the tile below or at a node, and which of its hashes the node stands over: the first and how many."""
    level = height // TILE_HEIGHT
    width = 1 << height - TILE_HEIGHT * level
    first = index * width
    return TileId(level, first // TILE_WIDTH), first % TILE_WIDTH, width


def _folded(nodes: Sequence[bytes]) -> bytes:
    """Return the node over a power of two of nodes."""
    while len(nodes) > 1:
        nodes = [node_hash(nodes[at], nodes[at + 1]) for at in range(0, len(nodes), 2)]
    return nodes[0]
