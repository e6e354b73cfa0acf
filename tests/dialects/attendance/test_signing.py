"""Keys, signatures, receipts and exports, for those who manage a guild and for everybody."""

import base64
import json
from datetime import timedelta

import httpx
import msgspec
import pytest

from guildhall.core.crypto import SecretBox
from guildhall.domains.attendance.signing import sign_waiting
from guildhall.domains.attendance.tlog.log import append_all, open_log
from guildhall.evidence import receipts
from guildhall.evidence.receipts import GuildKeys, Pins
from tests.clock import SettableClock
from tests.dialects.attendance.asking import PASSPHRASE, Place, Voices, refusal
from tests.serving import Served

NOBODY = "00000000-0000-4000-8000-000000000000"


async def sign(served: Served, place: Place) -> None:
    """Do what the job that an unlocked key queues does."""
    house = served.house
    await sign_waiting(house.database, house.keyring, house.clock, guild_id=int(place.guild))


async def log(served: Served) -> None:
    """Append to the transparency log what is signed."""
    house = served.house
    box = SecretBox(house.token_key, "transparency log")
    signer = await open_log(house.database, box, origin="hub.test/tlog", now=house.clock.now())
    await append_all(house.database, signer, house.clock)


@pytest.fixture
async def session_id(manager: httpx.AsyncClient, place: Place, voices: Voices) -> str:
    """A session of a minute in the first period, which is archived."""
    await voices.begin()
    await manager.patch("tracking-mode", json={"mode": "All"})
    await voices.visited(place.member, place.lounge, timedelta(minutes=1))
    await manager.post("reset-now")
    (session,) = (await manager.get("sessions")).json()["sessions"]
    return str(session["session_id"])


async def test_a_key_is_made_once_unlocked_locked_and_rotated_and_old_ones_stay(
    manager: httpx.AsyncClient, anybody: httpx.AsyncClient, place: Place, clock: SettableClock
) -> None:
    for verb in ("unlock", "rotate-keys"):
        answer = await manager.post(f"signing/{verb}", json={"passphrase": PASSPHRASE})
        assert refusal(answer) == (404, "KEY_NOT_FOUND")
    assert refusal(await manager.post("signing/lock")) == (404, "KEY_NOT_FOUND")
    assert refusal(await manager.get("signing/public-key")) == (404, "KEY_NOT_FOUND")
    assert refusal(await anybody.get(f"/verify/keys/{place.guild}")) == (404, "KEY_NOT_FOUND")
    for wrong, code in (
        ({}, "MISSING_FIELD"),
        ({"passphrase": 12345678}, "INVALID_FIELD"),
        ({"passphrase": "short"}, "INVALID_PASSPHRASE"),
        ({"passphrase": "x" * 1025}, "INVALID_PASSPHRASE"),
    ):
        assert refusal(await manager.post("signing/generate-keys", json=wrong)) == (422, code)

    first = (await manager.post("signing/generate-keys", json={"passphrase": PASSPHRASE})).json()
    assert (first["unlocked"], first["created_at"], first["previous_key_id"]) == (True, "2026-03-02T09:00:00Z", None)
    again = await manager.post("signing/generate-keys", json={"passphrase": PASSPHRASE})
    assert refusal(again) == (422, "KEY_EXISTS")
    assert (await manager.get("signing/status")).json()["state"] == "unlocked"

    for _ in range(2):
        assert (await manager.post("signing/lock")).json() == {"unlocked": False}
    status = (await manager.get("signing/status")).json()
    assert (status["state"], status["public_key"]) == ("locked", first["public_key"])
    refused = await manager.post("signing/unlock", json={"passphrase": "not the right one"})
    assert refusal(refused) == (422, "WRONG_PASSPHRASE")
    opened = {"unlocked": True, "signing_key_id": first["signing_key_id"], "queued_sessions": 0, "queued_periods": 0}
    for _ in range(2):
        assert (await manager.post("signing/unlock", json={"passphrase": PASSPHRASE})).json() == opened

    clock.advance(timedelta(seconds=1))
    second = (await manager.post("signing/rotate-keys", json={"passphrase": "another passphrase"})).json()
    assert second["previous_key_id"] == first["signing_key_id"]
    assert second["cross_signature"]
    shown = (await manager.get("signing/public-key")).json()
    assert shown["signing_key_id"] == second["signing_key_id"]
    assert [each["active"] for each in shown["keys"]] == [True, False]
    public = (await anybody.get(f"/verify/keys/{place.guild}")).json()
    assert public == {"guild_id": place.guild, "keys": shown["keys"]}


