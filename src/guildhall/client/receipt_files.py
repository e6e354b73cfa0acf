"""Receipts and exports in files: read, judged, and told in lines."""

from enum import IntEnum
from pathlib import Path

import msgspec

from guildhall.client.failures import BadUsage
from guildhall.evidence import receipts
from guildhall.evidence.formats import PayloadV1, SessionV1
from guildhall.evidence.receipts import GuildKeys, Judged, Pins
from guildhall.evidence.signatures import KEY_LENGTH, unpacked


class Outcome(IntEnum):
    """What the command ends with; of several files the worst counts."""

    VALID = 0
    NOT_VALID = 1
    NOT_READABLE = 2


def pins_of(public_key: str | None, keys: Path | None) -> Pins:
    """Return what is trusted: a key in base64, or those in a file. Raises BadUsage for what is neither."""
    if public_key is not None and unpacked(public_key, KEY_LENGTH) is None:
        raise BadUsage("--public-key is not the base64 of 32 bytes")
    try:
        guild = msgspec.json.decode(keys.read_bytes(), type=GuildKeys) if keys else None
    except (OSError, ValueError) as fault:
        raise BadUsage(f"{keys} does not hold a guild's keys: {_words(fault)}") from fault
    return Pins(guild, public_key)


def judged_file(file: Path, pins: Pins) -> tuple[Outcome, list[str]]:
    """Return what became of a file, and what to tell of it, line by line."""
    try:
        document = receipts.read(file.read_bytes())
    except (OSError, ValueError) as fault:
        return Outcome.NOT_READABLE, [f"not readable: {_words(fault)}"]
    judged = receipts.judge(document, pins)
    return Outcome.VALID if judged.valid else Outcome.NOT_VALID, _told(judged)


def _told(judged: Judged) -> list[str]:
    if judged.payload is None:
        return [f"NOT VALID ({judged.reason}): {judged.fault}"]
    return [f"valid: {_said(judged.payload)}", *(f"not checked: {each}" for each in judged.unchecked)]


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
