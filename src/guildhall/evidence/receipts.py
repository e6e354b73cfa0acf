"""Receipts of sessions and exports of periods: their form, and whether they are what was signed.

A receipt carries the key it is to be checked with, so it proves by itself only that nothing in it was changed. Who
signed it is known to those who have the key from elsewhere, and pin it.
"""

from dataclasses import dataclass
from typing import TypeVar

import msgspec

from guildhall.evidence.formats import (
    PayloadV1,
    PayloadV2,
    PeriodV1,
    PeriodV2,
    Policy,
    RecordKind,
    SessionV1,
    SessionV2,
    agree,
    bytes_of,
    hash_of,
    sessions_hash_of,
)
from guildhall.evidence.notes import LogKey, Proof, parsed_proof, proves
from guildhall.evidence.signatures import Reason, holds, unpacked

P = TypeVar("P", bound=PayloadV1 | PayloadV2)
First = TypeVar("First", bound=PayloadV1)


class SecondForm(msgspec.Struct, frozen=True, kw_only=True):
    """The same record in version 2, with a signature of its own."""

    signing_version: int = 2
    signed_payload: msgspec.Raw
    payload_hash: str
    signature: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A session's receipt. `payload_b64` has the exact bytes, for readers that lose digits of large numbers."""

    signing_version: int = 1
    guild_id: int
    period_id: str
    signing_key_id: str
    public_key: str
    signed_payload: msgspec.Raw
    payload_hash: str
    signature: str
    payload_b64: str | None = None
    signed_at: str | None = None
    v2: SecondForm | None = None
    log_proof: str | None = None


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """A period's signature with the receipts of its sessions."""

    signing_version: int = 1
    guild_id: int
    period_id: str
    period_index: int
    signing_key_id: str
    public_key: str
    signed_payload: msgspec.Raw
    payload_hash: str
    signature: str
    payload_b64: str | None = None
    signed_at: str | None = None
    policy: Policy | None = None
    v2: SecondForm | None = None
    receipts: list[Receipt]
    log_proof: str | None = None


class ListedKey(msgspec.Struct, frozen=True):
    """A public key and its id."""

    signing_key_id: str
    public_key: str


class GuildKeys(msgspec.Struct, frozen=True):
    """Every key of a guild, as the server's `/verify/keys` answers."""

    guild_id: str
    keys: list[ListedKey]

    def know(self, document: Receipt | Export) -> bool:
        """Tell whether a document is the guild's and names one of its keys."""
        named = ListedKey(document.signing_key_id, document.public_key)
        return self.guild_id == str(document.guild_id) and named in self.keys


@dataclass(frozen=True)
class Pins:
    """The keys that are trusted: those of one guild by their ids, one public key, a log's. None pins none."""

    guild: GuildKeys | None = None
    public_key: str | None = None
    log_key: LogKey | None = None

    @property
    def any(self) -> bool:
        """Whether anything is pinned, so that origin can be judged."""
        return self.guild is not None or self.public_key is not None

    def trust(self, document: Receipt | Export) -> bool:
        """Tell whether a document names a key that is trusted for its guild. With nothing pinned, any is."""
        if not self.any:
            return True
        if self.public_key is not None and document.public_key == self.public_key:
            return True
        return self.guild is not None and self.guild.know(document)


@dataclass(frozen=True)
class Judged:
    """What was found of a document: why it is not valid, if it is not, where the fault is, and what was left out."""

    payload: PayloadV1 | None
    reason: Reason | None = None
    fault: str = ""
    unchecked: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether everything that was checked is as it was signed."""
        return self.reason is None


class _Invalid(Exception):
    """The document is not what was signed."""

    def __init__(self, reason: Reason, fault: str) -> None:
        super().__init__(fault)
        self.reason = reason
        self.fault = fault


def read(text: bytes) -> Receipt | Export:
    """Return the receipt or export that a file holds. Raises ValueError when it is neither."""
    is_export = "receipts" in msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    return msgspec.json.decode(text, type=Export) if is_export else msgspec.json.decode(text, type=Receipt)


def judge(document: Receipt | Export, pins: Pins) -> Judged:
    """Check a receipt or export in both versions; an export also for sessions that are missing or were added."""
    try:
        if isinstance(document, Export):
            return _judged_export(document, pins)
        return Judged(_checked(document, SessionV1, SessionV2, pins))
    except _Invalid as invalid:
        return Judged(None, invalid.reason, invalid.fault)


def is_logged(document: Receipt | Export, proof: Proof | None, pins: Pins) -> bool:
    """Tell whether a proof shows that a document's record is in a log: the one that is pinned, if one is."""
    if proof is None or document.v2 is None:
        return False
    kind = RecordKind.PERIOD if isinstance(document, Export) else RecordKind.SESSION
    return proves(proof, kind, document.v2.payload_hash, pins.log_key)


