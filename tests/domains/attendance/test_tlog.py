"""The transparency log, judged by a second implementation that shares no line with the first."""

import asyncio
import base64
import dataclasses
import hashlib
import logging
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import bindparam, update

from guildhall.core.crypto import SecretBox
from guildhall.core.db import Database, command
from guildhall.domains.attendance.key_errors import RecordNotFound
from guildhall.domains.attendance.key_models import SigningKey
from guildhall.domains.attendance.keyring import Keyring
from guildhall.domains.attendance.receipts import period_export, period_proof, session_proof, session_receipt
from guildhall.domains.attendance.signing import sign_waiting
from guildhall.domains.attendance.tlog.log import (
    LogDamaged,
    LogSigner,
    append_all,
    check_log,
    forget_record,
    integrate,
    keep_log,
    open_log,
    queue_entry,
)
from guildhall.domains.attendance.tlog.models import attendance_log_entries, attendance_log_tiles
from guildhall.domains.attendance.tlog.reading import checkpoint, entry_bundle, tile
from guildhall.evidence import merkle, notes
from guildhall.evidence.formats import RecordKind
from tests.clock import SettableClock
from tests.domains.attendance.closing import archive, open_guild, put_session
from tests.domains.attendance.examples import GUILD, KEY_ID, PERIOD, RECEIPT, SEED, SESSION

ORIGIN = "hub.example/tlog"
BOX = SecretBox("a secret key of a test", "attendance log")
SALT = bytes(range(32))


def head_of(leaves: Sequence[bytes]) -> bytes:
    """The tree head as RFC 6962 defines it, word for word and slowly."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\1" + head_of(leaves[:half]) + head_of(leaves[half:])).digest()


def climb(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """Follow an audit path by halving the tree, from the root down and back."""
    if size == 1:
        assert not path
        return hashlib.sha256(b"\0" + leaf).digest()
    half = 1
    while half * 2 < size:
        half *= 2
    *lower, sibling = path
    if index < half:
        return hashlib.sha256(b"\1" + climb(leaf, index, half, lower) + sibling).digest()
    return hashlib.sha256(b"\1" + sibling + climb(leaf, index - half, size - half, lower)).digest()


def verified(note: str, key_text: str) -> tuple[int, bytes]:
    """Open a checkpoint by the words of the specification; return its size and root."""
    name, key_id, packed = key_text.split("+", 2)
    public = base64.b64decode(packed)
    assert hashlib.sha256(name.encode() + b"\n" + public).hexdigest()[:8] == key_id
    body, line = note.split("\n\n")
    assert line.startswith(f"— {name} ")
    signature = base64.b64decode(line.split()[2])
    assert signature[:4].hex() == key_id
    Ed25519PublicKey.from_public_bytes(public[1:]).verify(signature[4:], (body + "\n").encode())
    origin, size, root = body.split("\n")
    assert origin == name == ORIGIN
    return int(size), base64.b64decode(root)


def unbundled(content: bytes) -> list[bytes]:
    entries = []
    while content:
        length = int.from_bytes(content[:2], "big")
        entries.append(content[2 : 2 + length])
        content = content[2 + length :]
    return entries


def grown_tiles(leaves: list[bytes], *steps: int) -> dict[merkle.TileId, bytes]:
    """Tiles of a tree that grew to these sizes, one after the other."""
    tiles: dict[merkle.TileId, bytes] = {}
    size = 0
    for step in steps:
        edge = {place: tiles[place] for place in merkle.edge_of(size)}
        tiles |= merkle.appended(size, edge, [merkle.leaf_hash(leaf) for leaf in leaves[size:step]])
        size = step
    return tiles


def test_the_check_values_of_the_document_hold() -> None:
    committed = notes.commitment(SALT, RECEIPT["v2"]["payload_hash"])
    assert committed.hex() == "9b806b3ba1b4f00a090dd2b70ae984a103590702aa1ccd0193d730fa7622d85e"
    leaf = merkle.leaf_hash(notes.entry_of(RecordKind.SESSION, committed))
    assert leaf.hex() == "9258da4ee4c9c0cc12a457634616ca797bd65cac843368d6423c82346cfaea58"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 255, 256, 257, 300, 511, 512, 513, 770])
def test_roots_and_proofs_of_every_leaf_are_those_of_the_definition(size: int) -> None:
    leaves = [number.to_bytes(2, "big") for number in range(size)]
    tiles = grown_tiles(leaves, size // 3, size // 2, size)
    nodes = merkle.nodes_in(tiles)
    root = head_of(leaves)
    assert merkle.root(size, nodes) == root
    for index in {0, 1, size // 2, size - 2, size - 1} & set(range(size)):
        proof = merkle.inclusion_proof(index, size, nodes)
        assert climb(leaves[index], index, size, proof) == root
        assert merkle.tiles_for_proof(index, size) <= tiles.keys()
        leaf = merkle.leaf_hash(leaves[index])
        assert merkle.root_by_proof(leaf, index, size, proof) == root
        assert merkle.root_by_proof(leaf, index, size, [*proof, root]) is None
        assert merkle.root_by_proof(leaf, size, size, proof) is None
        if proof:
            assert merkle.root_by_proof(leaf, index, size, proof[:-1]) != root


def test_the_tiles_of_seventy_thousand_entries_are_those_of_the_specification() -> None:
    tiles = grown_tiles([number.to_bytes(3, "big") for number in range(70_000)], 65_535, 70_000)
    widths = {place: len(hashes) // 32 for place, hashes in tiles.items()}
    assert [widths.pop(merkle.TileId(0, index)) for index in range(273)] == [256] * 273
    rest = {(0, 273): 112, (1, 0): 256, (1, 1): 17, (2, 0): 1}
    assert {(place.level, place.index): width for place, width in widths.items()} == rest
    assert all(merkle.width_of(merkle.TileId(*place), 70_000) == width for place, width in rest.items())
    assert merkle.width_of(merkle.TileId(0, 274), 70_000) == 0


def test_a_tiles_address_has_one_form() -> None:
    assert merkle.tile_path(1234067) == "x001/x234/067"
    assert merkle.tile_path(0, 17) == "000.p/17"
    for path, named in (("x001/x234/067", (1234067, 256)), ("000.p/17", (0, 17)), ("x273/000", (273000, 256))):
        assert merkle.parsed_tile_path(path) == named
    for wrong in ("0", "x000/001", "000.p/0", "000.p/256", "000.p/", "001/002", "x001", "000.p/017", "../000"):
        assert merkle.parsed_tile_path(wrong) is None


@pytest.fixture
async def signer(database: Database, clock: SettableClock) -> LogSigner:
    return await open_log(database, BOX, origin=ORIGIN, now=clock.now())


async def queue(database: Database, count: int) -> list[str]:
    """Queue entries of records, one transaction each hundred; return the records' ids."""
    made = [str(uuid4()) for _ in range(count)]
    async with database.write() as tx:
        for record_id in made:
            v2_hash = hashlib.sha256(record_id.encode()).hexdigest()
            await queue_entry(tx, RecordKind.SESSION, record_id, salt=SALT, v2_hash=v2_hash)
    return made


