"""Receipts of sessions and exports of periods: what is needed to check them without this server."""

import base64
from typing import Any

import msgspec

from guildhall.core.db import Tx
from guildhall.domains.attendance.key_errors import NotSigned, RecordNotFound
from guildhall.domains.attendance.key_models import PeriodRecord, SessionRecord
from guildhall.domains.attendance.models import Tier
from guildhall.domains.attendance.policy import access_guild
from guildhall.domains.attendance.signed.queries import PERIOD_RECORD, SESSION_RECORD, SESSIONS_OF_PERIOD, keys_of
from guildhall.domains.attendance.tlog.reading import Prover
from guildhall.evidence.formats import instant
from guildhall.evidence.receipts import Export, Receipt, SecondForm


async def session_receipt(tx: Tx, *, guild_id: int, session_id: str) -> Receipt:
    """Return the receipt of a session, with the proof of the log where the guild's tier opens it.

    Raises GuildNotSeen, RecordNotFound, also for a session of another guild, and NotSigned.
    """
    guild = await access_guild(tx, guild_id)
    record = await tx.one(SESSION_RECORD, id=session_id)
    if record is None or record.guild_id != guild_id:
        raise RecordNotFound
    prover = await Prover.of(tx) if guild.tier is Tier.PRO else None
    return await _receipt(record, await _public_keys(tx, guild_id), prover)


async def period_export(tx: Tx, *, guild_id: int, number: int) -> Export:
    """Return an archived period with the receipts of all its sessions, by their ids.

    Raises RecordNotFound, also for the current period, and NotSigned while it or one of its sessions waits.
    """
    record = await _archived(tx, guild_id, number)
    public_keys = await _public_keys(tx, guild_id)
    prover = await Prover.of(tx)
    await prover.know_period(record.id)
    head = await _head(record, record.id, public_keys, prover)
    sessions = await tx.all(SESSIONS_OF_PERIOD, period_id=record.id)
    receipts = [await _receipt(each, public_keys, prover) for each in sessions]
    return Export(**head, period_index=number, policy=record.policy, receipts=receipts)


async def period_evidence(tx: Tx, *, guild_id: int, number: int) -> dict[str, Any]:
    """Return what an export says of the archived period itself, without the receipts of its sessions.

    Raises RecordNotFound, also for the current period, and NotSigned.
    """
    record = await _archived(tx, guild_id, number)
    head = await _head(record, record.id, await _public_keys(tx, guild_id), await Prover.of(tx))
    return {**head, "signing_version": 1, "period_index": number, "policy": record.policy}


async def session_proof(tx: Tx, *, session_id: str) -> str:
    """Return the proof that a session is in the transparency log. Raises RecordNotFound until it is integrated."""
    return await _proof(tx, await tx.one(SESSION_RECORD, id=session_id))


async def period_proof(tx: Tx, *, guild_id: int, number: int) -> str:
    """Return the proof that a period is in the transparency log. Raises RecordNotFound until it is integrated."""
    return await _proof(tx, await tx.one(PERIOD_RECORD, guild_id=guild_id, number=number))


async def _archived(tx: Tx, guild_id: int, number: int) -> PeriodRecord:
    record = await tx.one(PERIOD_RECORD, guild_id=guild_id, number=number)
    if record is None or record.ended_at is None:
        raise RecordNotFound
    return record


async def _proof(tx: Tx, record: SessionRecord | PeriodRecord | None) -> str:
    proof = await (await Prover.of(tx)).prove(record.id, record.salt or b"") if record else None
    if proof is None:
        raise RecordNotFound
    return proof


async def _receipt(record: SessionRecord, public_keys: dict[str, str], prover: Prover | None) -> Receipt:
    return Receipt(**await _head(record, record.period_id, public_keys, prover))


async def _head(
    record: SessionRecord | PeriodRecord, period_id: str, public_keys: dict[str, str], prover: Prover | None
) -> dict[str, Any]:
    """Return what every signed record states of its signatures. Raises NotSigned."""
    if record.signed_at is None:
        raise NotSigned
    first, second = record.bytes_v1 or b"", record.bytes_v2 or b""
    return {
        "guild_id": record.guild_id,
        "period_id": period_id,
        "signing_key_id": record.signing_key_id,
        "public_key": public_keys.get(record.signing_key_id or "", ""),
        "signed_payload": msgspec.Raw(first),
        "payload_hash": record.hash_v1,
        "signature": record.signature_v1,
        "payload_b64": base64.b64encode(first).decode(),
        "signed_at": instant(record.signed_at),
        "v2": SecondForm(
            signed_payload=msgspec.Raw(second),
            payload_hash=record.hash_v2 or "",
            signature=record.signature_v2 or "",
        ),
        "log_proof": await prover.prove(record.id, record.salt or b"") if prover else None,
    }


async def _public_keys(tx: Tx, guild_id: int) -> dict[str, str]:
    return {key.id: key.public_key for key in await keys_of(tx, guild_id)}
