"""Receipts and exports judged offline, by the command as a stranger runs it."""

import base64
import copy
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from guildhall.evidence import merkle, notes
from guildhall.evidence.formats import RecordKind
from guildhall.evidence.notes import Checkpoint, LogKey, Proof
from guildhall.evidence.receipts import Pins, judge, read
from tests.domains.attendance.examples import EXPORT, GUILD, KEY_ID, RECEIPT

PROGRAM = """
import sys
from guildhall.client.attendance import attendance
try:
    attendance()
finally:
    heavy = {"sqlalchemy", "litestar", "guildhall.core", "guildhall.domains", "guildhall.settings"} & set(sys.modules)
    assert not heavy, heavy
"""
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))
KEYS = {"guild_id": str(GUILD), "keys": [{"signing_key_id": KEY_ID, "public_key": RECEIPT["public_key"]}]}


def verify(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run `attendance verify` in a folder; return its exit code and all it told."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, "verify", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout


def changed(document: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> bytes:
    """The document after a change to a copy of it."""
    one = copy.deepcopy(document)
    change(one)
    return json.dumps(one).encode()


def complete_export() -> dict[str, Any]:
    """The contract's export with the session that its hash speaks of."""
    return {**EXPORT, "receipts": [RECEIPT]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the contract's receipt, its export, and the guild's keys."""
    for name, document in (("receipt.json", RECEIPT), ("export.json", complete_export()), ("keys.json", KEYS)):
        (tmp_path / name).write_text(json.dumps(document))
    return tmp_path


def test_the_contracts_receipt_and_export_are_valid_and_only_pinned_keys_tell_the_origin(folder: Path) -> None:
    code, told = verify(folder, "receipt.json", "export.json")
    assert code == 0
    assert "receipt.json: valid: session 7b0f3c1e-6a52-4c9e-9d53-2f0c1b7a9e11 of user 80351110224678912" in told
    assert "export.json: valid: period 1 of guild 81384788765712384" in told
    assert "Only integrity was checked, not origin" in told
    for pinned in (("--keys", "keys.json"), ("--public-key", RECEIPT["public_key"])):
        code, told = verify(folder, "receipt.json", "export.json", *pinned)
        assert code == 0
        assert "Only integrity" not in told
    stranger = base64.b64encode(STRANGER.public_key().public_bytes_raw()).decode()
    code, told = verify(folder, "receipt.json", "--public-key", stranger)
    assert code == 1
    assert "NOT VALID (unknown_key)" in told


def test_the_exit_code_tells_what_is_valid_what_is_not_and_what_cannot_be_read(folder: Path) -> None:
    (folder / "longer.json").write_bytes(changed(RECEIPT, lambda one: one["signed_payload"].update(duration_seconds=1)))
    (folder / "poem.json").write_text("roses are red")
    (folder / "list.json").write_text("[]")
    code, told = verify(folder, "longer.json", "receipt.json")
    assert code == 1
    assert "longer.json: NOT VALID (payload_mismatch): signed_payload and payload_b64 differ" in told
    assert "receipt.json: valid" in told
    for unreadable in ("poem.json", "list.json", "absent.json"):
        code, told = verify(folder, "longer.json", unreadable)
        assert code == 2
        assert f"{unreadable}: not readable" in told
    for wrong in (("--public-key", "abc"), ("--keys", "receipt.json"), ("--keys", "absent.json")):
        code, told = verify(folder, "receipt.json", *wrong)
        assert code == 2
        assert "Traceback" not in told


def forged(one: dict[str, Any]) -> None:
    """Sign a changed payload anew with a stranger's key, which the document still calls the guild's."""
    one["signed_payload"]["duration_seconds"] = 99999
    content = json.dumps(one["signed_payload"], separators=(",", ":")).encode()
    one["payload_b64"] = base64.b64encode(content).decode()
    one["payload_hash"] = hashlib.sha256(content).hexdigest()
    one["signature"] = base64.b64encode(STRANGER.sign(content)).decode()


@pytest.mark.parametrize(
    ("change", "reason", "fault"),
    [
        (forged, "bad_signature", "version 1"),
        (lambda one: one.update(signature=one["v2"]["signature"]), "bad_signature", "version 1"),
        (lambda one: one["v2"].update(signature=one["signature"]), "bad_signature", "version 2"),
        (lambda one: one.update(signature="not base64"), "bad_signature", "version 1"),
        (lambda one: one.update(payload_hash="0" * 64), "payload_mismatch", "payload_hash"),
        (lambda one: one.update(guild_id=1), "payload_mismatch", "guild_id"),
        (lambda one: one["signed_payload"].update(user_id=80351110224678910), "payload_mismatch", "payload_b64"),
        (lambda one: one["signed_payload"].update(extra=1), "payload_mismatch", "form"),
        (lambda one: one["v2"]["signed_payload"].update(user_id="1"), "payload_mismatch", "version 2"),
        (lambda one: one["v2"]["signed_payload"].update(type="attendance.period"), "payload_mismatch", "form"),
    ],
    ids=range(10),
)
def test_whatever_is_changed_in_a_receipt_shows(
    change: Callable[[dict[str, Any]], object], reason: str, fault: str
) -> None:
    judged = judge(read(changed(RECEIPT, change)), Pins())
    assert judged.reason == reason
    assert fault in judged.fault


def test_two_versions_that_are_signed_but_disagree_are_not_valid() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    one = copy.deepcopy(RECEIPT)
    one["public_key"] = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    one["signature"] = base64.b64encode(key.sign(base64.b64decode(one["payload_b64"]))).decode()
    one["v2"]["signed_payload"]["channel_id"] = "1"
    content = json.dumps(one["v2"]["signed_payload"], separators=(",", ":"), sort_keys=True).encode()
    one["v2"]["payload_hash"] = hashlib.sha256(content).hexdigest()
    one["v2"]["signature"] = base64.b64encode(key.sign(content)).decode()
    judged = judge(read(json.dumps(one).encode()), Pins())
    assert (judged.reason, judged.fault) == ("payload_mismatch", "the two versions say different things")


def test_an_export_misses_a_session_that_is_gone_or_added_and_tells_what_it_could_not_check() -> None:
    whole = judge(read(json.dumps(complete_export()).encode()), Pins())
    assert (whole.valid, whole.unchecked) == (True, ())
    bare = judge(read(json.dumps(EXPORT).encode()), Pins())
    assert bare.valid
    assert bare.unchecked == ("the sessions: the export has none of them",)
    twice = judge(read(changed(complete_export(), lambda one: one["receipts"].append(RECEIPT))), Pins())
    assert twice.reason == "payload_mismatch"
    assert "missing or added" in twice.fault
    for change in (
        lambda one: one.update(period_index=2),
        lambda one: one["policy"].update(pause_on_mute=True),
        lambda one: one["receipts"][0].update(payload_hash="0" * 64),
        lambda one: one["signed_payload"]["entries"][0].update(total_seconds=9000),
    ):
        assert judge(read(changed(complete_export(), change)), Pins()).reason == "payload_mismatch"


def test_a_receipt_without_its_exact_bytes_or_second_version_is_still_judged() -> None:
    def strip(one: dict[str, Any]) -> None:
        del one["payload_b64"], one["v2"]

    assert judge(read(changed(RECEIPT, strip)), Pins()).valid


LOG_KEY = LogKey("hub.example/tlog", STRANGER.public_key().public_bytes_raw())


def proof_text(kind: RecordKind, v2_hash: str) -> str:
    """A proof that a record is the second of two in a log."""
    neighbour = hashlib.sha256(b"a neighbour").digest()
    leaf = merkle.leaf_hash(notes.entry_of(kind, notes.commitment(bytes(32), v2_hash)))
    head = Checkpoint(LOG_KEY.name, 2, merkle.node_hash(neighbour, leaf))
    return Proof(1, (neighbour,), notes.signed(head.text, LOG_KEY, STRANGER), bytes(32)).text


def test_a_receipt_is_shown_to_be_in_the_log_by_its_own_proof_or_by_one_beside_it(folder: Path) -> None:
    own, other = (proof_text(RecordKind.SESSION, hashed) for hashed in (RECEIPT["v2"]["payload_hash"], "0" * 64))
    (folder / "own.tlog-proof").write_text(own)
    (folder / "other.tlog-proof").write_text(other)
    (folder / "logged.json").write_text(json.dumps({**RECEIPT, "log_proof": own}))
    (folder / "mislogged.json").write_text(json.dumps({**RECEIPT, "log_proof": other}))
    code, told = verify(folder, "logged.json", "--log-key", LOG_KEY.text)
    assert (code, "in the transparency log hub.example/tlog" in told) == (0, True)
    code, told = verify(folder, "receipt.json", "--log-key", LOG_KEY.text, "--proof", "own.tlog-proof")
    assert (code, "in the transparency log hub.example/tlog" in told) == (0, True)
    code, told = verify(folder, "logged.json")
    assert (code, "not checked: who signed the transparency log" in told) == (0, True)
    for wrong in (
        ("receipt.json", "--log-key", LOG_KEY.text),
        ("receipt.json", "--proof", "other.tlog-proof"),
        ("mislogged.json",),
        ("logged.json", "--log-key", LogKey("other.example", LOG_KEY.public_key).text),
    ):
        code, told = verify(folder, *wrong)
        assert (code, "NOT VALID" in told) == (1, True)
    for unreadable in (("--log-key", "nonsense"), ("--proof", "receipt.json"), ("--proof", "absent")):
        assert verify(folder, "receipt.json", *unreadable)[0] == 2
