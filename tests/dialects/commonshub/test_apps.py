"""Apps of the Commons Hub dialect."""

import re
from datetime import timedelta
from pathlib import Path

import httpx

from guildhall.core.actor import SYSTEM
from guildhall.domains import identity
from tests.clock import SettableClock
from tests.dialects.commonshub.asking import refusal
from tests.dialects.commonshub.stored import everything_stored
from tests.serving import Served, serving, settings_for


async def test_an_app_is_registered_listed_and_revoked_by_the_master_key_only(
    master: httpx.AsyncClient, app: httpx.AsyncClient, clock: SettableClock
) -> None:
    clock.advance(timedelta(seconds=1))
    made = (await master.post("/v1/apps", json={"name": "Kiosk", "kind": "device"})).json()
    assert made["appSecret"].startswith("chb_sk_live_")
    listed = (await master.get("/v1/apps")).json()["apps"]
    assert [each["name"] for each in listed] == ["chb", "ElinorBot", "Kiosk"]
    assert all("appSecret" not in each for each in listed)
    refused = await app.get("/v1/apps")
    assert (refused.status_code, refused.json()["error"]) == (403, "admin_required")
    assert (await master.delete(f"/v1/apps/{listed[1]['appId']}")).json() == {"ok": True}
    assert (await app.get("/v1/rooms")).status_code == 401
    again = await master.delete(f"/v1/apps/{listed[1]['appId']}")
    assert (again.status_code, again.json()["error"]) == (404, "app_not_found")


async def test_a_new_app_shows_its_secret_this_once(master: httpx.AsyncClient, served: Served) -> None:
    made = (await master.post("/v1/apps", json={"name": "  Kiosk ", "unknown": 1})).json()
    secret, app_id = made.pop("appSecret"), made.pop("appId")
    assert re.fullmatch(r"chb_sk_live_[0-9A-Za-z]{32}", secret)
    assert re.fullmatch(r"app_[0-9A-Za-z]{20}", app_id)
    assert made == {"name": "Kiosk", "createdAt": "2026-03-02T09:00:00Z", "provider": "discord", "kind": "trusted"}
    _, shown = (await master.get("/v1/apps")).json()["apps"]
    assert shown == {**made, "appId": app_id, "lastUsedAt": None}
    for other in (secret[:-1], secret.lower(), secret + "x"):
        async with served.client(headers={"Authorization": f"Bearer {other}"}) as client:
            assert refusal(await client.get("/v1/rooms")) == (401, "unauthorized")
    again = (await master.post("/v1/apps", json={"name": "Kiosk", "provider": "telegram-2_x"})).json()
    assert (again["provider"], again["appId"] != app_id) == ("telegram-2_x", True), "names are not unique"


async def test_a_bad_app_is_refused_and_an_unknown_one_not_found(master: httpx.AsyncClient) -> None:
    refused: tuple[tuple[str, dict[str, object]], ...] = (
        ("missing_field", {}),
        ("missing_field", {"kind": "device"}),
        ("invalid_field", {"name": ""}),
        ("invalid_field", {"name": " "}),
        ("invalid_field", {"name": "x" * 65}),
        ("invalid_field", {"name": "a\nb"}),
        ("invalid_field", {"name": None}),
        ("invalid_field", {"name": "Kiosk", "kind": "root"}),
        ("invalid_field", {"name": "Kiosk", "provider": "Discord"}),
        ("invalid_field", {"name": "Kiosk", "provider": ""}),
        ("invalid_field", {"name": "Kiosk", "provider": "x" * 33}),
    )
    for slug, body in refused:
        assert refusal(await master.post("/v1/apps", json=body)) == (400, slug), body
    assert [each["name"] for each in (await master.get("/v1/apps")).json()["apps"]] == ["chb"]
    for unknown in ("app_" + "0" * 20, "nothing", "%00", "x" * 300):
        answer = await master.delete(f"/v1/apps/{unknown}")
        assert answer.status_code == 404
        assert answer.json()["error"] in {"app_not_found", "not_found"}


async def test_the_master_key_can_be_replaced_when_it_is_the_houses_own(
    database_url: str, tmp_path: Path, clock: SettableClock
) -> None:
    async with serving(settings_for(database_url, tmp_path, ADMIN_API_KEY=""), clock=clock) as served:

        async def status_with(key: str) -> int:
            async with served.client(headers={"Authorization": f"Bearer {key}"}) as client:
                return (await client.get("/v1/apps")).status_code

        async with served.house.database.write() as tx:
            first = await identity.ensure_master_key(tx, now=clock.now())
            assert await identity.ensure_master_key(tx, now=clock.now()) is None, "it is made once"
        assert first is not None
        assert await status_with(first) == 200
        async with served.house.database.write() as tx:
            second = await identity.replace_master_key(tx, SYSTEM, now=clock.now())
        assert await status_with(first) == 401
        assert await status_with(second) == 200
        assert await status_with("chb_admin_") == 401
        assert second not in everything_stored(database_url)
