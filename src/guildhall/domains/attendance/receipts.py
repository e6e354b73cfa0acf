"""Receipts of sessions and exports of periods: what is needed to check them without this server."""

import base64
from typing import Any

import msgspec

from guildhall.core.db import Tx
from guildhall.domains.attendance.key_errors import NotSigned, RecordNotFound
from guildhall.domains.attendance.key_models import PeriodRecord, SessionRecord
from guildhall.domains.attendance.signed.queries import PERIOD_RECORD, SESSION_RECORD, SESSIONS_OF_PERIOD, keys_of
from guildhall.evidence.formats import instant
from guildhall.evidence.receipts import Export, Receipt, SecondForm


async def session_receipt(tx: Tx, *, guild_id: int, session_id: str) -> Receipt:
    """Return the receipt of a session. Raises RecordNotFound, also for another guild's, and NotSigned."""
    record = await tx.one(SESSION_RECORD, id=session_id)
    if record is None or record.guild_id != guild_id:
        raise RecordNotFound
    return _receipt(record, await _public_keys(tx, guild_id))


async def period_export(tx: Tx, *, guild_id: int, number: int) -> Export:
    """Return an archived period with the receipts of all its sessions, by their ids.

    Raises RecordNotFound, also for the current period, and NotSigned while it or one of its sessions waits.
    """
    record = await tx.one(PERIOD_RECORD, guild_id=guild_id, number=number)
    if record is None or record.ended_at is None:
        raise RecordNotFound
    public_keys = await _public_keys(tx, guild_id)
    head = _head(record, record.id, public_keys)
    receipts = [_receipt(each, public_keys) for each in await tx.all(SESSIONS_OF_PERIOD, period_id=record.id)]
    return Export(**head, period_index=number, policy=record.policy, receipts=receipts)


def _receipt(record: SessionRecord, public_keys: dict[str, str]) -> Receipt:
    return Receipt(**_head(record, record.period_id, public_keys))


def _head(record: SessionRecord | PeriodRecord, period_id: str, public_keys: dict[str, str]) -> dict[str, Any]:
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
    }


async def _public_keys(tx: Tx, guild_id: int) -> dict[str, str]:
    return {key.id: key.public_key for key in await keys_of(tx, guild_id)}
