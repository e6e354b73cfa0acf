"""Apps of the Commons Hub dialect."""

from datetime import timedelta

import httpx

from tests.clock import SettableClock


async def test_an_app_is_registered_listed_and_revoked_by_the_master_key_only(
    master: httpx.AsyncClient, app: httpx.AsyncClient, clock: SettableClock
) -> None:
    clock.advance(timedelta(seconds=1))
    made = (await master.post("/v1/apps", json={"name": "Kiosk", "kind": "device"})).json()
    assert made["appSecret"].startswith("chb_sk_live_")
    listed = (await master.get("/v1/apps")).json()["apps"]
    assert [each["name"] for each in listed] == ["ElinorBot", "Kiosk"]
    assert "appSecret" not in listed[1]
    refused = await app.get("/v1/apps")
    assert (refused.status_code, refused.json()["error"]) == (403, "admin_required")
    assert (await master.delete(f"/v1/apps/{listed[0]['appId']}")).json() == {"ok": True}
    assert (await app.get("/v1/rooms")).status_code == 401
    again = await master.delete(f"/v1/apps/{listed[0]['appId']}")
    assert (again.status_code, again.json()["error"]) == (404, "app_not_found")
