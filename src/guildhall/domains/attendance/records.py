"""What is signed when a session or a period closes: from its facts to its bytes, in both versions.

The bytes are made once, stored, and never built again; verification reads them and compares.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from guildhall.evidence import formats
from guildhall.evidence.formats import Policy, bytes_of, hash_of, instant, sessions_hash_of

__all__ = [
    "BoardEntry",
    "Bytes",
    "PeriodFacts",
    "Policy",
    "SessionFacts",
    "hash_of",
    "period_bytes",
    "period_payloads",
    "session_bytes",
    "session_payloads",
    "sessions_hash",
]


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """A closed session: raw presence, from joining to leaving, in whole seconds."""

    session_id: str
    guild_id: int
    user_id: int
    channel_id: int
    period_id: str
    joined_at: datetime
    left_at: datetime
    source: str
    end_reason: str

    @property
    def duration_seconds(self) -> int:
        """The seconds of presence."""
        return (self.left_at - self.joined_at) // timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class BoardEntry:
    """One line of a final board, in counted seconds."""

    rank: int
    user_id: int
    total_seconds: int
    session_count: int


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """An archived period: its whole board in order, the policy it was summed under, the hash of its sessions."""

    period_id: str
    guild_id: int
    number: int
    started_at: datetime
    ended_at: datetime
    entries: Sequence[BoardEntry]
    policy: Policy
    sessions_hash: str


@dataclass(frozen=True, slots=True)
class Bytes:
    """What is signed for one record."""

    v1: bytes
    v2: bytes


def session_bytes(facts: SessionFacts) -> Bytes:
    """Return the bytes of a closed session in both versions."""
    first, second = session_payloads(facts)
    return Bytes(bytes_of(first), bytes_of(second))


def period_bytes(facts: PeriodFacts) -> Bytes:
    """Return the bytes of an archived period in both versions."""
    first, second = period_payloads(facts)
    return Bytes(bytes_of(first), bytes_of(second))


def session_payloads(facts: SessionFacts) -> tuple[formats.SessionV1, formats.SessionV2]:
    """Return what a closed session states, in both versions."""
    joined_at, left_at = instant(facts.joined_at), instant(facts.left_at)
    first = formats.SessionV1(
        session_id=facts.session_id,
        guild_id=facts.guild_id,
        user_id=facts.user_id,
        channel_id=facts.channel_id,
        period_id=facts.period_id,
        joined_at=joined_at,
        left_at=left_at,
        duration_seconds=facts.duration_seconds,
    )
    second = formats.SessionV2(
        session_id=facts.session_id,
        guild_id=str(facts.guild_id),
        user_id=str(facts.user_id),
        channel_id=str(facts.channel_id),
        period_id=facts.period_id,
        joined_at=joined_at,
        left_at=left_at,
        duration_seconds=facts.duration_seconds,
        source=facts.source,
        end_reason=facts.end_reason,
    )
    return first, second


def period_payloads(facts: PeriodFacts) -> tuple[formats.PeriodV1, formats.PeriodV2]:
    """Return what an archived period states, in both versions."""
    started_at, ended_at = instant(facts.started_at), instant(facts.ended_at)
    first = formats.PeriodV1(
        period_id=facts.period_id,
        guild_id=facts.guild_id,
        period_index=facts.number,
        started_at=started_at,
        ended_at=ended_at,
        entries=[
            formats.EntryV1(each.rank, each.user_id, each.total_seconds, each.session_count) for each in facts.entries
        ],
    )
    second = formats.PeriodV2(
        period_id=facts.period_id,
        guild_id=str(facts.guild_id),
        period_index=facts.number,
        started_at=started_at,
        ended_at=ended_at,
        entries=[
            formats.EntryV2(each.rank, str(each.user_id), each.total_seconds, each.session_count)
            for each in facts.entries
        ],
        policy=facts.policy,
        sessions_hash=facts.sessions_hash,
    )
    return first, second


def sessions_hash(hashes: Mapping[str, str]) -> str:
    """Return the hash over all sessions of a period, given the v2 hash of each by its id.

    A session that is deleted later can be missed, because the hash no longer follows from those that are left.
    """
    return sessions_hash_of(hashes.items())
