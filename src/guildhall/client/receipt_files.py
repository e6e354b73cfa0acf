"""Receipts and exports in files: read, judged, and told in lines."""

from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path

import msgspec

from guildhall.client.failures import BadUsage
from guildhall.evidence import receipts
from guildhall.evidence.formats import PayloadV1, SessionV1
from guildhall.evidence.notes import Proof, parsed_key, parsed_proof
from guildhall.evidence.receipts import GuildKeys, Pins
from guildhall.evidence.signatures import KEY_LENGTH, unpacked


class Outcome(IntEnum):
    """What the command ends with; of several files the worst counts."""

    VALID = 0
    NOT_VALID = 1
    NOT_READABLE = 2


def pins_of(public_key: str | None, keys: Path | None, log_key: str | None) -> Pins:
    """Return what is trusted: a key in base64, those in a file, a log's. Raises BadUsage for what is none."""
    log = parsed_key(log_key) if log_key is not None else None
    if log_key is not None and log is None:
        raise BadUsage("--log-key is not a name, an id and a key, joined by plus signs")
    if public_key is not None and unpacked(public_key, KEY_LENGTH) is None:
        raise BadUsage("--public-key is not the base64 of 32 bytes")
    try:
        guild = msgspec.json.decode(keys.read_bytes(), type=GuildKeys) if keys else None
    except (OSError, ValueError) as fault:
        raise BadUsage(f"{keys} does not hold a guild's keys: {_words(fault)}") from fault
    return Pins(guild, public_key, log)


def read_proof(file: Path) -> Proof:
    """Return the proof in a file. Raises BadUsage when there is none."""
    try:
        proof = parsed_proof(file.read_text("utf-8"))
    except (OSError, ValueError) as fault:
        raise BadUsage(f"{file} cannot be read: {_words(fault)}") from fault
    if proof is None:
        raise BadUsage(f"{file} does not hold a proof of the transparency log")
    return proof


def judged_file(file: Path, pins: Pins, proofs: Sequence[Proof]) -> tuple[Outcome, list[str]]:
    """Return what became of a file, and what to tell of it, line by line."""
    try:
        document = receipts.read(file.read_bytes())
    except (OSError, ValueError) as fault:
        return Outcome.NOT_READABLE, [f"not readable: {_words(fault)}"]
    judged = receipts.judge(document, pins)
    if judged.payload is None:
        return Outcome.NOT_VALID, [f"NOT VALID ({judged.reason}): {judged.fault}"]
    logged = document.log_proof is not None or any(receipts.is_logged(document, proof, pins) for proof in proofs)
    if not logged and (proofs or pins.log_key is not None):
        return Outcome.NOT_VALID, ["NOT VALID: no proof shows that it is in the transparency log"]
    told = [f"valid: {_said(judged.payload)}", *(f"not checked: {each}" for each in judged.unchecked)]
    return Outcome.VALID, told + _told_of_log(pins, logged=logged)


def _told_of_log(pins: Pins, *, logged: bool) -> list[str]:
    if not logged:
        return []
    if pins.log_key is None:
        return ["not checked: who signed the transparency log it is in; give the log's key by --log-key"]
    return [f"in the transparency log {pins.log_key.name}"]


def _said(payload: PayloadV1) -> str:
    """Tell in a line what a payload states."""
    if isinstance(payload, SessionV1):
        return (
            f"session {payload.session_id} of user {payload.user_id} in channel {payload.channel_id} of guild "
            f"{payload.guild_id}, {payload.joined_at} to {payload.left_at}, {payload.duration_seconds} seconds"
        )
    return (
        f"period {payload.period_index} of guild {payload.guild_id}, {payload.started_at} to {payload.ended_at}, "
        f"{len(payload.entries)} people"
    )


def _words(fault: OSError | ValueError) -> str:
    return str(fault.strerror) if isinstance(fault, OSError) else str(fault)
