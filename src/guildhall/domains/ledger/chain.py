"""The chain of entries: what an entry's hash covers, and whether an entry follows another. Pure sums, no I/O."""

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import msgspec

from guildhall.domains.ledger.models import Entry, Head

PREFIX = "0x"
GENESIS = Head(0, "0" * 64)
"""What the first entry follows."""


@dataclass(frozen=True)
class Mint:
    """A wish for new tokens: base units for an account, and the thing they are for, which the ledger takes once."""

    token: str
    amount: int
    account: str
    ref: str


def issuer_of(token: str) -> str:
    """Return the account that a token comes from."""
    return f"issuer:{token}"


def follow(head: Head, wanted: Mint, now: datetime) -> Entry:
    """Return the entry that mints after the head; its time is kept to the second."""
    entry = Entry(
        seq=head.seq + 1,
        at=now.replace(microsecond=0),
        kind="mint",
        ref=wanted.ref,
        token=wanted.token,
        amount=wanted.amount,
        source=issuer_of(wanted.token),
        target=wanted.account,
        prev=head.digest,
        tx_hash="",
    )
    return msgspec.structs.replace(entry, tx_hash=hash_of(entry))


def head_after(entry: Entry) -> Head:
    """Return the head of the chain once an entry is its last."""
    return Head(entry.seq, entry.tx_hash.removeprefix(PREFIX))


def hash_of(entry: Entry) -> str:
    """Return `0x` and the SHA-256 of what the entry says, as JSON in its canonical form (RFC 8785).

    Its keys are plain ASCII and its only number is small, so sorted keys without white space are the canonical form.
    """
    said = {
        "amount": str(entry.amount),
        "at": entry.at.isoformat().replace("+00:00", "Z"),
        "from": entry.source,
        "kind": entry.kind,
        "prev": entry.prev,
        "ref": entry.ref,
        "seq": entry.seq,
        "to": entry.target,
        "token": entry.token,
    }
    # What is no text any more was written by somebody else; it has to be hashed only to be found wrong.
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=repr)
    return PREFIX + sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def fault_of(entry: Entry, before: Head) -> str | None:
    """Return why an entry is not the one that was written after another, or None."""
    if entry.seq != before.seq + 1:
        return "it is missing"
    if entry.prev != before.digest:
        return "it does not follow the one before it"
    if entry.tx_hash != hash_of(entry):
        return "its hash does not fit what it says"
    return None
