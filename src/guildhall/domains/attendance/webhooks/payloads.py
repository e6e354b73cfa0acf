"""What webhooks say of a session, a period and a role: the shapes that the API has for them."""

from typing import Any

import msgspec

from guildhall.core.db import Tx
from guildhall.domains.attendance.boards import SessionLine
from guildhall.domains.attendance.key_errors import NotSigned
from guildhall.domains.attendance.models import Period, SigningState
from guildhall.domains.attendance.receipts import period_evidence, session_receipt
from guildhall.domains.attendance.records import Policy
from guildhall.evidence.formats import instant
from guildhall.evidence.receipts import Receipt


class SessionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A session that has ended."""

    session_id: str
    guild_id: str
    user_id: str
    channel_id: str
    period_id: str
    period_index: int
    joined_at: str
    left_at: str
    duration_seconds: int
    counted_seconds: int
    end_reason: str
    source: str
    signed: bool
    continued_from: str | None


class PeriodSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A period that is archived."""

    period_id: str
    guild_id: str
    period_index: int
    started_at: str
    ended_at: str
    entry_count: int
    total_seconds: int
    signed: bool
    payload_hash: str
    signature: str | None
    signing_key_id: str | None
    policy: Policy


class SessionCompleted(msgspec.Struct, frozen=True):
    """The data of session.completed; the receipt is there when the guild has a key."""

    session: SessionSummary
    receipt: Receipt | None


class PeriodArchived(msgspec.Struct, frozen=True):
    """The data of period.archived: the export has no receipts, and is there when the guild has a key."""

    period: PeriodSummary
    export: dict[str, Any] | None


class RoleChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The data of role.granted and role.revoked."""

    guild_id: str
    rule_id: str
    user_id: str
    role_id: str


class Nothing(msgspec.Struct, frozen=True):
    """The data of webhook.test."""

    guild_id: str


Data = SessionCompleted | PeriodArchived | RoleChanged | Nothing


class Event(msgspec.Struct, frozen=True):
    """A body as it is sent."""

    type: str
    timestamp: str
    data: Data


async def session_completed(tx: Tx, guild_id: int, line: SessionLine) -> SessionCompleted:
    """Return what is said of a session that has ended."""
    session = line.session
    if session.left_at is None or session.end_reason is None:
        raise ValueError("an open session is not completed")
    summary = SessionSummary(
        session_id=session.id,
        guild_id=str(guild_id),
        user_id=str(session.user_id),
        channel_id=str(session.channel_id),
        period_id=session.period_id,
        period_index=session.number,
        joined_at=instant(session.joined_at),
        left_at=instant(session.left_at),
        duration_seconds=line.duration_seconds,
        counted_seconds=line.counted_seconds,
        end_reason=session.end_reason.value,
        source=session.source,
        signed=session.signing_state == SigningState.SIGNED,
        continued_from=session.continued_from,
    )
    receipt = await session_receipt(tx, guild_id=guild_id, session_id=session.id) if summary.signed else None
    return SessionCompleted(summary, receipt)


async def period_archived(tx: Tx, period: Period) -> PeriodArchived:
    """Return what is said of a period that is archived."""
    if period.ended_at is None or period.policy is None:
        raise ValueError("a period that runs is not archived")
    summary = PeriodSummary(
        period_id=period.id,
        guild_id=str(period.guild_id),
        period_index=period.number,
        started_at=instant(period.started_at),
        ended_at=instant(period.ended_at),
        entry_count=period.entry_count or 0,
        total_seconds=period.total_seconds or 0,
        signed=period.signing_state is SigningState.SIGNED,
        payload_hash=period.hash_v1 or "",
        signature=period.signature_v1,
        signing_key_id=period.signing_key_id,
        policy=period.policy,
    )
    try:
        return PeriodArchived(summary, await period_evidence(tx, guild_id=period.guild_id, number=period.number))
    except NotSigned:
        return PeriodArchived(summary, None)
