"""Rewards of shifts in the Commons Hub dialect."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from guildhall.core.db import command
from guildhall.domains import identity, ledger, shifts
from guildhall.domains.identity import Permission, permissions_of
from guildhall.domains.rooms.times import parse_day
from guildhall.domains.shifts.models import shift_signups
from tests.clock import SettableClock
from tests.dialects.commonshub.asking import acting_for, make_admin, refusal
from tests.dialects.commonshub.test_statement_counts import counted
from tests.serving import PROVIDER_ID, Served

DAY = "2026-03-19"
SLOT = f"/v1/shifts/{DAY}/0"
REWARD = f"{SLOT}/reward"
MINE = "/v1/users/me/rewards"
OF_MINTER = acting_for("700", "molly")

Rewarding = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
async def minter(app: httpx.AsyncClient, master: httpx.AsyncClient) -> dict[str, str]:
    """The headers by which the app acts for somebody with the role minter."""
    await app.get("/v1/users/me", headers=OF_MINTER)
    await master.put("/v1/users/700/roles", json={"roles": ["minter"]})
    return OF_MINTER


@pytest.fixture
def give(app: httpx.AsyncClient, minter: dict[str, str]) -> Rewarding:
    """Reward as the minter does; the slot may be another, and so may what the body says."""

    async def reward(*participants: str, path: str = REWARD, **changes: object) -> httpx.Response:
        body = {"participants": participants, "amountPerUser": 3, "token": "CHT", **changes}
        headers: Any = changes.pop("headers", minter)
        body.pop("headers", None)
        return await app.post(path, json=body, headers=headers, timeout=60)

    return reward


async def sign_up(app: httpx.AsyncClient, *people: str, slot: str = SLOT) -> None:
    for number in people:
        answer = await app.post(f"{slot}/signup", headers=acting_for(number, f"name{number}"))
        assert answer.status_code == 200, answer.text


async def results(answering: Awaitable[httpx.Response]) -> list[dict[str, Any]]:
    answer = await answering
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


async def verified(served: Served) -> ledger.Verified:
    async with served.house.database.read() as tx:
        return await ledger.verify(tx)


async def held(app: httpx.AsyncClient, number: str) -> list[dict[str, Any]]:
    balances: list[dict[str, Any]] = (await app.get(MINE, headers=acting_for(number))).json()["balances"]
    return balances


async def test_those_who_did_a_shift_are_rewarded_once_and_the_others_are_told_why_not(
    app: httpx.AsyncClient, person: httpx.AsyncClient, give: Rewarding, served: Served, clock: SettableClock
) -> None:
    clock.set(datetime(2026, 3, 19, 12, tzinfo=UTC))
    await person.post(f"{SLOT}/signup")
    await sign_up(app, "2", "3")
    await app.get("/v1/users/me", headers=acting_for("4", "name4"))
    await app.delete(f"{SLOT}/signup", headers=acting_for("3"))
    await sign_up(app, "5")
    found = await results(give("u_849888126", "u_4", "nobody", "2", "849888126", "nobody", "u_3"))
    assert [(each["userId"], each["username"], each["success"], each["error"]) for each in found] == [
        ("u_849888126", "xdamman", True, None),
        ("u_4", "name4", False, "not_signed_up"),
        ("nobody", None, False, "user_not_found"),
        ("u_2", "name2", True, None),
        ("u_3", "name3", False, "not_signed_up"),
    ]
    assert found[0] == {
        "userId": "u_849888126",
        "username": "xdamman",
        "amount": 3,
        "txHash": "0x9f75360f541f27efac22f3547884e1f15896931d259c8b0eece39ec78e3bebde",
        "success": True,
        "status": "confirmed",
        "alreadyRewarded": False,
        "error": None,
        "message": None,
    }
    assert {(each["txHash"], each["status"]) for each in found if not each["success"]} == {(None, "refused")}

    again = await results(give("u_2", "u_849888126"))
    assert again == [{**found[3], "alreadyRewarded": True}, {**found[0], "alreadyRewarded": True}]
    other = await results(give("u_2", amountPerUser=2.5))
    assert [(each["amount"], each["txHash"], each["error"], each["status"], each["message"]) for each in other] == [
        (2.5, None, "already_rewarded", "refused", "Already rewarded with 3 CHT")
    ]

    listed = await results(app.get(REWARD))
    assert [(each["userId"], each["txHash"]) for each in listed] == [
        (each["userId"], each["txHash"]) for each in (found[0], found[3])
    ]
    slot = (await app.get(f"/v1/shifts/{DAY}")).json()["slots"][0]
    rewarded = {each["userId"]: each["rewarded"] for each in slot["signups"]}
    assert rewarded == {"u_849888126": True, "u_2": True, "u_5": False}
    async with served.house.database.read() as tx:
        lines = [shifts.line_text(line, served.house.hub) for line in await shifts.lines_of(tx, parse_day(DAY), 0)]
    assert lines[-2:] == [
        "19/03/2026 13:00: Xavier Damman <@xdamman> rewarded 3 CHT",
        "19/03/2026 13:00: name2 <@name2> rewarded 3 CHT",
    ]
    assert (await verified(served)).entries == 2
    assert await held(app, PROVIDER_ID) == [{"token": "CHT", "amount": 3}]
    assert await held(app, "3") == []


async def test_a_rewarded_shift_cannot_be_withdrawn_and_one_declined_is_not_rewarded(
    app: httpx.AsyncClient, give: Rewarding, served: Served, clock: SettableClock
) -> None:
    await sign_up(app, "1", "2")
    async with served.house.database.write() as tx:
        # The calendar writes this when somebody declines there.
        user = await identity.user_known_as(tx, "2", provider="discord")
        assert user is not None
        of_theirs = update(shift_signups).where(shift_signups.c.user_id == user.id)
        await tx.run(command(of_theirs.values(state="declined", ended_at=clock.now())))
    found = await results(give("1", "2"))
    assert [(each["success"], each["error"]) for each in found] == [(True, None), (False, "declined")]
    assert refusal(await app.delete(f"{SLOT}/signup", headers=acting_for("1"))) == (422, "already_rewarded")
    assert (await app.get(f"/v1/shifts/{DAY}")).json()["slots"][0]["spotsLeft"] == 2
    await sign_up(app, "2")
    assert (await results(give("2")))[0]["success"]


@pytest.mark.parametrize(
    ("changes", "slug"),
    [
        ({"amountPerUser": 0}, "invalid_amount"),
        ({"amountPerUser": -1}, "invalid_amount"),
        ({"amountPerUser": 100.000001}, "invalid_amount"),
        ({"amountPerUser": 10**300}, "invalid_amount"),
        ({"amountPerUser": 1.0000001}, "invalid_amount"),
        ({"amountPerUser": 1e-7}, "invalid_amount"),
        ({"amountPerUser": "3"}, "invalid_amount"),
        ({"amountPerUser": True}, "invalid_amount"),
        ({"amountPerUser": None}, "invalid_amount"),
        ({"token": "EUR"}, "unknown_token"),
        ({"token": 7}, "unknown_token"),
        ({"participants": [f"{number}" for number in range(101)]}, "too_many_participants"),
        ({"participants": []}, "too_many_participants"),
        ({"participants": "u_1"}, "too_many_participants"),
        ({"participants": [1]}, "too_many_participants"),
    ],
)
async def test_what_cannot_be_given_is_refused_by_its_name(
    give: Rewarding, served: Served, changes: dict[str, object], slug: str
) -> None:
    assert refusal(await give("1", **changes)) == (400, slug)
    assert (await verified(served)).entries == 0


async def test_digits_are_judged_as_they_were_sent(
    app: httpx.AsyncClient, give: Rewarding, minter: dict[str, str], served: Served
) -> None:
    await sign_up(app, "1", "2", "3")

    async def send(amount: str, *participants: str) -> httpx.Response:
        names = ",".join(f'"{name}"' for name in participants or ("1",))
        body = f'{{"participants": [{names}], "amountPerUser": {amount}, "token": "CHT"}}'
        return await app.post(REWARD, content=body, headers=minter)

    for amount in ("3.00000000000000000000000000000001", "100.00000000000000000000001", "1e-9999999", "0.0", "-0"):
        assert refusal(await send(amount)) == (400, "invalid_amount"), amount
    for amount in ("1e999", "1e-99999999999999999999", "NaN", "Infinity"):
        assert refusal(await send(amount)) == (400, "invalid_json"), amount
    assert (await results(send("0.100000", "1")))[0]["amount"] == 0.1
    assert (await results(send("1E+2", "2")))[0]["amount"] == 100
    assert (await results(send("0.000001", "3")))[0]["amount"] == 0.000001
    assert await held(app, "1") == [{"token": "CHT", "amount": 0.1}]
    assert (await verified(served)).entries == 3


async def test_a_body_that_lacks_something_is_refused_after_the_slot_was_found(
    app: httpx.AsyncClient, give: Rewarding, minter: dict[str, str]
) -> None:
    full: dict[str, object] = {"participants": ["1"], "amountPerUser": 3, "token": "CHT"}
    for field in full:
        body = {key: value for key, value in full.items() if key != field}
        refused = await app.post(REWARD, json=body, headers=minter)
        assert refusal(refused) == (400, "missing_field")
        assert refused.json()["details"]["field"] == field
        elsewhere = await app.post(f"/v1/shifts/{DAY}/9/reward", json=body, headers=minter)
        assert refusal(elsewhere) == (404, "slot_not_found")
    assert refusal(await give("1", path="/v1/shifts/2026-02-30/0/reward")) == (400, "invalid_date")
    assert refusal(await give("1", path=f"/v1/shifts/{DAY}/one/reward")) == (400, "invalid_slot")
    for method, path in (("GET", "2026-02-30/0"), ("GET", f"{DAY}/-1"), ("GET", f"{DAY}/9")):
        answer = await app.request(method, f"/v1/shifts/{path}/reward")
        assert answer.status_code in {400, 404}
    assert (await app.get(REWARD)).json() == {"results": []}


async def test_only_minters_reward_and_no_other_role_replaces_theirs(
    app: httpx.AsyncClient, master: httpx.AsyncClient, give: Rewarding, person: httpx.AsyncClient
) -> None:
    await person.post(f"{SLOT}/signup")
    body = {"participants": [PROVIDER_ID], "amountPerUser": 3, "token": "CHT"}
    assert refusal(await person.post(REWARD, json=body)) == (403, "missing_role")
    await make_admin(master, PROVIDER_ID)
    assert refusal(await person.post(f"/v1/shifts/{DAY}/9/reward", json=body)) == (403, "missing_role")
    for client in (app, master):
        assert refusal(await client.post(REWARD, json=body)) == (400, "missing_user_id")
        assert refusal(await client.get(MINE)) == (400, "missing_user_id")
    acting = acting_for(PROVIDER_ID)
    assert refusal(await master.post(REWARD, json=body, headers=acting)) == (403, "missing_role")
    await master.put(f"/v1/users/{PROVIDER_ID}/roles", json={"roles": ["admin", "minter"]})
    assert (await results(master.post(REWARD, json=body, headers=acting)))[0]["success"]
    for credential in identity.permissions.CEILING:
        assert Permission.REWARD not in permissions_of(credential, ["admin", "super_admin", "moderator"])


async def test_ten_equal_calls_at_once_mint_once_for_each_and_have_equal_results(
    app: httpx.AsyncClient, give: Rewarding, served: Served
) -> None:
    await sign_up(app, "1", "2", "3")
    answers = await asyncio.gather(*(results(give("1", "stranger", "2", "3")) for _ in range(10)))
    repeated = sorted(each[0].pop("alreadyRewarded") for each in answers)
    assert repeated == [False] + [True] * 9
    for each in answers:
        for result in each[1:]:
            result.pop("alreadyRewarded")
    assert all(each == answers[0] for each in answers)
    assert [each["success"] for each in answers[0]] == [True, False, True, True]
    assert (await verified(served)).entries == 3
    assert await held(app, "2") == [{"token": "CHT", "amount": 3}]


async def test_two_minters_at_once_give_one_reward_whatever_their_order_and_amount(
    app: httpx.AsyncClient, master: httpx.AsyncClient, give: Rewarding, served: Served
) -> None:
    other = acting_for("701", "max")
    await app.get("/v1/users/me", headers=other)
    await master.put("/v1/users/701/roles", json={"roles": ["minter"]})
    slots = [f"/v1/shifts/{DAY}/{index}" for index in range(5)]
    for slot in slots:
        await sign_up(app, "1", "2", "3", slot=slot)
    calls = [
        give(*order, path=f"{slot}/reward", amountPerUser=amount, headers=headers)
        for slot in slots
        for order, amount, headers in ((("1", "2", "3"), 3, OF_MINTER), (("3", "2", "1"), 2, other))
    ]
    answers = await asyncio.gather(*map(results, calls))
    outcomes = [{each["error"] for each in answer} for answer in answers]
    for one, two in zip(outcomes[::2], outcomes[1::2], strict=True):
        assert sorted([one, two], key=str) == sorted([{None}, {"already_rewarded"}], key=str)
    assert (await verified(served)).entries == 15
    given = sum(answer[0]["amount"] for answer in answers if answer[0]["success"])
    assert await held(app, "1") == [{"token": "CHT", "amount": given}]


async def test_of_a_withdrawal_and_a_reward_at_once_one_comes_first(
    app: httpx.AsyncClient, give: Rewarding, served: Served
) -> None:
    days = [f"/v1/shifts/2026-03-{number:02d}/0" for number in range(1, 11)]
    for slot in days:
        await sign_up(app, "1", slot=slot)
    acting = acting_for("1")
    calls = [call for slot in days for call in (give("1", path=f"{slot}/reward"), withdrawal(app, slot, acting))]
    answers = await asyncio.gather(*calls)
    minted = 0
    for rewarded, withdrawn in zip(answers[::2], answers[1::2], strict=True):
        (result,) = rewarded.json()["results"]
        assert (result["success"], withdrawn.status_code) in {(True, 422), (False, 200)}
        minted += result["success"]
    assert (await verified(served)).entries == minted


async def withdrawal(app: httpx.AsyncClient, slot: str, acting: dict[str, str]) -> httpx.Response:
    return await app.delete(f"{slot}/signup", headers=acting, timeout=60)


async def test_a_retry_with_its_key_has_the_first_answer_and_another_body_is_refused(
    app: httpx.AsyncClient, give: Rewarding, minter: dict[str, str]
) -> None:
    await sign_up(app, "1")
    keyed = {**minter, "Idempotency-Key": "evening run"}
    first = await give("1", headers=keyed)
    again = await give("1", headers=keyed)
    assert (again.json(), again.headers["Idempotent-Replay"]) == (first.json(), "true")
    assert refusal(await give("1", amountPerUser=4, headers=keyed)) == (409, "idempotency_key_reused")


async def test_my_rewards_come_newest_first_page_by_page_at_the_same_cost(
    app: httpx.AsyncClient, person: httpx.AsyncClient, give: Rewarding, served: Served, clock: SettableClock
) -> None:
    assert (await person.get(MINE)).json() == {"balances": [], "rewards": [], "nextCursor": None}
    with counted(served) as before:
        await person.get(MINE)
    for index in range(5):
        await person.post(f"/v1/shifts/{DAY}/{index}/signup")
        await sign_up(app, "2", slot=f"/v1/shifts/{DAY}/{index}")
        await results(give("2", PROVIDER_ID, path=f"/v1/shifts/{DAY}/{index}/reward", amountPerUser=index + 0.5))
        clock.advance(timedelta(seconds=5))  # Too short for the app to be noted as used again.
    with counted(served) as after:
        whole = (await person.get(MINE)).json()
    assert len(after) == len(before) <= 6
    assert whole["balances"] == [{"token": "CHT", "amount": 12.5}]
    assert [each["slotIndex"] for each in whole["rewards"]] == [4, 3, 2, 1, 0]
    newest = whole["rewards"][0]
    assert {key: newest[key] for key in ("userId", "date", "token", "createdAt", "amount", "success")} == {
        "userId": "u_849888126",
        "date": DAY,
        "token": "CHT",
        "createdAt": "2026-03-02T09:00:20Z",
        "amount": 4.5,
        "success": True,
    }
    paged: list[Any] = []
    cursor: str | None = None
    while True:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await person.get(MINE, params=params)).json()
        paged += page["rewards"]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert paged == whole["rewards"]
    async with httpx.AsyncClient(base_url=served.url, headers=person.headers) as unheard:
        # The contract names no slug for these, so the general rule for wrong values stands.
        for params in ({"cursor": "?"}, {"limit": "0"}):
            assert refusal(await unheard.get(MINE, params=params)) == (400, "invalid_field")


async def test_a_day_view_costs_the_same_with_rewards(app: httpx.AsyncClient, give: Rewarding, served: Served) -> None:
    await sign_up(app, "1")
    await app.get(f"/v1/shifts/{DAY}")
    with counted(served) as before:
        await app.get(f"/v1/shifts/{DAY}")
    await sign_up(app, "2", "3")
    await results(give("1", "2", "3"))
    with counted(served) as after:
        await app.get(f"/v1/shifts/{DAY}")
    assert len(after) == len(before)