async def test_five_wrong_passphrases_close_the_guild_for_a_while(
    manager: httpx.AsyncClient, clock: SettableClock
) -> None:
    await manager.post("signing/generate-keys", json={"passphrase": PASSPHRASE})
    for _ in range(5):
        await manager.post("signing/unlock", json={"passphrase": "not the right one"})
    closed = await manager.post("signing/unlock", json={"passphrase": PASSPHRASE})
    assert refusal(closed) == (429, "TOO_MANY_ATTEMPTS")
    assert closed.headers["retry-after"] == "900"
    clock.advance(timedelta(minutes=15))
    assert (await manager.post("signing/unlock", json={"passphrase": PASSPHRASE})).status_code == 200


async def test_what_waits_is_signed_once_there_is_a_key_and_verified_by_anybody(
    served: Served, manager: httpx.AsyncClient, anybody: httpx.AsyncClient, place: Place, session_id: str
) -> None:
    unsigned = (await anybody.get(f"/verify/session/{session_id}")).json()
    assert (unsigned["valid"], unsigned["reason"]) == (False, "unsigned")
    assert refusal(await manager.get(f"sessions/{session_id}/receipt")) == (422, "NOT_SIGNED")
    assert refusal(await manager.get("export/period/1")) == (422, "NOT_SIGNED")
    status = (await manager.get("signing/status")).json()
    assert (status["pending_sessions"], status["pending_periods"]) == (1, 1)

    key = (await manager.post("signing/generate-keys", json={"passphrase": PASSPHRASE})).json()
    await sign(served, place)
    verdict = (await anybody.get(f"/verify/session/{session_id.upper()}")).json()
    assert (verdict["valid"], verdict["reason"], verdict["public_key"]) == (True, None, key["public_key"])
    assert "user_id" not in verdict
    own = (await manager.post("signing/verify-session", json={"session_id": session_id})).json()
    assert own == verdict | {"user_id": place.member}

    period = (await anybody.get(f"/verify/period/{place.guild}/1")).json()
    assert (period["valid"], period["entry_count"], period["period_index"]) == (True, 1, 1)
    assert (await manager.post("signing/verify-period", json={"period_index": 1})).json() == period
    (archived,) = (await manager.get("signing/history")).json()["periods"]
    assert (archived["signed"], archived["payload_hash"]) == (True, period["payload_hash"])


async def test_receipts_and_exports_are_attachments_that_hold_without_the_server(
    served: Served, manager: httpx.AsyncClient, anybody: httpx.AsyncClient, place: Place, session_id: str
) -> None:
    await manager.post("signing/generate-keys", json={"passphrase": PASSPHRASE})
    await sign(served, place)
    keys = msgspec.json.decode((await anybody.get(f"/verify/keys/{place.guild}")).content, type=GuildKeys)
    for path, name in (
        (f"sessions/{session_id}/receipt", f"session-{session_id}.json"),
        ("export/period/1", f"guild-{place.guild}-period-1.json"),
    ):
        answer = await manager.get(path)
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        judged = receipts.judge(receipts.read(answer.content), Pins(guild=keys))
        assert (judged.valid, judged.fault, judged.unchecked) == (True, "", ())
    receipt = (await manager.get(f"sessions/{session_id}/receipt")).json()
    assert json.loads(base64.b64decode(receipt["payload_b64"])) == receipt["signed_payload"]
    assert receipt["signed_payload"]["user_id"] == int(place.member)
    assert (await manager.get("export/period/1")).json()["receipts"] == [receipt]


