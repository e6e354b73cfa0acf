"""Whether a stored session or period is what was signed, told with the reason when it is not.

A record is valid when its signatures hold over its stored bytes under the key it names, that key is the guild's, and
the columns that everything else in the house is counted from say what the bytes say. Both versions are checked.
"""

from collections.abc import Callable
from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from guildhall.core.db import Tx
from guildhall.domains.attendance.key_errors import RecordNotFound
from guildhall.domains.attendance.key_models import PeriodRecord, SessionRecord, SigningColumns, SigningKey
from guildhall.domains.attendance.records import PeriodFacts, SessionFacts, period_payloads, session_payloads
from guildhall.domains.attendance.signed.queries import KEY, PERIOD_RECORD, SESSION_RECORD, board_of
from guildhall.evidence.formats import PayloadV1, PayloadV2, PeriodV1, PeriodV2, SessionV1, SessionV2, hash_of, instant
from guildhall.evidence.signatures import Reason, holds

Payloads = tuple[PayloadV1, PayloadV2]


class SessionVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a session. The person is named only to those who may manage the guild."""

    valid: bool
    reason: Reason | None
    session_id: str
    guild_id: str
    user_id: str | UnsetType = UNSET
    channel_id: str
    period_id: str
    joined_at: str
    left_at: str | None
    duration_seconds: int
    signing_version: int = 1
    signing_key_id: str | None
    public_key: str | None
    payload_hash: str | None
    signed_at: str | None


class PeriodVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of an archived period."""

    valid: bool
    reason: Reason | None
    guild_id: str
    period_id: str
    period_index: int
    started_at: str
    ended_at: str
    entry_count: int
    signing_version: int = 1
    signing_key_id: str | None
    public_key: str | None
    payload_hash: str | None
    signed_at: str | None


async def verify_session(
    tx: Tx, *, session_id: str, now: datetime, guild_id: int | None = None, with_user: bool = False
) -> SessionVerdict:
    """Judge a session, of one guild when that is given; an open one is not signed.

    Raises RecordNotFound for an unknown one and one of another guild.
    """
    record = await tx.one(SESSION_RECORD, id=session_id)
    if record is None or guild_id not in (None, record.guild_id):
        raise RecordNotFound
    key = await _key_of(tx, record, record.guild_id)
    reason = judge_session(record, key)
    end = record.left_at or max(now, record.joined_at)
    return SessionVerdict(
        valid=reason is None,
        reason=reason,
        session_id=record.id,
        guild_id=str(record.guild_id),
        user_id=str(record.user_id) if with_user else UNSET,
        channel_id=str(record.channel_id),
        period_id=record.period_id,
        joined_at=instant(record.joined_at),
        left_at=instant(record.left_at) if record.left_at else None,
        duration_seconds=int((end - record.joined_at).total_seconds()),
        signing_key_id=record.signing_key_id,
        public_key=key.public_key if key else None,
        payload_hash=record.hash_v1,
        signed_at=instant(record.signed_at) if record.signed_at else None,
    )


async def verify_period(tx: Tx, *, guild_id: int, number: int) -> PeriodVerdict:
    """Judge an archived period. Raises RecordNotFound for an unknown one and the current one."""
    record = await tx.one(PERIOD_RECORD, guild_id=guild_id, number=number)
    if record is None or record.ended_at is None:
        raise RecordNotFound
    key = await _key_of(tx, record, guild_id)
    reason = await judge_period(tx, record, key)
    return PeriodVerdict(
        valid=reason is None,
        reason=reason,
        guild_id=str(guild_id),
        period_id=record.id,
        period_index=record.number,
        started_at=instant(record.started_at),
        ended_at=instant(record.ended_at),
        entry_count=record.entry_count or 0,
        signing_key_id=record.signing_key_id,
        public_key=key.public_key if key else None,
        payload_hash=record.hash_v1,
        signed_at=instant(record.signed_at) if record.signed_at else None,
    )


def judge_session(record: SessionRecord, key: SigningKey | None) -> Reason | None:
    """Return why a session is not valid under a key of its guild, or None when it is."""

    def stated() -> Payloads:
        return session_payloads(facts_of(record))

    return _judge(record, key, (SessionV1, SessionV2), stated)


async def judge_period(tx: Tx, record: PeriodRecord, key: SigningKey | None) -> Reason | None:
    """Return why an archived period is not valid under a key of its guild, or None when it is."""
    entries = await board_of(tx, record.id)

    def stated() -> Payloads:
        if record.ended_at is None or record.policy is None:
            raise LookupError("an archived period has an end and a policy")
        signed = msgspec.json.decode(record.bytes_v2 or b"", type=PeriodV2)
        return period_payloads(
            PeriodFacts(
                record.id,
                record.guild_id,
                record.number,
                record.started_at,
                record.ended_at,
                entries,
                record.policy,
                # No column repeats it; an export shows whether the sessions are still those of this hash.
                signed.sessions_hash,
            )
        )

    return _judge(record, key, (PeriodV1, PeriodV2), stated)


def facts_of(record: SessionRecord) -> SessionFacts:
    """Return the facts of a closed session from its columns."""
    if record.left_at is None or record.end_reason is None:
        raise LookupError("an open session has nothing to sign")
    return SessionFacts(
        record.id,
        record.guild_id,
        record.user_id,
        record.channel_id,
        record.period_id,
        record.joined_at,
        record.left_at,
        record.source,
        record.end_reason,
    )


def _judge(
    record: SigningColumns,
    key: SigningKey | None,
    kinds: tuple[type[PayloadV1], type[PayloadV2]],
    stated: Callable[[], Payloads],
) -> Reason | None:
    if record.signed_at is None:
        return Reason.UNSIGNED
    if key is None:
        return Reason.UNKNOWN_KEY
    parts = (
        (record.bytes_v1 or b"", record.hash_v1, record.signature_v1),
        (record.bytes_v2 or b"", record.hash_v2, record.signature_v2),
    )
    if not all(holds(signature or "", content, key.public_key) for content, _, signature in parts):
        return Reason.BAD_SIGNATURE
    contents = [msgspec.json.decode(content, type=kind) for (content, _, _), kind in zip(parts, kinds, strict=True)]
    same = tuple(contents) == stated() and all(hash_of(content) == stored for content, stored, _ in parts)
    return None if same else Reason.PAYLOAD_MISMATCH


async def _key_of(tx: Tx, record: SigningColumns, guild_id: int) -> SigningKey | None:
    """Return the key that a record names, if it is one of the guild's."""
    return await tx.one(KEY, id=record.signing_key_id, guild_id=guild_id)
