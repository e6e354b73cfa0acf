"""Rewards of shifts that are minted on a chain, as apps see them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from guildhall.app import open_house
from guildhall.core.actor import Actor, ActorKind
from guildhall.core.db import Database
from guildhall.dialects.commonshub import following
from guildhall.domains import ledger
from guildhall.domains.identity import Permission
from guildhall.domains.ledger.holdings import FRESH
from guildhall.settings import Settings, SettingsError
from tests.clock import SettableClock
from tests.dialects.commonshub.asking import acting_for, refusal
from tests.domains.ledger.test_mints import token_on
from tests.services.chain import ChainServer, Mintable, Proxy, new_wallet
from tests.serving import Served, serving, settings_for

REWARD = "/v1/shifts/2026-03-19/0/reward"
MINE = "/v1/users/me/rewards"
OF_MINTER = acting_for("700", "molly")
WITHIN = 60.0

Rewarding = Callable[..., Awaitable[list[dict[str, Any]]]]


@pytest.fixture
async def settings(
    database: Database, database_url: str, tmp_path: Path, proxy: Proxy, mintable: Mintable, clock: SettableClock
) -> Settings:
    """Settings of a server whose token is on the chain."""
    async with database.write() as tx:
        await tx.insert(token_on(mintable, clock))
    return settings_on_chain(database_url, tmp_path, proxy, mintable)


def settings_on_chain(database_url: str, folder: Path, proxy: Proxy, mintable: Mintable) -> Settings:
    return settings_for(
        database_url, folder, COMMONSHUB_LEDGER="evm", RPC_URL=proxy.url, MINTER_PRIVATE_KEY=mintable.key
    )


@pytest.fixture
async def served(settings: Settings, clock: SettableClock) -> AsyncIterator[Served]:
    """A server that works its jobs."""
    async with serving(settings, clock=clock, works_jobs=True) as each:
        yield each


@pytest.fixture
async def wallets(app: httpx.AsyncClient, master: httpx.AsyncClient) -> dict[str, str]:
    """The wallets of three people who signed up; a fourth has none. Molly may mint."""
    await app.get("/v1/users/me", headers=OF_MINTER)
    await master.put("/v1/users/700/roles", json={"roles": ["minter"]})
    found = {number: new_wallet() for number in ("1", "2", "3")}
    for slot in (0, 1):
        await app.post(f"/v1/shifts/2026-03-19/{slot}/signup", headers=acting_for("4", "name4"))
    for number, wallet in found.items():
        acting = acting_for(number, f"name{number}")
        slot = 1 if number == "3" else 0
        assert (await app.post(f"/v1/shifts/2026-03-19/{slot}/signup", headers=acting)).status_code == 200
        assert (await app.put("/v1/users/me", json={"walletAddress": wallet}, headers=acting)).status_code == 200
    return found


@pytest.fixture
def give(app: httpx.AsyncClient, wallets: dict[str, str]) -> Rewarding:
    """Reward as the minter does, and return the results."""

    async def reward(*participants: str, path: str = REWARD, **headers: str) -> list[dict[str, Any]]:
        body = {"participants": participants, "amountPerUser": 2.5, "token": "CHT"}
        answer = await app.post(path, json=body, headers={**OF_MINTER, **headers}, timeout=WITHIN)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["results"]
        return found

    return reward


async def listed(app: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await app.get(REWARD)).json()["results"]
    return found


async def until_listed(app: httpx.AsyncClient, status: str) -> list[dict[str, Any]]:
    """Return the rewards of the slot once all have a status."""
    async with asyncio.timeout(WITHIN):
        while any(each["status"] != status for each in (await listed(app))):  # noqa: ASYNC110  A chain tells nobody.
            await asyncio.sleep(0.1)
    return await listed(app)


async def test_the_call_waits_for_the_chain_and_tells_what_is_final(
    app: httpx.AsyncClient, give: Rewarding, wallets: dict[str, str], mintable: Mintable, clock: SettableClock
) -> None:
    found = await give("1", "4", "2", "3", "stranger")
    assert [(each["success"], each["status"], each["error"]) for each in found] == [
        (True, "confirmed", None),
        (False, "refused", "no_wallet"),
        (True, "confirmed", None),
        (False, "refused", "not_signed_up"),
        (False, "refused", "user_not_found"),
    ]
    assert all((len(each["txHash"]) == 66) if each["success"] else (each["txHash"] is None) for each in found)
    assert [mintable.held_by(wallets[number]) for number in ("1", "2", "3")] == [2_500_000, 2_500_000, 0]
    again = await give("2", "1")
    assert again == [{**found[2], "alreadyRewarded": True}, {**found[0], "alreadyRewarded": True}]
    assert mintable.supply == 5_000_000
    clock.advance(FRESH)
    mine = (await app.get(MINE, headers=acting_for("1"))).json()
    assert mine["balances"] == [{"token": "CHT", "amount": 2.5}]
    assert [(each["status"], each["txHash"]) for each in mine["rewards"]] == [("confirmed", found[0]["txHash"])]
    assert (await app.get(MINE, headers=acting_for("4"))).json()["balances"] == []
    withdrawal = await app.delete("/v1/shifts/2026-03-19/0/signup", headers=acting_for("1"))
    assert refusal(withdrawal) == (422, "already_rewarded")


async def test_what_is_not_final_in_time_is_pending_and_is_followed_everywhere(
    app: httpx.AsyncClient,
    give: Rewarding,
    chain: ChainServer,
    mintable: Mintable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(following, "LONGEST", 2.0)
    chain.hold()
    key = {"Idempotency-Key": "evening"}
    (pending,) = await give("1", **key)
    assert (pending["success"], pending["status"], pending["error"]) == (False, "pending", None)
    assert pending["txHash"] == chain.pool()[0]["hash"]
    assert (await listed(app))[0] == {key: value for key, value in pending.items() if key != "alreadyRewarded"}
    (again,) = await give("1")
    assert (again["status"], again["alreadyRewarded"], again["txHash"]) == ("pending", True, pending["txHash"])
    (other,) = await give("2", path=REWARD)
    assert other["status"] == "pending"

    params = {"date": "2026-03-19", "slotIndex": 1, "participants": ["3", "4"], "amountPerUser": 2.5, "token": "CHT"}
    action = {"action": "reward", "userId": "700", "params": params}
    prepared = (await app.post("/v1/actions/prepare", json=action)).json()
    executed = await app.post(f"/v1/actions/{prepared['actionId']}/execute", headers=OF_MINTER, timeout=WITHIN)
    assert [each["status"] for each in executed.json()["result"]["results"]] == ["pending", "refused"]

    chain.mine()
    await until_listed(app, "confirmed")
    assert (await give("1", **key))[0] == {**pending, "success": True, "status": "confirmed"}
    mine = (await app.get(MINE, headers=acting_for("1"))).json()["rewards"]
    assert [(each["status"], each["success"]) for each in mine] == [("confirmed", True)]
    async with asyncio.timeout(WITHIN):
        while True:
            shown = (await app.get(f"/v1/actions/{prepared['actionId']}")).json()["result"]["results"]
            if shown[0]["status"] == "confirmed":
                break
            await asyncio.sleep(0.1)
    assert (shown[0]["success"], shown[1]["error"]) == (True, "no_wallet")
    assert mintable.supply == 3 * 2_500_000


async def test_ten_equal_calls_at_once_mint_once_for_each(
    app: httpx.AsyncClient, give: Rewarding, mintable: Mintable
) -> None:
    answers = await asyncio.gather(*(give("1", "2", "4") for _ in range(10)))
    assert sorted(each[0].pop("alreadyRewarded") for each in answers) == [False] + [True] * 9
    for each in answers:
        assert [result["status"] for result in each] == ["confirmed", "confirmed", "refused"]
        assert [result["txHash"] for result in each] == [result["txHash"] for result in answers[0]]
    assert (mintable.supply, mintable.used_nonces) == (5_000_000, 2)


async def test_a_mint_that_failed_says_why_and_its_retry_is_followed(
    app: httpx.AsyncClient, give: Rewarding, served: Served, mintable: Mintable
) -> None:
    mintable.let_mint(may=False)
    (failed,) = await give("1")
    assert (failed["success"], failed["status"], failed["error"]) == (False, "failed", "mint_failed")
    assert "not a minter" in failed["message"]
    assert (await listed(app))[0]["error"] == "mint_failed"
    mintable.let_mint(may=True)
    database, now = served.house.database, served.house.clock.now()
    administrator = Actor(ActorKind.OPERATOR, permissions=frozenset({Permission.MANAGE_SYSTEM}))
    async with database.write() as tx:
        (mint, *_) = await ledger.page_of_mints(tx, before=None, limit=1)
        await ledger.retry_mint(tx, administrator, mint.id, now=now)
    (retried,) = await give("1")
    assert (retried["status"], retried["alreadyRewarded"]) == ("confirmed", True)
    assert mintable.supply == 2_500_000


async def test_a_node_that_is_down_lets_the_house_start_and_a_wrong_one_does_not(
    settings: Settings, proxy: Proxy, chain: ChainServer, mintable: Mintable, clock: SettableClock
) -> None:
    mintable.let_mint(may=False)
    with pytest.raises(SettingsError, match="may not mint at"):
        async with open_house(settings, clock=clock):
            pass
    async with open_house(settings, clock=clock, works_jobs=False) as house, house.database.read() as tx:
        assert (await ledger.verify(tx)).entries == 0
    proxy.is_down = True
    async with open_house(settings, clock=clock) as house, house.database.read() as tx:
        (alert,) = await ledger.mint_alerts(tx, now=clock.now())
    assert "The chain has not answered since" in alert
    assert mintable.key[2:] not in alert