async def test_a_stranger_who_reads_checkpoint_tiles_and_entries_finds_them_to_agree(
    database: Database, signer: LogSigner, clock: SettableClock
) -> None:
    async with database.read() as tx:
        assert await checkpoint(tx) is None
        assert await tile(tx, level=0, path="000.p/1") is None
    seen: list[tuple[int, bytes]] = []
    for count in (1, 254, 1, 300):
        await queue(database, count)
        assert await append_all(database, signer, clock) == count
        async with database.read() as tx:
            seen.append(verified(await checkpoint(tx) or "", signer.key.text))
    assert [size for size, _ in seen] == [1, 255, 256, 556]
    async with database.read() as tx:
        entries = [
            each for path in ("000", "001", "002.p/44") for each in unbundled(await entry_bundle(tx, path=path) or b"")
        ]
        assert len(entries) == 556
        assert [head_of(entries[:size]) for size, _ in seen] == [root for _, root in seen]
        leaf_tiles = [await tile(tx, level=0, path=path) for path in ("000", "001", "002.p/44")]
        assert b"".join(each or b"" for each in leaf_tiles) == b"".join(
            hashlib.sha256(b"\0" + each).digest() for each in entries
        )
        above = await tile(tx, level=1, path="000.p/2")
        assert above == head_of(entries[:256]) + head_of(entries[256:512])
        assert (await tile(tx, level=0, path="002.p/7")) == (leaf_tiles[2] or b"")[: 7 * 32]
        for level, path in ((0, "002"), (0, "002.p/45"), (1, "000"), (1, "000.p/3"), (2, "000.p/1"), (0, "junk")):
            assert await tile(tx, level=level, path=path) is None
        assert await entry_bundle(tx, path="003.p/1") is None
    assert all(entry.decode().split("\n")[:2] == ["guildhall.attendance/v1", "session"] for entry in entries)
    assert await check_log(database) == 556
    assert (await open_log(database, BOX, origin=ORIGIN, now=clock.now())).key == signer.key


async def test_processes_that_start_together_have_one_key_for_the_log(database: Database, clock: SettableClock) -> None:
    opened = await asyncio.gather(*(open_log(database, BOX, origin=ORIGIN, now=clock.now()) for _ in range(4)))
    assert len({each.key for each in opened}) == 1