def _judged_export(export: Export, pins: Pins) -> Judged:
    payload = _checked(export, PeriodV1, PeriodV2, pins)
    second = msgspec.json.decode(export.v2.signed_payload, type=PeriodV2) if export.v2 else None
    if payload.period_index != export.period_index:
        raise _Invalid(Reason.PAYLOAD_MISMATCH, "period_index is not what was signed")
    if second is not None and export.policy not in (None, second.policy):
        raise _Invalid(Reason.PAYLOAD_MISMATCH, "policy is not what was signed")
    for receipt in export.receipts:
        _check_member(receipt, export, pins)
    return Judged(payload, unchecked=_check_whole(export.receipts, second))


def _check_member(receipt: Receipt, export: Export, pins: Pins) -> None:
    try:
        payload = _checked(receipt, SessionV1, SessionV2, pins)
    except _Invalid as invalid:
        raise _Invalid(invalid.reason, f"in a receipt: {invalid.fault}") from None
    if (payload.guild_id, payload.period_id) != (export.guild_id, export.period_id):
        raise _Invalid(Reason.PAYLOAD_MISMATCH, f"session {payload.session_id} belongs to another period")


def _check_whole(receipts: list[Receipt], second: PeriodV2 | None) -> tuple[str, ...]:
    """Compare the sessions that are here with those that were signed; return what could not be."""
    if second is None:
        return ("whether sessions are missing: the export has no second version",)
    if not receipts and second.sessions_hash != sessions_hash_of(()):
        return ("the sessions: the export has none of them",)
    hashes = []
    for receipt in receipts:
        if receipt.v2 is None:
            return ("whether sessions are missing: a receipt has no second version",)
        payload = msgspec.json.decode(receipt.v2.signed_payload, type=SessionV2)
        hashes.append((payload.session_id, receipt.v2.payload_hash))
    if sessions_hash_of(hashes) != second.sessions_hash:
        raise _Invalid(Reason.PAYLOAD_MISMATCH, "the sessions are not those of the period: some are missing or added")
    return ()


def _checked(document: Receipt | Export, first_type: type[First], second_type: type[PayloadV2], pins: Pins) -> First:
    """Return the payload of version 1 when everything about the document holds. Raises _Invalid."""
    if not pins.trust(document):
        raise _Invalid(Reason.UNKNOWN_KEY, f"key {document.signing_key_id} is not one that is trusted")
    payload = _payload(document.signed_payload, first_type)
    content = bytes_of(payload)
    if document.payload_b64 is not None and unpacked(document.payload_b64) != content:
        raise _Invalid(Reason.PAYLOAD_MISMATCH, "signed_payload and payload_b64 differ")
    _check_signature(document, content, document.public_key, "version 1")
    if (payload.guild_id, payload.period_id) != (document.guild_id, document.period_id):
        raise _Invalid(Reason.PAYLOAD_MISMATCH, "guild_id or period_id is not what was signed")
    if document.v2 is not None:
        second = _payload(document.v2.signed_payload, second_type)
        _check_signature(document.v2, bytes_of(second), document.public_key, "version 2")
        if not agree(payload, second):
            raise _Invalid(Reason.PAYLOAD_MISMATCH, "the two versions say different things")
    if document.log_proof is not None and not is_logged(document, parsed_proof(document.log_proof), pins):
        raise _Invalid(Reason.PAYLOAD_MISMATCH, "log_proof does not show that it is in the transparency log")
    return payload


def _check_signature(part: Receipt | Export | SecondForm, content: bytes, public_key: str, version: str) -> None:
    if part.payload_hash != hash_of(content):
        raise _Invalid(Reason.PAYLOAD_MISMATCH, f"{version}: payload_hash is not that of the payload")
    if not holds(part.signature, content, public_key):
        raise _Invalid(Reason.BAD_SIGNATURE, f"{version}: the signature does not hold")


def _payload(raw: msgspec.Raw, kind: type[P]) -> P:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as fault:
        raise _Invalid(Reason.PAYLOAD_MISMATCH, f"signed_payload has not the form of its kind: {fault}") from fault
