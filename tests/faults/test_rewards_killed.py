"""A server that is killed while it rewards people, in the embedded ledger and on a chain: each is rewarded once."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from guildhall.core.clock import SystemClock
from guildhall.core.db import open_database, query
from guildhall.domains import ledger
from guildhall.domains.ledger.mint_models import MintTransaction, mint_transactions
from guildhall.domains.ledger.models import ledger_entries
from guildhall.domains.shifts.models import shift_rewards
from tests.dialects.commonshub.asking import acting_for
from tests.faults.server_process import ServerProcess, server_process
from tests.services.chain import Held, Mintable, Proxy, new_wallet
from tests.serving import MASTER_KEY

DAY = "2026-03-19"
OF_MINTER = acting_for("700", "molly")
WITHIN = 90.0
UNITS = 3_000_000
KEY_OF_NODE = "the-key-that-the-provider-of-the-node-gave"
PLACES = 3
KEYS_OF_REWARDS = query(str, shift_rewards.select().with_only_columns(shift_rewards.c.tx_hash))
KEYS_OF_ENTRIES = query(str, ledger_entries.select().with_only_columns(ledger_entries.c.tx_hash))
TRANSACTIONS = query(MintTransaction, mint_transactions.select())


@asynccontextmanager
async def app_of(server: ServerProcess) -> AsyncIterator[httpx.AsyncClient]:
    """Register an app, let Molly mint, and open a client of the app."""
    async with server.client(headers={"Authorization": f"Bearer {MASTER_KEY}"}) as master:
        secret = (await master.post("/v1/apps", json={"name": "Storm"})).json()["appSecret"]
        async with server.client(headers={"Authorization": f"Bearer {secret}"}, timeout=WITHIN) as app:
            await app.get("/v1/users/me", headers=OF_MINTER)
            await master.put("/v1/users/700/roles", json={"roles": ["minter"]})
            yield app


async def people_of(app: httpx.AsyncClient, slots: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Let three people with wallets sign up for each slot; return the slot and the wallet of each."""
    people: dict[str, tuple[str, str]] = {}
    for slot in slots:
        for _ in range(PLACES):
            number, wallet = str(len(people) + 1), new_wallet()
            acting = acting_for(number, f"name{number}")
            assert (await app.post(f"/v1/shifts/{slot}/signup", headers=acting)).status_code == 200
            profile = await app.put("/v1/users/me", json={"walletAddress": wallet}, headers=acting)
            assert profile.status_code == 200
            people[number] = slot, wallet
    return people


async def reward(app: httpx.AsyncClient, slot: str, *people: str) -> list[dict[str, Any]]:
    body = {"participants": people, "amountPerUser": 3, "token": "CHT"}
    answer = await app.post(f"/v1/shifts/{slot}/reward", json=body, headers=OF_MINTER, timeout=WITHIN)
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WITHIN):
        while not await holds():  # noqa: ASYNC110  Another process does the work.
            await asyncio.sleep(0.2)


async def are_confirmed(app: httpx.AsyncClient, people: dict[str, tuple[str, str]]) -> bool:
    results = [
        each
        for slot in {slot for slot, _ in people.values()}
        for each in (await app.get(f"/v1/shifts/{slot}/reward")).json()["results"]
    ]
    return len(results) == len(people) and all(each["status"] == "confirmed" for each in results)


async def put_on_chain(database_url: str, mintable: Mintable) -> None:
    """Make the house's token the one on the chain."""
    database = await open_database(database_url)
    token = ledger.Token(
        code="CHT",
        hourly=1_000_000,
        most=100_000_000,
        chain_id=mintable.chain.chain_id,
        contract=mintable.contract,
        created_at=SystemClock().now(),
    )
    async with database.write() as tx:
        await tx.insert(token)
    await database.close()


def on_chain(mintable: Mintable, url: str) -> dict[str, str]:
    return {"COMMONSHUB_LEDGER": "evm", "RPC_URL": f"{url}/{KEY_OF_NODE}", "MINTER_PRIVATE_KEY": mintable.key}


async def test_an_answer_outlives_the_kill_and_every_reward_has_its_entry(database_url: str, tmp_path: Path) -> None:
    slots = [f"2026-03-{day}/{index}" for day in (18, 19) for index in range(5)]
    with server_process(database_url, tmp_path) as server:
        answered: dict[str, dict[str, Any]] = {}
        async with app_of(server) as app:
            people = await people_of(app, slots)
            enough = random.randrange(1, 9)
            calls = 0

            async def call(slot: str) -> None:
                nonlocal calls
                names = [number for number, (where, _) in people.items() if where == slot]
                with contextlib.suppress(httpx.TransportError):
                    for result in await reward(app, slot, *names):
                        answered[result["userId"]] = result
                    calls += 1
                    if calls >= enough:
                        server.kill()

            await asyncio.gather(*map(call, slots))
        server.start()
        async with app_of(server) as app:
            await judge(app, database_url, slots, answered)
            for slot in slots:
                names = [number for number, (where, _) in people.items() if where == slot]
                for result in await reward(app, slot, *names):
                    answered.setdefault(result["userId"], {**result, "alreadyRewarded": False})
            await judge(app, database_url, slots, answered)
        assert len(answered) == len(people)