async def test_what_is_not_there_is_not_found_and_what_is_malformed_is_400_in_public_and_422_within(
    manager: httpx.AsyncClient, anybody: httpx.AsyncClient, place: Place, session_id: str
) -> None:
    for path in (
        f"/verify/session/{NOBODY}",
        f"/verify/session/{NOBODY}/proof",
        f"/verify/session/{session_id}/proof",
        f"/verify/period/{place.guild}/2",
        f"/verify/period/{place.guild}/0",
        f"/verify/period/{place.guild}/1/proof",
        "/verify/period/4242/1",
    ):
        assert refusal(await anybody.get(path)) == (404, "RECORD_NOT_FOUND")
    assert refusal(await anybody.get("/verify/period/4242/1/proof")) == (404, "GUILD_NOT_SEEN")
    for path in (
        "/verify/session/nonsense",
        f"/verify/session/{NOBODY[:-1]}",
        f"/verify/session/{NOBODY.replace('-', '')}",
        "/verify/session/x/proof",
        "/verify/period/x/1",
        "/verify/period/1/x",
        f"/verify/period/{'9' * 20}/1",
        "/verify/period/1/99999999999",
        "/verify/period/x/1/proof",
        "/verify/keys/0",
    ):
        assert refusal(await anybody.get(path)) == (400, "MALFORMED_PATH")

    assert refusal(await manager.get(f"sessions/{NOBODY}/receipt")) == (404, "RECORD_NOT_FOUND")
    assert refusal(await manager.get("sessions/x/receipt")) == (422, "INVALID_FIELD")
    for number in (0, 2, 99):
        assert refusal(await manager.get(f"export/period/{number}")) == (404, "RECORD_NOT_FOUND")
    assert refusal(await manager.get("export/period/x")) == (422, "INVALID_FIELD")
    sessions: tuple[tuple[dict[str, object], int], ...] = (
        ({"session_id": NOBODY}, 404),
        ({"session_id": "x"}, 422),
        ({"session_id": 1}, 422),
        ({}, 422),
    )
    for named, status in sessions:
        assert (await manager.post("signing/verify-session", json=named)).status_code == status
    numbers: tuple[tuple[dict[str, object], int], ...] = (
        ({"period_index": 2}, 404),
        ({"period_index": 9}, 404),
        ({"period_index": "1"}, 422),
        ({"period_index": -1}, 422),
        ({"period_index": True}, 422),
    )
    for named, status in numbers:
        assert (await manager.post("signing/verify-period", json=named)).status_code == status


async def test_the_log_is_public_and_its_proofs_are_in_receipts(
    served: Served, manager: httpx.AsyncClient, anybody: httpx.AsyncClient, place: Place, session_id: str
) -> None:
    for path in ("checkpoint", "tile/0/000", "tile/0/000.p/1", "tile/entries/000.p/1"):
        assert refusal(await anybody.get(f"/tlog/{path}")) == (404, "NOT_FOUND")
    await manager.post("signing/generate-keys", json={"passphrase": PASSPHRASE})
    await sign(served, place)
    assert (await manager.get(f"sessions/{session_id}/receipt")).json()["log_proof"] is None
    await log(served)

    checkpoint = await anybody.get("/tlog/checkpoint")
    assert checkpoint.text.splitlines()[:2] == ["hub.test/tlog", "2"]
    assert checkpoint.headers["cache-control"] == "public, max-age=5"
    assert checkpoint.headers["content-type"].startswith("text/plain")
    tile = await anybody.get("/tlog/tile/0/000.p/2")
    assert len(tile.content) == 64
    assert tile.headers["content-type"] == "application/octet-stream"
    assert "immutable" in tile.headers["cache-control"]
    entries = await anybody.get("/tlog/tile/entries/000.p/2")
    assert entries.content.count(b"guildhall.attendance/v1\n") == 2
    for path in ("0/000", "0/000.p/3", "0/x001/x234/067", "1/000", "64/000", "x/000", "0/000.p/0", "entries/001"):
        assert refusal(await anybody.get(f"/tlog/tile/{path}")) == (404, "NOT_FOUND")

    proof = await anybody.get(f"/verify/session/{session_id}/proof")
    assert proof.headers["content-type"].startswith("text/plain")
    assert proof.text == (await manager.get(f"sessions/{session_id}/receipt")).json()["log_proof"]
    period = await anybody.get(f"/verify/period/{place.guild}/1/proof")
    assert period.text == (await manager.get("export/period/1")).json()["log_proof"]
    await manager.patch("subscription", json={"tier": "free"})
    assert (await manager.get(f"sessions/{session_id}/receipt")).json()["log_proof"] is None
    for path in (f"session/{session_id}/proof", f"period/{place.guild}/1/proof"):
        assert refusal(await anybody.get(f"/verify/{path}")) == (403, "TIER_REQUIRED")
