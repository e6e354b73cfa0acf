"""The signed payloads, version 1 and version 2, and their one sequence of bytes each.

Version 1 is the documented form: keys in the order written here, ids as integers. Version 2 follows RFC 8785 (sorted
keys), has its ids as strings, so that no reader loses digits, and names its type and version, so that no signature
can be taken for another kind. Neither holds a number with a fraction, and no integer of version 2 exceeds 2^53, so
sorting the keys is all that RFC 8785 asks beyond compact JSON.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Literal, TypeAlias

import msgspec

SESSION_TYPE: Final = "attendance.session"
PERIOD_TYPE: Final = "attendance.period"
DISCORD_IDS: Final = {"guild_id", "user_id", "channel_id"}


class RecordKind(StrEnum):
    """What a record is about, as the transparency log names it."""

    SESSION = "session"
    PERIOD = "period"


class SessionV1(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A session as it was documented first."""

    session_id: str
    guild_id: int
    user_id: int
    channel_id: int
    period_id: str
    joined_at: str
    left_at: str
    duration_seconds: int


class EntryV1(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a final board."""

    rank: int
    user_id: int
    total_seconds: int
    session_count: int


class PeriodV1(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A period as it was documented first."""

    period_id: str
    guild_id: int
    period_index: int
    started_at: str
    ended_at: str
    entries: list[EntryV1]


class SessionV2(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A session, with where it came from and why it ended."""

    session_id: str
    guild_id: str
    user_id: str
    channel_id: str
    period_id: str
    joined_at: str
    left_at: str
    duration_seconds: int
    source: str
    end_reason: str
    type: Literal["attendance.session"] = SESSION_TYPE
    version: Literal[2] = 2


class EntryV2(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a final board."""

    rank: int
    user_id: str
    total_seconds: int
    session_count: int


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How presence counted in a period: what paused it, and the seconds below which a visit was dropped."""

    pause_on_mute: bool = False
    pause_on_deafen: bool = False
    pause_when_solo: bool = False
    min_session_seconds: int = 0


class PeriodV2(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A period, with the policy its figures follow from and a hash over all its sessions."""

    period_id: str
    guild_id: str
    period_index: int
    started_at: str
    ended_at: str
    entries: list[EntryV2]
    policy: Policy
    sessions_hash: str
    type: Literal["attendance.period"] = PERIOD_TYPE
    version: Literal[2] = 2


PayloadV1: TypeAlias = SessionV1 | PeriodV1
PayloadV2: TypeAlias = SessionV2 | PeriodV2


def bytes_of(payload: PayloadV1 | PayloadV2) -> bytes:
    """Return the bytes that are signed for a payload."""
    if isinstance(payload, SessionV1 | PeriodV1):
        return msgspec.json.encode(payload)
    return msgspec.json.encode(payload, order="sorted")


def hash_of(content: bytes) -> str:
    """Return the SHA-256 of bytes in lower-case hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def sessions_hash_of(hashes: Iterable[tuple[str, str]]) -> str:
    """Return the hash over a period's sessions, given the id and v2 hash of each."""
    return hash_of(b"".join(bytes.fromhex(v2_hash) for _, v2_hash in sorted(hashes)))


def instant(moment: datetime) -> str:
    """Return an instant as payloads write it: UTC with Z, and a fraction of 3 or 6 digits only when there is one.

    Raises ValueError for a time without a zone.
    """
    if moment.tzinfo is None:
        raise ValueError("an instant needs its zone")
    utc = moment.astimezone(UTC)
    if utc.microsecond == 0:
        return utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    return utc.isoformat(timespec="microseconds").removesuffix("000+00:00").removesuffix("+00:00") + "Z"


def agree(first: PayloadV1, second: PayloadV2) -> bool:
    """Tell whether the two versions of a payload say the same, as far as both speak of it."""
    if isinstance(first, SessionV1) is not isinstance(second, SessionV2):
        return False
    said = msgspec.to_builtins(second)
    return all(said[name] == value for name, value in _with_texts(msgspec.to_builtins(first)).items())


def _with_texts(fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields of version 1 as version 2 writes them: Discord's ids as strings, in the lines of a board too."""
    return {name: _with_text(name, value) for name, value in fields.items()}


def _with_text(name: str, value: Any) -> Any:  # noqa: ANN401 (any JSON value)
    if isinstance(value, list):
        return [_with_texts(line) for line in value]
    return str(value) if name in DISCORD_IDS else value
