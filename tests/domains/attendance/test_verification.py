"""Verdicts over what is stored, receipts and exports, and that the offline judge agrees with the server."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import Table, bindparam, update

from guildhall.core.db import Database, command
from guildhall.domains.attendance.key_errors import NotSigned, RecordNotFound
from guildhall.domains.attendance.key_models import SigningKey
from guildhall.domains.attendance.keyring import Keyring
from guildhall.domains.attendance.models import attendance_board_entries, attendance_periods, attendance_sessions
from guildhall.domains.attendance.receipts import period_export, session_receipt
from guildhall.domains.attendance.signing import sign_waiting
from guildhall.domains.attendance.verification import verify_period, verify_session
from guildhall.evidence.receipts import GuildKeys, ListedKey, Pins, judge, read
from tests.clock import SettableClock
from tests.domains.attendance.closing import archive, open_guild, put_open_session, put_session
from tests.domains.attendance.examples import EXPORT, GUILD, KEY_ID, PERIOD, RECEIPT, SEED, SESSION

SIGNED_AT = datetime(2026, 3, 19, 11, 30, tzinfo=UTC)
KEY = SigningKey(
    id=KEY_ID, guild_id=GUILD, public_key=RECEIPT["public_key"], created_at=datetime(2026, 3, 1, 9, tzinfo=UTC)
)
OTHERS_KEY = SigningKey(
    id="11111111-2222-4333-8444-555555555555",
    guild_id=GUILD + 1,
    public_key=RECEIPT["public_key"],
    created_at=KEY.created_at,
)


@pytest.fixture
async def signed(database: Database, keyring: Keyring) -> Database:
    """A store with the session and the period of the contract, signed by the published seed."""
    keyring.hold(GUILD, KEY_ID, bytearray(SEED))
    async with database.write() as tx:
        await tx.insert(KEY)
        await tx.insert(OTHERS_KEY)
        await open_guild(tx)
        await put_session(tx, SESSION)
        await archive(tx, PERIOD)
    assert await sign_waiting(database, keyring, SettableClock(SIGNED_AT), guild_id=GUILD) == 2
    return database


async def session_verdict(database: Database, session_id: str = SESSION.session_id, **given: Any) -> dict[str, Any]:  # noqa: ANN401 (whatever the callee takes)
    async with database.read() as tx:
        verdict = await verify_session(tx, session_id=session_id, now=SIGNED_AT, **given)
    shown: dict[str, Any] = msgspec.to_builtins(verdict)
    return shown


async def tamper(database: Database, table: Table, **values: object) -> None:
    """Change columns of every row behind the back of the house."""
    names = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in values}
    given: dict[str, Any] = {f"new_{name}": value for name, value in values.items()}
    async with database.write() as tx:
        await tx.run(command(update(table).values(names)), **given)


async def test_the_public_verdict_of_the_contracts_session_is_the_contracts_and_names_nobody(
    signed: Database,
) -> None:
    public = await session_verdict(signed)
    assert public == {
        "valid": True,
        "reason": None,
        "session_id": SESSION.session_id,
        "guild_id": str(GUILD),
        "channel_id": str(SESSION.channel_id),
        "period_id": SESSION.period_id,
        "joined_at": "2026-03-19T10:00:00Z",
        "left_at": "2026-03-19T11:30:00Z",
        "duration_seconds": 5400,
        "signing_version": 1,
        "signing_key_id": KEY_ID,
        "public_key": RECEIPT["public_key"],
        "payload_hash": RECEIPT["payload_hash"],
        "signed_at": "2026-03-19T11:30:00Z",
    }
    managing = await session_verdict(signed, guild_id=GUILD, with_user=True)
    assert managing == {**public, "user_id": str(SESSION.user_id)}
    for unknown in ({"session_id": KEY_ID}, {"guild_id": GUILD + 1}):
        with pytest.raises(RecordNotFound):
            await session_verdict(signed, **unknown)


async def test_a_session_that_is_open_or_waits_is_not_valid_yet(database: Database) -> None:
    waiting = dataclasses.replace(SESSION, session_id="00000000-0000-4000-8000-000000000001", user_id=1)
    async with database.write() as tx:
        await open_guild(tx)
        await put_session(tx, waiting)
        await put_open_session(tx, SESSION)
    still_open = await session_verdict(database)
    assert (still_open["valid"], still_open["reason"], still_open["left_at"]) == (False, "unsigned", None)
    assert still_open["duration_seconds"] == 5400
    closed = await session_verdict(database, waiting.session_id)
    assert (closed["valid"], closed["reason"], closed["left_at"]) == (False, "unsigned", "2026-03-19T11:30:00Z")
    async with database.read() as tx:
        for each in (waiting, SESSION):
            with pytest.raises(NotSigned):
                await session_receipt(tx, guild_id=GUILD, session_id=each.session_id)
        with pytest.raises(RecordNotFound):
            await verify_period(tx, guild_id=GUILD, number=1)
        with pytest.raises(RecordNotFound):
            await period_export(tx, guild_id=GUILD, number=1)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("channel_id", 1, "payload_mismatch"),
        ("user_id", 1, "payload_mismatch"),
        ("joined_at", SESSION.joined_at - timedelta(seconds=1), "payload_mismatch"),
        ("left_at", SESSION.left_at + timedelta(hours=1), "payload_mismatch"),
        ("source", "webhook", "payload_mismatch"),
        ("end_reason", "moved", "payload_mismatch"),
        ("hash_v1", "0" * 64, "payload_mismatch"),
        ("hash_v2", "0" * 64, "payload_mismatch"),
        ("bytes_v1", b"{}", "bad_signature"),
        ("bytes_v2", b"{}", "bad_signature"),
        ("signature_v1", RECEIPT["v2"]["signature"], "bad_signature"),
        ("signature_v2", "rubbish", "bad_signature"),
        ("signing_key_id", SESSION.session_id, "unknown_key"),
        ("signing_key_id", OTHERS_KEY.id, "unknown_key"),
    ],
)
async def test_a_session_that_was_changed_in_the_store_is_told_apart_by_the_reason(
    signed: Database, column: str, value: object, reason: str
) -> None:
    await tamper(signed, attendance_sessions, **{column: value})
    verdict = await session_verdict(signed)
    assert (verdict["valid"], verdict["reason"]) == (False, reason)


async def test_a_period_is_judged_with_its_board_and_its_policy(signed: Database) -> None:
    async def verdict() -> dict[str, Any]:
        async with signed.read() as tx:
            shown: dict[str, Any] = msgspec.to_builtins(await verify_period(tx, guild_id=GUILD, number=1))
        return shown

    assert await verdict() == {
        "valid": True,
        "reason": None,
        "guild_id": str(GUILD),
        "period_id": PERIOD.period_id,
        "period_index": 1,
        "started_at": "2026-03-16T00:00:00Z",
        "ended_at": "2026-03-23T00:00:00Z",
        "entry_count": 1,
        "signing_version": 1,
        "signing_key_id": KEY_ID,
        "public_key": EXPORT["public_key"],
        "payload_hash": EXPORT["payload_hash"],
        "signed_at": "2026-03-19T11:30:00Z",
    }
    async with signed.read() as tx:
        for guild_id, number in ((GUILD, 2), (GUILD + 1, 1)):
            with pytest.raises(RecordNotFound):
                await verify_period(tx, guild_id=guild_id, number=number)
    await tamper(signed, attendance_board_entries, total_seconds=9000)
    assert (await verdict())["reason"] == "payload_mismatch"
    await tamper(signed, attendance_board_entries, total_seconds=5400)
    assert (await verdict())["valid"]
    await tamper(signed, attendance_periods, policy={"pause_on_mute": True})
    assert (await verdict())["reason"] == "payload_mismatch"


async def test_a_receipt_and_an_export_are_the_contracts_to_the_letter(signed: Database) -> None:
    async with signed.write() as tx:
        await open_guild(tx, GUILD + 1, dataclasses.replace(PERIOD, period_id="elsewhere"))
    async with signed.read() as tx:
        receipt = await session_receipt(tx, guild_id=GUILD, session_id=SESSION.session_id)
        export = await period_export(tx, guild_id=GUILD, number=1)
        with pytest.raises(RecordNotFound):
            await session_receipt(tx, guild_id=GUILD + 1, session_id=SESSION.session_id)
    shown = msgspec.json.decode(msgspec.json.encode(receipt))
    assert shown == {**RECEIPT, "log_proof": None}
    assert list(shown["signed_payload"]) == list(RECEIPT["signed_payload"])
    exported = msgspec.json.decode(msgspec.json.encode(export))
    assert exported["receipts"] == [shown]
    assert {name: exported[name] for name in EXPORT if name != "receipts"} == {
        name: EXPORT[name] for name in EXPORT if name != "receipts"
    }


async def test_what_the_server_hands_out_is_judged_valid_offline_with_the_keys_it_publishes(signed: Database) -> None:
    pins = Pins(GuildKeys(str(GUILD), [ListedKey(KEY_ID, KEY.public_key)]))
    async with signed.write() as tx:
        await open_guild(tx, GUILD + 1, dataclasses.replace(PERIOD, period_id="elsewhere"))
    async with signed.read() as tx:
        receipt = await session_receipt(tx, guild_id=GUILD, session_id=SESSION.session_id)
        export = await period_export(tx, guild_id=GUILD, number=1)
    assert judge(read(msgspec.json.encode(receipt)), pins).valid
    whole = judge(read(msgspec.json.encode(export)), pins)
    assert (whole.valid, whole.unchecked) == (True, ())
    other = Pins(GuildKeys(str(GUILD), [ListedKey(OTHERS_KEY.id, KEY.public_key)]))
    assert judge(read(msgspec.json.encode(receipt)), other).reason == "unknown_key"


async def test_an_export_waits_until_every_session_of_the_period_is_signed(signed: Database, keyring: Keyring) -> None:
    late = dataclasses.replace(SESSION, session_id="00000000-0000-4000-8000-000000000001", user_id=1)
    async with signed.write() as tx:
        await put_session(tx, late)
        with pytest.raises(NotSigned):
            await period_export(tx, guild_id=GUILD, number=1)
    await sign_waiting(signed, keyring, SettableClock(SIGNED_AT), guild_id=GUILD)
    async with signed.read() as tx:
        export = await period_export(tx, guild_id=GUILD, number=1)
    # The late one was not in the hash that was signed.
    assert "missing or added" in judge(read(msgspec.json.encode(export)), Pins()).fault
