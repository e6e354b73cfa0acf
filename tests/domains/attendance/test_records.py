"""The bytes that are signed, against the check values of the document and the examples of the wire contract."""

import base64
import dataclasses
import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from guildhall.domains.attendance.records import hash_of, period_bytes, session_bytes, sessions_hash
from guildhall.evidence.formats import instant
from tests.domains.attendance.examples import EXPORT, PERIOD, RECEIPT, SEED, SESSION

KEY = Ed25519PrivateKey.from_private_bytes(SEED)
DOCUMENTED = (
    b'{"session_id":"7b0f3c1e-6a52-4c9e-9d53-2f0c1b7a9e11","guild_id":81384788765712384,'
    b'"user_id":80351110224678912,"channel_id":127121515262115840,"period_id":"0d9c7f54-2b1e-4f37-8a36-5c2d9e7f1a20",'
    b'"joined_at":"2026-03-19T10:00:00Z","left_at":"2026-03-19T11:30:00Z","duration_seconds":5400}'
)


def signature(content: bytes) -> str:
    return base64.b64encode(KEY.sign(content)).decode()


def test_a_session_has_the_documented_bytes_hash_and_signature() -> None:
    made = session_bytes(SESSION)
    assert made.v1 == DOCUMENTED == base64.b64decode(RECEIPT["payload_b64"])
    assert json.loads(made.v1) == RECEIPT["signed_payload"]
    assert hash_of(made.v1) == RECEIPT["payload_hash"]
    assert signature(made.v1) == RECEIPT["signature"]


def test_a_sessions_second_form_is_the_contracts_to_the_byte() -> None:
    made = session_bytes(SESSION)
    assert json.loads(made.v2) == RECEIPT["v2"]["signed_payload"]
    assert hash_of(made.v2) == RECEIPT["v2"]["payload_hash"]
    assert signature(made.v2) == RECEIPT["v2"]["signature"]


def test_a_period_has_the_contracts_bytes_in_both_forms() -> None:
    made = period_bytes(PERIOD)
    assert hash_of(made.v1) == EXPORT["payload_hash"]
    assert signature(made.v1) == EXPORT["signature"]
    assert hash_of(made.v2) == EXPORT["v2"]["payload_hash"]
    assert signature(made.v2) == EXPORT["v2"]["signature"]
    assert list(json.loads(made.v2)) == sorted(EXPORT["v2"]["signed_payload"])


def test_the_hash_over_sessions_follows_their_ids_and_misses_one_that_is_gone() -> None:
    one = {SESSION.session_id: RECEIPT["v2"]["payload_hash"]}
    assert sessions_hash(one) == EXPORT["v2"]["signed_payload"]["sessions_hash"]
    assert sessions_hash({}) == hashlib.sha256(b"").hexdigest()
    later, earlier = hash_of(b"later"), hash_of(b"earlier")
    both = sessions_hash({"b": later, "a": earlier})
    assert both == sessions_hash({"a": earlier, "b": later})
    assert both == hashlib.sha256(bytes.fromhex(earlier) + bytes.fromhex(later)).hexdigest()
    assert both != sessions_hash({"a": earlier})


def test_instants_are_utc_with_the_shortest_exact_fraction() -> None:
    whole = datetime(2026, 3, 19, 10, tzinfo=UTC)
    assert instant(whole) == "2026-03-19T10:00:00Z"
    assert instant(whole.astimezone(timezone(timedelta(hours=5, minutes=30)))) == "2026-03-19T10:00:00Z"
    assert instant(whole.replace(microsecond=250_000)) == "2026-03-19T10:00:00.250Z"
    assert instant(whole.replace(microsecond=250_001)) == "2026-03-19T10:00:00.250001Z"
    with pytest.raises(ValueError, match="zone"):
        instant(whole.replace(tzinfo=None))


def test_the_largest_ids_keep_their_digits_in_both_forms() -> None:
    large = 2**63 - 1
    made = session_bytes(dataclasses.replace(SESSION, user_id=large))
    assert json.loads(made.v1)["user_id"] == large
    assert json.loads(made.v2)["user_id"] == str(large)