async def judge(
    app: httpx.AsyncClient, database_url: str, slots: Sequence[str], answered: dict[str, dict[str, Any]]
) -> None:
    """What was answered stands as it was answered, and rewards and entries are the same things."""
    stored: dict[str, dict[str, Any]] = {}
    for slot in slots:
        for each in (await app.get(f"/v1/shifts/{slot}/reward")).json()["results"]:
            stored[each["userId"]] = {**each, "alreadyRewarded": False}
    assert {name: stored.get(name) for name in answered} == answered
    database = await open_database(database_url)
    async with database.read() as tx:
        found = await ledger.verify(tx)
        assert found.entries == len(stored)
        assert sorted(await tx.all(KEYS_OF_REWARDS)) == sorted(await tx.all(KEYS_OF_ENTRIES))
    await database.close()


@pytest.mark.parametrize(
    ("engine", "before"),
    [("postgresql", True), ("sqlite", False)],
    ids=["between signing and sending", "between sending and the answer"],
)
async def test_killed_at_a_transaction_the_server_mints_each_once_when_it_is_back(
    database_url: str,
    tmp_path: Path,
    mintable: Mintable,
    proxy: Proxy,
    before: bool,  # noqa: FBT001 (a parameter of the test)
) -> None:
    await put_on_chain(database_url, mintable)
    held = Held(before=before)
    with server_process(database_url, tmp_path, **on_chain(mintable, proxy.url)) as server:
        async with app_of(server) as app:
            people = await people_of(app, [f"{DAY}/0"])
            proxy.behave("eth_sendRawTransaction", held)
            call = asyncio.create_task(reward(app, f"{DAY}/0", *people))
            assert await asyncio.to_thread(held.reached.wait, WITHIN)
            server.kill()
            held.let_go.set()
            with pytest.raises(httpx.TransportError):
                await call
        assert mintable.supply == (0 if before else UNITS)
        proxy.behave("eth_sendRawTransaction")
        server.start()
        async with app_of(server) as app:
            await until(lambda: are_confirmed(app, people))
            again = await reward(app, f"{DAY}/0", *people)
            assert [(each["status"], each["alreadyRewarded"]) for each in again] == [("confirmed", True)] * PLACES
        assert [mintable.held_by(wallet) for _, wallet in people.values()] == [UNITS] * PLACES
        assert mintable.used_nonces == PLACES
        told = server.log.read_text()
        assert mintable.key.removeprefix("0x") not in told
        assert KEY_OF_NODE not in told
    database = await open_database(database_url)
    async with database.read() as tx:
        assert len(await tx.all(TRANSACTIONS)) == PLACES
    await database.close()


async def test_two_servers_with_one_key_mint_each_once_though_one_is_killed_again_and_again(
    postgresql_database_url: str, tmp_path: Path, mintable: Mintable, proxy: Proxy
) -> None:
    await put_on_chain(postgresql_database_url, mintable)
    slots = [f"2026-03-{day}/{index}" for day in (18, 19) for index in range(5)]
    with contextlib.ExitStack() as stack:
        settings = on_chain(mintable, proxy.url)
        victim, other = (
            stack.enter_context(server_process(postgresql_database_url, tmp_path, **settings)) for _ in range(2)
        )
        async with app_of(other) as app:
            people = await people_of(app, slots)
        for part in range(2):
            async with app_of(victim) as first, app_of(other) as second:
                wanted = slots[part * 5 : part * 5 + 5]
                calls = [
                    asyncio.create_task(
                        reward(app, slot, *(number for number, (where, _) in people.items() if where == slot))
                    )
                    for slot in wanted
                    for app in (first, second)
                ]
                sent = proxy.asked.count("eth_sendRawTransaction")
                await until(lambda sent=sent: enough_sent(proxy, sent + random.randrange(1, 8)))  # type: ignore[misc]  # a lambda with a default
                victim.kill()
                await asyncio.gather(*calls, return_exceptions=True)
            victim.start()
        async with app_of(other) as app:
            await until(lambda: are_confirmed(app, people))
    assert [mintable.held_by(wallet) for _, wallet in people.values()] == [UNITS] * len(people)
    assert mintable.used_nonces == len(people)


async def enough_sent(proxy: Proxy, number: int) -> bool:
    return proxy.asked.count("eth_sendRawTransaction") >= number