async def test_a_log_whose_entries_or_tiles_were_changed_is_found_out_and_signs_no_more(
    database: Database, signer: LogSigner, clock: SettableClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    await queue(database, 300)
    await append_all(database, signer, clock)
    change: Any = update(attendance_log_entries).where(attendance_log_entries.c.position == 7)
    async with database.write() as tx:
        await tx.run(command(change.values(entry=bindparam("changed"))), changed=b"something else")
    with pytest.raises(LogDamaged):
        await check_log(database)
    # Tells the operator, and ends: this returns.
    await keep_log(database, signer, clock)
    async with database.write() as tx:
        tampered: Any = update(attendance_log_tiles).where(attendance_log_tiles.c.tile == 1)
        await tx.run(command(tampered.values(hashes=bindparam("changed"))), changed=bytes(44 * 32))
    await queue(database, 1)
    async with database.read() as tx:
        before = await checkpoint(tx)
    with pytest.raises(LogDamaged):
        async with database.write() as tx:
            await integrate(tx, signer, now=clock.now())
    async with database.read() as tx:
        assert await checkpoint(tx) == before


@pytest.fixture
async def logged(database: Database, keyring: Keyring, signer: LogSigner, clock: SettableClock) -> Database:
    """The contract's session and period, signed and logged among others."""
    keyring.hold(GUILD, KEY_ID, bytearray(SEED))
    await queue(database, 300)
    async with database.write() as tx:
        await tx.insert(SigningKey(id=KEY_ID, guild_id=GUILD, public_key=RECEIPT["public_key"], created_at=clock.now()))
        await open_guild(tx)
        await put_session(tx, SESSION)
        await put_session(tx, dataclasses.replace(SESSION, session_id=str(uuid4()), user_id=1))
        await archive(tx, PERIOD)
    assert await sign_waiting(database, keyring, clock, guild_id=GUILD) == 3
    async with database.read() as tx:
        with pytest.raises(RecordNotFound):
            await session_proof(tx, session_id=SESSION.session_id)
        receipt = await session_receipt(tx, guild_id=GUILD, session_id=SESSION.session_id)
        assert receipt.log_proof is None
    assert await append_all(database, signer, clock) == 303
    return database


async def test_a_signed_record_is_proved_to_be_in_the_log_by_its_salt(logged: Database, signer: LogSigner) -> None:
    async with logged.read() as tx:
        text = await session_proof(tx, session_id=SESSION.session_id)
        of_period = await period_proof(tx, guild_id=GUILD, number=1)
        receipt = await session_receipt(tx, guild_id=GUILD, session_id=SESSION.session_id)
        export = await period_export(tx, guild_id=GUILD, number=1)
    assert receipt.log_proof == text
    assert export.log_proof == of_period
    assert all(each.log_proof for each in export.receipts)
    head, note = text.split("\n\n", 1)
    first, extra, index, *hashes = head.split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    assert base64.b64decode(extra.removeprefix("extra ")) == SALT
    size, root = verified(note, signer.key.text)
    committed = hashlib.sha256(SALT + bytes.fromhex(RECEIPT["v2"]["payload_hash"])).hexdigest()
    entry = f"guildhall.attendance/v1\nsession\n{committed}\n".encode()
    position = int(index.removeprefix("index "))
    assert climb(entry, position, size, [base64.b64decode(each) for each in hashes]) == root

    proof, v2_hash = notes.parsed_proof(text), RECEIPT["v2"]["payload_hash"]
    assert proof is not None
    assert proof.text == text
    assert notes.proves(proof, RecordKind.SESSION, v2_hash, signer.key)
    assert notes.proves(proof, RecordKind.SESSION, v2_hash, None)
    assert not notes.proves(proof, RecordKind.PERIOD, v2_hash, signer.key)
    assert not notes.proves(proof, RecordKind.SESSION, "0" * 64, signer.key)
    assert not notes.proves(dataclasses.replace(proof, extra=bytes(32)), RecordKind.SESSION, v2_hash, None)
    assert not notes.proves(dataclasses.replace(proof, index=proof.index - 1), RecordKind.SESSION, v2_hash, None)
    stranger = dataclasses.replace(signer.key, public_key=bytes(32))
    assert not notes.proves(proof, RecordKind.SESSION, v2_hash, stranger)


async def test_a_note_is_refused_when_its_text_or_signature_was_changed(logged: Database, signer: LogSigner) -> None:
    async with logged.read() as tx:
        note = await checkpoint(tx) or ""
    opened = notes.opened(note, signer.key)
    assert opened is not None
    assert (opened.origin, opened.size) == (ORIGIN, 303)
    for changed in (
        note.replace("303", "304"),
        note.replace(ORIGIN, "evil.example/tlog"),
        note.replace("\n\n", "\n"),
        "",
    ):
        assert notes.opened(changed, signer.key) is None
        with pytest.raises((InvalidSignature, AssertionError, ValueError)):
            verified(changed, signer.key.text)
    assert notes.parsed_key(signer.key.text) == signer.key
    for wrong in ("", "name", signer.key.text.replace("+", "-"), signer.key.text.replace(ORIGIN, "other.example")):
        assert notes.parsed_key(wrong) is None


async def test_erasing_a_record_leaves_an_entry_that_means_nothing_and_a_log_that_is_whole(
    logged: Database, signer: LogSigner, clock: SettableClock
) -> None:
    async with logged.write() as tx:
        await forget_record(tx, SESSION.session_id)
        with pytest.raises(RecordNotFound):
            await session_proof(tx, session_id=SESSION.session_id)
        assert await period_proof(tx, guild_id=GUILD, number=1)
    assert await check_log(logged) == 303
    await queue(logged, 1)
    assert await append_all(logged, signer, clock) == 1
