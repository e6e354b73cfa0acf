"""Ids that no guild, person or channel can have are refused in words, wherever they stand."""

import httpx
import pytest

from tests.clock import SettableClock
from tests.dialects.attendance.asking import Place, token
from tests.serving import Served

LARGEST = 2**63 - 1
TOO_LARGE = (2**63, 2**64, 10**20 - 1, 10**30)


@pytest.mark.parametrize("number", TOO_LARGE)
async def test_an_id_that_does_not_fit_is_refused_in_every_place_of_a_request(
    served: Served,
    manager: httpx.AsyncClient,
    anybody: httpx.AsyncClient,
    place: Place,
    clock: SettableClock,
    number: int,
) -> None:
    base = f"{served.url}/api/v1/guilds/{number}"
    asked = [
        await manager.get(f"{base}/overview"),
        await manager.delete(f"tracked-channels/{number}"),
        await manager.post("tracked-channels", json={"channel_id": str(number)}),
        await manager.post("tracked-channels", json={"channel_id": number}),
        await manager.get(f"stats?user_id={number}"),
        await manager.get(f"channel-stats?channel_id={number}"),
        await manager.get(f"analytics/heatmap?user_id={number}"),
        await manager.get(f"sessions?channel_id={number}"),
        await manager.get(f"leaderboard?period_index={number}"),
        await manager.get(f"leaderboard?offset={number}"),
        await manager.get(f"export/period/{number}"),
        await manager.post("signing/verify-period", json={"period_index": number}),
    ]
    assert {each.status_code for each in asked} <= {403, 422}, [(each.status_code, each.text) for each in asked]
    headers = {"Authorization": f"Bearer {token(place.owner, number, clock)}"}
    async with served.client(headers=headers) as client:
        found = [await client.get(f"{base}/overview"), await client.get(f"{base}/bot-present")]
    assert {each.status_code for each in found} <= {401, 422}, [(each.status_code, each.text) for each in found]
    headers = {"Authorization": f"Bearer {token(str(number), place.guild, clock)}"}
    async with served.client(headers=headers) as client:
        found = [await client.get(f"{served.url}/api/v1/guilds/{place.guild}/overview")]
    assert {each.status_code for each in found} <= {401, 403}, [(each.status_code, each.text) for each in found]
    public = [
        await anybody.get(f"/verify/keys/{number}"),
        await anybody.get(f"/verify/period/{number}/1"),
        await anybody.get(f"/verify/period/{place.guild}/{number}"),
        await anybody.get(f"/verify/period/{number}/1/proof"),
    ]
    assert [each.status_code for each in public] == [400] * len(public), [
        (each.status_code, each.text) for each in public
    ]


async def test_the_largest_id_there_can_be_belongs_to_nothing(
    served: Served, anybody: httpx.AsyncClient, manager: httpx.AsyncClient, place: Place, clock: SettableClock
) -> None:
    headers = {"Authorization": f"Bearer {token(place.owner, LARGEST, clock)}"}
    async with served.client(headers=headers) as client:
        assert (await client.get(f"/api/v1/guilds/{LARGEST}/overview")).status_code == 404
    assert (await anybody.get(f"/verify/keys/{LARGEST}")).status_code == 404
    assert (await anybody.get(f"/verify/period/{LARGEST}/{2**31 - 1}")).status_code == 404
    assert (await manager.delete(f"tracked-channels/{LARGEST}")).status_code == 404
    assert (await manager.get(f"stats?user_id={LARGEST}")).json()["total_seconds"] == 0


async def test_a_tile_that_no_log_can_have_is_not_found(anybody: httpx.AsyncClient) -> None:
    for path in ("0/" + "x999/" * 8 + "999", "entries/" + "x999/" * 8 + "999", "0/" + "x999/" * 6 + "999", "63/999"):
        assert (await anybody.get(f"/tlog/tile/{path}")).status_code == 404, path
