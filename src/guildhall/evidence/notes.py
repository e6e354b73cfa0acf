"""Signed notes, checkpoints and proofs of inclusion, in the textual forms of C2SP.

A checkpoint is a note of three lines: the log's origin, the tree's size, its root in base64. A proof of inclusion
holds whatever is needed besides the entry: its index, the hashes up to the root, and the checkpoint as it was signed.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from guildhall.evidence import merkle
from guildhall.evidence.formats import RecordKind
from guildhall.evidence.signatures import holds

ED25519: Final = b"\x01"
KEY_ID_LENGTH: Final = 4
PROOF_HEADER: Final = "c2sp.org/tlog-proof@v1"
ENTRY_HEADER: Final = "guildhall.attendance/v1"
DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")
MOST_SIGNATURES: Final = 64


@dataclass(frozen=True)
class LogKey:
    """The public half of a log's key: the name it signs by and its 32 bytes."""

    name: str
    public_key: bytes

    @property
    def id(self) -> bytes:
        """The four bytes by which a signature names the key."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public_key).digest()[:KEY_ID_LENGTH]

    @property
    def text(self) -> str:
        """The key in the form that verifiers of notes are configured with: name, id and key, joined by plus signs."""
        return f"{self.name}+{self.id.hex()}+{_packed(ED25519 + self.public_key)}"


@dataclass(frozen=True)
class Checkpoint:
    """The state of a log: that many entries with that root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{_packed(self.root)}\n"


@dataclass(frozen=True)
class Proof:
    """Where an entry stands in a log and how its hash leads to the root of the checkpoint, which is a signed note."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""

    @property
    def text(self) -> str:
        """The proof in its textual form."""
        extra = [f"extra {_packed(self.extra)}"] if self.extra else []
        lines = [PROOF_HEADER, *extra, f"index {self.index}", *(_packed(each) for each in self.hashes), "", ""]
        return "\n".join(lines) + self.checkpoint


def commitment(salt: bytes, v2_hash: str) -> bytes:
    """Return what the log says of a record: nothing, to those who have not its salt."""
    return hashlib.sha256(salt + bytes.fromhex(v2_hash)).digest()


def entry_of(kind: RecordKind, committed: bytes) -> bytes:
    """Return a log's entry for a commitment."""
    return f"{ENTRY_HEADER}\n{kind}\n{committed.hex()}\n".encode()


def signed(text: str, key: LogKey, private_key: Ed25519PrivateKey) -> str:
    """Return a text as a note that a key has signed."""
    return f"{text}\n\N{EM DASH} {key.name} {_packed(key.id + private_key.sign(text.encode()))}\n"


def opened(note: str, key: LogKey) -> Checkpoint | None:
    """Return the checkpoint that a note holds, or None when it is none, or not signed by this key."""
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    lines = signatures.splitlines()
    if len(lines) > MOST_SIGNATURES or not any(_is_signature(line, text, key) for line in lines):
        return None
    return parsed_checkpoint(text)


def parsed_checkpoint(text: str) -> Checkpoint | None:
    """Return the checkpoint in the text of a note, or None when it is none. Its signatures are not looked at."""
    origin, size, packed, *_ = [*text.split("\n"), "", "", ""]
    found = _unpacked(packed)
    if not origin or not DECIMAL.fullmatch(size) or found is None or len(found) != merkle.HASH_LENGTH:
        return None
    return Checkpoint(origin, int(size), found)


def parsed_key(text: str) -> LogKey | None:
    """Return the key in the form of `LogKey.text`, or None."""
    name, _, rest = text.strip().partition("+")
    key_id, _, packed = rest.partition("+")
    content = _unpacked(packed)
    if not name or content is None or len(content) != 1 + merkle.HASH_LENGTH or content[:1] != ED25519:
        return None
    key = LogKey(name, content[1:])
    return key if key.id.hex() == key_id else None


def parsed_proof(text: str) -> Proof | None:
    """Return a proof from its textual form, or None when it is none."""
    head, _, checkpoint = text.partition("\n\n")
    first, *lines = head.split("\n")
    extra: bytes | None = b""
    if lines and lines[0].startswith("extra "):
        extra = _unpacked(lines.pop(0).removeprefix("extra "))
    word, _, index = lines.pop(0).partition(" ") if lines else ("", "", "")
    hashes = [_unpacked(line) for line in lines]
    whole = [each for each in hashes if each is not None and len(each) == merkle.HASH_LENGTH]
    well_formed = first == PROOF_HEADER and word == "index" and DECIMAL.fullmatch(index) is not None
    if not well_formed or extra is None or len(whole) != len(hashes) or not checkpoint:
        return None
    return Proof(int(index), tuple(whole), checkpoint, extra)


def proves(proof: Proof, kind: RecordKind, v2_hash: str, key: LogKey | None) -> bool:
    """Tell whether a proof shows that a record stands in the log.

    Without a key only that its hashes lead to the root that the checkpoint states; whoever made it may have made both.
    """
    checkpoint = opened(proof.checkpoint, key) if key else parsed_checkpoint(proof.checkpoint)
    if checkpoint is None or (key is not None and checkpoint.origin != key.name):
        return False
    leaf = merkle.leaf_hash(entry_of(kind, commitment(proof.extra, v2_hash)))
    return merkle.root_by_proof(leaf, proof.index, checkpoint.size, proof.hashes) == checkpoint.root


def bundle(entries: Sequence[bytes]) -> bytes:
    """Return entries as a log hands them out together, each with its length before it."""
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def _is_signature(line: str, text: str, key: LogKey) -> bool:
    dash, _, rest = line.partition(" ")
    name, _, packed = rest.partition(" ")
    content = _unpacked(packed)
    if dash != "\N{EM DASH}" or name != key.name or content is None or content[:KEY_ID_LENGTH] != key.id:
        return False
    return holds(_packed(content[KEY_ID_LENGTH:]), text.encode(), _packed(key.public_key))


def _packed(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _unpacked(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
